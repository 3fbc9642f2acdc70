package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

const systemKind = "system"

// systemSpec is what a document says of a system. It holds no secret: one that is sealed
// or asked for is given on the node, and stays where a document names no reference.
type systemSpec struct {
	Kind           string            `json:"kind" minLength:"1" maxLength:"64" example:"postgres" doc:"The kind of system"`
	Connector      string            `json:"connector,omitempty" maxLength:"64" doc:"The kind of connector that reads it, where that is another"`
	Address        string            `json:"address" minLength:"1" maxLength:"2000" example:"postgres://auditor@db1/postgres" doc:"Where it is, without a password; a path that does not begin with / lies beside the document"`
	Options        map[string]string `json:"options,omitempty" doc:"What its connector is told"`
	Credential     string            `json:"credential,omitempty" maxLength:"500" pattern:"^(env|file|named):.+$" example:"env:PAYROLL_PASSWORD" doc:"Where its credential is read from; without it, what is kept stays"`
	Scope          string            `json:"scope,omitempty" maxLength:"100" doc:"The scope that it belongs to; without one, the organisation as a whole"`
	Environment    string            `json:"environment,omitempty" enum:"production,staging,development"`
	Criticality    string            `json:"criticality,omitempty" enum:"low,medium,high,control"`
	DataClass      string            `json:"data_class,omitempty" enum:"public,internal,confidential,restricted"`
	BusinessOwner  string            `json:"business_owner,omitempty" maxLength:"320" example:"1017" doc:"Who answers for it: a number, or an email, login or name that only one has"`
	TechnicalOwner string            `json:"technical_owner,omitempty" maxLength:"320" doc:"Who runs it"`
	RunsOn         string            `json:"runs_on,omitempty" maxLength:"200" doc:"The system that whoever controls controls this one too"`
	Cycle          inventory.Period  `json:"cycle,omitzero" required:"false" example:"15m" doc:"How old what is known of it may be; without it, by its worst tier"`
	Every          inventory.Period  `json:"every,omitzero" required:"false" example:"15m" doc:"How often it is read; without it, by its cycle"`
	Hours          inventory.Hours   `json:"hours,omitzero" required:"false" example:"22:00-06:00 Europe/Berlin" doc:"The hours of the day in which it is read; without them, any"`
	Draft          bool              `json:"draft,omitempty" doc:"It is only looked at, until it no longer is a draft"`
}

// References implements declare.References.
func (s systemSpec) References() []declare.Name {
	list := scopeNamed(s.Scope)
	if s.RunsOn != "" {
		list = append(list, declare.Name{Kind: systemKind, Name: s.RunsOn})
	}
	return list
}

// systemDocuments declares systems. A maintenance is an operation, and stays what it is.
type systemDocuments struct {
	inventory *inventory.Service
	scopes    scopeDocuments
}

// estate is what specs name by name: what there is.
type estate struct {
	systems []inventory.System
	scopes  []policy.Scope
}

func (k systemDocuments) estate(ctx context.Context) (e estate, err error) {
	if e.systems, err = k.inventory.Systems(ctx); err != nil {
		return e, err
	}
	e.scopes, err = k.scopes.scopes.Store.Scopes(ctx)
	return e, err
}

func (e estate) system(name string) (inventory.System, bool) {
	i := slices.IndexFunc(e.systems, func(y inventory.System) bool { return y.Name == name })
	if i < 0 {
		return inventory.System{}, false
	}
	return e.systems[i], true
}

func (e estate) scope(name string) access.ScopeID {
	i := slices.IndexFunc(e.scopes, func(x policy.Scope) bool { return x.Name == name })
	if i < 0 {
		return 0
	}
	return e.scopes[i].ID
}

