package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

const roleKind = "role"

// roleSpec is what a document says of a role.
type roleSpec struct {
	Kind        string          `json:"kind" enum:"business,technical" doc:"What somebody does here, or a bundle of entitlements for one purpose"`
	Description string          `json:"description,omitempty" maxLength:"2000"`
	Owner       string          `json:"owner" minLength:"1" maxLength:"320" example:"1017" doc:"Who answers for it: a number, or an email, login or name that only one has"`
	Parameters  []roleParameter `json:"parameters,omitempty" maxItems:"4" doc:"What an assignment has to say"`
	Parts       []rolePart      `json:"parts" minItems:"1" maxItems:"2000" doc:"What it contains"`
}

type roleParameter struct {
	Name   string   `json:"name" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" maxLength:"40" example:"region"`
	Values []string `json:"values" minItems:"1" maxItems:"200" doc:"What it may be"`
	From   string   `json:"from,omitempty" maxLength:"100" example:"identity.attributes.region" doc:"The attribute that birthright rules take it from, where they say nothing else"`
}

// rolePart is an entitlement or a role.
type rolePart struct {
	Entitlement string            `json:"entitlement,omitempty" maxLength:"700" example:"erp/Clerk" doc:"An entitlement, as SYSTEM/NAME"`
	Role        string            `json:"role,omitempty" maxLength:"100" doc:"A role"`
	With        map[string]string `json:"with,omitempty" doc:"The values that a parametric role is contained with"`
	When        map[string]string `json:"when,omitempty" doc:"Only where the parameters have these values"`
}

func (p rolePart) key() string {
	return strings.Join([]string{p.Role, role.Values(p.With).Key(), p.Entitlement, role.Values(p.When).Key()}, "\n")
}

// References implements declare.References.
func (s roleSpec) References() (list []declare.Name) {
	for _, p := range s.Parts {
		if p.Role != "" {
			list = append(list, declare.Name{Kind: roleKind, Name: p.Role})
		}
	}
	return list
}

// roleDocuments declares what roles are. A document becomes a draft, which somebody else
// reviews and publishes as any other; of drafts, only those that an operator has written
// are taken for a document's.
type roleDocuments struct {
	inventory *inventory.Service
	roles     *role.Service
}

// known is the catalog, and the drafts that are open.
type knownRoles struct {
	catalog *role.Catalog
	drafts  []role.Draft
}

func (k roleDocuments) known(ctx context.Context) (n knownRoles, err error) {
	if n.catalog, err = k.roles.Store.Catalog(ctx); err != nil {
		return n, err
	}
	n.drafts, err = k.roles.Store.Drafts(ctx, 0)
	return n, err
}

// draftOf is the open draft of a role, or else the one that is called so.
func (n knownRoles) draftOf(id access.RoleID, name string) *role.Draft {
	i := slices.IndexFunc(n.drafts, func(d role.Draft) bool { return id != 0 && d.Role == id || id == 0 && d.Name == name })
	if i < 0 {
		return nil
	}
	return &n.drafts[i]
}

// byOperators reports whether a draft is what documents said: only operators have written it.
func byOperators(d *role.Draft) bool { return allOperators(d.Authors) }

func allOperators(authors []string) bool {
	return !slices.ContainsFunc(authors, func(who string) bool { return !strings.HasPrefix(who, operatorPrefix) })
}

// List implements declare.Kind.
func (k roleDocuments) List(ctx context.Context) ([]declare.Thing[roleSpec], error) {
	n, err := k.known(ctx)
	if err != nil {
		return nil, err
	}
	var things []declare.Thing[roleSpec]
	var definitions []role.Definition
	for _, r := range n.catalog.All() {
		if r.Of != 0 {
			continue
		}
		t := declare.Thing[roleSpec]{Name: r.Name, Version: r.Version, Stays: "a published role is retired by 'writ role retire', once nobody has it"}
		d := r.Definition
		if open := n.draftOf(r.ID, ""); open != nil && byOperators(open) && open.Name == r.Name {
			t, d = ofDraftRole(t, open), open.Definition
		}
		things, definitions = append(things, t), append(definitions, d)
	}
	for i := range n.drafts {
		d := &n.drafts[i]
		if _, published := n.catalog.Role(d.Role); published || !byOperators(d) {
			continue
		}
		things, definitions = append(things, ofDraftRole(declare.Thing[roleSpec]{Name: d.Name}, d)), append(definitions, d.Definition)
	}
	specs, err := k.specs(ctx, n.catalog, definitions)
	if err != nil {
		return nil, err
	}
	for i := range things {
		things[i].Spec = specs[i]
	}
	return things, nil
}

