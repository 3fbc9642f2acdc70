package ldap

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const firstPassword = "First-Password:canary'7$(id)"

// newcomer is an account that the kit makes in a container, and then calls something else.
func newcomer(_ string, cfg connector.Config, container, login, later string) *connectortest.Accounts {
	return &connectortest.Accounts{
		New: connector.NewAccount{
			Login: login, Mark: "acc_1", Credential: secret.New([]byte(firstPassword)), CredentialEnds: access.TimeOf(time.Now().Add(72 * time.Hour)),
			Expires: access.TimeOf(time.Date(2099, 1, 31, 0, 0, 0, 0, time.UTC)),
			Values: map[string]string{
				"name": "Ana Sol", "given_name": "Ana", "surname": "Sol", "email": "ana@example.test", "number": "4711", "title": "Buyer, senior", "unit": "Purchase",
				"employer": "Example", "container": container, "gid_number": "3001", "home": "/home/ana", "shell": "/bin/bash",
			},
		},
		Set: map[string]string{
			"login": later, "name": "Ana Reyes", "given_name": "Ana María", "surname": "Reyes", "email": "reyes@example.test", "number": "4712", "title": "Head",
			"unit": "Sales", "employer": "Other", "shell": "/bin/sh",
		},
		Taken: "ben",
		SignIn: func(t *testing.T, login, password string) error {
			t.Helper()
			return bind(t, cfg, login, password)
		},
	}
}

// bind signs in as an account. AD lets nobody in who has to change a password, and says
// so only to who knows it.
func bind(t *testing.T, cfg connector.Config, login, password string) error {
	t.Helper()
	d := opened(t, cfg)
	s, err := d.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	e, err := s.byLogin(login)
	if err != nil || e == nil {
		t.Fatalf("%s: %v, %v", login, e, err)
	}
	err = s.conn.Bind(e.DN, password)
	if said, ok := errors.AsType[*goldap.Error](err); ok && s.root.ad && strings.Contains(said.Error(), "data 773") {
		return nil
	}
	return err
}

func create(login, mark string, edit ...func(*connector.NewAccount)) connector.Change {
	n := connector.NewAccount{Login: login, Mark: mark, Values: map[string]string{"surname": "Sol"}, Credential: secret.New([]byte(firstPassword))}
	for _, e := range edit {
		e(&n)
	}
	return connector.Change{Kind: connector.CreateAccount, New: &n}
}

func value(name, value string) func(*connector.NewAccount) {
	return func(n *connector.NewAccount) { n.Values[name] = value }
}

func mustApply(t *testing.T, d *Directory, list ...connector.Change) {
	t.Helper()
	for _, x := range list {
		if err := d.Apply(t.Context(), x); err != nil {
			t.Fatalf("%s: %v", x.Kind, err)
		}
		if done, err := d.ReadBack(t.Context(), x); err != nil || !done {
			t.Fatalf("%s reads back %v, %v", x.Kind, done, err)
		}
	}
}

func find(t *testing.T, d *Directory, login string) *connector.Found {
	t.Helper()
	f, err := d.Find(t.Context(), login)
	if err != nil || f == nil {
		t.Fatalf("%s is found as %v, %v", login, f, err)
	}
	return f
}