// List implements declare.Kind.
func (k systemDocuments) List(ctx context.Context) ([]declare.Thing[systemSpec], error) {
	e, err := k.estate(ctx)
	if err != nil {
		return nil, err
	}
	things := make([]declare.Thing[systemSpec], len(e.systems))
	for i, y := range e.systems {
		spec, err := k.specOf(ctx, e, y)
		if err != nil {
			return nil, err
		}
		things[i] = declare.Thing[systemSpec]{Name: y.Name, Spec: spec, Version: y.Version}
		if y.Stage != inventory.Draft {
			things[i].Stays = "it has been active: what was known of it stays"
		}
	}
	return things, nil
}

func (k systemDocuments) specOf(ctx context.Context, e estate, y inventory.System) (systemSpec, error) {
	spec := systemSpec{
		Kind: y.Kind, Address: y.Config.Address, Options: y.Config.Options, Credential: y.Config.Credential,
		Environment: string(y.Environment), Criticality: string(y.Criticality), DataClass: string(y.DataClass),
		Cycle: inventory.Period(y.Cycle), Every: y.Every, Hours: y.Hours, Draft: y.Stage == inventory.Draft,
	}
	if c := connectorOf(y); c != y.Kind {
		spec.Connector = c
	}
	if !isReference(spec.Credential) {
		spec.Credential = ""
	}
	for _, x := range e.scopes {
		if x.ID == y.Scope {
			spec.Scope = x.Name
		}
	}
	for _, x := range e.systems {
		if x.ID == y.RunsOn {
			spec.RunsOn = x.Name
		}
	}
	for _, owner := range []struct {
		id   access.IdentityID
		into *string
	}{{y.BusinessOwner, &spec.BusinessOwner}, {y.TechnicalOwner, &spec.TechnicalOwner}} {
		if owner.id == 0 {
			continue
		}
		var err error
		if *owner.into, err = k.inventory.ReferTo(ctx, owner.id); err != nil {
			return spec, err
		}
	}
	return spec, nil
}

// isReference reports whether a credential is read elsewhere, and is no secret itself.
func isReference(credential string) bool {
	form, _, ok := strings.Cut(credential, ":")
	return ok && slices.Contains([]string{"env", "file", "named"}, form)
}

// become is the system that a document makes of what is there. What it names and is not
// there yet, it leaves out.
func (k systemDocuments) become(ctx context.Context, e estate, c declare.Change[systemSpec]) (inventory.System, error) {
	spec, y := *c.Is, inventory.System{Connector: c.Is.Connector}
	y.Name, y.Kind, y.Stage = c.Name, spec.Kind, inventory.Active
	if y.Connector == "" {
		y.Connector = spec.Kind
	}
	if c.Was != nil {
		was, there := e.system(c.Name)
		switch {
		case !there || was.Version != c.Was.Version:
			return y, inventory.ErrChanged
		case was.Kind != spec.Kind || connectorOf(was) != y.Connector:
			return y, access.ErrName.With("system %s keeps its kind and connector, which are %s and %s: choose another name for another system", c.Name, was.Kind, connectorOf(was))
		}
		y = was
	}
	if y.Stage == inventory.Draft && !spec.Draft {
		y.Plan = y.Activated()
	} else if spec.Draft {
		y.Stage = inventory.Draft
	}
	y.Environment, y.Criticality, y.DataClass = access.Environment(spec.Environment), access.Criticality(spec.Criticality), access.DataClass(spec.DataClass)
	y.Cycle, y.Every, y.Hours = spec.Cycle.Duration(), spec.Every, spec.Hours
	y.Config.Address, y.Config.Options = spec.Address, maps.Clone(spec.Options)
	if connectors[y.Connector].Local {
		y.Config.Address = beside(c.Dir, spec.Address)
	}
	if spec.Credential != "" {
		y.Config.Credential = spec.Credential
	}
	host, _ := e.system(spec.RunsOn)
	y.Scope, y.RunsOn = e.scope(spec.Scope), host.ID
	return y, k.owners(ctx, spec, &y)
}

