package main

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// birthrightSpec is what a document says of a birthright rule.
type birthrightSpec struct {
	Description  string      `json:"description,omitempty" maxLength:"500"`
	When         string      `json:"when" minLength:"1" maxLength:"4000" example:"identity.unit == \"Treasury\"" doc:"CEL over identity.*: whom it is for"`
	Roles        []givenRole `json:"roles,omitempty" maxItems:"1000" doc:"The roles that it gives"`
	Entitlements []string    `json:"entitlements,omitempty" maxItems:"1000" example:"[\"erp/Clerk\"]" doc:"The entitlements that it gives, as SYSTEM/NAME"`
	Grace        int         `json:"grace_days,omitempty" minimum:"0" maximum:"365" doc:"How long somebody keeps what it gave after they no longer meet it"`
	Mode         string      `json:"mode" required:"false" enum:"observe,warn,enforce" default:"observe" doc:"It gives when it is enforced only"`
}

// givenRole is a role. A parametric one is given in the variants that fit each person.
type givenRole struct {
	Role string            `json:"role" minLength:"1" maxLength:"100"`
	With map[string]string `json:"with,omitempty" doc:"By parameter, the value that a parametric role is given with to everybody"`
	From map[string]string `json:"from,omitempty" example:"{\"region\": \"identity.attributes.region\"}" doc:"By parameter, the attribute that each one's own values are taken from; else the role says"`
}

// Default implements declare.Defaults.
func (s *birthrightSpec) Default() { s.Mode = policy.Observe.String() }

// References implements declare.References.
func (s birthrightSpec) References() (list []declare.Name) {
	for _, r := range s.Roles {
		list = append(list, declare.Name{Kind: roleKind, Name: r.Role})
	}
	return list
}

// birthrightDocuments declares birthright rules.
type birthrightDocuments struct {
	lifecycle *lifecycle.Service
	roles     roleDocuments
}

// List implements declare.Kind.
func (k birthrightDocuments) List(ctx context.Context) ([]declare.Thing[birthrightSpec], error) {
	rules, err := k.lifecycle.Rules(ctx)
	if err != nil {
		return nil, err
	}
	specs, err := k.specs(ctx, rules)
	if err != nil {
		return nil, err
	}
	things := make([]declare.Thing[birthrightSpec], len(rules))
	for i, r := range rules {
		things[i] = declare.Thing[birthrightSpec]{Name: r.Name, Spec: specs[i], Version: r.Version}
	}
	return things, nil
}

// specs writes rules as documents do. What they give that is gone is left out.
func (k birthrightDocuments) specs(ctx context.Context, rules []lifecycle.Rule) ([]birthrightSpec, error) {
	n, err := k.roles.known(ctx)
	if err != nil {
		return nil, err
	}
	ids := map[access.EntitlementID]bool{}
	for _, r := range rules {
		for _, id := range r.Entitlements {
			ids[id] = true
		}
	}
	texts, err := k.roles.inventory.ReferToEntitlements(ctx, slices.Collect(maps.Keys(ids)))
	if err != nil {
		return nil, err
	}
	specs := make([]birthrightSpec, len(rules))
	for i, r := range rules {
		s := birthrightSpec{Description: r.Description, When: r.When, Grace: r.Grace, Mode: r.Mode.String()}
		for _, id := range r.Entitlements {
			if text := texts[id]; text != "" {
				s.Entitlements = append(s.Entitlements, text)
			}
		}
		for _, id := range r.Roles {
			if name, with := n.named(id); name != "" {
				s.Roles = append(s.Roles, givenRole{Role: name, With: with})
			}
		}
		for _, c := range r.Choices {
			if name, _ := n.named(c.Role); name != "" {
				s.Roles = append(s.Roles, givenRole{name, c.With, c.From})
			}
		}
		slices.Sort(s.Entitlements)
		slices.SortFunc(s.Roles, func(a, b givenRole) int { return cmp.Compare(a.key(), b.key()) })
		specs[i] = s
	}
	return specs, nil
}

func (g givenRole) key() string {
	return rolePart{Role: g.Role, With: g.With, When: g.From}.key()
}

