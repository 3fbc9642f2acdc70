package elevate

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// FiguresStore measures.
type FiguresStore interface {
	// Figures adds up, by tier, the hours of a period that grants were held standing, that
	// somebody was eligible by an eligibility of their own, and that elevations were on
	// their targets; and per eligibility of a role or entitlement, how many hours it was
	// there.
	Figures(ctx context.Context, from, until access.Time) (map[access.Tier]*TierFigures, []GroupHours, error)
}

// TierFigures are the grant-hours of a tier in a period.
type TierFigures struct {
	Tier       access.Tier `json:"tier"`
	Standing   float64     `json:"standing_hours" doc:"Grants of accounts, as they were observed, without what was active"`
	Eligible   float64     `json:"eligible_hours" doc:"Of whoever may activate; a role's or an entitlement's eligibility counts with as many as have it now"`
	Active     float64     `json:"active_hours" doc:"Elevations, from when they were seen on the target to when they were seen gone"`
	Elevations int         `json:"elevations"`
}

// GroupHours are the hours that an eligibility of a role or entitlement was there.
type GroupHours struct {
	Holder access.Ref
	Tier   access.Tier
	Hours  float64
}

// Figures are the grant-hours of tiers 0 and 1 over a period.
func (s *Service) Figures(ctx context.Context, from, until access.Time) ([]TierFigures, error) {
	if until == 0 {
		until = s.now()
	}
	if from >= until {
		return nil, access.ErrPeriod
	}
	by, groups, err := s.Store.Figures(ctx, from, until)
	if err != nil {
		return nil, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	for _, g := range groups {
		if f := by[g.Tier]; f != nil {
			n := v.Members([]access.Ref{g.Holder}, graph.Question{Modes: policy.InFact}).Identities.GetCardinality()
			f.Eligible += g.Hours * float64(n)
		}
	}
	list := []TierFigures{}
	for _, t := range []access.Tier{access.Tier0, access.Tier1} {
		f := TierFigures{Tier: t}
		if by[t] != nil {
			f = *by[t]
		}
		f.Standing = max(0, f.Standing-f.Active)
		list = append(list, f)
	}
	return list, nil
}
