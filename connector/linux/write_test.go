package linux_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

func membership(kind connector.ChangeKind, account, group string) connector.Change {
	return connector.Change{Kind: kind, Grant: connector.Grant{
		Holder: connector.Target{Kind: connector.OnAccount, ID: account}, Entitlement: "group:" + group,
	}}
}

// apply makes a change twice, because doing what is done is no error, and reads
// it back.
func apply(t *testing.T, c connector.Writer, change connector.Change) {
	t.Helper()
	for range 2 {
		if err := c.Apply(t.Context(), change); err != nil {
			t.Fatalf("%+v: %v", change, err)
		}
		if done, err := c.ReadBack(t.Context(), change); err != nil || !done {
			t.Fatalf("%+v reads back %v, %v", change, done, err)
		}
	}
}

func TestMemberships(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `groupadd web; groupadd db; useradd -m -s /bin/bash -G db alice`)
	c := open(t, h)
	if done, err := c.ReadBack(t.Context(), membership(connector.AddGrant, "alice", "web")); err != nil || done {
		t.Errorf("before: %v, %v", done, err)
	}
	apply(t, c, membership(connector.AddGrant, "alice", "web"))
	if out := h.Run(t, "id", "-nG", "alice"); strings.TrimSpace(out) != "alice web db" {
		t.Errorf("the host says %s", out)
	}
	apply(t, c, membership(connector.RemoveGrant, "alice", "web"))
	apply(t, c, membership(connector.RemoveGrant, "alice", "db"))
	if out := h.Run(t, "id", "-nG", "alice"); strings.TrimSpace(out) != "alice" {
		t.Errorf("the host says %s", out)
	}
	apply(t, c, membership(connector.RemoveGrant, "who-left", "web"))
	apply(t, c, membership(connector.RemoveGrant, "alice", "group-that-is-gone"))
}

func TestDisabling(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `for who in alice bob; do useradd -m -s /bin/bash "$who"; done; echo alice:correct-horse | chpasswd`)
	before := h.Run(t, "getent", "shadow", "alice")
	c := open(t, h)
	for _, who := range []string{"alice", "bob"} {
		apply(t, c, connector.Change{Kind: connector.DisableAccount, Account: who})
		if a := discover(t, c).accounts[who]; a.Status != "disabled" {
			t.Errorf("%s is %s", who, a.Status)
		}
		apply(t, c, connector.Change{Kind: connector.EnableAccount, Account: who})
	}
	if after := h.Run(t, "getent", "shadow", "alice"); after != before {
		t.Error("disabling and enabling alice does not end where it began")
	}
	if a := discover(t, c).accounts["alice"]; a.Status != "enabled" {
		t.Errorf("alice is %s", a.Status)
	}
}

