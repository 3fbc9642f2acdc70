package linux_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

func posixPerson(login string, number, group int) string {
	return fmt.Sprintf("dn: uid=%[1]s,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: %[1]s\ncn: %[1]s\nsn: x\n"+
		"uidNumber: %[2]d\ngidNumber: %[3]d\nhomeDirectory: /home/%[1]s\nloginShell: /bin/bash\nuserPassword: secret of %[1]s\n\n", login, number, group)
}

func posixGroup(name string, number int, members ...string) string {
	text := fmt.Sprintf("dn: cn=%[1]s,ou=people,dc=example,dc=test\nobjectClass: posixGroup\ncn: %[1]s\ngidNumber: %[2]d\n", name, number)
	for _, m := range members {
		text += "memberUid: " + m + "\n"
	}
	return text + "\n"
}

// staffedHost takes its people from a directory: ana is of group dba, whom sudo
// lets be root; ben of group keepers, who may write the keys of svc-pay; cho and
// dan may by sudo; fay has nothing. The account twin is in both.
func staffedHost(t *testing.T, lines ...string) *testkit.Host {
	t.Helper()
	s := testkit.NewSlapd(t, testkit.SlapdConfig{})
	tree := "dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n"
	for i, login := range []string{"ana.sol", "ben", "cho", "dan", "eve", "twin", "kim", "fay"} {
		group := 100
		if login == "cho" {
			group = 40001 + i // a group of its own
		}
		tree += posixPerson(login, 40001+i, group)
	}
	s.Add(t, tree+posixGroup("dba", 41001, "ana.sol", "kim")+posixGroup("keepers", 41002, "ben")+posixGroup("idle", 41003, "eve", "ana.sol")+posixGroup("cho", 40003))
	h := testkit.NamedLinuxHost(t, "staffed")
	h.Script(t, `useradd -m -s /bin/bash svc-pay; useradd -m -s /bin/bash -u 40006 twin; groupadd -g 42001 local-admins; usermod -aG local-admins svc-pay`)
	h.UseDirectory(t, s, lines...)
	h.Script(t, `gpasswd -a twin local-admins >/dev/null
install -d -m 755 -o svc-pay -g svc-pay /home/svc-pay/.ssh
install -m 664 -o svc-pay -g 41002 /dev/null /home/svc-pay/.ssh/authorized_keys`)
	h.Write(t, "/etc/sudoers.d/staff", "440", `%dba ALL=(ALL:ALL) NOPASSWD: ALL
cho ALL=(root) NOPASSWD: sudoedit /home/svc-pay/.ssh/authorized_keys
dan ALL=(root) NOPASSWD: /usr/bin/tee -a /home/svc-pay/.ssh/authorized_keys
dan ALL=(root) NOPASSWD: /usr/bin/tee -a /home/svc-pay/notes
local-only ALL=(root) /usr/bin/id
`)
	h.Run(t, "visudo", "-c")
	return h
}

func ofCorp(c *connector.Config) { c.Options["directory"] = "corp" }

// What a directory brings is told from what is the host's own, and named as the
// directory names it; groups are what `id` says.
func TestWhatADirectoryBrings(t *testing.T) {
	h := staffedHost(t)
	s := discover(t, open(t, h, ofCorp))
	own := strings.Fields(h.Run(t, "sh", "-c", "cut -d: -f1 /etc/passwd"))
	foreign := 0
	for name, a := range s.accounts {
		var want []connector.Target
		if !slices.Contains(own, name) {
			foreign++
			want = []connector.Target{{Kind: connector.OnAccount, System: "corp", ID: name}}
		}
		if !slices.Equal(a.OpenedBy, want) {
			t.Errorf("%s is opened by %v, want %v", name, a.OpenedBy, want)
		}
		groups := strings.Fields(h.Run(t, "id", "-nG", "--", name))
		slices.Sort(groups)
		var got []string
		for id := range s.grants["account:"+name] {
			if g, ok := strings.CutPrefix(id, "group:"); ok {
				got = append(got, g)
			}
		}
		slices.Sort(got)
		if groups = slices.Compact(groups); !slices.Equal(got, groups) {
			t.Errorf("%s is in %v, the host says %v", name, got, groups)
		}
	}
	if foreign != 7 {
		t.Errorf("%d accounts come from the directory, want 7", foreign)
	}
	var nested []string
	for _, r := range s.records {
		if g := r.Grant; g != nil && g.Holder.System != "" {
			nested = append(nested, fmt.Sprintf("%s %s/%s > %s", g.Holder.Kind, g.Holder.System, g.Holder.ID, g.Entitlement))
		}
	}
	want := []string{"entitlement corp/dba > group:dba", "entitlement corp/idle > group:idle", "entitlement corp/keepers > group:keepers"}
	if slices.Sort(nested); !slices.Equal(nested, want) {
		t.Errorf("the directory's groups hold %q, want %q", nested, want)
	}
}

