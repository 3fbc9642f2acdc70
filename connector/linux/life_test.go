package linux_test

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const firstPassword = "first-Password:canary'7$(id)"

// patience is how long a test talks to a host over one connection, whatever happens.
const patience = 2 * time.Minute

// dial signs in with a password, as sshd lets somebody in who then has to change it.
func dial(t *testing.T, h *testkit.Host, login string, auth ssh.AuthMethod) (*ssh.Client, error) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", h.Addr, 20*time.Second)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	config := &ssh.ClientConfig{User: login, Auth: []ssh.AuthMethod{auth}, HostKeyCallback: ssh.InsecureIgnoreHostKey()} //nolint:gosec // our own
	c, channels, requests, err := ssh.NewClientConn(conn, h.Addr, config)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// session opens a shell as an account that has chosen its password, with something that
// runs behind it and does not want to end.
func session(t *testing.T, h *testkit.Host, login string) (open func() bool) {
	t.Helper()
	private, public := testkit.KeyPair(t, login)
	h.Script(t, `home=$(getent passwd "$1" | cut -d : -f 6); chage -d "$(date +%F)" "$1"; install -d -o "$1" -m 700 "$home/.ssh"; printf '%s\n' "$2" >"$home/.ssh/authorized_keys"`, login, public)
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dial(t, h, login, ssh.PublicKeys(signer))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(`trap "" TERM HUP; nohup sh -c 'trap "" TERM HUP; sleep 1000' >/dev/null 2>&1 & echo up; sleep 1000`); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	return func() bool {
		if running, err := h.Try("pgrep", "-r", "D,R,S,T", "-U", login); err == nil && strings.TrimSpace(running) != "" {
			return true
		}
		_, _, err := client.SendRequest("are-you-there", true, nil)
		return err == nil
	}
}

// newcomer is an account that the kit makes.
func newcomer(h *testkit.Host) *connectortest.Accounts {
	return &connectortest.Accounts{
		New: connector.NewAccount{
			Login: "ana.sol", Mark: "acc_1", Credential: secret.New([]byte(firstPassword)), CredentialEnds: access.TimeOf(time.Now().Add(72 * time.Hour)),
			Values: map[string]string{"name": "Ana Sol", "shell": "/bin/bash", "home": "/home/ana"},
		},
		Set:   map[string]string{"name": "Ana Sol-Reyes", "shell": "/bin/sh"},
		Taken: "alice",
		SignIn: func(t *testing.T, login, password string) error {
			t.Helper()
			client, err := dial(t, h, login, ssh.Password(password))
			if err != nil {
				return err
			}
			return client.Close()
		},
	}
}

func create(login, mark string, edit ...func(*connector.NewAccount)) connector.Change {
	n := connector.NewAccount{Login: login, Mark: mark, Values: map[string]string{"shell": "/bin/bash"}, Credential: secret.New([]byte(firstPassword))}
	for _, e := range edit {
		e(&n)
	}
	return connector.Change{Kind: connector.CreateAccount, New: &n}
}

func about(kind connector.ChangeKind, login, mark string) connector.Change {
	return connector.Change{Kind: kind, Account: login, Mark: mark}
}

// A session over SSH and all that it left behind ends, though it does not want to; those
// of others do not.
func TestEndingSessions(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	apply(t, c, create("ana", "acc_1"))
	apply(t, c, create("ben", "acc_2"))
	ana, ben := session(t, h, "ana"), session(t, h, "ben")
	if !ana() || !ben() {
		t.Fatal("a session that was opened is not there")
	}
	end := about(connector.EndSessions, "ana", "acc_1")
	if done, err := c.ReadBack(t.Context(), end); err != nil || done {
		t.Errorf("with a session open: %v, %v", done, err)
	}
	apply(t, c, end)
	if ana() {
		t.Error("ana's session is open")
	}
	apply(t, c, about(connector.DisableAccount, "ben", "acc_2"))
	if !ben() {
		t.Error("ben's session ended with hers, or by being disabled")
	}
	apply(t, c, about(connector.DeleteAccount, "ben", "acc_2"))
	if _, err := h.Try("getent", "passwd", "ben"); err == nil {
		t.Error("ben is there")
	}
}

