package main

import (
	"slices"
	"testing"
)

type rolesPage struct {
	Items []struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Draft    string   `json:"draft"`
		Troubles []string `json:"troubles"`
	} `json:"items"`
	Total int `json:"total"`
}

// roleNames are the names of the roles that a list tells of.
func roleNames(s *served, query string) []string {
	var p rolesPage
	s.as(inIAM).get("/v1/roles?"+query, &p)
	names := []string{}
	for _, r := range p.Items {
		names = append(names, r.Name)
	}
	if len(names) != p.Total {
		s.t.Errorf("%s: %d of %d", query, len(names), p.Total)
	}
	return names
}

// TestRolesAreNarrowed: each way to narrow the catalog leaves out what does not fit.
func TestRolesAreNarrowed(t *testing.T) {
	s := serve(t)
	tests := map[string][]string{
		"draft=review":                             {"Buyer"},
		"draft=draft&owner=none":                   {"Reader of the ledger"},
		"kind=business":                            {"Buyer", "People partner", "Recruiter"},
		"q=%20bUY":                                 {"Buyer"},
		"trouble=overlap":                          {"People partner", "Recruiter"},
		"trouble=any&kind=technical":               {"Operators of build hosts"},
		"trouble=any&draft=review":                 {},
		"owner=" + s.identity("E0000105").String(): {"Buyer"},
	}
	for query, want := range tests {
		if got := roleNames(s, query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", query, got, want)
		}
	}
	if all := roleNames(s, ""); len(all) != len(demoRoles) {
		t.Errorf("all roles: %v", all)
	}
}

// TestRolesTellWhatTheyGive: all of it, page by page, with the role that it comes through,
// and by name who wrote and reviewed.
func TestRolesTellWhatTheyGive(t *testing.T) {
	s := serve(t)
	var p rolesPage
	s.as(inIAM).get("/v1/roles?q=buyer", &p)
	path := "/v1/roles/" + p.Items[0].ID
	through := map[string][]string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				Entitlement struct {
					Name string `json:"name"`
				} `json:"entitlement"`
				Own     bool `json:"own"`
				Through []struct {
					Name string `json:"name"`
				} `json:"through"`
			} `json:"items"`
			Next  string `json:"next"`
			Total int    `json:"total"`
		}
		s.as(inIAM).get(path+"/entitlements?limit=3"+cursor, &page)
		for _, g := range page.Items {
			from := []string{}
			if g.Own {
				from = append(from, "itself")
			}
			for _, r := range g.Through {
				from = append(from, r.Name)
			}
			through[g.Entitlement.Name] = from
		}
		if page.Total != 8 {
			t.Fatalf("%d entitlements in all", page.Total)
		}
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
	}
	if len(through) != 8 || !slices.Equal(through["vpn"], []string{"Remote work"}) || !slices.Equal(through["Requisition"], []string{"itself"}) {
		t.Errorf("it gives %v", through)
	}
	var shown struct {
		Versions []struct {
			Authors  []string `json:"authors"`
			Reviewer string   `json:"reviewer"`
		} `json:"versions"`
		Writers map[string]struct {
			Name string `json:"name"`
		} `json:"writers"`
	}
	s.as(inIAM).get(path, &shown)
	v := shown.Versions[0]
	if shown.Writers[v.Authors[0]].Name != "Chiara Gudmundsen" || shown.Writers[v.Reviewer].Name != "Guang Stenberg" {
		t.Errorf("written by %v, reviewed by %s: %v", v.Authors, v.Reviewer, shown.Writers)
	}
}