// With a password policy the first password must be changed, also where the attempt that
// set it broke before it said so; what its holder chose is left alone.
func TestOpenLDAPFirstPassword(t *testing.T) {
	for _, lock := range []string{lockShadow, lockPolicy} {
		s := testkit.NewSlapd(t, testkit.SlapdConfig{Lines: lpk + "overlay ppolicy\nppolicy_default cn=policy,dc=example,dc=test", LDIF: strings.NewReader(
			"dn: cn=policy,dc=example,dc=test\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\npwdAllowUserChange: TRUE\n\n" + tree(t))})
		cfg := with(config(s), optLock, lock)
		d := opened(t, cfg)
		x := create("zoe", "acc_1")
		mustApply(t, d, x)
		reset := func() bool { return strings.Contains(s.Search(t, "(uid=zoe)", "pwdReset"), "pwdReset: TRUE") }
		if !reset() {
			t.Errorf("%s: the first password need not be changed", lock)
		}
		if err := bind(t, cfg, "zoe", firstPassword); err != nil {
			t.Errorf("%s: %v", lock, err)
		}
		hash := s.Search(t, "(uid=zoe)", "userPassword")
		if !strings.Contains(hash, "userPassword:: ") || strings.Contains(hash, coded(firstPassword)) {
			t.Errorf("%s: the password lies in the directory as it is: %s", lock, hash)
		}
		s.Modify(t, "dn: uid=zoe,dc=example,dc=test\nchangetype: modify\ndelete: pwdReset\n")
		own := create("zoe", "acc_1", func(n *connector.NewAccount) { n.Credential = secret.New([]byte("another-Password")) })
		mustApply(t, d, own)
		if err := bind(t, cfg, "zoe", firstPassword); err != nil || reset() {
			t.Errorf("%s: what its holder chose was overwritten: %v, %v", lock, err, reset())
		}
		mustApply(t, d, connector.Change{Kind: connector.DisableAccount, Account: find(t, d, "zoe").ID})
		mustApply(t, d, own)
		if err := bind(t, cfg, "zoe", "another-Password"); err != nil || !reset() {
			t.Errorf("%s: half made, and gone on with: %v, %v", lock, err, reset())
		}
	}
}

// What groups go on saying of somebody is not the next one's.
func TestLesson03_StaleMembershipsAreNobodys(t *testing.T) {
	s := openLDAPServer(t)
	d := opened(t, with(config(s), optUsers, "ou=people,dc=example,dc=test"))
	for login, says := range map[string]string{"who-left": "cn=dangling", "gone-from-unix": "cn=unix"} {
		if login == "gone-from-unix" {
			s.Modify(t, "dn: cn=unix,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: memberUid\nmemberUid: gone-from-unix\n")
		}
		if err := d.Apply(t.Context(), create(login, "acc_1")); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", login, err)
		}
	}
	ana := find(t, d, "ana")
	rename := connector.Change{Kind: connector.UpdateAccount, Account: ana.ID, Set: map[string]string{"login": "anna"}}
	for _, x := range []connector.Change{rename, {Kind: connector.DeleteAccount, Account: ana.ID}} {
		err := d.Apply(t.Context(), x)
		for _, group := range []string{"cn=ops", "cn=ring-b", "cn=dangling", "cn=unique"} {
			if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), group) {
				t.Errorf("%s: got %v, want %s", x.Kind, err, group)
			}
		}
	}
	if again := find(t, d, "ana"); again.ID != ana.ID {
		t.Errorf("ana is %+v", again)
	}
}

// A login is one account's in the whole directory, whatever container it is in, and
// whatever its capitals.
func TestLesson10_OneLoginOneAccount(t *testing.T) {
	s := openLDAPServer(t)
	d := opened(t, config(s))
	for login, container := range map[string]string{"ana": "ou=services", "ANA": "ou=people", "Ben": "ou=elsewhere"} {
		x := create(login, "acc_1", value("container", container+",dc=example,dc=test"))
		if err := d.Apply(t.Context(), x); !errors.Is(err, connector.ErrTaken) {
			t.Errorf("%s in %s: %v", login, container, err)
		}
	}
	mustApply(t, d, create("zoe", "acc_1"))
	x := connector.Change{Kind: connector.UpdateAccount, Account: find(t, d, "zoe").ID, Set: map[string]string{"login": "BEN"}}
	if err := d.Apply(t.Context(), x); !errors.Is(err, connector.ErrTaken) {
		t.Errorf("renamed to another's: %v", err)
	}
}

