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
	o := openOffice(t)
	all, err := o.app.findings().List(o.ctx, finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("pages", func(t *testing.T) {
		for _, sort := range []string{"worst", "due", "opened"} {
			seen := map[access.FindingID]bool{}
			path := "/v1/findings?limit=7&sort=" + sort
			for cursor := ""; ; {
				var p findingsPage
				o.read(o.iam, path+cursor, &p)
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
	t.Run("filters", func(t *testing.T) { findingFilters(t, o, all) })
	t.Run("decide", func(t *testing.T) { decideFinding(t, o, all) })
	t.Run("export", func(t *testing.T) {
		body := o.ask(o.audit, http.StatusOK, "GET", "/v1/findings/export?severity=critical", nil).body
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
		o.read(o.security, "/v1/findings/ageing", &a)
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
		o.read(o.employee, "/v1/rules", &r)
		if len(r.Items) != len(finding.Rules()) || r.Items[0].Do == "" {
			t.Errorf("%+v", r)
		}
	})
}

func findingFilters(t *testing.T, o *office, all []finding.Finding) {
	one := all[len(all)/2]
	for query, keep := range map[string]func(finding.Finding) bool{
		"rule=" + one.Rule:                func(f finding.Finding) bool { return f.Rule == one.Rule },
		"severity=critical":               func(f finding.Finding) bool { return f.Severity == access.Critical },
		"function=iam&severity=medium":    func(f finding.Finding) bool { return f.Function == access.IAM && f.Severity == access.Medium },
		"system=" + one.System.String():   func(f finding.Finding) bool { return f.System == one.System },
		"subject=" + one.Subject.String(): func(f finding.Finding) bool { return f.Subject == one.Subject },
		"q=" + one.Subject.String():       func(f finding.Finding) bool { return f.Subject == one.Subject },
		"q=dormant&status=open":           func(f finding.Finding) bool { return f.Rule == "dormant-account" },
		"status=accepted":                 func(finding.Finding) bool { return false },
		"owner=" + o.employee.String():    func(finding.Finding) bool { return false },
		"due_before=" + one.Due.Time().UTC().Format("2006-01-02T15:04:05.999999Z"): func(f finding.Finding) bool { return f.Due < one.Due },
	} {
		want := int64(0)
		for _, f := range all {
			if keep(f) {
				want++
			}
		}
		var p findingsPage
		o.read(o.iam, "/v1/findings?limit=1000&"+query, &p)
		if p.Total == nil || *p.Total != want || int64(len(p.Items)) != want {
			t.Errorf("%s: %d items, %v in all, not %d", query, len(p.Items), p.Total, want)
		}
	}
	o.ask(o.iam, http.StatusUnprocessableEntity, "GET", "/v1/findings?severity=dreadful", nil)
	o.ask(o.iam, http.StatusUnprocessableEntity, "GET", "/v1/findings?cursor=nonsense", nil)
}

func decideFinding(t *testing.T, o *office, all []finding.Finding) {
	var mine finding.Finding
	for _, f := range all {
		if f.Function == access.IAM && f.Subject.Kind == access.KindAccount {
			mine = f
			break
		}
	}
	path := "/v1/findings/" + mine.ID.String()
	var shown findingShown
	tag := o.read(o.iam, path, &shown).header.Get("ETag")
	if !shown.May["finding.accept"].Allowed || len(shown.Evidence) == 0 || strings.Contains(shown.Evidence[0].Text, "{}") || shown.Matters == "" || shown.History[0].What != "opened" {
		t.Fatalf("%+v", shown)
	}
	o.read(o.audit, path, &shown)
	if v := shown.May["finding.accept"]; v.Allowed || v.Why == "" {
		t.Errorf("audit may accept: %+v", v)
	}
	until := time.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339)
	body := map[string]any{"reason": "they move in March", "until": until}
	o.ask(o.iam, http.StatusPreconditionRequired, "POST", path+"/accept", body)
	o.ask(o.iam, http.StatusPreconditionFailed, "POST", path+"/accept", body, "If-Match", `"1"`)
	for who, status := range map[access.IdentityID]int{o.audit: http.StatusForbidden, o.security: http.StatusForbidden, o.platform: http.StatusForbidden, o.employee: http.StatusNotFound, 0: http.StatusUnauthorized} {
		o.ask(who, status, "POST", path+"/accept", body, "If-Match", tag)
	}
	tag = o.ask(o.iam, http.StatusOK, "POST", path+"/accept", body, "If-Match", tag).header.Get("ETag")
	o.ask(o.iam, http.StatusNotFound, "POST", path+"/accept", body, "If-Match", tag)
	again := map[string]any{"reason": "they have moved"}
	o.ask(o.security, http.StatusForbidden, "POST", path+"/reopen", again, "If-Match", tag)
	tag = o.ask(o.iam, http.StatusOK, "POST", path+"/reopen", again, "If-Match", tag).header.Get("ETag")
	owner := map[string]any{"owner": o.employee}
	o.ask(o.audit, http.StatusForbidden, "PUT", path+"/owner", owner, "If-Match", tag)
	o.ask(o.iam, http.StatusUnprocessableEntity, "PUT", path+"/owner", map[string]any{"owner": "idn_0000000zzzzzz"}, "If-Match", tag)
	o.ask(o.employee, http.StatusNotFound, "GET", path, nil)
	o.ask(o.iam, http.StatusOK, "PUT", path+"/owner", owner, "If-Match", tag)
	o.read(o.employee, path, &shown) // whose it is now
	if got := fmt.Sprint(shown.Status, shown.Owner.ID, len(shown.History), shown.History[0].What, shown.History[1].What, shown.History[2].What, shown.History[2].Reason, shown.History[2].By); got != fmt.Sprint(finding.Open, o.employee, 4, "assigned", "reopened", "accepted", "they move in March", o.iam) {
		t.Error(got)
	}
	var p findingsPage
	if o.read(o.employee, "/v1/findings", &p); len(p.Items) != 1 || p.Items[0].ID != mine.ID {
		t.Errorf("whoever answers for one finding sees %+v", p.Items)
	}
}

// TestLesson14_FindingsWithinReach: whoever holds a function in a scope sees what is of
// its systems, in lists, counts, exports and one by one.
func TestLesson14_FindingsWithinReach(t *testing.T) {
	o := openOffice(t)
	all, err := o.app.findings().List(o.ctx, finding.Filter{})
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
	o.owns(o.employee, theirs)
	var p findingsPage
	if o.read(o.employee, "/v1/findings?limit=1000", &p); len(p.Items) != count[theirs] || int(*p.Total) != count[theirs] {
		t.Errorf("%d findings in all of %d", len(p.Items), count[theirs])
	}
	for _, f := range all {
		want := http.StatusNotFound
		if f.System == theirs {
			want = http.StatusOK
		}
		o.ask(o.employee, want, "GET", "/v1/findings/"+f.ID.String(), nil)
	}
	body := o.ask(o.employee, http.StatusOK, "GET", "/v1/findings/export", nil).body
	if n := strings.Count(string(body), "\n"); n != count[theirs]+1 {
		t.Errorf("%d lines are exported, for %d findings", n, count[theirs])
	}
	o.ask(0, http.StatusUnauthorized, "GET", "/v1/findings", nil)
	o.ask(0, http.StatusUnauthorized, "GET", "/v1/findings/export", nil)
}

// TestLesson14_NobodyAcceptsWhatIsAboutThemself, as its subject, or by an account.
func TestLesson14_NobodyAcceptsWhatIsAboutThemself(t *testing.T) {
	o := openOffice(t)
	all, err := o.app.findings().List(o.ctx, finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	v := o.app.graph.View()
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
		o.holds(who.ID, access.IAM)
		path := "/v1/findings/" + f.ID.String()
		var shown findingShown
		tag := o.read(who.ID, path, &shown).header.Get("ETag")
		if shown.May["finding.accept"].Allowed {
			t.Errorf("%s may accept %s of %s", who.ID, f.Rule, f.Subject)
		}
		body := map[string]any{"reason": "I like it so", "until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
		o.ask(who.ID, http.StatusForbidden, "POST", path+"/accept", body, "If-Match", tag)
		if tried++; tried == 3 {
			break
		}
	}
	if tried == 0 {
		t.Skip("nothing was found of an account of one person")
	}
}
