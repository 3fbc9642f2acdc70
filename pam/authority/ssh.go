package authority

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
)

// skew is how long before now something signed begins: clocks differ.
const skew = access.Time(30 * 1_000_000)

// signSSH makes a certificate for a key. Whom it is for is never empty: a certificate for
// nobody in particular would be good for everybody.
func signSSH(o *opened, m *making, key ssh.PublicKey) (string, error) {
	if len(m.principals) == 0 {
		return "", ErrNobody
	}
	if _, is := key.(*ssh.Certificate); is {
		return "", ErrCertificateKey
	}
	c := &ssh.Certificate{
		Key: key, Serial: uint64(m.id), KeyId: m.id.String(), ValidPrincipals: m.principals, //nolint:gosec // ids are positive
		ValidAfter: uint64(m.starts / 1_000_000), ValidBefore: uint64(m.ends / 1_000_000), //nolint:gosec // times are positive
		CertType: ssh.HostCert,
	}
	if m.authority.Kind == SSHUser {
		c.CertType, c.Permissions = ssh.UserCert, m.profile.permissions()
	}
	if err := c.SignCert(rand.Reader, o.ssh); err != nil {
		return "", fmt.Errorf("signing %s: %w", m.id, err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(c))) + " " + m.id.String(), nil
}

// permissions are what the profile says of an SSH user certificate.
func (p *Profile) permissions() (x ssh.Permissions) {
	x.Extensions = map[string]string{}
	for _, e := range p.Extensions {
		x.Extensions[e] = ""
	}
	x.CriticalOptions = map[string]string{}
	if p.ForceCommand != "" {
		x.CriticalOptions["force-command"] = p.ForceCommand
	}
	if len(p.SourceAddress) > 0 {
		x.CriticalOptions["source-address"] = strings.Join(p.SourceAddress, ",")
	}
	return x
}

// sshKey is an authority's public key as SSH has it.
func (k Key) sshKey() (ssh.PublicKey, error) {
	public, err := k.public()
	if err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}

// Good says what is wrong with an SSH certificate for a principal at a time, by the keys of
// one authority, or nil. Only a raw key of the authority counts as a signer, and only for
// its kind.
func (a *Authority) Good(c *ssh.Certificate, as string, at access.Time) error {
	kinds := map[Kind]uint32{SSHUser: ssh.UserCert, SSHHost: ssh.HostCert}
	switch {
	case kinds[a.Kind] == 0 || c.CertType != kinds[a.Kind]:
		return ErrOver.With("the authority %s signs no such certificates", a.Name)
	case len(c.ValidPrincipals) == 0:
		return ErrNobody.With("the certificate names no principal: it is good for nobody")
	case !slices.Contains(c.ValidPrincipals, as):
		return ErrPrincipal.With("the certificate is not for %q", as)
	}
	for option := range c.CriticalOptions {
		if option != "force-command" && option != "source-address" {
			return ErrOver.With("the certificate has the critical option %q, which nobody here knows", option)
		}
	}
	seconds := uint64(at / 1_000_000) //nolint:gosec // times are positive
	if seconds < c.ValidAfter || seconds >= c.ValidBefore {
		return ErrOver.With("the certificate is not good now")
	}
	for _, k := range a.Trusted(at) {
		key, err := k.sshKey()
		if err != nil {
			return err
		}
		if _, is := c.SignatureKey.(*ssh.Certificate); is || string(key.Marshal()) != string(c.SignatureKey.Marshal()) {
			continue
		}
		checker := ssh.CertChecker{SupportedCriticalOptions: []string{"force-command", "source-address"}, Clock: at.Time}
		if err := checker.CheckCert(as, c); err != nil {
			return ErrOver.With("the certificate is not good").Because(err)
		}
		return nil
	}
	return ErrOver.With("no key of the authority %s that is trusted has signed it", a.Name)
}

// sshLines are the keys of an authority as OpenSSH reads them: for TrustedUserCAKeys, or,
// with a prefix, for known_hosts. Anybody reads them: what it is called is not in them.
func (a *Authority) sshLines(prefix string, at access.Time) (string, error) {
	var b strings.Builder
	for _, k := range a.Trusted(at) {
		key, err := k.sshKey()
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(&b, "%s%s %s writ:%s:%d\n", prefix, key.Type(), base64.StdEncoding.EncodeToString(key.Marshal()), a.ID, k.Number)
	}
	return b.String(), nil
}

// hostPatterns is which hosts a known_hosts line is for: those that its profiles name.
func hostPatterns(profiles []*Profile) string {
	var list []string
	for _, p := range profiles {
		list = append(list, p.Principals...)
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return "invalid." // a line for no host at all
	}
	return strings.Join(list, ",")
}
