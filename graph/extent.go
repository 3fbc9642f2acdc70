package graph

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// extent is what counts as reaching a target: any of some entitlements, any
// grant that names one of some resources, or a hold on some systems.
type extent struct {
	entitlements *roaring.Bitmap
	resources    *roaring.Bitmap
	holds        []vertex // vertices of systems: whoever gets there could do anything
	roles        []vertex
}

// extentOf returns the extent of an entitlement, role, resource (with all inside
// it) or system (with its entitlements and resources). What is not there has none.
func (s *snapshot) extentOf(target access.Ref) extent {
	t := extent{entitlements: roaring.New(), resources: roaring.New()}
	if target.Key <= 0 || target.Key >= several {
		return t
	}
	id := uint32(target.Key)
	switch target.Kind {
	case access.KindEntitlement:
		if s.there(at(atEntitlement, id)) {
			t.entitlements.Add(id)
		}
	case access.KindRole:
		if s.there(at(atRole, id)) {
			t.roles = []vertex{at(atRole, id)}
		}
	case access.KindResource:
		row := s.resources.at(id)
		if !row.there {
			return t
		}
		s.addInside(&t, id)
		if row.system != 0 && s.there(at(control, row.system)) {
			t.holds = []vertex{at(granting, row.system), at(control, row.system)}
		}
	case access.KindSystem:
		row := s.systems.peek(id)
		if row == nil || row.node.ID == 0 {
			return t
		}
		row.entitlements.orInto(t.entitlements)
		for r := range row.resources.each {
			s.addInside(&t, r)
		}
		t.holds = []vertex{at(granting, id), at(becoming, id), at(control, id)}
	default: // nobody reaches an identity or an account
	}
	return t
}

// addInside adds a resource, everything inside it, and the entitlements that are
// to any of that by themselves. Resources that contain each other do no harm.
func (s *snapshot) addInside(t *extent, id uint32) {
	stack := []uint32{id}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !s.resources.at(id).there || !t.resources.CheckedAdd(id) {
			continue
		}
		for e := range s.givingAccess.each(id) {
			if s.there(at(atEntitlement, e)) {
				t.entitlements.Add(e)
			}
		}
		for child := range s.inside.each(id) {
			stack = append(stack, child)
		}
	}
}
