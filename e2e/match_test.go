package e2e

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	account := func(system, name string) Subject { return Subject{Type: "account", System: system, Name: name} }
	key := []Planted{
		{Rule: "leaver-active", Subject: account("crm", "ana")},
		{Rule: "leaver-active", Subject: account("erp", "ana")},
		{Rule: "dormant-account", Subject: account("crm", "ben")},
		{Rule: "duplicate-credential", Subject: Subject{Type: "credential", System: "web1", Name: "SHA256:x"}},
	}
	tests := []struct {
		name              string
		findings          []Finding
		recall, precision float64
		missed, extra     int
	}{
		{"nothing found", nil, 0, 0, 4, 0},
		{"one of another system does not count", []Finding{{Rule: "leaver-active", Subject: account("web", "ana")}}, 0, 0, 4, 1},
		{"one of another rule does not count", []Finding{{Rule: "orphan-account", Subject: account("crm", "ana")}}, 0, 0, 4, 1},
		{"twice is one too many", []Finding{{Rule: "leaver-active", Subject: account("crm", "ana")}, {Rule: "leaver-active", Subject: account("crm", "ana")}}, 0.25, 0.5, 3, 1},
		{"all", []Finding{
			{Rule: "leaver-active", Subject: account("crm", "ana")},
			{Rule: "leaver-active", Subject: account("erp", "ana")},
			{Rule: "dormant-account", Subject: account("crm", "ben")},
			{Rule: "duplicate-credential", Subject: Subject{Type: "credential", Name: "SHA256:x"}},
		}, 1, 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Match(key, tt.findings)
			if s.Recall() != tt.recall || s.Precision() != tt.precision || len(s.Missed) != tt.missed || len(s.Extra) != tt.extra {
				t.Errorf("recall %v precision %v missed %v extra %v", s.Recall(), s.Precision(), s.Missed, s.Extra)
			}
			var b strings.Builder
			s.Print(&b)
			if !strings.Contains(b.String(), "leaver-active") {
				t.Errorf("the table lacks a rule:\n%s", b.String())
			}
		})
	}
}

func TestNothingComparedIsNoSuccess(t *testing.T) {
	if s := Match(nil, nil); s.Recall() != 0 || s.Precision() != 0 {
		t.Errorf("recall %v precision %v", s.Recall(), s.Precision())
	}
}
