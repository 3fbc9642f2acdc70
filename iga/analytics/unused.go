package analytics

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// UseCounts are grants by what is known of their use.
type UseCounts struct {
	Grants  int64 `json:"grants" doc:"Of usable accounts, and of identities themselves"`
	Used    int64 `json:"used" doc:"In the period"`
	Unused  int64 `json:"unused" doc:"Known not to have been used in the period"`
	Never   int64 `json:"never" doc:"Of the unused, those that were never used"`
	Recent  int64 `json:"recent" doc:"Never used, and not known for the whole period"`
	Unknown int64 `json:"unknown" doc:"Nothing is known of their use: they count as neither"`
}

func (c *UseCounts) add(u Use, last access.Time) {
	c.Grants++
	switch u {
	case Used:
		c.Used++
	case Unused:
		c.Unused++
		if last == 0 {
			c.Never++
		}
	case Recent:
		c.Recent++
	case Unknown:
		c.Unknown++
	}
}

func (c *UseCounts) plus(o UseCounts) {
	c.Grants += o.Grants
	c.Used += o.Used
	c.Unused += o.Unused
	c.Never += o.Never
	c.Recent += o.Recent
	c.Unknown += o.Unknown
}

// UsedBy is how the grants of one system, entitlement or role are used, and what taking
// away the unused ones would take away, by weight.
type UsedBy struct {
	Of     access.Ref
	Tier   access.Tier // the worst of those that are unused
	System access.SystemID
	UseCounts
	Weight  float64 // of all
	Reduces float64 // of the unused
}

func (u *UsedBy) plus(e UsedBy) {
	u.UseCounts.plus(e.UseCounts)
	u.Weight += e.Weight
	u.Reduces += e.Reduces
	if e.Unused > 0 && (u.Tier == access.Unclassified || e.Tier < u.Tier) {
		u.Tier = e.Tier
	}
}

// Usage is how all that is held directly is used, at one revision.
type Usage struct {
	rev          access.Rev
	when         period
	entitlements []UsedBy
	roles        []UsedBy
}

// ignored are accounts that are there not to be used.
func ignored(k access.AccountKind) bool {
	return k == access.BuiltInAccount || k == access.BreakGlassAccount
}

