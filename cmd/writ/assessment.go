package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
)

// assessment is the whole answer of 'writ assess', as docs/schemas/assess.json
// documents it.
type assessment struct {
	Revision access.Rev     `json:"revision"`
	At       access.Time    `json:"at"`
	Systems  []systemLine   `json:"systems"`
	Coverage []coverageLine `json:"coverage"`
	Findings []findingLine  `json:"findings"`
	Answers  []exampleLine  `json:"answers,omitempty"`
	Totals   totals         `json:"totals"`
}

type systemLine struct {
	Name         string      `json:"name"`
	Kind         string      `json:"kind"`
	Accounts     int64       `json:"accounts"`
	Entitlements int64       `json:"entitlements"`
	Grants       int64       `json:"grants"`
	SyncedAt     access.Time `json:"synced_at,omitzero"`
	Stale        bool        `json:"stale"`
	Errors       []string    `json:"errors"`
	Warnings     []string    `json:"warnings,omitempty"`
}

type coverageLine struct {
	System       string              `json:"system"`
	Tier         access.Tier         `json:"tier"`
	IdentityKind access.IdentityKind `json:"identity_kind"`
	ThirdParty   bool                `json:"third_party"`
	Control      access.Control      `json:"control"`
	Required     int64               `json:"required"`
	InPlace      int64               `json:"in_place"`
	Missing      int64               `json:"missing"`
	Unknown      int64               `json:"unknown"`
	Excepted     int64               `json:"excepted"`
}

type subjectLine struct {
	Type   string     `json:"type"`
	ID     access.Ref `json:"id"`
	Name   string     `json:"name"` // of an identity, its number
	System string     `json:"system"`
	Native string     `json:"native_id,omitempty"` // what its system calls it
	Shown  string     `json:"display,omitempty"`   // what people call it, where that is not Name
}

// String is what people call it.
func (s subjectLine) String() string { return cmp.Or(s.Shown, s.Name) }

type findingLine struct {
	ID       access.FindingID `json:"id"`
	Rule     string           `json:"rule"`
	Title    string           `json:"title"`
	Severity access.Severity  `json:"severity"`
	Subject  subjectLine      `json:"subject"`
	Evidence []string         `json:"evidence"`
	Function access.Function  `json:"function"`
	Owner    string           `json:"owner"`
	Due      access.Time      `json:"due"`
	Status   string           `json:"status"`
}

// exampleLine is one question with its answer in words.
type exampleLine struct {
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Because  []string `json:"because,omitempty"`
	Command  string   `json:"command,omitempty"`
}

type totals struct {
	Identities   map[access.IdentityKind]int64 `json:"identities"`
	ThirdParties int64                         `json:"third_parties"`
	Accounts     int64                         `json:"accounts"`
	Correlated   int64                         `json:"correlated"`
	Entitlements int64                         `json:"entitlements"`
	Grants       int64                         `json:"grants"`
	Tiers        []tierLine                    `json:"tiers"`
	Findings     map[access.Severity]int64     `json:"findings"`
	Rejected     int64                         `json:"rejected"`
}

// tierLine answers "governance or privilege?" for one tier.
type tierLine struct {
	Tier         access.Tier `json:"tier"`
	Disciplines  string      `json:"disciplines"` // governance, or governance and privilege
	Entitlements int64       `json:"entitlements"`
	Grants       int64       `json:"grants"`
	Standing     int64       `json:"standing"`
	Eligible     int64       `json:"eligible"`
}

var tierMeaning = map[access.Tier]string{
	access.Tier0: "controls identities, policy, backups",
	access.Tier1: "administers production, or reads sensitive data in bulk",
	access.Tier2: "changes production, or reads single sensitive records",
	access.Tier3: "the rest",
}

// matrix sums coverage over systems and kinds of identity: control by tier.
type matrixCell struct{ Required, InPlace, Missing, Unknown, Excepted int64 }

// Percent is the share in place, rounded down: 100 means all of them.
func (c matrixCell) Percent() int {
	if c.Required == 0 {
		return 0
	}
	return int((c.InPlace + c.Excepted) * 100 / c.Required)
}

func (c matrixCell) plus(l coverageLine) matrixCell {
	return matrixCell{c.Required + l.Required, c.InPlace + l.InPlace, c.Missing + l.Missing, c.Unknown + l.Unknown, c.Excepted + l.Excepted}
}

func matrixOf(lines []coverageLine) map[access.Control]map[access.Tier]matrixCell {
	m := map[access.Control]map[access.Tier]matrixCell{}
	for _, l := range lines {
		if m[l.Control] == nil {
			m[l.Control] = map[access.Tier]matrixCell{}
		}
		m[l.Control][l.Tier] = m[l.Control][l.Tier].plus(l)
	}
	return m
}

const topFindings = 15

// tables shows what matters first: the systems, the matrix, the worst findings.
func (s *assessment) tables() []table {
	list := []table{s.systemTable(), s.tierTable(), matrixTable(s.Coverage), s.ruleTable(), s.findingTable()}
	return list
}

