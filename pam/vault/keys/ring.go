package keys

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// Config is what a ring needs.
type Config struct {
	Store Store
	Dir   string           // the data directory: a key file, and what this node has seen
	Now   func() time.Time // nil is the clock
	// Token is the hardware token that this node's own configuration names; nil is none.
	Token *Token
	// KMS is the key service that it names; nil is none.
	KMS *KeyService
}

// Ring is the keys of the vault that are open in this process. One is for all.
type Ring struct {
	store Store
	dir   string
	now   func() time.Time
	token *Token
	kms   *KeyService

	mu     sync.RWMutex
	open   *opened // nil while the vault is sealed
	behind bool    // the database is older than what this node has seen
	away   away    // why it did not open by itself
	wiped  []func()

	looking  sync.Mutex // guards the file of what was seen
	rekeying sync.Mutex // one change of keys at a time in this process

	unsealing  sync.Mutex // guards what follows
	attempts   map[int64]*attempt
	wrong      int
	wrongUntil time.Time
}

// opened is the ring of an open vault. The ring's lock guards it.
type opened struct {
	memory   memory
	instance []byte
	seal     int64
	lock     lock // what opens the next root key too; nil where the seal was changed elsewhere
	rootAt   int64
	root     key
	safes    map[generation]key
	current  map[access.SafeID]int64
}

type generation struct {
	safe access.SafeID
	n    int64
}

// maxSafeKeys is how many safes' keys are kept unwrapped.
const maxSafeKeys = 4096

// New makes a ring that is sealed.
func New(c Config) (*Ring, error) {
	if c.Store == nil || c.Dir == "" {
		return nil, errors.New("a ring of keys needs a store and a data directory")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Ring{store: c.Store, dir: c.Dir, now: c.Now, token: c.Token, kms: c.KMS, attempts: map[int64]*attempt{}}, nil
}

// Shut seals the vault in this process. Others have a ring of their own.
func (r *Ring) Shut(ctx context.Context, reason string) error {
	err := r.store.Record(ctx, "seal", nil, reason)
	r.Wipe() // whether or not it could be recorded: nothing is opened by it
	r.mu.Lock()
	r.away = away{} // whoever seals it wants it so
	r.mu.Unlock()
	return err
}

// OnWipe has fn called whenever the keys are overwritten: what was opened by them is to be
// as well. It is called while the ring is locked, and so asks nothing of it.
func (r *Ring) OnWipe(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wiped = append(r.wiped, fn)
}

// Wipe overwrites every key, as when the process stops.
func (r *Ring) Wipe() {
	r.unsealing.Lock()
	r.forgetAttempts()
	r.unsealing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wipe()
}

func (r *Ring) wipe() {
	for _, fn := range r.wiped {
		fn()
	}
	if r.open == nil {
		return
	}
	if r.open.lock != nil {
		r.open.lock.close()
	}
	r.open.memory.wipe()
	r.open = nil
}

// usable reports why nothing is opened, or nil. Whoever calls holds the lock.
func (r *Ring) usable() error {
	switch {
	case r.behind:
		return ErrRolledBack
	case r.open == nil && r.away.why != "":
		return ErrVaultSealed.With("the vault is sealed: its key service does not open it now, and is asked again")
	case r.open == nil:
		return ErrVaultSealed
	}
	return nil
}

// Usable reports why the vault opens nothing now, or nil.
func (r *Ring) Usable() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.usable()
}

// NewSafe makes the key of a new safe. Whoever keeps the safe keeps it in the same
// transaction, which may find that the root key was changed meanwhile: ErrKeyRetired.
func (r *Ring) NewSafe(ctx context.Context, id access.SafeID) (SafeKey, error) {
	return r.nextSafeKey(ctx, id, 1)
}