func TestChangesThatCannotBe(t *testing.T) {
	h := testkit.LinuxHost(t)
	key, line := testkit.KeyPair(t, "writ")
	h.Script(t, `useradd -m -s /bin/bash alice; useradd -m -s /bin/bash -p '*' writ; install -d -o writ -m 700 /home/writ/.ssh; printf '%s\n' "$1" >/home/writ/.ssh/authorized_keys
echo 'writ ALL=(root) NOPASSWD: /bin/sh' >/etc/sudoers.d/writ`, line)
	c := open(t, h, asWrit(h, key))
	for name, change := range map[string]connector.Change{
		"no such group":   membership(connector.AddGrant, "alice", "nothing"),
		"no such account": membership(connector.AddGrant, "nobody-here", "users"),
		"primary group":   membership(connector.RemoveGrant, "alice", "alice"),
		"a sudo rule":     {Kind: connector.AddGrant, Grant: connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: "alice"}, Entitlement: "sudo:root:ALL"}},
		"nested":          {Kind: connector.AddGrant, Grant: connector.Grant{Holder: connector.Target{Kind: connector.OnEntitlement, ID: "group:alice"}, Entitlement: "group:users"}},
		"root":            {Kind: connector.DisableAccount, Account: "root"},
		"Writ itself":     {Kind: connector.DisableAccount, Account: "writ"},
		"an option":       membership(connector.AddGrant, "--root=/tmp", "users"),
		"nothing":         {Kind: "paint", Account: "alice"},
	} {
		if err := c.Apply(t.Context(), change); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), `"h1"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What varies is data on the host, whatever it looks like.
func TestLesson02_NamesAreNeverCode(t *testing.T) {
	h := testkit.LinuxHost(t)
	evil := []string{
		"$(touch /tmp/pwned)", "`touch /tmp/pwned`", "x;touch /tmp/pwned", "x'; touch /tmp/pwned; '", `x"; touch /tmp/pwned; "`,
		"x\ntouch /tmp/pwned", "x|touch /tmp/pwned", "*", "x && touch /tmp/pwned", "-R/tmp", "x\x00touch /tmp/pwned", "${IFS}", `\`, "x y",
	}
	c := open(t, h)
	for _, name := range evil {
		_ = c.Apply(t.Context(), membership(connector.AddGrant, name, "users"))
		_ = c.Apply(t.Context(), membership(connector.AddGrant, "root", name))
		_ = c.Apply(t.Context(), connector.Change{Kind: connector.DisableAccount, Account: name})
	}
	// The same names on the host, as accounts with homes, groups and members.
	for i, name := range evil {
		if strings.ContainsAny(name, "\n\x00") {
			continue
		}
		h.Script(t, `printf '%s:x:%d:%d::/home/%s:/bin/bash\n' "$1" "$2" "$2" "$1" >>/etc/passwd; printf '%s:x:%d:%s,missing%s\n' "$1" "$2" "$1" "$1" >>/etc/group`,
			name, []string{"3000", "3001", "3002", "3003", "3004", "3005", "3006", "3007", "3008", "3009", "3010", "3011", "3012", "3013"}[i])
	}
	s := discover(t, c)
	apply(t, c, membership(connector.AddGrant, "x;touch /tmp/pwned", "users"))
	apply(t, c, membership(connector.RemoveGrant, "x;touch /tmp/pwned", "users"))
	if out, err := h.Try("ls", "/tmp/pwned"); err == nil {
		t.Fatalf("a name was run: %s", out)
	}
	if _, ok := s.accounts["$(touch /tmp/pwned)"]; !ok {
		t.Error("an account with an odd name is missing")
	}
}

func TestOddNames(t *testing.T) {
	h := testkit.LinuxHost(t)
	names := []string{"with space", "sémi", "bad\xffbyte", "bad\xfebyte", "esc\x1b[31m", strings.Repeat("long", 200), strings.Repeat("long", 200) + "er", `CORP\xavier`}
	for i, name := range names {
		h.Script(t, `printf '%s:x:%d:100:G\377ecos\033:/home/odd:/bin/bash\n' "$1" "$2" >>/etc/passwd; echo "users:x:100:$1" >/dev/null`, name, "300"+string(rune('0'+i)))
	}
	s := discover(t, open(t, h))
	found := 0
	for id, a := range s.accounts {
		if strings.HasPrefix(a.Attributes["uid"], "300") {
			found++
		}
		for _, text := range []string{id, a.Login, a.DisplayName, a.Attributes["home"]} {
			if !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\x00") || len(text) > 600 {
				t.Errorf("%q came through", text)
			}
		}
		if _, ok := s.grants["account:"+id]["group:users"]; !ok && strings.HasPrefix(a.Attributes["uid"], "300") {
			t.Errorf("%q has lost its group", id)
		}
	}
	if found != len(names) {
		t.Errorf("%d of %d accounts are told apart", found, len(names))
	}
}

func TestTenThousandGroups(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `useradd -m -s /bin/bash alice; awk 'BEGIN { for (i = 0; i < 10000; i++) printf "big%05d:x:%d:alice\n", i, 20000 + i }' >>/etc/group`)
	s := discover(t, open(t, h))
	if got := len(s.grants["account:alice"]); got != 10_001 {
		t.Errorf("alice is in %d groups", got)
	}
}

func TestCheckpoints(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `awk 'BEGIN { for (i = 0; i < 2500; i++) printf "u%05d:x:%d:100::/home/none:/bin/bash\n", i, 20000 + i }' >>/etc/passwd`)
	c := open(t, h)
	whole := discover(t, c)
	if len(whole.checkpoints) != 3 {
		t.Fatalf("checkpoints %v", whole.checkpoints)
	}
	rest, err := tryDiscover(t.Context(), c, whole.checkpoints[0])
	if err != nil || len(rest.accounts) != len(whole.accounts)-1000 || len(rest.entitlements) != 0 {
		t.Errorf("behind the first checkpoint: %d accounts of %d, %v", len(rest.accounts), len(whole.accounts), err)
	}
	h.Run(t, "useradd", "another")
	again, err := tryDiscover(t.Context(), c, whole.checkpoints[0])
	if err != nil || len(again.accounts) != len(whole.accounts)+1 {
		t.Errorf("a cursor of another state gives %d accounts, %v", len(again.accounts), err)
	}
}