func (s *assessment) systemTable() table {
	t := table{
		title:  fmt.Sprintf("%s in %d systems", s.totalsSentence(), len(s.Systems)),
		header: []string{"system", "kind", "accounts", "entitlements", "grants", "state"}, right: []int{2, 3, 4},
	}
	for _, y := range s.Systems {
		state := "read"
		switch {
		case len(y.Errors) > 0:
			state = "FAILED: " + y.Errors[0]
		case y.Stale:
			state = "stale"
		case len(y.Warnings) > 0:
			state = fmt.Sprintf("read, %d warnings", len(y.Warnings))
		}
		t.rows = append(t.rows, []string{y.Name, y.Kind, count(y.Accounts), count(y.Entitlements), count(y.Grants), state})
	}
	return t
}

func (s *assessment) totalsSentence() string {
	t := s.Totals
	return fmt.Sprintf("%s people (%s of them third parties), %s services, %s agents; %s accounts, %s of them correlated; %s grants",
		count(t.Identities[access.Human]), count(t.ThirdParties), count(t.Identities[access.Service]), count(t.Identities[access.Agent]),
		count(t.Accounts), count(t.Correlated), count(t.Grants))
}

func (s *assessment) tierTable() table {
	t := table{
		title:  "Governance or privilege? What access can do decides",
		header: []string{"tier", "what it can do", "belongs to", "entitlements", "grants", "standing", "eligible"}, right: []int{3, 4, 5, 6},
	}
	for _, l := range s.Totals.Tiers {
		t.rows = append(t.rows, []string{tierName(l.Tier), tierMeaning[l.Tier], l.Disciplines, count(l.Entitlements), count(l.Grants), count(l.Standing), count(l.Eligible)})
	}
	return t
}

func matrixTable(lines []coverageLine) table {
	t := table{
		title:  "Coverage: of the grants that need a control, how many have it",
		header: []string{"control", "discipline", "tier 0", "tier 1", "tier 2", "tier 3"}, right: []int{2, 3, 4, 5},
		note: "  -: not required; ?: some facts are unknown or stale, which never counts as in place",
	}
	m := matrixOf(lines)
	for _, c := range access.Controls {
		row := []string{string(c), string(c.Discipline())}
		for _, tier := range access.Tiers {
			row = append(row, m[c][tier].text())
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (c matrixCell) text() string {
	if c.Required == 0 {
		return "-"
	}
	mark := ""
	if c.Unknown > 0 {
		mark = "?"
	}
	return fmt.Sprintf("%s/%s %3d%%%s", count(c.InPlace+c.Excepted), count(c.Required), c.Percent(), mark)
}

func (s *assessment) ruleTable() table {
	type key struct {
		rule string
		sev  access.Severity
		fn   access.Function
	}
	n := map[key]int{}
	for _, f := range s.Findings {
		n[key{f.Rule, f.Severity, f.Function}]++
	}
	keys := make([]key, 0, len(n))
	for k := range n {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(bySeverity(a.sev, b.sev), cmp.Compare(n[b], n[a]), cmp.Compare(a.rule, b.rule))
	})
	t := table{title: "Findings by rule", header: []string{"severity", "rule", "answers", "findings"}, right: []int{3}}
	for _, k := range keys {
		t.rows = append(t.rows, []string{string(k.sev), k.rule, functionName(k.fn), strconv.Itoa(n[k])})
	}
	return t
}

// findingTable shows the worst finding of each rule before the second of any.
func (s *assessment) findingTable() table {
	t := table{title: "Top findings", header: []string{"severity", "rule", "subject", "system", "due", "why"}}
	seen := map[string]int{}
	top := slices.Clone(s.Findings)
	rank := make(map[access.FindingID]int, len(top))
	for _, f := range top {
		rank[f.ID] = seen[f.Rule]
		seen[f.Rule]++
	}
	slices.SortStableFunc(top, func(a, b findingLine) int {
		return cmp.Or(cmp.Compare(rank[a.ID], rank[b.ID]), bySeverity(a.Severity, b.Severity))
	})
	shown := top[:min(topFindings, len(top))]
	for _, f := range shown {
		why := ""
		if len(f.Evidence) > 0 {
			why = f.Evidence[0]
		}
		t.rows = append(t.rows, []string{string(f.Severity), f.Rule, f.Subject.Type + " " + f.Subject.String(), f.Subject.System, f.Due.Time().Format("2006-01-02"), why})
	}
	if rest := len(s.Findings) - len(shown); rest > 0 {
		t.note = fmt.Sprintf("  and %d more: -o json has all of them, -o html is made to be read", rest)
	}
	return t
}

func bySeverity(a, b access.Severity) int {
	return slices.Index(access.Severities, a) - slices.Index(access.Severities, b)
}

func tierName(t access.Tier) string {
	if t == access.Unclassified {
		return "none"
	}
	return strconv.Itoa(int(t))
}

var functionNames = map[access.Function]string{
	access.IAM: "IAM", access.SecurityOperations: "security operations",
	access.PlatformOwner: "platform owner", access.AuditFunction: "audit", access.Requester: "requester",
}

func functionName(f access.Function) string { return functionNames[f] }

// count groups thousands, as reports do.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
