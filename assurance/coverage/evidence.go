package coverage

import (
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Ask says of which cells the grants are wanted, and in which state of the control.
type Ask struct {
	Control    access.Control
	State      access.ControlState
	System     access.SystemID // zero is every one that may be seen
	Tier       *access.Tier
	Kind       access.IdentityKind
	ThirdParty *bool
	Within     *Systems // nil is everywhere
	After      *Spot
	Limit      int
}

// Spot is where the grants of a page end.
type Spot struct {
	Entitlement access.EntitlementID `json:"e"`
	Holder      access.Ref           `json:"h"`
	Grant       access.GrantID       `json:"g"`
}

// Proof is one grant, and why its control counts as it does.
type Proof struct {
	Spot
	Identity   access.IdentityID // whose the holder is; zero is nobody who is known
	System     access.SystemID
	Tier       access.Tier
	Kind       access.IdentityKind
	ThirdParty bool
	Mode       access.Mode
	State      access.ControlState
	Why        string
	Owner      access.IdentityID // who answers for the entitlement
	Behind     []Gap             // the findings that say so
}

// Proven is a page of grants, with how many there are and the revision of both.
type Proven struct {
	Rev   access.Rev
	Total int64
	List  []Proof
}

// Evidence returns the grants that cells count: it is the count itself that is asked,
// grant by grant, so that there are as many as the cells say.
func (s *Service) Evidence(ctx context.Context, a Ask) (p Proven, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		if s.last, err = s.measure(ctx, access.TimeOf(s.now())); err != nil {
			return p, fmt.Errorf("measuring coverage: %w", err)
		}
	}
	return s.last.evidence(a), nil
}

func (m *measurement) evidence(a Ask) Proven {
	e := proving{m: m, ask: a, stale: m.stale(), within: map[access.SystemID]bool{}}
	if a.Within != nil {
		for _, id := range *a.Within {
			e.within[id] = true
		}
	}
	p := Proven{Rev: m.v.Rev()}
	for cell, n := range m.cells {
		if e.cell(cell) {
			p.Total += e.settled(cell, n).of(a.State)
		}
	}
	ids := make([]access.EntitlementID, 0)
	for id := range m.held {
		if a.After == nil || id >= a.After.Entitlement {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		if len(p.List) == a.Limit {
			break
		}
		if e.any(id) {
			p.List = e.grants(id, p.List)
		}
	}
	return p
}

// of is the count of one state.
func (n Counts) of(s access.ControlState) int64 {
	switch s {
	case access.InPlace:
		return n.InPlace
	case access.Unknown:
		return n.Unknown
	case access.Excepted:
		return n.Excepted
	case access.Missing:
	}
	return n.Missing
}

// proving looks at a measurement grant by grant.
type proving struct {
	m      *measurement
	ask    Ask
	stale  map[systemTier]bool
	within map[access.SystemID]bool
}

// cell reports whether a cell is asked for.
func (e *proving) cell(c Cell) bool {
	a := e.ask
	return c.Control == a.Control && (a.System == 0 || a.System == c.System) && (a.Tier == nil || *a.Tier == c.Tier) &&
		(a.Kind == "" || a.Kind == c.IdentityKind) && (a.ThirdParty == nil || *a.ThirdParty == c.ThirdParty) &&
		(a.Within == nil || e.within[c.System])
}

// settled are a cell's counts as the matrix shows them.
func (e *proving) settled(c Cell, n Counts) Counts {
	if e.stale[systemTier{c.System, c.Tier}] {
		n.Unknown += n.InPlace + n.Excepted
		n.InPlace, n.Excepted = 0, 0
	}
	return n
}

// state is how a control counts for grants of a profile; false is not asked for.
func (e *proving) state(s site, p profile) (access.ControlState, bool) {
	if !e.cell(Cell{s.system, s.tier, p.kind(), p.has(ofThirdParty), e.ask.Control}) {
		return "", false
	}
	if !slices.ContainsFunc(access.RequiredControls(s.tier, p.kind(), p.has(ofThirdParty)), func(r access.Requirement) bool { return r.Control == e.ask.Control }) {
		return "", false
	}
	is := s.state(e.ask.Control, p)
	if e.stale[systemTier{s.system, s.tier}] && (is == access.InPlace || is == access.Excepted) {
		is = access.Unknown
	}
	return is, is == e.ask.State
}

// any reports whether an entitlement has grants that are asked for, without a look at
// each of them.
func (e *proving) any(id access.EntitlementID) bool {
	return slices.ContainsFunc(e.m.held[id].all(), func(c counted) bool {
		_, asked := e.state(e.m.sites[id], c.profile)
		return asked
	})
}

func (e *proving) grants(id access.EntitlementID, list []Proof) []Proof {
	m, s := e.m, e.m.sites[id]
	of, _ := m.v.Entitlement(id)
	for g := range m.v.DirectHolders(id) {
		if a := e.ask.After; a != nil && id == a.Entitlement && !behind(g, *a) {
			continue
		}
		h, counts := m.holderOf(g.Holder)
		if !counts {
			continue
		}
		p := m.profile(h, g, s.system)
		is, asked := e.state(s, p)
		if !asked {
			continue
		}
		list = append(list, Proof{
			Spot: Spot{id, g.Holder, g.ID}, Identity: h.identity, System: s.system, Tier: s.tier, Kind: p.kind(), ThirdParty: p.has(ofThirdParty),
			Mode: g.Mode, State: is, Why: s.why(e.ask.Control, p, is),
			Owner: m.ownerOf(of), Behind: m.behind(e.ask.Control, h, g, of, p),
		})
		if len(list) == e.ask.Limit {
			break
		}
	}
	return list
}

// behind reports whether a grant comes after a spot of its entitlement.
func behind(g graph.GrantEdge, s Spot) bool {
	if g.Holder != s.Holder {
		return g.Holder.Kind > s.Holder.Kind || g.Holder.Kind == s.Holder.Kind && g.Holder.Key > s.Holder.Key
	}
	return g.ID > s.Grant
}
