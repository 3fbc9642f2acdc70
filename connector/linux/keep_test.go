package linux_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// keeps are two accounts of a host whose secrets the kit sets: a password and a key.
func keeps(t *testing.T, h *testkit.Host) []connectortest.Kept {
	t.Helper()
	key, line := testkit.KeyPair(t, "reader")
	h.Script(t, `useradd -m -s /bin/bash pia; useradd -m -s /bin/bash -p '*' kim; useradd -m -s /bin/bash -p '*' reader
install -d -o reader -m 700 /home/reader/.ssh; printf '%s\n' "$1" >/home/reader/.ssh/authorized_keys`, line)
	without := connector.Config{
		Name: h.Name, Address: "ssh://reader@" + h.Addr, Credential: secret.New(key),
		Options: map[string]string{"known_hosts": h.HostKey},
	}
	signsIn := func(login string) func(*testing.T, secret.Secret) bool {
		return func(t *testing.T, value secret.Secret) bool {
			t.Helper()
			return signsIn(t, h, login, value)
		}
	}
	pem, _ := testkit.KeyPair(t, "cut off")
	return []connectortest.Kept{
		{Kind: connector.Password, Account: "pia", Absent: "nobody-here", SignsIn: signsIn("pia"), Without: []connector.Config{without}},
		{
			Kind: connector.SSHKey, Account: "kim", Absent: "nobody-here", SignsIn: signsIn("kim"), Without: []connector.Config{without},
			Bad: []secret.Secret{secret.New([]byte("no key at all")), secret.New(pem[:len(pem)/2]), secret.New([]byte(line))},
		},
	}
}

// signsIn reports whether a host lets somebody in with a secret.
func signsIn(t *testing.T, h *testkit.Host, login string, value secret.Secret) bool {
	t.Helper()
	auth := ssh.Password(string(value.Reveal()))
	if strings.Contains(string(value.Reveal()), "-----BEGIN ") {
		signer, err := ssh.ParsePrivateKey(value.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		auth = ssh.PublicKeys(signer)
	}
	client, err := dial(t, h, login, auth)
	if err != nil {
		return false
	}
	return client.Close() == nil
}

// give sets a secret of an account that must be one afterwards.
func give(t *testing.T, c connector.Keeper, n connector.NewSecret) {
	t.Helper()
	if err := c.SetSecret(t.Context(), n); err != nil {
		t.Fatalf("%s of %s: %v", n.Kind, n.Account, err)
	}
	if is, err := c.Opens(t.Context(), n.Account, n.Kind, n.Value); !is || err != nil {
		t.Fatalf("%s of %s opens as %v, %v", n.Kind, n.Account, is, err)
	}
}

func newKey(t *testing.T) (connector.NewSecret, string) {
	t.Helper()
	private, line := testkit.KeyPair(t, "")
	return connector.NewSecret{Kind: connector.SSHKey, Value: secret.New(private)}, strings.TrimSpace(line)
}

func keeper(t *testing.T, h *testkit.Host, edit ...func(*connector.Config)) connector.Keeper {
	t.Helper()
	return open(t, h, edit...).(connector.Keeper)
}

const oddHome = `/home/o'dd $(touch /tmp/pwned) "x" *; touch /tmp/pwned`

// What others wrote into the file of keys stays as it is, byte by byte, and so do its owner
// and its mode; what Writ wrote there before goes.
func TestKeepBesideOthers(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `useradd -m -s /bin/bash -p '*' kim; groupadd web; usermod -aG web kim; install -d -o kim -g kim -m 700 /home/kim/.ssh`)
	_, friend := testkit.KeyPair(t, "a friend, é \x81\x88\xff")
	_, old := newKey(t)
	theirs := "# keys of ours\r\n\n  \tfrom=\"127.0.0.1\",command=\"echo '$(touch /tmp/pwned)' \\\\n\" " + friend + "\n\\x41 %s $HOME `id`\n"
	file := "/home/kim/.ssh/authorized_keys"
	h.Write(t, file, "640", theirs+old+" kept-by-writ-beside-others\n"+friend)
	h.Script(t, `chown kim:web "$1"`, file)
	c := keeper(t, h)
	n, line := newKey(t)
	n.Account, n.Keep = "kim", true
	for range 2 {
		give(t, c, n)
		if got, want := h.Run(t, "cat", file), theirs+friend+"\n"+line+" kept-by-writ-beside-others\n"; got != want {
			t.Fatalf("the file is\n%q\nand was to be\n%q", got, want)
		}
	}
	if got := strings.TrimSpace(h.Run(t, "stat", "-c", "%U %G %a", file)); got != "kim web 640" {
		t.Errorf("the file belongs to %s", got)
	}
	next, nextLine := newKey(t)
	next.Account, next.Keep, next.Old = "kim", true, n.Value
	give(t, c, next)
	if got := h.Run(t, "cat", file); got != theirs+friend+"\n"+nextLine+" kept-by-writ-beside-others\n" {
		t.Errorf("after the next one the file is %q", got)
	}
	// Alone it is alone, in every file that sshd reads.
	h.Script(t, `install -o kim -g kim -m 600 "$1" /home/kim/.ssh/authorized_keys2`, file)
	n.Keep = false
	give(t, c, n)
	if is, err := c.Opens(t.Context(), "kim", connector.SSHKey, next.Value); is || err != nil {
		t.Errorf("the one before opens it: %v, %v", is, err)
	}
	if got := h.Run(t, "cat", file, file+"2"); got != line+" kept-by-writ\n" {
		t.Errorf("the files hold %q", got)
	}
	if out := h.Run(t, "find", "/home/kim/.ssh", "-name", ".writ*"); out != "" {
		t.Errorf("it left %s", out)
	}
	// A home whose name looks like code.
	h.Script(t, `useradd -m -s /bin/bash -p '*' -d "$1" odd`, oddHome)
	n.Account = "odd"
	give(t, c, n)
	if got := h.Run(t, "cat", oddHome+"/.ssh/authorized_keys"); got != line+" kept-by-writ\n" {
		t.Errorf("the odd home's file holds %q", got)
	}
	if _, err := h.Try("ls", "/tmp/pwned"); err == nil {
		t.Error("a line of the file, or the home's name, was run")
	}
}