// TestLesson13_PasswordIsNoArgument: whoever watches the host's processes meanwhile, and
// their environments, does not see the first password.
func TestLesson13_PasswordIsNoArgument(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `cat >/root/watch <<'X'
while [ -e /root/watching ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; done >/root/seen
touch /root/seen.all
X
touch /root/watching; setsid sh /root/watch >/dev/null 2>&1 &`)
	c := open(t, h)
	for _, login := range []string{"ana", "ben", "cho"} {
		apply(t, c, create(login, "acc_1"))
	}
	h.Script(t, `rm /root/watching; while ! [ -e /root/seen.all ]; do sleep 0.1; done`)
	if n := strings.TrimSpace(h.Script(t, `tr '\0' '\n' </root/seen | grep -c useradd || true`)); n == "0" {
		t.Error("nobody saw useradd, so nothing is tested")
	}
	if out, err := h.Try("grep", "-aq", "first-Password", "/root/seen"); err == nil {
		t.Errorf("the password was seen: %s", out)
	}
}

// The first password has to be changed at once, and ends by itself; what its holder
// chooses then does not.
func TestFirstPassword(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	ends := func(at time.Time) func(*connector.NewAccount) {
		return func(n *connector.NewAccount) { n.CredentialEnds = access.TimeOf(at) }
	}
	now := time.Now()
	apply(t, c, create("soon", "acc_1", ends(now.Add(50*time.Hour))))
	apply(t, c, create("over", "acc_2", ends(now.Add(-50*time.Hour))))
	apply(t, c, create("open", "acc_3"))
	apply(t, c, create("none", "acc_4", func(n *connector.NewAccount) { n.Credential = secret.Secret{} }))
	said := func(login string) string { return h.Run(t, "chage", "-l", login) }
	if last := lastDay(t, h, "soon"); last != now.Add(50*time.Hour).Unix()/(24*60*60) {
		t.Errorf("the first password counts until day %d", last)
	}
	if out := said("open"); !strings.Contains(out, "password must be changed") {
		t.Errorf("the first password need not be changed:\n%s", out)
	}
	accounts := discover(t, c).accounts
	for login, want := range map[string]access.AccountStatus{"soon": access.Enabled, "over": access.Expired, "open": access.Enabled, "none": access.Locked} {
		if got := accounts[login].Status; got != want {
			t.Errorf("%s is %s, not %s", login, got, want)
		}
	}
	pam(t, h)
	for login, in := range map[string]bool{"soon": true, "over": false, "open": true, "none": false} {
		_, err := dial(t, h, login, ssh.Password(firstPassword))
		if (err == nil) != in {
			t.Errorf("%s is let in: %v", login, err)
		}
	}
	h.Script(t, `printf 'soon:her own\n' | chpasswd`) // as passwd does it
	apply(t, c, create("soon", "acc_1", ends(now.Add(50*time.Hour))))
	if _, err := dial(t, h, "soon", ssh.Password("her own")); err != nil {
		t.Errorf("what she chose herself was overwritten: %v", err)
	}
	if years := (lastDay(t, h, "soon") - now.Unix()/(24*60*60)) / 365; years < 50 {
		t.Errorf("what she chose ends within %d years", years)
	}
	apply(t, c, create("open", "acc_3", func(n *connector.NewAccount) { n.Credential = secret.New([]byte("second-Password")) }))
	if _, err := dial(t, h, "open", ssh.Password("second-Password")); err != nil {
		t.Errorf("the first password of the last attempt: %v", err)
	}
}

// lastDay is the last day, since 1970, on which a password counts.
func lastDay(t *testing.T, h *testkit.Host, login string) (day int64) {
	t.Helper()
	fields := strings.Split(h.Run(t, "getent", "shadow", login), ":")
	for _, i := range []int{2, 4, 6} { // when it was changed, how old it may be, how long it may be used to choose another
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			t.Fatalf("%s: %q", login, fields[2:])
		}
		day += n
	}
	return day
}

// pam makes the host's sshd ask PAM, as those of all distributions do.
func pam(t *testing.T, h *testkit.Host) {
	t.Helper()
	restart(t, h, `sed -i 's/^UsePAM no/UsePAM yes/' /etc/ssh/sshd_config`)
}

