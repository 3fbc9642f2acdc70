package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/analytics"
)

// outliersAnswer is the answer of 'writ analytics outliers'.
type outliersAnswer struct {
	Revision  access.Rev               `json:"revision"`
	At        access.Time              `json:"at"`
	People    int                      `json:"people"`
	Explained []analytics.Explained    `json:"explained"`
	Total     int                      `json:"total"`
	Tiers     analytics.TierCounts     `json:"tiers"`
	Outliers  []analytics.OutlierShown `json:"outliers"`
}

func (s *outliersAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s among %s people", plural(s.Total, "outlier"), count(int64(s.People))),
		header: []string{"score", "tier", "who", "holds", "in", "having", "peers", "alike in", "use", "grant"}, right: []int{0, 5, 6},
		note: "  " + s.alike(),
	}
	for _, o := range s.Outliers {
		var alike []string
		for _, g := range o.Group {
			alike = append(alike, g.Value)
		}
		t.rows = append(t.rows, []string{
			fmt.Sprintf("%.2f", o.Score), tierName(o.Tier), o.Identity.Name, o.Entitlement.Name, o.System.Name,
			strconv.Itoa(o.Having), strconv.Itoa(o.Peers), strings.Join(alike, ", "), useWords(o.Use, o.LastUsed), o.Grant.String(),
		})
	}
	if n := s.Total - len(s.Outliers); n > 0 {
		t.note = fmt.Sprintf("  %s more: --limit\n", count(int64(n))) + t.note
	}
	return []table{t}
}

// alike says what peers are alike in.
func (s *outliersAnswer) alike() string {
	if len(s.Explained) == 0 {
		return "no attribute explains who has what: everybody is compared with all"
	}
	finest := s.Explained[len(s.Explained)-1]
	return fmt.Sprintf("peers are alike in %s, which explains %.0f %% of who has what; something to ask about, no verdict",
		strings.Join(finest.Attributes, " and "), 100*finest.Share)
}

func useWords(u analytics.Use, last access.Time) string {
	switch {
	case u == analytics.Unused && last == 0:
		return "never used"
	case u == analytics.Unused:
		return "last " + day(last)
	case u == analytics.Recent:
		return "new"
	}
	return string(u)
}

// unusedAnswer is the answer of 'writ analytics unused'.
type unusedAnswer struct {
	Revision access.Rev           `json:"revision"`
	Since    access.Time          `json:"since"`
	By       analytics.By         `json:"by"`
	Total    analytics.UsageShown `json:"total"`
	Number   int                  `json:"number"`
	Rows     []analytics.UsageRow `json:"rows"`
}

func (s *unusedAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("Of %s grants %s are known not to have been used since %s; of %s nothing is known", count(s.Total.Grants), count(s.Total.Unused), day(s.Since), count(s.Total.Unknown)),
		header: []string{string(s.By), "tier", "grants", "used", "unused", "never", "new", "unknown", "weight", "reduces"}, right: []int{2, 3, 4, 5, 6, 7, 8, 9},
		note: "  weight: a grant of tier 0 counts 8, of 1 counts 4, of 2 counts 2, of 3 counts 1; reduces is that of the unused",
	}
	if s.By == analytics.ByRole {
		t.note += "\n  of a role, grants are its members: one who uses any of it uses it"
	}
	for _, r := range s.Rows {
		name, tier := r.Of.Name, ""
		if r.System != nil {
			name = r.System.Name + "/" + name
		}
		if r.Tier != nil {
			tier = tierName(*r.Tier)
		}
		t.rows = append(t.rows, []string{
			name, tier, count(r.Grants), count(r.Used), count(r.Unused), count(r.Never), count(r.Recent), count(r.Unknown), weight(r.Weight), weight(r.Reduces),
		})
	}
	if n := s.Number - len(s.Rows); n > 0 {
		t.note = fmt.Sprintf("  %s more: --limit\n", count(int64(n))) + t.note
	}
	return []table{t}
}

func weight(w float64) string { return count(int64(w)) }

// creepAnswer is the answer of 'writ analytics creep'.
type creepAnswer struct {
	Revision access.Rev             `json:"revision"`
	Moved    int                    `json:"moved"`
	Number   int                    `json:"number"`
	People   []analytics.CreepShown `json:"people"`
	Trend    []analytics.TrendPoint `json:"trend"`
}