// usage looks at every grant of an account that works, or of an identity itself. What
// groups hold is used by their members.
func usage(ctx context.Context, v *graph.View, when period) (*Usage, error) {
	at := map[access.EntitlementID]*UsedBy{}
	for e := range v.Entitlements() {
		at[e.ID] = &UsedBy{Of: e.ID.Ref(), System: e.System, Tier: tierOf(e)}
	}
	take := func(holder access.Ref, a graph.AccountNode) {
		for g := range v.DirectGrants(holder) {
			u := at[g.Entitlement]
			use, last := when.of(g, a)
			u.add(use, last)
			u.Weight += weightOf(u.Tier)
			if use == Unused {
				u.Reduces += weightOf(u.Tier)
			}
		}
	}
	for a := range v.Accounts() {
		if when.usable(a) && !ignored(a.Kind) {
			take(a.ID.Ref(), a)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	for i := range v.Identities() {
		take(i.ID.Ref(), graph.AccountNode{})
	}
	s := &Usage{rev: v.Rev(), when: when, roles: rolesUsed(v, when)}
	for _, u := range at {
		if u.Grants > 0 {
			s.entitlements = append(s.entitlements, *u)
		}
	}
	slices.SortFunc(s.entitlements, worstFirst)
	return s, nil
}

// worstFirst orders by what is to be won.
func worstFirst(a, b UsedBy) int {
	return cmp.Or(cmp.Compare(b.Reduces, a.Reduces), cmp.Compare(b.Unused, a.Unused), a.Of.Compare(b.Of))
}

// rolesUsed counts, for each role, its members: a member does not use a role of which
// they hold something, and are known to use nothing. Its weight is what they hold of it.
func rolesUsed(v *graph.View, when period) []UsedBy {
	gives := map[access.RoleID][]access.EntitlementID{}
	for r := range v.Roles() {
		gives[r.ID] = closure(v, r.ID)
	}
	if len(gives) == 0 {
		return nil
	}
	at := map[access.RoleID]*UsedBy{}
	for i := range v.Identities() {
		assigned := v.Assignments(i.ID)
		if len(assigned) == 0 {
			continue
		}
		uses := usesOf(v, i.ID, when)
		for _, a := range assigned {
			u := at[a.Role]
			if u == nil {
				u = &UsedBy{Of: a.Role.Ref(), Tier: access.Unclassified}
				at[a.Role] = u
			}
			u.member(v, uses, gives[a.Role])
		}
	}
	var list []UsedBy
	for _, u := range at {
		list = append(list, *u)
	}
	slices.SortFunc(list, worstFirst)
	return list
}

// member counts one member of a role.
func (u *UsedBy) member(v *graph.View, uses map[access.EntitlementID]usedAt, gives []access.EntitlementID) {
	var together usedAt
	var weight float64
	worst := access.Unclassified
	held := false
	for _, id := range gives {
		x, holds := uses[id]
		if !holds {
			continue
		}
		e, _ := v.Entitlement(id)
		if !held {
			together, held = x, true
		}
		together = together.with(x)
		weight += weightOf(tierOf(e))
		if t := tierOf(e); worst == access.Unclassified || t < worst {
			worst = t
		}
	}
	if !held {
		together = usedAt{Unknown, 0}
	}
	one := UsedBy{Tier: worst, Weight: weight}
	if one.add(together.use, together.last); together.use == Unused {
		one.Reduces = weight
	}
	u.plus(one)
}

// usedAt is a use, and when last.
type usedAt struct {
	use  Use
	last access.Time
}

// with is two uses together: the one that says more for it.
func (u usedAt) with(o usedAt) usedAt {
	a, b := slices.Index(uses, u.use), slices.Index(uses, o.use)
	if b < a || a == b && o.last > u.last {
		return o
	}
	return u
}

// usesOf is how somebody uses what they hold themself.
func usesOf(v *graph.View, id access.IdentityID, when period) map[access.EntitlementID]usedAt {
	list := map[access.EntitlementID]usedAt{}
	take := func(holder access.Ref, a graph.AccountNode) {
		for g := range v.DirectGrants(holder) {
			use, last := when.of(g, a)
			x := usedAt{use, last}
			if before, had := list[g.Entitlement]; had {
				x = before.with(x)
			}
			list[g.Entitlement] = x
		}
	}
	take(id.Ref(), graph.AccountNode{})
	for _, account := range v.AccountsOf(id) {
		if a, there := v.Account(account); there && when.usable(a) {
			take(account.Ref(), a)
		}
	}
	return list
}

// closure is everything that a role gives, with what it includes.
func closure(v *graph.View, id access.RoleID) (list []access.EntitlementID) {
	seen := map[access.RoleID]bool{}
	for next := []access.RoleID{id}; len(next) > 0; {
		last := next[len(next)-1]
		next = next[:len(next)-1]
		r, there := v.Role(last)
		if seen[last] || !there {
			continue
		}
		seen[last] = true
		list, next = append(list, r.Entitlements...), append(next, r.Parents...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// By is what unused access is counted by.
type By string

// What unused access is counted by.
const (
	BySystem      By = "system"
	ByEntitlement By = "entitlement"
	ByRole        By = "role"
)

// list is the usage of what somebody reaches, the most to be won first, and its sum. Roles
// lie in no system: only who reaches all of them sees them.
func (s *Usage) list(by By, reach policy.Reach) (rows []UsedBy, total UsedBy) {
	total.Tier = access.Unclassified
	systems := map[access.SystemID]*UsedBy{}
	for _, e := range s.entitlements {
		if !reach.Has(e.System) {
			continue
		}
		total.plus(e)
		if by == ByEntitlement {
			rows = append(rows, e)
			continue
		}
		u := systems[e.System]
		if u == nil {
			u = &UsedBy{Of: e.System.Ref(), System: e.System, Tier: access.Unclassified}
			systems[e.System] = u
		}
		u.plus(e)
	}
	switch {
	case by == BySystem:
		for _, u := range systems {
			rows = append(rows, *u)
		}
		slices.SortFunc(rows, worstFirst)
	case by == ByRole && reach.All:
		rows = s.roles
	}
	return rows, total
}
