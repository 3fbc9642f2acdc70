package role

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Teller tells of roles in words, to whoever may see what.
type Teller struct {
	*Service
	Names ask.Names
}

// PartLine is a part of a role.
type PartLine struct {
	Part ask.Shown `json:"part"`
	When Values    `json:"when,omitempty"`
}

// VariantLine is a variant of a role.
type VariantLine struct {
	ID     access.RoleID `json:"id"`
	Values Values        `json:"values"`
	People int           `json:"people"`
}

// VersionLine is one version of a role.
type VersionLine struct {
	Number   int         `json:"number"`
	Since    access.Time `json:"since"`
	Authors  []string    `json:"authors" doc:"Who wrote it: ids of people, or a name of a node"`
	Reviewer string      `json:"reviewer"`
	Name     string      `json:"name"`
	Parts    int         `json:"parts"`
}

// Told is a definition in words.
type Told struct {
	Name        string      `json:"name"`
	Kind        Kind        `json:"kind"`
	Description string      `json:"description,omitempty"`
	Owner       *ask.Shown  `json:"owner,omitempty"`
	Parameters  []Parameter `json:"parameters"`
	Parts       []PartLine  `json:"parts"`
}

// DraftShown is an open draft.
type DraftShown struct {
	Told
	Version  int64       `json:"version" doc:"As If-Match wants it, without the quotes"`
	State    State       `json:"state" enum:"draft,review,approved"`
	Base     int         `json:"base" doc:"The number of the version that it was made from; 0 is a new role"`
	Authors  []string    `json:"authors"`
	Reviewer string      `json:"reviewer,omitempty"`
	Note     string      `json:"note,omitempty" doc:"What the reviewer said"`
	Since    access.Time `json:"since"`
}

// Shown is a role with all that there is to it.
type Shown struct {
	Revision     access.Rev                `json:"revision"`
	ID           access.RoleID             `json:"id"`
	Version      int64                     `json:"version" doc:"As If-Match wants it, without the quotes: of the open draft, where there is one"`
	Published    *Told                     `json:"published,omitempty"`
	Of           access.RoleID             `json:"of,omitzero" doc:"Of a variant: the role that it is of"`
	Bound        Values                    `json:"bound,omitempty"`
	Entitlements int                       `json:"entitlements"`
	People       int                       `json:"people"`
	Variants     []VariantLine             `json:"variants"`
	ContainedIn  []ask.Shown               `json:"contained_in"`
	Rules        []string                  `json:"rules" doc:"Birthright rules that give it"`
	Versions     []VersionLine             `json:"versions" doc:"The newest first"`
	Draft        *DraftShown               `json:"draft,omitempty"`
	Writers      map[string]ask.Shown      `json:"writers" doc:"Who is meant by the ids of people among authors and reviewers"`
	May          map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do to it, and if not, why not"`
}

// people are those who have a role by assignments, containing roles followed.
func people(v *graph.View, id access.RoleID) int {
	return int(v.Members([]access.Ref{id.Ref()}, graph.Question{}).Identities.GetCardinality()) //nolint:gosec // identities have 32 bits
}

// Show tells of one role, published or not.
func (t *Teller) Show(ctx context.Context, id access.RoleID, sees ask.Sight) (*Shown, error) {
	c, err := t.Store.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	drafts, err := t.Store.Drafts(ctx, id)
	if err != nil {
		return nil, err
	}
	versions, err := t.Store.Versions(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(drafts)+len(versions) == 0 {
		return nil, ErrNotFound
	}
	rules, err := t.rules(ctx)
	if err != nil {
		return nil, err
	}
	v := t.Graph.View()
	defer v.Close()
	s := &Shown{Revision: v.Rev(), ID: id, Variants: []VariantLine{}, ContainedIn: []ask.Shown{}, Rules: []string{}, Versions: versionLines(versions), Writers: map[string]ask.Shown{}}
	r, published := c.Role(id)
	var defs []Definition
	var over []access.Ref
	if published {
		s.Version, s.Of, s.Bound, s.Entitlements, s.People = r.Version, r.Of, r.Bound, len(c.Given(id)), people(v, id)
		defs = append(defs, r.Definition)
		for _, x := range c.Variants(id) {
			s.Variants = append(s.Variants, VariantLine{x.ID, x.Bound, people(v, x.ID)})
		}
		for _, x := range c.containers(id) {
			over = append(over, x.ID.Ref())
		}
	}
	for _, d := range drafts {
		s.Version = d.Version
		defs = append(defs, d.Definition)
	}
	for _, rule := range rules {
		if rule.gives(id) {
			s.Rules = append(s.Rules, rule.Name)
		}
	}
	wrote := writers(versions, drafts)
	name, err := ask.NamesOf(ctx, t.Names, sees, slices.Concat(refsOf(defs), over, wrote))
	if err != nil {
		return nil, err
	}
	for _, ref := range wrote {
		s.Writers[ref.String()] = name(ref)
	}
	for _, ref := range over {
		s.ContainedIn = append(s.ContainedIn, name(ref))
	}
	if published {
		told := told(r.Definition, name)
		s.Published = &told
	}
	for _, d := range drafts {
		s.Draft = &DraftShown{told(d.Definition, name), d.Version, d.State, d.Base, d.Authors, d.Reviewer, d.Note, d.Since}
	}
	return s, nil
}

func versionLines(versions []Role) []VersionLine {
	lines := []VersionLine{}
	for _, r := range versions {
		if n := len(lines); n > 0 && lines[n-1].Number == r.Number {
			lines = lines[:n-1] // its owner changed meanwhile: it began with the earlier row
		}
		lines = append(lines, VersionLine{r.Number, r.Since, r.Authors, r.Reviewer, r.Name, len(r.Parts)})
	}
	return lines
}

// writers are the people among those who wrote or reviewed; the rest are names of nodes.
func writers(versions []Role, drafts []Draft) (refs []access.Ref) {
	var names []string
	for _, r := range versions {
		names = append(append(names, r.Authors...), r.Reviewer)
	}
	for _, d := range drafts {
		names = append(append(names, d.Authors...), d.Reviewer)
	}
	for _, text := range names {
		if ref, err := access.ParseRef(text); err == nil && ref.Kind == access.KindIdentity && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// refsOf are the objects that definitions speak of.
func refsOf(defs []Definition) (refs []access.Ref) {
	for _, d := range defs {
		refs = append(refs, d.Owner.Ref())
		for _, p := range d.Parts {
			refs = append(refs, p.ref())
		}
	}
	return refs
}

// ref is what a part is.
func (p Part) ref() access.Ref {
	if p.Role != 0 {
		return p.Role.Ref()
	}
	return p.Entitlement.Ref()
}

func told(d Definition, name ask.Namer) Told {
	t := Told{Name: d.Name, Kind: d.Kind, Description: d.Description, Owner: name.Optional(d.Owner.Ref()), Parameters: d.Parameters, Parts: []PartLine{}}
	if t.Parameters == nil {
		t.Parameters = []Parameter{}
	}
	for _, p := range d.Parts {
		t.Parts = append(t.Parts, PartLine{name(p.ref()), p.When})
	}
	return t
}
