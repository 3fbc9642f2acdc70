package ldap

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"

	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// keys are the SSH keys and certificates of an entry, each once. What is none is
// passed over: it lets nobody in.
func keys(e *goldap.Entry, id string) (list []*connector.Credential) {
	seen := map[string]bool{}
	add := func(c *connector.Credential) {
		if name := string(c.Kind) + c.Fingerprint; !seen[name] {
			seen[name] = true
			list = append(list, c)
		}
	}
	for i, line := range raw(e, "sshPublicKey") {
		public, _, options, _, err := ssh.ParseAuthorizedKey(line)
		if i >= maxValues || err != nil {
			continue
		}
		c := &connector.Credential{Account: id, Kind: access.SSHKey, Fingerprint: ssh.FingerprintSHA256(public), Algorithm: public.Type()}
		if len(options) > 0 {
			c.Options = "restricted" // the options can hold commands and secrets of their own
		}
		add(c)
	}
	for i, der := range append(raw(e, "userCertificate;binary"), raw(e, "userCertificate")...) {
		if i >= maxValues {
			break
		}
		sum := sha256.Sum256(der)
		c := &connector.Credential{Account: id, Kind: access.Certificate, Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])}
		if certificate, err := x509.ParseCertificate(der); err == nil {
			c.Algorithm, c.Changed = certificate.PublicKeyAlgorithm.String(), access.TimeOf(certificate.NotBefore)
		}
		add(c)
	}
	return list
}
