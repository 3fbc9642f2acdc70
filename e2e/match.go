package e2e

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// Subject is what a finding or an answer is about.
type Subject struct {
	Type   string `json:"type"`
	System string `json:"system"`
	Name   string `json:"name"`
}

// Planted is one line of an answer key; a finding has the same two facts.
type Planted struct {
	Rule    string  `json:"rule"`
	Subject Subject `json:"subject"`
	Note    string  `json:"note"`
}

// Finding is one finding of `writ assess -o json`.
type Finding struct {
	Rule     string   `json:"rule"`
	Subject  Subject  `json:"subject"`
	Evidence []string `json:"evidence"`
}

// Score compares findings with an answer key.
type Score struct {
	Rules  map[string]*RuleScore
	Missed []Planted // planted, not found
	Extra  []Finding // found, not planted; found twice counts as one too many
}

// RuleScore is Score for one rule.
type RuleScore struct{ Planted, Found, Missed, Extra int }

// same leaves out of a subject what does not tell it apart: identities and keys
// belong to no one system, and a system's name is its name.
func same(rule string, s Subject) [4]string {
	switch s.Type {
	case "identity", "credential", "system":
		s.System = ""
	}
	return [4]string{rule, s.Type, s.System, s.Name}
}

// Match compares.
func Match(key []Planted, findings []Finding) Score {
	s := Score{Rules: map[string]*RuleScore{}}
	rule := func(name string) *RuleScore {
		if s.Rules[name] == nil {
			s.Rules[name] = &RuleScore{}
		}
		return s.Rules[name]
	}
	open := map[[4]string]bool{}
	for _, p := range key {
		open[same(p.Rule, p.Subject)] = true
		rule(p.Rule).Planted++
	}
	for _, f := range findings {
		if k := same(f.Rule, f.Subject); open[k] {
			delete(open, k)
			rule(f.Rule).Found++
			continue
		}
		rule(f.Rule).Extra++
		s.Extra = append(s.Extra, f)
	}
	for _, p := range key {
		if open[same(p.Rule, p.Subject)] {
			rule(p.Rule).Missed++
			s.Missed = append(s.Missed, p)
		}
	}
	return s
}

// Recall is the share of what was planted that is found.
func (s Score) Recall() float64 {
	found, missed, _ := s.sums()
	return share(found, found+missed)
}

// Precision is the share of what is found that was planted.
func (s Score) Precision() float64 {
	found, _, extra := s.sums()
	return share(found, found+extra)
}

func (s Score) sums() (found, missed, extra int) {
	for _, r := range s.Rules {
		found, missed, extra = found+r.Found, missed+r.Missed, extra+r.Extra
	}
	return found, missed, extra
}

// share of nothing is nothing: a test that compared nothing has not passed.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Print writes the table and everything that does not match.
func (s Score) Print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "rule\tplanted\tfound\tmissed\textra") //nolint:errcheck // a test's output
	for _, name := range slices.Sorted(maps.Keys(s.Rules)) {
		r := s.Rules[name]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", name, r.Planted, r.Found, r.Missed, r.Extra) //nolint:errcheck // as above
	}
	_ = t.Flush()
	fmt.Fprintf(w, "recall %.4f  precision %.4f\n", s.Recall(), s.Precision()) //nolint:errcheck // as above
	for _, p := range s.Missed {
		fmt.Fprintf(w, "missed: %s %s %s %q: %s\n", p.Rule, p.Subject.Type, p.Subject.System, p.Subject.Name, p.Note) //nolint:errcheck // as above
	}
	for _, f := range s.Extra {
		fmt.Fprintf(w, "extra: %s %s %s %q: %v\n", f.Rule, f.Subject.Type, f.Subject.System, f.Subject.Name, f.Evidence) //nolint:errcheck // as above
	}
}
