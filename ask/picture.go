package ask

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// The bounds of a picture.
const (
	MaxNodes   = 300    // nodes and groups
	openedPage = 50     // nodes that an opened group shows
	maxReached = 20_000 // objects that are walked to
)

// Drawing is what of a picture is asked for.
type Drawing struct {
	Escalation bool
	Depth      int      // steps that are drawn
	Open       []string // groups to open, by key
}

// Picture is the access graph of one identity, toward what it has, or of one
// entitlement, toward whoever has it. Edges lead the way access goes.
type Picture struct {
	Revision access.Rev `json:"revision"`
	Of       string     `json:"of" doc:"The key of the node that it is of"`
	Nodes    []Node     `json:"nodes"`
	Groups   []Group    `json:"groups"`
	Edges    []Edge     `json:"edges"`
	Text     []string   `json:"text" doc:"The same in sentences, in order"`
	Reached  int        `json:"reached" doc:"How many objects are in it, in nodes and in groups"`
	More     bool       `json:"more,omitempty" doc:"There are more than were counted"`
}

// Node is one object.
type Node struct {
	Key       string       `json:"key"`
	Object    Shown        `json:"object"`
	Over      graph.Over   `json:"over,omitempty" enum:"grant,become,control" doc:"Of a system: whether all that it gives, all of its accounts, or the whole of it is meant"`
	Tier      *access.Tier `json:"tier,omitempty"`
	Mode      access.Mode  `json:"mode"`
	Escalated bool         `json:"escalated,omitempty" doc:"Only by becoming somebody else"`
	Group     string       `json:"group,omitempty" doc:"The opened group that it is of"`
}

// Group is many alike objects. An opened one is what of it is not shown.
type Group struct {
	Key    string       `json:"key"`
	Kind   string       `json:"kind" doc:"What its members are"`
	Label  string       `json:"label"`
	Count  int          `json:"count"`
	Tier   *access.Tier `json:"tier,omitempty"`
	System string       `json:"system,omitempty"`
	Unit   string       `json:"unit,omitempty"`
	Mode   access.Mode  `json:"mode" doc:"The strongest among its members"`
	Hidden bool         `json:"hidden,omitempty" doc:"Its members are not yours to see"`
	Next   string       `json:"next,omitempty" doc:"What to open for the next of its members"`
}

// Edge leads from one node or group to another.
type Edge struct {
	From  string      `json:"from"`
	To    string      `json:"to"`
	Kind  string      `json:"kind" enum:"account,opening,grant,nesting,role,inclusion,role_gives,impersonate,grant_access,host"`
	Mode  access.Mode `json:"mode"`
	Count int         `json:"count" doc:"How many edges between members it stands for"`
}

// Picture draws the access graph of an identity or of an entitlement.
func (s *Service) Picture(ctx context.Context, of access.Ref, d Drawing) (*Picture, error) {
	view := s.Graph.View()
	defer view.Close()
	c, err := s.canvas(ctx, view, of, d)
	if err != nil {
		return nil, err
	}
	return c.draw(), nil
}

func (s *Service) canvas(ctx context.Context, view *graph.View, of access.Ref, d Drawing) (*canvas, error) {
	q := graph.Question{Escalation: d.Escalation}
	c := &canvas{view: view, depth: d.Depth}
	if of.Kind == access.KindIdentity {
		c.walk, c.sees = view.From(of, q, maxReached), s.sight(ctx, view, access.IdentityID(of.Key))
	} else {
		c.walk, c.sees = view.Into(of, q, maxReached), s.sight(ctx, view, 0)
	}
	if err := c.lookUp(ctx, s); err != nil {
		return nil, err
	}
	c.group(d.Open)
	return c, nil
}

// canvas is a picture being made: places, and which node or group each is in.
type canvas struct {
	walk  graph.Walk
	view  *graph.View
	depth int
	sees  Sight

	name  Namer
	units map[access.IdentityID]string

	in     []string          // of each place, the key of its node or group
	alone  []bool            // of each place, whether it is a node
	groups map[string]*Group // by key
	of     map[string]string // of a node's key, the opened group
}

// lookUp finds the names of what is near enough to be drawn and may be seen.
func (c *canvas) lookUp(ctx context.Context, s *Service) error {
	var refs []access.Ref
	var people []access.IdentityID
	for _, p := range c.walk.Places {
		if p.Depth > c.depth || !c.sees(p.Ref) {
			continue
		}
		refs = append(refs, p.Ref)
		if p.Ref.Kind == access.KindIdentity {
			people = append(people, access.IdentityID(p.Ref.Key))
		}
	}
	var err error
	if c.name, err = s.names(ctx, c.sees, refs); err != nil {
		return err
	}
	c.units, err = s.Store.Units(ctx, people)
	return err
}

// strongest is the mode that counts for most among those of a set.
func strongest(modes uint8) access.Mode {
	for _, m := range []access.Mode{access.Standing, access.Activated} {
		if modes&(1<<m) != 0 {
			return m
		}
	}
	return access.Eligible
}

// draw puts nodes, groups and edges in order: as they were come to.
func (c *canvas) draw() *Picture {
	p := &Picture{Revision: c.walk.Rev, Nodes: []Node{}, Groups: []Group{}, Reached: len(c.walk.Places), More: c.walk.Cut}
	drawn := map[string]bool{}
	for i, place := range c.walk.Places {
		key := c.in[i]
		if drawn[key] {
			continue
		}
		drawn[key] = true
		if c.alone[i] {
			n := Node{Key: key, Object: c.name(place.Ref), Over: place.Over, Mode: strongest(place.Modes), Escalated: place.Escalated, Group: c.of[key]}
			n.Tier = c.tier(place.Ref)
			p.Nodes = append(p.Nodes, n)
		} else {
			p.Groups = append(p.Groups, *c.groups[key])
		}
	}
	if len(c.in) > 0 {
		p.Of = c.in[0]
	}
	p.Edges = c.edges()
	p.Text = tell(p)
	return p
}

// edges are those between nodes and groups, in the order of where they begin.
func (c *canvas) edges() []Edge {
	counts, order := map[Edge]int{}, map[string]int{}
	for i, key := range c.in {
		if _, known := order[key]; !known {
			order[key] = i
		}
	}
	for _, l := range c.walk.Links {
		if from, to := c.in[l.From], c.in[l.To]; from != to {
			counts[Edge{From: from, To: to, Kind: l.Kind.String(), Mode: l.Mode}]++
		}
	}
	list := make([]Edge, 0, len(counts))
	for e, n := range counts {
		e.Count = n
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(order[a.From], order[b.From]), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Mode, b.Mode), cmp.Compare(order[a.To], order[b.To]))
	})
	return list
}

// tier is an entitlement's; others have none.
func (c *canvas) tier(r access.Ref) *access.Tier {
	if r.Kind != access.KindEntitlement {
		return nil
	}
	e, _ := c.view.Entitlement(access.EntitlementID(r.Key))
	return &e.Tier
}
