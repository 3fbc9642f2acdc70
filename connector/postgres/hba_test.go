package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rules reads lines of pg_hba.conf as the server would show them; a number stands
// for each in what is expected.
func rules(text string) (rows []hbaRow) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(line)
		row := hbaRow{Line: int32(i + 1), Type: f[0], Databases: strings.Split(f[1], ","), Users: strings.Split(f[2], ",")}
		rest := f[3:]
		if row.Type != "local" {
			row.Address, row.Netmask, _ = strings.Cut(rest[0], "/")
			rest = rest[1:]
		}
		row.Method, row.Options = rest[0], rest[1:]
		rows = append(rows, row)
	}
	return rows
}

// The first rule that matches the connection, the database, the user and the
// address decides (PostgreSQL manual, The pg_hba.conf File).
func TestFirstRuleDecides(t *testing.T) {
	databases := []databaseName{{"postgres"}, {"shop"}, {"ana"}, {"template1"}}
	in := map[string][]string{"ana": {"staff", "people"}, "ben": {"shop"}}
	tests := []struct {
		name, rules string
		ana, ben    []int32
		patterns    bool
	}{
		{"one for all", "local all all peer", []int32{1}, []int32{1}, false},
		{"a later one is never asked", "local all all peer\nlocal all all trust", []int32{1}, []int32{1}, false},
		{"by name", "local all ana peer\nlocal all all reject", []int32{1}, []int32{2}, false},
		{"a database of its own leaves the others", "local shop ana reject\nlocal all all peer", []int32{1, 2}, []int32{2}, false},
		{"both sorts of connection", "local all all peer\nhost all all all ldap", []int32{1, 2}, []int32{1, 2}, false},
		{"by group, at any depth", "local all +people peer\nlocal all +staff trust\nlocal all all reject", []int32{1}, []int32{3}, false},
		{"a role is in itself", "local all +ben peer", nil, []int32{1}, false},
		{"sameuser", "local sameuser all peer\nlocal all all reject", []int32{1, 2}, []int32{2}, false},
		{"samerole", "local samerole all peer\nlocal all all reject", []int32{1, 2}, []int32{1, 2}, false},
		{"replication is no database", "local replication all trust", nil, []int32{1}, false},
		{"and all is not replication", "local replication all reject\nlocal all all peer", []int32{2}, []int32{1, 2}, false},
		{"no such database", "local gone all trust\nlocal all all peer", []int32{2}, []int32{2}, false},
		{"a wider range before", "host all all 10.0.0.0/255.0.0.0 reject\nhost all all 10.1.0.0/255.255.0.0 ldap", []int32{1}, []int32{1}, false},
		{"a narrower range before", "host all all 10.1.0.0/255.255.0.0 reject\nhost all all 10.0.0.0/255.0.0.0 ldap", []int32{1, 2}, []int32{1, 2}, false},
		{"ranges of the other family", "host all all 0.0.0.0/0.0.0.0 reject\nhost all all ::/:: ldap", []int32{1, 2}, []int32{1, 2}, false},
		{"everywhere before", "host all all all reject\nhost all all 10.0.0.0/255.0.0.0 ldap", []int32{1}, []int32{1}, false},
		{"host covers hostssl", "host all all all ldap\nhostssl all all all trust", []int32{1}, []int32{1}, false},
		{"hostssl leaves the others", "hostssl all all all ldap\nhost all all all reject", []int32{1, 2}, []int32{1, 2}, false},
		{"hostssl and hostnossl leave only GSSAPI", "hostssl all all all ldap\nhostnossl all all all md5\nhost all all all trust", []int32{1, 2}, []int32{1, 2}, false},
		{"names of machines cover themselves only", "host all all .example.com reject\nhost all all db.example.com ldap\nhost all all db.example.com trust", []int32{1, 2}, []int32{1, 2}, false},
		{"samenet covers samehost", "host all all samenet md5\nhost all all samehost trust", []int32{1}, []int32{1}, false},
		{"a name that looks like a pattern, before 16", "local all /^a peer", nil, nil, false},
		{"a pattern", "local all /^a peer\nlocal all all reject", []int32{1}, []int32{2}, true},
		{"a pattern that cannot be read may match and hides nothing", `local all /\mana\M peer` + "\nlocal all all trust", []int32{1, 2}, []int32{1, 2}, true},
		{"databases by pattern", "local /^s.op$ all peer\nlocal shop all trust", []int32{1}, []int32{1}, true},
	}
	for _, tt := range tests {
		g := newGate(rules(tt.rules), databases, tt.patterns, func(r *role, group string) bool {
			return r.Name == group || slices.Contains(in[r.Name], group)
		})
		for name, want := range map[string][]int32{"ana": tt.ana, "ben": tt.ben} {
			r := &role{roleRow: roleRow{Name: name, Login: true, Replication: name == "ben"}}
			var got []int32
			for _, x := range g.ways(r) {
				got = append(got, x.Line)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s: %s is decided on by lines %v, want %v", tt.name, name, got, want)
			}
		}
	}
}

