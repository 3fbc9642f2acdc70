package postgres

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const firstPassword = "first-Password-canary-7'$"

// newAna is an account that the kit makes.
func newAna(p *testkit.PostgresServer) *connectortest.Accounts {
	end := time.Date(2099, 1, 31, 12, 0, 0, 0, time.UTC)
	signIn := func(t *testing.T, login, password string) (*pgx.Conn, error) {
		t.Helper()
		u, err := url.Parse(p.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(login, password)
		return pgx.Connect(t.Context(), u.String())
	}
	return &connectortest.Accounts{
		New: connector.NewAccount{
			Login: "new.ana", Mark: "acc_1", Credential: secret.New([]byte(firstPassword)), CredentialEnds: access.TimeOf(end.AddDate(1, 0, 0)),
			Values: map[string]string{setLimit: "5", setValid: end.Format(time.RFC3339)},
		},
		Set:   map[string]string{setLimit: "7", setValid: "2098-02-01T00:00:00Z"},
		Taken: "ana",
		SignIn: func(t *testing.T, login, password string) error {
			t.Helper()
			conn, err := signIn(t, login, password)
			if err != nil {
				return err
			}
			return conn.Close(t.Context())
		},
		Session: func(t *testing.T, login, password string) func() bool {
			t.Helper()
			conn, err := signIn(t, login, password)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close(context.Background()) })
			return func() bool { return conn.Ping(t.Context()) == nil }
		},
	}
}

func create(login, mark string) connector.Change {
	return connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: login, Mark: mark, Credential: secret.New([]byte(firstPassword))}}
}

func mustApply(t *testing.T, w connector.Writer, list ...connector.Change) {
	t.Helper()
	for _, x := range list {
		if err := w.Apply(t.Context(), x); err != nil {
			t.Fatalf("%s: %v", x.Kind, err)
		}
		if done, err := w.ReadBack(t.Context(), x); err != nil || !done {
			t.Fatalf("%s reads back %v, %v", x.Kind, done, err)
		}
	}
}

// TestVerifier compares with what the server itself makes of a password.
func TestVerifier(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", `set password_encryption = 'scram-sha-256'; create role theirs login password 'first-Password-canary-7''$'`)
	type row struct{ Password string }
	theirs := ask[row](t, p.URL("postgres"), `select rolpassword from pg_authid where rolname = 'theirs'`)[0].Password
	salt := strings.Split(strings.Split(theirs, "$")[1], ":")[1]
	ours, err := saltedVerifier(secret.New([]byte(firstPassword)), unbase64(t, salt), scramRounds)
	if err != nil || ours != theirs {
		t.Errorf("ours is %s, the server's %s, %v", ours, theirs, err)
	}
	one, _ := verifier(secret.New([]byte("x")))
	if two, _ := verifier(secret.New([]byte("x"))); one == two {
		t.Error("two passwords have one salt")
	}
}

// TestLesson13_NoPasswordInTheServersLog: a server that logs every statement has not seen
// the first password.
func TestLesson13_NoPasswordInTheServersLog(t *testing.T) {
	p := testkit.NewPostgres(t)
	type row struct{ At string }
	file := ask[row](t, p.URL("postgres"), `select current_setting('data_directory')`)[0].At + "/../log"
	p.Exec(t, "postgres", `alter system set log_statement = 'all'`, `alter system set log_min_duration_statement = 0`, `select pg_reload_conf()`)
	w := writer(t, p.URL("postgres"), nil)
	mustApply(t, w, create("ana", "acc_1"), create("ana", "acc_1"))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `create role "ana" login`) {
		t.Error("the log does not have the statement, so nothing is tested")
	}
	if strings.Contains(string(text), "first-Password") {
		t.Error("the password is in the server's log")
	}
}

