package analytics

import (
	"context"
	"iter"
	"runtime"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// holding is who of the population has an entitlement, in any way but by becoming
// somebody else.
type holding struct {
	entitlement access.EntitlementID
	system      access.SystemID
	tier        access.Tier
	people      *roaring.Bitmap
}

func each(set *roaring.Bitmap) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i := set.Iterator(); i.HasNext(); {
			if !yield(i.Next()) {
				return
			}
		}
	}
}

// holdings are who has what, for each entitlement that anybody has.
func holdings(ctx context.Context, v *graph.View, p *population) ([]holding, error) {
	var all []holding
	for e := range v.Entitlements() {
		all = append(all, holding{entitlement: e.ID, system: e.System, tier: tierOf(e)})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range all {
		g.Go(func() error {
			h := &all[i]
			h.people = roaring.And(v.Members([]access.Ref{h.entitlement.Ref()}, graph.Question{}).Identities, p.people)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	kept := all[:0]
	for _, h := range all {
		if !h.people.IsEmpty() {
			kept = append(kept, h)
		}
	}
	return kept, nil
}

// Peers is everybody in their peer groups, with who has what, at one revision.
type Peers struct {
	v     *graph.View
	rev   access.Rev
	p     *population
	held  []holding
	chain []*grouping
	least int
}

// place is somebody's peer group: which grouping, and which group of it.
type place struct {
	grouping uint8
	group    uint32
}

// at is somebody's finest peer group.
func (s *Peers) at(key uint32) place {
	for i := len(s.chain) - 1; i > 0; i-- {
		if n := s.chain[i].of[key]; n != 0 {
			return place{uint8(i), n} //nolint:gosec // mostAttributes at most
		}
	}
	return place{0, 1}
}

func (s *Peers) size(at place) int { return s.chain[at.grouping].sizes[at.group] }

// traits are what a peer group is alike in.
func (s *Peers) traits(at place) []Trait {
	g := s.chain[at.grouping]
	return s.p.traits(g.columns, g.member[at.group])
}

// Explained says how well a grouping explains who has what.
type Explained struct {
	Attributes []string `json:"attributes" doc:"What a group is alike in"`
	Groups     int      `json:"groups"`
	People     int      `json:"people" doc:"How many are in these groups; the others have the peers of the next coarser ones"`
	Share      float64  `json:"share" doc:"Of what there is to say about who has what, how much their peers say"`
}

// Explained are the groupings that were chosen, the coarsest first.
func (s *Peers) Explained() []Explained {
	list := []Explained{}
	for _, g := range s.chain[1:] {
		x := Explained{Groups: len(g.sizes) - 1, Share: round(g.explained)}
		for _, c := range g.columns {
			x.Attributes = append(x.Attributes, c.name)
		}
		for _, n := range g.sizes {
			x.People += n
		}
		list = append(list, x)
	}
	return list
}

// tally counts, of each peer group, who has one entitlement.
type tally struct {
	s      *Peers
	counts [][]int32 // by grouping and group
	marked []place
}

func (s *Peers) tally() *tally {
	t := &tally{s: s}
	for _, g := range s.chain {
		t.counts = append(t.counts, make([]int32, len(g.sizes)))
	}
	return t
}

// count counts one entitlement, and forgets the one before.
func (t *tally) count(h holding) {
	for _, m := range t.marked {
		t.counts[m.grouping][m.group] = 0
	}
	t.marked = t.marked[:0]
	for key := range each(h.people) {
		for i, g := range t.s.chain {
			n := g.of[key]
			if n == 0 {
				continue
			}
			if t.counts[i][n]++; t.counts[i][n] == 1 {
				t.marked = append(t.marked, place{uint8(i), n}) //nolint:gosec // mostAttributes at most
			}
		}
	}
}

// have is how many of a group have it.
func (t *tally) have(at place) int { return int(t.counts[at.grouping][at.group]) }
