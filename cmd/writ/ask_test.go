package main

import (
	"net/http"
	"testing"
)

func TestCardsOverTheAPI(t *testing.T) {
	s := serve(t)
	iam := s.as("E0000006")
	for _, path := range []string{
		"/v1/identities/" + s.identity("E0000041").String(),
		"/v1/identities/" + s.identity("E0000041").String() + "/access?limit=5",
		"/v1/identities/" + s.identity("E0000041").String() + "/access?limit=3&escalation=true&tier=0,1&mode=standing",
		"/v1/entitlements/" + s.target("payroll-db/attr:superuser").String(),
		"/v1/entitlements/" + s.target("payroll-db/attr:superuser").String() + "/holders?escalation=true&limit=5",
		"/v1/systems/" + s.target("payroll-db").String() + "/holders?limit=2",
		"/v1/why?who=" + s.identity("E0000041").String() + "&what=" + s.target("payroll-db").String() + "&escalation=true",
		"/v1/picture?of=" + s.identity("E0000041").String() + "&escalation=true",
		"/v1/picture?of=" + s.target("payroll-db/attr:superuser").String() + "&escalation=true",
	} {
		got := iam.do(http.MethodGet, path, nil)
		t.Logf("%s %d %s %.3500s", path, got.status, got.header.Get("ETag"), got.body)
	}
}
