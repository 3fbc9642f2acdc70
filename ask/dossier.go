package ask

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Dossier is everything about an entitlement: what it is, and what stands around it.
type Dossier struct {
	Entitlement
	Description string                    `json:"description,omitempty"`
	NativeID    string                    `json:"native_id"`
	In          Shown                     `json:"in" doc:"Its system"`
	Resource    *Shown                    `json:"resource,omitempty" doc:"What it is access to, where it names one thing"`
	Coverage    []Cell                    `json:"coverage" doc:"Of all access of this tier in its system, as counted last"`
	Contains    Neighbours                `json:"contains" doc:"What its holders have through it"`
	ContainedIn Neighbours                `json:"contained_in" doc:"Whose holders have it"`
	Conflicts   Neighbours                `json:"conflicts" doc:"What nobody should have beside it"`
	Findings    FindingLines              `json:"findings"`
	May         map[string]policy.Verdict `json:"may"`

	// Version is that of the override in force, 0 where there is none.
	Version int64 `json:"-"`
}

// Cell counts one control among holders of one sort.
type Cell struct {
	Kind       access.IdentityKind `json:"kind"`
	ThirdParty bool                `json:"third_party"`
	Control    access.Control      `json:"control"`
	Required   int64               `json:"required"`
	InPlace    int64               `json:"in_place"`
	Missing    int64               `json:"missing"`
	Unknown    int64               `json:"unknown"`
	Excepted   int64               `json:"excepted"`
}

// Neighbours are entitlements beside one: the first of them, and how many there are.
type Neighbours struct {
	Items []Neighbour `json:"items"`
	Total int         `json:"total"`
}

// Neighbour is one of them.
type Neighbour struct {
	Entitlement Shown       `json:"entitlement"`
	Tier        access.Tier `json:"tier"`
}

// maxNeighbours are listed of each sort.
const maxNeighbours = 200

// Dossier answers everything about an entitlement.
func (s *Service) Dossier(ctx context.Context, id access.EntitlementID) (*Dossier, error) {
	view := s.Graph.View()
	defer view.Close()
	node, there := view.Entitlement(id)
	if !there {
		return nil, policy.ErrNoObject
	}
	sees := s.sight(ctx, view, 0)
	what, err := s.entitlement(ctx, view, id, sees)
	if err != nil {
		return nil, err
	}
	said, err := s.Store.Entitlement(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &Dossier{
		Entitlement: *what, Description: said.Description, NativeID: said.NativeID,
		May: s.Gate.Verdicts(ctx, objectAt(view, id.Ref()), "classification.override", "entitlement.owner"),
	}
	if o := d.Override; o != nil {
		d.Version = o.Version
		d.hideDecider(sees)
	}
	if err := s.around(ctx, view, d, node, sees); err != nil {
		return nil, err
	}
	if d.Coverage, err = s.coverage(ctx, node); err != nil {
		return nil, err
	}
	d.Findings, err = s.findings(ctx, view, sees, id.Ref())
	return d, err
}

// coverage is what was counted of its tier in its system, for whoever may see that.
func (s *Service) coverage(ctx context.Context, e graph.EntitlementNode) ([]Cell, error) {
	view := s.Graph.View()
	defer view.Close()
	o := objectAt(view, e.System.Ref())
	o.Ref = access.Ref{}
	if s.Gate.Permit(ctx, "coverage.read", o) != nil {
		return []Cell{}, nil
	}
	cells, err := s.Store.Coverage(ctx, e.System, max(e.Tier, access.Tier0))
	if cells == nil {
		cells = []Cell{}
	}
	return cells, err
}

// hideDecider leaves out who decided a tier where that is somebody who may not be seen.
func (d *Dossier) hideDecider(sees Sight) {
	who, err := access.ParseRef(d.Override.By)
	if err != nil || sees(who) {
		return
	}
	for i, r := range d.Reasons {
		d.Reasons[i].Text = strings.ReplaceAll(r.Text, d.Override.By, "somebody")
	}
	hidden := *d.Override
	hidden.By = "somebody"
	d.Override = &hidden
}

// around names what stands around an entitlement.
func (s *Service) around(ctx context.Context, view *graph.View, d *Dossier, e graph.EntitlementNode, sees Sight) error {
	var contains, within []access.Ref
	for g := range view.DirectGrants(e.ID.Ref()) {
		contains = appendNew(contains, g.Entitlement.Ref())
	}
	for g := range view.DirectHolders(e.ID) {
		if g.Holder.Kind == access.KindEntitlement {
			within = appendNew(within, g.Holder)
		}
	}
	var conflicts []access.Ref
	for _, id := range e.Conflicts {
		conflicts = append(conflicts, id.Ref())
	}
	refs := []access.Ref{e.System.Ref(), e.Resource.Ref()}
	for _, list := range [][]access.Ref{contains, within, conflicts} {
		refs = append(refs, list[:min(len(list), maxNeighbours)]...)
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return err
	}
	neighbours := func(list []access.Ref) Neighbours {
		n := Neighbours{Items: []Neighbour{}, Total: len(list)}
		for _, r := range list[:min(len(list), maxNeighbours)] {
			node, _ := view.Entitlement(access.EntitlementID(r.Key))
			n.Items = append(n.Items, Neighbour{name(r), node.Tier})
		}
		return n
	}
	d.In, d.Resource = name(e.System.Ref()), name.Optional(e.Resource.Ref())
	d.Contains, d.ContainedIn, d.Conflicts = neighbours(contains), neighbours(within), neighbours(conflicts)
	return nil
}

// appendNew adds what is not the last already: a grant on several resources is one.
func appendNew(list []access.Ref, r access.Ref) []access.Ref {
	if len(list) > 0 && list[len(list)-1] == r {
		return list
	}
	return append(list, r)
}