// Where sshd_config has the keys of an account in another place, they go there, and where
// only root may write there, root writes.
func TestKeysInAnotherPlace(t *testing.T) {
	h := testkit.LinuxHost(t)
	restart(t, h, `useradd -m -s /bin/bash -p '*' kim; useradd -m -s /bin/bash -p '*' lou; install -d -m 755 /etc/ssh/keys
printf 'Match User lou\nAuthorizedKeysFile .ssh/first\nMatch User kim\nAuthorizedKeysFile /etc/ssh/keys/%%u\n' >>/etc/ssh/sshd_config`)
	c := keeper(t, h)
	for login, file := range map[string]string{"kim": "/etc/ssh/keys/kim", "lou": "/home/lou/.ssh/first"} {
		n, line := newKey(t)
		n.Account = login
		give(t, c, n)
		if got := h.Run(t, "cat", file); got != line+" kept-by-writ\n" {
			t.Errorf("%s holds %q", file, got)
		}
	}
	if got := strings.TrimSpace(h.Run(t, "stat", "-c", "%U %a", "/etc/ssh/keys/kim", "/home/lou/.ssh", "/home/lou/.ssh/first")); got != "root 644\nlou 700\nlou 600" {
		t.Errorf("they belong to %q", got)
	}
	h.Script(t, `sed -i 's/^AuthorizedKeysFile.*first/AuthorizedKeysFile none/' /etc/ssh/sshd_config`)
	n, _ := newKey(t)
	n.Account = "lou"
	refusedSecret(t, "no file of keys", c.SetSecret(t.Context(), n), "AuthorizedKeysFile")
}

func refusedSecret(t *testing.T, what string, err error, says string) {
	t.Helper()
	if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `"h1"`) {
		t.Errorf("%s: %v, want %q", what, err, says)
	}
}

