package linux_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// stopNslcd ends the daemon that asks the directory, and waits until it is gone.
const stopNslcd = `kill "$(cat /run/nslcd/nslcd.pid)"; while [ -e /run/nslcd/socket ]; do sleep 0.1; done`

// insteadOfGetent puts a script before the host's getent, which it finds as /opt/getent.
func insteadOfGetent(t *testing.T, h *testkit.Host, script string) {
	t.Helper()
	h.Script(t, `[ -e /opt/getent ] || { cp /usr/bin/getent /opt/getent; touch /opt/before; mount --bind /opt/before /usr/bin/getent; }`)
	h.Script(t, `printf '#!/bin/sh\n%s\nexec /opt/getent "$@"\n' "$1" >/opt/before; chmod 755 /opt/before`, script)
}

// refuses checks that reading the host fails as a whole, and says what to do.
func refuses(t *testing.T, h *testkit.Host, says string) {
	t.Helper()
	s, err := tryDiscover(t.Context(), open(t, h, ofCorp), "")
	if !errors.Is(err, connector.ErrIncomplete) || !strings.Contains(err.Error(), says) || len(s.records) != 0 {
		t.Errorf("%d records and %v, want none and %q", len(s.records), err, says)
	}
}

// A service that does not answer takes nobody's access away: the host is not read
// until it does, or until nothing on the host names it.
func TestServiceThatDoesNotAnswer(t *testing.T) {
	h := staffedHost(t)
	h.Run(t, "gpasswd", "-a", "ana.sol", "local-admins")
	theirs := connector.NewSecret{Account: "ana.sol", Kind: connector.Password, Value: secret.New([]byte("new-Password-1"))}
	if err := keeper(t, h).SetSecret(t.Context(), theirs); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "directory") {
		t.Errorf("the password of a directory's account: %v", err)
	}
	h.Script(t, stopNslcd)
	if out, err := h.Try("getent", "passwd"); err != nil || strings.Contains(out, "ana.sol") {
		t.Fatalf("the test is wrong: a list without the directory is no error to getent: %v, %s", err, out)
	}
	refuses(t, h, "no answer from ldap")
	if err := keeper(t, h).SetSecret(t.Context(), theirs); !errors.Is(err, connector.ErrIncomplete) {
		t.Errorf("the password of an account that seems to be gone: %v", err)
	}
	if _, err := open(t, h).Describe(t.Context()); !errors.Is(err, connector.ErrIncomplete) {
		t.Errorf("described: %v", err)
	}
	revoke := connector.Change{Kind: connector.RemoveGrant, Grant: connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: "ana.sol"}, Entitlement: "group:local-admins"}}
	if gone, err := open(t, h).ReadBack(t.Context(), revoke); gone || !errors.Is(err, connector.ErrIncomplete) {
		t.Errorf("a membership is gone with the service: %v, %v", gone, err)
	}
	local := revoke
	local.Grant.Holder.ID = "twin"
	if err := open(t, h).Apply(t.Context(), local); err != nil {
		t.Errorf("what is the host's own cannot be changed: %v", err)
	}
	h.Run(t, "/usr/sbin/nslcd")
	if s := discover(t, open(t, h, ofCorp)); len(s.accounts["ana.sol"].OpenedBy) != 1 {
		t.Error("the remedy does not help")
	}
	h.Script(t, stopNslcd+`; sed -i 's/ ldap//' /etc/nsswitch.conf`)
	if s := discover(t, open(t, h, ofCorp)); len(s.accounts["svc-pay"].ID) == 0 || s.accounts["ana.sol"].ID != "" {
		t.Error("the other remedy does not help")
	}
}

// The same where the service goes between the lists and what is looked up by name.
func TestServiceThatGoesHalfWay(t *testing.T) {
	h := staffedHost(t, "nss_disable_enumeration yes")
	if s := discover(t, open(t, h, ofCorp)); s.accounts["dan"].ID == "" {
		t.Fatal("the test is wrong: dan is not known")
	}
	insteadOfGetent(t, h, `case "$*" in "passwd -- dan") `+stopNslcd+` ;; esac`)
	refuses(t, h, "no answer from ldap")
}

// The same where the service is there and what it asks is not.
func TestServiceWithoutItsDirectory(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{})
	s.Add(t, "dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n"+posixPerson("ana", 40001, 100))
	h := testkit.NamedLinuxHost(t, "staffed")
	h.UseDirectory(t, s, "reconnect_sleeptime 1", "reconnect_retrytime 1")
	if found := discover(t, open(t, h, ofCorp)); found.accounts["ana"].ID == "" {
		t.Fatal("the test is wrong: ana is not known")
	}
	s.Stop(t)
	refuses(t, h, "no answer from ldap")
}

// sss stands in nsswitch.conf of many hosts that use no directory. Where sssd was set
// up, it has to answer, and its library may say "not found" when it does not.
func TestSssdThatDoesNotAnswer(t *testing.T) {
	h := testkit.NamedLinuxHost(t, "staffed")
	services, err := os.ReadFile("remote/services.sh")
	if err != nil {
		t.Fatal(err)
	}
	check := func(when, want string) {
		t.Helper()
		if got := h.Run(t, "sh", "-c", string(services)+"\nunanswered"); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	h.Write(t, "/etc/nsswitch.conf", "644", "# passwd: nis\npasswd : files [NOTFOUND=continue] sss # nis\ngroup: files [SUCCESS=merge] sss\nhosts: files dns\n")
	check("no sssd was set up", "")
	h.Script(t, `install -d /etc/sssd/conf.d /var/lib/sss/pipes`)
	h.Write(t, "/etc/sssd/conf.d/corp.conf", "600", "[sssd]\n")
	check("sssd does not run", "A:sss\nA:sss\n")
	insteadOfGetent(t, h, `case "$*" in "-s sss ["*) exit 0 ;; esac`)
	check("sssd does not run, and its library hides it", "A:sss\nA:sss\n")
	h.Script(t, `perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Local => "/var/lib/sss/pipes/nss", Listen => 1) or die; fork and exit; close STDIN; close STDOUT; close STDERR; sleep 600'`)
	check("sssd runs", "")
}

// Where the host's own names cannot be told from a directory's, nothing is read: its
// own accounts would be taken for the directory's.
func TestOwnNamesThatCannotBeListed(t *testing.T) {
	h := staffedHost(t)
	for _, list := range []string{"passwd", "group"} {
		insteadOfGetent(t, h, `case "$*" in "-s files `+list+`") exit 1 ;; esac`)
		refuses(t, h, "getent -s files")
	}
}
