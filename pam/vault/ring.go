package vault

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

// Ring seals and opens; a sealed vault does neither. It is a *keys.Ring.
type Ring interface {
	// Usable reports why nothing is opened, or nil.
	Usable() error
	// NewSafe makes the first key of a safe.
	NewSafe(ctx context.Context, id access.SafeID) (keys.SafeKey, error)
	Seal(ctx context.Context, at keys.Place, plain secret.Secret) (keys.Sealed, error)
	Open(ctx context.Context, at keys.Place, s keys.Sealed) (secret.Secret, error)
	// Again calls fn until it meets no key that was changed meanwhile.
	Again(safe access.SafeID, fn func() error) error
}

var _ Ring = (*keys.Ring)(nil)
