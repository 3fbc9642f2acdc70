package finding

import (
	"cmp"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// ledger keeps, of each entitlement, what rules need to know of its grants, so that
// nobody asks the million holders of a group because one of them changed. A holder's
// grants are taken out as they were and put in as they are.
type ledger map[access.EntitlementID]*tally

// tally is one entitlement's.
type tally struct {
	grants, open int // that it is held by; of those, from the baseline and not approved
	implicit     int // given to everybody
	gives        int // that it holds itself: what gives something is a group or role

	nopassword refs // holders who need no password
	late       refs // holders of what appeared later and nobody approved
	nested     refs // entitlements that hold it
	givers     refs // and of those the ones that hold it all the time
}

// refs are objects in the order of kinds and keys, each with how often it counts.
type refs []counted

type counted struct {
	ref access.Ref
	n   int
}

func (r *refs) add(ref access.Ref, n int) {
	i, found := slices.BinarySearchFunc(*r, ref, func(a counted, b access.Ref) int {
		return cmp.Or(cmp.Compare(a.ref.Kind, b.Kind), cmp.Compare(a.ref.Key, b.Key))
	})
	if !found {
		*r = slices.Insert(*r, i, counted{ref: ref})
	}
	if (*r)[i].n += n; (*r)[i].n == 0 {
		*r = slices.Delete(*r, i, i+1)
	}
}

func (r refs) total() int {
	n := 0
	for _, h := range r {
		n += h.n
	}
	return n
}

var noTally tally

// of is an entitlement's tally, to read.
func (l ledger) of(id access.EntitlementID) *tally {
	if t := l[id]; t != nil {
		return t
	}
	return &noTally
}

func (l ledger) edit(id access.EntitlementID) *tally {
	t := l[id]
	if t == nil {
		t = &tally{}
		l[id] = t
	}
	return t
}

// holder counts a holder's grants, n times; except leaves entitlements out.
func (l ledger) holder(v *graph.View, holder access.Ref, n int, except map[access.EntitlementID]bool) {
	group := holder.Kind == access.KindEntitlement && !except[access.EntitlementID(holder.Key)]
	for g := range v.DirectGrants(holder) {
		if except[g.Entitlement] {
			continue
		}
		l.grant(g, n)
		if group {
			l.edit(access.EntitlementID(holder.Key)).gives += n
		}
	}
}

// drop forgets entitlements that were there, with what groups that stay gave of them.
func (l ledger) drop(v *graph.View, gone map[access.EntitlementID]bool) {
	for id := range gone {
		l.groups(v, id, -1, gone)
		delete(l, id)
	}
}

// raise counts entitlements that are there now and were not.
func (l ledger) raise(v *graph.View, come map[access.EntitlementID]bool) {
	for id := range come {
		for g := range v.DirectHolders(id) {
			l.grant(g, 1)
		}
		for range v.DirectGrants(id.Ref()) {
			l.edit(id).gives++
		}
		l.groups(v, id, 1, come)
	}
}

func (l ledger) groups(v *graph.View, id access.EntitlementID, n int, except map[access.EntitlementID]bool) {
	for g := range v.DirectHolders(id) {
		if holder := access.EntitlementID(g.Holder.Key); g.Holder.Kind == access.KindEntitlement && !except[holder] {
			l.edit(holder).gives += n
		}
	}
}

func (l ledger) grant(g graph.GrantEdge, n int) {
	t := l.edit(g.Entitlement)
	t.grants += n
	if !g.Justified && !g.Late {
		t.open += n
	}
	if g.Flags&access.Implicit != 0 {
		t.implicit += n
	}
	if g.Flags&access.NoPassword != 0 {
		t.nopassword.add(g.Holder, n)
	}
	if unapproved(g) {
		t.late.add(g.Holder, n)
	}
	if g.Holder.Kind == access.KindEntitlement {
		t.nested.add(g.Holder, n)
		if g.Mode == access.Standing {
			t.givers.add(g.Holder, n)
		}
	}
}

// giver is the group or role of its own system that gives an entitlement which gives
// nothing itself. Being in a group is how people have what that gives: no group is
// given by another that is in it.
func (l ledger) giver(v *graph.View, id access.EntitlementID) access.Ref {
	t := l.of(id)
	given, there := v.Entitlement(id)
	if !there || t.gives > 0 || given.Kind == groupKind {
		return access.Ref{}
	}
	for _, by := range t.givers {
		if holder, ok := v.Entitlement(access.EntitlementID(by.ref.Key)); ok && holder.System == given.System {
			return by.ref
		}
	}
	return access.Ref{}
}

// groupKind is the kind of entitlement that connectors give to groups.
const groupKind = "group"
