package mariadb

import (
	"crypto/sha1" //nolint:gosec // what mysql_native_password keeps is made of it
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"filippo.io/edwards25519"

	"github.com/writhq/writ/internal/secret"
)

// maxPassword is in bytes. The server has no ceiling of its own.
const maxPassword = 256

// verifiers are what the server keeps of a password, by the way of signing in. Both are made
// here, so that the password is in no statement. Neither has a salt: a short password can be
// guessed from one.
var verifiers = map[string]func(secret.Secret) string{nativePassword: nativeVerifier, ed25519Plugin: ed25519Verifier}

// nativeVerifier is SHA-1 of SHA-1.
func nativeVerifier(password secret.Secret) string {
	once := sha1.Sum(password.Reveal()) //nolint:gosec // see above
	twice := sha1.Sum(once[:])          //nolint:gosec // see above
	return "*" + strings.ToUpper(hex.EncodeToString(twice[:]))
}

// ed25519Verifier is the public key whose private one a password of any length is the seed of.
func ed25519Verifier(password secret.Secret) string {
	sum := sha512.Sum512(password.Reveal())
	scalar, err := edwards25519.NewScalar().SetBytesWithClamping(sum[:32])
	if err != nil {
		return "" // 32 bytes always are one
	}
	return base64.RawStdEncoding.EncodeToString(new(edwards25519.Point).ScalarBaseMult(scalar).Bytes())
}
