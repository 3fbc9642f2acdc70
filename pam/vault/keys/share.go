package keys

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/share"
)

// What can be wrong with a share.
var (
	ErrShare        = fault.New(fault.Invalid, "vault-share", "this is no share, or it was mistyped: look at it again")
	ErrShareForeign = fault.New(fault.Invalid, "vault-share-foreign", "this share is of another vault, or of a sharing that is in force no longer")
	ErrShareThere   = fault.New(fault.Conflict, "vault-share-there", "this share was given already: another one is needed")
	ErrShareWrong   = fault.New(fault.Denied, "vault-share-wrong", "this share is not one of those that were made")
)

// shareForm is how the shares of a vault are written.
var shareForm = share.Form{Prefix: "writ-share-", Check: "writ.vault.share.1\x00", ID: 8}

// newSharing shares a random key among people.
func newSharing(o *opened, instance []byte, n, threshold int) (lock, string, []secret.Secret, error) {
	p, shared, told, err := shareForm.Split(n, threshold, func(share.Sharing, []byte) ([]byte, error) {
		id := make([]byte, shareForm.ID)
		_, _ = rand.Read(id)
		return id, nil
	})
	if errors.Is(err, share.ErrCount) {
		err = ErrSeal.With("%s", share.ErrCount)
	}
	if err != nil {
		return nil, "", nil, err
	}
	defer clear(shared)
	l, err := lockOf(p, o, instance, shared)
	if err != nil {
		return nil, "", nil, err
	}
	params, err := json.Marshal(p)
	return l, string(params), told, err
}

// lockOf makes the key that locks the root key of what is shared.
func lockOf(p share.Sharing, o *opened, instance, shared []byte) (lock, error) {
	kek, err := hkdf.Key(sha256.New, shared, p.ID, "writ.vault.shares.1\x00"+string(instance), keySize)
	if err != nil {
		return nil, err
	}
	k, err := o.memory.keep(kek)
	return keyLock{k}, err
}

func readSharing(s SealRow) (p share.Sharing, err error) {
	if err := json.Unmarshal([]byte(s.Params), &p); err != nil {
		return p, ErrTampered.With("the seal's parameters cannot be read")
	}
	if err := shareForm.Valid(p); err != nil {
		return p, ErrTampered.Because(err)
	}
	return p, nil
}

// readShare reads a share that somebody gives, and says what is wrong with it.
func readShare(p share.Sharing, given secret.Secret) (share.Share, error) {
	s, err := shareForm.Read(p, given)
	switch {
	case errors.Is(err, share.ErrText):
		err = ErrShare
	case errors.Is(err, share.ErrForeign):
		err = ErrShareForeign
	case errors.Is(err, share.ErrWrong):
		err = ErrShareWrong
	}
	return s, err
}