// TestLesson15_LoginsAreNeverStatements: accounts with names that would be statements.
func TestLesson15_LoginsAreNeverStatements(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", `create role victim login`)
	w := writer(t, p.URL("postgres"), nil).(connector.Maker)
	for i, name := range []string{`x"; drop role victim; --`, `$1'); drop role victim; select ('`, `a\b`, `ünï code`, `Ana`, `ana`, strings.Repeat("é", 31)} {
		mark := "acc_" + string(rune('a'+i))
		mustApply(t, w, create(name, mark))
		f, err := w.Find(t.Context(), name)
		if err != nil || f == nil || f.Mark != mark {
			t.Fatalf("%q is found as %+v, %v", name, f, err)
		}
		set := connector.Change{Kind: connector.UpdateAccount, Account: f.ID, Mark: mark, Set: map[string]string{setLimit: "3"}}
		mustApply(t, w, set, connector.Change{Kind: connector.EndSessions, Account: f.ID, Mark: mark}, connector.Change{Kind: connector.DeleteAccount, Account: f.ID, Mark: mark})
	}
	for _, bad := range []string{"pg_new", "public", "none", "PUBLIC", strings.Repeat("x", 64)} {
		if err := w.Apply(t.Context(), create(bad, "acc_1")); !errors.Is(err, connector.ErrUnsupported) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if f, err := w.Find(t.Context(), "victim"); f == nil || err != nil {
		t.Errorf("the victim is %v, %v", f, err)
	}
}

// TestLesson10_LoginsDifferInCase: as the server has it, Ana is not ana.
func TestLesson10_LoginsDifferInCase(t *testing.T) {
	p := testkit.NewPostgres(t)
	w := writer(t, p.URL("postgres"), nil).(connector.Maker)
	mustApply(t, w, create("Ana", "acc_1"))
	if f, err := w.Find(t.Context(), "ana"); f != nil || err != nil {
		t.Errorf("ana is %+v, %v", f, err)
	}
	mustApply(t, w, create("ana", "acc_2"))
}

// A comment that people wrote is theirs: neither taken for a mark nor written over.
func TestCommentOfPeople(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", `create role ana login`, `comment on role ana is 'see writ=acc_1, ask Ben'`)
	w := writer(t, p.URL("postgres"), nil).(connector.Maker)
	if err := w.Apply(t.Context(), create("ana", "acc_1")); !errors.Is(err, connector.ErrTaken) {
		t.Errorf("got %v", err)
	}
}

// What a role owns or may use stops its deletion, and is named wherever it lies; nothing
// is dropped or taken.
func TestDeletingWhoOwnsSomething(t *testing.T) {
	p := build(t)
	enrich(t, p)
	w := writer(t, p.URL("postgres"), nil)
	mustApply(t, w, create("leaver", "acc_1"))
	p.Exec(t, "shop", `create table sales.leavers (id int)`, `alter table sales.leavers owner to leaver`, `grant select on sales.customer to leaver`)
	p.Exec(t, "odd.db", `grant usage on schema "a.b" to leaver`)
	gone := connector.Change{Kind: connector.DeleteAccount, Account: "leaver", Mark: "acc_1"}
	err := w.Apply(t.Context(), gone)
	for _, says := range []string{"owns table sales.leavers in database shop", "may use table sales.customer in database shop", "may use schema a.b in database odd.db", "reassign owned"} {
		if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	p.Exec(t, "shop", `drop table sales.leavers`, `revoke all on sales.customer from leaver`)
	p.Exec(t, "odd.db", `revoke all on schema "a.b" from leaver`)
	mustApply(t, w, gone)
}

func TestLivesThatCannotBe(t *testing.T) {
	p := build(t)
	enrich(t, p)
	p.Exec(t, "postgres", `create role maker login createrole`)
	super, maker := p.URL("postgres"), strings.Replace(p.URL("postgres"), "postgres@", "maker@", 1)
	plain := strings.Replace(super, "postgres@", "ana@", 1)
	about := func(kind connector.ChangeKind, name string) connector.Change {
		return connector.Change{Kind: kind, Account: name}
	}
	limit := func(text string) connector.Change {
		return connector.Change{Kind: connector.UpdateAccount, Account: "ana", Set: map[string]string{setLimit: text}}
	}
	valid := func(text string) connector.Change {
		return connector.Change{Kind: connector.UpdateAccount, Account: "ana", Set: map[string]string{setValid: text}}
	}
	for name, tt := range map[string]struct {
		as   string
		c    connector.Change
		want error
		says string
	}{
		"itself":             {super, about(connector.DeleteAccount, "postgres"), connector.ErrUnsupported, "lock itself out"},
		"its own sessions":   {super, about(connector.EndSessions, "postgres"), connector.ErrUnsupported, "lock itself out"},
		"bootstrap":          {strings.Replace(super, "postgres@", "root2@", 1), about(connector.DeleteAccount, "postgres"), connector.ErrUnsupported, "bootstrap"},
		"the server's":       {super, about(connector.DeleteAccount, "pg_monitor"), connector.ErrUnsupported, "server's own"},
		"others are in it":   {super, about(connector.DeleteAccount, "lead"), connector.ErrUnsupported, "other roles are in it"},
		"a group":            {super, about(connector.DeleteAccount, "readers"), connector.ErrUnsupported, "other roles are in it"},
		"no limit at all":    {super, limit("0"), connector.ErrUnsupported, "connection_limit"},
		"below":              {super, limit("-1"), connector.ErrUnsupported, "connection_limit"},
		"a statement":        {super, limit("1 superuser"), connector.ErrUnsupported, "connection_limit"},
		"too many":           {super, limit("4294967297"), connector.ErrUnsupported, "connection_limit"},
		"no time":            {super, valid("soon"), connector.ErrUnsupported, "valid_until"},
		"a time and more":    {super, valid("2027-01-31T00:00:00Z' superuser"), connector.ErrUnsupported, "valid_until"},
		"the name is none":   {super, about(connector.DeleteAccount, `\`), connector.ErrUnsupported, "cannot be one"},
		"as nobody":          {plain, create("x", "acc_1"), connector.ErrPrivilege, "createrole"},
		"delete as nobody":   {plain, about(connector.DeleteAccount, "half"), connector.ErrPrivilege, "createrole"},
		"a superuser's":      {maker, connector.Change{Kind: connector.UpdateAccount, Account: "root2", Set: map[string]string{setLimit: "1"}}, connector.ErrPrivilege, "createrole"},
		"delete a superuser": {maker, about(connector.DeleteAccount, "root2"), connector.ErrPrivilege, "createrole"},
	} {
		err := writer(t, tt.as, nil).Apply(t.Context(), tt.c)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `"shop-db"`) {
			t.Errorf("%s: got %v, want %v that says %q", name, err, tt.want, tt.says)
		}
	}
}

// Of several ends the first counts, and the first password's is one only with a password.
func TestEnds(t *testing.T) {
	p := testkit.NewPostgres(t)
	w := writer(t, p.URL("postgres"), nil).(connector.Maker)
	at := func(day int) access.Time { return access.TimeOf(time.Date(2099, 1, day, 0, 0, 0, 0, time.UTC)) }
	for i, tt := range []struct {
		password           bool
		credential, expire access.Time
		valid, want        string
	}{
		{true, at(3), at(2), "", "2099-01-02T00:00:00Z"},
		{true, at(1), at(2), "", "2099-01-01T00:00:00Z"},
		{false, at(1), at(2), "", "2099-01-02T00:00:00Z"},
		{true, at(3), 0, "2099-01-02T00:00:00Z", "2099-01-02T00:00:00Z"},
		{false, at(3), 0, "", ""},
		{true, 0, 0, "", ""},
	} {
		x := create("end"+string(rune('a'+i)), "acc_1")
		if !tt.password {
			x.New.Credential = secret.Secret{}
		}
		x.New.CredentialEnds, x.New.Expires, x.New.Values = tt.credential, tt.expire, map[string]string{setValid: tt.valid}
		mustApply(t, w, x)
		if f, err := w.Find(t.Context(), x.New.Login); err != nil || f.Values[setValid] != tt.want {
			t.Errorf("%+v: found %+v, %v", tt, f, err)
		}
	}
}

// Deleting ends what is open first: nobody could find it any more.
func TestDeletingEndsSessions(t *testing.T) {
	p := testkit.NewPostgres(t)
	w := writer(t, p.URL("postgres"), nil)
	mustApply(t, w, create("leaver", "acc_1"))
	conn, err := pgx.Connect(t.Context(), strings.Replace(p.URL("postgres"), "postgres@", "leaver@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // it is closed by then
	mustApply(t, w, connector.Change{Kind: connector.DeleteAccount, Account: "leaver", Mark: "acc_1"})
	if conn.Ping(t.Context()) == nil {
		t.Error("the role is gone and its session is not")
	}
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whom Writ disables stays an account, made by it or not, and can do afterwards what they
// could; a group stays a group.
func TestDisabledIsStillAnAccount(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", `create role adopted login`, `create role few login connection limit 5`, `create role readers`, `grant readers to adopted`)
	w := writer(t, p.URL("postgres"), nil)
	mustApply(t, w, create("made", "acc_1"))
	seen := func() map[string]access.AccountStatus {
		found := map[string]access.AccountStatus{}
		for _, r := range discover(t, p.URL("postgres")) {
			if r.Account != nil {
				found[r.Account.Login] = r.Account.Status
			}
		}
		return found
	}
	for _, login := range []string{"adopted", "few", "made"} {
		mustApply(t, w, connector.Change{Kind: connector.DisableAccount, Account: login})
		if got := seen(); got[login] != access.Disabled || got["readers"] != "" {
			t.Errorf("%s is disabled: %v", login, got)
		}
		mustApply(t, w, connector.Change{Kind: connector.EnableAccount, Account: login})
		if got := seen(); got[login] != access.Enabled {
			t.Errorf("%s is enabled: %v", login, got)
		}
	}
	limits := ask[struct{ Of string }](t, p.URL("postgres"), `select rolname || rolconnlimit as of from pg_roles where rolname in ('adopted', 'few', 'made') order by rolname`)
	if got := fmt.Sprint(limits); got != "[{adopted-1} {few5} {made-1}]" {
		t.Errorf("limits are %s", got)
	}
}
