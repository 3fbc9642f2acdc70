package mariadb

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const keptPassword = `kept "Password" canary $2\`

func newPassword(account string) connector.NewSecret {
	return connector.NewSecret{Account: account, Kind: connector.Password, Value: secret.New([]byte(keptPassword))}
}

// verifiersAreTheServers compares with what the server itself makes of a password.
func verifiersAreTheServers(t *testing.T, m *testkit.MariaDBServer) {
	db := admin(t, m)
	for plugin, verifier := range verifiers {
		for _, value := range []string{"x", keptPassword, strings.Repeat("long ", 50)} {
			m.Exec(t, "create or replace user theirs identified via "+plugin+" using password('"+strings.ReplaceAll(value, `\`, `\\`)+"')")
			theirs := ask(t, db, `select json_value(Priv, '$.authentication_string') from mysql.global_priv where User = 'theirs'`)
			if ours := verifier(secret.New([]byte(value))); ours != theirs {
				t.Errorf("%s of %q: ours is %s, the server's %s", plugin, value, ours, theirs)
			}
		}
	}
}

// proof is what trying a password says.
type proof struct {
	account, value string
	is             bool
	want           error
	says           string
}

func opensAs(t *testing.T, k connector.Keeper, called string, all []proof) {
	t.Helper()
	for _, p := range all {
		is, err := k.Opens(t.Context(), p.account, connector.Password, secret.New([]byte(p.value)))
		if is != p.is || !errors.Is(err, p.want) || err != nil && (!strings.Contains(err.Error(), p.says) || !strings.Contains(err.Error(), called)) {
			t.Errorf("%s with %q: got %v, %v; want %v that says %q", p.account, p.value, is, err, p.want, p.says)
		}
	}
}

// opensOnlyByProof: what a refusal has another reason for is neither yes nor no.
func opensOnlyByProof(t *testing.T, m *testkit.MariaDBServer) {
	m.Exec(t, "create user elsewhere@'10.9.9.9' identified by 'right'", "create user twice identified by 'of any'", "create user twice@'127.0.0.1' identified by 'right'",
		"create user narrow identified by 'right' with max_user_connections 1", "create user sealed identified by 'right' require ssl", "create user certified identified by 'right' require x509",
		"create user shut identified by 'right' account lock", "create user overdue identified by 'right' password expire", "create user either identified via mysql_native_password using password('right') or ed25519 using password('other')",
		"create user good identified by 'right'")
	open, err := m.Open("narrow", "right")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close() //nolint:errcheck // nothing is left to say
	if err := open.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	opensAs(t, openServer(t, config(m)), `mariadb "shop-db"`, []proof{
		{"good@%", "right", true, nil, ""},
		{"good@%", "wrong", false, nil, ""},
		{"elsewhere@10.9.9.9", "right", false, connector.ErrUnsupported, "from here"},
		{"elsewhere@10.9.9.9", "wrong", false, connector.ErrUnsupported, "from here"},
		{"twice@%", "of any", false, connector.ErrUnsupported, "from here"},
		{"twice@%", "right", false, connector.ErrUnsupported, "from here"},
		{"twice@127.0.0.1", "right", true, nil, ""},
		{"twice@127.0.0.1", "of any", false, nil, ""},
		{"narrow@%", "right", false, connector.ErrUnreachable, "no connection is left"},
		{"sealed@%", "right", false, connector.ErrUnsupported, "encrypted"},
		{"certified@%", "right", false, connector.ErrUnsupported, "certificate"},
		{"shut@%", "right", false, connector.ErrUnsupported, "locked"},
		{"shut@%", "wrong", false, connector.ErrUnsupported, "locked"},
		{"overdue@%", "right", false, connector.ErrUnsupported, "expired"},
		{"either@%", "right", false, connector.ErrUnsupported, "more than one way"},
		{"host_root@%", "right", false, connector.ErrUnsupported, "more than one way"},
		{"role:readers", "right", false, connector.ErrUnsupported, "no account"},
	})
}

// notTaken: what the server does not take is said, and why.
func notTaken(t *testing.T, m *testkit.MariaDBServer) {
	m.Exec(t, "install soname 'simple_password_check'")
	defer m.Exec(t, "uninstall soname 'simple_password_check'")
	err := openServer(t, config(m)).SetSecret(t.Context(), newPassword("svc_app@%"))
	if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "strict_password_validation") {
		t.Errorf("with a plugin that checks passwords: %v", err)
	}
	m.Exec(t, "set global strict_password_validation = off")
	defer m.Exec(t, "set global strict_password_validation = on")
	if err := openServer(t, config(m)).SetSecret(t.Context(), newPassword("svc_app@%")); err != nil {
		t.Errorf("with one that takes verifiers: %v", err)
	}
}

// noPasswordIsSeen: a server that logs every statement has seen no password, and the mark and
// all else of an account stay when it gets another.
func noPasswordIsSeen(t *testing.T, m *testkit.MariaDBServer) {
	m.Exec(t, "set global general_log = on")
	defer m.Exec(t, "set global general_log = off")
	s := openServer(t, config(m))
	made := connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: "made", Mark: "acc_7", Credential: secret.New([]byte(firstPassword)), Values: map[string]string{setLimit: "4"}}}
	if err := s.Apply(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{"made@%", "ana@%", "svc_app@%", hostile + "@%"} {
		if err := s.SetSecret(t.Context(), newPassword(account)); err != nil {
			t.Fatalf("%s: %v", account, err)
		}
		for _, value := range []string{keptPassword, "wrong-" + keptPassword} {
			if is, err := s.Opens(t.Context(), account, connector.Password, secret.New([]byte(value))); err != nil || is != (value == keptPassword) {
				t.Errorf("%s opens as %v, %v", account, is, err)
			}
		}
	}
	if f, err := s.Find(t.Context(), "made"); err != nil || f == nil || f.Mark != "acc_7" || f.Values[setLimit] != "4" {
		t.Errorf("after it was given another password it is %+v, %v", f, err)
	}
	log, err := os.ReadFile(m.Log())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "alter user `ana`@`%` identified via ed25519") || !strings.Contains(string(log), "create user `made`@`%`") {
		t.Error("the log does not have the statements, so nothing is tested")
	}
	for _, part := range []string{"canary $2", firstPassword, canary} {
		if strings.Contains(string(log), part) {
			t.Errorf("the log has %s", part)
		}
	}
}

// ownAccount: an account without any privilege on accounts changes its own, and who opens the
// connector with it goes on.
func ownAccount(t *testing.T, m *testkit.MariaDBServer) {
	for _, account := range []string{"self identified by 'old one'", "self2 identified via ed25519 using password('old one')"} {
		name, _, _ := strings.Cut(account, " ")
		m.Exec(t, "create user "+account, "grant select on mysql.global_priv to "+name)
		cfg := connector.Config{Name: "shop-db", Address: m.URL(name), Credential: secret.New([]byte("old one"))}
		n := newPassword(name + "@%")
		if err := openServer(t, cfg).SetSecret(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if err := openServer(t, cfg).SetSecret(t.Context(), n); !errors.Is(err, connector.ErrCredentials) {
			t.Errorf("with what it was: %v", err)
		}
		cfg.Credential = n.Value
		if err := openServer(t, cfg).SetSecret(t.Context(), n); err != nil {
			t.Errorf("again, with what it is: %v", err)
		}
		if !stock(t, m, name, n.Value) || stock(t, m, name, secret.New([]byte("old one"))) {
			t.Error("the stock client says otherwise")
		}
	}
}

// encrypted: with an authority a server on this machine has to prove who it is, too, and who
// asks for encryption is tried over it.
func encrypted(t *testing.T, m *testkit.MariaDBServer) {
	m.Exec(t, "create user secured identified by 'right' require ssl")
	cfg := config(m)
	cfg.Options = map[string]string{optCA: m.CA()}
	for value, want := range map[string]bool{"right": true, "wrong": false} {
		if is, err := openServer(t, cfg).Opens(t.Context(), "secured@%", connector.Password, secret.New([]byte(value))); is != want || err != nil {
			t.Errorf("with %s: %v, %v", value, is, err)
		}
	}
	cfg.Options = map[string]string{optTLS: "on"} // by the machine's own authorities, which do not know it
	if _, err := openServer(t, cfg).Describe(t.Context()); !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "certificate") {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
}
