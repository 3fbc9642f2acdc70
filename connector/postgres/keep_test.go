package postgres

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// psql reports whether the stock client is let in as a role.
func psql(t *testing.T, p *testkit.PostgresServer, role string, value secret.Secret) bool {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	if len(found) == 0 {
		t.Fatal("psql is not installed")
	}
	cmd := exec.CommandContext(t.Context(), found[len(found)-1], "-wXtA", "-h", "127.0.0.1", "-p", strconv.Itoa(p.Port), "-U", role, "-d", "postgres", "-c", "select current_user")
	cmd.Env = []string{"PGPASSWORD=" + string(value.Reveal()), "PGCONNECT_TIMEOUT=10"}
	out, err := cmd.CombinedOutput()
	switch text := string(out); {
	case err == nil && strings.TrimSpace(text) == role:
		return true
	case err != nil && (strings.Contains(text, "password authentication failed") || strings.Contains(text, "is not permitted to log in")):
		return false
	}
	t.Fatalf("psql as %s: %v %s", role, err, out)
	return false
}

// keptRole is a role whose secret the kit sets, and one that may not set it.
func keptRole(t *testing.T, p *testkit.PostgresServer) []connectortest.Kept {
	t.Helper()
	p.Exec(t, "postgres", `create role kept login`, `create role plain login`)
	return []connectortest.Kept{{
		Kind: connector.Password, Account: "kept", Absent: "nobody at all",
		SignsIn: func(t *testing.T, value secret.Secret) bool { return psql(t, p, "kept", value) },
		Without: []connector.Config{{Name: "shop-db", Address: strings.Replace(p.URL("postgres"), "postgres@", "plain@", 1)}},
	}}
}

