package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// Kind is what the root key is locked with.
type Kind string

// The kinds of seal.
const (
	File       Kind = "file"       // a key file in the data directory: for development
	Passphrase Kind = "passphrase" // what somebody remembers
	Shares     Kind = "shares"     // so many of several people
	PKCS11     Kind = "pkcs11"     // a hardware token
	KMS        Kind = "kms"        // a key service
)

// Kinds are all of them.
var Kinds = []Kind{File, Passphrase, Shares, PKCS11, KMS}

// opensItself reports whether nobody has to be there.
func (k Kind) opensItself() bool { return k == File || k == PKCS11 || k == KMS }

// lock locks a root key.
type lock interface {
	seal(plain, place []byte) ([]byte, error)
	open(sealed, place []byte) ([]byte, error)
	close()
}

// keyLock is a lock that is a key in memory.
type keyLock struct{ key }

func (l keyLock) seal(plain, place []byte) ([]byte, error)  { return l.wrap(plain, place) }
func (l keyLock) open(sealed, place []byte) ([]byte, error) { return l.unwrap(sealed, place) }
func (l keyLock) close()                                    { clear(l.key) }

// Request says what a vault is to be sealed with.
type Request struct {
	Kind       Kind
	Passphrase secret.Secret
	Shares     int // made
	Threshold  int // of them that open it
}

// fresh makes the bytes of a secret random.
func fresh(s secret.Secret) { _, _ = rand.Read(s.Reveal()) }

const instanceSize = 16

// Init makes the root key and locks it. The vault is open then. It returns the shares,
// where there are such: nobody can have them again.
func (r *Ring) Init(ctx context.Context, q Request, reason string) ([]secret.Secret, error) {
	if _, err := r.store.Vault(ctx); !errors.Is(err, ErrNoVault) {
		if err == nil {
			err = ErrVaultThere
		}
		return nil, err
	}
	v := Vault{Instance: make([]byte, instanceSize), Root: 1, Seal: 1, Epoch: 1}
	_, _ = rand.Read(v.Instance)
	o := newOpened(v.Instance)
	row, told, err := r.newLock(ctx, o, 1, q)
	if err != nil {
		o.close()
		return nil, err
	}
	v.Seals = []SealRow{row}
	o.seal, o.rootAt, o.root = 1, 1, o.memory.random()
	sealed, err := o.lock.seal(o.root, rootPlace(v.Instance, 1, 1))
	if err == nil {
		v.Roots = []RootRow{{1, 1, sealed}}
		err = r.store.Init(ctx, v, reason)
	}
	if err != nil {
		o.close()
		r.dropped(row)
		return nil, fmt.Errorf("making the vault: %w", err)
	}
	return told, r.take(ctx, o)
}

func newOpened(instance []byte) *opened {
	return &opened{instance: instance, safes: map[generation]key{}, current: map[access.SafeID]int64{}}
}

func (o *opened) close() {
	if o.lock != nil {
		o.lock.close()
	}
	o.memory.wipe()
}

// newLock makes a new lock of the kind that is asked for, in the memory of o.
func (r *Ring) newLock(ctx context.Context, o *opened, id int64, q Request) (row SealRow, told []secret.Secret, err error) {
	row = SealRow{ID: id, Kind: q.Kind}
	switch q.Kind {
	case File:
		o.lock, row.Params, err = r.newFile(o)
	case Passphrase:
		o.lock, row.Params, err = newPassphrase(o, q.Passphrase)
	case Shares:
		o.lock, row.Params, told, err = newSharing(o, o.instance, q.Shares, q.Threshold)
	case PKCS11:
		o.lock, row.Params, err = r.newToken()
	case KMS:
		o.lock, row.Params, err = r.newKMS(ctx, o, id)
	default:
		err = ErrSealKind
	}
	return row, told, err
}

// dropped takes away what lies beside the database of a seal that is in force no longer.
func (r *Ring) dropped(s SealRow) {
	if s.Kind == File {
		r.removeFile(s)
	}
}

// OpenItself opens the vault where that needs nobody. Sealed for people, or not there
// yet, it stays as it is. Where its key service is away it is ErrSealAway: Run tries again.
func (r *Ring) OpenItself(ctx context.Context) error {
	err := r.openItself(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, ErrSealAway) {
		r.away.failed(r.now(), err)
	} else {
		r.away = away{}
	}
	return err
}

func (r *Ring) openItself(ctx context.Context) error {
	v, err := r.store.Vault(ctx)
	if errors.Is(err, ErrNoVault) {
		return nil
	}
	if err != nil {
		return err
	}
	s, ok := v.seal(v.Seal)
	if !ok {
		return ErrTampered
	}
	if !s.Kind.opensItself() {
		return nil
	}
	o := newOpened(v.Instance)
	o.seal, o.rootAt = v.Seal, v.Root
	if o.lock, err = r.openBySelf(ctx, o, s); err == nil {
		o.root, err = o.unsealRoot(&v, v.Root)
	}
	if err != nil {
		o.close()
		return err
	}
	return r.take(ctx, o)
}

// openBySelf makes the lock of a seal that needs nobody.
func (r *Ring) openBySelf(ctx context.Context, o *opened, s SealRow) (lock, error) {
	switch s.Kind {
	case File:
		return r.openFile(o, s)
	case PKCS11:
		return r.openToken(s)
	case KMS:
		return r.openKMS(ctx, o, s)
	default:
		return nil, ErrSealKind
	}
}

// take makes o the ring, once it is known whether the database is an older one.
func (r *Ring) take(ctx context.Context, o *opened) error {
	if err := r.Look(ctx); err != nil {
		o.close()
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wipe()
	r.open, r.away = o, away{}
	return nil
}