func ofDraftRole(t declare.Thing[roleSpec], d *role.Draft) declare.Thing[roleSpec] {
	t.Version, t.Begun = d.Version, d.State == role.Written && d.Note == ""
	t.Waits = map[role.State]string{
		role.Written:  "its review has sent it back: " + d.Note,
		role.InReview: "somebody else reviews it: 'writ role review'",
		role.Approved: "it is approved: 'writ role publish' makes it count",
	}[d.State]
	return t
}

// specs writes definitions as documents do.
func (k roleDocuments) specs(ctx context.Context, c *role.Catalog, list []role.Definition) ([]roleSpec, error) {
	ids := map[access.EntitlementID]bool{}
	for _, d := range list {
		for _, p := range d.Parts {
			ids[p.Entitlement] = true
		}
	}
	delete(ids, 0)
	texts, err := k.inventory.ReferToEntitlements(ctx, slices.Collect(maps.Keys(ids)))
	if err != nil {
		return nil, err
	}
	owners := map[access.IdentityID]string{0: ""}
	specs := make([]roleSpec, len(list))
	for i, d := range list {
		if _, known := owners[d.Owner]; !known {
			if owners[d.Owner], err = k.inventory.ReferTo(ctx, d.Owner); err != nil {
				return nil, err
			}
		}
		specs[i] = roleSpec{Kind: string(d.Kind), Description: d.Description, Owner: owners[d.Owner]}
		for _, p := range d.Parameters {
			specs[i].Parameters = append(specs[i].Parameters, roleParameter(p))
		}
		for _, p := range d.Parts {
			part := rolePart{Entitlement: texts[p.Entitlement], When: p.When}
			part.Role, part.With = knownRoles{catalog: c}.named(p.Role)
			if part.Role != "" || part.Entitlement != "" {
				specs[i].Parts = append(specs[i].Parts, part)
			}
		}
		slices.SortFunc(specs[i].Parts, func(a, b rolePart) int { return cmp.Compare(a.key(), b.key()) })
	}
	return specs, nil
}

// definition is what a document makes of a role.
func (k roleDocuments) definition(ctx context.Context, n knownRoles, c declare.Change[roleSpec]) (d role.Definition, err error) {
	d = role.Definition{Name: c.Name, Kind: role.Kind(c.Is.Kind), Description: c.Is.Description}
	if d.Owner, err = k.inventory.ResolveIdentity(ctx, c.Is.Owner); err != nil {
		return d, err
	}
	for _, p := range c.Is.Parameters {
		d.Parameters = append(d.Parameters, role.Parameter{Name: p.Name, Values: slices.Clone(p.Values), From: p.From})
	}
	for _, p := range c.Is.Parts {
		part := role.Part{When: p.When}
		switch {
		case (p.Role == "") == (p.Entitlement == ""):
			return d, role.ErrPart
		case p.Role != "":
			if part.Role, err = n.published(p); err != nil {
				return d, err
			}
		default:
			if part.Entitlement, err = k.entitlement(ctx, p.Entitlement); err != nil {
				return d, err
			}
		}
		d.Parts = append(d.Parts, part)
	}
	return d, nil
}

// named is what documents call a published role: of a variant, the role and its values.
func (n knownRoles) named(id access.RoleID) (name string, with map[string]string) {
	r, there := n.catalog.Role(id)
	if !there {
		return "", nil
	}
	if of, variant := n.catalog.Role(r.Of); variant {
		return of.Name, r.Bound
	}
	return r.Name, nil
}

