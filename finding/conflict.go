package finding

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Conflict says that a system declares, at one of its entitlements, that nobody
// should hold another one beside it.
type Conflict struct {
	System          access.SystemID
	Declared, Other access.EntitlementID
}

// Conflicts are all that are declared in one view.
type Conflicts struct {
	List     []Conflict
	involved []access.EntitlementID
}

// add takes what an entitlement declares.
func (c *Conflicts) add(e graph.EntitlementNode) {
	for _, other := range e.Conflicts {
		c.List = append(c.List, Conflict{e.System, e.ID, other})
		c.involved = append(c.involved, e.ID, other)
	}
}

// ConflictsOf gathers what the entitlements of a view declare.
func ConflictsOf(v *graph.View) *Conflicts {
	var c Conflicts
	for e := range v.Entitlements() {
		c.add(e)
	}
	return &c
}

// Held lists the conflicts both of whose ends an identity effectively has.
func (c *Conflicts) Held(v *graph.View, id access.IdentityID) []Conflict {
	if len(c.List) == 0 {
		return nil
	}
	has := map[access.EntitlementID]bool{}
	for _, h := range v.Effective(id.Ref(), graph.Question{}) {
		has[h.Entitlement] = true
	}
	var held []Conflict
	for _, p := range c.List {
		if has[p.Declared] && has[p.Other] {
			held = append(held, p)
		}
	}
	return held
}

// Holders are the identities that hold some conflict.
func (c *Conflicts) Holders(v *graph.View) *roaring.Bitmap {
	all := roaring.New()
	for _, p := range c.List {
		a := v.Members([]access.Ref{p.Declared.Ref()}, graph.Question{}).Identities
		b := v.Members([]access.Ref{p.Other.Ref()}, graph.Question{}).Identities
		all.Or(roaring.And(a, b))
	}
	return all
}

// Touched are the identities who may hold other conflicts in the later of two
// views, by what changed between them: those who changed, whose accounts did where it
// matters, and everybody below an entitlement or role that did and leads to a conflict.
func Touched(was, is *graph.View, changed []access.Ref, before, now *Conflicts) *roaring.Bitmap {
	touched := roaring.New()
	if len(before.List) == 0 && len(now.List) == 0 {
		return touched
	}
	leading := roaring.Or(was.Leading(before.involved, false), is.Leading(now.involved, false))
	var above []access.Ref
	for _, ref := range changed {
		switch ref.Kind {
		case access.KindIdentity:
			touched.Add(uint32(ref.Key))
		case access.KindAccount:
			for _, id := range touchedBy(was, is, access.AccountID(ref.Key), leading) {
				touched.Add(uint32(id))
			}
		case access.KindRole:
			above = append(above, ref)
		case access.KindEntitlement:
			if leading.Contains(uint32(ref.Key)) {
				above = append(above, ref)
			}
		default: // nobody holds anything through other kinds
		}
	}
	if len(above) > 0 {
		touched.Or(was.Members(slices.Clone(above), graph.Question{}).Identities)
		touched.Or(is.Members(above, graph.Question{}).Identities)
	}
	return touched
}

// touchedBy are the identities of an account that changed in what leads to a conflict,
// in whose it is, or in whether it can be used.
func touchedBy(was, is *graph.View, id access.AccountID, leading *roaring.Bitmap) []access.IdentityID {
	a, before := was.Account(id)
	b, now := is.Account(id)
	if before == now && a.Status == b.Status && slices.Equal(a.Identities, b.Identities) && slices.Equal(ontoLeading(was, id, leading), ontoLeading(is, id, leading)) {
		return nil
	}
	return slices.Concat(a.Identities, b.Identities)
}
