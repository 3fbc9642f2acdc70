package lifecycle

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// tally counts what changes.
type tally struct {
	first            int
	attributes       map[string]int
	gain, lose       map[access.EntitlementID]int
	units            map[string]*DepartmentEffect
	systems          map[access.SystemID]*SystemEffect
	ruleList         []RuleEffect
	roles            map[access.RoleID]*RoleEffect
	gaining, losing  int
	failing, waiting int
	people           int
	losers, others   []PersonForeseen
}

func newTally(first int) *tally {
	return &tally{
		first: first, attributes: map[string]int{}, gain: map[access.EntitlementID]int{}, lose: map[access.EntitlementID]int{},
		units: map[string]*DepartmentEffect{}, systems: map[access.SystemID]*SystemEffect{}, roles: map[access.RoleID]*RoleEffect{},
	}
}

// changes counts what happens in somebody's life, and what is said of them.
func (t *tally) changes(f *foreseen, x *coming, happens map[EventKind]int) {
	x.happens = f.kinds(x)
	for _, k := range x.happens {
		happens[k]++
	}
	now, known := f.now.person(x.id)
	if !known {
		return
	}
	then, _ := f.then.person(x.id)
	names := maps.Clone(now.Values)
	maps.Copy(names, then.Values)
	for name := range names {
		if now.Values[name] != then.Values[name] {
			t.attributes[strings.TrimPrefix(strings.TrimPrefix(name, sourcedPrefix), "identity.")]++
		}
	}
}

// membership is whom rules are for and who has roles.
type membership struct {
	rules []judged
	roles map[access.RoleID]*roaring.Bitmap
}

// membership is as it is now, whatever becomes of it.
func (d *Desired) membership() membership {
	d.mu.RLock()
	defer d.mu.RUnlock()
	m := membership{roles: map[access.RoleID]*roaring.Bitmap{}}
	for id, set := range d.crowd.roles {
		m.roles[id] = roaring.And(set, d.crowd.keeps)
	}
	for _, r := range d.rules {
		r.match = match{members: r.members.Clone(), failed: r.failed.Clone()}
		m.rules = append(m.rules, r)
		for _, id := range r.Roles {
			if r.gives() {
				m.roles[id] = roaring.Or(m.has(id), r.members)
			}
		}
	}
	return m
}

func (m membership) has(id access.RoleID) *roaring.Bitmap {
	if set := m.roles[id]; set != nil {
		return set
	}
	return nobody
}

// rules counts who meets which rule, and has which role.
func (t *tally) rules(was, is membership) {
	for i, r := range is.rules {
		before := was.rules[i].match
		e := RuleEffect{
			Rule: r.Name, Mode: r.Mode.String(), Joining: count(roaring.AndNot(r.members, before.members)),
			Leaving:  count(roaring.AndNot(before.members, roaring.Or(r.members, r.failed))),
			Doubtful: count(roaring.AndNot(r.failed, before.failed)),
		}
		if e.Joining+e.Leaving+e.Doubtful > 0 {
			t.ruleList = append(t.ruleList, e)
		}
	}
	all := maps.Clone(was.roles)
	maps.Copy(all, is.roles)
	for id := range all {
		e := &RoleEffect{Gain: count(roaring.AndNot(is.has(id), was.has(id))), Lose: count(roaring.AndNot(was.has(id), is.has(id)))}
		if e.Gain+e.Lose > 0 {
			t.roles[id] = e
		}
	}
}

// step counts what changes for one person.
func (t *tally) step(f *foreseen, x *coming, y *stepped) {
	if len(y.s.Failures) > 0 {
		t.failing++
	}
	if y.s.Empty() {
		return
	}
	t.people++
	then, _ := f.then.person(x.id)
	gains, loses := y.difference()
	unit := t.units[then.Values["identity.unit"]]
	if unit == nil {
		unit = &DepartmentEffect{Unit: then.Values["identity.unit"]}
		t.units[unit.Unit] = unit
	}
	unit.People++
	for _, e := range []struct {
		is        bool
		all, unit *int
	}{{len(gains) > 0, &t.gaining, &unit.Gaining}, {len(loses) > 0, &t.losing, &unit.Losing}} {
		if e.is {
			*e.all, *e.unit = *e.all+1, *e.unit+1
		}
	}
	list := &t.others
	if y.s.Loses {
		list = &t.losers
	}
	if len(*list) < t.first {
		p := PersonForeseen{Name: then.Values["identity.name"], Number: then.Values[numberVar], Happens: x.happens, id: x.id, gains: gains, loses: loses, Held: y.held}
		*list = append(*list, p)
	}
	t.sums(gains, loses, y)
}

