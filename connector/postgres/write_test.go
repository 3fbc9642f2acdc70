package postgres

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

func writer(t *testing.T, address string, options map[string]string) connector.Writer {
	t.Helper()
	c, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: address, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return c.(connector.Writer)
}

// TestLesson15_NamesAreNeverStatements: every kind of change, with names that would
// be statements if anything were pasted together.
func TestLesson15_NamesAreNeverStatements(t *testing.T) {
	p := testkit.NewPostgres(t)
	const evil = `x"; drop table y; --`
	const worse = `$1'); drop role victim; select ('`
	p.Exec(t, "postgres", `create role victim login`, `create table y (id int)`,
		`create role "x""; drop table y; --" login`, `create role "`+worse+`" login`, `create database "x""; drop table y; --"`)
	p.Exec(t, url.PathEscape(evil), `create table y (id int)`, `create schema "x""; drop table y; --"`, `create table "x""; drop table y; --"."x""; drop table y; --" (id int)`)
	w := writer(t, p.URL("postgres"), nil)
	n := part(evil)
	for _, holder := range []string{evil, worse} {
		for _, entitlement := range []string{
			"role:" + roleName(worse), "role:" + roleName(evil), "database:" + n + ":CREATE", "schema:" + n + "." + n + ":USAGE", "table:" + n + "." + n + "." + n + ":SELECT",
		} {
			if entitlement == "role:"+roleName(holder) || entitlement == "role:"+roleName(evil) && holder == worse {
				continue // a role is in itself never, and in a circle never
			}
			s := give(account(holder), entitlement, 0)
			for _, c := range []connector.Change{s.Do, s.Undo} {
				if err := w.Apply(t.Context(), c); err != nil {
					t.Errorf("%+v: %v", c, err)
				}
				if done, err := w.ReadBack(t.Context(), c); err != nil || !done {
					t.Errorf("%+v reads back %v, %v", c, done, err)
				}
			}
		}
		for _, kind := range []connector.ChangeKind{connector.DisableAccount, connector.EnableAccount} {
			if err := w.Apply(t.Context(), connector.Change{Kind: kind, Account: roleName(holder)}); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	for _, bad := range []string{
		"table:" + n + "." + n + "." + n + ":SELECT on y to victim; --", "table:postgres.public.y:ALL", "table:postgres.public.y:select", "role:",
		"database:postgres:CONNECT, CREATE", "schema:postgres:USAGE", "table:a.b:SELECT", `role:\x00`, "attr:superuser", "owner:postgres", "role:PUBLIC",
	} {
		if err := w.Apply(t.Context(), give(account("victim"), bad, 0).Do); !errors.Is(err, connector.ErrUnsupported) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	type row struct{ N int }
	if got := ask[row](t, p.URL("postgres"), `select (select count(*) from pg_class where relname = 'y') + (select count(*) from pg_roles where rolname = 'victim')`)[0].N; got != 2 {
		t.Errorf("%d of table y and role victim are left", got)
	}
	p.Exec(t, url.PathEscape(evil), `select * from y`)
}

// A grant that several people made is gone only when all of theirs are.
func TestRevokingWhatSeveralGranted(t *testing.T) {
	p := build(t)
	enrich(t, p)
	w := writer(t, p.URL("postgres"), nil)
	c := give(account("half"), "table:shop.sales.customer:SELECT", 0).Undo
	if err := w.Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	type row struct{ Has bool }
	if ask[row](t, p.URL("shop"), `select exists (select from pg_class c, aclexplode(relacl) a where c.oid = 'sales.customer'::regclass and a.grantee = 'half'::regrole)`)[0].Has {
		t.Error("half still has it")
	}
	p.Exec(t, "shop", `set role deep; grant select on sales.customer to half`)
	err := w.Apply(t.Context(), give(account("deep"), "table:shop.sales.customer:SELECT", 0).Undo)
	if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "revoke theirs first") {
		t.Errorf("what others hold by it: %v", err)
	}
}

func TestChangesThatCannotBe(t *testing.T) {
	p := build(t)
	enrich(t, p)
	super, plain := p.URL("postgres"), strings.Replace(p.URL("postgres"), "postgres@", "ana@", 1)
	boss := strings.Replace(p.URL("postgres"), "postgres@", "boss@", 1)
	disable := func(name string) connector.Change {
		return connector.Change{Kind: connector.DisableAccount, Account: name}
	}
	for name, tt := range map[string]struct {
		as   string
		c    connector.Change
		want error
		says string
	}{
		"itself":            {boss, disable("boss"), connector.ErrUnsupported, "lock itself out"},
		"bootstrap":         {strings.Replace(super, "postgres@", "root2@", 1), disable("postgres"), connector.ErrUnsupported, "bootstrap"},
		"owner loses":       {super, give(account("lead"), "table:shop.sales.invoice:SELECT", 0).Undo, connector.ErrUnsupported, "owner"},
		"owner of database": {super, give(holderRole("app_owner"), "schema:shop.public:CREATE", 0).Undo, connector.ErrUnsupported, "owner"},
		"no such role":      {super, give(account("nobody"), "role:readers", 0).Do, connector.ErrUnsupported, "no such role"},
		"no such table":     {super, give(account("ana"), "table:shop.sales.none:SELECT", 0).Do, connector.ErrUnsupported, "no such"},
		"no such database":  {super, give(account("ana"), "table:none.sales.none:SELECT", 0).Do, connector.ErrUnsupported, "database"},
		"enable who left":   {super, connector.Change{Kind: connector.EnableAccount, Account: "nobody"}, connector.ErrUnsupported, "no such role"},
		"a circle":          {super, give(holderRole("readers"), "role:seniors", 0).Do, connector.ErrUnsupported, "cannot"},
		"no inherit":        {super, give(account("ana"), "role:writers", access.NoInherit).Do, connector.ErrUnsupported, "inherit"},
		"PUBLIC in a role":  {super, give(connector.Target{Kind: connector.OnEntitlement, ID: publicID}, "role:readers", 0).Do, connector.ErrUnsupported, "PUBLIC"},
		"a person":          {super, give(connector.Target{Kind: connector.OnIdentity, ID: "7"}, "role:readers", 0).Do, connector.ErrUnsupported, "only a role"},
		"without the right": {plain, give(account("half"), "table:shop.sales.invoice:SELECT", 0).Do, connector.ErrPrivilege, "may not"},
		"without admin":     {plain, give(account("half"), "role:writers", 0).Do, connector.ErrPrivilege, "may not"},
		"disable as nobody": {plain, disable("half"), connector.ErrPrivilege, "may not"},
		"unknown change":    {super, connector.Change{Kind: "explode"}, connector.ErrUnsupported, "not known"},
	} {
		err := writer(t, tt.as, nil).Apply(t.Context(), tt.c)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `"shop-db"`) {
			t.Errorf("%s: got %v, want %v that says %q", name, err, tt.want, tt.says)
		}
	}
}

// A database that Writ may not open is an error with what to do, never a cluster
// without it; option exclude leaves it out knowingly.
func TestDatabaseThatMayNotBeOpened(t *testing.T) {
	p := build(t)
	p.Exec(t, "postgres", `create role auditor login`, `revoke connect on database shop from public`)
	address := strings.Replace(p.URL("postgres"), "postgres@", "auditor@", 1)
	w := writer(t, address, nil)
	const remedy = `grant connect on database "shop" to "auditor"`
	if d, err := w.Describe(t.Context()); err != nil || !strings.Contains(strings.Join(d.Warnings, "\n"), remedy) {
		t.Errorf("described as %+v, %v", d, err)
	}
	for rec, err := range w.Discover(t.Context(), "") {
		if !errors.Is(err, connector.ErrPrivilege) || !strings.Contains(err.Error(), remedy) {
			t.Errorf("got %+v, %v", rec, err)
		}
	}
	for _, err := range writer(t, address, map[string]string{"exclude": " shop ,"}).Discover(t.Context(), "") {
		if err != nil {
			t.Fatalf("without shop: %v", err)
		}
	}
	p.Exec(t, "postgres", strings.ReplaceAll(remedy, "`", ""))
	for _, err := range w.Discover(t.Context(), "") {
		if err != nil {
			t.Fatalf("the remedy does not help: %v", err)
		}
	}
}

// Data classes go to what they name; one that names nothing is told.
func TestDataClasses(t *testing.T) {
	p := build(t)
	w := writer(t, p.URL("postgres"), map[string]string{"data_class.shop": "confidential", "data_class.shop.sales.customer": "restricted", "data_class.shop.sale": "internal"})
	got, rejected := map[string]access.DataClass{}, ""
	for rec, err := range w.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Resource != nil {
			got[rec.Resource.ID] = rec.Resource.DataClass
		}
		if rec.Reject != nil {
			rejected += rec.Reject.Where
		}
	}
	if got["database:shop"] != access.Confidential || got["table:shop.sales.customer"] != access.Restricted || got["schema:shop.sales"] != "" {
		t.Errorf("classes: %v", got)
	}
	if rejected != "option data_class.shop.sale" {
		t.Errorf("rejected: %q", rejected)
	}
	for _, options := range []map[string]string{{"data_class.shop": "secret"}, {"data_class.a.b.c.d": "public"}, {"data_class.": "public"}, {"timeout": "soon"}, {"tls": "maybe"}, {"ca": "not PEM"}} {
		if _, err := Open(t.Context(), connector.Config{Name: "x", Address: "postgres://a@db.example.com/x", Options: options}); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%v: %v", options, err)
		}
	}
}

// What somebody puts into a database or into Writ's own role does not change what
// Writ's queries mean.
func TestLesson15_SearchPathOfOthers(t *testing.T) {
	p := build(t)
	want := len(discover(t, p.URL("postgres")))
	p.Exec(t, "shop", `create schema evil`, `create function evil.left(name, int) returns text language sql as $$ select 'pg_' $$`,
		`create view evil.pg_class as select * from pg_catalog.pg_class where false`, `create view evil.pg_roles as select * from pg_catalog.pg_roles where false`)
	p.Exec(t, "postgres", `alter role postgres set search_path = evil, pg_catalog`, `alter database shop set search_path = evil, pg_catalog`)
	const made = 3 * 3 // a schema and two views: each is a resource and has an owner, which is an entitlement and a grant
	if got := len(discover(t, p.URL("postgres"))); got != want+made {
		t.Errorf("%d records, and with somebody's search path %d, want %d more", want, got, made)
	}
}
