package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

type scopesPage struct {
	Items []scopeRow                `json:"items"`
	May   map[string]policy.Verdict `json:"may"`
}

type scopeRow struct {
	ID      access.ScopeID            `json:"id"`
	Name    string                    `json:"name"`
	Parent  access.ScopeID            `json:"parent"`
	Version int64                     `json:"version"`
	May     map[string]policy.Verdict `json:"may"`
}

func (p scopesPage) names() string {
	var names []string
	for _, x := range p.Items {
		names = append(names, x.Name)
	}
	return strings.Join(names, ", ")
}

// TestLesson14_ScopesWithinTheirScope: who may not change the tree, or not there, changes
// nothing; whoever holds a function within a scope sees what lies in it, and not what it
// lies in.
func TestLesson14_ScopesWithinTheirScope(t *testing.T) {
	s := serve(t)
	must(t, s.node.catchUp(s.ctx))
	const path = "/v1/scopes"
	europe := map[string]any{"name": "Europe"}
	for who, status := range map[string]int{"": http.StatusUnauthorized, employee: http.StatusForbidden, ownsPlatform: http.StatusForbidden, inSecurity: http.StatusForbidden, inAudit: http.StatusForbidden} {
		s.as(who).want(status, "POST", path, europe, nil)
	}
	s.caller(policy.Caller{Identity: s.identity(inIAM), Limits: []string{"scope.read"}}).want(http.StatusForbidden, "POST", path, europe, nil)
	s.as(inIAM).want(http.StatusUnprocessableEntity, "POST", path, map[string]any{"name": " "}, nil)
	s.as(inIAM).want(http.StatusNotFound, "POST", path, map[string]any{"name": "Lost", "parent": access.ScopeID(99)}, nil)

	add := func(name string, parent access.ScopeID) (row scopeRow, tag string) {
		t.Helper()
		body := map[string]any{"name": name}
		if parent != 0 {
			body["parent"] = parent
		}
		tag = s.as(inIAM).want(http.StatusCreated, "POST", path, body, &row).header.Get("ETag")
		return row, tag
	}
	top, _ := add("Europe", 0)
	below, tag := add("Sales", top.ID)
	add("Asia", 0)
	s.as(inIAM).want(http.StatusConflict, "POST", path, europe, nil)

	// Somebody who governs access within one scope only.
	ctx := audit.WithActor(s.ctx, audit.Actor{Node: "test"})
	there := policy.Held{Function: access.IAM, Scope: below.ID}
	must(t, s.app.db.Policy().Assign(ctx, policy.Assignment{Identity: s.identity(employee), Held: there, Reason: "the test"}))
	must(t, s.node.settle(s.ctx))
	var p scopesPage
	s.as(employee).get(path, &p)
	if p.names() != "Sales" || p.Items[0].Parent != 0 || !p.Items[0].May["scope.change"].Allowed || p.May["scope.change"].Allowed || p.May["system.add"].Allowed || !p.Items[0].May["system.add"].Allowed {
		t.Errorf("within a scope: %+v", p)
	}
	one := path + "/" + top.ID.String()
	s.as(employee).want(http.StatusNotFound, "GET", one, nil, nil)
	s.as(employee).want(http.StatusForbidden, "POST", path, map[string]any{"name": "Mine"}, nil)
	s.as(employee).want(http.StatusNotFound, "POST", path, map[string]any{"name": "Mine", "parent": top.ID}, nil)
	s.as(employee).want(http.StatusNotFound, "PATCH", one, map[string]any{"name": "Mine"}, nil, "If-Match", `"1"`)
	s.as(employee).want(http.StatusCreated, "POST", path, map[string]any{"name": "Mine", "parent": below.ID}, nil)

	// Renaming: by whoever has seen the version that there is.
	one = path + "/" + below.ID.String()
	selling := map[string]any{"name": "Selling"}
	s.as(ownsPlatform).want(http.StatusForbidden, "PATCH", one, selling, nil, "If-Match", tag)
	s.as(inIAM).want(http.StatusPreconditionRequired, "PATCH", one, selling, nil)
	s.as(inIAM).want(http.StatusOK, "PATCH", one, selling, &below, "If-Match", tag)
	s.as(inIAM).want(http.StatusPreconditionFailed, "PATCH", one, europe, nil, "If-Match", tag)
	must(t, s.node.settle(s.ctx))
	for _, who := range []string{inIAM, inAudit, ownsPlatform} {
		if s.as(who).get(path, &p); p.names() != "Asia, Europe, Mine, Selling" || p.Items[3].Parent != top.ID {
			t.Errorf("%s sees %+v", who, p)
		}
	}
	for _, who := range []string{inSecurity, ""} {
		s.as(who).want(map[string]int{inSecurity: http.StatusForbidden, "": http.StatusUnauthorized}[who], "GET", path, nil, nil)
	}
	var shown scopeRow
	if s.as(inIAM).get(one, &shown); shown.Name != "Selling" || shown.Parent != top.ID || below.Name != "Selling" {
		t.Errorf("%+v", shown)
	}
	// A system lies where it is added, as long as that is somewhere.
	system := map[string]any{"name": "erp", "kind": "csv", "scope": access.ScopeID(99).String()}
	s.as(ownsPlatform).want(http.StatusForbidden, "POST", "/v1/systems", system, nil)
}
