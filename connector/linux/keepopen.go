package linux

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// The names of SSH's ways to sign in (RFC 4252, 4256).
const (
	byPassword = "password"
	byQuestion = "keyboard-interactive"
	byKey      = "publickey"
)

// trial is one attempt to sign in as an account with one secret, and with nothing else.
type trial struct {
	kind   connector.SecretKind
	value  secret.Secret
	signer ssh.Signer

	method string // that was tried; "" is none yet
	asked  bool   // whether the host asked for the password
	err    error  // why it is neither yes nor no
}

// What a host may answer beside yes and no.
var (
	errNotOffered  = errors.New("sshd does not take such a secret")
	errMore        = errors.New("sshd takes the secret and wants another one besides")
	errQuestions   = errors.New("sshd asks other questions than for the password: a second factor, or that it be changed")
	errWithoutAny  = errors.New("sshd lets the account in without any secret")
	errNeverTested = errors.New("sshd let the account in by another way than the secret")
)

// Opens signs in as the account with the secret, over a connection of its own to the same
// pinned host key, and hangs up.
func (h *Host) Opens(ctx context.Context, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	signer, err := h.fit(account, kind, value)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, h.line.timeout, errTooLong)
	defer cancel()
	t := &trial{kind: kind, value: value, signer: signer}
	client, err := h.line.dial(ctx, login{user: account, next: t.next})
	if err == nil {
		defer client.Close() //nolint:errcheck // nothing is left to say
		if t.err = t.entered(); t.err == nil {
			return h.line.answers(ctx, client)
		}
	}
	switch {
	case t.err == nil && t.method == "" && errors.Is(err, connector.ErrCredentials):
		t.err = errNotOffered
		fallthrough
	case t.err != nil:
		return false, connector.ErrUnsupported.With("linux %q: whether the secret opens account %q cannot be told", h.name, clean(account)).Because(t.err)
	case !errors.Is(err, connector.ErrCredentials):
		return false, err
	}
	return false, h.barred(ctx, account, kind)
}

// answers reports whether the host still talks to whom it has let in: one that took a secret
// and then hung up has not.
func (l *line) answers(ctx context.Context, client *ssh.Client) (bool, error) {
	const doing = "signing in"
	done := make(chan error, 1)
	go func() {
		_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			return false, l.cutOff(ctx, doing, err)
		}
		return true, nil
	case <-ctx.Done():
		_ = client.Close()
		return false, l.cutOff(ctx, doing, ctx.Err())
	}
}

// next chooses what is tried: the one way that the secret is for, once. It is first called
// when the host has said what it takes.
func (t *trial) next(at *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if t.method != "" {
		if slices.Contains(at.PartialSuccessMethods, t.method) {
			t.err = errMore
			return nil, t.err
		}
		return nil, nil //nolint:nilnil // the host said no, or hung up
	}
	ways := []string{byPassword, byQuestion}
	if t.kind == connector.SSHKey {
		ways = []string{byKey}
	}
	for _, way := range ways {
		if slices.Contains(at.AllowedMethods, way) {
			t.method = way
			return t.by(way), nil
		}
	}
	if len(at.AllowedMethods) == 0 {
		return nil, nil //nolint:nilnil // it hung up before it said
	}
	t.err = fmt.Errorf("%w: it takes %s", errNotOffered, clean(strings.Join(at.AllowedMethods, ", ")))
	return nil, t.err
}

func (t *trial) by(way string) ssh.AuthMethod {
	switch way {
	case byKey:
		return ssh.PublicKeys(t.signer)
	case byQuestion:
		return ssh.KeyboardInteractive(t.answer)
	}
	return ssh.Password(string(t.value.Reveal()))
}

// answer gives the password to the first question that is not to be shown, and nothing to
// any other.
func (t *trial) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	switch {
	case len(questions) == 0:
		return nil, nil
	case t.asked || len(questions) > 1 || echos[0]:
		t.err = errQuestions
		return nil, t.err
	}
	t.asked = true
	return []string{string(t.value.Reveal())}, nil
}

// entered is what to make of having been let in.
func (t *trial) entered() error {
	switch {
	case t.err != nil:
		return t.err
	case t.method == "":
		return errWithoutAny
	case t.method == byQuestion && !t.asked:
		return errNeverTested
	}
	return nil
}

// barred is why the host would have let in nobody with such a secret, or nil: sshd says the
// same no to a secret that is wrong and an account that is shut.
func (h *Host) barred(ctx context.Context, account string, kind connector.SecretKind) error {
	p, err := h.look(ctx)
	if err != nil {
		return err
	}
	k, err := h.kept(ctx, p, account)
	if err != nil {
		return err
	}
	if why := k.shut(kind, k.expired(h.now())); why != "" {
		return connector.ErrUnsupported.With("linux %q: no secret opens account %q now: %s", h.name, clean(account), why)
	}
	return nil
}

// shut says what keeps everybody out of an account, as far as Writ reads it.
func (k *kept) shut(kind connector.SecretKind, expired bool) string {
	locked := k.password == passwordLocked || k.password == passwordNoneLocked
	switch {
	case expired:
		return "it has expired or is disabled"
	case k.password == passwordLocked && (kind == connector.Password || !k.sshd.pam):
		return "it is locked"
	case kind == connector.Password && k.own && (locked || k.password == passwordNone):
		return "it has no password"
	case locked && !k.sshd.pam:
		return "it is locked, and without PAM sshd lets nobody in whose password is"
	case slices.Contains(k.closed, "shell"):
		return "its shell is not there, or not a program"
	case slices.Contains(k.closed, "nologin"):
		return "the host takes nobody in at present (nologin)"
	case k.uid == 0 && (k.rootLogin == "no" || kind == connector.Password && k.rootLogin != "yes" && k.rootLogin != ""):
		return "sshd does not let root in so (PermitRootLogin " + clean(k.rootLogin) + ")"
	case k.among("denyusers", k.name) || k.among("denygroups", k.groups...):
		return "sshd keeps it out (DenyUsers, DenyGroups)"
	case len(k.lists["allowusers"]) > 0 && !k.among("allowusers", k.name) || len(k.lists["allowgroups"]) > 0 && !k.among("allowgroups", k.groups...):
		return "sshd lets only others in (AllowUsers, AllowGroups)"
	}
	return ""
}

// among reports whether a list of sshd_config has one of the names, for the address that
// Writ comes from.
func (k *kept) among(list string, names ...string) bool {
	return slices.ContainsFunc(k.lists[list], func(pattern string) bool {
		pattern, address, has := strings.Cut(pattern, "@")
		if has && !like(address, k.from) && !within(address, k.from) {
			return false
		}
		return slices.ContainsFunc(names, func(name string) bool { return like(pattern, name) })
	})
}

// like compares with a pattern of sshd_config, which knows * and ? only.
func like(pattern, text string) bool {
	is, err := path.Match(strings.NewReplacer("[", `\[`, `\`, `\\`).Replace(pattern), text)
	return is && err == nil
}

func within(network, address string) bool {
	n, err1 := netip.ParsePrefix(network)
	a, err2 := netip.ParseAddr(address)
	return err1 == nil && err2 == nil && n.Contains(a)
}