const (
	writsPassword = "own-Password-canary'1"
	keptPassword  = `kept "Password" canary $2\`
)

// keeper is a cluster with roles of many kinds, and the connector with the privileges of
// the manual.
func keeper(t *testing.T) (p *testkit.PostgresServer, cfg connector.Config) {
	t.Helper()
	p = testkit.NewPostgres(t)
	v, err := verifier(secret.New([]byte(writsPassword)))
	if err != nil {
		t.Fatal(err)
	}
	p.Exec(t, "postgres", `create role writ login createrole password '`+v+`'`, `create role root2 login superuser`, `create role team`,
		`create database apart`, `revoke connect on database apart from public`, `create database closed`)
	for _, role := range []string{"kept", "trusty", "rejected", "old", "clear", "bare", `"Odd ""name""; drop table x; --"`} {
		p.Exec(t, "postgres", `create role `+role+` login`)
	}
	p.Exec(t, "postgres", `alter database closed allow_connections false`, `create role ended login valid until '2020-01-01'`, `create role narrow login connection limit 1`, `create role shut nologin connection limit 0`)
	letIn(t, p, "host all postgres,trusty 127.0.0.1/32 trust", "host all rejected 127.0.0.1/32 reject", "host all old 127.0.0.1/32 md5", "host all clear 127.0.0.1/32 password", "host all all 127.0.0.1/32 scram-sha-256")
	for { // the server reads it in its own time
		conn, err := pgx.Connect(t.Context(), strings.Replace(p.URL("postgres"), "postgres@", "rejected@", 1))
		if err != nil {
			break
		}
		_ = conn.Close(t.Context())
	}
	return p, connector.Config{Name: "shop-db", Address: strings.Replace(p.URL("postgres"), "postgres@", "writ@", 1), Credential: secret.New([]byte(writsPassword))}
}

func openKeeper(t *testing.T, cfg connector.Config, options ...string) connector.Keeper {
	t.Helper()
	if len(options) == 2 {
		cfg.Options = map[string]string{options[0]: options[1]}
	}
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c.(connector.Keeper)
}

func password(account, value string) connector.NewSecret {
	return connector.NewSecret{Account: account, Kind: connector.Password, Value: secret.New([]byte(value))}
}

func TestKeep(t *testing.T) {
	p, cfg := keeper(t)
	for name, test := range map[string]func(*testing.T, *testkit.PostgresServer, connector.Config){
		"Opens": opensOnlyByProof, "NotTaken": notTaken, "Lesson13_NoPasswordIsSeen": noPasswordIsSeen, "Ways": waysOfAsking,
	} {
		t.Run(name, func(t *testing.T) { test(t, p, cfg) })
	}
	ownAccount(t, p, cfg)
}

// opensOnlyByProof: what a refusal has another reason for, or what would be let in with any
// password, is neither yes nor no.
func opensOnlyByProof(t *testing.T, p *testkit.PostgresServer, cfg connector.Config) {
	for _, role := range []string{"trusty", "rejected", "ended", "narrow", "shut", "kept"} {
		if err := openKeeper(t, cfg).SetSecret(t.Context(), password(role, keptPassword)); err != nil {
			t.Fatalf("%s: %v", role, err)
		}
	}
	u, _ := url.Parse(p.URL("postgres"))
	u.User = url.UserPassword("narrow", keptPassword)
	open, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close(context.Background()) //nolint:errcheck // nothing is left to say
	for _, tt := range []struct {
		role, value, database string
		want                  error
		says                  string
	}{
		{"trusty", keptPassword, "", connector.ErrUnsupported, "does not ask"},
		{"trusty", "wrong", "", connector.ErrUnsupported, "does not ask"},
		{"rejected", keptPassword, "", connector.ErrUnsupported, "from here"},
		{"rejected", "wrong", "", connector.ErrUnsupported, "from here"},
		{"ended", keptPassword, "", connector.ErrUnsupported, "VALID UNTIL"},
		{"ended", "wrong", "", connector.ErrUnsupported, "VALID UNTIL"},
		{"shut", keptPassword, "", connector.ErrUnsupported, "disabled"},
		{"team", keptPassword, "", connector.ErrUnsupported, "group"},
		{"narrow", keptPassword, "", connector.ErrUnreachable, "no connection is left"},
		{"kept", keptPassword, "apart", connector.ErrUnsupported, optLogin},
		{"kept", keptPassword, "closed", connector.ErrUnsupported, optLogin},
		{"kept", keptPassword, "nowhere", connector.ErrUnsupported, optLogin},
		{"kept", keptPassword, "template1", nil, ""},
	} {
		is, err := openKeeper(t, cfg, optLogin, tt.database).Opens(t.Context(), tt.role, connector.Password, secret.New([]byte(tt.value)))
		if is != (tt.want == nil) || !errors.Is(err, tt.want) || err != nil && (!strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `"shop-db"`)) {
			t.Errorf("%s on %q with %q: got %v, %v; want %v that says %q", tt.role, tt.database, tt.value, is, err, tt.want, tt.says)
		}
		if err != nil && strings.Contains(err.Error(), keptPassword) {
			t.Errorf("%s: the error holds the password: %v", tt.role, err)
		}
	}
	for _, role := range []string{"narrow", "bare", "kept"} {
		if is, err := openKeeper(t, cfg).Opens(t.Context(), role, connector.Password, secret.New([]byte("wrong"))); is || err != nil {
			t.Errorf("%s opens with a wrong one as %v, %v", role, is, err)
		}
	}
}

// notTaken: what the server does not take is said, and why.
func notTaken(t *testing.T, p *testkit.PostgresServer, cfg connector.Config) {
	if err := openKeeper(t, cfg).SetSecret(t.Context(), password("root2", keptPassword)); !errors.Is(err, connector.ErrPrivilege) || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("a superuser's: %v", err)
	}
	p.Exec(t, "postgres", `alter role writ set default_transaction_read_only = on`)
	if err := openKeeper(t, cfg).SetSecret(t.Context(), password("kept", keptPassword)); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "primary") {
		t.Errorf("where nothing can be written: %v", err)
	}
	p.Exec(t, "postgres", `alter role writ reset default_transaction_read_only`, `alter role writ set session_preload_libraries = 'passwordcheck'`)
	defer p.Exec(t, "postgres", `alter role writ reset session_preload_libraries`)
	if err := openKeeper(t, cfg).SetSecret(t.Context(), password("kept", "kept-but-checked")); err != nil {
		t.Errorf("with passwordcheck: %v", err)
	}
	if err := openKeeper(t, cfg).SetSecret(t.Context(), password("kept", "kept")); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "passwordcheck") {
		t.Errorf("with passwordcheck, its own name: %v", err)
	}
}

// noPasswordIsSeen: neither what is logged nor what runs shows a password, right or wrong.
func noPasswordIsSeen(t *testing.T, p *testkit.PostgresServer, cfg connector.Config) {
	p.Exec(t, "postgres", `alter system set log_statement = 'all'`, `alter system set log_connections = on`, `alter system set log_min_messages = 'debug2'`, `select pg_reload_conf()`)
	defer p.Exec(t, "postgres", `alter system reset all`, `select pg_reload_conf()`)
	k := openKeeper(t, cfg)
	for _, role := range []string{"kept", "clear", "old"} {
		if err := k.SetSecret(t.Context(), password(role, keptPassword)); err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{keptPassword, "wrong-" + keptPassword} {
			if is, err := k.Opens(t.Context(), role, connector.Password, secret.New([]byte(value))); err != nil || is != (value == keptPassword) {
				t.Errorf("%s opens as %v, %v", role, is, err)
			}
		}
	}
	if err := k.SetSecret(t.Context(), password("root2", keptPassword)); err == nil { // refused statements are logged, too
		t.Error("a superuser's was set")
	}
	log, err := os.ReadFile(p.Log())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), `alter role "kept" password 'SCRAM-SHA-256$`) {
		t.Error("the log does not have the statement, so nothing is tested")
	}
	for _, part := range []string{keptPassword, "canary $2", writsPassword} {
		if strings.Contains(string(log), part) {
			t.Errorf("the log has %s", part)
		}
	}
}

