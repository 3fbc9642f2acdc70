package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/writhq/writ/internal/secret"
)

const (
	scramRounds = 4096 // as many as the server takes by itself
	scramSalt   = 16
)

// verifier is what a server keeps of a password (RFC 5803, RFC 7677). Made here, the
// password stays out of the statement, which servers may log. It is ASCII, so that
// SASLprep would leave it as it is.
func verifier(password secret.Secret) (string, error) {
	salt := make([]byte, scramSalt)
	_, _ = rand.Read(salt) // it never fails
	return saltedVerifier(password, salt, scramRounds)
}

func saltedVerifier(password secret.Secret, salt []byte, rounds int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, string(password.Reveal()), salt, rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("deriving the verifier of a password: %w", err)
	}
	mac := func(of string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(of))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, text(salt), text(stored[:]), text(mac("Server Key"))), nil
}
