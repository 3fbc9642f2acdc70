package linux_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

func TestKeys(t *testing.T) {
	h := testkit.LinuxHost(t)
	weak := rsaLine(t, 1024)
	_, plain := testkit.KeyPair(t, "alice@laptop")
	_, authority := testkit.KeyPair(t, "ca")
	h.Script(t, `useradd -m -s /bin/bash alice; useradd -m -s /bin/bash bob; install -d -o alice -g alice -m 700 /home/alice/.ssh`)
	h.Write(t, "/home/alice/.ssh/authorized_keys", "600", strings.Join([]string{
		"# a comment", plain,
		`from="10.0.0.0/8",command="/usr/bin/backup --password hunter2",environment="TOKEN=hunter2",restrict ` + weak,
		"cert-authority,principals=\"alice\" " + authority,
		"this is no key", "ssh-ed25519 AAAAbroken", "",
	}, "\n"))
	h.Run(t, "chown", "alice", "/home/alice/.ssh/authorized_keys")
	h.Run(t, "touch", "-d", "2020-05-06 00:00:00Z", "/home/alice/.ssh/authorized_keys")
	s := discover(t, open(t, h))
	aged := access.TimeOf(time.Date(2020, 5, 6, 0, 0, 0, 0, time.UTC))
	want := []connector.Credential{
		{Account: "alice", Kind: access.SSHKey, Fingerprint: fingerprint(t, plain), Algorithm: "ssh-ed25519", Changed: aged},
		{
			Account: "alice", Kind: access.SSHKey, Fingerprint: fingerprint(t, weak), Algorithm: "ssh-rsa 1024", Changed: aged,
			Options: `from="10.0.0.0/8",command="/usr/bin/backup …",environment="TOKEN=…",restrict`,
		},
		{Account: "alice", Kind: access.Certificate, Fingerprint: fingerprint(t, authority), Algorithm: "ssh-ed25519", Options: `cert-authority,principals="alice"`, Changed: aged},
	}
	if got := s.credentials["alice"]; !slices.Equal(got, want) {
		t.Errorf("alice has\n%+v\nwant\n%+v", got, want)
	}
	if got := s.credentials["root"]; len(got) != 1 || got[0].Changed != 0 {
		t.Errorf("root, whose file is new, has %+v", got)
	}
}

// A file of keys may be a link to a secret, or never end; neither may get out or
// get stuck.
func TestKeyFilesThatAreTraps(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `for who in link pipe huge; do useradd -m -s /bin/bash "$who"; mkdir "/home/$who/.ssh"; done
ln -s /etc/shadow /home/link/.ssh/authorized_keys
mkfifo /home/pipe/.ssh/authorized_keys
head -c 3000000 /dev/zero >/home/huge/.ssh/authorized_keys`)
	s := discover(t, open(t, h))
	if got := s.accounts["huge"].Attributes["authorized_keys"]; got == "" {
		t.Error("nothing tells that huge's keys were not read")
	}
	for _, who := range []string{"link", "pipe", "huge"} {
		if len(s.credentials[who]) != 0 {
			t.Errorf("%s has %+v", who, s.credentials[who])
		}
	}
}

func TestKeysFromOtherPlaces(t *testing.T) {
	h := testkit.LinuxHost(t)
	_, line := testkit.KeyPair(t, "x")
	h.Script(t, `useradd -m -s /bin/bash alice; useradd -m -s /bin/bash bob; printf 'AuthorizedKeysFile /etc/ssh/keys/%%u .ssh/authorized_keys\n' >>/etc/ssh/sshd_config`)
	h.Write(t, "/etc/ssh/keys/alice", "644", line+"\n")
	s := discover(t, open(t, h))
	if got := s.credentials["alice"]; len(got) != 1 || got[0].Fingerprint != fingerprint(t, line) {
		t.Errorf("alice has %+v", got)
	}
}

func TestWritableKeys(t *testing.T) {
	h := testkit.LinuxHost(t)
	_, line := testkit.KeyPair(t, "x")
	h.Script(t, `groupadd web; useradd -m -s /bin/bash -G web alice; useradd -m -s /bin/bash bob; useradd -m -s /bin/bash carol
useradd -m -s /bin/bash dave; useradd -m -s /bin/bash -K UMASK=0002 own
for who in alice bob carol own; do install -d -o "$who" -g "$who" -m 700 "/home/$who/.ssh"; printf '%s\n' "$1" >"/home/$who/.ssh/authorized_keys"; chown "$who:$who" "/home/$who/.ssh/authorized_keys"; chmod 600 "/home/$who/.ssh/authorized_keys"; done
chgrp web /home/bob/.ssh/authorized_keys; chmod 660 /home/bob/.ssh/authorized_keys
chmod 777 /home/carol/.ssh
chown alice /home/dave
chmod 664 /home/own/.ssh/authorized_keys`, line)
	s := discover(t, open(t, h))
	tests := []struct {
		entitlement, owner string
		holder             string
		flags              access.GrantFlags
	}{
		{"file:/home/bob/.ssh/authorized_keys:write", "bob", "entitlement:group:web", 0},
		{"file:/home/carol/.ssh:write", "carol", "account:bob", access.Implicit},
		{"file:/home/dave:write", "dave", "account:alice", 0},
	}
	for _, tt := range tests {
		if got := s.capabilities(tt.entitlement); !slices.Equal(got, []string{"impersonate@account:" + tt.owner}) {
			t.Errorf("%s gives %v", tt.entitlement, got)
		}
		if g, ok := s.grants[tt.holder][tt.entitlement]; !ok || g.Flags != tt.flags {
			t.Errorf("%s holds %s: %v with %v", tt.holder, tt.entitlement, ok, g.Flags)
		}
	}
	for id := range s.entitlements {
		if strings.HasPrefix(id, "file:/home/own") || strings.HasPrefix(id, "file:/root") {
			t.Errorf("%s is nobody else's to write", id)
		}
	}
}