// published is the role, or the variant of it, that a part names.
func (n knownRoles) published(p rolePart) (access.RoleID, error) {
	r, there := n.catalog.Named(p.Role)
	if !there || r.Of != 0 {
		return 0, &declare.Later{Why: fmt.Sprintf("it names the role %q, which is not published yet", p.Role)}
	}
	if len(p.With) == 0 {
		return r.ID, nil
	}
	if id := n.variant(r.ID, p.With); id != 0 {
		return id, nil
	}
	return 0, &declare.Later{Why: fmt.Sprintf("it names the role %q with %s, which nobody was assigned yet", p.Role, role.Values(p.With))}
}

// variant is the one of a role with some values; zero is one that nobody was assigned yet.
func (n knownRoles) variant(of access.RoleID, with map[string]string) access.RoleID {
	for _, v := range n.catalog.Variants(of) {
		if v.Bound.Key() == role.Values(with).Key() {
			return v.ID
		}
	}
	return 0
}

func (k roleDocuments) entitlement(ctx context.Context, text string) (access.EntitlementID, error) {
	if _, err := access.ParseRef(text); err == nil {
		return 0, access.ErrID.With("%s is an id: name the entitlement as SYSTEM/NAME", text)
	}
	ref, err := k.inventory.ResolveTarget(ctx, text)
	if err == nil && ref.Kind != access.KindEntitlement {
		err = access.ErrID.With("%q is a %s, and no entitlement", text, ref.Kind)
	}
	return access.EntitlementID(ref.Key), err
}

// role is the one that a change is about; zero is a new one.
func (n knownRoles) role(name string) (id access.RoleID, published bool) {
	if r, there := n.catalog.Named(name); there && r.Of == 0 {
		return r.ID, true
	}
	if d := n.draftOf(0, name); d != nil {
		return d.Role, false
	}
	return 0, false
}

// Check implements declare.Kind. What somebody is writing is not written over.
func (k roleDocuments) Check(ctx context.Context, c declare.Change[roleSpec]) (roleSpec, error) {
	n, err := k.known(ctx)
	if err != nil {
		return *c.Is, err
	}
	d, err := k.definition(ctx, n, c)
	if err != nil {
		return *c.Is, err
	}
	id, _ := n.role(c.Name)
	if d, err = k.roles.CheckEdit(ctx, id, d); err != nil {
		return *c.Is, err
	}
	if d.Name != c.Name {
		return *c.Is, role.ErrName.With("write the name as %q, with single spaces", d.Name)
	}
	specs, err := k.specs(ctx, n.catalog, []role.Definition{d})
	if err != nil {
		return *c.Is, err
	}
	is := specs[0]
	if open := n.draftOf(id, c.Name); open != nil && !byOperators(open) && (c.Was == nil || !declare.Same(c.Was.Spec, is)) {
		return is, &declare.Later{Why: "somebody has an open draft of it: publish or discard that first"}
	}
	return is, nil
}

// Demands implements declare.Kind.
func (k roleDocuments) Demands(ctx context.Context, c declare.Change[roleSpec]) ([]declare.Demand, error) {
	n, err := k.known(ctx)
	if err != nil {
		return nil, err
	}
	o := policy.Object{}
	if id, published := n.role(c.Name); published {
		v := k.roles.Graph.View()
		defer v.Close()
		o.Resource, _ = policy.ObjectOf(v, id.Ref())
	}
	return []declare.Demand{{Action: "role.change", Object: o}}, nil
}

// Put implements declare.Kind.
func (k roleDocuments) Put(ctx context.Context, c declare.Change[roleSpec], _ string) error {
	n, err := k.known(ctx)
	if err != nil {
		return err
	}
	d, err := k.definition(ctx, n, c)
	if err != nil {
		return err
	}
	id, version := access.RoleID(0), int64(0)
	if c.Was != nil {
		id, _ = n.role(c.Name)
		version = c.Was.Version
	}
	if id, err = k.roles.Edit(ctx, id, version, d); err != nil {
		return err
	}
	return k.roles.Submit(ctx, id, 0)
}

// Remove implements declare.Kind: only a draft goes.
func (k roleDocuments) Remove(ctx context.Context, c declare.Change[roleSpec], _ string) error {
	n, err := k.known(ctx)
	if err != nil {
		return err
	}
	id, published := n.role(c.Name)
	if published {
		return role.ErrInUse.With("role %s stays: %s", c.Name, c.Was.Stays)
	}
	return k.roles.Discard(ctx, id, c.Was.Version)
}
