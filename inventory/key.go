package inventory

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fold"
)

// An identity that changed may match accounts that it did not. Most accounts are
// found by what they say themselves: their number, email and login have an index.
// For the others, those that none of the three decided, the keys that rules looked
// people up by are kept: what of an identity could decide them.

// Traces are what accounts may bear that an identity has or had.
type Traces struct {
	Numbers, Emails, Logins []string // in lower case, but numbers
	Keys                    []int64
}

// AccountKey is a key that one account looked people up by.
type AccountKey struct {
	Key     int64
	Account access.AccountID
}

// keptKey is a key as it is kept. Two texts with the same one cost a needless look.
func keptKey(k keyKind, text string) int64 {
	if k == nameLoginKey {
		k = normalKey // an account asks for both by the same text
	}
	sum := sha256.Sum256(append([]byte{byte(k)}, text...))
	return int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any 64 bits
}

// tracesOf are the keys that people have.
func tracesOf(people []Person) (t Traces) {
	seen := map[int64]bool{}
	for _, p := range people {
		keysOf(&p, plainName(p.Name), func(k keyKind, text string) {
			key := keptKey(k, text)
			if seen[key] {
				return
			}
			seen[key] = true
			t.Keys = append(t.Keys, key)
			if into, ok := map[keyKind]*[]string{numberKey: &t.Numbers, emailKey: &t.Emails, loginKey: &t.Logins}[k]; ok {
				*into = append(*into, text)
			}
		})
	}
	return t
}

// indexed reports whether the database finds accounts by what this rule looks at.
// It folds the case of ASCII only.
func (r rule) indexed(text string) bool {
	return r.name == "number" || (r.name == "email" || r.name == "login") && fold.ASCII(text)
}
