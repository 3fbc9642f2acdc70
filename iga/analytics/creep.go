package analytics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Kept is an entitlement that somebody holds since before they came to their unit.
type Kept struct {
	Entitlement access.EntitlementID
	System      access.SystemID
	Tier        access.Tier
	Position    int         // the one that it came with
	Since       access.Time // that it is known of
	Usual       bool        // at least half of their peers have it today
}

// Creep is what somebody kept from one position to the next.
type Creep struct {
	Identity  access.IdentityID
	Positions []Position
	Held      []access.EntitlementID // all that is theirs now
	Kept      []Kept
}

// usualShare is the share of peers from which on what they have is usual.
const usualShare = 0.5

// creep is everything kept, at one revision.
type creep struct {
	rev    access.Rev
	people []Creep
	trend  []trendCell
}

// trendCell is an entitlement that somebody had kept in a unit at a time.
type trendCell struct {
	at          access.Time
	unit        string
	entitlement access.EntitlementID
	person      int32 // by their place
}

// trendMonths is how many months the trend goes back.
const trendMonths = 12

// instants are the starts of the last months, in UTC, and now.
func instants(now access.Time) []access.Time {
	today := now.Time().UTC()
	month := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
	var list []access.Time
	for n := trendMonths - 1; n >= 0; n-- {
		list = append(list, access.TimeOf(month.AddDate(0, -n, 0)))
	}
	if last := list[len(list)-1]; last < now {
		list = append(list, now)
	}
	return list
}

// keptBy finds what one mover kept.
func keptBy(v *graph.View, m Mover) Creep {
	c := Creep{Identity: m.ID, Positions: positions(m.Affiliations)}
	last := len(c.Positions) - 1
	for _, h := range joined(m.Grants) {
		e, there := v.Entitlement(h.Entitlement)
		if h.Until != 0 || !there {
			continue
		}
		c.Held = append(c.Held, h.Entitlement)
		came := during(c.Positions, h.From)
		if came < 0 || c.Positions[came].Unit == c.Positions[last].Unit {
			continue
		}
		c.Kept = append(c.Kept, Kept{Entitlement: h.Entitlement, System: e.System, Tier: tierOf(e), Position: came, Since: h.From})
	}
	return c
}

// keptAt adds what one mover had kept at each of some times.
func keptAt(cells []trendCell, person int32, c Creep, grants []Had, at []access.Time) []trendCell {
	grants = joined(grants)
	for _, t := range at {
		now := during(c.Positions, t)
		if now < 1 {
			continue
		}
		unit := c.Positions[now].Unit
		for _, h := range grants {
			if h.From > t || h.Until != 0 && h.Until <= t {
				continue
			}
			if came := during(c.Positions, h.From); came >= 0 && c.Positions[came].Unit != unit {
				cells = append(cells, trendCell{t, unit, h.Entitlement, person})
			}
		}
	}
	return cells
}

// creepOf looks at everybody whose unit ever changed.
func creepOf(ctx context.Context, s *Peers, store Store, now access.Time) (*creep, error) {
	c := &creep{rev: s.rev}
	at := instants(now)
	err := store.Movers(ctx, nil, func(m Mover) error {
		x := keptBy(s.v, m)
		if len(x.Positions) > 1 {
			c.trend = keptAt(c.trend, int32(len(c.people)), x, m.Grants, at) //nolint:gosec // people fit into memory
			c.people = append(c.people, x)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	s.markUsual(c.people)
	c.trend = slices.DeleteFunc(c.trend, func(x trendCell) bool {
		return slices.ContainsFunc(c.people[x.person].Kept, func(k Kept) bool { return k.Usual && k.Entitlement == x.entitlement })
	})
	return c, nil
}

// markUsual says of what was kept whether peers have it as well.
func (s *Peers) markUsual(people []Creep) {
	of := map[access.EntitlementID][][2]int{}
	for i := range people {
		for j, k := range people[i].Kept {
			of[k.Entitlement] = append(of[k.Entitlement], [2]int{i, j})
		}
	}
	t := s.tally()
	for _, h := range s.held {
		if len(of[h.entitlement]) == 0 {
			continue
		}
		t.count(h)
		for _, x := range of[h.entitlement] {
			key := uint32(people[x[0]].Identity) //nolint:gosec // the population has it
			if !s.p.people.Contains(key) {
				continue
			}
			at := s.at(key)
			peers, have := s.size(at)-1, t.have(at)
			if h.people.Contains(key) {
				have--
			}
			people[x[0]].Kept[x[1]].Usual = peers >= s.least-1 && float64(have) >= usualShare*float64(peers)
		}
	}
}

// Count sums up what of somebody's access lies in what the asker reaches.
func (c Creep) Count(reach policy.Reach, v *graph.View) CreepCount {
	var n CreepCount
	for _, id := range c.Held {
		if e, there := v.Entitlement(id); there && reach.Has(e.System) {
			n.Held++
		}
	}
	for _, k := range c.Kept {
		switch {
		case !reach.Has(k.System):
		case k.Usual:
			n.Usual++
		default:
			n.Kept++
			n.Tiers[k.Tier]++
			n.Weight += weightOf(k.Tier)
		}
	}
	return n
}

// CreepCount is how much somebody kept.
type CreepCount struct {
	Held   int    // all that is theirs
	Kept   int    // from earlier units, and not usual where they are now
	Usual  int    // from earlier units, and usual
	Tiers  [4]int // of what was kept
	Weight float64
}

// Counted is somebody's creep with its sum.
type Counted struct {
	Creep
	CreepCount
}

// top are those who kept something, by its weight; unit narrows to those who are there now.
func (c *creep) top(v *graph.View, reach policy.Reach, unit string) []Counted {
	var list []Counted
	for _, x := range c.people {
		if unit != "" && x.Positions[len(x.Positions)-1].Unit != unit {
			continue
		}
		if n := x.Count(reach, v); n.Kept > 0 {
			list = append(list, Counted{x, n})
		}
	}
	slices.SortFunc(list, func(a, b Counted) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(b.CreepCount.Kept, a.CreepCount.Kept), cmp.Compare(a.Identity, b.Identity))
	})
	return list
}

// TrendPoint is how much was kept in a unit at a time, by today's tiers and by what is
// usual today.
type TrendPoint struct {
	At     access.Time `json:"at"`
	Unit   string      `json:"unit"`
	Kept   int         `json:"kept" doc:"Entitlements from earlier units that people had there then"`
	Weight float64     `json:"weight"`
}

// points are the trend within what somebody reaches, by time and unit.
func (c *creep) points(v *graph.View, reach policy.Reach, unit string) []TrendPoint {
	type spot struct {
		at   access.Time
		unit string
	}
	sums := map[spot]*TrendPoint{}
	list := []TrendPoint{}
	for _, x := range c.trend {
		e, there := v.Entitlement(x.entitlement)
		if !there || !reach.Has(e.System) || unit != "" && x.unit != unit {
			continue
		}
		p := sums[spot{x.at, x.unit}]
		if p == nil {
			p = &TrendPoint{At: x.at, Unit: x.unit}
			sums[spot{x.at, x.unit}] = p
		}
		p.Kept++
		p.Weight += weightOf(tierOf(e))
	}
	for _, p := range sums {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b TrendPoint) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Unit, b.Unit)) })
	return list
}
