package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

// filled is a vault with some safes and versions in them.
func filled(t *testing.T, cfg Config, safes, versions int) (*vaultOf, map[keys.Place]string) {
	t.Helper()
	v := newVault(t, cfg)
	what := map[keys.Place]string{}
	for safe := range safes {
		v.must(v.addSafe(v.ring, access.SafeID(safe+1)))
		for n := range versions {
			id := int64(safe*versions + n + 1)
			at := keys.Place{Safe: access.SafeID(safe + 1), Secret: access.SecretID(id), Version: access.VersionID(id)}
			what[at] = fmt.Sprint("secret ", id)
			v.must(v.put(v.ring, at, what[at]))
		}
	}
	return v, what
}

func (v *vaultOf) holdsAll(r *keys.Ring, what map[keys.Place]string) {
	v.Helper()
	for at, want := range what {
		v.holds(r, at, want)
	}
}

func (v *vaultOf) count(text string) (n int) {
	v.Helper()
	v.must(v.db.w.QueryRowContext(v.ctx, text).Scan(&n))
	return n
}

// Invariant 6, while another process reads and writes, makes safes, and follows.
func TestKeysChangeWhileTheVaultIsUsed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		v, what := filled(t, fresh(t), 3, 10)
		other := v.newRing()
		v.must(other.OpenItself(v.ctx))
		stop := make(chan struct{})
		var using sync.WaitGroup
		var added atomic.Int64
		using.Go(func() {
			for n := int64(1000); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				at := keys.Place{Safe: access.SafeID(n%3 + 1), Secret: 7, Version: access.VersionID(n)}
				if err := v.put(other, at, "new"); err != nil {
					t.Errorf("writing: %v", err)
				}
				if got, err := v.read(other, at); err != nil || got != "new" {
					t.Errorf("reading: %q, %v", got, err)
				}
				added.Add(1)
				if n%10 == 0 {
					if err := v.addSafe(other, access.SafeID(n)); err != nil {
						t.Errorf("a new safe: %v", err)
					}
				}
			}
		})
		for n := 0; n < 2 || n < 20 && added.Load() < 5; n++ {
			_, err := v.ring.RekeyRoot(v.ctx, "a test")
			v.must(err)
			for safe := range access.SafeID(3) {
				done, err := v.ring.RekeySafe(v.ctx, safe+1, "a test")
				v.must(err)
				if done.Keys < 10 {
					t.Errorf("%d keys were wrapped anew", done.Keys)
				}
			}
		}
		_, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.File}, "a test")
		v.must(err)
		close(stop)
		using.Wait()
		if added.Load() < 5 {
			t.Fatal("nothing was written meanwhile")
		}
		again := v.newRing()
		v.must(again.OpenItself(v.ctx))
		v.holdsAll(again, what)
		if files, _ := filepath.Glob(filepath.Join(v.cfg.Dir, "vault-*.key")); len(files) != 1 {
			t.Errorf("key files: %v", files)
		}
		if n := v.count(`select count(*) from vault_safe_key where root < (select root from vault)`) + v.count(`select count(*) from vault_root where generation < (select root from vault)`) +
			v.count(`select count(*) from vault_safe_key k join vault_safe s on s.safe = k.safe where k.generation < s.generation`) + v.count(`select count(*) from vault_seal where id < 2`); n != 0 {
			t.Errorf("%d keys of before are still there", n)
		}
		v.must(v.addSafe(again, 5000))
	})
}

// stopping is a store that fails at one write: before it, or once it has committed.
type stopping struct {
	VaultKeys
	left  int
	after bool
}

var errNoSpace = errors.New("no space left on device")

func (s *stopping) write(do func() error) error {
	s.left--
	if s.left == 0 && s.after {
		if err := do(); err != nil {
			return err
		}
	}
	if s.left <= 0 {
		return errNoSpace
	}
	return do()
}

func (s *stopping) BeginRoot(ctx context.Context, from int64, next keys.RootRow, reason string) error {
	return s.write(func() error { return s.VaultKeys.BeginRoot(ctx, from, next, reason) })
}

