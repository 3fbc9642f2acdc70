package share

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/writhq/writ/internal/secret"
)

const (
	tokenBytes = 32
	codeChars  = 6
	// page is where a link leads. What follows the "#" no browser sends to anybody.
	page = "/share#"
)

var tokenForm = base64.RawURLEncoding

// Mark is what is kept of a token or a code.
type Mark string

// Equal compares in constant time.
func (m Mark) Equal(o Mark) bool { return hmac.Equal([]byte(m), []byte(o)) }

// newToken draws what a link carries.
func newToken() secret.Secret {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // it never fails
	return secret.New([]byte(tokenForm.EncodeToString(b[:])))
}

// newCode draws a code. Its letters and digits are those of base32, of which none looks
// like another.
func newCode() secret.Secret { return secret.New([]byte(rand.Text()[:codeChars])) }

// isToken reports whether a text could be one.
func isToken(t secret.Secret) bool { return len(t.Reveal()) == tokenForm.EncodedLen(tokenBytes) }

// linkMark is what is kept of a token.
func linkMark(token secret.Secret) Mark { return mark(token, "link") }

// codeMark is what is kept of a code: without the token nobody can tell which code it is of,
// short as it is. A code is read as people type it.
func codeMark(token secret.Secret, code string) Mark {
	code = strings.NewReplacer(" ", "", "-", "").Replace(code)
	return mark(token, "code:"+strings.ToUpper(code))
}

func mark(token secret.Secret, of string) Mark {
	h := hmac.New(sha256.New, token.Reveal())
	h.Write([]byte("writ share\n" + of))
	return Mark(hex.EncodeToString(h.Sum(nil)))
}
