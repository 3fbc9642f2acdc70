package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/policy"
)

// TestLesson04_KeepingRolesIsNotHavingThem: whoever keeps roles neither approves what they
// wrote, nor what would give them access, and gives no role to themself; whoever keeps none
// does not even see them.
func TestLesson04_KeepingRolesIsNotHavingThem(t *testing.T) {
	s := serve(t)
	ctx := audit.WithActor(s.ctx, audit.Actor{Node: "test"})
	must(t, s.app.db.Policy().Assign(ctx, policy.Assignment{Identity: s.identity(employee), Held: policy.Held{Function: access.IAM}, Reason: "the test"}))
	must(t, s.node.settle(s.ctx))
	v := s.app.graph.View()
	var given []access.EntitlementID
	for e := range v.Entitlements() {
		given = append(given, e.ID)
	}
	v.Close()
	if len(given) < 2 {
		t.Fatal("there is too little to give")
	}
	const path = "/v1/roles"
	part := func(id access.EntitlementID) map[string]any { return map[string]any{"entitlement": id} }
	body := map[string]any{"name": "Reader", "kind": "technical", "owner": s.identity(inSecurity), "parts": []any{part(given[0])}}
	for who, status := range map[string]int{"": http.StatusUnauthorized, ownsPlatform: http.StatusForbidden, inSecurity: http.StatusForbidden, inAudit: http.StatusForbidden} {
		s.as(who).want(status, "POST", path, body, nil)
	}
	s.caller(policy.Caller{Identity: s.identity(inIAM), Limits: []string{"role.read"}}).want(http.StatusForbidden, "POST", path, body, nil)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", path, map[string]any{"name": "Empty", "kind": "technical", "parts": []any{part(1 << 40)}}, nil)

	var r role.Shown
	tag := s.as(inIAM).want(http.StatusCreated, "POST", path, body, &r).header.Get("ETag")
	one := path + "/" + r.ID.String()
	if r.Draft == nil || r.Draft.State != role.Written || r.Published != nil || r.May["role.review"].Allowed || !r.May["role.change"].Allowed {
		t.Errorf("%+v, %+v", r.Draft, r.May)
	}
	for _, who := range []string{ownsPlatform, inSecurity} {
		s.as(who).want(http.StatusNotFound, "GET", one, nil, nil)
		s.as(who).want(http.StatusNotFound, "POST", one+"/submit", nil, nil, "If-Match", tag)
	}
	s.as(inAudit).want(http.StatusOK, "GET", one+"/impact", nil, nil)
	s.as(inAudit).want(http.StatusForbidden, "POST", one+"/submit", nil, nil, "If-Match", tag)
	s.as(inIAM).want(http.StatusPreconditionRequired, "POST", one+"/submit", nil, nil)
	approve := map[string]any{"approve": true}
	s.as(employee).want(http.StatusConflict, "POST", one+"/review", approve, nil, "If-Match", tag)
	stale := tag
	tag = s.as(inIAM).want(http.StatusOK, "POST", one+"/submit", nil, nil, "If-Match", tag).header.Get("ETag")
	s.as(employee).want(http.StatusPreconditionFailed, "POST", one+"/review", approve, nil, "If-Match", stale)
	s.as(inIAM).want(http.StatusForbidden, "POST", one+"/review", approve, nil, "If-Match", tag)
	s.as(inIAM).want(http.StatusConflict, "POST", one+"/publish", nil, nil, "If-Match", tag)
	tag = s.as(employee).want(http.StatusOK, "POST", one+"/review", approve, nil, "If-Match", tag).header.Get("ETag")
	s.as(inAudit).want(http.StatusForbidden, "POST", one+"/publish", nil, nil, "If-Match", tag)
	s.as(inIAM).want(http.StatusOK, "POST", one+"/publish", nil, nil, "If-Match", tag)

	// Who has it, and who gives it.
	give := func(who string) map[string]any {
		return map[string]any{"identity": s.identity(who), "reason": "their work"}
	}
	s.as(inIAM).want(http.StatusForbidden, "POST", one+"/assignments", give(inIAM), nil)
	s.as(inAudit).want(http.StatusForbidden, "POST", one+"/assignments", give(employee), nil)
	s.as(ownsPlatform).want(http.StatusNotFound, "POST", one+"/assignments", give(employee), nil)
	var got struct{ ID access.AssignmentID }
	s.as(inIAM).want(http.StatusCreated, "POST", one+"/assignments", give(employee), &got)
	s.as(inIAM).want(http.StatusConflict, "POST", one+"/assignments", give(employee), nil)

	// Whoever has it does not approve that it gives more.
	body["parts"] = []any{part(given[0]), part(given[1])}
	tag = s.as(inIAM).want(http.StatusOK, "GET", one, nil, nil).header.Get("ETag")
	tag = s.as(inIAM).want(http.StatusOK, "PUT", one+"/draft", body, nil, "If-Match", tag).header.Get("ETag")
	var impact role.ImpactShown
	s.as(inIAM).get(one+"/impact", &impact)
	if impact.Gain.Count != 1 || impact.Gain.First[0].ID != s.identity(employee).Ref() || impact.Lose.Count != 0 || len(impact.Entitlements) != 1 {
		t.Errorf("%+v", impact)
	}
	tag = s.as(inIAM).want(http.StatusOK, "POST", one+"/submit", nil, nil, "If-Match", tag).header.Get("ETag")
	s.as(employee).want(http.StatusForbidden, "POST", one+"/review", approve, nil, "If-Match", tag)
	s.as(employee).want(http.StatusForbidden, "POST", "/v1/assignments/"+got.ID.String()+"/end", map[string]any{"reason": "it is mine"}, nil)
	s.as(inIAM).want(http.StatusConflict, "POST", one+"/retire", map[string]any{"reason": "x"}, nil, "If-Match", tag)
	s.as(inIAM).want(http.StatusNoContent, "POST", "/v1/assignments/"+got.ID.String()+"/end", map[string]any{"reason": "moved on"}, nil)
	s.as(inIAM).want(http.StatusNotFound, "POST", "/v1/assignments/"+got.ID.String()+"/end", map[string]any{"reason": "moved on"}, nil)
}

// Whoever publishes a role finds it published, though what decides about it follows what is
// committed only.
func TestWhatWasPublishedIsThereAtOnce(t *testing.T) {
	s := serve(t)
	reviewer := s.identity(employee)
	s.holds(reviewer, access.IAM)
	given := s.target("payroll-db/attr:superuser")
	for i := range 20 {
		var r role.Shown
		body := map[string]any{"name": fmt.Sprint("Reader ", i), "kind": "technical", "owner": s.identity(inSecurity), "parts": []any{map[string]any{"entitlement": given.String()}}}
		tag := s.as(inIAM).want(http.StatusCreated, "POST", "/v1/roles", body, &r).header.Get("ETag")
		at := "/v1/roles/" + r.ID.String()
		tag = s.as(inIAM).want(http.StatusOK, "POST", at+"/submit", nil, nil, "If-Match", tag).header.Get("ETag")
		tag = s.as(employee).want(http.StatusOK, "POST", at+"/review", map[string]any{"approve": true}, nil, "If-Match", tag).header.Get("ETag")
		s.as(employee).want(http.StatusOK, "POST", at+"/publish", nil, nil, "If-Match", tag)
		var now role.Shown
		if s.as(employee).get(at, &now); now.Published == nil || now.Draft != nil {
			t.Fatalf("%d: %+v", i, now)
		}
	}
}
