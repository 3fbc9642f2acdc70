package analytics

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// ErrNotCompared is asking for the peers of whom nobody is compared with.
var ErrNotCompared = fault.New(fault.NotFound, "analytics-peers", "peers are people who may hold access, and this is none of them")

// Comparison is who somebody's peers are, and which of them have an entitlement.
type Comparison struct {
	Rev     access.Rev
	Group   []Trait
	Share   float64 // that being alike in this explains
	Peers   []Peer  // a part of them, those who have it first
	All     int     // peers there are, without whom it is about
	Having  int     // of these
	Company int     // people who have it, wherever they are
	Usual   []GroupHaving
}

// Peer is one of somebody's peers.
type Peer struct {
	Identity access.IdentityID
	Has      bool
}

// GroupHaving is how many of a peer group have an entitlement.
type GroupHaving struct {
	Group  []Trait
	People int
	Having int
}

// usualGroups is how many of the groups are told in which something is held most.
const usualGroups = 5

// CompareQuestion asks for somebody's peers about one entitlement.
type CompareQuestion struct {
	Identity    access.IdentityID
	Entitlement access.EntitlementID
	Reach       policy.Reach
	From, Limit int
}

// Compare says who somebody is compared with about an entitlement, and where it is usual.
func (s *Service) Compare(ctx context.Context, q CompareQuestion) (Comparison, error) {
	st, err := s.standing(ctx)
	if err != nil {
		return Comparison{}, err
	}
	e, there := st.v.Entitlement(q.Entitlement)
	if !there || !q.Reach.Has(e.System) {
		return Comparison{}, ErrNoSuchOne.With("there is no entitlement %s", q.Entitlement)
	}
	if q.Identity <= 0 || q.Identity > maxKey || !st.p.people.Contains(uint32(q.Identity)) { //nolint:gosec // checked
		return Comparison{}, ErrNotCompared
	}
	return st.compare(uint32(q.Identity), q), nil //nolint:gosec // the population has it
}

func (s *standing) compare(who uint32, q CompareQuestion) Comparison {
	h := s.holding(q.Entitlement)
	at := s.at(who)
	g := s.chain[at.grouping]
	c := Comparison{Rev: s.rev, Group: s.traits(at), Share: round(g.explained), Company: int(h.people.GetCardinality())} //nolint:gosec // people fit into memory
	var having, others []Peer
	for key := range each(s.p.people) {
		switch {
		case key == who || g.of[key] != at.group:
		case h.people.Contains(key):
			having = append(having, Peer{access.IdentityID(key), true})
		default:
			others = append(others, Peer{Identity: access.IdentityID(key)})
		}
	}
	c.All, c.Having = len(having)+len(others), len(having)
	list := append(having, others...)
	c.Peers = list[min(q.From, len(list)):]
	if q.Limit > 0 && len(c.Peers) > q.Limit {
		c.Peers = c.Peers[:q.Limit]
	}
	c.Usual = s.mostHaving(h, at)
	return c
}

// holding is who has an entitlement; nobody, where nobody does.
func (s *Peers) holding(id access.EntitlementID) holding {
	if i := slices.IndexFunc(s.held, func(h holding) bool { return h.entitlement == id }); i >= 0 {
		return s.held[i]
	}
	return holding{entitlement: id, people: bitmapOf(nil)}
}

// mostHaving are the other groups in which most have something, the largest share first.
func (s *Peers) mostHaving(h holding, but place) []GroupHaving {
	t := s.tally()
	t.count(h)
	finest := uint8(len(s.chain) - 1) //nolint:gosec // mostAttributes at most
	list := []GroupHaving{}
	for _, at := range t.marked {
		if at.grouping == finest && finest > 0 && at != but {
			list = append(list, GroupHaving{s.traits(at), s.size(at), t.have(at)})
		}
	}
	slices.SortStableFunc(list, func(a, b GroupHaving) int {
		return cmp.Or(cmp.Compare(b.Having*a.People, a.Having*b.People), cmp.Compare(b.Having, a.Having))
	})
	return list[:min(usualGroups, len(list))]
}
