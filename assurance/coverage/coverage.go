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
	Held  []Held // the same by system
}

// Held says how much access of one tier a system gives, and how it is held.
type Held struct {
	System access.SystemID
	Tier   access.Tier
	TierCount
}

// Compute counts everything. Gaps are the findings that are not resolved, and kept is what
// safes have.
func Compute(v *graph.View, now time.Time, gaps []Gap, kept ...InSafe) Matrix {
	by := map[access.AccountID][]InSafe{}
	for _, k := range kept {
		by[k.Account] = append(by[k.Account], k)
	}
	return measure(v, access.TimeOf(now), gaps, by).matrix()
}

// matrix is the count with what is known of nothing but stale facts taken as not
// known: neither that a control still is there, nor that a gap still is the one
// that was accepted.
func (m *measurement) matrix() Matrix {
	stale := m.stale()
	matrix := Matrix{Rev: m.v.Rev(), Tiers: map[access.Tier]TierCount{}}
	for cell, n := range m.cells {
		if stale[systemTier{cell.System, cell.Tier}] {
			n.Unknown += n.InPlace + n.Excepted
			n.InPlace, n.Excepted = 0, 0
		}
		matrix.Rows = append(matrix.Rows, Row{cell, n})
	}
	sortRows(matrix.Rows)
	for at, n := range m.tiers {
		if n == (TierCount{}) {
			continue
		}
		t := matrix.Tiers[at.tier]
		matrix.Tiers[at.tier] = TierCount{t.Entitlements + n.Entitlements, t.Grants + n.Grants, t.Standing + n.Standing, t.Eligible + n.Eligible}
		matrix.Held = append(matrix.Held, Held{at.system, at.tier, n})
	}
	slices.SortFunc(matrix.Held, func(a, b Held) int { return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Tier, b.Tier)) })
	return matrix
}

// stale are the systems and tiers of which what is known is older than their cycle, or
// could not be renewed.
func (m *measurement) stale() map[systemTier]bool {
	stale := map[systemTier]bool{}
	for s := range m.v.Systems() {
		for _, t := range access.Tiers {
			stale[systemTier{s.ID, t}] = isStale(s, t, m.now)
		}
	}
	return stale
}

func isStale(s graph.SystemNode, t access.Tier, now access.Time) bool {
	cycle := t.Cycle(time.Duration(s.Cycle) * time.Microsecond)
	return s.Synced == 0 || s.Failed > s.Synced || now-s.Synced > access.Time(cycle.Microseconds())
}

// systemTier is what facts grow old by: each tier has its own cycle.
type systemTier struct {
	system access.SystemID
	tier   access.Tier
}

func tierOf(e graph.EntitlementNode) access.Tier {
	if e.Tier == access.Unclassified {
		return access.Tier0 // not classified is treated as the worst
	}
	return e.Tier
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