// Root's hand cannot be led from a home: whatever its owner puts where the keys lie, nothing
// outside changes, and nothing that the owner may not read gets there.
func TestHostileHomes(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `for who in mal other; do useradd -m -s /bin/bash -p '*' "$who"; done
install -d -o other -m 755 /home/other/.ssh; echo 'their key' >/home/other/.ssh/authorized_keys; chown other /home/other/.ssh/authorized_keys; install -d /etc/drop; echo secret >/etc/drop/authorized_keys; chmod 600 /etc/drop/authorized_keys`)
	watched := func() string {
		return h.Script(t, `cd /; stat -c '%n %U %a %h' /root/.ssh/* /etc/drop /etc/drop/* /home/other/.ssh/*; cat /root/.ssh/* /etc/drop/* /home/other/.ssh/* /etc/shadow`)
	}
	before := watched()
	c := keeper(t, h)
	for name, script := range map[string]string{
		"a folder that is root's":           `ln -s /root/.ssh .ssh`,
		"a folder that only root may write": `ln -s /etc/drop .ssh`,
		"a folder of somebody else's":       `ln -s /home/other/.ssh .ssh`,
		"a file that is root's":             `mkdir .ssh; ln -s /root/.ssh/authorized_keys .ssh/authorized_keys`,
		"a secret":                          `mkdir .ssh; ln -s /etc/shadow .ssh/authorized_keys`,
		"a file of its own elsewhere":       `mkdir .ssh; touch mine; ln -s ../mine .ssh/authorized_keys`,
		"a pipe":                            `mkdir .ssh; mkfifo .ssh/authorized_keys`,
		"a folder":                          `mkdir -p .ssh/authorized_keys`,
		"a file for a folder":               `touch .ssh`,
		"a folder that it cannot write":     `mkdir .ssh; chmod 500 .ssh`,
		"a link that leads nowhere":         `mkdir .ssh; ln -s nothing .ssh/authorized_keys`,
		"a large file":                      `mkdir .ssh; head -c 2000000 /dev/zero >.ssh/authorized_keys`,
	} {
		h.Script(t, `cd /home/mal; rm -rf .ssh mine; setpriv --reuid mal --regid mal --clear-groups sh -euc "$1"`, script)
		for _, keep := range []bool{false, true} {
			n, _ := newKey(t)
			n.Account, n.Keep = "mal", keep
			refusedSecret(t, name, c.SetSecret(t.Context(), n), "setting an SSH key")
		}
		if after := watched(); after != before {
			t.Fatalf("%s: what is not mal's is now\n%s\nand was\n%s", name, after, before)
		}
	}
	h.Script(t, `cd /home/mal; rm -rf .ssh; mkdir .ssh; chown root .ssh; : >.ssh/authorized_keys`)
	n, _ := newKey(t)
	n.Account = "mal"
	refusedSecret(t, "root's folder in a home", c.SetSecret(t.Context(), n), "file of keys")
}

// The same while the owner changes what lies there as fast as it can.
func TestLesson02_RacesInAHome(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `useradd -m -s /bin/bash -p '*' mal; install -d /etc/drop; cat >/home/mal/race <<'X'
cd /home/mal; mkdir -p real; ln -s /etc/drop drop; ln -s /root/.ssh root; ln -s /etc/shadow shadow
while [ -e racing ]; do
	ln -sfn real .ssh; rm -f .ssh; mkdir .ssh; ln -sf /etc/shadow .ssh/authorized_keys; rm -f .ssh/authorized_keys; echo x >.ssh/authorized_keys
	mv .ssh real.$$; ln -s /etc/drop .ssh; rm .ssh; ln -s /root/.ssh .ssh; rm .ssh; rm -rf real.$$
done
touch raced
X
chown mal /home/mal/race; setpriv --reuid mal --regid mal --clear-groups touch /home/mal/racing
setsid setpriv --reuid mal --regid mal --clear-groups sh /home/mal/race >/dev/null 2>&1 &`)
	watched := func() string { return h.Script(t, `ls -lR /root/.ssh /etc/drop; cat /root/.ssh/* /etc/shadow`) }
	before := watched()
	c := keeper(t, h)
	for i := range 8 {
		n, _ := newKey(t)
		n.Account, n.Keep = "mal", i%2 == 0
		_ = c.SetSecret(t.Context(), n)
	}
	h.Script(t, `rm /home/mal/racing; while ! [ -e /home/mal/raced ]; do sleep 0.05; done`)
	if after := watched(); after != before {
		t.Errorf("what is root's is now\n%s\nand was\n%s", after, before)
	}
	if out := h.Run(t, "find", "/home/mal", "-user", "root"); out != "" {
		t.Errorf("root wrote %s", out)
	}
}