// waysOfAsking: roles that have passwords of older kinds, and names that would be statements.
func waysOfAsking(t *testing.T, p *testkit.PostgresServer, cfg connector.Config) {
	p.Exec(t, "postgres", `set password_encryption = 'md5'; alter role old password 'of old'`, `set password_encryption = 'md5'; alter role kept password 'of old'`)
	k := openKeeper(t, cfg)
	opens := func(role, value string, want bool) {
		t.Helper()
		if is, err := k.Opens(t.Context(), role, connector.Password, secret.New([]byte(value))); is != want || err != nil {
			t.Errorf("%s with %q opens as %v, %v", role, value, is, err)
		}
	}
	opens("old", "of old", true)
	opens("old", "of-old", false)
	opens("kept", "of old", false) // scram-sha-256 takes no md5
	for _, role := range []string{"old", "clear", "kept", hostile} {
		if err := k.SetSecret(t.Context(), password(role, keptPassword)); err != nil {
			t.Errorf("%s: %v", role, err)
		}
		opens(role, keptPassword, true)
		opens(role, "of old", false)
		if role != hostile && !psql(t, p, role, secret.New([]byte(keptPassword))) {
			t.Errorf("psql is not let in as %s", role)
		}
	}
}

// ownAccount: Writ's own password is changed like another, with no privilege, and who opens
// the connector with it goes on.
func ownAccount(t *testing.T, p *testkit.PostgresServer, cfg connector.Config) {
	t.Helper()
	p.Exec(t, "postgres", `alter role writ nocreaterole`)
	k := openKeeper(t, cfg)
	n := password("writ", "own-Password-canary'2")
	n.Old = cfg.Credential
	if err := k.SetSecret(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := k.SetSecret(t.Context(), n); !errors.Is(err, connector.ErrCredentials) {
		t.Errorf("with what it was: %v", err)
	}
	cfg.Credential = n.Value
	k = openKeeper(t, cfg)
	if err := k.SetSecret(t.Context(), n); err != nil {
		t.Errorf("again, with what it is: %v", err)
	}
	if is, err := k.Opens(t.Context(), "writ", connector.Password, n.Value); !is || err != nil {
		t.Errorf("it opens as %v, %v", is, err)
	}
	if !psql(t, p, "writ", n.Value) || psql(t, p, "writ", n.Old) {
		t.Error("psql says otherwise")
	}
}
