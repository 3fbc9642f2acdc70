package connector

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxID is how long a native id is at most that is made of the system's own names.
const MaxID = 1024

// EscapeID writes the bytes of a name that are not text, backslashes, and the given
// characters as \xNN: two names that differ stay two ids.
func EscapeID(name, also string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) || r == '\\' || strings.ContainsRune(also, r) {
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}

// CapID ends what is too long with a digest of the whole.
func CapID(id string) string {
	if len(id) <= MaxID {
		return id
	}
	cut := MaxID - 20
	for !utf8.RuneStart(id[cut]) {
		cut--
	}
	sum := sha256.Sum256([]byte(id))
	return fmt.Sprintf("%s…%x", id[:cut], sum[:8])
}

// RestoreID is the name that EscapeID wrote, where it is one that a statement can hold.
func RestoreID(id string) (name string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(id); i++ {
		if id[i] != '\\' {
			b.WriteByte(id[i])
			continue
		}
		if i+4 > len(id) || id[i+1] != 'x' {
			return "", false
		}
		c, err := strconv.ParseUint(id[i+2:i+4], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 3
	}
	return b.String(), !strings.ContainsRune(b.String(), 0)
}
