package main

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
)

// target is a kind of system on its real server, and what that itself says of an account.
type kindOfTarget struct {
	kind       string
	config     inventory.Config
	password   secret.Secret
	group      string
	attributes map[string]string
	changed    map[string]string
	// is says "none", or "enabled" or "disabled", whether it is in the group, and a value
	// that changed has otherwise than attributes.
	is    func(t *testing.T, login string) (state string, member bool, value string)
	value [2]string // before and after the change
	// kept asks the system's own client whether a secret opens the account "kept".
	kept   map[connector.SecretKind]func(t *testing.T, value string) bool
	export func(t *testing.T)
	host   *testkit.Host // of a Linux host
}

func linuxTarget(t *testing.T) kindOfTarget {
	h := testkit.LinuxHost(t)
	h.Run(t, "groupadd", "ledger")
	h.Run(t, "useradd", "-m", "-s", "/bin/bash", "-p", "*", "kept")
	return kindOfTarget{
		host: h, kind: "linux", config: inventory.Config{Address: h.URL(), Options: map[string]string{"known_hosts": h.HostKey}}, password: secret.New(h.Key),
		group: "ledger", attributes: map[string]string{"name": "Ana Sol", "shell": "/bin/bash"}, changed: map[string]string{"name": "Ana Reyes", "shell": "/bin/bash"},
		value: [2]string{"Ana Sol", "Ana Reyes"},
		kept:  map[connector.SecretKind]func(*testing.T, string) bool{connector.Password: sshOpens(h), connector.SSHKey: sshOpens(h)},
		is: func(t *testing.T, login string) (string, bool, string) {
			line, err := h.Try("getent", "passwd", login)
			if err != nil {
				return "none", false, ""
			}
			state := "enabled"
			if f := strings.Fields(h.Run(t, "chage", "-l", "-i", login)); slices.Contains(f, "1970-01-02") || strings.Contains(h.Run(t, "passwd", "-S", login), login+" L 1970") {
				state = "disabled"
			}
			if strings.Contains(h.Run(t, "chage", "-l", "-i", login), "Account expires\t\t\t\t\t\t: 1970") {
				state = "disabled"
			}
			name, _, _ := strings.Cut(strings.Split(line, ":")[4], ",")
			return state, slices.Contains(strings.Fields(h.Run(t, "id", "-nG", login)), "ledger"), name
		},
	}
}

func openLDAPTarget(t *testing.T) kindOfTarget {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{})
	people := "ou=people," + s.BaseDN()
	s.Add(t, "dn: "+people+"\nobjectClass: organizationalUnit\nou: people\n\n"+
		"dn: uid=kept,"+people+"\nobjectClass: inetOrgPerson\nuid: kept\ncn: Kept\nsn: Kept\n\n"+
		"dn: uid=ben,"+people+"\nobjectClass: inetOrgPerson\nuid: ben\ncn: Ben\nsn: Ben\n\n"+
		"dn: cn=ledger,"+s.BaseDN()+"\nobjectClass: groupOfNames\ncn: ledger\nmember: uid=ben,"+people+"\n")
	authority, err := os.ReadFile(s.CA())
	if err != nil {
		t.Fatal(err)
	}
	return kindOfTarget{
		kind: ldap.Kind, config: inventory.Config{Address: s.TLSURL() + "/" + s.BaseDN(), Options: map[string]string{"bind_dn": s.BindDN(), "ca": string(authority)}}, password: s.Password(),
		group:      "ledger",
		attributes: map[string]string{"name": "Ana Sol", "surname": "Sol", "title": "Buyer", "container": people}, changed: map[string]string{"name": "Ana Sol", "surname": "Sol", "title": "Head", "container": people},
		value: [2]string{"Buyer", "Head"},
		kept:  map[connector.SecretKind]func(*testing.T, string) bool{connector.Password: ldapOpens(s.TLSURL(), s.CA(), "uid=kept,"+people)},
		is: func(t *testing.T, login string) (string, bool, string) {
			out := s.Search(t, "(uid="+login+")", "title", "pwdAccountLockedTime", "userPassword", "shadowExpire", "memberOf", "+")
			return ldapState(out, "dn: ", func(out string) bool {
				return strings.Contains(out, "pwdAccountLockedTime") || strings.Contains(out, "shadowExpire")
			}), strings.Contains(s.Search(t, "(cn=ledger)", "member"), "uid="+login+","), ldapValue(out, "title")
		},
	}
}

func ldapState(out, there string, disabled func(string) bool) string {
	switch {
	case !strings.Contains(out, there):
		return "none"
	case disabled(out):
		return "disabled"
	}
	return "enabled"
}

