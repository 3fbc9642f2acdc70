package linux_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
)

// TestGroupsAreWhatTheHostSays compares with `id`, account by account.
func TestGroupsAreWhatTheHostSays(t *testing.T) {
	h := richHost(t)
	s := discover(t, open(t, h))
	names := strings.Fields(h.Run(t, "sh", "-c", "getent passwd | cut -d: -f1"))
	if len(names) != len(s.accounts) {
		t.Errorf("%d accounts, the host has %d", len(s.accounts), len(names))
	}
	for _, name := range names {
		want := strings.Fields(h.Run(t, "id", "-nG", "--", name))
		var got []string
		for id := range s.grants["account:"+name] {
			if g, ok := strings.CutPrefix(id, "group:"); ok {
				got = append(got, g)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s is in %v, the host says %v", name, got, want)
		}
	}
}

// question is one thing that sudo can be asked about an account.
type question struct {
	as, group string
	argv      []string
	// entitled reports whether an entitlement answers the question.
	ids []string
}

func questions() []question {
	ask := func(as string, argv string, ids ...string) question {
		return question{as: as, argv: strings.Fields(argv), ids: append(ids, "sudo:ALL:ALL")}
	}
	return []question{
		ask("root", "/usr/bin/tar", "sudo:root:ALL"),
		ask("root", "/usr/bin/apt-get update", "sudo:root:/usr/bin/apt-get"),
		ask("root", "/usr/bin/systemctl restart postgresql", "sudo:root:/usr/bin/systemctl restart postgresql"),
		ask("root", "/usr/bin/systemctl stop postgresql", "sudo:root:/usr/bin/systemctl stop postgresql"),
		ask("root", "/usr/bin/less /var/log/x", "sudo:root:/usr/bin/less /var/log/*"),
		ask("dbowner", "/usr/bin/psql", "sudo:dbowner:/usr/bin/psql"),
		ask("reports", "/usr/bin/psql", "sudo:reports:/usr/bin/psql"),
		ask("root", "/usr/bin/id", `sudo:root:/usr/bin/id ""`),
		ask("dbowner", "/usr/bin/bash", "sudo:ALL,!root:/usr/bin/bash"),
		ask("root", "/usr/bin/journalctl", "sudo:root:/usr/bin/journalctl"),
		ask("to-id", "/usr/bin/touch", "sudo:to-id:/usr/bin/touch"),
		ask("root", "/usr/bin/tar --extract x", "sudo:root:/usr/bin/tar --extract *"),
		{group: "docker", argv: []string{"/usr/bin/bash"}, ids: []string{"sudo::docker:/usr/bin/bash", "sudo:ALL:ALL"}},
	}
}

// TestSudoIsWhatTheHostSays asks the host's sudo, for every account and many
// commands, whether it may, and compares with what the grants imply.
func TestSudoIsWhatTheHostSays(t *testing.T) {
	h := richHost(t)
	h.Run(t, "install", "-m", "755", "-D", "/usr/bin/true", "/opt/backup/run.sh")
	h.Run(t, "install", "-m", "755", "/usr/bin/true", "/usr/local/bin/marker")
	s := discover(t, open(t, h))
	agreed, allowed := 0, 0
	for _, name := range slices.Sorted(maps.Keys(s.accounts)) {
		if s.accounts[name].Attributes["uid"] == "0" {
			continue // sudo lets root do all without a rule, as uid:0 says here
		}
		held := s.effective(name)
		for _, q := range questions() {
			may := mayOnHost(h, name, q)
			implied := slices.ContainsFunc(q.ids, func(id string) bool { _, ok := held[id]; return ok })
			if exception(name, q) {
				continue
			}
			if may != implied {
				t.Errorf("%s as %q%q runs %v: the host says %v, the grants %v (%v)", name, q.as, q.group, q.argv, may, implied, slices.Sorted(maps.Keys(held)))
			}
			agreed++
			if may {
				allowed++
			}
		}
	}
	if agreed < 200 || allowed < 20 {
		t.Errorf("only %d questions were compared, %d of them allowed", agreed, allowed)
	}
}

// exception: dave's rule leaves bash and su out of ALL, which the grants mean to
// ignore, because it stops nobody.
func exception(name string, q question) bool {
	return name == "dave" && q.argv[0] == "/usr/bin/bash"
}

func mayOnHost(h *testkit.Host, name string, q question) bool {
	argv := []string{"sudo", "-n", "-l", "-U", name}
	if q.as != "" {
		argv = append(argv, "-u", q.as)
	}
	if q.group != "" {
		argv = append(argv, "-g", q.group)
	}
	_, err := h.Try(append(argv, q.argv...)...)
	return err == nil
}

// TestNoPasswordIsWhatTheHostSays lets accounts really run sudo without a
// password.
func TestNoPasswordIsWhatTheHostSays(t *testing.T) {
	h := richHost(t)
	s := discover(t, open(t, h))
	tests := []struct {
		account, as, entitlement string
		argv                     []string
		want                     bool
	}{
		{"bob", "root", `sudo:root:/usr/bin/id ""`, []string{"/usr/bin/id"}, true},
		{"mallory", "root", `sudo:root:/usr/bin/id ""`, []string{"/usr/bin/id"}, false},
		{"frank", "dbowner", "sudo:dbowner:/usr/bin/psql", []string{"/usr/bin/psql", "--version"}, true},
		{"alice", "root", "sudo:ALL:ALL", []string{"/usr/bin/true"}, false},
		{"alice", "root", "sudo:root:/usr/bin/apt-get", []string{"/usr/bin/apt-get", "--version"}, true},
		{"erin", "root", "sudo:root:/usr/bin/less /var/log/*", []string{"/usr/bin/less", "/var/log/nothing"}, false},
	}
	for _, tt := range tests {
		argv := append([]string{"runuser", "-u", tt.account, "--", "sudo", "-n", "-u", tt.as}, tt.argv...)
		_, err := h.Try(argv...)
		if (err == nil) != tt.want {
			t.Fatalf("the test is wrong: %v says %v", argv, err)
		}
		g, held := s.effective(tt.account)[tt.entitlement]
		if got := held && g.Flags&access.NoPassword != 0; got != tt.want {
			t.Errorf("%s: %s without a password is %v (held %v), the host says %v", tt.account, tt.entitlement, got, held, tt.want)
		}
	}
}

func TestSudoCapabilities(t *testing.T) {
	h := richHost(t)
	h.Script(t, `mkdir -p /opt/backup; touch /opt/backup/run.sh; chown svc-backup /opt/backup/run.sh; chmod 755 /opt/backup/run.sh`)
	s := discover(t, open(t, h))
	tests := []struct {
		entitlement string
		want        []string
	}{
		{"sudo:ALL:ALL", []string{"bypass_controls@system:"}},
		{"uid:0", []string{"bypass_controls@system:"}},
		{"sudo:dbowner:/usr/bin/psql", []string{"impersonate@account:dbowner"}},
		{"sudo:root:/usr/bin/systemctl restart postgresql", []string{"change_config@system:"}},
		{"sudo:root:/usr/bin/less /var/log/*", []string{"bypass_controls@system:", "read_sensitive@system:"}},
		{`sudo:root:/usr/bin/id ""`, nil},
		{"sudo:root:/usr/bin/apt-get", []string{"bypass_controls@system:", "change_config@system:"}},
		{"sudo::docker:/usr/bin/bash", []string{"bypass_controls@system:"}},
		{"sudo:to-id:/usr/bin/touch", []string{"impersonate@account:to-id"}},
		{"group:docker", []string{"bypass_controls@system:"}},
		{"group:adm", []string{"read_sensitive@system:"}},
		{"group:operators", nil},
		{"file:/opt/backup/run.sh:write", []string{"bypass_controls@system:"}},
	}
	for _, tt := range tests {
		if _, ok := s.entitlements[tt.entitlement]; !ok {
			t.Errorf("%s is not there", tt.entitlement)
		}
		if got := s.capabilities(tt.entitlement); !slices.Equal(got, tt.want) {
			t.Errorf("%s gives %v, want %v", tt.entitlement, got, tt.want)
		}
	}
	if got := s.capabilities("sudo:ALL,!root:/usr/bin/bash"); !slices.Contains(got, "impersonate@account:dbowner") || !slices.Contains(got, "bypass_controls@system:") {
		t.Errorf("everybody but root, with an account of uid 0 under another name, gives %v", got)
	}
	if _, ok := s.effective("toor")["uid:0"]; !ok {
		t.Error("a second account with uid 0 is not noticed")
	}
	for id := range s.grants["account:carol"] {
		if strings.HasPrefix(id, "sudo:") && s.grants["account:carol"][id].Flags&access.Implicit == 0 {
			t.Errorf("carol's rule is for another host, but she holds %s", id)
		}
	}
	if g := s.grants["entitlement:group:sudo"]["sudo:ALL:ALL"]; g.Entitlement == "" {
		t.Error("the rule of group sudo is not held by the group")
	}
	if _, ok := s.grants["account:svc-backup"]["file:/opt/backup/run.sh:write"]; !ok {
		t.Error("svc-backup may rewrite what its own sudo rule runs, which is not noticed")
	}
}
