package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/policy"
)

// Who must not, each by what they are refused; and nothing of it reaches the cluster.
func TestElevationRefused(t *testing.T) {
	c := newCluster(t)
	const path = "/v1/elevations"
	given := map[string]any{"holder": c.identity("E3").Ref(), "entitlement": c.dba(), "terms": hour(), "reason": "me"}
	c.as("E3").refused("denied", "/v1/eligibilities", given) // nobody for themself
	given["holder"] = c.identity("E1").Ref()
	c.caller(policy.Caller{Identity: c.identity("E3")}).refused("step-up-required", "/v1/eligibilities", given)
	c.as("E5").refused("denied", "/v1/eligibilities", given)
	c.as("E6").refused("denied", "/v1/eligibilities", given)
	c.give("E1", hour())
	c.give("E6", hour())
	c.give("E7", hour())
	c.as("E3").refused("eligibility-taken", "/v1/eligibilities", given)

	c.as("").refused("sign-in-required", path, c.asking("5m"))
	c.as("E2").refused("not-eligible", path, c.asking("5m")) // E1 is, and not they
	c.as("E6").refused("denied", path, c.asking("5m"))       // audit acts on nothing live
	c.as("E7").refused("elevation-no-account", path, c.asking("5m"))
	one := c.identity("E1")
	c.caller(policy.Caller{Identity: one}).refused("step-up-required", path, c.asking("5m"))
	c.caller(policy.Caller{Identity: one, Context: policy.Context{MFA: true}, Limits: []string{"read"}}).refused("token-limited", path, c.asking("5m"))
	for code, body := range map[string]map[string]any{
		"elevation-too-long": c.asking("61m"),
		"elevation-start":    {"entitlement": c.dba(), "for": "5m", "reason": "x", "start": time.Now().Add(31 * 24 * time.Hour)},
		"reason-required":    {"entitlement": c.dba(), "for": "5m"},
		"not-eligible":       {"entitlement": access.EntitlementID(999).String(), "for": "5m", "reason": "x"},
	} {
		c.as("E1").refused(code, path, body)
	}
	var e elevate.Elevation
	c.as("E1").want(http.StatusCreated, "POST", path, map[string]any{"entitlement": c.dba(), "for": "5m", "reason": "x", "start": time.Now().Add(time.Hour)}, &e)
	if e.State != elevate.Scheduled {
		t.Errorf("it is %s", e.State)
	}
	c.as("E2").refused("not-found", path+"/"+e.ID.String()+"/end", nil)
	c.as("E5").refused("reason-required", path+"/"+e.ID.String()+"/force", map[string]any{"reason": " "})
	c.as("E1").want(http.StatusNoContent, "POST", path+"/"+e.ID.String()+"/end", nil, nil)
	if e = c.becomes(e.ID, elevate.Refused); e.Code != elevate.CodeWithdrawn {
		t.Errorf("withdrawn by %q", e.Code)
	}
	if c.has("ana") || c.has("zoe") {
		t.Error("somebody who was refused has it")
	}
	if n, err := c.app.db.Elevate().Elevations(c.ctx, elevate.Query{First: 10}); err != nil || len(n) != 1 {
		t.Errorf("%d elevations are kept: %v", len(n), err)
	}
}

// Whoever loses what made them eligible, or leaves, loses what they activated at once; an
// extension stays within the terms.
func TestElevationLost(t *testing.T) {
	c := newCluster(t)
	g := c.give("E1", hour())
	e := c.activate("10m")
	c.becomes(e.ID, elevate.Active)
	path := "/v1/elevations/" + e.ID.String()
	c.as("E1").refused("elevation-too-long", path+"/extend", map[string]any{"by": "55m", "reason": "more"})
	c.as("E1").want(http.StatusOK, "POST", path+"/extend", map[string]any{"by": "20m", "reason": "more"}, &e)
	if e.Lasts != 30*time.Minute || !c.has("ana") {
		t.Errorf("extended it lasts %s", e.Lasts)
	}
	c.as("E3").want(http.StatusNoContent, "POST", "/v1/eligibilities/"+g.ID.String()+"/end", map[string]any{"reason": "moved"}, nil)
	c.gone()
	if e = c.becomes(e.ID, elevate.Ended); e.Code != elevate.CodeLost {
		t.Errorf("it ended by %q", e.Code)
	}
	c.give("E1", hour())
	e = c.activate("10m")
	c.becomes(e.ID, elevate.Active)
	hr := "number,name,email,kind,login,start,state\nE1,Person 1,p1@example.com,human,p1,2020-01-01,suspended\n"
	for _, n := range []string{"2", "3", "4", "5", "6", "7"} {
		hr += "E" + n + ",Person " + n + ",p" + n + "@example.com,human,p" + n + ",2020-01-01,active\n"
	}
	c.readPeople(hr)
	c.gone()
	if e = c.becomes(e.ID, elevate.Ended); e.Code != elevate.CodeLost {
		t.Errorf("it ended by %q", e.Code)
	}
	c.as("E1").refused("not-found", "/v1/elevations", c.asking("5m"))
	// A third party's contract ends today, tomorrow it is over: an elevation is neither.
	c.give("E2", hour())
	over := time.Now().AddDate(0, 0, -2).Format(time.DateOnly)
	c.readPeople(strings.Replace(strings.Replace(hr, "start,state", "start,state,organisation,sponsor,contract_end", 1), "p2,2020-01-01,active", "p2,2020-01-01,active,Partner,E3,"+over, 1))
	c.settle()
	if got := c.as("E2").do("POST", "/v1/elevations", c.asking("5m")); got.status < 400 {
		t.Errorf("a third party past their contract: %d %s", got.status, got.body)
	} else {
		t.Logf("a third party past their contract: %s", got.body)
	}
}