func (s *stopping) KeepSafeKeys(ctx context.Context, next int64, list []keys.SafeKey) error {
	return s.write(func() error { return s.VaultKeys.KeepSafeKeys(ctx, next, list) })
}

func (s *stopping) SwitchRoot(ctx context.Context, next int64, reason string) error {
	return s.write(func() error { return s.VaultKeys.SwitchRoot(ctx, next, reason) })
}

func (s *stopping) NextSafeKey(ctx context.Context, k keys.SafeKey, reason string) error {
	return s.write(func() error { return s.VaultKeys.NextSafeKey(ctx, k, reason) })
}

func (s *stopping) Rewrap(ctx context.Context, safe access.SafeID, generation int64, list []keys.Wrapped) error {
	return s.write(func() error { return s.VaultKeys.Rewrap(ctx, safe, generation, list) })
}

func (s *stopping) DropGenerations(ctx context.Context, safe access.SafeID, generation int64) error {
	return s.write(func() error { return s.VaultKeys.DropGenerations(ctx, safe, generation) })
}

func (s *stopping) ChangeSeal(ctx context.Context, from int64, x keys.SealRow, root keys.RootRow, confirm bool, reason string) error {
	return s.write(func() error { return s.VaultKeys.ChangeSeal(ctx, from, x, root, confirm, reason) })
}

// Invariant 6: a full disk, or an end of the process, before or behind every write.
func TestChangeOfKeysThatStopsAnywhereLosesNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		v, what := filled(t, fresh(t), 2, 3)
		change := map[string]func(r *keys.Ring) error{
			"root": func(r *keys.Ring) error { _, err := r.RekeyRoot(v.ctx, "a test"); return err },
			"safe": func(r *keys.Ring) error { _, err := r.RekeySafe(v.ctx, 1, "a test"); return err },
		}
		for name, do := range change {
			for _, after := range []bool{false, true} {
				for n := 1; ; n++ {
					s := &stopping{VaultKeys: v.db.VaultKeys(), left: n, after: after}
					killed, err := keys.New(keys.Config{Store: s, Dir: v.cfg.Dir})
					v.must(err)
					v.must(killed.OpenItself(v.ctx))
					err = do(killed)
					v.holdsAll(killed, what)
					killed.Wipe()
					if err == nil {
						if n < 4 {
							t.Fatalf("%s ended after %d writes", name, n)
						}
						break
					}
					if !errors.Is(err, errNoSpace) {
						t.Fatalf("%s: %v", name, err)
					}
					next := v.newRing()
					v.must(next.OpenItself(v.ctx))
					v.holdsAll(next, what)
					v.must(next.Resume(v.ctx))
					v.holdsAll(next, what)
					if n := v.count(`select count(*) from vault_safe_key k where k.root <> (select root from vault) or k.generation <> (select s.generation from vault_safe s where s.safe = k.safe)`); n != 0 {
						t.Fatalf("%s: %d keys are left over", name, n)
					}
				}
			}
		}
	})
}

func TestChangeOfSealThatFailsLeavesTheOneBefore(t *testing.T) {
	v, what := filled(t, emptySQLite(t), 1, 1)
	s := &stopping{VaultKeys: v.db.VaultKeys(), left: 1}
	r, err := keys.New(keys.Config{Store: s, Dir: v.cfg.Dir})
	v.must(err)
	v.must(r.OpenItself(v.ctx))
	if _, err := r.RekeySeal(v.ctx, keys.Request{Kind: keys.File}, "a test"); !errors.Is(err, errNoSpace) {
		t.Fatal(err)
	}
	r.Wipe()
	again := v.newRing()
	v.must(again.OpenItself(v.ctx))
	v.holdsAll(again, what)
	if files, _ := filepath.Glob(filepath.Join(v.cfg.Dir, "vault-*.key")); len(files) != 1 {
		t.Errorf("key files: %v", files)
	}
}