func (s *creepAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("Of %s who moved to another unit, %s kept access that is not usual there", count(int64(s.Moved)), count(int64(s.Number))),
		header: []string{"who", "kept", "tier 0", "tier 1", "tier 2", "tier 3", "usual", "held", "weight", "is in", "came with"}, right: []int{1, 2, 3, 4, 5, 6, 7, 8},
	}
	for _, p := range s.People {
		t.rows = append(t.rows, []string{
			p.Identity.Name, strconv.Itoa(p.Kept), strconv.Itoa(p.Tiers.Tier0), strconv.Itoa(p.Tiers.Tier1), strconv.Itoa(p.Tiers.Tier2), strconv.Itoa(p.Tiers.Tier3),
			strconv.Itoa(p.Usual), strconv.Itoa(p.Held), weight(p.Weight), p.Positions[len(p.Positions)-1].Unit, cameWith(p),
		})
	}
	if n := s.Number - len(s.People); n > 0 {
		t.note = fmt.Sprintf("  %s more: --limit", count(int64(n)))
	}
	if len(s.Trend) == 0 {
		return []table{t}
	}
	return []table{t, s.trendTable()}
}

func (s *creepAnswer) trendTable() table {
	t := table{title: "What was kept, by unit: at the beginning of each month, and now", header: []string{"day", "unit", "kept", "weight"}, right: []int{2, 3}}
	for _, p := range s.Trend {
		t.rows = append(t.rows, []string{day(p.At), p.Unit, strconv.Itoa(p.Kept), weight(p.Weight)})
	}
	return t
}

func cameWith(c analytics.CreepShown) string {
	var list []string
	for _, p := range c.Positions {
		if p.Came > 0 {
			list = append(list, fmt.Sprintf("%s %d", p.Unit, p.Came))
		}
	}
	return strings.Join(list, ", ")
}

// creepOneAnswer is the answer of 'writ analytics creep PERSON'.
type creepOneAnswer struct {
	Revision access.Rev `json:"revision"`
	analytics.CreepShown
}

func (s *creepOneAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s holds %d, of which %d came with an earlier unit and are not usual where they are now", s.Identity.Name, s.Held, s.Kept),
		header: []string{"since", "unit", "title", "kept", "tier", "known since", "usual"},
	}
	for _, p := range s.Positions {
		since := "-"
		if p.Since != 0 {
			since = day(p.Since)
		}
		t.rows = append(t.rows, []string{since, p.Unit, p.Title})
		for _, k := range p.Items {
			usual := ""
			if k.Usual {
				usual = "yes"
			}
			t.rows = append(t.rows, []string{"", "", "", k.Entitlement.Name, tierName(k.Tier), day(k.Since), usual})
		}
	}
	return []table{t}
}

// ruleWhatIfAnswer is the answer of 'writ analytics rule'.
type ruleWhatIfAnswer struct {
	Revision access.Rev            `json:"revision"`
	Days     int                   `json:"days"`
	Rows     []analytics.RuleShown `json:"rows"`
}

func (s *ruleWhatIfAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("Were the rule the only reason to have it; use in the last %s", plural(s.Days, "day")),
		header: []string{"entitlement", "tier", "have it", "keep", "doubtful", "lose", "used it", "did not", "new", "unknown"}, right: []int{2, 3, 4, 5, 6, 7, 8, 9},
	}
	inUse := table{title: "Who would have lost what they used", header: []string{"who", "entitlement", "last used"}}
	for _, r := range s.Rows {
		t.rows = append(t.rows, []string{
			r.Entitlement.Name, tierName(r.Tier), strconv.Itoa(r.Holders), strconv.Itoa(r.Keep), strconv.Itoa(r.Doubtful), strconv.Itoa(r.Lose),
			count(r.Used), count(r.Unused), count(r.Recent), count(r.Unknown),
		})
		for _, u := range r.InUse {
			inUse.rows = append(inUse.rows, []string{u.Identity.Name, r.Entitlement.Name, day(u.LastUsed)})
		}
	}
	if len(inUse.rows) == 0 {
		t.note = "  nobody is known to have used what they would lose"
		return []table{t}
	}
	return []table{t, inUse}
}
