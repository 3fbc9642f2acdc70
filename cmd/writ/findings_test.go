package main

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/policy"
)

type findingsPage struct {
	Items []struct {
		ID       access.FindingID `json:"id"`
		Severity access.Severity  `json:"severity"`
		Function access.Function  `json:"function"`
		Status   finding.Status   `json:"status"`
		Rule     string           `json:"rule"`
		Subject  access.Named     `json:"subject"`
		System   access.Named     `json:"system"`
		Due      access.Time      `json:"due"`
		Version  int64            `json:"version"`
	} `json:"items"`
	Next   string          `json:"next"`
	Total  *int64          `json:"total"`
	Totals []finding.Total `json:"totals"`
}

type findingShown struct {
	Status   finding.Status  `json:"status"`
	Function access.Function `json:"function"`
	Owner    *access.Named   `json:"owner"`
	Matters  string          `json:"why_it_matters"`
	Evidence []struct {
		Text string `json:"text"`
	} `json:"evidence"`
	History []struct {
		What   string `json:"what"`
		By     string `json:"by"`
		Reason string `json:"reason"`
	} `json:"history"`
	May map[string]struct {
		Allowed bool   `json:"allowed"`
		Why     string `json:"why"`
	} `json:"may"`
}

func TestFindingsOverHTTP(t *testing.T) {
	s := serve(t)
	all, err := s.app.findings().List(s.ctx, finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("pages", func(t *testing.T) {
		for _, sort := range []string{"worst", "due", "opened"} {
			seen := map[access.FindingID]bool{}
			path := "/v1/findings?limit=7&sort=" + sort
			for cursor := ""; ; {
				var p findingsPage
				s.as(inIAM).get(path+cursor, &p)
				if (p.Total != nil) != (cursor == "") || cursor == "" && *p.Total != int64(len(all)) {
					t.Fatalf("%s: total %v of %d", path+cursor, p.Total, len(all))
				}
				for _, x := range p.Items {
					if seen[x.ID] {
						t.Fatalf("%s: %s twice", sort, x.ID)
					}
					if sort == "worst" && x.ID != all[len(seen)].ID && x.Due != all[len(seen)].Due {
						t.Fatalf("at %d is %s, not %s", len(seen), x.ID, all[len(seen)].ID)
					}
					seen[x.ID] = true
				}
				if p.Next == "" {
					break
				}
				cursor = "&cursor=" + p.Next
			}
			if len(seen) != len(all) {
				t.Fatalf("%s: %d of %d", sort, len(seen), len(all))
			}
		}
	})
	t.Run("filters", func(t *testing.T) { findingFilters(t, s, all) })
	t.Run("decide", func(t *testing.T) { decideFinding(t, s, all) })
	t.Run("export", func(t *testing.T) {
		body := s.as(inAudit).want(http.StatusOK, "GET", "/v1/findings/export?severity=critical", nil, nil).body
		rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
		if err != nil || len(rows) < 2 || rows[0][0] != "id" {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
	})
	t.Run("ageing", func(t *testing.T) {
		var a struct {
			ByAge []struct {
				Count int64 `json:"count"`
			} `json:"by_age"`
		}
		s.as(inSecurity).get("/v1/findings/ageing", &a)
		n := int64(0)
		for _, x := range a.ByAge {
			n += x.Count
		}
		if n == 0 || n > int64(len(all)) {
			t.Errorf("%d findings have an age, of %d", n, len(all))
		}
	})
	t.Run("rules", func(t *testing.T) {
		var r struct {
			Items []struct {
				Do string `json:"what_to_do"`
			} `json:"items"`
		}
		s.as(employee).get("/v1/rules", &r)
		if len(r.Items) != len(finding.Rules()) || r.Items[0].Do == "" {
			t.Errorf("%+v", r)
		}
	})
}

func findingFilters(t *testing.T, s *served, all []finding.Finding) {
	one := all[len(all)/2]
	for query, keep := range map[string]func(finding.Finding) bool{
		"rule=" + one.Rule:                       func(f finding.Finding) bool { return f.Rule == one.Rule },
		"severity=critical":                      func(f finding.Finding) bool { return f.Severity == access.Critical },
		"function=iam&severity=medium":           func(f finding.Finding) bool { return f.Function == access.IAM && f.Severity == access.Medium },
		"system=" + one.System.String():          func(f finding.Finding) bool { return f.System == one.System },
		"subject=" + one.Subject.String():        func(f finding.Finding) bool { return f.Subject == one.Subject },
		"q=" + one.Subject.String():              func(f finding.Finding) bool { return f.Subject == one.Subject },
		"q=dormant&status=open":                  func(f finding.Finding) bool { return f.Rule == "dormant-account" },
		"status=accepted":                        func(finding.Finding) bool { return false },
		"owner=" + s.identity(employee).String(): func(finding.Finding) bool { return false },
		"due_before=" + one.Due.Time().UTC().Format("2006-01-02T15:04:05.999999Z"): func(f finding.Finding) bool { return f.Due < one.Due },
	} {
		want := int64(0)
		for _, f := range all {
			if keep(f) {
				want++
			}
		}
		var p findingsPage
		s.as(inIAM).get("/v1/findings?limit=1000&"+query, &p)
		if p.Total == nil || *p.Total != want || int64(len(p.Items)) != want {
			t.Errorf("%s: %d items, %v in all, not %d", query, len(p.Items), p.Total, want)
		}
	}
	s.as(inIAM).want(http.StatusUnprocessableEntity, "GET", "/v1/findings?severity=dreadful", nil, nil)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "GET", "/v1/findings?cursor=nonsense", nil, nil)
}

func decideFinding(t *testing.T, s *served, all []finding.Finding) {
	var mine finding.Finding
	for _, f := range all {
		if f.Function == access.IAM && f.Subject.Kind == access.KindAccount {
			mine = f
			break
		}
	}
	path := "/v1/findings/" + mine.ID.String()
	var shown findingShown
	tag := s.as(inIAM).get(path, &shown).header.Get("ETag")
	if !shown.May["finding.accept"].Allowed || len(shown.Evidence) == 0 || strings.Contains(shown.Evidence[0].Text, "{}") || shown.Matters == "" || shown.History[0].What != "opened" {
		t.Fatalf("%+v", shown)
	}
	s.as(inAudit).get(path, &shown)
	if v := shown.May["finding.accept"]; v.Allowed || v.Why == "" {
		t.Errorf("audit may accept: %+v", v)
	}
	until := time.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339)
	body := map[string]any{"reason": "they move in March", "until": until}
	s.as(inIAM).want(http.StatusPreconditionRequired, "POST", path+"/accept", body, nil)
	s.as(inIAM).want(http.StatusPreconditionFailed, "POST", path+"/accept", body, nil, "If-Match", `"1"`)
	for who, status := range map[string]int{inAudit: http.StatusForbidden, inSecurity: http.StatusForbidden, ownsPlatform: http.StatusForbidden, employee: http.StatusNotFound, "": http.StatusUnauthorized} {
		s.as(who).want(status, "POST", path+"/accept", body, nil, "If-Match", tag)
	}
	tag = s.as(inIAM).want(http.StatusOK, "POST", path+"/accept", body, nil, "If-Match", tag).header.Get("ETag")
	s.as(inIAM).want(http.StatusNotFound, "POST", path+"/accept", body, nil, "If-Match", tag)
	again := map[string]any{"reason": "they have moved"}
	s.as(inSecurity).want(http.StatusForbidden, "POST", path+"/reopen", again, nil, "If-Match", tag)
	tag = s.as(inIAM).want(http.StatusOK, "POST", path+"/reopen", again, nil, "If-Match", tag).header.Get("ETag")
	owner := map[string]any{"owner": s.identity(employee)}
	s.as(inAudit).want(http.StatusForbidden, "PUT", path+"/owner", owner, nil, "If-Match", tag)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "PUT", path+"/owner", map[string]any{"owner": "idn_0000000zzzzzz"}, nil, "If-Match", tag)
	s.as(employee).want(http.StatusNotFound, "GET", path, nil, nil)
	s.as(inIAM).want(http.StatusOK, "PUT", path+"/owner", owner, nil, "If-Match", tag)
	s.as(employee).get(path, &shown) // whose it is now
	if got := fmt.Sprint(shown.Status, shown.Owner.ID, len(shown.History), shown.History[0].What, shown.History[1].What, shown.History[1].Reason, shown.History[2].What, shown.History[2].Reason, shown.History[2].By); got != fmt.Sprint(finding.Open, s.identity(employee), 4, "assigned", "reopened", "they have moved", "accepted", "they move in March", s.identity(inIAM)) {
		t.Error(got)
	}
	var p findingsPage
	if s.as(employee).get("/v1/findings", &p); len(p.Items) != 1 || p.Items[0].ID != mine.ID {
		t.Errorf("whoever answers for one finding sees %+v", p.Items)
	}
}

