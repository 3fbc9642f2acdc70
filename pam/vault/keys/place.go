package keys

import (
	"encoding/binary"

	"github.com/writhq/writ/access"
)

// Place is what a ciphertext belongs to; it opens nowhere else.
type Place struct {
	Safe      access.SafeID
	Secret    access.SecretID
	Authority access.AuthorityID // whose key it is; zero where it is a secret's value
	Version   access.VersionID
}

// Sealed is a version of a secret as it is kept.
type Sealed struct {
	Generation int64  // of the safe's key
	Key        []byte // the data key, wrapped by it
	Text       []byte // what the data key encrypts
}

// SafeKey is the key of a safe as it is kept.
type SafeKey struct {
	Safe       access.SafeID
	Generation int64
	Root       int64 // generation of the root key that wraps it
	Wrapped    []byte
}

// The levels of the hierarchy, as associated data names them.
const (
	levelRoot byte = iota + 1
	levelSafe
	levelData
	levelText
	levelAuthorityData
	levelAuthorityText
	levelSeal
)

// bound is associated data: which vault, which level, and numbers that say where.
func bound(instance []byte, level byte, numbers ...int64) []byte {
	b := make([]byte, 0, 32+len(instance)+8*len(numbers))
	b = append(b, "writ.vault.1\x00"...)
	b = append(b, byte(len(instance)))
	b = append(b, instance...)
	b = append(b, level)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the same bits
	}
	return b
}

func rootPlace(instance []byte, generation, seal int64) []byte {
	return bound(instance, levelRoot, generation, seal)
}

// sealPlace is of a seal's own key, which a key service encrypts.
func sealPlace(instance []byte, seal int64) []byte { return bound(instance, levelSeal, seal) }

func safePlace(instance []byte, k SafeKey) []byte {
	return bound(instance, levelSafe, int64(k.Safe), k.Generation, k.Root)
}

func dataPlace(instance []byte, at Place, generation int64) []byte {
	if at.Authority != 0 {
		return bound(instance, levelAuthorityData, int64(at.Safe), int64(at.Secret), int64(at.Authority), int64(at.Version), generation)
	}
	return bound(instance, levelData, int64(at.Safe), int64(at.Secret), int64(at.Version), generation)
}

func textPlace(instance []byte, at Place) []byte {
	if at.Authority != 0 {
		return bound(instance, levelAuthorityText, int64(at.Safe), int64(at.Secret), int64(at.Authority), int64(at.Version))
	}
	return bound(instance, levelText, int64(at.Safe), int64(at.Secret), int64(at.Version))
}
