package main

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/iga/role/mine"
)

// ground is what is mined of live data, in some systems or within a scope.
func (a *app) ground(ctx context.Context, systems []string, scope string) (*role.Ground, error) {
	named := make([]access.SystemID, len(systems))
	for i, name := range systems {
		y, err := a.inventory().System(ctx, name)
		if err != nil {
			return nil, err
		}
		named[i] = y.ID
	}
	id, err := a.scopeID(ctx, scope)
	if err != nil {
		return nil, err
	}
	within, err := a.scopesWithin(ctx, id)
	if err != nil {
		return nil, err
	}
	v := a.graph.View()
	defer v.Close()
	in := role.SystemsIn(v, named, within, func(access.SystemID) bool { return true })
	return a.roles().Ground(ctx, role.Where{Systems: in, Sees: ask.Everything, People: true, Most: mine.MaxPairs})
}

// scopesWithin are the scopes that lie within one, itself with them; nil of none.
func (a *app) scopesWithin(ctx context.Context, id access.ScopeID) (map[access.ScopeID]bool, error) {
	if id == 0 {
		return nil, nil
	}
	list, err := a.db.Scopes().Scopes(ctx)
	if err != nil {
		return nil, err
	}
	within := map[access.ScopeID]bool{id: true}
	for range list { // each round adds one level at least
		for _, s := range list {
			if within[s.Parent] {
				within[s.ID] = true
			}
		}
	}
	return within, nil
}

// toldOfPeople are the variables of people that say why they have what they have. What is
// everybody's own says nothing.
var toldOfPeople = []string{"identity.kind", "identity.employer", "identity.unit", "identity.title", "identity.organisation"}

// peopleTold tells mining what is known of people.
type peopleTold struct{ app *app }

// Told implements role.People.
func (d peopleTold) Told(ctx context.Context, ids []access.IdentityID, take func(access.IdentityID, map[string]string)) error {
	_, err := d.app.db.Lifecycle().People(ctx, ids, func(p lifecycle.Person) error {
		values := map[string]string{}
		for _, name := range toldOfPeople {
			if value := strings.TrimSpace(p.Values[name]); value != "" {
				values[strings.TrimPrefix(name, "identity.")] = value
			}
		}
		for name, value := range p.Values {
			if own, ok := strings.CutPrefix(name, "identity.attributes."); ok && strings.TrimSpace(value) != "" {
				values[own] = strings.TrimSpace(value)
			}
		}
		take(p.ID, values)
		return nil
	})
	return err
}

// candidates tells of each role that was found by which id it is known, whether a role like
// it is there, and whether somebody has rejected it.
func (a *app) candidates(ctx context.Context, ans *roleAnswer, g *role.Ground, r mine.Result) error {
	c, err := a.db.Roles().Catalog(ctx)
	if err != nil {
		return err
	}
	rejections, err := a.db.Roles().Rejections(ctx)
	if err != nil {
		return err
	}
	rejected := map[string]string{}
	for _, r := range rejections {
		rejected[r.ID] = r.Reason
	}
	for i := range ans.Roles {
		x := &candidateBody{Entitlements: named(g.Permissions, r.Roles[i].Permissions)}
		x.ID = role.CandidateID(x.Entitlements)
		if same, ok := c.Same(x.Entitlements); ok {
			x.Same = same.Name
		}
		x.Rejected = rejected[x.ID]
		ans.Roles[i].Candidate = x
	}
	return nil
}
