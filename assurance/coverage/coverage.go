package coverage

import (
	"cmp"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Cell names one cell of the matrix.
type Cell struct {
	System       access.SystemID
	Tier         access.Tier
	IdentityKind access.IdentityKind
	ThirdParty   bool
	Control      access.Control
}

// Counts are a cell's.
type Counts struct {
	Required, InPlace, Missing, Unknown, Excepted int64
}

// Row is one cell with its counts.
type Row struct {
	Cell
	Counts
}

// TierCount says how much access there is of one tier, and how it is held.
type TierCount struct {
	Entitlements, Grants, Standing, Eligible int64
}

// Matrix is the coverage at one revision.
type Matrix struct {
	Rev   access.Rev
	Rows  []Row
	Tiers map[access.Tier]TierCount
}

// The periods within which a credential must be changed.
const (
	rotatePrivileged = 90 * 24 * time.Hour
	rotateOther      = 365 * 24 * time.Hour
)

// counter computes a matrix over one view.
type counter struct {
	v        *graph.View
	now      access.Time
	cells    map[Cell]*Counts
	tiers    map[access.Tier]TierCount
	stale    map[systemTier]bool
	declares map[access.SystemID]bool // the system says what nobody should hold together
	toxic    map[access.IdentityID]map[access.SystemID]bool
	needs    map[needKey][]access.Requirement
	gaps     map[gapKey]access.Time // until when they are accepted; zero is open
}

// systemTier is what facts grow old by: each tier has its own cycle.
type systemTier struct {
	system access.SystemID
	tier   access.Tier
}

type needKey struct {
	tier  access.Tier
	kind  access.IdentityKind
	third bool
}

// Compute counts everything. Gaps are the findings that are not resolved.
func Compute(v *graph.View, now time.Time, gaps []Gap) Matrix {
	c := &counter{
		v: v, now: access.TimeOf(now), cells: map[Cell]*Counts{}, tiers: map[access.Tier]TierCount{}, stale: map[systemTier]bool{},
		declares: map[access.SystemID]bool{}, toxic: map[access.IdentityID]map[access.SystemID]bool{}, needs: map[needKey][]access.Requirement{},
		gaps: make(map[gapKey]access.Time, len(gaps)),
	}
	for _, g := range gaps {
		c.gaps[gapKey{g.Rule, g.Subject}] = g.Until
	}
	c.prepare()
	for a := range v.Accounts() {
		if a.Status != access.Enabled || (a.Expires != 0 && a.Expires <= c.now) {
			continue
		}
		h := c.holderOf(a)
		for g := range v.DirectGrants(a.ID.Ref()) {
			c.grant(h, g)
		}
	}
	for i := range v.Identities() {
		h := holder{kind: i.Kind, identity: &i}
		for g := range v.DirectGrants(i.ID.Ref()) {
			c.grant(h, g)
		}
	}
	return c.matrix()
}

func (c *counter) prepare() {
	for s := range c.v.Systems() {
		for _, t := range access.Tiers {
			cycle := t.Cycle(time.Duration(s.Cycle) * time.Microsecond)
			c.stale[systemTier{s.ID, t}] = s.Synced == 0 || s.Failed > s.Synced || c.now-s.Synced > access.Time(cycle.Microseconds())
		}
	}
	var pairs [][2]access.EntitlementID
	var of []access.SystemID
	for e := range c.v.Entitlements() {
		t := c.tiers[tierOf(e)]
		t.Entitlements++
		c.tiers[tierOf(e)] = t
		for _, other := range e.Conflicts {
			c.declares[e.System] = true
			pairs = append(pairs, [2]access.EntitlementID{e.ID, other})
			of = append(of, e.System)
		}
	}
	for i, n := range c.v.Both(pairs, graph.Question{}) {
		if n == 0 {
			continue
		}
		for _, id := range c.v.PairHolders(pairs[i][0], pairs[i][1], graph.Question{}) {
			if c.toxic[id] == nil {
				c.toxic[id] = map[access.SystemID]bool{}
			}
			c.toxic[id][of[i]] = true
		}
	}
}

func tierOf(e graph.EntitlementNode) access.Tier {
	if e.Tier == access.Unclassified {
		return access.Tier0 // not classified is treated as the worst
	}
	return e.Tier
}

// holder is who has a grant, with what its controls depend on.
type holder struct {
	kind       access.IdentityKind
	identity   *graph.IdentityNode
	account    *graph.AccountNode
	credential []graph.CredentialEdge
}

func (c *counter) holderOf(a graph.AccountNode) holder {
	h := holder{kind: access.Human, account: &a, credential: c.v.Credentials(a.ID)}
	if a.Kind == access.ServiceAccount {
		h.kind = access.Service
	}
	for _, id := range a.Identities {
		if i, ok := c.v.Identity(id); ok {
			h.kind, h.identity = i.Kind, &i
			break
		}
	}
	return h
}

func (c *counter) grant(h holder, g graph.GrantEdge) {
	e, ok := c.v.Entitlement(g.Entitlement)
	if !ok {
		return
	}
	tier := tierOf(e)
	t := c.tiers[tier]
	t.Grants++
	if g.Mode == access.Standing {
		t.Standing++
	} else {
		t.Eligible++
	}
	c.tiers[tier] = t
	third := h.identity != nil && h.identity.ThirdParty
	key := needKey{tier, h.kind, third}
	needs, ok := c.needs[key]
	if !ok {
		needs = access.RequiredControls(tier, h.kind, third)
		c.needs[key] = needs
	}
	for _, need := range needs {
		cell := Cell{e.System, tier, h.kind, third, need.Control}
		n := c.cells[cell]
		if n == nil {
			n = &Counts{}
			c.cells[cell] = n
		}
		n.add(c.state(need.Control, h, g, e))
	}
}

func (n *Counts) add(s access.ControlState) {
	n.Required++
	switch s {
	case access.InPlace:
		n.InPlace++
	case access.Unknown:
		n.Unknown++
	case access.Excepted:
		n.Excepted++
	case access.Missing:
		n.Missing++
	}
}

// state says whether a control is there. Of stale facts nobody knows: neither that
// a control still is there, nor that a gap still is the one that was accepted.
func (c *counter) state(control access.Control, h holder, g graph.GrantEdge, e graph.EntitlementNode) access.ControlState {
	s := c.shown(control, h, g, e)
	if s == access.Missing && len(c.gaps) > 0 && c.excepted(control, h, g, e) {
		s = access.Excepted
	}
	if (s == access.InPlace || s == access.Excepted) && c.stale[systemTier{e.System, tierOf(e)}] {
		return access.Unknown
	}
	return s
}

// shown is what facts show, whoever accepted it and however old they are.
func (c *counter) shown(control access.Control, h holder, g graph.GrantEdge, e graph.EntitlementNode) access.ControlState {
	switch control {
	case access.ControlOwner:
		return is(c.entitlementOwned(e) && c.holderOwned(h) && c.sponsored(h))
	case access.ControlSoD:
		return is(c.declares[e.System] && (h.identity == nil || !c.toxic[h.identity.ID][e.System]))
	case access.ControlExpiry:
		return is(g.End != 0 || (h.account != nil && h.account.Expires != 0) || (h.identity != nil && h.identity.ContractEnd != 0))
	case access.ControlRotate:
		return c.rotated(h, e)
	case access.ControlElevate:
		return is(g.Mode != access.Standing)
	case access.ControlReview, access.ControlVault, access.ControlIsolate, access.ControlRecord, access.ControlEnforce:
	}
	return access.Missing
}

func is(there bool) access.ControlState {
	if there {
		return access.InPlace
	}
	return access.Missing
}

func (c *counter) entitlementOwned(e graph.EntitlementNode) bool {
	owner := e.Owner
	if owner == 0 {
		s, _ := c.v.System(e.System)
		if owner = s.BusinessOwner; owner == 0 {
			owner = s.TechnicalOwner
		}
	}
	return c.there(owner)
}

func (c *counter) holderOwned(h holder) bool {
	return h.kind == access.Human || (h.identity != nil && c.there(h.identity.Owner))
}

func (c *counter) sponsored(h holder) bool {
	return h.identity == nil || !h.identity.ThirdParty || c.there(h.identity.Sponsor)
}

func (c *counter) there(id access.IdentityID) bool {
	i, ok := c.v.Identity(id)
	return ok && i.State != access.Terminated
}

// rotated: one credential that is too old decides, before one of unknown age.
func (c *counter) rotated(h holder, e graph.EntitlementNode) access.ControlState {
	if h.account == nil {
		return access.InPlace // without an account there is nothing to rotate
	}
	unknown := len(h.credential) == 0
	for _, k := range h.credential {
		if k.Changed == 0 {
			unknown = true
		} else if c.tooOld(k, periodOf(e)) {
			return access.Missing
		}
	}
	if unknown {
		return access.Unknown
	}
	return access.InPlace
}

func periodOf(e graph.EntitlementNode) time.Duration {
	if tierOf(e).Privileged() {
		return rotatePrivileged
	}
	return rotateOther
}

func (c *counter) tooOld(k graph.CredentialEdge, period time.Duration) bool {
	return c.now-k.Changed > access.Time(period.Microseconds())
}

func (c *counter) matrix() Matrix {
	m := Matrix{Rev: c.v.Rev(), Tiers: c.tiers}
	for cell, n := range c.cells {
		m.Rows = append(m.Rows, Row{cell, *n})
	}
	sortRows(m.Rows)
	return m
}

// sortRows puts cells in display order.
func sortRows(rows []Row) {
	third := func(r Row) int {
		if r.ThirdParty {
			return 1
		}
		return 0
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Tier, b.Tier),
			slices.Index(access.IdentityKinds, a.IdentityKind)-slices.Index(access.IdentityKinds, b.IdentityKind),
			third(a)-third(b), inDisplay(a.Control, b.Control))
	})
}

func inDisplay(a, b access.Control) int {
	return slices.Index(access.Controls, a) - slices.Index(access.Controls, b)
}