func TestSetuid(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `groupadd web; useradd -m -s /bin/bash -G web alice; useradd -m -s /bin/bash bob
install -m 4755 /usr/bin/true /usr/local/bin/helper
install -m 4755 /usr/bin/find /usr/local/bin/find
install -m 4750 -g web /usr/bin/true "/opt/odd
name"
install -d -m 700 -o alice /home/alice/bin; install -m 4755 /usr/bin/true /home/alice/bin/mine
install -d -m 700 /root/bin; install -m 4755 /usr/bin/true /root/bin/hidden
install -m 755 /usr/bin/true /usr/local/bin/plain`)
	s := discover(t, open(t, h))
	var got []string
	for id := range s.entitlements {
		if strings.HasPrefix(id, "setuid:") {
			got = append(got, id)
		}
	}
	slices.Sort(got)
	want := []string{"setuid:/home/alice/bin/mine", `setuid:/opt/odd\x0aname`, "setuid:/usr/local/bin/find", "setuid:/usr/local/bin/helper"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if got := s.capabilities("setuid:/usr/local/bin/find"); !slices.Contains(got, "bypass_controls@system:") {
		t.Errorf("find as root gives %v", got)
	}
	if g, ok := s.grants["account:bob"]["setuid:/usr/local/bin/helper"]; !ok || g.Flags != access.Implicit {
		t.Errorf("bob holds it: %v %v", ok, g)
	}
	if _, ok := s.grants["entitlement:group:web"][`setuid:/opt/odd\x0aname`]; !ok {
		t.Error("a program for one group is not held by it")
	}
}

func TestStates(t *testing.T) {
	h := testkit.LinuxHost(t)
	_, line := testkit.KeyPair(t, "x")
	h.Script(t, `for who in open locked expired both fresh keyed nologin nobody-knows; do useradd -m -s /bin/bash -c "Some One" "$who"; done
for who in open locked expired both; do echo "$who:correct-horse" | chpasswd; done
usermod -L locked; chage -E 2020-01-01 expired; usermod -L -e 1 both; usermod -s /usr/sbin/nologin nologin
chage -E 2099-12-31 open; chage -d 2021-03-04 open
install -d -o keyed -m 700 /home/keyed/.ssh; printf '%s\n' "$1" >/home/keyed/.ssh/authorized_keys`, line)
	s := discover(t, open(t, h))
	tests := []struct {
		account     string
		status      access.AccountStatus
		interactive bool
		password    string
	}{
		{"open", access.Enabled, true, "set"},
		{"locked", access.Locked, true, "locked"},
		{"expired", access.Expired, true, "set"},
		{"both", access.Disabled, true, "locked"},
		{"fresh", access.Locked, true, "none-locked"},
		{"keyed", access.Locked, true, "none-locked"}, // sshd here goes by the lock: UsePAM no
		{"nologin", access.Locked, false, "none-locked"},
		{"daemon", access.Enabled, false, "none"},
	}
	for _, tt := range tests {
		a := s.accounts[tt.account]
		if a.Status != tt.status || a.Interactive != tt.interactive || a.Attributes["password"] != tt.password {
			t.Errorf("%s is %s, interactive %v, password %s; want %+v", tt.account, a.Status, a.Interactive, a.Attributes["password"], tt)
		}
	}
	if a := s.accounts["open"]; a.Expires != access.TimeOf(time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("open expires %v", a.Expires.Time())
	}
	if c := s.credentials["open"]; len(c) != 1 || c[0].Changed != access.TimeOf(time.Date(2021, 3, 4, 0, 0, 0, 0, time.UTC)) || c[0].Algorithm != "y" {
		t.Errorf("open's password is %+v", c)
	}
	if c := s.credentials["locked"]; len(c) != 0 {
		t.Errorf("a locked password is a credential: %+v", c)
	}
	// With PAM a lock of the password shuts nobody out who has a key.
	h.Script(t, `sed -i 's/^UsePAM no/UsePAM yes/' /etc/ssh/sshd_config`)
	s = discover(t, open(t, h))
	if got := s.accounts["keyed"].Status; got != access.Enabled {
		t.Errorf("keyed is %s though its key works", got)
	}
	if got := s.accounts["fresh"].Status; got != access.Locked {
		t.Errorf("fresh is %s", got)
	}
}

func TestUsage(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `for who in seen never svc-job; do useradd -m -s /bin/bash -c "Some One" "$who"; done`)
	h.Run(t, "lastlog", "-S", "-u", "seen")
	before := time.Now().Add(-time.Hour)
	s := discover(t, open(t, h))
	if a := s.accounts["seen"]; !a.UsageKnown || a.LastUsed.Time().Before(before) {
		t.Errorf("seen: %v %v", a.UsageKnown, a.LastUsed.Time())
	}
	if a := s.accounts["never"]; !a.UsageKnown || a.LastUsed != 0 {
		t.Errorf("never: %v %v", a.UsageKnown, a.LastUsed)
	}
	if a := s.accounts["svc-job"]; a.UsageKnown {
		t.Error("that a service never logs in at a terminal says nothing of its use")
	}
	h.Run(t, "rm", "/var/log/lastlog")
	s = discover(t, open(t, h))
	if a := s.accounts["seen"]; a.UsageKnown {
		t.Error("without a record of logins use is known")
	}
}