func TestMapsNameOutsiders(t *testing.T) {
	lines := []identRow{
		{"m", "root", "postgres"},
		{"m", "ana.sol", "ana"},
		{"other", "eve", "ana"},
		{"cut", `/^(.*)@EXAMPLE\.TEST$`, `\1`},
		{"cut", "admin@EXAMPLE.TEST", "postgres"},
		{"both", `/^adm-(.+)$`, `dba_\1`},
		{"many", "/^ops", "postgres"},
		{"odd", `/^(a|b)(.*)$`, `\1`},
		{"loose", `/(.*)@x`, `\1`},
		{"fold", `/^(?i)x(.*)$`, `\1`},
		{"theirs", `/^(\w+)\Z$`, `\1`},
		{"wide", "boss", "all"},
		{"group", "chef", "+staff"},
		{"own", "chief", `/^\mana\M$`},
		{"back", `/^(\w+)@x$`, `/^\1$`},
	}
	tests := []struct {
		mapName, role  string
		patterns       bool
		names, unclear []string
	}{
		{"m", "postgres", false, []string{"root"}, nil},
		{"m", "ana", false, []string{"ana.sol"}, nil},
		{"m", "ben", false, nil, nil},
		{"none", "ana", false, nil, nil},
		{"cut", "ana", false, []string{"ana@EXAMPLE.TEST"}, nil},
		{"cut", "postgres", false, []string{"admin@EXAMPLE.TEST", "postgres@EXAMPLE.TEST"}, nil},
		{"both", "dba_kim", false, []string{"adm-kim"}, nil},
		{"both", "dba_", false, nil, nil},
		{"both", "kim", false, nil, nil},
		{"many", "postgres", false, nil, []string{"/^ops"}},
		{"many", "ana", false, nil, nil},
		{"odd", "ana", false, nil, []string{`/^(a|b)(.*)$`}},
		{"loose", "ana", false, nil, []string{`/(.*)@x`}},
		{"fold", "ana", false, nil, []string{`/^(?i)x(.*)$`}},
		{"theirs", "ana", false, nil, []string{`/^(\w+)\Z$`}},
		{"wide", "ana", false, nil, nil},
		{"wide", "ana", true, []string{"boss"}, nil},
		{"group", "ana", true, []string{"chef"}, nil},
		{"group", "ben", true, nil, nil},
		{"own", "ana", true, nil, []string{"chief"}},
		{"own", "ana", false, nil, nil},
		{"back", "ana", true, nil, []string{`/^(\w+)@x$`}},
	}
	for _, tt := range tests {
		g := newGate(nil, nil, tt.patterns, func(r *role, group string) bool { return r.Name == "ana" && group == "staff" })
		names, unclear := g.outsiders(lines, tt.mapName, &role{roleRow: roleRow{Name: tt.role}})
		if !slices.Equal(names, tt.names) || !slices.Equal(unclear, tt.unclear) {
			t.Errorf("map %s lets %v, %q in as %s, want %v, %q", tt.mapName, names, unclear, tt.role, tt.names, tt.unclear)
		}
	}
}

