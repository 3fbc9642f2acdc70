package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// company writes a few of everything that the graph reads.
func company(t *testing.T, db *DB) {
	t.Helper()
	ctx := asTester(t.Context())
	err := db.change(ctx, audit.Event{Action: "test.company"}, func(t *tx) error {
		for _, text := range []string{
			`insert into system (id, from_set, name, kind) values (1, $1, 'erp', 'csv')`,
			`insert into resource (id, from_set, system_id, native_id, kind, name, digest) values (1, $1, 1, 'r', 'table', 'r', $2)`,
			`insert into entitlement (id, from_set, system_id, native_id, kind, name, digest) values (1, $1, 1, 'e', 'group', 'Größe "1"', $2)`,
			`insert into identity (id, from_set, kind, state, name) values (1, $1, 'human', 'active', 'Ana'), (2, $1, 'service', 'active', 'batch')`,
			`insert into account (id, from_set, system_id, native_id, login, kind, status, interactive, digest) values (1, $1, 1, 'a', 'a', 'person', 'enabled', true, $2), (2, $1, 1, 'b', 'b', 'service', 'locked', false, $2)`,
			`insert into account_link (id, from_set, account_id, identity_id, state, rule) values (1, $1, 1, 1, 'confirmed', 'email')`,
			`insert into access_grant (holder_id, holder_kind, entitlement_id, id, system_id, from_set, resource_id, ends_at) values (1, 2, 1, 1, 1, $1, 0, 0), (2, 2, 1, 2, 1, $1, 1, 9000000000000000)`,
			`insert into role (id, from_set, name, entitlements) values (1, $1, 'clerk', '["ent_0000000000001"]')`,
			`insert into assignment (id, from_set, role_id, identity_id) values (1, $1, 1, 1)`,
		} {
			args := []any{t.Set, []byte{0, 1, 255}}
			if !bytes.Contains([]byte(text), []byte("$2")) {
				args = args[:1]
			}
			if _, err := t.exec(ctx, text, args...); err != nil {
				return err
			}
		}
		return t.changed(ctx, access.SystemID(1).Ref())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func graphLines(t *testing.T, db *DB) []string {
	t.Helper()
	m := newMirror()
	if _, err := db.Graph().Load(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m.lines()
}

const testWork = 8 // of scrypt, which the race detector makes very slow

// A backup is taken while others write, and comes back whole in either database.
func TestBackupComesBackInEitherDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		t.Run("into sqlite", func(t *testing.T) {
			testBackupComesBack(t, fresh(t), Config{Dir: t.TempDir()})
		})
		t.Run("into postgres", func(t *testing.T) {
			testBackupComesBack(t, fresh(t), Config{Dir: t.TempDir(), Postgres: testkit.Database(t)})
		})
	})
}

func testBackupComesBack(t *testing.T, from, to Config) {
	db := openStore(t, from)
	ctx := asTester(t.Context())
	company(t, db)
	logOf(t, db)
	// Something staged is not to count there either.
	s, err := db.stage(ctx, access.SystemID(1).Ref())
	if err == nil {
		err = stageResources(ctx, db, s, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	writing, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for writing.Err() == nil {
				if err := db.change(ctx, audit.Event{Action: "test.busy"}, func(*tx) error { return nil }); err != nil {
					t.Error(err)
				}
				if _, err := db.Sequence(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	path := filepath.Join(t.TempDir(), "backup.writ")
	passphrase := secret.New([]byte("correct horse"))
	report, err := db.backup(ctx, path, passphrase, testWork)
	stop()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if inspected, err := InspectBackup(path); err != nil || inspected != report {
		t.Errorf("inspected %+v, wrote %+v: %v", inspected, report, err)
	}
	lost, _, err := db.reserve(ctx, access.KindLease, 3) // the backup does not know of
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Backup(ctx, path, passphrase); !errors.Is(err, ErrConfig) {
		t.Errorf("a backup was overwritten: %v", err)
	}

	if _, err := Restore(ctx, to, path, secret.New([]byte("wrong"))); !errors.Is(err, ErrKeys) {
		t.Fatalf("with the wrong passphrase: %v", err)
	}
	restored, err := Restore(ctx, to, path, passphrase)
	if err != nil || restored.Rows != report.Rows || restored.Digest != report.Digest || restored.Revision != report.Revision {
		t.Fatalf("%+v, wrote %+v: %v", restored, report, err)
	}
	again := openStore(t, to)
	if got, want := graphLines(t, again), graphLines(t, db); !slices.Equal(got, want) {
		t.Errorf("the graph became\n%v\nand was\n%v", got, want)
	}
	if key, _, err := again.reserve(ctx, access.KindLease, 1); err != nil || key < lost+3 {
		t.Errorf("a lease gets the id %d, and %d was given out before: %v", key, lost+2, err)
	}
	if _, err := again.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	r := verifyLog(t, again)
	if r.Err() != nil || r.Payloads != 1 || r.Revision <= report.Revision {
		t.Errorf("%+v", r)
	}
	company2 := audit.Event{Action: "test.after", Personal: map[string]string{"name": "Ana"}}
	if err := again.change(ctx, company2, func(*tx) error { return nil }); err != nil {
		t.Error("the restored store takes no changes:", err)
	}
	if _, err := Restore(ctx, Config{Dir: t.TempDir(), Postgres: to.Postgres}, path, passphrase); to.Postgres != "" && !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a full store was restored into: %v", err)
	}
}

func TestBackupRefusals(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	ctx := asTester(t.Context())
	company(t, db)
	dir := t.TempDir()
	path := filepath.Join(dir, "backup.writ")
	if _, err := db.Backup(ctx, path, secret.Secret{}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	restoreOf := func(name string, b []byte) error {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		to := Config{Dir: t.TempDir()}
		_, err := Restore(ctx, to, p, secret.Secret{})
		return err
	}
	if err := restoreOf("without keys", good); !errors.Is(err, ErrKeys) {
		t.Errorf("without keys: %v", err)
	}
	for cut := 1; cut < len(good); cut += len(good)/20 + 1 {
		if err := restoreOf("cut", good[:cut]); !errors.Is(err, ErrBackup) {
			t.Errorf("cut at %d of %d: %v", cut, len(good), err)
		}
		b := bytes.Clone(good)
		b[cut] ^= 0x10
		if err := restoreOf("flipped", b); !errors.Is(err, ErrBackup) && !errors.Is(err, ErrKeys) {
			t.Errorf("flipped at %d: %v", cut, err)
		}
	}
	for name, head := range map[string]struct {
		schema int64
		entry  string
		want   error
	}{
		"newer":          {9999, "tables/system.000000.jsonl", ErrNewer},
		"escaping path":  {1, "../../etc/passwd", ErrBackup},
		"unknown table":  {1, "tables/nonsense.000000.jsonl", ErrBackup},
		"absolute path":  {1, "/etc/passwd", ErrBackup},
		"foreign key":    {1, "other.age", ErrBackup},
		"two heads":      {1, headEntry, ErrBackup},
		"nothing at all": {1, manifestEntry, ErrBackup},
	} {
		var b bytes.Buffer
		a := newArchiveWriter(&b, db.nowFn())
		h := backupHead{Format: backupFormat, Version: backupVersion, Schema: head.schema, Tables: []tableHead{{Name: "system", Columns: []string{"id"}}}}
		if err := errors.Join(a.addJSON(headEntry, h), a.add(head.entry, []byte("[1]\n"), 1)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.close(); err != nil {
			t.Fatal(err)
		}
		if err := restoreOf(name, b.Bytes()); !errors.Is(err, head.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBackupBombIsRefused(t *testing.T) {
	var b bytes.Buffer
	a := newArchiveWriter(&b, openStore(t, emptySQLite(t)).nowFn())
	zeros := make([]byte, maxPart)
	if err := a.addJSON(headEntry, backupHead{Format: backupFormat, Version: backupVersion, Schema: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := a.add(fmt.Sprintf("tables/system.%06d.jsonl", i), zeros, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.close(); err != nil {
		t.Fatal(err)
	}
	r, err := newArchiveReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = r.next()
	}
	if !errors.Is(err, ErrBackup) {
		t.Errorf("%d bytes were unpacked: %v", r.unpacked, err)
	}
}

// A restore that is cut off anywhere leaves an empty store, and can be run again.
func TestRestoreInterruptedAndRunAgain(t *testing.T) { eachDatabase(t, testRestoreInterrupted) }

func testRestoreInterrupted(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, emptySQLite(t))
	ctx := asTester(t.Context())
	company(t, db)
	logOf(t, db)
	path := filepath.Join(t.TempDir(), "backup.writ")
	passphrase := secret.New([]byte("correct horse"))
	if _, err := db.backup(ctx, path, passphrase, testWork); err != nil {
		t.Fatal(err)
	}
	to := fresh(t)
	interrupted := 0
	for i := range 60 {
		cut, cancel := context.WithTimeout(ctx, time.Duration(i)*2*time.Millisecond)
		_, err := Restore(cut, to, path, passphrase)
		cancel()
		if err == nil || errors.Is(err, ErrNotEmpty) {
			break // it got through, or only its own record did not
		}
		interrupted++
	}
	if interrupted == 0 {
		t.Error("nothing was interrupted")
	}
	if _, err := Restore(ctx, to, path, passphrase); err != nil && !errors.Is(err, ErrNotEmpty) {
		t.Fatal(err)
	}
	again := openStore(t, to)
	if got, want := graphLines(t, again), graphLines(t, db); !slices.Equal(got, want) {
		t.Errorf("the graph became\n%v\nand was\n%v", got, want)
	}
	if r := verifyLog(t, again); r.Err() != nil {
		t.Error(r.Wrong)
	}
}
