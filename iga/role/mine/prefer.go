package mine

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// preferring changes who is in which role, and never what anybody has: of several ways to
// give people the same, the one is preferred that their attributes explain. Who holds all
// of a role may join it, a member may leave it who has the same by others, and another
// role may get all that it gives, so that their members can.
type preferring struct {
	m         Matrix
	e         *explaining
	perms     []set
	members   []set
	of        []list // the roles of each user
	rules     []set  // whom the rule of a role covers; nil where none explains it
	holders   [][]int32
	held      []int32 // scratch, by user
	left, row set     // scratch, by permission
}

// plan is how a role comes to be explained.
type plan struct {
	role, cost  int
	who         set // whom its rule covers
	join, leave int // how many of them must join, and how many others leave
}

// prefer does so while it costs no more than allowed, the cheapest first.
func (w *work) prefer(ctx context.Context, r *Result, allowed int) {
	p := newPreferring(w.m, w.o.Attributes, r.Roles)
	var plans []plan
	for i := range p.perms {
		if ctx.Err() != nil {
			return
		}
		x, ok := p.plan(i)
		switch {
		case ok && x.join+x.leave == 0:
			p.rules[i] = x.who
		case ok:
			plans = append(plans, x)
		}
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return cmp.Compare(a.cost, b.cost) })
	for _, x := range plans {
		if ctx.Err() != nil {
			break
		}
		// Those before may have changed who is in it.
		if x, ok := p.plan(x.role); ok && x.join <= allowed {
			allowed -= p.follow(x, allowed)
		}
	}
	for i := range p.members {
		r.Roles[i].Members, r.Roles[i].Permissions = p.members[i].list(), p.perms[i].list()
	}
	r.Roles = slices.DeleteFunc(r.Roles, func(x Role) bool { return len(x.Members) == 0 })
}

func newPreferring(m Matrix, a *Attributes, roles []Role) *preferring {
	p := &preferring{
		m: m, e: newExplaining(a, m), perms: newSets(len(roles), len(m.Permissions)), members: newSets(len(roles), len(m.Users)),
		of: make([]list, len(m.Users)), rules: make([]set, len(roles)), holders: m.holders(), held: make([]int32, len(m.Users)),
		left: newSet(len(m.Permissions)), row: newSet(len(m.Permissions)),
	}
	for i, x := range roles {
		for _, c := range x.Permissions {
			p.perms[i].add(int(c))
		}
		for _, u := range x.Members {
			p.members[i].add(int(u))
			p.of[u].add(int32(i))
		}
	}
	return p
}

// plan looks for the rule that explains a role with the fewest changes.
func (p *preferring) plan(i int) (plan, bool) {
	p.hold(i)
	copy(p.e.members, p.members[i])
	best := plan{role: i, cost: math.MaxInt}
	p.e.rules(p.members[i].list(), func(x ruling) {
		could := x.who.countAnd(p.e.could)
		// As many must be members as the precision asks for, and no more others than the
		// recall allows; who cannot leave is outweighed by more who join.
		join := max(0, int(math.Ceil(explains*float64(x.Covers)))-x.hits)
		if x.hits+join > could {
			return
		}
		others := p.members[i].count() - x.hits
		leave := max(0, others-int(float64(x.hits+join)*(1-explains)/explains+1e-9))
		if cost := 2*join + leave; cost < best.cost {
			best.cost, best.who, best.join, best.leave = cost, x.who, join, leave
		}
	})
	return best, best.who != nil
}

// hold finds who has all that a role gives.
func (p *preferring) hold(i int) {
	clear(p.held)
	n := int32(0)
	for c := range p.perms[i].each {
		n++
		for _, u := range p.holders[c] {
			p.held[u]++
		}
	}
	p.e.could.clear()
	for u, held := range p.held {
		if held == n {
			p.e.could.add(u)
		}
	}
}

// change is somebody's joining some roles and leaving others.
type change struct {
	user       int
	join, drop []int32
}

func (c change) cost() int { return len(c.join) - len(c.drop) }

