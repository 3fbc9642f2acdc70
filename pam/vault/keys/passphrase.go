package keys

import (
	"crypto/rand"
	"encoding/json"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/writhq/writ/internal/secret"
)

// passphraseParams are what a passphrase becomes a key with: Argon2id as RFC 9106
// recommends it where memory is short, 64 MiB.
type passphraseParams struct {
	Salt    []byte `json:"salt"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory_kib"`
	Threads uint8  `json:"threads"`
}

const (
	argonTime      = 3
	argonMemory    = 64 << 10
	argonThreads   = 4
	saltSize       = 16
	leastPhrase    = 12
	mostPhrase     = 1024
	mostArgonTime  = 16
	mostArgonSpace = 1 << 20
)

func newPassphrase(o *opened, given secret.Secret) (lock, string, error) {
	if n := utf8.RuneCount(given.Reveal()); n < leastPhrase || len(given.Reveal()) > mostPhrase {
		return nil, "", ErrSeal.With("a passphrase has between %d and %d characters", leastPhrase, mostPhrase)
	}
	p := passphraseParams{Salt: make([]byte, saltSize), Time: argonTime, Memory: argonMemory, Threads: argonThreads}
	_, _ = rand.Read(p.Salt)
	l, err := p.lock(o, given)
	if err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(p)
	return l, string(text), err
}

func openPassphrase(o *opened, s SealRow, given secret.Secret) (lock, error) {
	var p passphraseParams
	if err := json.Unmarshal([]byte(s.Params), &p); err != nil {
		return nil, ErrTampered.With("the seal's parameters cannot be read")
	}
	if len(given.Reveal()) > mostPhrase {
		return nil, ErrPassphrase
	}
	return p.lock(o, given)
}

// lock makes the key. What the database says is capped before memory is taken for it.
func (p passphraseParams) lock(o *opened, given secret.Secret) (lock, error) {
	if p.Time < 1 || p.Time > mostArgonTime || p.Memory < argonMemory || p.Memory > mostArgonSpace || p.Threads < 1 || len(p.Salt) != saltSize {
		return nil, ErrTampered.With("the seal's parameters are not such as Writ makes")
	}
	kek, err := o.memory.keep(argon2.IDKey(given.Reveal(), p.Salt, p.Time, p.Memory, p.Threads, keySize))
	return keyLock{kek}, err
}
