package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/seal"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
)

func sealedSystem(name string) inventory.System {
	return inventory.System{System: access.System{Name: name, Kind: "csv"}, Config: inventory.Config{Address: "/" + name, Credential: inventory.Sealed}}
}

func secretOf(text string) *secret.Secret {
	s := secret.New([]byte(text))
	return &s
}

func addSealed(t *testing.T, db *DB, name, plain string) {
	t.Helper()
	if _, err := db.Inventory().AddSystem(asTester(t.Context()), sealedSystem(name), secretOf(plain)); err != nil {
		t.Fatal(err)
	}
}

// systemNow is what is kept of a system now.
func systemNow(t *testing.T, db *DB, name string) inventory.System {
	t.Helper()
	list, err := db.Inventory().Systems(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range list {
		if y.Name == name {
			return y
		}
	}
	t.Fatalf("no system %s in %v", name, list)
	return inventory.System{}
}

func opens(t *testing.T, db *DB, name, want string) {
	t.Helper()
	got, err := db.Inventory().SystemSecret(t.Context(), name)
	if err != nil || string(got.Reveal()) != want {
		t.Errorf("the credential of %s is not %q: %v", name, want, err)
	}
}

func secretRow(t *testing.T, db *DB, name string) (row int64, sealed []byte) {
	t.Helper()
	err := db.r.QueryRow(`select k.id, k.sealed from system_secret k where k.system_id = `+fmt.Sprint(int64(systemNow(t, db, name).ID))).Scan(&row, &sealed)
	if err != nil {
		t.Fatal(err)
	}
	return row, sealed
}

func update(t *testing.T, db *DB, y inventory.System, sealed *secret.Secret) {
	t.Helper()
	if err := db.Inventory().UpdateSystem(asTester(t.Context()), y, sealed); err != nil {
		t.Fatal(err)
	}
}

func TestSystemSecretOpensInItsRowOnly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		addSealed(t, db, "erp", "one-canary")
		addSealed(t, db, "crm", "two-canary")
		opens(t, db, "erp", "one-canary")
		opens(t, db, "crm", "two-canary")
		_, stolen := secretRow(t, db, "erp")
		if _, err := db.w.Exec(db.d.rebind(`update system_secret set sealed = $1 where system_id = $2`), stolen, systemNow(t, db, "crm").ID); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Inventory().SystemSecret(t.Context(), "crm"); !errors.Is(err, seal.ErrSealed) || !got.Empty() {
			t.Errorf("what was sealed for erp opened for crm: %v", err)
		}
	})
}

func TestReplacedSecretGetsANewRow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		addSealed(t, db, "erp", "first")
		first, old := secretRow(t, db, "erp")

		y := systemNow(t, db, "erp")
		y.Criticality = access.CriticalityHigh
		update(t, db, y, nil)
		opens(t, db, "erp", "first")
		if row, _ := secretRow(t, db, "erp"); row != first {
			t.Error("a change that says nothing of the credential replaced it")
		}

		update(t, db, systemNow(t, db, "erp"), secretOf("second"))
		opens(t, db, "erp", "second")
		second, _ := secretRow(t, db, "erp")
		if second <= first {
			t.Errorf("row %d was given again as %d", first, second)
		}
		// What an older backup still holds opens nowhere any more.
		if _, err := db.w.Exec(db.d.rebind(`update system_secret set sealed = $1 where id = $2`), old, second); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Inventory().SystemSecret(t.Context(), "erp"); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("the old sealed credential was put back: %v", err)
		}

		y = systemNow(t, db, "erp")
		y.Config.Credential = "env:ERP"
		update(t, db, y, nil)
		if _, err := db.Inventory().SystemSecret(t.Context(), "erp"); !errors.Is(err, inventory.ErrSecret) {
			t.Errorf("a credential that was given up still opens: %v", err)
		}
		last, sealed := secretRow(t, db, "erp")
		if last <= second || sealed != nil {
			t.Errorf("row %d holds %d bytes", last, len(sealed))
		}
	})
}

func TestSystemSecretComesBackFromABackup(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db, ctx := openStore(t, fresh(t)), asTester(t.Context())
		addSealed(t, db, "erp", "first")
		addSealed(t, db, "crm", "other")
		update(t, db, systemNow(t, db, "erp"), secretOf("second"))
		y := systemNow(t, db, "erp")
		gone := systemNow(t, db, "crm")
		gone.Config.Credential = ""
		update(t, db, gone, nil)
		used, _ := secretRow(t, db, "crm")

		path, passphrase := filepath.Join(t.TempDir(), "backup.writ"), secret.New([]byte("correct horse"))
		if _, err := db.backup(ctx, path, passphrase, testWork); err != nil {
			t.Fatal(err)
		}
		to := Config{Dir: t.TempDir()}
		if db.d.name == postgresDialect.name {
			to.Postgres = testkit.Database(t)
		}
		if _, err := Restore(ctx, to, path, passphrase); err != nil {
			t.Fatal(err)
		}
		again := openStore(t, to)
		opens(t, again, "erp", "second")
		if got := systemNow(t, again, "erp"); got.Version != y.Version {
			t.Errorf("version %d came back as %d", y.Version, got.Version)
		}
		addSealed(t, again, "new", "third")
		if row, _ := secretRow(t, again, "new"); row <= used {
			t.Errorf("row %d was given again after the restore: %d", used, row)
		}
		opens(t, again, "new", "third")
	})
}

// onDisk are the bytes of the database and its log.
func onDisk(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, sqliteFile+"*"))
	if err != nil || len(found) < 2 {
		t.Fatalf("the database and its log: %v, %v", found, err)
	}
	files := map[string][]byte{}
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = b
	}
	return files
}