// TestLesson14_FindingsWithinReach: whoever holds a function in a scope sees what is of
// its systems, in lists, counts, exports and one by one.
func TestLesson14_FindingsWithinReach(t *testing.T) {
	s := serve(t)
	all, err := s.app.findings().List(s.ctx, finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[access.SystemID]int{}
	for _, f := range all {
		count[f.System]++
	}
	var theirs access.SystemID
	for id, n := range count {
		if id != 0 && n > count[theirs] {
			theirs = id
		}
	}
	s.owns(s.identity(employee), theirs)
	var p findingsPage
	if s.as(employee).get("/v1/findings?limit=1000", &p); len(p.Items) != count[theirs] || int(*p.Total) != count[theirs] {
		t.Errorf("%d findings in all of %d", len(p.Items), count[theirs])
	}
	for _, f := range all {
		want := http.StatusNotFound
		if f.System == theirs {
			want = http.StatusOK
		}
		s.as(employee).want(want, "GET", "/v1/findings/"+f.ID.String(), nil, nil)
	}
	body := s.as(employee).want(http.StatusOK, "GET", "/v1/findings/export", nil, nil).body
	if n := strings.Count(string(body), "\n"); n != count[theirs]+1 {
		t.Errorf("%d lines are exported, for %d findings", n, count[theirs])
	}
	s.as("").want(http.StatusUnauthorized, "GET", "/v1/findings", nil, nil)
	s.as("").want(http.StatusUnauthorized, "GET", "/v1/findings/export", nil, nil)
}

// TestLesson14_NobodyAcceptsWhatIsAboutThemself, as its subject, or by an account.
func TestLesson14_NobodyAcceptsWhatIsAboutThemself(t *testing.T) {
	s := serve(t)
	all, err := s.app.findings().List(s.ctx, finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	v := s.app.graph.View()
	defer v.Close()
	tried := 0
	for _, f := range all {
		if f.Subject.Kind != access.KindAccount || f.Function != access.IAM || f.Rule == "leaver-active" {
			continue
		}
		node, ok := v.Account(access.AccountID(f.Subject.Key))
		if !ok || len(node.Identities) != 1 {
			continue
		}
		who, _ := v.Identity(node.Identities[0])
		if who.Kind != access.Human || !who.State.MayHoldAccess() {
			continue
		}
		s.holds(who.ID, access.IAM)
		path := "/v1/findings/" + f.ID.String()
		var shown findingShown
		me := s.caller(policy.Caller{Identity: who.ID, Context: policy.Context{MFA: true}})
		tag := me.get(path, &shown).header.Get("ETag")
		if shown.May["finding.accept"].Allowed {
			t.Errorf("%s may accept %s of %s", who.ID, f.Rule, f.Subject)
		}
		body := map[string]any{"reason": "I like it so", "until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
		me.want(http.StatusForbidden, "POST", path+"/accept", body, nil, "If-Match", tag)
		if tried++; tried == 3 {
			break
		}
	}
	if tried < 3 {
		t.Fatalf("the company has %d such findings, and has had dozens", tried)
	}
}
