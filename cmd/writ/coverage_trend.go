package main

import (
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
)

// trendAnswer is the answer of 'writ coverage --trend': of each day the last
// measurement.
type trendAnswer struct {
	Since string      `json:"since"`
	Days  []trendDay  `json:"days"`
	last  access.Time // when something was measured last, in the period or before
}

type trendDay struct {
	Day      string         `json:"day"`
	At       access.Time    `json:"at"`
	Controls []trendControl `json:"controls"`
}

type trendControl struct {
	Control access.Control `json:"control"`
	trendCounts
	Change trendCounts `json:"change"` // against the first day
}

type trendCounts struct {
	Required int64 `json:"required"`
	InPlace  int64 `json:"in_place"`
	Missing  int64 `json:"missing"`
	Unknown  int64 `json:"unknown"`
	Excepted int64 `json:"excepted"`
}

func (c trendCounts) minus(d trendCounts) trendCounts {
	return trendCounts{c.Required - d.Required, c.InPlace - d.InPlace, c.Missing - d.Missing, c.Unknown - d.Unknown, c.Excepted - d.Excepted}
}

// trendOf puts points, which are ordered by time, under their days. What the first
// day did not require at all counts as zero there.
func trendOf(points []coverage.Point, since time.Time, last access.Time) *trendAnswer {
	ans := &trendAnswer{Since: since.Format(time.DateOnly), Days: []trendDay{}, last: last}
	first := map[access.Control]trendCounts{}
	for _, p := range points {
		if n := len(ans.Days); n == 0 || ans.Days[n-1].At != p.At {
			ans.Days = append(ans.Days, trendDay{Day: day(p.At), At: p.At})
		}
		now := trendCounts(p.Counts)
		if len(ans.Days) == 1 {
			first[p.Control] = now
		}
		d := &ans.Days[len(ans.Days)-1]
		d.Controls = append(d.Controls, trendControl{p.Control, now, now.minus(first[p.Control])})
	}
	return ans
}

func (s *trendAnswer) tables() []table {
	if len(s.Days) == 0 {
		return []table{{title: fmt.Sprintf("Nothing that was asked for was measured since %s; the last measurement is of %s.", s.Since, moment(s.last))}}
	}
	t := table{
		title:  fmt.Sprintf("Coverage on %s since %s, the last measurement of each; in brackets the change against the first", plural(len(s.Days), "day"), s.Since),
		header: append([]string{"day", "control"}, countHeader...), right: []int{2, 3, 4, 5, 6},
	}
	for _, d := range s.Days {
		for _, c := range d.Controls {
			t.rows = append(t.rows, []string{
				d.Day, string(c.Control), withChange(c.Required, c.Change.Required), withChange(c.InPlace, c.Change.InPlace),
				withChange(c.Missing, c.Change.Missing), withChange(c.Unknown, c.Change.Unknown), withChange(c.Excepted, c.Change.Excepted),
			})
		}
	}
	return []table{t}
}

// withChange shows a number and, where there is one, its change.
func withChange(n, change int64) string {
	switch {
	case change > 0:
		return fmt.Sprintf("%s (+%s)", count(n), count(change))
	case change < 0:
		return fmt.Sprintf("%s (%s)", count(n), count(change))
	}
	return count(n)
}
