package linux

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
)

// runas is whom a rule's commands run as: one account, every member of a group,
// everybody, everybody but some, or (group only) the holder with another group.
type runas struct {
	user  string // account name, "ALL", "%group" or "#uid"
	not   string // ",!name" for each that ALL leaves out
	group string // for rules that change the group only
}

// sudoKey is one permission that sudo gives: one command as one account.
type sudoKey struct {
	as            runas
	command       string
	otherPassword bool // the holder must know another account's password
}

// id is the entitlement's native id.
func (k sudoKey) id() string {
	id := "sudo:" + k.as.user + k.as.not + ":"
	if k.as.group != "" {
		id += k.as.group + ":"
	}
	id += k.command
	if k.otherPassword {
		id += "#targetpw"
	}
	return native(id)
}

// event is one mention of a key in the policy, in its order.
type event struct {
	key        sudoKey
	users      []sudoName
	negated    bool
	noPassword bool
	noExec     bool
	end        access.Time
}

// sudoHolder is an account, or a group by its name.
type sudoHolder struct {
	account *account
	group   *group
}

// sudoGrant is that a holder holds a key.
type sudoGrant struct {
	holder sudoHolder
	key    sudoKey
	terms
}

// terms are how a holder has a key.
type terms struct {
	flags access.GrantFlags
	end   access.Time // where the rule itself ends (NOTAFTER)
}

// rules is the sudo policy as grants.
type rules struct {
	w      *world
	p      *policy
	events []event
	grants []sudoGrant
	now    time.Time
	noExec map[sudoKey]bool // every mention forbids the command to start another
}

// resolve makes grants of a policy, as sudo would decide on this host.
func resolve(w *world, p *policy, now time.Time) *rules {
	r := &rules{w: w, p: p, now: now, noExec: map[sudoKey]bool{}}
	for _, spec := range p.Specs {
		if w.here(spec.Hosts) {
			r.addSpec(spec)
		}
	}
	found := map[sudoHolder]map[sudoKey]terms{}
	give := func(h sudoHolder, k sudoKey, t terms) {
		if found[h] == nil {
			found[h] = map[sudoKey]terms{}
		}
		found[h][k] = t
	}
	for i, e := range r.events {
		switch {
		case e.negated:
		case r.exact(i):
			for _, a := range w.accounts {
				if w.listMatches(e.users, a) && r.lastFor(a, e.key) == i {
					give(sudoHolder{account: a}, e.key, e.terms(r.everybody(e)))
				}
			}
		default:
			r.giveAsWritten(i, give)
		}
	}
	for h, keys := range found {
		for k, t := range keys {
			r.grants = append(r.grants, sudoGrant{h, k, t})
		}
	}
	slices.SortFunc(r.grants, func(a, b sudoGrant) int {
		return cmp.Or(cmp.Compare(a.key.id(), b.key.id()), cmp.Compare(a.holder.id(), b.holder.id()))
	})
	return r
}

func (h sudoHolder) id() string {
	if h.group != nil {
		return groupID(h.group.name)
	}
	return native(h.account.name)
}

func (e event) terms(everybody bool) terms {
	t := terms{end: e.end}
	if e.noPassword {
		t.flags |= access.NoPassword
	}
	if everybody {
		t.flags |= access.Implicit
	}
	return t
}

func (r *rules) everybody(e event) bool {
	return slices.ContainsFunc(e.users, func(n sudoName) bool { return n.User == "ALL" && !n.Negated })
}

// addSpec appends one rule's mentions.
func (r *rules) addSpec(spec sudoSpec) {
	for _, user := range r.split(spec.Users) {
		d := r.w.defaultsFor(r.p, func(n sudoName) bool { return r.holds(n, user) })
		for _, c := range spec.Commands {
			e := event{users: user, noPassword: d.noPassword}
			if !e.apply(c.Options, r.now) {
				continue
			}
			for _, as := range r.runasOf(c.RunasUsers, c.RunasGroups, d.runas) {
				for _, command := range c.Commands {
					e.negated = command.Negated
					e.key = sudoKey{as: as, command: command.Command, otherPassword: d.otherPassword && !e.noPassword}
					r.events = append(r.events, e)
					if !e.negated {
						before, seen := r.noExec[e.key]
						r.noExec[e.key] = e.noExec && (before || !seen)
					}
				}
			}
		}
	}
}

// sudoTime is how cvtsudoers writes the ends of a rule.
const sudoTime = "20060102150405Z"

// apply takes a rule's tags, and reports whether the rule is not over yet.
func (e *event) apply(options []map[string]any, now time.Time) bool {
	for _, option := range options {
		if on, ok := option["authenticate"].(bool); ok {
			e.noPassword = !on
		}
		if on, ok := option["noexec"].(bool); ok {
			e.noExec = on
		}
		if text, ok := option["notafter"].(string); ok {
			if end, err := time.Parse(sudoTime, text); err == nil {
				e.end = access.TimeOf(end)
				if !end.After(now) {
					return false
				}
			}
		}
	}
	return true
}

// split gives each member of a list of users a rule of its own, unless the list
// leaves somebody out, where only the whole has a meaning.
func (r *rules) split(users []sudoName) [][]sudoName {
	if slices.ContainsFunc(users, func(n sudoName) bool { return n.Negated }) {
		return [][]sudoName{users}
	}
	var list [][]sudoName
	for _, n := range users {
		list = append(list, []sudoName{n})
	}
	return list
}

