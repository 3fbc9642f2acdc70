package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
)

//go:embed report.html
var reportText string

// reportLimit keeps a report of a large company readable and printable.
const reportLimit = 100

type report struct {
	A              *assessment
	Date, Sentence string
	Failed         []systemLine
	Numbers        []struct{ Value, Label string }
	Functions      []functionLine
	TierNames      []string
	Matrix         []matrixRow
	Rules          []ruleSection
	Total          int64
	Cut            bool
	Limit          int
}

type functionLine struct {
	Name, Duty, Due, Label string
	Count                  int
	Parts                  []struct {
		Severity access.Severity
		Width    int
	}
}

type matrixRow struct {
	Control    access.Control
	Discipline access.Discipline
	Cells      []reportCell
}

// reportCell is a matrix cell with its colour: the further from the middle, the
// stronger.
type reportCell struct {
	matrixCell
	Have, Need string
	Tone       string // good or bad
	Strength   float64
}

type ruleSection struct {
	Rule, Title, Function string
	Severity              access.Severity
	Count                 int
	Open                  bool
	Findings              []findingLine
}

var functionDuties = map[access.Function]string{
	access.IAM:                "policy, roles, reviews, lifecycle",
	access.SecurityOperations: "what happens in sessions, and emergencies",
	access.PlatformOwner:      "systems, their accounts and service identities",
	access.AuditFunction:      "evidence and verification",
}

// html writes the report as one file that needs nothing else.
func (s *assessment) html(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"count": count, "tier": tierName,
		"meaning": func(t access.Tier) string { return tierMeaning[t] },
		"day":     day,
	}).Parse(reportText)
	if err != nil {
		return err
	}
	return t.Execute(w, s.report())
}

func day(t access.Time) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format("2006-01-02")
}

func (s *assessment) report() report {
	r := report{A: s, Date: day(s.At), Sentence: s.totalsSentence(), Total: int64(len(s.Findings)), Limit: reportLimit}
	for _, y := range s.Systems {
		if len(y.Errors) > 0 {
			r.Failed = append(r.Failed, y)
		}
	}
	var privileged, standing int64
	for _, t := range s.Totals.Tiers {
		if t.Tier.Privileged() {
			privileged += t.Grants
			standing += t.Standing
		}
	}
	add := func(value, label string) {
		r.Numbers = append(r.Numbers, struct{ Value, Label string }{value, label})
	}
	add(count(s.Totals.Findings[access.Critical]+s.Totals.Findings[access.High]), "critical and high findings")
	add(count(standing), "standing privileged grants of "+count(privileged))
	add(count(s.Totals.Accounts-s.Totals.Correlated), "accounts that belong to no known identity")
	add(count(s.Totals.ThirdParties), "third-party identities")
	for _, fn := range access.Functions {
		r.Functions = append(r.Functions, s.functionLine(fn))
	}
	m := matrixOf(s.Coverage)
	for _, t := range access.Tiers {
		r.TierNames = append(r.TierNames, "tier "+tierName(t))
	}
	for _, c := range access.Controls {
		row := matrixRow{Control: c, Discipline: c.Discipline()}
		for _, t := range access.Tiers {
			row.Cells = append(row.Cells, newReportCell(m[c][t]))
		}
		r.Matrix = append(r.Matrix, row)
	}
	r.Rules, r.Cut = s.ruleSections()
	return r
}

func newReportCell(c matrixCell) reportCell {
	p := c.Percent()
	if c.Required == 0 {
		return reportCell{}
	}
	tone, far := "bad", 50-p
	if p >= 50 {
		tone, far = "good", p-50
	}
	return reportCell{matrixCell: c, Have: count(c.InPlace + c.Excepted), Need: count(c.Required), Tone: tone, Strength: 0.06 + 0.3*float64(far)/50}
}

func (s *assessment) functionLine(fn access.Function) functionLine {
	l := functionLine{Name: functionName(fn), Duty: functionDuties[fn]}
	by := map[access.Severity]int{}
	var due access.Time
	for _, f := range s.Findings {
		if f.Function != fn {
			continue
		}
		by[f.Severity]++
		l.Count++
		if due == 0 || f.Due < due {
			due = f.Due
		}
	}
	l.Due = day(due)
	var words []string
	for _, sev := range access.Severities {
		if by[sev] == 0 {
			continue
		}
		l.Parts = append(l.Parts, struct {
			Severity access.Severity
			Width    int
		}{sev, max(1, by[sev]*100/l.Count)})
		words = append(words, fmt.Sprintf("%d %s", by[sev], sev))
	}
	l.Label = strings.Join(words, ", ")
	if l.Count == 0 {
		l.Label = "nothing"
	}
	return l
}

func (s *assessment) ruleSections() (sections []ruleSection, cut bool) {
	index := map[string]int{}
	for _, f := range s.Findings {
		k := f.Rule + "\x00" + string(f.Severity)
		i, ok := index[k]
		if !ok {
			i = len(sections)
			index[k] = i
			sections = append(sections, ruleSection{Rule: f.Rule, Title: f.Title, Severity: f.Severity, Function: functionName(f.Function)})
		}
		sections[i].Count++
		if len(sections[i].Findings) < reportLimit {
			sections[i].Findings = append(sections[i].Findings, f)
		} else {
			cut = true
		}
	}
	slices.SortStableFunc(sections, func(a, b ruleSection) int {
		return cmp.Or(bySeverity(a.Severity, b.Severity), cmp.Compare(b.Count, a.Count))
	})
	for i := range sections {
		sections[i].Open = sections[i].Severity == access.Critical && sections[i].Count <= 20
	}
	return sections, cut
}
