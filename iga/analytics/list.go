package analytics

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// OutlierFilter narrows a list of outliers. Zero fields do not.
type OutlierFilter struct {
	Identity access.IdentityID
	Unit     string
	System   access.SystemID
	Tier     *access.Tier
	Share    *float64 // of the peers, that has it at most
	Reach    policy.Reach
	After    *OutlierSpot
	Limit    int
}

// OutlierSpot is where a page ends.
type OutlierSpot struct {
	Score       float32              `json:"s"`
	Identity    access.IdentityID    `json:"i"`
	Entitlement access.EntitlementID `json:"e"`
}

// OutlierPage is a part of the outliers, the worst first.
type OutlierPage struct {
	Rev       access.Rev
	At        access.Time
	People    int // who were compared
	Explained []Explained
	Total     int // that match
	Tiers     [4]int
	List      []Outlier
	Next      *OutlierSpot
}

// Outliers lists what hardly any peer has.
func (s *Service) Outliers(ctx context.Context, f OutlierFilter) (OutlierPage, error) {
	st, err := s.standing(ctx)
	if err != nil {
		return OutlierPage{}, err
	}
	page := OutlierPage{Rev: st.rev, At: st.when.now, People: st.size(place{0, 1}), Explained: st.Explained()}
	var last found
	from := 0
	if f.After != nil {
		from = st.behind(*f.After)
	}
	for i, x := range st.outliers {
		h := st.held[x.place]
		if !f.takes(st.Peers, x) {
			continue
		}
		page.Total++
		page.Tiers[h.tier]++
		switch {
		case i < from:
		case f.Limit == 0 || len(page.List) < f.Limit:
			page.List, last = append(page.List, st.shown(x)), x
		case page.Next == nil:
			page.Next = &OutlierSpot{last.score, access.IdentityID(last.key), st.held[last.place].entitlement}
		}
	}
	return page, nil
}

// behind is the place of the first outlier behind a spot.
func (s *standing) behind(spot OutlierSpot) int {
	i, _ := slices.BinarySearchFunc(s.outliers, spot, func(x found, spot OutlierSpot) int {
		order := cmp.Or(cmp.Compare(spot.Score, x.score), cmp.Compare(access.IdentityID(x.key), spot.Identity), cmp.Compare(s.held[x.place].entitlement, spot.Entitlement))
		return cmp.Or(order, -1)
	})
	return i
}

func (f *OutlierFilter) takes(s *Peers, x found) bool {
	h := s.held[x.place]
	return f.Reach.Has(h.system) &&
		(f.Identity == 0 || uint32(f.Identity) == x.key) && //nolint:gosec // a key that is none matches nobody
		(f.System == 0 || f.System == h.system) &&
		(f.Tier == nil || *f.Tier == h.tier) &&
		(f.Share == nil || float64(x.have) <= *f.Share*float64(s.size(s.at(x.key))-1)) &&
		(f.Unit == "" || s.p.value("unit", x.key) == f.Unit)
}

// UsagePage is how access is used, the most to be won first.
type UsagePage struct {
	Rev   access.Rev
	Since access.Time
	Total UsedBy
	Rows  []UsedBy
	All   int // rows there are
}

// UsageFilter says what is counted.
type UsageFilter struct {
	By     By
	Days   int
	System access.SystemID
	Reach  policy.Reach
	From   int // rows to leave out
	Limit  int
}

// Usage lists how access is used by system, entitlement or role.
func (s *Service) Usage(ctx context.Context, f UsageFilter) (UsagePage, error) {
	u, err := s.usage(ctx, f.Days)
	if err != nil {
		return UsagePage{}, err
	}
	reach := f.Reach
	if f.System != 0 {
		reach = policy.Reach{Systems: map[access.SystemID]bool{f.System: f.Reach.Has(f.System)}}
	}
	rows, total := u.list(f.By, reach)
	page := UsagePage{Rev: u.rev, Since: u.when.since, Total: total, All: len(rows)}
	page.Rows = rows[min(f.From, len(rows)):]
	if f.Limit > 0 && len(page.Rows) > f.Limit {
		page.Rows = page.Rows[:f.Limit]
	}
	return page, nil
}

// CreepPage is who kept most from earlier units, and how that developed.
type CreepPage struct {
	Rev    access.Rev
	Moved  int // people whose unit ever changed
	All    int // of those who kept something
	People []Counted
	Trend  []TrendPoint
}

// CreepFilter narrows it.
type CreepFilter struct {
	Unit  string
	Reach policy.Reach
	From  int
	Limit int
}

// Creep lists who kept most.
func (s *Service) Creep(ctx context.Context, f CreepFilter) (CreepPage, error) {
	st, c, err := s.crept(ctx)
	if err != nil {
		return CreepPage{}, err
	}
	list := c.top(st.v, f.Reach, f.Unit)
	page := CreepPage{Rev: c.rev, Moved: len(c.people), All: len(list), Trend: c.points(st.v, f.Reach, f.Unit)}
	page.People = list[min(f.From, len(list)):]
	if f.Limit > 0 && len(page.People) > f.Limit {
		page.People = page.People[:f.Limit]
	}
	return page, nil
}

// CreepOf is one person's: their positions, and what came with each and stayed.
func (s *Service) CreepOf(ctx context.Context, id access.IdentityID, reach policy.Reach) (Counted, access.Rev, error) {
	st, err := s.standing(ctx)
	if err != nil {
		return Counted{}, 0, err
	}
	var x Counted
	err = s.Store.Movers(ctx, []access.IdentityID{id}, func(m Mover) error {
		x.Creep = keptBy(st.v, m)
		return nil
	})
	if err != nil {
		return Counted{}, 0, err
	}
	x.Identity = id
	one := []Creep{x.Creep}
	st.markUsual(one)
	x.Creep = one[0]
	x.Creep.Kept = slices.DeleteFunc(x.Creep.Kept, func(k Kept) bool { return !reach.Has(k.System) })
	x.CreepCount = x.Count(reach, st.v)
	return x, st.rev, nil
}
