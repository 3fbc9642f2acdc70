package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
)

// entitlementAnswer is the answer of 'writ entitlement show'.
type entitlementAnswer struct{ *ask.Entitlement }

func (s entitlementAnswer) tables() []table {
	owner := "nobody"
	if s.Owner != nil {
		owner = s.Owner.Name
		if s.Inherited {
			owner += " (of its system)"
		}
	}
	what := table{
		title:  fmt.Sprintf("%s is of tier %s: it needs %s", s.Entitlement.Entitlement, tierName(s.Tier), s.Disciplines),
		header: []string{"entitlement", "kind", "tier", "own tier", "by facts alone", "owner"},
		rows:   [][]string{{s.Entitlement.Entitlement.String(), s.Kind, tierName(s.Tier), tierName(s.Own), tierName(s.Facts), owner}},
	}
	return append([]table{what, s.why()}, s.details()...)
}

// why lists the reasons, and under them in full what a cell has no room for.
func (s entitlementAnswer) why() table {
	t := table{title: "why", header: []string{"tier", "rule", "reason"}, right: []int{0}}
	var notes []string
	for _, r := range s.Reasons {
		text := r.Text
		if r.From != nil && r.Path == nil {
			text += ": " + r.From.String()
		}
		t.rows = append(t.rows, []string{tierName(r.Tier), r.Rule, text})
		if r.Path != nil {
			notes = append(notes, "  "+printable(r.Path.Sentence))
		} else if utf8.RuneCountInString(text) > maxCell {
			notes = append(notes, "  "+printable(text))
		}
	}
	t.note = strings.Join(notes, "\n")
	return t
}

func (s entitlementAnswer) details() []table {
	controls := table{title: "what that requires", header: []string{"of", "governance", "privilege"}}
	for _, c := range s.Controls {
		who := make([]string, len(c.Kinds))
		for i, k := range c.Kinds {
			who[i] = string(k)
		}
		of := strings.Join(who, " or ")
		if c.ThirdParty {
			of += " of a third party"
		}
		controls.rows = append(controls.rows, []string{of, requirements(c.Governance), cmp.Or(requirements(c.Privilege), "nothing")})
	}
	can := table{title: "what it lets its holders do", header: []string{"right", "on"}}
	for _, c := range s.Capabilities {
		can.rows = append(can.rows, []string{string(c.Right), c.On.Type + " " + c.On.String()})
	}
	if len(s.Capabilities) == 0 {
		can.rows = [][]string{{"nothing that is known", ""}}
	}
	has := table{title: "who has it", header: []string{"mode", "direct holders", "identities", "accounts of nobody"}, right: []int{1, 2, 3}}
	for _, h := range s.Holders {
		has.rows = append(has.rows, []string{h.Mode.String(), count(int64(h.Direct)), count(int64(h.Identities)), count(int64(h.Orphans))})
	}
	return []table{controls, can, has}
}

func requirements(list []access.Requirement) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = string(r.Control)
		if r.Days != 0 {
			words[i] += " every " + strconv.Itoa(r.Days) + " days"
		}
	}
	return strings.Join(words, ", ")
}

// classifyAnswer is the answer of 'writ entitlement classify'.
type classifyAnswer struct {
	Revision    access.Rev  `json:"revision"`
	Entitlement ask.Shown   `json:"entitlement"`
	Did         string      `json:"did"`
	Before      access.Tier `json:"tier_before"` // -1: it had not been classified
	Tier        access.Tier `json:"tier"`
	Own         access.Tier `json:"own_tier"`
	Disciplines string      `json:"disciplines"`
	Reason      string      `json:"reason"`
	Until       string      `json:"until,omitempty"`
}

func (s *classifyAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s is of tier %s now (it was %s): it needs %s", s.Entitlement, tierName(s.Tier), tierName(s.Before), s.Disciplines),
		header: []string{"entitlement", "tier", "own tier", "tier before", "until"},
		rows:   [][]string{{s.Entitlement.String(), tierName(s.Tier), tierName(s.Own), tierName(s.Before), cmp.Or(s.Until, "it is cleared")}},
	}
	if s.Did == "clear" {
		t.rows[0][4] = ""
	}
	if s.Own != s.Tier {
		t.note = fmt.Sprintf("  Its own tier is %s; what it leads to makes it %s: 'writ entitlement show' says how.", tierName(s.Own), tierName(s.Tier))
	}
	return []table{t}
}