func (r *Ring) nextSafeKey(ctx context.Context, id access.SafeID, n int64) (SafeKey, error) {
	if err := r.refresh(ctx); err != nil {
		return SafeKey{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.usable(); err != nil {
		return SafeKey{}, err
	}
	o := r.open
	made := o.memory.random()
	defer o.memory.forget(made)
	k := SafeKey{Safe: id, Generation: n, Root: o.rootAt}
	var err error
	k.Wrapped, err = o.root.wrap(made, safePlace(o.instance, k))
	return k, err
}

// Seal encrypts a version of a secret for its place, under a data key of its own.
// Whoever keeps it may find that the safe's key was changed meanwhile: ErrKeyRetired.
func (r *Ring) Seal(ctx context.Context, at Place, plain secret.Secret) (s Sealed, err error) {
	err = r.with(ctx, at.Safe, 0, func(o *opened, n int64, safe key) error {
		data := secret.New(make([]byte, keySize))
		defer data.Wipe()
		fresh(data)
		s.Generation = n
		if s.Key, err = safe.wrap(data.Reveal(), dataPlace(o.instance, at, n)); err != nil {
			return err
		}
		s.Text, err = key(data.Reveal()).wrap(plain.Reveal(), textPlace(o.instance, at))
		return err
	})
	if err != nil {
		return Sealed{}, err
	}
	return s, nil
}

// Open decrypts a version of a secret. Whoever asked wipes it after one use.
func (r *Ring) Open(ctx context.Context, at Place, s Sealed) (plain secret.Secret, err error) {
	err = r.with(ctx, at.Safe, s.Generation, func(o *opened, n int64, safe key) error {
		data, err := safe.unwrap(s.Key, dataPlace(o.instance, at, n))
		if err != nil {
			return err
		}
		defer clear(data)
		text, err := key(data).unwrap(s.Text, textPlace(o.instance, at))
		if err != nil {
			return err
		}
		defer clear(text)
		plain = secret.New(text)
		return nil
	})
	return plain, err
}

// Stale forgets which generation of a safe's key is written with: the store says that it
// is another one.
func (r *Ring) Stale(safe access.SafeID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open != nil {
		delete(r.open.current, safe)
	}
}

// tries is how often something that met a key that was changed meanwhile is done. Before each
// it waits longer, half a second in all: keys may be changed one after another for a while.
const tries = 12

// Again calls fn until it meets no key that was changed meanwhile, so often at most.
func (r *Ring) Again(safe access.SafeID, fn func() error) error {
	var err error
	for n := range tries {
		if n > 0 {
			<-time.After(time.Duration(n*n) * time.Millisecond)
		}
		if err = fn(); !errors.Is(err, ErrKeyRetired) {
			return err
		}
		r.Stale(safe)
	}
	return err
}

// with calls fn with a safe's key, generation 0 being the one that is written with. The
// keys stay where they are until it returns.
func (r *Ring) with(ctx context.Context, safe access.SafeID, n int64, fn func(o *opened, n int64, k key) error) error {
	for range 3 {
		done, err := r.cached(safe, n, fn)
		if done || err != nil {
			return err
		}
		if err := r.load(ctx, safe, n); err != nil {
			return fmt.Errorf("opening the key of safe %s: %w", safe, err)
		}
	}
	return ErrKeyRetired
}

func (r *Ring) cached(safe access.SafeID, n int64, fn func(o *opened, n int64, k key) error) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := r.usable(); err != nil {
		return false, err
	}
	if n == 0 {
		n = r.open.current[safe]
	}
	k, ok := r.open.safes[generation{safe, n}]
	if !ok {
		return false, nil
	}
	return true, fn(r.open, n, k)
}

// load unwraps a safe's key.
func (r *Ring) load(ctx context.Context, safe access.SafeID, n int64) error {
	row, err := r.store.SafeKey(ctx, safe, n)
	if err != nil {
		return err
	}
	if row.Safe != safe || n != 0 && row.Generation != n {
		return ErrTampered
	}
	r.mu.RLock()
	other := r.open != nil && r.open.rootAt != row.Root
	r.mu.RUnlock()
	if other {
		if err := r.refresh(ctx); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	if r.open.rootAt != row.Root {
		return nil // it was changed once more: with asks again
	}
	return r.open.add(row, n == 0)
}

// add unwraps a safe's key into the ring.
func (o *opened) add(row SafeKey, current bool) error {
	plain, err := o.root.unwrap(row.Wrapped, safePlace(o.instance, row))
	if err != nil {
		return err
	}
	at := generation{row.Safe, row.Generation}
	if len(o.safes) >= maxSafeKeys {
		o.forgetSafes()
	}
	k, err := o.memory.keep(plain)
	if err != nil {
		return err
	}
	o.memory.forget(o.safes[at])
	o.safes[at] = k
	if current {
		o.current[row.Safe] = row.Generation
	}
	return nil
}

func (o *opened) forgetSafes() {
	for _, k := range o.safes {
		o.memory.forget(k)
	}
	clear(o.safes)
	clear(o.current)
}

// refresh takes up another root key that is in force since, as where another node has
// changed it. What it cannot open seals the vault in this process.
func (r *Ring) refresh(ctx context.Context) error {
	v, err := r.store.Vault(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	o := r.open
	if o.rootAt == v.Root {
		return nil
	}
	if o.lock == nil || o.seal != v.Seal {
		r.wipe()
		return ErrVaultSealed.With("the root key was changed under another seal: open the vault again with 'writ unseal'")
	}
	root, err := o.unsealRoot(&v, v.Root)
	if err != nil {
		r.wipe()
		return err
	}
	o.memory.forget(o.root)
	o.root, o.rootAt = root, v.Root
	return nil
}

// unsealRoot opens a root key with the ring's own seal.
func (o *opened) unsealRoot(v *Vault, n int64) (key, error) {
	row, ok := v.root(n, o.seal)
	if !ok {
		return nil, ErrTampered.With("there is no root key %d under seal %d", n, o.seal)
	}
	plain, err := o.lock.open(row.Sealed, rootPlace(o.instance, n, o.seal))
	if err != nil {
		return nil, err
	}
	return o.memory.keep(plain)
}
