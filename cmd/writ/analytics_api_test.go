package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

type outliersShown struct {
	Total int            `json:"total"`
	Next  string         `json:"next"`
	Items []outlierShown `json:"items"`
}

type outlierShown struct {
	Identity    access.Named        `json:"identity"`
	Entitlement access.Named        `json:"entitlement"`
	System      access.Named        `json:"system"`
	Peers       int                 `json:"peers"`
	Having      int                 `json:"having"`
	Group       []map[string]string `json:"group"`
	Why         string              `json:"why"`
}

// TestLesson14_AnalyticsKeepToTheReach: who answers for one scope sees what stands out in
// its systems, and nothing of where people work; who answers for none sees nothing.
func TestLesson14_AnalyticsKeepToTheReach(t *testing.T) {
	s := serve(t)
	s.settle()
	lists := []string{"/v1/analytics/outliers", "/v1/analytics/unused", "/v1/analytics/creep"}
	one := fmt.Sprintf("/v1/identities/%s/creep", s.identity(inIAM))
	for _, path := range append(lists, one) {
		s.as("").want(http.StatusUnauthorized, "GET", path, nil, nil)
		s.as(employee).want(http.StatusForbidden, "GET", path, nil, nil)
		s.as(inIAM).want(http.StatusOK, "GET", path, nil, nil)
		s.as(inAudit).want(http.StatusOK, "GET", path, nil, nil)
	}

	var all outliersShown
	s.as(inIAM).get("/v1/analytics/outliers?limit=1000", &all)
	systems := map[string]int{}
	alike := 0
	for _, o := range all.Items {
		systems[o.System.Name]++
		alike += len(o.Group)
	}
	if all.Total == 0 || all.Total != len(all.Items) || len(systems) < 3 || alike == 0 {
		t.Fatalf("%d outliers, %d listed, in %v", all.Total, len(all.Items), systems)
	}

	// A platform owner of one system: theirs, and not what unit anybody is of.
	crm := s.target("crm")
	mine := s.ownerOf(t, crm)
	var theirs outliersShown
	s.as(mine).get("/v1/analytics/outliers?limit=1000", &theirs)
	if theirs.Total != systems["crm"] || theirs.Total == 0 {
		t.Errorf("%d outliers in crm, and all have %d there", theirs.Total, systems["crm"])
	}
	for _, o := range theirs.Items {
		if o.System.Name != "crm" || len(o.Group) > 0 {
			t.Errorf("%+v", o)
		}
	}
	s.as(mine).want(http.StatusForbidden, "GET", "/v1/analytics/outliers?unit=Treasury", nil, nil)
	s.as(mine).want(http.StatusForbidden, "GET", "/v1/analytics/creep", nil, nil)
	var unused struct {
		Rows  int `json:"rows"`
		Items []struct {
			Of access.Named `json:"of"`
		} `json:"items"`
	}
	s.as(mine).get("/v1/analytics/unused", &unused)
	if unused.Rows != 1 || unused.Items[0].Of.Name != "crm" {
		t.Errorf("%+v", unused)
	}
	if s.as(mine).get("/v1/analytics/unused?by=role", &unused); unused.Rows != 0 {
		t.Errorf("roles: %+v", unused)
	}
}

// ownerOf makes somebody the platform owner of one system, in a scope of its own.
func (s *served) ownerOf(t *testing.T, system access.Ref) string {
	t.Helper()
	scopes := s.app.scopes()
	id, err := scopes.Add(s.ctx, policy.Scope{Name: "Alone"})
	if err != nil {
		t.Fatal(err)
	}
	y, err := s.app.inventory().System(s.ctx, system.String())
	if err != nil {
		t.Fatal(err)
	}
	y.Scope = id
	if err := s.app.inventory().Store.UpdateSystem(s.ctx, y, nil); err != nil {
		t.Fatal(err)
	}
	a := policy.Assignment{Identity: s.identity(employee), Held: policy.Held{Function: access.PlatformOwner, Scope: id}, Reason: "the test needs it"}
	if err := s.app.db.Policy().Assign(s.ctx, a); err != nil {
		t.Fatal(err)
	}
	s.settle()
	return employee
}