func inFiles(t *testing.T, dir string, needle []byte) (where []string) {
	t.Helper()
	for name, b := range onDisk(t, dir) {
		if bytes.Contains(b, needle) {
			where = append(where, name)
		}
	}
	return where
}

func TestReplacedSecretLeavesSQLiteFiles(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	db := openStore(t, cfg)
	var overwrites int // a build of SQLite may do so by itself; Writ does not rely on it
	if err := db.w.QueryRow(`pragma secure_delete`).Scan(&overwrites); err != nil || overwrites != 1 {
		t.Errorf("what is deleted is not overwritten: %d, %v", overwrites, err)
	}
	const first, second = "first-canary-in-the-clear", "second-canary-in-the-clear"
	addSealed(t, db, "erp", first)
	// Neighbours, so that the row's page is no simple one.
	for i := range 60 {
		addSealed(t, db, fmt.Sprintf("n%d", i), fmt.Sprintf("neighbour %d", i))
	}
	_, old := secretRow(t, db, "erp")
	if len(inFiles(t, cfg.Dir, old)) == 0 {
		t.Fatal("the sealed credential is not found where it must be: the search is of no use")
	}
	update(t, db, systemNow(t, db, "erp"), secretOf(second))
	if where := inFiles(t, cfg.Dir, old); len(where) > 0 {
		t.Errorf("what was sealed before lies in %v", where)
	}
	_, now := secretRow(t, db, "erp")
	if len(inFiles(t, cfg.Dir, now)) == 0 {
		t.Error("what is sealed now is not found")
	}
	gone := systemNow(t, db, "erp")
	gone.Config.Credential = ""
	update(t, db, gone, nil)
	if where := inFiles(t, cfg.Dir, now); len(where) > 0 {
		t.Errorf("what was given up lies in %v", where)
	}
	for _, plain := range []string{first, second} {
		if where := inFiles(t, cfg.Dir, []byte(plain)); len(where) > 0 {
			t.Errorf("a credential lies in the clear in %v", where)
		}
	}
}

// A long one, such as a key, lies on pages of its own, which nothing takes at once.
func TestReplacedLongSecretLeavesSQLiteFiles(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	db := openStore(t, cfg)
	addSealed(t, db, "erp", strings.Repeat("a long key ", 4000))
	_, old := secretRow(t, db, "erp")
	pieces := func() (found int) {
		const size = 48 // less than a page holds, and never there by chance
		for at := 0; at+size <= len(old); at += 997 {
			found += len(inFiles(t, cfg.Dir, old[at:at+size]))
		}
		return found
	}
	if pieces() < 30 {
		t.Fatal("the sealed credential is not found where it must be: the search is of no use")
	}
	update(t, db, systemNow(t, db, "erp"), secretOf("short"))
	if n := pieces(); n > 0 {
		t.Errorf("%d pieces of what was sealed before lie in the files", n)
	}
	opens(t, db, "erp", "short")
}

// Nothing that the database can say of itself holds the plaintext.
func TestSecretIsInNoTable(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db, ctx := openStore(t, fresh(t)), asTester(t.Context())
		const canary = "canary-in-the-clear"
		addSealed(t, db, "erp", canary)
		update(t, db, systemNow(t, db, "erp"), secretOf(canary+"-2"))
		if _, err := db.Sequence(ctx); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "backup.writ")
		if _, err := db.Backup(ctx, path, secret.Secret{}); err != nil {
			t.Fatal(err)
		}
		seen := 0
		eachPart(t, path, func(name string, body []byte) {
			seen++
			for _, form := range [][]byte{[]byte(canary), []byte(encodeBytes([]byte(canary)))[:20], fmt.Appendf(nil, "%x", canary)} {
				if bytes.Contains(body, form) {
					t.Errorf("%s holds %q", name, form)
				}
			}
		})
		if seen < 10 {
			t.Fatalf("only %d parts were searched", seen)
		}
	})
}

func eachPart(t *testing.T, path string, fn func(name string, body []byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	a, err := newArchiveReader(f)
	if err == nil {
		_, err = a.head()
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		name, body, err := a.next()
		if err != nil {
			t.Fatal(err)
		}
		fn(name, body)
		if name == manifestEntry {
			return
		}
	}
}

// Of two who change the same version one is told, and has changed nothing.
func TestTwoWhoChangeASystem(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db, ctx := openStore(t, fresh(t)), asTester(t.Context())
		addSealed(t, db, "erp", "first")
		for round := range 10 {
			read := systemNow(t, db, "erp")
			errs := make([]error, 2)
			var both sync.WaitGroup
			for i := range errs {
				both.Go(func() {
					y := read
					y.Config.Options = map[string]string{"by": fmt.Sprint(round, i)}
					errs[i] = db.Inventory().UpdateSystem(context.WithoutCancel(ctx), y, secretOf(fmt.Sprint(round, i)))
				})
			}
			both.Wait()
			won := 0
			if errs[0] != nil {
				won = 1
			}
			if errs[won] != nil || !errors.Is(errs[1-won], inventory.ErrChanged) {
				t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
			}
			now := systemNow(t, db, "erp")
			if now.Version <= read.Version || now.Config.Options["by"] != fmt.Sprint(round, won) {
				t.Fatalf("round %d: version %d became %d with %v", round, read.Version, now.Version, now.Config.Options)
			}
			opens(t, db, "erp", fmt.Sprint(round, won))
		}
		var records, versions, secrets int
		err := db.r.QueryRow(`select (select count(*) from audit_record where action = 'inventory.update_system'), (select count(*) from system), (select count(*) from system_secret)`).Scan(&records, &versions, &secrets)
		if err != nil || records != 10 || versions != 11 || secrets != 1 {
			t.Errorf("%d records, %d versions, %d credentials: %v", records, versions, secrets, err)
		}
	})
}
