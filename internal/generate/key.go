package generate

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/internal/secret"
)

// SSHKey makes an Ed25519 key for SSH: the private half as OpenSSH keeps it, and the line
// of the public half.
func SSHKey(comment string) (private secret.Secret, public string, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return secret.Secret{}, "", err
	}
	defer clear(key)
	block, err := ssh.MarshalPrivateKey(key, comment)
	if err != nil {
		return secret.Secret{}, "", fmt.Errorf("writing a key: %w", err)
	}
	defer clear(block.Bytes)
	text := pem.EncodeToMemory(block)
	defer clear(text)
	line, err := ssh.NewPublicKey(pub)
	if err != nil {
		return secret.Secret{}, "", fmt.Errorf("writing a public key: %w", err)
	}
	public = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line)))
	if comment != "" {
		public += " " + comment
	}
	return secret.New(text), public, nil
}

// PublicOf is the line of the public half of a private key for SSH that has no passphrase;
// of anything else it is empty.
func PublicOf(private secret.Secret) string {
	signer, err := ssh.ParsePrivateKey(private.Reveal())
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}
