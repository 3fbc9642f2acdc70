package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
)

type coverageShown struct {
	Items []struct {
		Key   string                      `json:"key"`
		Cells map[string]map[string]int64 `json:"cells"`
	} `json:"items"`
	Total map[string]int64 `json:"total"`
}

type evidencePage struct {
	Items []struct {
		Grant string              `json:"grant"`
		State access.ControlState `json:"state"`
		Why   string              `json:"why"`

		Function access.Function `json:"function"`
		Answers  *struct {
			ID string `json:"id"`
		} `json:"answers"`
		Findings []struct {
			Rule    string `json:"rule"`
			Title   string `json:"title"`
			Subject string `json:"subject"`
		} `json:"findings"`
	} `json:"items"`
	Next  string `json:"next"`
	Total int64  `json:"total"`
}

// TestCoverageOverHTTP: behind each cell are as many grants as it counts.
func TestCoverageOverHTTP(t *testing.T) {
	s := serve(t)
	s.settle()
	var m coverageShown
	s.as(inIAM).get("/v1/coverage?by=control", &m)
	looked := 0
	for _, row := range m.Items {
		for tier, n := range row.Cells {
			for _, state := range []string{"in_place", "missing", "unknown", "excepted"} {
				if (row.Key != "owner" && row.Key != "rotate" && row.Key != "elevate") && n[state] > 0 && looked > 12 {
					continue
				}
				looked++
				path := fmt.Sprintf("/v1/coverage/evidence?control=%s&tier=%s&state=%s&limit=400", row.Key, tier, state)
				rows := int64(0)
				for cursor := ""; ; {
					var p evidencePage
					s.as(inIAM).get(path+cursor, &p)
					for _, x := range p.Items {
						if string(x.State) != state || x.Why == "" {
							t.Fatalf("%s: %+v", path, x)
						}
					}
					if rows += int64(len(p.Items)); p.Total != n[state] {
						t.Fatalf("%s: %d in all, and the cell says %d", path, p.Total, n[state])
					}
					if p.Next == "" {
						break
					}
					cursor = "&cursor=" + p.Next
				}
				if rows != n[state] {
					t.Fatalf("%s: %d grants, and the cell says %d", path, rows, n[state])
				}
			}
		}
	}
	if looked == 0 || m.Total["required"] == 0 {
		t.Fatal("nothing is required")
	}
	for _, by := range []string{"system", "tier", "kind"} {
		var other coverageShown
		if s.as(inIAM).get("/v1/coverage?by="+by, &other); fmt.Sprint(other.Total) != fmt.Sprint(m.Total) {
			t.Errorf("by %s it is %v, not %v", by, other.Total, m.Total)
		}
	}
	var trend struct {
		Items    []any `json:"items"`
		Standing []any `json:"standing"`
	}
	if s.as(inAudit).get("/v1/coverage/trend", &trend); len(trend.Items) == 0 || len(trend.Standing) == 0 {
		t.Errorf("%+v", trend)
	}
	s.as(employee).want(http.StatusOK, "GET", "/v1/controls", nil, nil)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "GET", "/v1/coverage/evidence", nil, nil)
	for _, path := range []string{"/v1/coverage", "/v1/coverage/trend", "/v1/coverage/evidence?control=owner"} {
		s.as(employee).want(http.StatusForbidden, "GET", path, nil, nil)
		s.as("").want(http.StatusUnauthorized, "GET", path, nil, nil)
	}
}

// TestCoverageEvidenceLeadsOn: each row says whose the control is, and what it names as
// the findings behind is what the list of findings has by that rule and subject.
func TestCoverageEvidenceLeadsOn(t *testing.T) {
	s := serve(t)
	s.settle()
	led, answered := map[string]bool{}, 0
	for _, control := range access.Controls {
		var p evidencePage
		s.as(inIAM).get(fmt.Sprintf("/v1/coverage/evidence?control=%s&limit=100", control), &p)
		for _, x := range p.Items {
			if !slices.Contains(access.Functions, x.Function) {
				t.Fatalf("%s is of %q", control, x.Function)
			}
			if x.Answers != nil {
				answered++
			}
			for _, f := range x.Findings {
				if key := f.Rule + " " + f.Subject; !led[key] {
					led[key] = true
					var found struct{ Total int64 }
					if s.as(inIAM).get("/v1/findings?rule="+f.Rule+"&subject="+f.Subject, &found); found.Total != 1 || f.Title == "" {
						t.Errorf("%s: %d findings, called %q", key, found.Total, f.Title)
					}
				}
			}
		}
	}
	if len(led) == 0 || answered == 0 {
		t.Errorf("%d findings behind, %d owners", len(led), answered)
	}
}
