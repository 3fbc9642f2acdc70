package postgres

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
)

// What the server says is capped. Names are at most 63 bytes there; only comments
// and the arguments of functions are longer.
const (
	maxText = 4096
	maxID   = 1024
)

// publicRole is the name of what every role is part of. A role may bear it too,
// in quotes; its id is then escaped, so that it is never taken for the real one.
const publicRole = "PUBLIC"

// clean makes what the server said fit to show.
func clean(s string) string { return connector.Text(s, maxText) }

// roleName writes a role's name as a native id, which restore reads back.
func roleName(s string) string {
	if s == publicRole {
		return `\x50UBLIC`
	}
	return escape(s, "")
}

// part writes a name that stands between dots and colons.
func part(s string) string { return escape(s, ".:") }

// escape writes the bytes that are not text, backslashes, and the given
// characters as \xNN: two names that differ stay two ids.
func escape(s, also string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) || r == '\\' || strings.ContainsRune(also, r) {
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return capped(b.String())
}

// capped ends what is too long with a digest of the whole.
func capped(id string) string {
	if len(id) <= maxID {
		return id
	}
	cut := maxID - 20
	for !utf8.RuneStart(id[cut]) {
		cut--
	}
	sum := sha256.Sum256([]byte(id))
	return fmt.Sprintf("%s…%x", id[:cut], sum[:8])
}

// restore is the name that an id's part was made of.
func restore(id string) (name string, ok bool) {
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
	name = b.String()
	return name, name != "" && !strings.ContainsRune(name, 0)
}

// restoreAll restores parts that dots divide.
func restoreAll(id string) (names []string, ok bool) {
	for p := range strings.SplitSeq(id, ".") {
		name, ok := restore(p)
		if !ok {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}
