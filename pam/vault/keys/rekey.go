package keys

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// batch is how many keys are wrapped anew in one transaction: it stays short.
const batch = 100

// Rekeyed is how a change of keys ended.
type Rekeyed struct {
	Generation int64
	Keys       int64 // wrapped anew
	Resumed    bool  // it had been begun before
}

// RekeyRoot makes another root key and puts it in force once it wraps all safes' keys.
// Begun before and not ended, it goes on.
func (r *Ring) RekeyRoot(ctx context.Context, reason string) (done Rekeyed, err error) {
	r.rekeying.Lock()
	defer r.rekeying.Unlock()
	if err := r.refresh(ctx); err != nil {
		return done, err
	}
	v, err := r.store.Vault(ctx)
	if err != nil {
		return done, err
	}
	if v.NextSeal != 0 {
		return done, ErrSealBusy
	}
	done.Generation, done.Resumed = v.NextRoot, v.NextRoot != 0
	if !done.Resumed {
		done.Generation = v.Root + 1
		if err := r.beginRoot(ctx, &v, reason); err != nil {
			return done, err
		}
		if v, err = r.store.Vault(ctx); err != nil {
			return done, err
		}
	}
	for {
		n, err := r.wrapSafes(ctx, &v)
		done.Keys += n
		if err != nil {
			return done, fmt.Errorf("wrapping safes' keys anew: %w", err)
		}
		if err = r.store.SwitchRoot(ctx, v.NextRoot, reason); err == nil {
			break
		} else if !errors.Is(err, ErrKeyRetired) {
			return done, err
		}
	}
	if err := r.refresh(ctx); err != nil {
		return done, err
	}
	return done, r.dropSafes(ctx)
}

func (r *Ring) beginRoot(ctx context.Context, v *Vault, reason string) error {
	r.mu.Lock()
	next, err := func() (RootRow, error) {
		defer r.mu.Unlock()
		if err := r.usable(); err != nil {
			return RootRow{}, err
		}
		o := r.open
		if o.lock == nil || o.seal != v.Seal {
			return RootRow{}, ErrVaultSealed.With("the seal was changed elsewhere: seal and open the vault again, then change the root key")
		}
		made := o.memory.random()
		defer o.memory.forget(made)
		sealed, err := o.lock.seal(made, rootPlace(o.instance, v.Root+1, o.seal))
		return RootRow{v.Root + 1, o.seal, sealed}, err
	}()
	if err != nil {
		return err
	}
	return r.store.BeginRoot(ctx, v.Root, next, reason)
}

// wrapSafes wraps what the next root key does not wrap yet.
func (r *Ring) wrapSafes(ctx context.Context, v *Vault) (n int64, err error) {
	for {
		list, err := r.store.SafeKeysUnder(ctx, v.Root, v.NextRoot, batch)
		if err != nil || len(list) == 0 {
			return n, err
		}
		if err := r.rewrapSafes(v, list); err != nil {
			return n, err
		}
		if err := r.store.KeepSafeKeys(ctx, v.NextRoot, list); err != nil {
			return n, err
		}
		n += int64(len(list))
	}
}

func (r *Ring) rewrapSafes(v *Vault, list []SafeKey) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	o := r.open
	if o.rootAt != v.Root {
		return ErrKeyRetired
	}
	next, err := o.unsealRoot(v, v.NextRoot)
	if err != nil {
		return err
	}
	defer o.memory.forget(next)
	for i, k := range list {
		plain, err := o.root.unwrap(k.Wrapped, safePlace(o.instance, k))
		if err != nil {
			return fmt.Errorf("safe %s, generation %d: %w", k.Safe, k.Generation, err)
		}
		k.Root = v.NextRoot
		k.Wrapped, err = next.wrap(plain, safePlace(o.instance, k))
		clear(plain)
		if err != nil {
			return err
		}
		list[i] = k
	}
	return nil
}

func (r *Ring) dropSafes(ctx context.Context) error {
	for {
		if n, err := r.store.DropSafeKeys(ctx, batch); err != nil || n == 0 {
			return err
		}
	}
}

// RekeySafe makes another key for a safe, and wraps the data keys of its versions anew.
// Begun before and not ended, it goes on. What is written meanwhile is under the new one.
func (r *Ring) RekeySafe(ctx context.Context, safe access.SafeID, reason string) (done Rekeyed, err error) {
	r.rekeying.Lock()
	defer r.rekeying.Unlock()
	now, oldest, err := r.store.Generations(ctx, safe)
	if err != nil {
		return done, err
	}
	done.Generation, done.Resumed = now, oldest < now
	if !done.Resumed {
		done.Generation = now + 1
		err := r.Again(safe, func() error {
			k, err := r.nextSafeKey(ctx, safe, done.Generation)
			if err != nil {
				return err
			}
			return r.store.NextSafeKey(ctx, k, reason)
		})
		if err != nil {
			return done, err
		}
	}
	r.Stale(safe)
	for {
		list, err := r.store.SealedBefore(ctx, safe, done.Generation, batch)
		if err != nil {
			return done, err
		}
		if len(list) == 0 {
			return done, r.store.DropGenerations(ctx, safe, done.Generation)
		}
		for i := range list {
			if list[i].Key, err = r.rewrap(ctx, list[i], done.Generation); err != nil {
				return done, fmt.Errorf("version %s: %w", list[i].At.Version, err)
			}
		}
		if err := r.store.Rewrap(ctx, safe, done.Generation, list); err != nil {
			return done, err
		}
		done.Keys += int64(len(list))
	}
}