// give adds a role to what a rule gives: a plain one, a variant that is there, or else the
// choice of one.
func (g givenRole) give(r *lifecycle.Rule, n knownRoles) error {
	y, there := n.catalog.Named(g.Role)
	if !there || !y.Parametric() {
		if len(g.From) > 0 && there {
			return access.ErrChoice.With("%s has no parameters: leave from out", g.Role)
		}
		id, err := n.published(rolePart{Role: g.Role, With: g.With})
		if err == nil {
			r.Roles = append(r.Roles, id)
		}
		return err
	}
	if id := n.variant(y.ID, g.With); id != 0 && len(g.From) == 0 && len(g.With) == len(y.Parameters) {
		r.Roles = append(r.Roles, id)
		return nil
	}
	c := access.Choice{Role: y.ID, With: g.With, From: g.From}
	r.Choices = append(r.Choices, c)
	parameters := make([]access.RoleParameter, len(y.Parameters))
	for i, p := range y.Parameters {
		parameters[i] = access.RoleParameter(p)
	}
	return c.Fits(y.Name, parameters)
}

// rule is what a document makes of a rule.
func (k birthrightDocuments) rule(ctx context.Context, name string, spec birthrightSpec) (r lifecycle.Rule, err error) {
	r = lifecycle.Rule{Name: name, Description: spec.Description, When: spec.When, Grace: spec.Grace}
	if r.Mode, err = policy.ParseMode(spec.Mode); err != nil {
		return r, err
	}
	n, err := k.roles.known(ctx)
	if err != nil {
		return r, err
	}
	for _, g := range spec.Roles {
		if err := g.give(&r, n); err != nil {
			return r, err
		}
	}
	for _, text := range spec.Entitlements {
		id, err := k.roles.entitlement(ctx, text)
		if err != nil {
			return r, err
		}
		r.Entitlements = append(r.Entitlements, id)
	}
	slices.Sort(r.Roles)
	slices.Sort(r.Entitlements)
	r.Roles, r.Entitlements = slices.Compact(r.Roles), slices.Compact(r.Entitlements)
	return r, k.lifecycle.CheckRule(r)
}

// Check implements declare.Kind.
func (k birthrightDocuments) Check(ctx context.Context, c declare.Change[birthrightSpec]) (birthrightSpec, error) {
	r, err := k.rule(ctx, c.Name, *c.Is)
	if err != nil {
		return *c.Is, err
	}
	specs, err := k.specs(ctx, []lifecycle.Rule{r})
	if err != nil {
		return *c.Is, err
	}
	return specs[0], nil
}

// Demands implements declare.Kind.
func (k birthrightDocuments) Demands(context.Context, declare.Change[birthrightSpec]) ([]declare.Demand, error) {
	return []declare.Demand{{Action: "birthright.change"}}, nil
}

// Put implements declare.Kind. A new rule observes before it is enforced, as any does.
func (k birthrightDocuments) Put(ctx context.Context, c declare.Change[birthrightSpec], reason string) error {
	r, err := k.rule(ctx, c.Name, *c.Is)
	if err != nil {
		return err
	}
	if c.Was != nil {
		r.Version = c.Was.Version
		return k.lifecycle.ChangeRule(ctx, r, reason)
	}
	if err := k.lifecycle.AddRule(ctx, r, reason); err != nil || r.Mode == policy.Observe {
		return err
	}
	is, err := k.lifecycle.Rule(ctx, r.Name)
	if err != nil {
		return err
	}
	if r.Version = is.Version; is.When != r.When || !slices.Equal(is.Roles, r.Roles) || !slices.Equal(is.Entitlements, r.Entitlements) || !slices.EqualFunc(is.Choices, r.Choices, access.Choice.Equal) {
		return lifecycle.ErrRuleStale
	}
	return k.lifecycle.ChangeRule(ctx, r, reason)
}

// Remove implements declare.Kind.
func (k birthrightDocuments) Remove(ctx context.Context, c declare.Change[birthrightSpec], reason string) error {
	return k.lifecycle.RemoveRule(ctx, c.Name, c.Was.Version, reason)
}

// Foretell implements declare.Foreteller.
func (k birthrightDocuments) Foretell(ctx context.Context, list []declare.Thing[birthrightSpec]) ([]declare.Count, error) {
	rules := make([]lifecycle.Rule, len(list))
	for i, t := range list {
		var err error
		if rules[i], err = k.rule(ctx, t.Name, t.Spec); err != nil {
			return nil, err
		}
	}
	gaining, losing, err := k.lifecycle.TryRules(ctx, rules)
	return []declare.Count{{What: "people who gain something", N: gaining}, {What: "people who lose something", N: losing}}, err
}
