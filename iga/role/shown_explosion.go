package role

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
)

// TroubleLine is one trouble with a role, or with two.
type TroubleLine struct {
	Trouble      Trouble    `json:"trouble"`
	Role         ask.Shown  `json:"role"`
	Other        *ask.Shown `json:"other,omitempty"`
	Entitlements float64    `json:"entitlements,omitempty" doc:"Of a pair: the share of what either gives that both give"`
	People       float64    `json:"people,omitempty" doc:"Of a pair: the share of who has either that have both"`
	Number       int        `json:"number,omitempty" doc:"How many have it, or how deep it is"`
	Owner        *ask.Shown `json:"owner,omitempty" doc:"Who answers for it; nobody is identity and access management"`
	Advice       string     `json:"advice"`
}

// ExplosionShown is which roles are one too many.
type ExplosionShown struct {
	Revision access.Rev      `json:"revision"`
	Roles    int             `json:"roles"`
	Counts   map[Trouble]int `json:"counts"`
	Items    []TroubleLine   `json:"items"`
}

// TellExplosion reports which roles are one too many, those of some troubles only where
// any is named.
func (t *Teller) TellExplosion(ctx context.Context, only []Trouble, sees ask.Sight) (*ExplosionShown, error) {
	x, err := t.Explode(ctx)
	if err != nil {
		return nil, err
	}
	lines := x.Lines
	if len(only) > 0 { // the report is everybody's
		lines = slices.DeleteFunc(slices.Clone(lines), func(l Line) bool { return !slices.Contains(only, l.Trouble) })
	}
	var refs []access.Ref
	for _, l := range lines {
		refs = append(refs, l.Role.ID.Ref(), l.Owner.Ref())
		if l.Other != nil {
			refs = append(refs, l.Other.ID.Ref())
		}
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	s := &ExplosionShown{x.Rev, x.Roles, x.Counts, make([]TroubleLine, len(lines))}
	for i, l := range lines {
		s.Items[i] = TroubleLine{l.Trouble, name(l.Role.ID.Ref()), nil, l.Entitlements, l.People, l.Number, name.Optional(l.Owner.Ref()), l.Trouble.Advice()}
		if l.Other != nil {
			s.Items[i].Other = name.Optional(l.Other.ID.Ref())
		}
	}
	return s, nil
}