// rewrap wraps a data key by another generation of its safe's key.
func (r *Ring) rewrap(ctx context.Context, w Wrapped, to int64) (wrapped []byte, err error) {
	var data []byte
	defer func() { clear(data) }()
	err = r.with(ctx, w.At.Safe, w.Generation, func(o *opened, n int64, k key) error {
		data, err = k.unwrap(w.Key, dataPlace(o.instance, w.At, n))
		return err
	})
	if err != nil {
		return nil, err
	}
	err = r.with(ctx, w.At.Safe, to, func(o *opened, n int64, k key) error {
		wrapped, err = k.wrap(data, dataPlace(o.instance, w.At, n))
		return err
	})
	return wrapped, err
}

// Resume ends what was begun and not ended, as by a process that was killed.
func (r *Ring) Resume(ctx context.Context) error {
	v, err := r.store.Vault(ctx)
	if err != nil {
		return err
	}
	if v.NextRoot != 0 {
		if _, err := r.RekeyRoot(ctx, "it was begun before"); err != nil {
			return err
		}
	}
	list, err := r.store.Unfinished(ctx, batch)
	if err != nil {
		return err
	}
	for _, safe := range list {
		if _, err := r.RekeySafe(ctx, safe, "it was begun before"); err != nil {
			return err
		}
	}
	return r.dropSafes(ctx)
}

// RekeySeal locks the root key with something else. Shares are in force once enough of
// them were given to Confirm: until then the seal before opens the vault.
func (r *Ring) RekeySeal(ctx context.Context, q Request, reason string) ([]secret.Secret, error) {
	r.rekeying.Lock()
	defer r.rekeying.Unlock()
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	v, err := r.store.Vault(ctx)
	if err != nil {
		return nil, err
	}
	made := newOpened(v.Instance)
	row, told, err := r.newLock(ctx, made, max(v.Seal, v.NextSeal)+1, q)
	if err != nil {
		made.close()
		return nil, err
	}
	made.seal = row.ID
	root, err := r.lockRoot(made, &v)
	if err == nil {
		err = r.store.ChangeSeal(ctx, v.Seal, row, root, q.Kind == Shares, reason)
	}
	if err != nil {
		made.close()
		r.dropped(row)
		return nil, err
	}
	if q.Kind == Shares {
		made.close()
		return told, nil
	}
	return nil, r.swapSeal(made, &v)
}

// lockRoot locks the root key that is in force with a lock that was made, and looks that it
// opens again.
func (r *Ring) lockRoot(made *opened, v *Vault) (RootRow, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := r.usable(); err != nil {
		return RootRow{}, err
	}
	if r.open.rootAt != v.Root {
		return RootRow{}, ErrKeyRetired
	}
	place := rootPlace(v.Instance, v.Root, made.seal)
	sealed, err := made.lock.seal(r.open.root, place)
	if err != nil {
		return RootRow{}, err
	}
	again, err := made.lock.open(sealed, place)
	defer clear(again)
	if err != nil || subtle.ConstantTimeCompare(again, r.open.root) != 1 {
		return RootRow{}, ErrSeal.With("what the new seal locks does not open again").Because(err)
	}
	return RootRow{v.Root, made.seal, sealed}, nil
}

// swapSeal makes a lock that was put in force the ring's own.
func (r *Ring) swapSeal(made *opened, v *Vault) error {
	if old, ok := v.seal(v.Seal); ok {
		r.dropped(old)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		made.close()
		return nil
	}
	o := r.open
	if o.lock != nil {
		o.lock.close()
	}
	o.seal, o.lock = made.seal, made.lock
	if l, ok := made.lock.(keyLock); ok {
		k := o.memory.room()
		copy(k, l.key)
		o.lock = keyLock{k}
	}
	made.memory.wipe()
	return nil
}

// Confirm takes one share of a sharing that is to be in force next. With enough of them it
// is, and those before open nothing any more.
func (r *Ring) Confirm(ctx context.Context, given secret.Secret, reason string) (Progress, error) {
	r.rekeying.Lock()
	defer r.rekeying.Unlock()
	r.unsealing.Lock()
	defer r.unsealing.Unlock()
	if err := r.refresh(ctx); err != nil {
		return Progress{}, err
	}
	v, err := r.store.Vault(ctx)
	switch {
	case err != nil:
		return Progress{}, err
	case v.NextSeal == 0:
		return Progress{}, ErrNothingToConfirm
	}
	return r.give(ctx, &v, v.NextSeal, given, func(made *opened, _ map[string]string) error {
		if err := r.store.ConfirmSeal(ctx, v.NextSeal, reason); err != nil {
			made.close()
			return err
		}
		return r.swapSeal(made, &v)
	}, reason)
}

// CancelSeal lets go of a sharing that was not confirmed.
func (r *Ring) CancelSeal(ctx context.Context, reason string) error {
	return r.store.CancelSeal(ctx, reason)
}
