package coverage

import (
	"slices"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
)

// measurement is the count over one view, and what it takes to count a later one at
// the cost of what changed between.
//
// Grants are counted at their entitlement by profile. A holder who changed is taken
// out as it was and put in as it is, by the same functions over the two views; an
// entitlement that changed moves its profiles, however many hold it.
type measurement struct {
	circumstances
	until      access.Time // beyond it, turns knows nothing
	turns      []turn
	conflicts  *finding.Conflicts
	dependents graph.Dependents

	sites map[access.EntitlementID]site
	held  map[access.EntitlementID]*profiles
	needs map[needKey][]access.Requirement
	cells map[Cell]Counts
	tiers map[systemTier]TierCount
}

// profiles counts the grants of an entitlement.
type profiles struct{ list []counted }

type counted struct {
	profile profile
	n       int64
}

func (l *profiles) add(p profile, n int64) {
	i := slices.IndexFunc(l.list, func(c counted) bool { return c.profile == p })
	if i < 0 {
		l.list = append(l.list, counted{p, n})
		return
	}
	if l.list[i].n += n; l.list[i].n == 0 {
		l.list = slices.Delete(l.list, i, i+1)
	}
}

type needKey struct {
	tier  access.Tier
	kind  access.IdentityKind
	third bool
}

// turn is when time alone changes what a holder gives.
type turn struct {
	at     access.Time
	holder access.Ref
}

// horizon is how far ahead turns are kept: every day all is counted anew, so that
// the millions of dates that are further away need not be remembered.
const horizon = 24 * time.Hour

// measure counts everything in a view, which it takes over with what safes have.
func measure(v *graph.View, now access.Time, list []Gap, kept map[access.AccountID][]InSafe) *measurement {
	m := &measurement{
		circumstances: circumstances{v: v, now: now, gaps: newGaps(list), kept: kept, toxic: map[access.IdentityID]map[access.SystemID]bool{}},
		until:         now + access.Time(horizon/time.Microsecond), conflicts: finding.ConflictsOf(v),
		sites: map[access.EntitlementID]site{}, held: map[access.EntitlementID]*profiles{},
		needs: map[needKey][]access.Requirement{}, cells: map[Cell]Counts{}, tiers: map[systemTier]TierCount{},
	}
	m.conflicts.Holders(v).Iterate(func(id uint32) bool {
		m.holdsConflict(access.IdentityID(id), clashesOf(m.conflicts, v, access.IdentityID(id)))
		return true
	})
	m.place()
	for i := range v.Identities() {
		m.dependents.Replace(graph.IdentityNode{}, i)
	}
	for _, part := range m.countAll() {
		for id, l := range part.held {
			for _, c := range l.list {
				m.count(id, c.profile, c.n)
			}
		}
		m.turns = append(m.turns, part.turns...)
	}
	return m
}

// clashesOf are the systems whose declared conflicts an identity holds.
func clashesOf(conflicts *finding.Conflicts, v *graph.View, id access.IdentityID) map[access.SystemID]bool {
	var systems map[access.SystemID]bool
	for _, c := range conflicts.Held(v, id) {
		if systems == nil {
			systems = map[access.SystemID]bool{}
		}
		systems[c.System] = true
	}
	return systems
}

func (m *measurement) holdsConflict(id access.IdentityID, systems map[access.SystemID]bool) {
	if len(systems) == 0 {
		delete(m.toxic, id)
		return
	}
	m.toxic[id] = systems
}

// place brings every entitlement's site up to the circumstances, with the grants
// that are counted there.
func (m *measurement) place() {
	declares := map[access.SystemID]bool{}
	for _, c := range m.conflicts.List {
		declares[c.System] = true
	}
	for tier, n := range m.tiers {
		n.Entitlements = 0
		m.tiers[tier] = n
	}
	for e := range m.v.Entitlements() {
		is := m.site(e, declares)
		at := systemTier{is.system, is.tier}
		n := m.tiers[at]
		n.Entitlements++
		m.tiers[at] = n
		if was, known := m.sites[e.ID]; known && was != is {
			for _, c := range m.held[e.ID].all() {
				m.apply(was, c.profile, -c.n)
				m.apply(is, c.profile, c.n)
			}
		}
		m.sites[e.ID] = is
	}
}

func (l *profiles) all() []counted {
	if l == nil {
		return nil
	}
	return l.list
}

// part is what one of several counted.
type part struct {
	held  map[access.EntitlementID]*profiles
	turns []turn
}

// workers is how many count at once.
const workers = 2

// chunkBits is how many neighbouring accounts one of them counts, as a power of two.
const chunkBits = 12

func (m *measurement) countAll() [workers]part {
	var parts [workers]part
	var all sync.WaitGroup
	for w := range workers {
		parts[w].held = map[access.EntitlementID]*profiles{}
		all.Go(func() {
			mine := func(key int64) bool { return key>>chunkBits%workers == int64(w) }
			for a := range m.v.Accounts() {
				if mine(int64(a.ID)) {
					m.countHolder(a.ID.Ref(), &parts[w])
				}
			}
			for i := range m.v.Identities() {
				if mine(int64(i.ID)) {
					m.countHolder(i.ID.Ref(), &parts[w])
				}
			}
		})
	}
	all.Wait()
	return parts
}

func (m *measurement) countHolder(ref access.Ref, to *part) {
	m.each(ref, nil, func(id access.EntitlementID, p profile) {
		l := to.held[id]
		if l == nil {
			l = &profiles{}
			to.held[id] = l
		}
		l.add(p, 1)
	}, &to.turns)
}

// each calls with the profile of each grant of a holder that counts, but for some
// entitlements, and notes when time changes them.
func (m *measurement) each(ref access.Ref, except map[access.EntitlementID]bool, with func(access.EntitlementID, profile), turns *[]turn) {
	h, counts := m.holderOf(ref)
	if turns != nil && h.turns != 0 && h.turns <= m.until {
		*turns = append(*turns, turn{h.turns, ref})
	}
	if !counts {
		return
	}
	for g := range m.v.DirectGrants(ref) {
		if !except[g.Entitlement] {
			with(g.Entitlement, m.profile(h, g, m.sites[g.Entitlement].system))
		}
	}
}

// count counts grants of an entitlement.
func (m *measurement) count(id access.EntitlementID, p profile, n int64) {
	l := m.held[id]
	if l == nil {
		l = &profiles{}
		m.held[id] = l
	}
	l.add(p, n)
	m.apply(m.sites[id], p, n)
}

// apply adds grants to the cells of the controls that they need.
func (m *measurement) apply(s site, p profile, n int64) {
	at := systemTier{s.system, s.tier}
	t := m.tiers[at]
	t.Grants += n
	if p.has(allTheTime) {
		t.Standing += n
	} else {
		t.Eligible += n
	}
	m.tiers[at] = t
	key := needKey{s.tier, p.kind(), p.has(ofThirdParty)}
	needs, known := m.needs[key]
	if !known {
		needs = access.RequiredControls(key.tier, key.kind, key.third)
		m.needs[key] = needs
	}
	for _, need := range needs {
		cell := Cell{s.system, s.tier, key.kind, key.third, need.Control}
		c := m.cells[cell]
		if c.add(s.state(need.Control, p), n); c.Required == 0 {
			delete(m.cells, cell)
		} else {
			m.cells[cell] = c
		}
	}
}
