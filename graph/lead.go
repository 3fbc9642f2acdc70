package graph

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// Leading returns every entitlement that Rank finds of some that are of one rank.
func (v *View) Leading(targets []access.EntitlementID, escalation bool) *roaring.Bitmap {
	set := roaring.New()
	for id := range v.Rank([][]access.EntitlementID{targets}, escalation).All() {
		set.Add(uint32(id))
	}
	return set
}

// Takers answers who could become one of some accounts or take over one of some
// systems: what it means for others that such an object changes.
func (v *View) Takers(targets []access.Ref) Members {
	b := v.s.backward(Question{Escalation: true})
	for _, t := range targets {
		switch x, ok := vertexOf(t); {
		case t.Kind == access.KindAccount && ok && v.s.there(x):
			b.visit(x, standing)
		case t.Kind == access.KindSystem && t.Key > 0 && t.Key < several:
			id := uint32(t.Key)
			for _, kind := range []uint8{granting, becoming, control} {
				if v.s.there(at(kind, id)) {
					b.visit(at(kind, id), standing)
				}
			}
		}
	}
	return b.members()
}

// Exposed reports whether somebody could become an account.
func (v *View) Exposed(id access.AccountID) bool {
	return id > 0 && id < several && v.s.exposure().accounts.Contains(uint32(id))
}

// Dependents says which identities name another as their owner or sponsor. The
// index does not keep it: whoever needs it follows identities with Replace.
type Dependents struct {
	of map[access.IdentityID][]access.IdentityID
}

// Replace takes out what an identity said and puts in what it says now; a zero
// node says nothing.
func (d *Dependents) Replace(was, is IdentityNode) {
	if d.of == nil {
		d.of = map[access.IdentityID][]access.IdentityID{}
	}
	for _, on := range answering(was) {
		list := slices.DeleteFunc(d.of[on], func(id access.IdentityID) bool { return id == was.ID })
		if d.of[on] = list; len(list) == 0 {
			delete(d.of, on)
		}
	}
	for _, on := range answering(is) {
		if !slices.Contains(d.of[on], is.ID) {
			d.of[on] = append(d.of[on], is.ID)
		}
	}
}

// On lists who depends on an identity, in no particular order.
func (d *Dependents) On(id access.IdentityID) []access.IdentityID { return d.of[id] }

func answering(i IdentityNode) []access.IdentityID {
	var list []access.IdentityID
	if i.Kind != access.Human && i.Owner != 0 {
		list = append(list, i.Owner)
	}
	if i.ThirdParty && i.Sponsor != 0 {
		list = append(list, i.Sponsor)
	}
	return list
}