// Accounts that are not Writ's to give secrets to, and those that no secret opens.
func TestSecretsThatCannotBe(t *testing.T) {
	h := testkit.LinuxHost(t)
	key, line := testkit.KeyPair(t, "writ")
	h.Script(t, `for who in pia locked over off fresh aged; do useradd -m -s /bin/bash "$who"; done
for who in pia locked over off aged; do echo "$who:correct-horse" | chpasswd; done
usermod -L locked; chage -E 2020-01-01 over; chage -M 30 -I 5 -d 2020-01-01 aged; usermod -L -e 1 off; useradd -o -u 0 -g 0 -M -d /root -s /bin/bash toor
useradd -m -s /bin/bash -p '*' writ; install -d -o writ -m 700 /home/writ/.ssh; printf '%s\n' "$1" >/home/writ/.ssh/authorized_keys
echo 'writ ALL=(root) NOPASSWD: /bin/sh' >/etc/sudoers.d/writ`, line)
	c := keeper(t, h, asWrit(h, key))
	shadow := h.Run(t, "cat", "/etc/shadow")
	password := func(account string) connector.NewSecret {
		return connector.NewSecret{Account: account, Kind: connector.Password, Value: secret.New([]byte("new-Password-1"))}
	}
	for account, says := range map[string]string{
		"root": "keep_root", "toor": "keep_root", "locked": "locked", "over": "expired", "off": "locked", "writ": "signs in", "nobody": "nobody",
		"1001": "no account", "PIA": "no account", "who-left": "no account", "-pia": "name", "pia\npia": "name", "pia:x": "name", "$(touch /tmp/pwned)": "no account", "'; touch /tmp/pwned; '": "no account",
	} {
		n, _ := newKey(t)
		n.Account = account
		for _, n := range []connector.NewSecret{password(account), n} {
			refusedSecret(t, account, c.SetSecret(t.Context(), n), says)
		}
	}
	n, _ := newKey(t)
	n.Account = "fresh"
	refusedSecret(t, "a key of a locked account", c.SetSecret(t.Context(), n), "usermod -p")
	if h.Run(t, "cat", "/etc/shadow") != shadow {
		t.Error("what was refused has changed something")
	}
	if _, err := h.Try("ls", "/tmp/pwned"); err == nil {
		t.Error("a name was run")
	}
	give(t, c, password("pia"))
	n.Account = "aged"
	refusedSecret(t, "a key where the password is too old", c.SetSecret(t.Context(), n), "too old")
	give(t, c, password("aged"))
	// Root's own, where that is said. Its key goes where root's lie, beside the one that is there.
	c = keeper(t, h, asWrit(h, key), func(cfg *connector.Config) { cfg.Options["keep_root"] = "on" })
	n.Account, n.Keep = "root", true
	give(t, c, n)
	if err := c.SetSecret(t.Context(), password("root")); err != nil {
		t.Error(err)
	}
	if is, err := c.Opens(t.Context(), "root", connector.Password, password("root").Value); is {
		t.Error("root is let in with a password")
	} else {
		refusedSecret(t, "root's password", err, "PermitRootLogin")
	}
}

// TestLesson13_KeptSecretsAreNoArguments: whoever watches the host's processes and
// environments meanwhile sees no secret, and no log has one.
func TestLesson13_KeptSecretsAreNoArguments(t *testing.T) {
	h := testkit.LinuxHost(t)
	key, line := testkit.KeyPair(t, "writ")
	h.Script(t, `useradd -m -s /bin/bash pia; useradd -m -s /bin/bash -p '*' writ; install -d -o writ -m 700 /home/writ/.ssh; printf '%s\n' "$1" >/home/writ/.ssh/authorized_keys
printf 'writ ALL=(root) NOPASSWD: /bin/sh\nDefaults:writ !log_input\nDefaults logfile=/var/log/sudo.log\n' >/etc/sudoers.d/writ
cat >/root/watch <<'X'
while [ -e /root/watching ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; done >/root/seen
touch /root/seen.all
X
touch /root/watching; setsid sh /root/watch >/dev/null 2>&1 &`, line)
	restart(t, h, `sed -i 's/^UsePAM/LogLevel DEBUG3\nUsePAM/' /etc/ssh/sshd_config`)
	c := keeper(t, h, asWrit(h, key))
	const canary = "canary-Password'7$(id)"
	for i := range 3 {
		give(t, c, connector.NewSecret{Account: "pia", Kind: connector.Password, Value: secret.New([]byte(canary + strconv.Itoa(i)))})
	}
	n, _ := newKey(t)
	n.Account = "pia"
	give(t, c, n)
	h.Script(t, `rm /root/watching; while ! [ -e /root/seen.all ]; do sleep 0.1; done`)
	if n := strings.TrimSpace(h.Script(t, `tr '\0' '\n' </root/seen | grep -c chpasswd || true`)); n == "0" {
		t.Error("nobody saw chpasswd, so nothing is tested")
	}
	inside := strings.Split(string(n.Value.Reveal()), "\n")[2]
	if out, err := h.Try("grep", "-arl", "-e", "canary-Pass", "-e", inside, "/root/seen", "/var/log", "/etc", "/home", "/tmp"); err == nil {
		t.Errorf("a secret is in %s", out)
	}
	if hash := strings.Split(h.Run(t, "getent", "shadow", "pia"), ":")[1]; !strings.HasPrefix(hash, "$") {
		t.Errorf("the host keeps %q", hash)
	}
}