func TestPassphraseOpensTheVault(t *testing.T) {
	v, what := filled(t, emptySQLite(t), 1, 1)
	if _, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.Passphrase, Passphrase: secret.New([]byte("short"))}, "a test"); !errors.Is(err, keys.ErrSeal) {
		t.Fatalf("a short passphrase: %v", err)
	}
	_, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.Passphrase, Passphrase: secret.New([]byte("correct horse battery"))}, "a test")
	v.must(err)
	_, err = v.ring.RekeyRoot(v.ctx, "a test") // with the seal that was swapped in
	v.must(err)
	v.holdsAll(v.ring, what)
	r := v.newRing()
	v.must(r.OpenItself(v.ctx))
	if err := r.Usable(); !errors.Is(err, keys.ErrVaultSealed) {
		t.Fatalf("it opened by itself: %v", err)
	}
	if _, err := r.Unseal(v.ctx, secret.New([]byte("incorrect horse battery")), "a test"); !errors.Is(err, keys.ErrPassphrase) {
		t.Fatalf("a wrong passphrase: %v", err)
	}
	p, err := r.Unseal(v.ctx, secret.New([]byte("correct horse battery")), "a test")
	if err != nil || !p.Open {
		t.Fatal(p, err)
	}
	v.holdsAll(r, what)
	v.must(r.Shut(v.ctx, "a test"))
	if err := r.Usable(); !errors.Is(err, keys.ErrVaultSealed) {
		t.Fatal(err)
	}
}

// Invariant 5.
func TestSharesOpenTheVault(t *testing.T) {
	v, what := filled(t, emptySQLite(t), 1, 1)
	share := func(threshold int) []secret.Secret {
		t.Helper()
		told, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.Shares, Shares: 5, Threshold: threshold}, "a test")
		v.must(err)
		return told
	}
	confirm := func(list []secret.Secret) {
		t.Helper()
		for i, s := range list {
			p, err := v.ring.Confirm(v.ctx, s, "a test")
			if err != nil || p.Open != (i == len(list)-1) {
				t.Fatal(i, p, err)
			}
		}
	}
	lost := share(3)
	v.must(v.newRing().OpenItself(v.ctx)) // not confirmed: the file opens it
	if _, err := v.ring.RekeyRoot(v.ctx, "a test"); !errors.Is(err, keys.ErrSealBusy) {
		t.Fatalf("the root key is changed between: %v", err)
	}
	older := share(3)
	if _, err := v.ring.Confirm(v.ctx, lost[0], "a test"); !errors.Is(err, keys.ErrShareForeign) {
		t.Fatalf("a share of a sharing that was never in force: %v", err)
	}
	confirm(older[2:])
	told := share(3)
	confirm(told[:3])

	r := v.newRing()
	v.must(r.OpenItself(v.ctx))
	mistyped := []byte(string(told[0].Reveal()))
	mistyped[20] ^= 1
	give := func(s secret.Secret, have int, want error) {
		t.Helper()
		p, err := r.Unseal(v.ctx, s, "a test")
		if !errors.Is(err, want) || p.Have != have {
			t.Fatalf("%d of %d: %v", p.Have, p.Need, err)
		}
	}
	give(told[4], 1, nil)
	give(told[4], 1, keys.ErrShareThere)
	give(older[0], 1, keys.ErrShareForeign)
	give(secret.New(mistyped), 1, keys.ErrShare)
	give(secret.New([]byte("nonsense")), 1, keys.ErrShare)
	give(told[1], 2, nil)
	if err := r.Usable(); !errors.Is(err, keys.ErrVaultSealed) {
		t.Fatalf("two of three open it: %v", err)
	}
	v.must(r.Forget(v.ctx, "a test"))
	give(told[1], 1, nil)
	give(told[2], 2, nil)
	give(told[0], 3, nil)
	v.holdsAll(r, what)
	_, err := r.RekeyRoot(v.ctx, "a test")
	v.must(err)
	v.holdsAll(v.ring, what) // another process follows to the next root key
}

