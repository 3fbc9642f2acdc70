package store

import (
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// What a node had that died is another one's at once, however long it was to be, and what
// one has that lives is not. Who lives and lost its pulse keeps nothing of what it had, and
// has a pulse again.
func TestLeasesOfTheDeadAreFree(t *testing.T) {
	testkit.Postgres(t)
	ctx := asTester(t.Context())
	cfg := emptyPostgres(t)
	dies := openStore(t, cfg)
	cfg.Beside = true
	lives := openStore(t, cfg)
	had, err := dies.takeLease(ctx, "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, db := range []*DB{lives, dies} { // also not another part of the same process
		if _, err := db.takeLease(ctx, "test", time.Hour); !errors.Is(err, ErrLeased) {
			t.Fatalf("what somebody has who lives is given to another: %v", err)
		}
	}
	dies.pulse.end()
	has, err := lives.takeLease(ctx, "test", time.Hour)
	if err != nil {
		t.Fatalf("what somebody had who died: %v", err)
	}
	if err := dies.bookkeep(ctx, func(tx *tx) error { return had.hold(ctx, tx) }); !errors.Is(err, ErrFenced) {
		t.Errorf("who was taken for dead goes on: %v", err)
	}
	if err := lives.bookkeep(ctx, func(tx *tx) error { return has.hold(ctx, tx) }); err != nil {
		t.Error(err)
	}
	const beats = `select count(*) from pg_locks where locktype = 'advisory' and granted and mode = 'ExclusiveLock' and database = (select oid from pg_database where datname = current_database())`
	if _, err := lives.w.ExecContext(ctx, `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and database = (select oid from pg_database where datname = current_database())`); err != nil {
		t.Fatal(err)
	}
	for n := 0; n == 0; {
		if err := lives.w.QueryRowContext(ctx, beats).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}