// restart changes how the host's sshd is set up.
func restart(t *testing.T, h *testkit.Host, edit string) {
	t.Helper()
	h.Script(t, edit+`
old=$(cat /run/sshd.pid); kill "$old"
while kill -0 "$old" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$old/status"; do sleep 0.05; done; /usr/sbin/sshd -E /var/log/sshd.log`)
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := net.DialTimeout("tcp", h.Addr, time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("sshd does not come back")
		}
	}
}

// An attempt that ended half-way lets nobody in, and the next one goes on with it.
func TestHalfMade(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	for i, script := range []string{
		`useradd -m -d /home/ana -s /bin/bash -c ',,,,writ=acc_1' -e 1970-01-02 ana`,
		`useradd -m -d /home/ana -s /bin/bash -c ',,,,writ=acc_1' -e 1970-01-02 ana; echo 'ana:of the last attempt' | chpasswd`,
	} {
		h.Script(t, script)
		if _, err := dial(t, h, "ana", ssh.Password("of the last attempt")); err == nil {
			t.Errorf("%d: half made, and lets in", i)
		}
		if done, err := c.ReadBack(t.Context(), create("ana", "acc_1")); err != nil || done {
			t.Errorf("%d: half made reads back %v, %v", i, done, err)
		}
		apply(t, c, create("ana", "acc_1"))
		if out := h.Run(t, "chage", "-l", "ana"); !strings.Contains(out, "must be changed") {
			t.Errorf("%d: the first password need not be changed:\n%s", i, out)
		}
		if _, err := dial(t, h, "ana", ssh.Password(firstPassword)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		apply(t, c, about(connector.DeleteAccount, "ana", "acc_1"))
		h.Run(t, "rm", "-r", "/home/ana")
	}
}

// What is left of somebody is nobody else's: neither home nor uid nor jobs.
func TestLesson03_WhatIsLeftIsNobodys(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	apply(t, c, create("ana", "acc_1"))
	uid := strings.TrimSpace(h.Run(t, "id", "-u", "ana"))
	h.Script(t, `echo hers >/home/ana/letter; chown ana /home/ana/letter`)
	apply(t, c, about(connector.DeleteAccount, "ana", "acc_1"))
	if _, err := h.Try("test", "-e", "/home/ana/letter"); err != nil {
		t.Error("what was in her home is gone")
	}
	apply(t, c, create("ben", "acc_2"))
	if now := strings.TrimSpace(h.Run(t, "id", "-u", "ben")); now == uid {
		t.Errorf("ben has her uid %s", uid)
	}
	for _, x := range []connector.Change{create("ana", "acc_3"), create("cho", "acc_4", func(n *connector.NewAccount) { n.Values["home"] = "/home/ana" })} {
		if err := c.Apply(t.Context(), x); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "home folder is there") {
			t.Errorf("%s in her home: %v", x.New.Login, err)
		}
	}
	for _, login := range []string{"ana", "cho"} {
		if _, err := h.Try("getent", "passwd", login); err == nil {
			t.Errorf("%s is there", login)
		}
	}
}

// What people wrote into GECOS stays, and a mark is one only in root's own field.
func TestGecosOfPeople(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	apply(t, c, create("ana", "acc_1", func(n *connector.NewAccount) { n.Values["name"] = "Ana Sol" }))
	h.Run(t, "chfn", "-r", "room 7", "ana")
	set := about(connector.UpdateAccount, "ana", "acc_1")
	set.Set = map[string]string{"name": "Ana Reyes"}
	apply(t, c, set)
	if out := h.Run(t, "getent", "passwd", "ana"); !strings.Contains(out, ":Ana Reyes,room 7,,,writ=acc_1:") {
		t.Errorf("GECOS is %s", out)
	}
	h.Run(t, "useradd", "-c", "writ=acc_9", "forger")
	if err := c.Apply(t.Context(), create("forger", "acc_9")); !errors.Is(err, connector.ErrTaken) {
		t.Errorf("a mark in the name: %v", err)
	}
}