func TestWrongSharesAreLimited(t *testing.T) {
	v := newVault(t, emptySQLite(t))
	told, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.Shares, Shares: 2, Threshold: 2}, "a test")
	v.must(err)
	for range 10 {
		if _, err := v.ring.Confirm(v.ctx, secret.New([]byte("nonsense")), "a test"); !errors.Is(err, keys.ErrShare) {
			t.Fatal(err)
		}
	}
	if _, err := v.ring.Confirm(v.ctx, told[0], "a test"); !errors.Is(err, keys.ErrTries) {
		t.Fatal(err)
	}
}

// Invariant 7.
func TestOlderDatabaseLendsNothingUntilThatIsAccepted(t *testing.T) {
	dir := t.TempDir()
	v, what := filled(t, Config{Dir: dir}, 1, 1)
	at := keys.Place{Safe: 1, Secret: 50, Version: 50}
	v.must(v.ring.Look(v.ctx))
	_, err := v.db.w.ExecContext(v.ctx, `vacuum into $1`, filepath.Join(dir, "older.db"))
	v.must(err)
	v.must(v.put(v.ring, at, "newer"))
	v.must(v.ring.Look(v.ctx))
	v.must(v.db.Close())
	for _, name := range []string{"writ.db-wal", "writ.db-shm"} {
		_ = os.Remove(filepath.Join(dir, name))
	}
	v.must(os.Rename(filepath.Join(dir, "older.db"), filepath.Join(dir, "writ.db")))
	v.db = openStore(t, v.cfg)

	r := v.newRing()
	v.must(r.OpenItself(v.ctx))
	refused := func(r *keys.Ring) {
		t.Helper()
		for at := range what {
			if _, err := v.read(r, at); !errors.Is(err, keys.ErrRolledBack) {
				t.Fatalf("it lends: %v", err)
			}
			if err := v.put(r, at, "x"); !errors.Is(err, keys.ErrRolledBack) {
				t.Fatalf("it takes: %v", err)
			}
		}
	}
	refused(r)
	v.must(r.Look(v.ctx))
	refused(r)
	// What is written otherwise, or by a node that has seen nothing, hides nothing.
	elsewhere, err := keys.New(keys.Config{Store: v.db.VaultKeys(), Dir: t.TempDir()})
	v.must(err)
	for range 5 {
		v.must(v.db.VaultKeys().Record(v.ctx, "seal", nil, "a test"))
	}
	v.must(elsewhere.Look(v.ctx))
	v.must(r.Look(v.ctx))
	refused(r)
	if err := elsewhere.AcceptRollback(v.ctx, "a test"); !errors.Is(err, keys.ErrNotRolledBack) {
		t.Fatalf("where it is not older: %v", err)
	}
	second := v.newRing() // of a node that has seen the newer one too
	v.must(second.OpenItself(v.ctx))
	v.must(r.AcceptRollback(v.ctx, "the newest backup is lost"))
	v.holdsAll(r, what)
	v.must(second.Look(v.ctx))
	v.holdsAll(second, what)
	if err := r.AcceptRollback(v.ctx, "again"); !errors.Is(err, keys.ErrNotRolledBack) {
		t.Fatal(err)
	}
}

// Invariant 8: what the seal takes is not there, or not as it must be.
func TestLesson20_SealThatCannotBeUsedRefusesToStart(t *testing.T) {
	v := newVault(t, emptySQLite(t))
	files, err := filepath.Glob(filepath.Join(v.cfg.Dir, "vault-*.key"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	v.must(os.Chmod(files[0], 0o644)) //nolint:gosec // that is the case
	if err := v.newRing().OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("a key file that others can read: %v", err)
	}
	v.must(os.WriteFile(files[0], []byte("garbage"), 0o600))
	v.must(os.Chmod(files[0], 0o600))
	if err := v.newRing().OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("garbage: %v", err)
	}
	v.must(os.Remove(files[0]))
	if err := v.newRing().OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("no key file: %v", err)
	}
}