// Pages over HTTP are the whole list, each outlier once.
func TestOutliersArePaged(t *testing.T) {
	s := serve(t)
	s.settle()
	seen := map[string]bool{}
	total, cursor := 0, ""
	for {
		var p outliersShown
		s.as(inIAM).get("/v1/analytics/outliers?limit=70"+cursor, &p)
		for _, o := range p.Items {
			seen[o.Identity.ID.String()+o.Entitlement.ID.String()] = true
		}
		if total = p.Total; p.Next == "" {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(p.Next)
	}
	if len(seen) != total || total < 100 {
		t.Errorf("%d of %d", len(seen), total)
	}
	for _, path := range []string{"/v1/analytics/outliers", "/v1/analytics/unused", "/v1/analytics/creep"} {
		s.as(inIAM).want(http.StatusUnprocessableEntity, "GET", path+"?cursor=abc", nil, nil)
	}
}

// A policy is tried on what was done: who may read the log sees what it would have
// refused, others how much. Nothing of it is kept.
func TestPoliciesAreTriedOnWhatWasDone(t *testing.T) {
	s := serve(t)
	s.settle()
	s.as(inIAM).want(http.StatusCreated, "POST", "/v1/scopes", map[string]any{"name": "North"}, nil)
	s.settle()
	rev, err := s.app.db.Rev(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	frozen := map[string]any{"name": "house", "text": `@id("house.frozen") @reason("the tree is frozen") forbid (principal, action == Action::"scope.change", resource);`}
	for _, path := range []string{"/v1/policies/simulate", "/v1/policies/simulate/history"} {
		s.as("").want(http.StatusUnauthorized, "POST", path, frozen, nil)
		for _, who := range []string{employee, inSecurity} {
			s.as(who).want(http.StatusForbidden, "POST", path, frozen, nil)
		}
	}
	var told policy.ReplayShown
	s.as(inIAM).want(http.StatusOK, "POST", "/v1/policies/simulate/history", frozen, &told)
	if told.Refused != 1 || told.Hidden != 1 || len(told.Records) != 0 || told.Decided == 0 {
		t.Errorf("iam: %+v", told)
	}
	s.as(inAudit).want(http.StatusOK, "POST", "/v1/policies/simulate/history", frozen, &told)
	if told.Refused != 1 || told.Hidden != 0 || len(told.Records) != 1 || told.Records[0].Action != "scope.change" || told.Records[0].Actor.ID != s.identity(inIAM).Ref() {
		t.Errorf("audit: %+v", told)
	}
	var now struct {
		Actions []string `json:"actions"`
		Forbids int      `json:"forbids"`
		Permits int      `json:"permits"`
	}
	s.as(inIAM).want(http.StatusOK, "POST", "/v1/policies/simulate", frozen, &now)
	if fmt.Sprint(now.Actions) != "[scope.change]" || now.Forbids == 0 || now.Permits != 0 {
		t.Errorf("%+v", now)
	}
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", "/v1/policies/simulate", map[string]any{"name": "house", "text": "permit everything"}, nil)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", "/v1/policies/simulate", map[string]any{"name": "guards", "text": ""}, nil)
	s.as(inIAM).want(http.StatusCreated, "POST", "/v1/scopes", map[string]any{"name": "South"}, nil) // it is not in force
	if after, err := s.app.db.Rev(s.ctx); err != nil || after > rev+1 {
		t.Errorf("revision %d, and before %d: %v", after, rev, err)
	}
}

// What a rule would have taken is told to who may simulate.
func TestRulesAreTriedOnWhatWasUsed(t *testing.T) {
	s := serve(t)
	s.settle()
	var found outliersShown
	s.as(inIAM).get("/v1/analytics/outliers?limit=1", &found)
	ask := map[string]any{"condition": `identity.unit == "nowhere"`, "entitlements": []string{found.Items[0].Entitlement.ID.String()}}
	for _, who := range []string{employee, inSecurity} {
		s.as(who).want(http.StatusForbidden, "POST", "/v1/analytics/rules/simulate", ask, nil)
	}
	var told struct {
		Items []struct{ Holders, Keep, Lose, Doubtful int } `json:"items"`
	}
	s.as(inIAM).want(http.StatusOK, "POST", "/v1/analytics/rules/simulate", ask, &told)
	if x := told.Items[0]; x.Holders == 0 || x.Keep != 0 || x.Lose+x.Doubtful != x.Holders {
		t.Errorf("%+v", x)
	}
	ask["condition"] = `identity.unit ==`
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", "/v1/analytics/rules/simulate", ask, nil)
}

// Who somebody's peers are is told to who sees people; how grants are used, to who reaches
// their system.
func TestPeersAndHoldersKeepToTheReach(t *testing.T) {
	s := serve(t)
	s.settle()
	var found outliersShown
	s.as(inIAM).get("/v1/analytics/outliers?limit=1000", &found)
	i := slices.IndexFunc(found.Items, func(o outlierShown) bool { return o.System.Name == "crm" })
	if i < 0 {
		t.Fatal("nothing stands out in crm")
	}
	o := found.Items[i]
	peers := fmt.Sprintf("/v1/identities/%s/peers?entitlement=%s", o.Identity.ID, o.Entitlement.ID)
	holders := fmt.Sprintf("/v1/analytics/holders?entitlement=%s", o.Entitlement.ID)
	for _, path := range []string{peers, holders} {
		s.as("").want(http.StatusUnauthorized, "GET", path, nil, nil)
		s.as(employee).want(http.StatusForbidden, "GET", path, nil, nil)
	}
	mine := s.ownerOf(t, s.target("crm"))
	s.as(mine).want(http.StatusForbidden, "GET", peers, nil, nil)
	s.as(mine).want(http.StatusOK, "GET", holders, nil, nil)
	other := found.Items[slices.IndexFunc(found.Items, func(o outlierShown) bool { return o.System.Name != "crm" })]
	s.as(mine).want(http.StatusNotFound, "GET", fmt.Sprintf("/v1/analytics/holders?entitlement=%s", other.Entitlement.ID), nil, nil)

	var told struct {
		Peers  int
		Having int
		Group  []map[string]string
		Items  []struct {
			Identity access.Named
			Has      bool
		}
	}
	s.as(inIAM).get(peers+"&limit=1000", &told)
	if told.Peers != o.Peers || told.Having != o.Having || len(told.Items) != o.Peers || fmt.Sprint(told.Group) != fmt.Sprint(o.Group) {
		t.Errorf("%+v beside %+v", told, o)
	}
	var used struct {
		Total int
		Items []struct{ Grant access.GrantID }
	}
	s.as(inAudit).get(holders, &used)
	if used.Total == 0 || used.Total != len(used.Items) {
		t.Errorf("%+v", used)
	}
}