func TestLivesThatCannotBe(t *testing.T) {
	h := testkit.LinuxHost(t)
	key, line := testkit.KeyPair(t, "writ")
	h.Script(t, `useradd -m -s /bin/bash alice; useradd -o -u "$(id -u alice)" -M twin; useradd -m -s /bin/bash -p '*' writ; install -d -o writ -m 700 /home/writ/.ssh; printf '%s\n' "$1" >/home/writ/.ssh/authorized_keys
echo 'writ ALL=(root) NOPASSWD: /bin/sh' >/etc/sudoers.d/writ; groupadd crew; setsid su alice -c 'exec sleep 1000' >/dev/null 2>&1 </dev/null &
while ! pgrep -x sleep -U alice >/dev/null; do sleep 0.1; done`, line)
	c := open(t, h, asWrit(h, key))
	value := func(name, value string) func(*connector.NewAccount) {
		return func(n *connector.NewAccount) { n.Values[name] = value }
	}
	set := about(connector.UpdateAccount, "alice", "")
	set.Set = map[string]string{"shell": "/home/alice/sh"}
	for name, change := range map[string]connector.Change{
		"root":             about(connector.DeleteAccount, "root", ""),
		"Writ itself":      about(connector.DeleteAccount, "writ", ""),
		"its sessions":     about(connector.EndSessions, "writ", ""),
		"root's sessions":  about(connector.EndSessions, "root", ""),
		"the host's own":   about(connector.DeleteAccount, "daemon", ""),
		"nobody":           about(connector.DeleteAccount, "nobody", ""),
		"one of two":       about(connector.DeleteAccount, "alice", ""),
		"sessions of two":  about(connector.EndSessions, "twin", ""),
		"a uid for a name": about(connector.UpdateAccount, "1000", ""),
		"no shell":         create("ana", "acc_1", value("shell", "")),
		"a shell of hers":  create("ana", "acc_1", value("shell", "/tmp/sh")),
		"another's shell":  set,
		"home elsewhere":   create("ana", "acc_1", value("home", "/etc")),
		"home above":       create("ana", "acc_1", value("home", "/home/../root")),
		"home within one":  create("ana", "acc_1", value("home", "/home/alice/x")),
		"home itself":      create("ana", "acc_1", value("home", "/home")),
		"home up":          create("ana", "acc_1", value("home", "/home/..")),
		"a colon":          create("ana", "acc_1", value("name", "x:0:0")),
		"a comma":          create("ana", "acc_1", value("name", "x,,,,writ=acc_2")),
		"an option":        create("-o", "acc_1"),
		"a number":         create("0", "acc_1"),
		"a path":           create("../etc", "acc_1"),
		"a group's":        create("crew", "acc_1"),
	} {
		if err := c.Apply(t.Context(), change); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), `"h1"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if out, err := h.Try("getent", "passwd", "ana"); err == nil {
		t.Errorf("ana was made: %s", out)
	}
	for _, options := range []map[string]string{{"homes": "home"}, {"homes": "/"}, {"homes": "/home/../etc"}, {"delete_home": "yes"}} {
		if _, err := linux.Open(t.Context(), connector.Config{Name: "h1", Address: h.URL(), Credential: secret.New(h.Key), Options: options}); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%v: %v", options, err)
		}
	}
}

// TestLesson02_LoginsAreNeverCode: what an account is to be is data on the host.
func TestLesson02_LoginsAreNeverCode(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	for i, evil := range []string{"$(touch /tmp/pwned)", "`touch /tmp/pwned`", "x; touch /tmp/pwned", "x'; touch /tmp/pwned; '", `x"; touch /tmp/pwned; "`, `\`, "%s%n", "-x", "*"} {
		login := "user" + string(rune('a'+i))
		apply(t, c, create(login, "acc_1", func(n *connector.NewAccount) {
			n.Values["name"] = evil
			n.Credential = secret.New([]byte(strings.ReplaceAll(evil, " ", "_")))
		}))
		if out := h.Run(t, "getent", "passwd", login); !strings.Contains(out, ":"+evil+",,,,writ=acc_1:") {
			t.Errorf("%q became %s", evil, out)
		}
		if _, err := dial(t, h, login, ssh.Password(strings.ReplaceAll(evil, " ", "_"))); err != nil {
			t.Errorf("%q as a password: %v", evil, err)
		}
		_ = c.Apply(t.Context(), create(evil, "acc_2"))
		_ = c.Apply(t.Context(), about(connector.DeleteAccount, evil, ""))
		_ = c.Apply(t.Context(), about(connector.EndSessions, evil, "acc_1"))
	}
	if out, err := h.Try("ls", "/tmp/pwned"); err == nil {
		t.Fatalf("it was run: %s", out)
	}
}
