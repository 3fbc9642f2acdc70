package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// policySpec is what a document says of policies of the organisation's own.
type policySpec struct {
	Description string `json:"description,omitempty" maxLength:"500"`
	Text        string `json:"text" maxLength:"262144" example:"@id(\"house.frozen\")\n@reason(\"no system is added until the move is over\")\nforbid (principal, action == Action::\"system.add\", resource in Scope::\"Europe\");\n" doc:"Policies in Cedar. Each @id begins with the document's name; each observes until it says @mode(\"enforce\"). Scopes, systems, sources, roles, people and entitlements are named as other documents name them"`
}

// declaredTypes are the kinds of documents that policies name things of.
var declaredTypes = map[policy.Type]string{policy.ScopeType: scopeKind, policy.SystemType: "system", policy.SourceType: "source", policy.RoleType: roleKind}

// References implements declare.References.
func (s policySpec) References() (list []declare.Name) {
	_, _ = policy.Rename(s.Text, func(of policy.Type, called string) (string, error) {
		n := declare.Name{Kind: declaredTypes[of], Name: called}
		if _, err := access.ParseRef(called); err != nil && n.Kind != "" && !slices.Contains(list, n) {
			list = append(list, n)
		}
		return called, nil
	})
	return list
}

// policyDocuments declares the organisation's own policies. A document becomes a draft,
// which somebody else publishes as any other; of drafts, only those that an operator has
// written are taken for a document's.
type policyDocuments struct {
	policies  *policy.Documents
	inventory *inventory.Service
	scopes    policy.Scopes
	roles     roleDocuments
}

// entities are what policies name things by, and what documents do.
type entities struct {
	k     policyDocuments
	ctx   context.Context //nolint:containedctx // it is one look
	names map[policy.Type]map[string]string
	ids   map[policy.Type]map[string]string
}

