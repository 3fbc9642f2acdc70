package linux

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/writhq/writ/connector"
)

// Host key types that are asked for, without those that sign with SHA-1.
var (
	keyFamilies = [][]string{
		{ssh.KeyAlgoED25519},
		{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
		{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
	}
	certificateAlgorithms = []string{
		ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
		ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
	}
)

// hostKeyCheck is what is pinned: a fingerprint, or known_hosts lines. With
// neither every key is unknown.
type hostKeyCheck struct {
	address     string
	fingerprint string
	known       ssh.HostKeyCallback
	types       []string // of the pinned keys, where lines are
}

func newHostKeyCheck(cfg connector.Config, address string) (hostKeyCheck, error) {
	c := hostKeyCheck{address: address}
	pin, lines := strings.TrimSpace(cfg.Options[optHostKey]), strings.TrimSpace(cfg.Options[optKnownHosts])
	switch {
	case pin != "" && lines != "":
		return c, connector.ErrInput.With("linux %q: give option host_key or known_hosts, not both", cfg.Name)
	case pin != "":
		if !strings.HasPrefix(pin, "SHA256:") || len(pin) != len("SHA256:")+43 {
			return c, connector.ErrInput.With("linux %q: option host_key must be a fingerprint like SHA256: and 43 characters, as ssh-keygen -l prints it", cfg.Name)
		}
		c.fingerprint = pin
		return c, nil
	case lines != "":
		return c, c.readKnownHosts(cfg.Name, lines)
	}
	return c, nil
}

// isFile reports whether option known_hosts is a path and not a line of such a file.
func isFile(value string) bool { return !strings.Contains(value, " ") || strings.HasPrefix(value, "/") }

// readKnownHosts takes a path, or the lines themselves.
func (c *hostKeyCheck) readKnownHosts(system, value string) error {
	path := value
	if !isFile(value) {
		// The library that knows every form of such lines reads files only.
		f, err := os.CreateTemp("", "known_hosts-*")
		if err != nil {
			return fmt.Errorf("linux %q: keeping option known_hosts for its reader: %w", system, err)
		}
		defer os.Remove(f.Name()) //nolint:errcheck // it holds public keys only
		if _, err = f.WriteString(value + "\n"); err == nil {
			err = f.Close()
		}
		if err != nil {
			return fmt.Errorf("linux %q: keeping option known_hosts for its reader: %w", system, err)
		}
		path = f.Name()
	}
	known, err := knownhosts.New(path)
	if err != nil {
		return connector.ErrInput.With("linux %q: option known_hosts cannot be read; it takes a path or a line `host type key`", system).Because(err)
	}
	c.known = known
	// Asking with a key that nobody has tells which types are pinned.
	var missing *knownhosts.KeyError
	if errors.As(known(c.address, remote(c.address), noKey{}), &missing) {
		for _, want := range missing.Want {
			c.types = append(c.types, want.Key.Type())
		}
	}
	return nil
}

// attempts are the host key algorithms of each try to connect. A server that has
// keys of several types shows one, so a fingerprint is looked for type by type.
func (c hostKeyCheck) attempts() [][]string {
	if c.fingerprint != "" {
		return keyFamilies
	}
	if len(c.types) == 0 {
		return [][]string{append(slices.Clone(certificateAlgorithms), slices.Concat(keyFamilies...)...)}
	}
	list := slices.Clone(certificateAlgorithms)
	for _, family := range keyFamilies {
		for _, t := range c.types {
			switch {
			case slices.Contains(family, t):
				list = append(list, t)
			case t == ssh.KeyAlgoRSA && family[0] == ssh.KeyAlgoRSASHA512:
				list = append(list, family...)
			}
		}
	}
	return [][]string{list}
}

// verdict is what one handshake found out about the host key.
type verdict struct {
	hostKeyCheck
	system   string
	accepted bool
	err      error
}

func (c hostKeyCheck) verdict(system string) *verdict {
	return &verdict{hostKeyCheck: c, system: system}
}

// check is the callback of the handshake. It keeps its own error, so that what
// the library makes of it cannot be taken for a host that does not answer.
func (v *verdict) check(hostname string, addr net.Addr, key ssh.PublicKey) error {
	v.err = v.judge(hostname, addr, key)
	v.accepted = v.err == nil
	return v.err
}

func (v *verdict) judge(hostname string, addr net.Addr, key ssh.PublicKey) error {
	shown := ssh.FingerprintSHA256(key)
	changed := connector.ErrHostKey.With("linux %q: %s shows another host key, %s, than the pinned one; if the host was reinstalled, compare the key on its console and correct option known_hosts or host_key", v.system, v.address, shown)
	unknown := ErrUnknownHostKey.With("linux %q: the host key of %s is not known; compare it on the host's console, then set option host_key=%s", v.system, v.address, shown)
	if v.fingerprint != "" {
		if subtle.ConstantTimeCompare([]byte(shown), []byte(v.fingerprint)) == 1 {
			return nil
		}
		return changed
	}
	if v.known == nil {
		return unknown
	}
	err := v.known(hostname, addr, key)
	var mismatch *knownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mismatch) && len(mismatch.Want) == 0:
		return unknown
	}
	return changed
}

// noKey is a key that no host has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errNoCommonKey }

type remote string

func (remote) Network() string  { return "tcp" }
func (r remote) String() string { return string(r) }
