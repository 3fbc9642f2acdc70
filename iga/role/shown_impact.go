package role

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
)

// firstNames is how many people an answer names of each group.
const firstNames = 10

// Group is some people: how many, and the first of them.
type Group struct {
	Count int         `json:"count"`
	First []ask.Shown `json:"first" doc:"The first ten of them"`
}

// firstOf are the first of some people, as references.
func firstOf(set *roaring.Bitmap) (refs []access.Ref) {
	for it := set.Iterator(); it.HasNext() && len(refs) < firstNames; {
		refs = append(refs, access.IdentityID(it.Next()).Ref())
	}
	return refs
}

func group(set *roaring.Bitmap, name ask.Namer) Group {
	g := Group{int(set.GetCardinality()), []ask.Shown{}} //nolint:gosec // identities have 32 bits
	for _, ref := range firstOf(set) {
		g.First = append(g.First, name(ref))
	}
	return g
}

// ShiftLine is what publishing changes about one entitlement.
type ShiftLine struct {
	Entitlement ask.Shown   `json:"entitlement"`
	Tier        access.Tier `json:"tier"`
	Gain        Group       `json:"gain"`
	New         int         `json:"new" doc:"How many of those who gain it do not hold it yet"`
	Lose        Group       `json:"lose"`
}

// ClashLine is a conflict that publishing makes real.
type ClashLine struct {
	Entitlements [2]ask.Shown `json:"entitlements"`
	Why          string       `json:"why"`
	Within       bool         `json:"within" doc:"The role itself gives both"`
	Holders      Group        `json:"holders" doc:"Who would hold both, and does not now"`
}

// RiseLine is who would reach a tier for the first time.
type RiseLine struct {
	Tier   access.Tier `json:"tier"`
	People Group       `json:"people"`
}

// ImpactShown is what publishing a draft would change.
type ImpactShown struct {
	Revision     access.Rev  `json:"revision"`
	Role         ask.Shown   `json:"role"`
	People       int         `json:"people" doc:"Who has the role now, by whatever way"`
	Gain         Group       `json:"gain" doc:"Who gains something"`
	Lose         Group       `json:"lose" doc:"Who loses something"`
	Entitlements []ShiftLine `json:"entitlements" doc:"The worst tier first"`
	Conflicts    []ClashLine `json:"conflicts"`
	Rises        []RiseLine  `json:"rises" doc:"Who would reach tier 0 or 1 for the first time"`
	Rules        []string    `json:"rules" doc:"Birthright rules that give the role"`
	Retires      []string    `json:"retires" doc:"Variants that end with it"`
}

// TellImpact says what publishing the open draft of a role would change.
func (t *Teller) TellImpact(ctx context.Context, id access.RoleID, sees ask.Sight) (*ImpactShown, error) {
	d, err := t.open(ctx, id)
	if err != nil {
		return nil, err
	}
	im, err := t.impactOf(ctx, d)
	if err != nil {
		return nil, err
	}
	return t.Tell(ctx, id, d.Name, im, sees)
}

// Tell says an impact in words.
func (t *Teller) Tell(ctx context.Context, id access.RoleID, called string, im *Impact, sees ask.Sight) (*ImpactShown, error) {
	refs := append(firstOf(im.Gainers), firstOf(im.Losers)...)
	for _, s := range im.Shifts {
		refs = append(append(append(refs, s.Entitlement.Ref()), firstOf(s.Gain)...), firstOf(s.Lose)...)
	}
	for _, c := range im.Clashes {
		refs = append(append(refs, c.A.Ref(), c.B.Ref()), firstOf(c.Holders)...)
	}
	for _, r := range im.Rises {
		refs = append(refs, firstOf(r.Who)...)
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	s := &ImpactShown{
		Revision: im.Rev, Role: ask.Shown{Type: access.KindRole.String(), ID: id.Ref(), Name: called},
		People: int(im.Members.GetCardinality()), Gain: group(im.Gainers, name), Lose: group(im.Losers, name), //nolint:gosec // identities have 32 bits
		Entitlements: []ShiftLine{}, Conflicts: []ClashLine{}, Rises: []RiseLine{}, Rules: append([]string{}, im.Rules...), Retires: []string{},
	}
	for _, x := range im.Shifts {
		s.Entitlements = append(s.Entitlements, ShiftLine{name(x.Entitlement.Ref()), x.Tier, group(x.Gain, name), x.New, group(x.Lose, name)})
	}
	for _, c := range im.Clashes {
		s.Conflicts = append(s.Conflicts, ClashLine{[2]ask.Shown{name(c.A.Ref()), name(c.B.Ref())}, c.Why, c.Within, group(c.Holders, name)})
	}
	for _, r := range im.Rises {
		s.Rises = append(s.Rises, RiseLine{r.Tier, group(r.Who, name)})
	}
	for _, r := range im.Retires {
		s.Retires = append(s.Retires, r.Name)
	}
	return s, nil
}
