package keys

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What keeps the vault from being used, or changed.
var (
	ErrVaultSealed      = fault.New(fault.Unavailable, "vault-sealed", "the vault is sealed: somebody has to open it with 'writ unseal'")
	ErrNoVault          = fault.New(fault.Conflict, "vault-not-initialised", "there is no vault yet: make it with 'writ vault init'")
	ErrVaultThere       = fault.New(fault.Conflict, "vault-initialised", "the vault is there already")
	ErrRolledBack       = fault.New(fault.Unavailable, "vault-rolled-back", "the database is older than what this node has seen: it lends nothing until somebody accepts that with 'writ vault accept-rollback'")
	ErrNotRolledBack    = fault.New(fault.Conflict, "vault-not-rolled-back", "the database is not older than what this node has seen")
	ErrTampered         = fault.New(fault.Invalid, "vault-tampered", "what lies in the vault was changed, was moved from its place, or is under another key")
	ErrKeyRetired       = fault.New(fault.Conflict, "vault-key-retired", "the key was changed meanwhile: do it again")
	ErrNoSafeKey        = fault.New(fault.Conflict, "vault-no-safe-key", "the safe has no such key")
	ErrSeal             = fault.New(fault.Invalid, "vault-seal", "the vault's seal cannot be used")
	ErrSealKind         = fault.New(fault.Invalid, "vault-seal-kind", "a seal is file, passphrase, shares, pkcs11 or kms")
	ErrSealAway         = fault.New(fault.Unavailable, "vault-seal-away", "the key service that seals the vault does not open it now: look there; a node tries again by itself")
	ErrPassphrase       = fault.New(fault.Denied, "vault-passphrase", "this does not open the vault")
	ErrTries            = fault.New(fault.Unavailable, "vault-tries", "too many wrong ones: wait ten minutes")
	ErrSealBusy         = fault.New(fault.Conflict, "vault-rekey-under-way", "another change of the vault's keys is under way: end that one first")
	ErrNothingToConfirm = fault.New(fault.Conflict, "vault-nothing-to-confirm", "no sharing waits for being confirmed")
	ErrSeen             = fault.New(fault.Invalid, "vault-seen", "what this node has seen of the vault cannot be read")
	ErrVaultOpen        = fault.New(fault.Conflict, "vault-open", "the vault is open already")
)

// Vault is what is kept of the hierarchy's top.
type Vault struct {
	Instance       []byte
	Root, NextRoot int64 // generation in force; the one to be next, or 0
	Seal, NextSeal int64
	Epoch          int64 // raised where somebody accepts an older database
	Seals          []SealRow
	Roots          []RootRow
}

// SealRow is what the root key is locked with.
type SealRow struct {
	ID     int64
	Kind   Kind
	Params string
	MadeAt access.Time
}

// RootRow is a root key, as a seal has locked it.
type RootRow struct {
	Generation, Seal int64
	Sealed           []byte
}

func (v *Vault) seal(id int64) (SealRow, bool) {
	for _, s := range v.Seals {
		if s.ID == id {
			return s, true
		}
	}
	return SealRow{}, false
}

func (v *Vault) root(generation, seal int64) (RootRow, bool) {
	for _, r := range v.Roots {
		if r.Generation == generation && r.Seal == seal {
			return r, true
		}
	}
	return RootRow{}, false
}

// Store is what the ring needs from the database.
type Store interface {
	// Vault reads the hierarchy's top, or returns ErrNoVault.
	Vault(ctx context.Context) (Vault, error)
	// SafeKey reads the key of a safe that the root key in force wraps; generation 0 is the
	// one that is written with.
	SafeKey(ctx context.Context, safe access.SafeID, generation int64) (SafeKey, error)
	// Init keeps the first root key and its seal, or returns ErrVaultThere.
	Init(ctx context.Context, v Vault, reason string) error
	// Count tells how many safes have a key, and how many keys the next root key wraps.
	Count(ctx context.Context) (safes, wrapped int64, err error)
	// Record records what was done to the vault and changes nothing in the database.
	Record(ctx context.Context, action string, facts map[string]string, reason string) error

	RootStore
	SafeStore
	MarkStore

	// ChangeSeal keeps a root key under another seal: beside the one in force until it is
	// confirmed, or instead of it at once. It returns ErrSealBusy where the root key is being
	// changed, and ErrKeyRetired where from is not in force.
	ChangeSeal(ctx context.Context, from int64, s SealRow, root RootRow, confirm bool, reason string) error
	// ConfirmSeal puts the seal that is to be next in force, and lets go of the one before.
	ConfirmSeal(ctx context.Context, id int64, reason string) error
	// CancelSeal lets go of the one that is to be next.
	CancelSeal(ctx context.Context, reason string) error
}

// RootStore is what changing the root key needs.
type RootStore interface {
	// BeginRoot keeps the root key that is to be next, or returns ErrSealBusy.
	BeginRoot(ctx context.Context, from int64, next RootRow, reason string) error
	// SafeKeysUnder reads safes' keys that one root key wraps and another does not yet.
	SafeKeysUnder(ctx context.Context, root, next int64, most int) ([]SafeKey, error)
	// KeepSafeKeys keeps safes' keys as the next root key wraps them.
	KeepSafeKeys(ctx context.Context, next int64, list []SafeKey) error
	// SwitchRoot puts the next root key in force. Where it does not wrap all yet, it is
	// ErrKeyRetired.
	SwitchRoot(ctx context.Context, next int64, reason string) error
	// DropSafeKeys lets go of what root keys before the one in force wrap, some at a time.
	DropSafeKeys(ctx context.Context, most int) (int64, error)
}

// SafeStore is what changing a safe's key needs.
type SafeStore interface {
	// Generations tells which generation of a safe's key is written with, and which is the
	// oldest that there is.
	Generations(ctx context.Context, safe access.SafeID) (now, oldest int64, err error)
	// Unfinished are safes with versions, or keys, of a generation before.
	Unfinished(ctx context.Context, most int) ([]access.SafeID, error)
	// NextSafeKey makes a key the one that its safe is written with.
	NextSafeKey(ctx context.Context, k SafeKey, reason string) error
	// SealedBefore reads versions whose data key is wrapped by a generation before, without
	// what they encrypt.
	SealedBefore(ctx context.Context, safe access.SafeID, generation int64, most int) ([]Wrapped, error)
	// Rewrap keeps data keys as the next generation wraps them, where they are still as they
	// were read.
	Rewrap(ctx context.Context, safe access.SafeID, generation int64, list []Wrapped) error
	// DropGenerations lets go of the safe's keys before, where nothing needs them.
	DropGenerations(ctx context.Context, safe access.SafeID, generation int64) error
}

// Wrapped is a version's data key.
type Wrapped struct {
	At         Place
	Generation int64 // that wraps it, as it was read
	Key        []byte
}

// MarkStore is what knowing an older database needs.
type MarkStore interface {
	// Newest is the mark of the newest write, and how long the audit log is.
	Newest(ctx context.Context) (Seen, error)
	// Has reports whether a mark is there.
	Has(ctx context.Context, s Seen) (bool, error)
	// AcceptRollback raises the epoch above what is given.
	AcceptRollback(ctx context.Context, above int64, reason string) error
}
