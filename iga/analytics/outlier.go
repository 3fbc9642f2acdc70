package analytics

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Outlier is an entitlement that somebody holds and hardly any of their peers has.
type Outlier struct {
	Identity    access.IdentityID
	Entitlement access.EntitlementID
	System      access.SystemID
	Tier        access.Tier
	Grant       access.GrantID
	Peers       int // without whom it is about
	Having      int // of these
	Group       []Trait
	Use         Use
	LastUsed    access.Time
	Justified   bool
	Score       float64
}

// found is an outlier as it is kept: there may be many.
type found struct {
	key, place uint32 // whose, and where in the list of holdings
	grant      access.GrantID
	lastUsed   access.Time
	score      float32
	have       uint32
	use        uint8
	justified  bool
}

// uses are in the order in which one of several grants tells of all.
var uses = []Use{Used, Unknown, Recent, Unused}

// useWeights are how much an outlier counts by how it is used: what is not used is missed
// by nobody.
var useWeights = map[Use]float64{Used: 0.5, Unused: 2, Recent: 1, Unknown: 1}

// rarity is one minus the most that the share of peers who have it may well be: the upper
// bound of the Wilson interval at 95 %.
func rarity(have, peers int) float64 {
	const z = 1.959964
	n, p := float64(peers), float64(have)/float64(peers)
	upper := (p + z*z/(2*n) + z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
	return 1 - upper
}

// candidate is somebody who has what hardly any peer has, directly or not.
type candidate struct{ key, place, have uint32 }

// candidates are those of all entitlements, by person.
func (s *Peers) candidates(ctx context.Context, share float64) ([]candidate, error) {
	t := s.tally()
	var list []candidate
	for i, h := range s.held {
		t.count(h)
		for key := range each(h.people) {
			at := s.at(key)
			peers, have := s.size(at)-1, t.have(at)-1
			if peers >= s.least-1 && float64(have) <= share*float64(peers) {
				list = append(list, candidate{key, uint32(i), uint32(have)}) //nolint:gosec // places and counts are small
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(s.held[a.place].entitlement, s.held[b.place].entitlement))
	})
	return list, nil
}

// outliers are the candidates that hold it themself, the worst first. What somebody has
// through a group goes with the group.
func (s *Peers) outliers(ctx context.Context, share float64, when period) ([]found, error) {
	list, err := s.candidates(ctx, share)
	if err != nil {
		return nil, err
	}
	var out []found
	for i := 0; i < len(list); {
		n := i + 1
		for n < len(list) && list[n].key == list[i].key {
			n++
		}
		out = s.direct(out, list[i:n], when)
		i = n
	}
	slices.SortFunc(out, s.worse)
	return out, nil
}

// worse orders outliers: by score, then by whose and what.
func (s *Peers) worse(a, b found) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.key, b.key), cmp.Compare(s.held[a.place].entitlement, s.held[b.place].entitlement))
}

// direct adds those of one person's candidates that they or their accounts hold. Of
// several grants of one entitlement the best used tells.
func (s *Peers) direct(out []found, of []candidate, when period) []found {
	id := access.IdentityID(of[0].key)
	first := len(out)
	add := func(g graph.GrantEdge, a graph.AccountNode) {
		n, is := slices.BinarySearchFunc(of, g.Entitlement, func(c candidate, e access.EntitlementID) int {
			return cmp.Compare(s.held[c.place].entitlement, e)
		})
		if !is {
			return
		}
		use, last := when.of(g, a)
		f := found{key: of[n].key, place: of[n].place, have: of[n].have, grant: g.ID, lastUsed: last, justified: g.Justified}
		f.use = uint8(slices.Index(uses, use)) //nolint:gosec // four
		f.score = float32(rarity(int(f.have), s.size(s.at(f.key))-1) * weightOf(s.held[f.place].tier) * useWeights[use])
		for i := first; i < len(out); i++ {
			if out[i].place == f.place {
				if f.use < out[i].use || f.use == out[i].use && f.lastUsed > out[i].lastUsed {
					out[i] = f
				}
				return
			}
		}
		out = append(out, f)
	}
	for g := range s.v.DirectGrants(id.Ref()) {
		add(g, graph.AccountNode{})
	}
	for _, account := range s.v.AccountsOf(id) {
		a, there := s.v.Account(account)
		if !there || !when.usable(a) {
			continue
		}
		for g := range s.v.DirectGrants(account.Ref()) {
			add(g, a)
		}
	}
	return out
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// shown is an outlier as it is told.
func (s *Peers) shown(f found) Outlier {
	h, at := s.held[f.place], s.at(f.key)
	return Outlier{
		Identity: access.IdentityID(f.key), Entitlement: h.entitlement, System: h.system, Tier: h.tier, Grant: f.grant,
		Peers: s.size(at) - 1, Having: int(f.have), Group: s.traits(at), Use: uses[f.use], LastUsed: f.lastUsed,
		Justified: f.justified, Score: round(float64(f.score)),
	}
}