// A real tracker on this machine is asked, at the start again, and lets nobody in who it
// does not answer for.
func TestElevationTicket(t *testing.T) {
	c := newCluster(t)
	terms := hour()
	terms.Ticket = true
	c.give("E1", terms)
	var says atomic.Value
	says.Store(`{"id":"CHG-1","open":true,"systems":["db"]}`)
	var asked atomic.Value
	tracker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.EscapedPath() + " " + r.Header.Get("Authorization"))
		if text := says.Load().(string); strings.HasPrefix(text, "{") {
			_, _ = w.Write([]byte(text))
		} else {
			http.Error(w, text, map[string]int{"gone": 404, "broken": 500}[text])
		}
	}))
	defer tracker.Close()
	with := c.asking("5m")
	c.as("E1").refused("ticket-required", "/v1/elevations", with)
	with["ticket"] = "CHG-1"
	c.as("E1").refused("tickets-not-configured", "/v1/elevations", with)
	var err error
	c.node.elevate.Tickets, err = elevate.NewHTTPTickets(tracker.URL+"/t/{ticket}", secret.New([]byte("s3cret")))
	must(t, err)
	at := func(d time.Duration) string {
		text, _ := json.Marshal(access.TimeOf(time.Now().Add(d)))
		return string(text)
	}
	for text, code := range map[string]string{
		"gone": "ticket-refused", "broken": "tickets-unavailable", "{}": "tickets-unavailable", `{"open":`: "tickets-unavailable",
		`{"id":"CHG-1","open":false,"systems":["db"]}`:                                      "ticket-refused",
		`{"id":"CHG-2","open":true,"systems":["db"]}`:                                       "tickets-unavailable",
		`{"id":"CHG-1","open":true,"systems":["other"]}`:                                    "ticket-refused",
		`{"id":"CHG-1","open":true,"systems":["db"],"from":` + at(time.Hour) + `}`:          "ticket-refused",
		`{"id":"CHG-1","open":true,"systems":["db"],"until":` + at(-time.Hour) + `}`:        "ticket-refused",
		`{"id":"CHG-1","open":true,"systems":["db"],"until":"` + strings.Repeat("x", 99999): "tickets-unavailable",
	} {
		says.Store(text)
		c.as("E1").refused(code, "/v1/elevations", with)
	}
	says.Store(`{"id":"CHG-1","open":true,"systems":["db"]}`)
	with["ticket"] = "../admin?x"
	c.as("E1").refused("tickets-unavailable", "/v1/elevations", with)
	if got := asked.Load().(string); got != "/t/..%2Fadmin%3Fx Bearer s3cret" {
		t.Errorf("the tracker was asked for %s", got)
	}
	with["ticket"] = "CHG-1"
	says.Store(`{"id":"CHG-1","open":true,"systems":["DB"],"from":` + at(-time.Hour) + `,"until":` + at(time.Hour) + `}`)
	var e elevate.Elevation
	with["start"] = time.Now().Add(time.Second)
	c.as("E1").want(http.StatusCreated, "POST", "/v1/elevations", with, &e)
	says.Store(`{"id":"CHG-1","open":false,"systems":["db"]}`) // closed before it starts
	if e = c.becomes(e.ID, elevate.Refused); e.Code != elevate.CodeTicket {
		t.Errorf("refused by %q", e.Code)
	}
	tracker.Close()
	delete(with, "start")
	c.as("E1").refused("tickets-unavailable", "/v1/elevations", with)
	if c.has("ana") {
		t.Error("ana has it")
	}
}
