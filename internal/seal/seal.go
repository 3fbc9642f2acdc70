package seal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// What can be wrong with a key or with what was sealed.
var (
	ErrKey    = fault.New(fault.Invalid, "node-key", "the node's key cannot be used")
	ErrSealed = fault.New(fault.Invalid, "not-sealed-here", "the sealed value was made with another key, for another place, or was changed")
)

// Place says where a sealed value lies; it opens nowhere else.
type Place struct {
	Table, Column string
	Row           int64
}

func (p Place) bytes() []byte {
	b := []byte("writ.seal.1\x00" + p.Table + "\x00" + p.Column + "\x00")
	return strconv.AppendInt(b, p.Row, 10)
}

// Key seals and opens.
type Key struct{ aead tink.AEAD }

// Seal encrypts plain for a place.
func (k *Key) Seal(plain secret.Secret, at Place) ([]byte, error) {
	return k.aead.Encrypt(plain.Reveal(), at.bytes())
}

// Open decrypts what was sealed for a place.
func (k *Key) Open(sealed []byte, at Place) (secret.Secret, error) {
	plain, err := k.aead.Decrypt(sealed, at.bytes())
	if err != nil {
		return secret.Secret{}, ErrSealed.Because(err)
	}
	defer clear(plain)
	return secret.New(plain), nil
}

const rawKeySize = 32

// NewRaw makes a random key that is itself kept sealed, and returns its bytes too.
func NewRaw() (*Key, secret.Secret, error) {
	b := make([]byte, rawKeySize)
	_, _ = rand.Read(b) // it never fails
	raw := secret.New(b)
	k, err := FromRaw(raw)
	return k, raw, err
}

// FromRaw makes a key of bytes that NewRaw returned.
func FromRaw(raw secret.Secret) (*Key, error) {
	a, err := subtle.NewXChaCha20Poly1305(raw.Reveal())
	if err != nil {
		return nil, ErrKey.Because(err)
	}
	return &Key{aead: a}, nil
}

// Load reads a key file. A missing file is fs.ErrNotExist.
func Load(path string) (*Key, error) {
	b, err := ReadPrivate(path)
	if err != nil {
		return nil, err
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))
	if err != nil {
		return nil, ErrKey.With("the node's key %s cannot be read: put the right file back", path).Because(err)
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, ErrKey.With("the node's key %s is of no use here: put the right file back", path).Because(err)
	}
	return &Key{aead: a}, nil
}

// Create makes a key file where there is none.
func Create(path string) (*Key, error) {
	h, err := keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b)); err != nil {
		return nil, err
	}
	if err := WritePrivate(path, b.Bytes()); err != nil {
		return nil, err
	}
	return Load(path)
}

// ReadPrivate reads a small file that must be its owner's alone.
func ReadPrivate(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, ErrKey.With("%s is not a file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, ErrKey.With("others can read %s: run chmod 600 on it, and think about whether somebody did read it", path)
	case info.Size() > 1<<16:
		return nil, ErrKey.With("%s is too large to be a key", path)
	}
	return os.ReadFile(path)
}

// WritePrivate makes a file that must not be there yet, all of it or nothing.
func WritePrivate(path string, b []byte) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return ErrKey.With("%s is there already", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // 0600 by itself
	if err != nil {
		return fmt.Errorf("making a key file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close()) // a key is never lost that something is kept by
}