// holds reports whether Defaults that are bound to n are those of a rule's users.
func (r *rules) holds(n sudoName, users []sudoName) bool {
	if n.User == "ALL" {
		return true
	}
	if len(users) != 1 {
		return false
	}
	if one := r.account(users[0]); one != nil {
		return r.w.matches(n, one)
	}
	g := r.w.groupOf(users[0])
	return g != nil && g == r.w.groupOf(n)
}

// account finds the one account that a member of a list means, if it means one.
func (r *rules) account(n sudoName) *account {
	if n.User == "ALL" || (n.User == "" && n.UID == nil) {
		return nil
	}
	if a := r.w.byName[n.User]; a != nil {
		return a
	}
	for _, a := range r.w.accounts {
		if r.w.matches(n, a) {
			return a
		}
	}
	return nil
}

func (r *rules) runasOf(users, groups []sudoName, otherwise string) (list []runas) {
	if len(users) == 0 && len(groups) == 0 {
		return []runas{{user: otherwise}}
	}
	var plain []string
	not, root := "", false
	for _, n := range users {
		token := r.token(n)
		if token == "" {
			continue
		}
		if n.Negated {
			not += ",!" + token
			plain = slices.DeleteFunc(plain, func(p string) bool { return p == token })
			continue
		}
		plain = append(plain, token)
		root = root || token == "root" || token == "ALL"
	}
	for _, token := range plain {
		as := runas{user: token}
		if token == "ALL" {
			as.not = not
		}
		list = append(list, as)
	}
	for _, n := range groups {
		g := r.w.groupOf(n)
		if n.Negated || g == nil || root {
			continue // whoever may be root needs no group
		}
		list = append(list, runas{group: g.name})
	}
	return list
}

// token writes a member of a runas list; accounts by their name.
func (r *rules) token(n sudoName) string {
	if n.User == "ALL" {
		return "ALL"
	}
	if a := r.account(n); a != nil {
		return a.name
	}
	if n.UID != nil {
		return "#" + strconv.Itoa(*n.UID)
	}
	if n.User != "" {
		return n.User
	}
	if g := r.w.groupOf(n); g != nil {
		return "%" + g.name
	}
	return ""
}

// exact reports whether the policy takes the key of event i away from somebody,
// or leaves somebody out. Such a key is decided account by account.
func (r *rules) exact(i int) bool {
	e := r.events[i]
	if len(e.users) != 1 {
		return true
	}
	return slices.ContainsFunc(r.events, func(o event) bool { return o.negated && o.covers(e.key) })
}

// lastFor is the last event that decides on a key for an account; -1 where it
// takes the key away.
func (r *rules) lastFor(a *account, k sudoKey) int {
	for i, e := range slices.Backward(r.events) {
		if (e.key == k || e.negated && e.covers(k)) && r.w.listMatches(e.users, a) {
			if e.negated {
				return -1
			}
			return i
		}
	}
	return -1
}

// covers reports whether what e names holds all that k names.
func (e event) covers(k sudoKey) bool {
	if e.key.as != k.as && e.key.as != (runas{user: "ALL"}) {
		return false
	}
	if e.key.command == "ALL" || e.key.command == k.command {
		return true
	}
	mine, args, hasArgs := strings.Cut(e.key.command, " ")
	theirs, _, _ := strings.Cut(k.command, " ")
	if hasArgs && args != "*" {
		return false
	}
	if strings.HasSuffix(mine, "/") {
		return path.Dir(theirs)+"/" == mine
	}
	ok, err := path.Match(mine, theirs)
	return ok && err == nil
}

// giveAsWritten gives event i's key to whom the policy names: an account, a group
// whose members hold it through the group, or everybody.
func (r *rules) giveAsWritten(i int, give func(sudoHolder, sudoKey, terms)) {
	e, n := r.events[i], r.events[i].users[0]
	switch {
	case n.User == "ALL":
		for _, a := range r.w.accounts {
			t := r.termsFor(i, a)
			t.flags |= access.Implicit
			give(sudoHolder{account: a}, e.key, t)
		}
	case n.User != "" || n.UID != nil:
		for _, a := range r.w.accounts {
			if r.w.matches(n, a) {
				give(sudoHolder{account: a}, e.key, r.termsFor(i, a))
			}
		}
	default:
		if g := r.w.groupOf(n); g != nil {
			give(sudoHolder{group: g}, e.key, r.termsForGroup(i, g))
		}
	}
}

// termsFor asks the last rule that covers the key for this account, because that
// one decides whether sudo asks for a password.
func (r *rules) termsFor(i int, a *account) terms {
	for j, e := range slices.Backward(r.events) {
		if j <= i {
			break
		}
		if !e.negated && e.covers(r.events[i].key) && r.w.listMatches(e.users, a) {
			return e.terms(false)
		}
	}
	return r.events[i].terms(false)
}

// termsForGroup is termsFor where every member is meant: only a later rule for
// the same group or for everybody counts.
func (r *rules) termsForGroup(i int, g *group) terms {
	for j, e := range slices.Backward(r.events) {
		if j <= i {
			break
		}
		same := len(e.users) == 1 && (e.users[0].User == "ALL" || r.w.groupOf(e.users[0]) == g)
		if !e.negated && same && e.covers(r.events[i].key) {
			return e.terms(false)
		}
	}
	return r.events[i].terms(false)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
