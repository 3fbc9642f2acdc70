package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
)

// let returns whom some rules and the map m let in as a role, and what is noted.
func let(c *Cluster, text, as string, m ...string) (who, notes []string) {
	databases := []databaseName{{"shop"}}
	o := &openings{byRole: map[*role][]connector.Target{}, keyless: map[*role]bool{}, trusted: map[string][]*role{}, notes: map[string]bool{}, mapsRead: true}
	o.gate = newGate(rules(text), databases, false, func(r *role, group string) bool { return r.Name == group })
	for _, system := range m {
		o.maps = append(o.maps, identRow{Map: "m", System: system, Role: as})
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
func TestPrincipalsOfOtherRealms(t *testing.T) {
	for _, c := range []struct {
		name, domains, rules, role string
		m, want                    []string
		noted                      string
	}{
		{"the realm is the directory's", "EXAMPLE.TEST", "host all all all gss", "ana@EXAMPLE.TEST", nil, []string{"corp/ana"}, ""},
		{"nobody says which realm is", "", "host all all all gss", "ana@EXAMPLE.TEST", nil, nil, "EXAMPLE.TEST"},
		{"another realm", "EXAMPLE.TEST", "host all all all gss", "ana@PARTNER.TEST", nil, nil, "PARTNER.TEST"},
		{"by a map", "example.test", "host all all all sspi map=m", "app", []string{"ana@EXAMPLE.TEST", "ben@PARTNER.TEST"}, []string{"corp/ana"}, "PARTNER.TEST"},
		{"the server asks for a realm", "EXAMPLE.TEST", "host all all all gss map=m krb_realm=EXAMPLE.TEST", "app", []string{"ana@EXAMPLE.TEST", "ben@PARTNER.TEST"}, []string{"corp/ana"}, ""},
		{"without the realm", "", "host all all all gss include_realm=0", "ana", nil, []string{"corp/ana"}, ""},
	} {
		who, notes := let(&Cluster{directory: "corp", domains: connector.ParseDomains(c.domains)}, c.rules, c.role, c.m...)
		if !slices.Equal(who, c.want) || c.noted == "" != (len(notes) == 0) || !strings.Contains(strings.Join(notes, " "), c.noted) {
			t.Errorf("%s: %q, noted %q, want %q and %q", c.name, who, notes, c.want, c.noted)
		}
	}
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