func (k policyDocuments) entities(ctx context.Context) (*entities, error) {
	e := &entities{k: k, ctx: ctx, names: map[policy.Type]map[string]string{}, ids: map[policy.Type]map[string]string{}}
	scopes, err := k.scopes.Store.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range scopes {
		e.are(policy.ScopeType, x.ID.String(), x.Name)
	}
	systems, err := k.inventory.Systems(ctx)
	if err != nil {
		return nil, err
	}
	for _, y := range systems {
		e.are(policy.SystemType, y.ID.String(), y.Name)
	}
	sources, err := k.inventory.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range sources {
		e.are(policy.SourceType, x.ID.String(), x.Name)
	}
	n, err := k.roles.known(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range n.catalog.All() {
		e.are(policy.RoleType, r.ID.String(), r.Name)
	}
	return e, nil
}

func (e *entities) are(of policy.Type, id, name string) {
	if e.names[of] == nil {
		e.names[of], e.ids[of] = map[string]string{}, map[string]string{}
	}
	e.names[of][id], e.ids[of][name] = name, id
}

// named writes a text with names. What has none, or is gone, keeps its id.
func (e *entities) named(text string) (string, error) {
	return policy.Rename(text, func(of policy.Type, called string) (string, error) {
		ref, err := access.ParseRef(called)
		if err != nil {
			return called, nil //nolint:nilerr // it is no id
		}
		name := e.names[of][called]
		switch of {
		case policy.IdentityType:
			name, _ = e.k.inventory.ReferTo(e.ctx, access.IdentityID(ref.Key)) // one that cannot be told apart
		case policy.EntitlementType:
			id := access.EntitlementID(ref.Key)
			texts, _ := e.k.inventory.ReferToEntitlements(e.ctx, []access.EntitlementID{id})
			name = texts[id]
		default:
		}
		if name == "" {
			name = called
		}
		return name, nil
	})
}

// identified writes a text with ids. An id is left only where the text that there is has it,
// and a name of nothing only where that may yet come.
func (e *entities) identified(text, was string, missing func(of policy.Type, called string) error) (string, error) {
	return policy.Rename(text, func(of policy.Type, called string) (id string, err error) {
		if _, err := access.ParseRef(called); err == nil {
			if strings.Contains(was, `"`+called+`"`) {
				return called, nil
			}
			return "", access.ErrID.With("%s::%q is an id, which means something else in another installation: write the name", of, called)
		}
		switch of {
		case policy.IdentityType:
			var who access.IdentityID
			who, err = e.k.inventory.ResolveIdentity(e.ctx, called)
			return who.String(), err
		case policy.EntitlementType:
			var what access.EntitlementID
			what, err = e.k.roles.entitlement(e.ctx, called)
			return what.String(), err
		default:
		}
		if declaredTypes[of] == "" {
			return called, nil
		}
		if id, there := e.ids[of][called]; there {
			return id, nil
		}
		return called, missing(of, called)
	})
}

// List implements declare.Kind.
func (k policyDocuments) List(ctx context.Context) ([]declare.Thing[policySpec], error) {
	list, err := k.policies.List(ctx)
	if err != nil {
		return nil, err
	}
	e, err := k.entities(ctx)
	if err != nil {
		return nil, err
	}
	var things []declare.Thing[policySpec]
	for _, d := range list {
		t := declare.Thing[policySpec]{Name: d.Name(), Version: d.Version()}
		w := policy.Written{}
		if d.InForce() {
			w, t.Stays = d.Published.Written, "what is published is retired by 'writ policy retire', and somebody else publishes that"
		}
		if d.Draft != nil && d.Draft.Retires {
			t.Waits = "it is to be retired, once somebody else publishes that"
		} else if d.Draft != nil && allOperators(d.Draft.Authors) {
			w, t.Waits = d.Draft.Written, "somebody else publishes it: 'writ policy publish'"
		} else if !d.InForce() {
			continue
		}
		t.Spec.Description = w.Description
		if t.Spec.Text, err = e.named(w.Text); err != nil {
			return nil, err
		}
		things = append(things, t)
	}
	return things, nil
}

// Check implements declare.Kind. What somebody is writing is not written over.
func (k policyDocuments) Check(ctx context.Context, c declare.Change[policySpec]) (policySpec, error) {
	e, err := k.entities(ctx)
	if err != nil {
		return *c.Is, err
	}
	text, err := e.identified(c.Is.Text, was(c), func(of policy.Type, called string) error {
		if of == policy.RoleType {
			return &declare.Later{Why: fmt.Sprintf("it names the role %q, which is not published yet", called)}
		}
		return nil // it is declared, too
	})
	if err != nil {
		return *c.Is, err
	}
	w, err := k.policies.Check(ctx, c.Name, policy.Written{Description: c.Is.Description, Text: text, Reason: "declared"})
	if err != nil {
		return *c.Is, err
	}
	is := policySpec{Description: w.Description}
	if is.Text, err = e.named(w.Text); err != nil {
		return is, err
	}
	d, err := k.policies.Find(ctx, c.Name)
	if err == nil && d.Draft != nil && (d.Draft.Retires || !allOperators(d.Draft.Authors)) && (c.Was == nil || !declare.Same(c.Was.Spec, is)) {
		return is, &declare.Later{Why: "somebody has an open draft of it: publish or discard that first"}
	}
	return is, nil
}

func was(c declare.Change[policySpec]) string {
	if c.Was == nil {
		return ""
	}
	return c.Was.Spec.Text
}

// Demands implements declare.Kind.
func (k policyDocuments) Demands(ctx context.Context, c declare.Change[policySpec]) ([]declare.Demand, error) {
	o := policy.Object{}
	if d, err := k.policies.Find(ctx, c.Name); err == nil {
		o.Ref = d.ID().Ref()
	}
	return []declare.Demand{{Action: "policy.change", Object: o}}, nil
}

// Put implements declare.Kind.
func (k policyDocuments) Put(ctx context.Context, c declare.Change[policySpec], reason string) error {
	e, err := k.entities(ctx)
	if err != nil {
		return err
	}
	text, err := e.identified(c.Is.Text, was(c), func(of policy.Type, called string) error {
		return policy.ErrPolicy.With("there is no %s called %q", declaredTypes[of], called)
	})
	if err != nil {
		return err
	}
	version := int64(policy.Anew)
	if c.Was != nil {
		version = c.Was.Version
	}
	_, err = k.policies.Write(ctx, c.Name, version, policy.Written{Description: c.Is.Description, Text: text, Reason: reason})
	return err
}

// Remove implements declare.Kind: only a draft goes.
func (k policyDocuments) Remove(ctx context.Context, c declare.Change[policySpec], reason string) error {
	return k.policies.Discard(ctx, c.Name, c.Was.Version, reason)
}