// sums counts what one person gains and loses, by entitlement and system.
func (t *tally) sums(gains, loses []access.EntitlementID, y *stepped) {
	in := map[access.SystemID][2]bool{}
	for _, id := range gains {
		t.gain[id]++
		in[y.in(id)] = [2]bool{true, in[y.in(id)][1]}
	}
	for _, id := range loses {
		t.lose[id]++
		in[y.in(id)] = [2]bool{in[y.in(id)][0], true}
	}
	for id, e := range in {
		if id == 0 {
			continue
		}
		if e[0] {
			t.system(id).Gaining++
		}
		if e[1] {
			t.system(id).Losing++
		}
	}
}

func (t *tally) system(id access.SystemID) *SystemEffect {
	if t.systems[id] == nil {
		t.systems[id] = &SystemEffect{Operations: map[connector.ChangeKind]int{}, Held: map[connector.ChangeKind]int{}}
	}
	return t.systems[id]
}

func (t *tally) operation(o provision.Operation, loser bool) {
	y := t.system(o.System)
	if loser {
		y.Held[o.Kind]++
		return
	}
	y.Operations[o.Kind]++
}

// into writes down what was counted, and what the guard says of it.
func (t *tally) into(r *Reorganisation, g guarding, p *planned, of int) {
	slices.Sort(p.losers)
	all := g.with(p.losers)
	r.Guard = GuardEffect{g.Guard, len(p.losers), all - len(p.losers), of, len(p.losers) > 0 && g.refuses(all, of)}
	r.Gaining, r.Losing, r.Failing, r.Waiting, r.People = t.gaining, t.losing, t.failing, t.waiting, t.people
	r.Attributes, r.Rules = []AttributeEffect{}, append([]RuleEffect{}, t.ruleList...)
	for name, n := range t.attributes {
		r.Attributes = append(r.Attributes, AttributeEffect{name, n})
	}
	slices.SortFunc(r.Attributes, func(a, b AttributeEffect) int { return cmp.Or(b.People-a.People, strings.Compare(a.Name, b.Name)) })
	r.Departments = []DepartmentEffect{}
	for _, e := range t.units {
		r.Departments = append(r.Departments, *e)
	}
	slices.SortFunc(r.Departments, func(a, b DepartmentEffect) int { return cmp.Or(b.People-a.People, strings.Compare(a.Unit, b.Unit)) })
	r.Departments = r.Departments[:min(len(r.Departments), firstShown)]
	r.First = append(append([]PersonForeseen{}, t.losers...), t.others...)
	r.First = r.First[:min(len(r.First), t.first)]
	for i := range r.First {
		r.First[i].Held = r.First[i].Held && r.Guard.Holds
	}
	if r.Guard.Holds {
		return
	}
	for _, y := range t.systems {
		for kind, n := range y.Held {
			y.Operations[kind] += n
		}
		y.Held = map[connector.ChangeKind]int{}
	}
}

// names gives what was counted its names.
func (c *comparing) names(ctx context.Context) error {
	t, r := c.t, c.r
	entitlements := maps.Clone(t.gain)
	for id, n := range t.lose {
		entitlements[id] += n
	}
	most := slices.SortedFunc(maps.Keys(entitlements), func(a, b access.EntitlementID) int {
		return cmp.Or(entitlements[b]-entitlements[a], cmp.Compare(a, b))
	})
	most = most[:min(len(most), firstShown)]
	roles, systems := slices.Sorted(maps.Keys(t.roles)), slices.Sorted(maps.Keys(t.systems))
	refs := slices.Concat(refsOf(most), refsOf(roles), refsOf(systems))
	for _, p := range r.First {
		refs = append(append(refs, refsOf(p.gains)...), refsOf(p.loses)...)
	}
	name, err := c.Service.namer(ctx, refs)
	if err != nil {
		return err
	}
	r.Entitlements, r.Roles, r.Systems = []EntitlementEffect{}, []RoleEffect{}, []SystemEffect{}
	for _, id := range most {
		r.Entitlements = append(r.Entitlements, EntitlementEffect{name(id.Ref()), t.gain[id], t.lose[id]})
	}
	for _, id := range roles {
		e := *t.roles[id]
		e.Role = name(id.Ref())
		r.Roles = append(r.Roles, e)
	}
	for _, id := range systems {
		e := *t.systems[id]
		e.System = name(id.Ref())
		r.Systems = append(r.Systems, e)
	}
	for i := range r.First {
		p := &r.First[i]
		if !inventory.Foreseen(p.id) {
			p.Identity = p.id
		}
		p.Gains, p.Loses = namedAll(name, p.gains), namedAll(name, p.loses)
	}
	return nil
}