// follow does what a plan says, if it costs no more than allowed, and returns what it cost.
func (p *preferring) follow(x plan, allowed int) int {
	before, cost := p.absorb(x)
	paid, ok := p.move(x, allowed-cost)
	if !ok {
		for i, perms := range before {
			p.perms[i] = perms
		}
		return 0
	}
	p.rules[x.role] = x.who
	return cost + paid
}

// absorb gives all of a role to others whose members hold it anyway, until enough of those
// whom its rule does not cover can leave it. It returns what these roles gave before.
func (p *preferring) absorb(x plan) (before map[int]set, cost int) {
	stuck := append(set(nil), p.members[x.role]...)
	stuck.without(x.who)
	for u := range stuck.each {
		if _, ok := p.leaving(u, x.role); ok {
			stuck.drop(u)
			x.leave--
		}
	}
	before = map[int]set{}
	for x.leave > 0 {
		best, most, price := -1, math.MinInt, 0
		for j, members := range p.members {
			n := members.countAnd(stuck)
			if n == 0 || j == x.role || !members.within(p.e.could) {
				continue
			}
			if add := p.perms[x.role].count() - p.perms[x.role].countAnd(p.perms[j]); n-add > most {
				best, most, price = j, n-add, add
			}
		}
		if best < 0 {
			break
		}
		before[best] = append(set(nil), p.perms[best]...)
		p.perms[best].or(p.perms[x.role])
		cost += price
		x.leave -= stuck.countAnd(p.members[best])
		stuck.without(p.members[best])
	}
	return before, cost
}

// move lets people join and leave as a plan says, if that costs no more than allowed.
func (p *preferring) move(x plan, allowed int) (cost int, ok bool) {
	var in, out []change
	for u := range p.e.could.each {
		switch member, covered := p.members[x.role].has(u), x.who.has(u); {
		case covered && !member:
			in = append(in, p.joining(u, x.role))
		case member && !covered:
			if c, ok := p.leaving(u, x.role); ok {
				out = append(out, c)
			}
		}
	}
	if len(in) < x.join || len(out) < x.leave {
		return 0, false
	}
	byCost := func(a, b change) int { return cmp.Compare(a.cost(), b.cost()) }
	slices.SortStableFunc(in, byCost)
	slices.SortStableFunc(out, byCost)
	changes := append(in[:x.join:x.join], out[:x.leave]...)
	for _, c := range changes {
		cost += c.cost()
	}
	if cost > allowed {
		return 0, false
	}
	for _, c := range changes {
		for _, i := range c.join {
			p.members[i].add(c.user)
			p.of[c.user].add(i)
		}
		for _, i := range c.drop {
			p.members[i].drop(c.user)
			p.of[c.user].drop(i)
		}
	}
	return cost, true
}

// joining puts somebody into a role and takes them out of those they then do not need,
// unless these are explained with them.
func (p *preferring) joining(u, i int) change {
	c := change{user: u, join: []int32{int32(i)}}
	for _, j := range p.of[u] {
		if p.rules[j] != nil && p.rules[j].has(u) {
			continue
		}
		copy(p.left, p.perms[j])
		p.left.without(p.perms[i])
		for _, k := range p.of[u] {
			if k != j && !slices.Contains(c.drop, k) {
				p.left.without(p.perms[k])
			}
		}
		if p.left.empty() {
			c.drop = append(c.drop, j)
		}
	}
	return c
}

// leaving takes somebody out of a role and into others that give them what they lack then.
func (p *preferring) leaving(u, i int) (change, bool) {
	c := change{user: u, drop: []int32{int32(i)}}
	copy(p.left, p.perms[i])
	for _, j := range p.of[u] {
		if int(j) != i {
			p.left.without(p.perms[j])
		}
	}
	p.row.clear()
	for _, x := range p.m.rows[u] {
		p.row.add(int(x))
	}
	for !p.left.empty() {
		best, most := -1, 0
		for j, perms := range p.perms {
			n := perms.countAnd(p.left)
			if j == i || n <= most || !perms.within(p.row) || p.rules[j] != nil && !p.rules[j].has(u) {
				continue
			}
			best, most = j, n
		}
		if best < 0 {
			return c, false
		}
		c.join = append(c.join, int32(best))
		p.left.without(p.perms[best])
	}
	return c, true
}
