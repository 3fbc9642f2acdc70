package postgres

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// lendsIn is a cluster in which the kit lends: its accounts are asked for their passwords.
func lendsIn(t *testing.T, p *testkit.PostgresServer) *connectortest.Lending {
	t.Helper()
	p.Exec(t, "postgres", `create role borrowers`, `create role "Heir ""of"" all; --"`, `create database lent`)
	p.Exec(t, "lent", `create table book (n int)`, `grant create on schema public to borrowers`)
	in := func(t *testing.T, login string, value secret.Secret) (*pgx.Conn, error) {
		t.Helper()
		u, err := url.Parse(p.URL("lent"))
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(login, string(value.Reveal()))
		return pgx.Connect(t.Context(), u.String())
	}
	type word struct{ Text string }
	return &connectortest.Lending{
		Entitlements: []string{"role:borrowers", "table:lent.public.book:SELECT", "database:lent:TEMPORARY"},
		Successor:    roleName(`Heir "of" all; --`), Heir: `Heir "of" all; --`, Ends: true,
		Nasty: []string{`o'dd "name"; drop role postgres; --`, `$$;x`, `ünïcode\`, strings.Repeat("x", 63)},
		May: func(t *testing.T, login string, value secret.Secret) bool {
			t.Helper()
			conn, err := in(t, login, value)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context()) //nolint:errcheck // what it had to say it said
			_, err = conn.Exec(t.Context(), `select n from book`)
			return err == nil
		},
		SignsIn: func(t *testing.T, login string, value secret.Secret) bool {
			t.Helper()
			conn, err := in(t, login, value)
			if err == nil {
				return conn.Close(t.Context()) == nil
			}
			if code := codeOf(err); code != codeWrongPassword && code != codeNotAuthorised {
				t.Fatal(err)
			}
			return false
		},
		Works: func(t *testing.T, login string, value secret.Secret) (there func() bool, owner func() string) {
			t.Helper()
			conn, err := in(t, login, value)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close(context.Background()) })
			table := "made_" + hexOf(login)
			if _, err := conn.Exec(t.Context(), "create table "+quote(table)+" (n int)"); err != nil {
				t.Fatal(err)
			}
			return func() bool { return conn.Ping(context.Background()) == nil }, func() string {
				rows := ask[word](t, p.URL("lent"), `select tableowner::text from pg_tables where tablename = '`+table+`'`)
				if len(rows) != 1 {
					return ""
				}
				return rows[0].Text
			}
		},
		Exists: func(t *testing.T, login string) bool {
			t.Helper()
			for _, r := range ask[word](t, p.URL("postgres"), `select rolname::text from pg_roles`) {
				if r.Text == login {
					return true
				}
			}
			return false
		},
		Stranger: func(t *testing.T, login string) {
			t.Helper()
			p.Exec(t, "postgres", `create role `+quote(login)+` login`)
		},
	}
}

// hexOf is a short word for a login, for names that are quoted nowhere.
func hexOf(login string) string {
	const digits = "0123456789abcdef"
	sum := uint32(2166136261)
	for _, c := range []byte(login) {
		sum = (sum ^ uint32(c)) * 16777619
	}
	word := make([]byte, 8)
	for i := range word {
		word[i] = digits[sum&15]
		sum >>= 4
	}
	return string(word)
}

// What lends needs no superuser: the privileges of the manual are enough.
func TestLend(t *testing.T) {
	p := testkit.NewPostgres(t)
	v, err := verifier(secret.New([]byte(writsPassword)))
	if err != nil {
		t.Fatal(err)
	}
	p.Exec(t, "postgres", `create role writ login createrole password '`+v+`'`, `grant pg_signal_backend to writ`)
	lent := lendsIn(t, p)
	p.Exec(t, "postgres", `grant borrowers to writ with admin option`, `grant "Heir ""of"" all; --" to writ`, `grant temporary on database lent to writ with grant option`, `grant create on database lent to "Heir ""of"" all; --"`)
	p.Exec(t, "lent", `grant select on book to writ with grant option`, `grant create on schema public to "Heir ""of"" all; --"`)
	letIn(t, p, "host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256")
	cfg := connector.Config{Name: "shop-db", Address: strings.Replace(p.URL("postgres"), "postgres@", "writ@", 1), Credential: secret.New([]byte(writsPassword))}
	connectortest.Lend(t, connectortest.Suite{
		Spec: Spec(), Config: cfg, Lends: lent,
		Through: func(cfg connector.Config, addr string) connector.Config {
			cfg.Address = at(cfg.Address, addr)
			cfg.Options = map[string]string{"timeout": "3"}
			return cfg
		},
	})
}
