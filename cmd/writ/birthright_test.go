package main

import (
	"net/http"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// Who may not keep birthright rules keeps none; nobody makes one count that gives
// something to themself; and nobody overwrites what they have not seen.
func TestLesson04_WhoKeepsARuleDoesNotGiveToThemself(t *testing.T) {
	s := serve(t)
	must(t, s.node.catchUp(s.ctx))
	const path = "/v1/birthrights"
	entitlement := access.EntitlementID(s.target("payroll-db/attr:superuser").Key)
	mine := map[string]any{"name": "mine", "when": `identity.number == "` + inIAM + `"`, "entitlements": []access.EntitlementID{entitlement}, "reason": "the test"}
	for who, status := range map[string]int{"": http.StatusUnauthorized, employee: http.StatusForbidden, ownsPlatform: http.StatusForbidden, inSecurity: http.StatusForbidden, inAudit: http.StatusForbidden} {
		s.as(who).want(status, "POST", path, mine, nil)
	}
	for who, status := range map[string]int{"": http.StatusUnauthorized, employee: http.StatusForbidden, ownsPlatform: http.StatusForbidden, inSecurity: http.StatusForbidden} {
		s.as(who).want(status, "GET", path, nil, nil)
	}
	without := map[string]any{"name": "mine", "when": "true", "entitlements": []access.EntitlementID{entitlement}, "reason": " "}
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", path, without, nil)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", path, map[string]any{"name": "mine", "when": "identity.", "entitlements": []access.EntitlementID{entitlement}, "reason": "x"}, nil)
	s.as(inIAM).want(http.StatusNotFound, "POST", path, map[string]any{"name": "mine", "when": "true", "entitlements": []access.EntitlementID{99999}, "reason": "x"}, nil)

	tag := s.as(inIAM).want(http.StatusCreated, "POST", path, mine, nil).header.Get("ETag")
	must(t, s.node.settle(s.ctx))
	enforce := map[string]any{"mode": "enforce", "reason": "I want it"}
	s.as(inIAM).want(http.StatusForbidden, "PUT", path+"/mine/mode", enforce, nil)
	var e lifecycle.Effect
	s.as(inAudit).want(http.StatusOK, "POST", path+"/effect", map[string]any{"name": "mine", "when": `identity.number == "` + inIAM + `"`, "entitlements": []access.EntitlementID{entitlement}}, &e)
	if e.Members != 1 || e.Joining != 0 || e.Gaining != 1 || e.Losing != 0 || len(e.First) != 1 || e.First[0].Identity.ID != s.identity(inIAM).Ref() {
		t.Errorf("%+v", e)
	}

	// What gives to somebody else counts, from the version that was seen on.
	other := map[string]any{"when": `identity.number == "` + employee + `"`, "entitlements": []access.EntitlementID{entitlement}, "grace_days": 7, "reason": "the test"}
	s.as(inIAM).want(http.StatusPreconditionRequired, "PUT", path+"/mine", other, nil)
	tag = s.as(inIAM).want(http.StatusOK, "PUT", path+"/mine", other, nil, "If-Match", tag).header.Get("ETag")
	s.as(inIAM).want(http.StatusOK, "PUT", path+"/mine/mode", enforce, nil)
	s.as(inIAM).want(http.StatusPreconditionFailed, "PUT", path+"/mine", other, nil, "If-Match", tag)
	must(t, s.node.settle(s.ctx))
	var shown lifecycle.Birthright
	tag = s.as(inIAM).get(path+"/mine", &shown).header.Get("ETag")
	if shown.Mode != "enforce" || shown.Grace != 7 {
		t.Errorf("%+v", shown)
	}
	delete(mine, "name")
	s.as(inIAM).want(http.StatusForbidden, "PUT", path+"/mine", mine, nil, "If-Match", tag)
	var m lifecycle.Membership
	if s.as(inAudit).get(path+"/mine/members", &m); m.Members != 1 || len(m.First) != 1 || m.First[0].Number != employee {
		t.Errorf("%+v", m)
	}
	s.as(inIAM).want(http.StatusNoContent, "DELETE", path+"/mine?reason=done", nil, nil)
	s.as(inIAM).want(http.StatusNotFound, "GET", path+"/mine", nil, nil)
}
