package linux

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
)

// What the host says is capped: a name or a command longer than this is cut.
const (
	maxText = 512
	maxID   = 512
)

// clean makes what the host said fit to show.
func clean(s string) string { return connector.Text(s, maxText) }

// native makes a native id of what the host said. Two names that differ stay two
// ids, which replacing alone would not keep: bytes that are not text are written
// as \xNN, and what is too long ends with a digest of the whole.
func native(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && size == 1) || unicode.IsControl(r) {
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	id := b.String()
	if len(id) <= maxID {
		return id
	}
	cut := maxID - 20
	for !utf8.RuneStart(id[cut]) {
		cut--
	}
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("%s…%x", id[:cut], sum[:8])
}
