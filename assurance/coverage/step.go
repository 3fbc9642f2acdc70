package coverage

import (
	"maps"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
)

// step goes on to a later view, by what changed, and by the news of gaps and of safes.
func (m *measurement) step(is *graph.View, changed []access.Ref, news []News, kept map[access.AccountID][]InSafe, now access.Time) {
	s := stepping{m: m, was: m.v, is: is, changed: graph.WithOpeners(m.v, is, changed), holders: map[access.Ref]bool{}}
	m.takeTurns(&s, now)
	s.flips()
	clashes := s.follow(append(m.concerned(news, now), m.keptNews(kept)...))
	differ := map[countedAt]int64{} // most grants of a holder who changed did not
	for ref := range s.holders {
		m.each(ref, s.flipped, func(id access.EntitlementID, p profile) { differ[countedAt{id, p}]-- }, nil)
	}
	for id := range s.gone {
		for _, c := range m.held[id].all() {
			m.apply(m.sites[id], c.profile, -c.n)
		}
		delete(m.held, id)
		delete(m.sites, id)
	}
	m.v, m.now = is, now
	for _, n := range news {
		m.gaps.learn(n)
	}
	for id, list := range kept {
		m.keep(id, list)
	}
	for id, systems := range clashes {
		m.holdsConflict(id, systems)
	}
	m.place()
	for ref := range s.holders {
		m.each(ref, s.flipped, func(id access.EntitlementID, p profile) { differ[countedAt{id, p}]++ }, &m.turns)
	}
	for at, n := range differ {
		if n != 0 {
			m.count(at.entitlement, at.profile, n)
		}
	}
	for id := range s.come {
		m.countHoldersOf(id)
	}
	s.was.Close()
}

// countedAt is what grants are counted by.
type countedAt struct {
	entitlement access.EntitlementID
	profile     profile
}

// takeTurns takes the holders whose time has come.
func (m *measurement) takeTurns(s *stepping, now access.Time) {
	rest := m.turns[:0]
	for _, t := range m.turns {
		if t.at <= now {
			s.holders[t.holder] = true
		} else {
			rest = append(rest, t)
		}
	}
	m.turns = rest
}

// countHoldersOf counts the grants of an entitlement that was not there before.
func (m *measurement) countHoldersOf(id access.EntitlementID) {
	for g := range m.v.DirectHolders(id) {
		if h, counts := m.holderOf(g.Holder); counts {
			m.count(id, m.profile(h, g, m.sites[id].system), 1)
		}
	}
}

// stepping finds the holders that may count otherwise in the later of two views.
type stepping struct {
	m       *measurement
	was, is *graph.View
	changed []access.Ref
	holders map[access.Ref]bool

	gone, come, flipped map[access.EntitlementID]bool // of entitlements: there only before, only now; both
}

func (s *stepping) flips() {
	s.gone, s.come, s.flipped = map[access.EntitlementID]bool{}, map[access.EntitlementID]bool{}, map[access.EntitlementID]bool{}
	for _, ref := range s.changed {
		if ref.Kind != access.KindEntitlement {
			continue
		}
		id := access.EntitlementID(ref.Key)
		_, was := s.was.Entitlement(id)
		_, is := s.is.Entitlement(id)
		switch {
		case was && !is:
			s.gone[id], s.flipped[id] = true, true
		case is && !was:
			s.come[id], s.flipped[id] = true, true
		}
	}
}

// follow finds who is concerned, and returns who holds other conflicts then.
func (s *stepping) follow(concerned []access.Ref) map[access.IdentityID]map[access.SystemID]bool {
	for _, ref := range s.changed {
		switch ref.Kind {
		case access.KindIdentity:
			s.identity(access.IdentityID(ref.Key))
		case access.KindEntitlement:
			s.moved(access.EntitlementID(ref.Key))
		default:
			s.concern(ref)
		}
	}
	for _, ref := range concerned {
		s.concern(ref)
	}
	before := s.m.conflicts
	s.m.conflicts = finding.ConflictsOf(s.is)
	clashes := map[access.IdentityID]map[access.SystemID]bool{}
	finding.Touched(s.was, s.is, s.changed, before, s.m.conflicts).Iterate(func(id uint32) bool {
		identity := access.IdentityID(id)
		if now := clashesOf(s.m.conflicts, s.is, identity); !maps.Equal(now, s.m.toxic[identity]) {
			s.around(identity)
			clashes[identity] = now
		}
		return true
	})
	return clashes
}

// concern adds who is meant; what is of entitlements and systems is of their sites.
func (s *stepping) concern(ref access.Ref) {
	switch ref.Kind {
	case access.KindAccount:
		s.holders[ref] = true
	case access.KindIdentity:
		s.around(access.IdentityID(ref.Key))
	default:
	}
}

// moved: in another system its holders may hold other conflicts.
func (s *stepping) moved(id access.EntitlementID) {
	was, before := s.was.Entitlement(id)
	is, now := s.is.Entitlement(id)
	if !before || !now || was.System == is.System {
		return
	}
	for g := range s.was.DirectHolders(id) {
		s.concern(g.Holder)
	}
}

// identity: who changed, and where they have left or come back those whom they
// answer for.
func (s *stepping) identity(id access.IdentityID) {
	was, _ := s.was.Identity(id)
	is, _ := s.is.Identity(id)
	s.m.dependents.Replace(was, is)
	s.around(id)
	if before, now := (&circumstances{v: s.was}), (&circumstances{v: s.is}); before.there(id) == now.there(id) {
		return
	}
	for _, on := range s.m.dependents.On(id) {
		s.around(on)
	}
}

// around adds an identity and its accounts.
func (s *stepping) around(id access.IdentityID) {
	s.holders[id.Ref()] = true
	for _, v := range []*graph.View{s.was, s.is} {
		for _, account := range v.AccountsOf(id) {
			s.holders[account.Ref()] = true
		}
	}
}
