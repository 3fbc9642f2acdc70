package role

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
)

// RoleLine is a role in a list.
type RoleLine struct {
	ID           access.RoleID `json:"id"`
	Name         string        `json:"name"`
	Kind         Kind          `json:"kind"`
	Owner        *ask.Shown    `json:"owner,omitempty"`
	Number       int           `json:"number" doc:"Of the version that is published; 0 is none yet"`
	Entitlements int           `json:"entitlements" doc:"How many it gives, inherited ones with them"`
	People       int           `json:"people" doc:"How many have it, by whatever way"`
	Variants     int           `json:"variants,omitempty"`
	Draft        State         `json:"draft,omitempty" doc:"How far its open draft is"`
	Troubles     []Trouble     `json:"troubles" doc:"Why it, or a variant of it, is one too many, or cannot stay as it is"`
}

// Which says which roles a list is of; nothing of it is every role.
type Which struct {
	Text    string  `query:"q" maxLength:"200" doc:"Part of the name"`
	Kind    Kind    `query:"kind" enum:"business,technical"`
	Draft   State   `query:"draft" enum:"draft,review,approved" doc:"Only those whose open draft is so far"`
	Trouble Trouble `query:"trouble" maxLength:"32" doc:"Only those with this trouble, or any"`
	Owner   string  `query:"owner" maxLength:"64" doc:"An identity's id, or none"`
}

// anyTrouble asks for whatever role has a trouble.
const anyTrouble Trouble = "any"

func (w Which) check() error {
	if w.Trouble != "" && w.Trouble != anyTrouble && w.Trouble.Advice() == "" {
		return ErrTrouble.With("%q is no trouble that a role can have", w.Trouble)
	}
	return nil
}

func (w Which) has(r RoleLine, owner access.IdentityID) bool {
	switch {
	case w.Kind != "" && r.Kind != w.Kind, w.Draft != "" && r.Draft != w.Draft:
		return false
	case w.Owner == "none" && owner != 0, w.Owner != "" && w.Owner != "none" && owner.String() != w.Owner:
		return false
	case w.Trouble == anyTrouble && len(r.Troubles) == 0, w.Trouble != "" && w.Trouble != anyTrouble && !slices.Contains(r.Troubles, w.Trouble):
		return false
	}
	return strings.Contains(strings.ToLower(r.Name), strings.ToLower(strings.TrimSpace(w.Text)))
}

// List tells of roles, by name; of parametric ones with their variants counted in.
func (t *Teller) List(ctx context.Context, which Which, sees ask.Sight) ([]RoleLine, error) {
	if err := which.check(); err != nil {
		return nil, err
	}
	lines, owners, err := t.lines(ctx, sees)
	if err != nil {
		return nil, err
	}
	list, refs := make([]RoleLine, 0, len(lines)), []access.Ref{}
	for id, line := range lines {
		if which.has(*line, owners[id]) {
			list, refs = append(list, *line), append(refs, owners[id].Ref())
		}
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Owner = name.Optional(owners[list[i].ID].Ref())
	}
	slices.SortFunc(list, func(a, b RoleLine) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// lines are all roles that may be seen, and who answers for each.
func (t *Teller) lines(ctx context.Context, sees ask.Sight) (map[access.RoleID]*RoleLine, map[access.RoleID]access.IdentityID, error) {
	c, err := t.Store.Catalog(ctx)
	if err != nil {
		return nil, nil, err
	}
	drafts, err := t.Store.Drafts(ctx, 0)
	if err != nil {
		return nil, nil, err
	}
	rules, err := t.rules(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := t.Graph.View()
	defer v.Close()
	lines, owners := map[access.RoleID]*RoleLine{}, map[access.RoleID]access.IdentityID{}
	for _, r := range c.All() {
		if r.Of == 0 && sees(r.ID.Ref()) {
			lines[r.ID] = &RoleLine{ID: r.ID, Name: r.Name, Kind: r.Kind, Number: r.Number, Entitlements: len(c.Given(r.ID)), People: people(v, r.ID), Troubles: []Trouble{}}
			owners[r.ID] = r.Owner
		}
	}
	for _, r := range c.All() {
		if line := lines[r.Of]; line != nil {
			line.Variants++
			line.People += people(v, r.ID)
		}
	}
	for _, d := range drafts {
		if lines[d.Role] == nil && sees(d.Role.Ref()) {
			lines[d.Role], owners[d.Role] = &RoleLine{ID: d.Role, Name: d.Name, Kind: d.Kind, Troubles: []Trouble{}}, d.Owner
		}
		if line := lines[d.Role]; line != nil {
			line.Draft = d.State
		}
	}
	for _, l := range t.explosion(v, c, rules).Lines {
		for _, r := range []*Role{l.Role, l.Other} {
			if r == nil {
				continue
			}
			if line := lines[cmp.Or(r.Of, r.ID)]; line != nil && !slices.Contains(line.Troubles, l.Trouble) {
				line.Troubles = append(line.Troubles, l.Trouble)
			}
		}
	}
	return lines, owners, nil
}