// Numbers go up, and of two accounts that took one at the same time one takes another.
func TestNumbersAreApart(t *testing.T) {
	s := openLDAPServer(t)
	cfg := config(s)
	posix := func(login string) connector.Change {
		return create(login, "acc_"+login, value("gid_number", "3001"), value("home", "/home/x"))
	}
	const n = 6
	errs := make(chan error, n)
	for i := range n {
		d, x := opened(t, cfg), posix("p"+string(rune('a'+i)))
		go func() { errs <- d.Apply(t.Context(), x) }()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(s.Search(t, "(&(uid=p*)(uidNumber=*))", "uidNumber")) {
		if number, is := strings.CutPrefix(line, "uidNumber: "); is {
			if seen[number] {
				t.Errorf("two have uidNumber %s", number)
			}
			seen[number] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d numbers, want %d", len(seen), n)
	}
}

func TestLivesThatCannotBe(t *testing.T) {
	s := openLDAPServer(t)
	people := "ou=people,dc=example,dc=test"
	d := opened(t, with(config(s), optUsers, people))
	s.Add(t, "dn: cn=below,uid=ben,"+people+"\nobjectClass: organizationalRole\ncn: below\n")
	for name, x := range map[string]connector.Change{
		"elsewhere":        create("zoe", "acc_1", value("container", "ou=services,dc=example,dc=test")),
		"no container":     create("zoe", "acc_1", value("container", "ou=none,"+people)),
		"not a name":       create("zoe", "acc_1", value("container", "somewhere")),
		"no surname":       create("zoe", "acc_1", value("surname", "")),
		"half a host's":    create("zoe", "acc_1", value("gid_number", "3001")),
		"a shell only":     create("zoe", "acc_1", value("shell", "/bin/sh")),
		"a name for a gid": create("zoe", "acc_1", value("gid_number", "root"), value("home", "/x")),
		"a filter":         {Kind: connector.DeleteAccount, Account: "*)(uid=ana"},
		"a shell of none":  {Kind: connector.UpdateAccount, Account: find(t, d, "ana").ID, Set: map[string]string{"shell": "/bin/sh"}},
	} {
		err := d.Apply(t.Context(), x)
		if name == "a filter" && err == nil {
			continue // such an account is not there, and so it is gone
		}
		if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), `"directory"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err := d.Find(t.Context(), "*"); f != nil || err != nil {
		t.Errorf("a filter is found: %v, %v", f, err)
	}
	if f, err := d.Find(t.Context(), "zoe"); f != nil || err != nil {
		t.Errorf("zoe was made: %+v, %v", f, err)
	}
	find(t, d, "ana")
}

// A server that takes everything and does nothing is found out, whatever it is asked for.
func TestLyingMakerIsFoundOut(t *testing.T) {
	for name, there := range map[string]bool{"create": false, "go on": true, "update": true, "disable": true, "delete": true} {
		l := newLiar(t, func(q asked) []byte {
			switch {
			case q.op == opAdd:
				return message(q.id, tlv(0x69, success()))
			case q.op == opDelete:
				return message(q.id, tlv(0x6b, success()))
			case q.op == opExtended:
				return message(q.id, tlv(0x78, success()))
			case there && q.isSearch() && !bytes.Contains(q.body, []byte("memberUid")):
				return append(found(q.id, "uid=zoe,dc=x", "entryUUID", anID, "objectClass", "shadowAccount", "uid", "zoe", "sn", "Sol", "shadowExpire", liarExpires[name],
					"description", "writ=acc_1"), done(q.id, 0)...)
			}
			return nil
		})
		d := opened(t, l.config())
		x := create("zoe", "acc_1", func(n *connector.NewAccount) { n.Credential = secret.Secret{} })
		switch about := (connector.Change{Account: anID, Mark: "acc_1"}); name {
		case "update":
			x = about
			x.Kind, x.Set = connector.UpdateAccount, map[string]string{"surname": "Reyes"}
		case "disable":
			x = about
			x.Kind = connector.DisableAccount
		case "delete":
			x = about
			x.Kind = connector.DeleteAccount
		}
		if err := d.Apply(t.Context(), x); err == nil || !strings.Contains(err.Error(), `"liar"`) {
			t.Errorf("%s: nothing was done, and said is %v", name, err)
		}
		if done, err := d.ReadBack(t.Context(), x); done {
			t.Errorf("%s reads back %v, %v", name, done, err)
		}
	}
}

// liarExpires is the day on which the liar's account ends: 1 is one that is half made.
var liarExpires = map[string]string{"go on": "1", "update": "99999", "disable": "99999", "delete": "99999"}
