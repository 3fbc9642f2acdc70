package sampleload_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/e2e/sampleload"
)

// PostgreSQL itself is asked whether every grant of the sample is there.
func TestPostgresHoldsWhatTheSampleSays(t *testing.T) {
	dir := small(t)
	for _, system := range []string{"payroll-db", "app-db"} {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			dsn := sampleload.Postgres(t, dir, system)
			for line := range sampleload.Facts(t, dir, system) {
				if word := strings.Fields(line); word[0] == "grant" {
					if !holds(t, dsn, strings.TrimPrefix(word[2], "role:"), word[4]) {
						t.Errorf("the server does not know: %s", line)
					}
				}
			}
			if holds(t, dsn, "svc_reporting", "attr:superuser") || holds(t, dsn, "analysts", "role:shop_write") {
				t.Error("the check finds what is not there")
			}
		})
	}
}

func holds(t *testing.T, dsn, role, entitlement string) bool {
	t.Helper()
	kind, rest, _ := strings.Cut(entitlement, ":")
	thing, right, _ := strings.Cut(rest, ":")
	part := strings.Split(thing, ".")
	switch kind {
	case "attr":
		return ask(t, dsn, "postgres", "select coalesce((select rolsuper from pg_roles where rolname = $1), false)", role)
	case "role":
		if thing == "PUBLIC" {
			return true
		}
		return ask(t, dsn, "postgres", `select exists (select from pg_auth_members m where m.member = to_regrole($1)::oid and m.roleid = to_regrole($2)::oid)`, role, thing)
	case "database":
		return ask(t, dsn, "postgres", "select has_database_privilege($1, $2, $3)", role, thing, right)
	case "schema":
		return ask(t, dsn, part[0], "select has_schema_privilege($1, $2, $3)", role, part[1], right)
	case "table":
		return ask(t, dsn, part[0], "select has_table_privilege($1, format('%I.%I', $2::text, $3::text), $4)", strings.ToLower(role), part[1], part[2], right)
	case "owner":
		switch len(part) {
		case 1:
			return ask(t, dsn, "postgres", "select datdba = to_regrole($1)::oid from pg_database where datname = $2", role, thing)
		case 2:
			return ask(t, dsn, part[0], "select nspowner = to_regrole($1)::oid from pg_namespace where nspname = $2", role, part[1])
		}
		return ask(t, dsn, part[0], "select relowner = to_regrole($1)::oid from pg_class where oid = format('%I.%I', $2::text, $3::text)::regclass", role, part[1], part[2])
	}
	return false
}

func ask(t *testing.T, dsn, database, query string, args ...any) (yes bool) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, strings.Replace(dsn, "/postgres?", "/"+database+"?", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // nothing is left to say
	if err := c.QueryRow(ctx, query, args...).Scan(&yes); err != nil {
		t.Fatalf("%s %v: %v", query, args, err)
	}
	return yes
}
