package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// let returns whom some rules and the map m let in as a role, and what is noted.
func let(c *Cluster, text, as string, m ...string) (who, notes []string) {
	databases := []databaseName{{"shop"}}
	o := &openings{byRole: map[*role][]connector.Target{}, keyless: map[*role]bool{}, trusted: map[string][]*role{}, notes: map[string]bool{}, mapsRead: true}
	o.gate = newGate(rules(text), databases, false, func(r *role, group string) bool { return r.Name == group })
	for _, system := range m {
		line := identRow{Map: "m", System: system, Role: as}
		if strings.HasPrefix(system, "/") {
			line.Role = group1
		}
		o.maps = append(o.maps, line)
	}
	r := &role{roleRow: roleRow{Name: as, Login: true}}
	k := &catalog{Cluster: c, openings: o}
	k.openRole(r)
	for _, t := range o.byRole[r] {
		who = append(who, t.System+"/"+t.ID)
	}
	return who, o.warnings()
}

// TestPrincipalsOfOtherRealms: a ticket of a realm that is trusted is not the
// directory's, whatever name it is for (PostgreSQL manual, GSSAPI Authentication).
// The rules are as the server shows them: include_realm=true, or nothing of it.
func TestPrincipalsOfOtherRealms(t *testing.T) {
	for _, c := range []struct {
		name, domains, rules, role string
		m, want                    []string
		noted                      string
	}{
		{"the realm is the directory's", "EXAMPLE.TEST", "host all all all gss include_realm=true", "ana@EXAMPLE.TEST", nil, []string{"corp/ana"}, ""},
		{"nobody says which realm is", "", "host all all all gss include_realm=true", "ana@EXAMPLE.TEST", nil, nil, "EXAMPLE.TEST"},
		{"another realm", "EXAMPLE.TEST", "host all all all gss include_realm=true", "ana@PARTNER.TEST", nil, nil, "PARTNER.TEST"},
		{"no principal is without a realm", "EXAMPLE.TEST", "host all all all gss include_realm=true", "ana", nil, nil, ""},
		{"by a map", "example.test", "host all all all sspi include_realm=true map=m", "app", []string{"ana@EXAMPLE.TEST", "ben@PARTNER.TEST", "cho"}, []string{"corp/ana"}, "PARTNER.TEST"},
		{"the server asks for a realm", "EXAMPLE.TEST", "host all all all gss map=m include_realm=true krb_realm=EXAMPLE.TEST", "app", []string{"ana@EXAMPLE.TEST", "ben@PARTNER.TEST"}, []string{"corp/ana"}, ""},
		{"without the realm", "", "host all all all gss", "ana", nil, []string{"corp/ana"}, ""},
		{"without the realm, no principal has one", "EXAMPLE.TEST", "host all all all gss", "ana@EXAMPLE.TEST", nil, nil, ""},
		{"without the realm, by a map", "EXAMPLE.TEST", "host all all all gss map=m", "app", []string{"ana", "ben@EXAMPLE.TEST"}, []string{"corp/ana"}, ""},
		{"without the realm, which is the directory's", "EXAMPLE.TEST", "host all all all gss krb_realm=EXAMPLE.TEST", "ana", nil, []string{"corp/ana"}, ""},
		{"without the realm, which is another", "EXAMPLE.TEST", "host all all all gss krb_realm=PARTNER.TEST", "ana", nil, nil, "PARTNER.TEST"},
		{"a pattern that keeps the realm out", "EXAMPLE.TEST", "host all all all gss map=m include_realm=true", `ana`, []string{`/^(.*)$`}, nil, ""},
		{"a pattern that cuts the realm off", "EXAMPLE.TEST", "host all all all gss map=m include_realm=true", `ana`, []string{`/^(.*)@EXAMPLE\.TEST$`}, []string{"corp/ana"}, ""},
	} {
		who, notes := let(&Cluster{directory: "corp", domains: connector.ParseDomains(c.domains)}, c.rules, c.role, c.m...)
		if !slices.Equal(who, c.want) || c.noted == "" != (len(notes) == 0) || !strings.Contains(strings.Join(notes, " "), c.noted) {
			t.Errorf("%s: %q, noted %q, want %q and %q", c.name, who, notes, c.want, c.noted)
		}
	}
}

// TestRealmsAsTheServerShowsThem: what a rule says of the realm, and what it does not
// say, is understood as the server shows it.
func TestRealmsAsTheServerShowsThem(t *testing.T) {
	p := testkit.NewPostgres(t)
	rewrite(t, p, "ident_file", "m fay fay", "m gus@EXAMPLE.TEST gus")
	tests := []struct{ role, options, shown, opener string }{
		{"ana@EXAMPLE.TEST", "", "include_realm=true", "corp/ana"}, // the default, since version 9.5
		{"ben", "", "include_realm=true", ""},
		{"cho", "include_realm=0", "", "corp/cho"},
		{"dan@EXAMPLE.TEST", "include_realm=0", "", ""},
		{"eve", "include_realm=on", "", "corp/eve"}, // anything but 1 is off
		{"fay", "include_realm=1 map=m", "include_realm=true map=m", ""},
		{"gus", "map=m", "include_realm=true map=m", "corp/gus"},
		{"hal", "include_realm=0 krb_realm=PARTNER.TEST", "krb_realm=PARTNER.TEST", ""},
		{"ida", "include_realm=0 krb_realm=EXAMPLE.TEST", "krb_realm=EXAMPLE.TEST", "corp/ida"},
	}
	lines := []string{"host all all 127.0.0.1/32 trust"}
	for _, tt := range tests {
		p.Exec(t, "postgres", fmt.Sprintf("create role %q login", tt.role))
		lines = append(lines, fmt.Sprintf("host all %q 192.0.2.0/24 gss %s", tt.role, tt.options))
	}
	letIn(t, p, lines...)
	c, opened := openersIn(t, p, map[string]string{"directory": "corp", "domain": "EXAMPLE.TEST"})
	rows := shownRules(t, c)
	for i, tt := range tests {
		if shown := strings.Join(rows[i+1].Options, " "); shown != tt.shown {
			t.Errorf("%s: the server shows %q, want %q", lines[i+1], shown, tt.shown)
		}
		if who := strings.Join(opened[tt.role], " "); who != tt.opener {
			t.Errorf("%s: opened by %q, want %q", lines[i+1], who, tt.opener)
		}
	}
}

// openersIn are who opens each role of a server.
func openersIn(t *testing.T, p *testkit.PostgresServer, options map[string]string) (*Cluster, map[string][]string) {
	t.Helper()
	c, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: p.URL("postgres"), Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Cluster), openedBy(t, c)
}

// shownRules are the rules by the connector's own query.
func shownRules(t *testing.T, c *Cluster) []hbaRow {
	t.Helper()
	s, err := c.connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	rows, err := list[hbaRow](t.Context(), s, "testing", queryHBA15)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestManyOpenersAreNotLeftOutSilently: what is beyond the cap is said.
func TestManyOpenersAreNotLeftOutSilently(t *testing.T) {
	for n, noted := range map[int]bool{maxOpeners: false, maxOpeners + 1: true} {
		var m []string
		for i := range n {
			m = append(m, fmt.Sprint("u", i))
		}
		who, notes := let(&Cluster{host: "db1"}, "local all all peer map=m", "app", m...)
		if len(who) != maxOpeners || noted != (len(notes) == 1) {
			t.Errorf("of %d are %d told, noted %q", n, len(who), notes)
		}
	}
}