func TestGroupsThatGiveRoles(t *testing.T) {
	tests := []struct{ option, role, group, why string }{
		{"dba=Database Admins", "dba", "Database Admins", ""},
		{"dba=Database Admins", "dbas", "", ""},
		{"dba=cn=db-admins,ou=groups,dc=example,dc=test; reader=readers", "dba", "db-admins", ""},
		{"dba=cn=db-admins,ou=groups,dc=example,dc=test; reader=readers", "reader", "readers", ""},
		{"ldap_*", "ldap_dba", "ldap_dba", ""},
		{"ldap_*", "dba", "", ""},
		{"ldap_*=pg-*", "ldap_dba", "pg-dba", ""},
		{"ldap_*_rw=team", "ldap_x_rw", "team", ""},
		{"ldap_*_rw", "ldap_rw", "", ""},
		{"dba", "", "", "must be ROLE=GROUP"},
		{"dba=", "", "", "no group"},
		{"a*b*=c", "", "", "one asterisk"},
		{"a=c*", "", "", "one asterisk"},
	}
	for _, tt := range tests {
		list, why := parseGroupRoles(tt.option)
		if (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
			t.Errorf("%q: %q, want %q", tt.option, why, tt.why)
		}
		got := ""
		for _, g := range list {
			if group, gives := g.groupOf(tt.role); gives {
				got = group
			}
		}
		if got != tt.group {
			t.Errorf("%q: role %q is given by %q, want %q", tt.option, tt.role, got, tt.group)
		}
	}
}

// FuzzRules: whatever the files say, reading them ends, without a panic, and what
// is said to lead to a role does.
func FuzzRules(f *testing.F) {
	f.Add("all", "/^(.*)$", "10.0.0.0", "255.0.0.0", `x\1`, "xana")
	f.Fuzz(func(t *testing.T, database, user, address, mask, template, name string) {
		row := hbaRow{Type: "host", Databases: []string{database}, Users: []string{user}, Address: address, Netmask: mask, Method: "ldap"}
		g := newGate([]hbaRow{row, row}, []databaseName{{database}}, true, func(*role, string) bool { return false })
		r := &role{roleRow: roleRow{Name: name}}
		if n := len(g.ways(r)); n > 2 {
			t.Fatalf("%d ways by two rules", n)
		}
		pattern, is := strings.CutPrefix(user, "/")
		names, _ := g.outsiders([]identRow{{"m", user, template}}, "m", r)
		for _, found := range names {
			if re := g.compile(pattern); is && strings.Contains(template, group1) {
				if m := re.FindStringSubmatch(found); len(m) < 2 || strings.Replace(template, group1, m[1], 1) != name {
					t.Fatalf("%q does not lead to %q by %q and %q", found, name, pattern, template)
				}
			}
		}
		_, _ = parseGroupRoles(database)
		_ = fmt.Sprint(row.addresses().near())
	})
}

// BenchmarkWays decides for ten thousand roles under two hundred rules of a
// hundred databases.
func BenchmarkWays(b *testing.B) {
	var text strings.Builder
	var databases []databaseName
	for i := range 100 {
		databases = append(databases, databaseName{fmt.Sprintf("db%d", i)})
		_, _ = fmt.Fprintf(&text, "host db%d r%d 10.%d.0.0/255.255.0.0 scram-sha-256\nhost db%d +g%d all ldap\n", i, i, i, i, i)
	}
	text.WriteString("local all all peer\nhost all all all reject\n")
	g := newGate(rules(text.String()), databases, false, func(r *role, group string) bool { return r.Name == group })
	var roles []*role
	for i := range 10_000 {
		roles = append(roles, &role{roleRow: roleRow{Name: fmt.Sprintf("r%d", i)}})
	}
	for b.Loop() {
		for _, r := range roles {
			g.ways(r)
		}
	}
}