func (k systemDocuments) owners(ctx context.Context, spec systemSpec, y *inventory.System) (err error) {
	y.BusinessOwner, y.TechnicalOwner = 0, 0
	for key, value := range map[string]string{"business_owner": spec.BusinessOwner, "technical_owner": spec.TechnicalOwner} {
		if _, id := access.ParseRef(value); id == nil {
			return access.ErrID.With("%s is an id: name the person by number", key)
		}
	}
	if spec.BusinessOwner != "" {
		if y.BusinessOwner, err = k.inventory.ResolveIdentity(ctx, spec.BusinessOwner); err != nil {
			return err
		}
	}
	if spec.TechnicalOwner != "" {
		y.TechnicalOwner, err = k.inventory.ResolveIdentity(ctx, spec.TechnicalOwner)
	}
	return err
}

// Check implements declare.Kind. That no system runs on itself over others is the
// engine's to see, which knows what all documents come to.
func (k systemDocuments) Check(ctx context.Context, c declare.Change[systemSpec]) (systemSpec, error) {
	spec := *c.Is
	if err := refusePassword(spec.Address); err != nil {
		return spec, err
	}
	e, err := k.estate(ctx)
	if err != nil {
		return spec, err
	}
	y, err := k.become(ctx, e, c)
	if err != nil {
		return spec, err
	}
	of, ok := connectors[y.Connector]
	if !ok {
		return spec, inventory.ErrUnknownKind.With("%q is not a kind of system that can be read; there are: %s", y.Connector, strings.Join(kindNames(), ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Options)) {
		if !slices.ContainsFunc(of.Options, func(o connector.Option) bool { return o.Fits(name) }) {
			return spec, connector.ErrInput.With("%s has no option %q", of.Title, name)
		}
	}
	tried := y
	tried.RunsOn = 0
	if err := k.inventory.CheckSystem(ctx, tried); err != nil {
		return spec, err
	}
	is, err := k.specOf(ctx, e, y)
	is.Scope, is.RunsOn = spec.Scope, spec.RunsOn // also what is yet to be added
	return is, err
}

// Demands implements declare.Kind: the same as changing the system over the API.
func (k systemDocuments) Demands(ctx context.Context, c declare.Change[systemSpec]) ([]declare.Demand, error) {
	e, err := k.estate(ctx)
	if err != nil {
		return nil, err
	}
	was, _ := e.system(c.Name)
	if c.Is == nil {
		return []declare.Demand{{Action: "system.add", Object: inventory.Protected(was)}}, nil
	}
	is, err := k.become(ctx, e, c)
	if err != nil {
		return nil, err
	}
	change, own := "system.change", "system.owner"
	if c.Was == nil || was.Stage == inventory.Draft {
		change, own = "system.add", "system.add"
	}
	list := []declare.Demand{{Action: change, Object: inventory.Protected(is)}}
	if c.Was != nil {
		list = append(list, declare.Demand{Action: change, Object: inventory.Protected(was)})
	}
	if was.BusinessOwner != is.BusinessOwner || was.TechnicalOwner != is.TechnicalOwner {
		list = append(list, declare.Demand{Action: own, Object: inventory.Protected(was)})
	}
	if host, there := e.system(c.Is.RunsOn); there && was.RunsOn != host.ID {
		list = append(list, declare.Demand{Action: "system.read", Object: inventory.Protected(host)})
	}
	return list, nil
}

// Put implements declare.Kind.
func (k systemDocuments) Put(ctx context.Context, c declare.Change[systemSpec], _ string) error {
	e, err := k.estate(ctx)
	if err != nil {
		return err
	}
	y, err := k.become(ctx, e, c)
	if err != nil {
		return err
	}
	if c.Was != nil {
		return k.inventory.UpdateSystem(ctx, y, nil)
	}
	_, err = k.inventory.AddSystem(ctx, y, nil)
	return err
}

// Remove implements declare.Kind.
func (k systemDocuments) Remove(ctx context.Context, c declare.Change[systemSpec], _ string) error {
	y, err := k.inventory.System(ctx, c.Name)
	if err != nil {
		return err
	}
	y.Version = c.Was.Version
	return k.inventory.RemoveDraft(ctx, y)
}