func ldapValue(out, name string) string {
	for line := range strings.Lines(out) {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func sambaTarget(t *testing.T) kindOfTarget {
	s := testkit.NewSamba(t)
	s.Tool(t, "group", "add", "ledger")
	s.Tool(t, "user", "create", "kept", "As-It-Was-Found-1")
	authority, err := os.ReadFile(s.CA())
	if err != nil {
		t.Fatal(err)
	}
	return kindOfTarget{
		kind: ldap.Kind, config: inventory.Config{Address: s.URL() + "/" + s.BaseDN(), Options: map[string]string{"bind_dn": s.BindDN(), "ca": string(authority)}}, password: s.Password(),
		group: "ledger", attributes: map[string]string{"surname": "Sol", "title": "Buyer"}, changed: map[string]string{"surname": "Sol", "title": "Head"},
		value: [2]string{"Buyer", "Head"},
		kept:  map[connector.SecretKind]func(*testing.T, string) bool{connector.Password: ldapOpens(s.URL(), s.CA(), "kept@example.test")},
		is: func(t *testing.T, login string) (string, bool, string) {
			out := s.Search(t, "(sAMAccountName="+login+")", "title", "userAccountControl", "memberOf")
			return ldapState(out, "userAccountControl:", func(out string) bool { return strings.Contains(out, "userAccountControl: 514") }),
				strings.Contains(out, "CN=ledger,"), ldapValue(out, "title")
		},
	}
}

// csvTarget is a program that reads the changes and writes its files anew.
func csvTarget(t *testing.T) kindOfTarget {
	dir, drop := t.TempDir(), t.TempDir()
	accounts, members := map[string][]string{}, map[string]bool{}
	write := func() {
		text, grants := "id,login,display_name,status,mark\n", "holder_kind,holder,entitlement,mode\n"
		for _, id := range slices.Sorted(maps.Keys(accounts)) {
			text += strings.Join(accounts[id], ",") + "\n"
			if members[id] {
				grants += "account," + id + ",ledger,standing\n"
			}
		}
		for name, text := range map[string]string{"accounts.csv": text, "grants.csv": grants, "entitlements.csv": "id,kind,name\nledger,group,ledger\n"} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			later := time.Now().Add(5 * time.Second) // the program is slower than this test
			if err := os.Chtimes(path, later, later); err != nil {
				t.Fatal(err)
			}
		}
	}
	write()
	done := 0
	return kindOfTarget{
		kind: "csv", config: inventory.Config{Address: dir, Options: map[string]string{"drop": drop}},
		group: "ledger", attributes: map[string]string{"display_name": "Ana Sol"}, changed: map[string]string{"display_name": "Ana Reyes"},
		value: [2]string{"Ana Sol", "Ana Reyes"},
		is: func(_ *testing.T, login string) (string, bool, string) {
			if a := accounts[login]; a != nil {
				return a[3], members[login], a[2]
			}
			return "none", false, ""
		},
		export: func(t *testing.T) {
			f, err := os.Open(filepath.Join(drop, "changes.csv"))
			if err != nil {
				return
			}
			defer f.Close() //nolint:errcheck // read only
			rows, err := csv.NewReader(f).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			column := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
			for ; done+1 < len(rows); done++ {
				row := rows[done+1]
				id := column(row, "account")
				switch column(row, "change") {
				case "create_account":
					login := column(row, "login")
					accounts[login] = []string{login, login, column(row, "display_name"), "enabled", column(row, "mark")}
				case "update_account":
					accounts[id][2] = column(row, "display_name")
				case "disable_account":
					accounts[id][3] = "disabled"
				case "delete_account":
					delete(accounts, id)
				case "grant":
					members[column(row, "holder")] = true
				case "revoke":
					delete(members, column(row, "holder"))
				}
			}
			write()
		},
	}
}

// The life of an account on each kind of system, as that system's own programs say: made,
// granted, changed, disabled, and gone after its retention. What opens another one there is
// changed meanwhile.
func TestProvisioningEveryKind(t *testing.T) {
	for name, begin := range map[string]func(*testing.T) kindOfTarget{"linux": linuxTarget, "openldap": openLDAPTarget, "samba": sambaTarget, "csv": csvTarget} {
		t.Run(name, func(t *testing.T) {
			x := begin(t)
			p, pass := clocked(t, 1)
			id := p.system("it", x.kind, x.config, x.password)
			expect := func(when, state string, member bool, value string) {
				t.Helper()
				for range 3 {
					p.carry()
					if x.export != nil {
						x.export(t)
						pass(10 * time.Minute)
					}
				}
				p.carry()
				p.verified()
				if s, m, v := x.is(t, "ana"); s != state || m != member || v != value {
					t.Errorf("%s, it is %s, in the group: %v, with %q; not %s, %v, %q", when, s, m, v, state, member, value)
				}
			}
			y := access.Target{Identity: p.person(1), System: id, Login: "ana", State: access.TargetEnabled, Attributes: x.attributes}
			p.target(&y)
			j := p.justify(p.person(1), p.entitlementOf(id, x.group))
			expect("made", "enabled", true, x.value[0])
			p.sync(id)
			p.carry()
			y.Account, y.Attributes = p.account("it/ana", p.person(1)), x.changed
			p.target(&y)
			expect("changed", "enabled", true, x.value[1])
			p.rotatesThere(t, x, id)
			y.State, y.DeleteAt = access.TargetDisabled, access.TimeOf(p.s.Now().Add(24*time.Hour))
			p.target(&y)
			p.unjustify(j)
			expect("left", "disabled", false, x.value[1])
			pass(25 * time.Hour)
			_, err := p.app.db.Sweep(p.ctx)
			p.must(err)
			expect("after its retention", "none", false, "")
		})
	}
}

func (p *plant) entitlementOf(id access.SystemID, name string) access.EntitlementID {
	p.t.Helper()
	refs, err := p.app.inventory().Store.FindTargets(p.ctx, "it", name, 10)
	p.must(err)
	for _, r := range refs {
		if r.Kind == access.KindEntitlement {
			return access.EntitlementID(r.Key)
		}
	}
	p.t.Fatal(fmt.Errorf("%s has no entitlement %s", id, name))
	return 0
}