// A directory that does not list itself: whoever sudo rules, groups and files name
// is known all the same, with their groups, and sudo says the same of them.
func TestADirectoryThatDoesNotListItself(t *testing.T) {
	h := staffedHost(t, "nss_disable_enumeration yes")
	if out := h.Run(t, "getent", "passwd"); strings.Contains(out, "ana.sol") {
		t.Fatalf("the test is wrong, the directory lists itself: %s", out)
	}
	s := discover(t, open(t, h, ofCorp))
	for _, name := range []string{"ana.sol", "ben", "cho", "dan", "kim"} {
		if len(s.accounts[name].OpenedBy) != 1 {
			t.Errorf("%s is not known, or not the directory's: %+v", name, s.accounts[name])
		}
	}
	if _, known := s.accounts["fay"]; known {
		t.Error("fay is known, whom nothing on the host names")
	}
	questions := map[string]question{
		"root":   {as: "root", argv: []string{"/usr/bin/id"}, ids: []string{"sudo:ALL:ALL"}},
		"keys":   {as: "root", argv: []string{"/usr/bin/tee", "-a", "/home/svc-pay/.ssh/authorized_keys"}, ids: []string{"sudo:root:/usr/bin/tee -a /home/svc-pay/.ssh/authorized_keys", "sudo:ALL:ALL"}},
		"as-svc": {as: "svc-pay", argv: []string{"/usr/bin/id"}, ids: []string{"sudo:ALL:ALL"}},
	}
	allowed := 0
	for _, name := range []string{"ana.sol", "ben", "cho", "dan", "kim", "twin", "svc-pay"} {
		held := s.effective(name)
		for what, q := range questions {
			may := mayOnHost(h, name, q)
			implied := slices.ContainsFunc(q.ids, func(id string) bool { _, ok := held[id]; return ok })
			if may != implied {
				t.Errorf("%s, %s: the host says %v, the grants %v: %v", name, what, may, implied, slices.Sorted(maps.Keys(held)))
			}
			if may {
				allowed++
			}
		}
	}
	if allowed != 7 {
		t.Errorf("%d were allowed, so the rules test little", allowed)
	}
	if _, ok := s.effective("ana.sol")["group:idle"]; !ok {
		t.Error("ana.sol's group idle is not known, which only `id` tells")
	}
}

// Whoever may write a service's keys can be the service: by the file's group, by
// sudoedit, by a program under sudo. Each really puts a key there.
func TestKeysThatADirectorysPeopleMayWrite(t *testing.T) {
	h := staffedHost(t, "nss_disable_enumeration yes")
	s := discover(t, open(t, h, ofCorp))
	const file = "/home/svc-pay/.ssh/authorized_keys"
	becomes := func(account string) (ids []string) {
		for id := range s.effective(account) {
			if slices.Contains(s.capabilities(id), "impersonate@account:svc-pay") {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	}
	tests := []struct {
		account string
		want    []string
		write   string // run as the account; "$1" is the file
	}{
		{"ben", []string{"file:" + file + ":write"}, `echo by-ben >> "$1"`},
		{"cho", []string{"sudo:root:sudoedit " + file}, `EDITOR='sh -c "echo by-cho >> \$0"' sudo -n -e "$1"`},
		{"dan", []string{"sudo:root:/usr/bin/tee -a " + file}, `echo by-dan | sudo -n /usr/bin/tee -a "$1"`},
		{"twin", nil, `echo by-twin >> "$1"`},
	}
	for _, tt := range tests {
		if got := becomes(tt.account); !slices.Equal(got, tt.want) {
			t.Errorf("%s can become svc-pay by %q, want %q", tt.account, got, tt.want)
		}
		_, err := h.Try("runuser", "-u", tt.account, "--", "sh", "-c", tt.write, "sh", file)
		if wrote := strings.Contains(h.Run(t, "cat", file), "by-"+tt.account); wrote != (tt.want != nil) {
			t.Errorf("%s wrote the file: %v, %v", tt.account, wrote, err)
		}
	}
	if got := s.capabilities("sudo:root:/usr/bin/tee -a /home/svc-pay/notes"); got != nil {
		t.Errorf("a file of no meaning gives %q", got)
	}
}

func TestDescribeNamesWhatADirectoryLeavesOpen(t *testing.T) {
	h := staffedHost(t, "pam_authz_search (objectClass=posixAccount)")
	describe := func(edit ...func(*connector.Config)) string {
		t.Helper()
		d, err := open(t, h, edit...).Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(d.Warnings, "\n")
	}
	if all := describe(); !strings.Contains(all, "7 accounts and 4 groups come from a directory (nsswitch.conf: ldap): option directory") || !strings.Contains(all, "pam_authz_search") || strings.Contains(all, "AllowGroups") {
		t.Errorf("the warnings are %q", all)
	}
	h.Script(t, `echo "AllowGroups dba" >> /etc/ssh/sshd_config`)
	if all := describe(ofCorp); strings.Contains(all, "option directory") || !strings.Contains(all, "sshd_config (allowgroups)") {
		t.Errorf("the warnings are %q", all)
	}
}
