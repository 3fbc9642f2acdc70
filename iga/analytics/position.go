package analytics

import (
	"cmp"
	"slices"

	"github.com/writhq/writ/access"
)

// Mover is somebody whose unit has changed, with what they held all along.
type Mover struct {
	ID           access.IdentityID
	Affiliations []Affiliation
	Grants       []Had
}

// Affiliation is one version of an affiliation: how it was known from a time on, until
// another (zero is now), and the dates that it has itself.
type Affiliation struct {
	Seq         int64
	Unit, Title string
	From, Until access.Time
	Start, End  access.Time
}

// Had is a grant that somebody or an account of theirs had for a time; zero is until now.
type Had struct {
	Entitlement access.EntitlementID
	From, Until access.Time
}

// Position is a unit that somebody was in, with their title when they came, from a time on.
type Position struct {
	Unit  string      `json:"unit"`
	Title string      `json:"title,omitempty"`
	Since access.Time `json:"since,omitzero" doc:"Without it, from before anything was known"`
}

// positions are somebody's, in order: who goes from unit to unit and back has three. What
// was known first is taken to have been so before.
func positions(list []Affiliation) []Position {
	list = effective(list)
	var times []access.Time
	for _, a := range list {
		times = append(times, a.From, a.Until, a.Start, a.End)
	}
	slices.Sort(times)
	var out []Position
	for _, at := range slices.Compact(times) {
		a, there := primary(list, at)
		if !there || len(out) > 0 && out[len(out)-1].Unit == a.Unit {
			continue
		}
		out = append(out, Position{a.Unit, a.Title, at})
	}
	return out
}

// effective says from when on each version is so: what was known first, always; what came
// to be known later with a date of its own, from that date.
func effective(list []Affiliation) []Affiliation {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Affiliation) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.From, b.From)) })
	first := access.Time(0)
	for _, a := range list {
		if first == 0 || a.From < first {
			first = a.From
		}
	}
	for i := range list {
		a := &list[i]
		switch {
		case a.From == first:
			a.From = 0
		case i > 0 && list[i-1].Seq == a.Seq && a.Start != list[i-1].Start && a.Start > list[i-1].From && a.Start < a.From:
			a.From = a.Start
			list[i-1].Until = min(list[i-1].Until, a.Start)
		}
	}
	return list
}

// primary is the affiliation that counts at a time: the first of those in force.
func primary(list []Affiliation, at access.Time) (Affiliation, bool) {
	for _, a := range list {
		if a.From <= at && (a.Until == 0 || at < a.Until) && a.Start <= at && (a.End == 0 || at < a.End) {
			return a, true
		}
	}
	return Affiliation{}, false
}

// during is the place of the position that somebody was in at a time; -1 is none.
func during(list []Position, at access.Time) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Since <= at {
			return i
		}
	}
	return -1
}

// joined are the times in which an entitlement was had, whatever grants it came by.
func joined(list []Had) []Had {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Had) int {
		return cmp.Or(cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.From, b.From))
	})
	var out []Had
	for _, h := range list {
		if n := len(out); n > 0 {
			last := &out[n-1]
			if last.Entitlement == h.Entitlement && (last.Until == 0 || h.From <= last.Until) {
				if last.Until != 0 && (h.Until == 0 || h.Until > last.Until) {
					last.Until = h.Until
				}
				continue
			}
		}
		out = append(out, h)
	}
	return out
}
