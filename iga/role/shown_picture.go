package role

import (
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
)

// firstFew is how many of a group a picture names.
const firstFew = 3

// TellPicture tells what members of a candidate, and those near to it, hold now, with what
// it is to give changed. Nothing beside is told of that lies outside of some systems.
func (t *Teller) TellPicture(ctx context.Context, f Found, e Edits, systems []access.SystemID, sees ask.Sight) (*Picture, error) {
	c, err := t.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	v := t.Graph.View()
	defer v.Close()
	gives := e.of(f.Entitlements)
	s := sketched(v, f.Members, gives, func(id access.EntitlementID) bool {
		n, there := v.Entitlement(id)
		return there && slices.Contains(systems, n.System) && sees(id.Ref())
	})
	rows := s.rows()
	columns := s.columns(rows)
	users := int(s.members.GetCardinality()) //nolint:gosec // identities have 32 bits
	p := &Picture{
		Revision: s.rev, Users: users, Support: s.Support, Fit: 1, Redundant: s.Covered, Extra: s.Extra,
		Near: int(s.near.GetCardinality()), Gives: []PictureLine{}, Beside: []PictureLine{}, //nolint:gosec // as above
		Rows: []PictureRow{}, Columns: []PictureColumn{},
	}
	if whole := users * len(gives); whole > 0 {
		p.Fit = float64(s.Covered) / float64(whole)
	}
	same, there := c.Same(gives)
	refs := s.refs(rows)
	if there {
		refs = append(refs, same.ID.Ref())
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	if there {
		p.Same = name.Optional(same.ID.Ref())
	}
	line := func(id access.EntitlementID) PictureLine {
		tier := access.Unclassified
		if n, known := v.Entitlement(id); known {
			tier = n.Tier
		}
		b := s.holders[id]
		return PictureLine{name(id.Ref()), tier, int(b.AndCardinality(s.members)), int(b.GetCardinality())} //nolint:gosec // as above
	}
	for _, id := range s.gives {
		p.Gives = append(p.Gives, line(id))
	}
	for _, id := range s.beside {
		p.Beside = append(p.Beside, line(id))
	}
	for _, b := range columns {
		x := PictureColumn{Given: b.given, Entitlements: int(b.keys.GetCardinality()), First: []ask.Shown{}} //nolint:gosec // as above
		for _, i := range first(b.keys) {
			x.First = append(x.First, name(s.at(i).Ref()))
		}
		p.Columns = append(p.Columns, x)
	}
	for _, r := range rows {
		x := PictureRow{Member: r.member, People: int(r.keys.GetCardinality()), First: []ask.Shown{}, Held: make([]int, len(columns))} //nolint:gosec // as above
		for _, key := range first(r.keys) {
			x.First = append(x.First, name(access.IdentityID(key).Ref()))
		}
		for i, b := range columns {
			x.Held[i] = s.crossing(r, b.keys)
		}
		p.Rows = append(p.Rows, x)
	}
	return p, nil
}

func first(b *roaring.Bitmap) (some []uint32) {
	for it := b.Iterator(); it.HasNext() && len(some) < firstFew; {
		some = append(some, it.Next())
	}
	return some
}

// refs are what a picture names.
func (s *sketch) refs(rows []band) (refs []access.Ref) {
	for _, id := range slices.Concat(s.gives, s.beside) {
		refs = append(refs, id.Ref())
	}
	for _, r := range rows {
		for _, key := range first(r.keys) {
			refs = append(refs, access.IdentityID(key).Ref())
		}
	}
	return refs
}
