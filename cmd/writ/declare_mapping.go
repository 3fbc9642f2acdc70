package main

import (
	"context"
	"maps"
	"slices"

	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// mappingSpec is what a document says of how accounts of the system that it is named after
// follow from who people are.
type mappingSpec struct {
	When       string            `json:"when,omitempty" maxLength:"4000" doc:"CEL over identity.*: who has an account even without an entitlement; nobody without it"`
	Logins     []string          `json:"logins" minItems:"1" maxItems:"8" example:"[\"identity.name.words().join(\\\".\\\")\"]" doc:"CEL for a login each, tried in order; the last is numbered"`
	Attributes map[string]string `json:"attributes,omitempty" doc:"CEL over identity.* and account.login, by the attributes that the kind of system knows"`
	Recipient  string            `json:"recipient,omitempty" enum:"manager,sponsor,owner" doc:"Who is given a first credential; without it, nobody"`
	Retention  int               `json:"retention_days,omitempty" minimum:"0" maximum:"3650" doc:"After how many days a disabled account is deleted; 0 is never"`
	Renames    bool              `json:"renames,omitempty" doc:"The login follows the name"`
	Mode       string            `json:"mode" required:"false" enum:"observe,enforce" default:"observe" doc:"Accounts follow from it when it is enforced only"`
}

// Default implements declare.Defaults.
func (s *mappingSpec) Default() { s.Mode = policy.Observe.String() }

func specOfMapping(m lifecycle.Mapping) mappingSpec {
	s := mappingSpec{When: m.When, Logins: m.Logins, Recipient: string(m.Recipient), Retention: m.Retention, Renames: m.Renames, Mode: m.Mode.String()}
	if len(m.Attributes) > 0 {
		s.Attributes = m.Attributes
	}
	return s
}

// mappingDocuments declares mappings, each by the name of its system.
type mappingDocuments struct {
	lifecycle *lifecycle.Service
	inventory *inventory.Service
}

// List implements declare.Kind.
func (k mappingDocuments) List(ctx context.Context) ([]declare.Thing[mappingSpec], error) {
	list, err := k.lifecycle.Mappings(ctx)
	if err != nil {
		return nil, err
	}
	systems, err := k.inventory.Systems(ctx)
	if err != nil {
		return nil, err
	}
	var things []declare.Thing[mappingSpec]
	for _, m := range list {
		i := slices.IndexFunc(systems, func(y inventory.System) bool { return y.ID == m.System })
		if i >= 0 {
			things = append(things, declare.Thing[mappingSpec]{Name: systems[i].Name, Spec: specOfMapping(m), Version: m.Version})
		}
	}
	return things, nil
}

// mapping is what a document makes of a mapping.
func (k mappingDocuments) mapping(ctx context.Context, c declare.Change[mappingSpec]) (m lifecycle.Mapping, err error) {
	list, err := k.inventory.Systems(ctx)
	if err != nil {
		return m, err
	}
	i := slices.IndexFunc(list, func(y inventory.System) bool { return y.Name == c.Name })
	if i < 0 {
		return m, &declare.Later{Why: "there is no system of that name yet, which a mapping is named after"}
	}
	m = lifecycle.Mapping{
		System: list[i].ID, When: c.Is.When, Logins: c.Is.Logins, Attributes: maps.Clone(c.Is.Attributes),
		Recipient: lifecycle.Recipient(c.Is.Recipient), Retention: c.Is.Retention, Renames: c.Is.Renames,
	}
	if c.Was != nil {
		m.Version = c.Was.Version
	}
	if m.Mode, err = policy.ParseMode(c.Is.Mode); err != nil {
		return m, err
	}
	return m, k.lifecycle.CheckMapping(ctx, m)
}

// Check implements declare.Kind.
func (k mappingDocuments) Check(ctx context.Context, c declare.Change[mappingSpec]) (mappingSpec, error) {
	m, err := k.mapping(ctx, c)
	return specOfMapping(m), err
}

// Demands implements declare.Kind.
func (k mappingDocuments) Demands(context.Context, declare.Change[mappingSpec]) ([]declare.Demand, error) {
	return []declare.Demand{{Action: "mapping.change"}}, nil
}

// Put implements declare.Kind.
func (k mappingDocuments) Put(ctx context.Context, c declare.Change[mappingSpec], reason string) error {
	m, err := k.mapping(ctx, c)
	if err != nil {
		return err
	}
	return k.lifecycle.SetMapping(ctx, m, reason)
}

// Remove implements declare.Kind.
func (k mappingDocuments) Remove(ctx context.Context, c declare.Change[mappingSpec], reason string) error {
	y, err := k.inventory.System(ctx, c.Name)
	if err != nil {
		return err
	}
	return k.lifecycle.RemoveMapping(ctx, y.ID, c.Was.Version, reason)
}
