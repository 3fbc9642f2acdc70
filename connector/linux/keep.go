package linux

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// What a host asks of a password: pam_unix may want eight bytes, and bcrypt reads no further
// than 72.
const (
	leastPassword = 8
	mostPassword  = 72
)

// How the line that Writ keeps in a file of keys ends: where it is alone, and where others
// are beside it. Only the latter is taken out again by that; whoever asks for a key beside
// what is there says which one it is to replace.
const (
	ownKey    = "kept-by-writ"
	besideKey = "kept-by-writ-beside-others"
)

// kept is an account whose secret is kept, with what decides whether it gets in.
type kept struct {
	*account
	own       bool // it is in the host's own files
	sshd      daemon
	rootLogin string              // PermitRootLogin
	lists     map[string][]string // AllowUsers and its like, in lower case
	groups    []string
	closed    []string
	from      string // the address that the host sees Writ at
}

// SetSecret gives an account another password, or puts a key into its file of keys.
func (h *Host) SetSecret(ctx context.Context, s connector.NewSecret) error {
	signer, err := h.fit(s.Account, s.Kind, s.Value)
	if err != nil {
		return err
	}
	p, err := h.look(ctx)
	if err != nil {
		return err
	}
	k, err := h.kept(ctx, p, s.Account)
	if err != nil {
		return err
	}
	if err := h.mayKeep(p, k, s.Kind); err != nil {
		return err
	}
	if s.Kind == connector.SSHKey {
		err = h.authorize(ctx, k, signer.PublicKey(), s)
	} else {
		err = h.told(s.Value, h.tell(ctx, "setting a password", scriptPassword, k.name, strconv.Itoa(k.uid), string(s.Value.Reveal())))
	}
	if err != nil {
		return err
	}
	return h.unchanged(ctx, p, k, s.Kind)
}

// unchanged makes sure that an account that was given a secret still is the one that it was,
// and is not shut by now.
func (h *Host) unchanged(ctx context.Context, p probe, was kept, kind connector.SecretKind) error {
	k, err := h.kept(ctx, p, was.name)
	if err != nil {
		return err
	}
	if err := h.mayKeep(p, k, kind); err != nil {
		return err
	}
	if k.uid != was.uid || kind == connector.Password && k.password != passwordSet {
		return connector.ErrIncomplete.With("linux %q: the host took the secret of account %q and does not show it; see that nothing else manages its accounts", h.name, clean(k.name))
	}
	return nil
}

// fit refuses what cannot be a secret here, before anything is asked of the host.
func (h *Host) fit(account string, kind connector.SecretKind, value secret.Secret) (ssh.Signer, error) {
	if err := Spec().CheckSecret(h.name, account, kind, value); err != nil {
		return nil, err
	}
	if !plausible(account) {
		return nil, connector.ErrUnsupported.With("linux %q: the account's name cannot be one", h.name)
	}
	if kind == connector.SSHKey {
		return h.signer(value)
	}
	return nil, nil //nolint:nilnil // a password needs no signer
}

// signer reads a private key.
func (h *Host) signer(value secret.Secret) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(value.Reveal())
	if err != nil { // whose words say nothing of the key, but nothing that helps either
		return nil, connector.ErrUnsupported.With("linux %q: the secret is no private SSH key in PEM, or one behind a passphrase; give one without", h.name)
	}
	return signer, nil
}

// kept reads an account, and what sshd goes by for it.
func (h *Host) kept(ctx context.Context, p probe, login string) (k kept, err error) {
	if err := h.mayChange(p); err != nil {
		return k, err
	}
	const doing = "reading how an account gets in"
	out, err := h.line.runNames(ctx, doing, scriptKept, []byte(login+"\n"+p.from+"\n"))
	if err != nil {
		return k, err
	}
	f, ended := newFacts(), false
	k.from = p.from
	k.lists, k.sshd = map[string][]string{}, daemon{keyFiles: []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}, pam: true}
	for text := range strings.Lines(string(out)) {
		switch tag, value, _ := strings.Cut(strings.TrimRight(text, "\n"), ":"); tag {
		case "P":
			f.addAccount(value)
		case "S":
			f.noteShadow(value)
		case "own":
			k.own = true
		case "D":
			k.sshd.set(value)
			k.note(value)
		case "in":
			k.groups = strings.Fields(value)
		case "closed":
			k.closed = append(k.closed, value)
		case "E":
			ended = true
		}
	}
	if k.account = f.byName[login]; !ended { // a number would be taken for a uid
		return k, h.line.incomplete(doing, errors.New("the answer has no end"))
	}
	if k.account == nil {
		return k, connector.ErrUnsupported.With("linux %q: the host has no account %q", h.name, clean(login))
	}
	return k, nil
}

func (k *kept) note(setting string) {
	name, value, _ := strings.Cut(setting, " ")
	switch name {
	case "permitrootlogin":
		k.rootLogin = value
	case "allowusers", "denyusers", "allowgroups", "denygroups":
		k.lists[name] = append(k.lists[name], strings.Fields(value)...)
	}
}

// mayKeep refuses the accounts that are not Writ's to give secrets to, and those that no
// secret opens.
func (h *Host) mayKeep(p probe, k kept, kind connector.SecretKind) error {
	no := func(why string) error {
		return connector.ErrUnsupported.With("linux %q: account %q: %s", h.name, clean(k.name), why)
	}
	switch {
	case !k.own:
		return no("it is a directory's; its secret is changed there")
	case k.name == p.user:
		return no("Writ itself signs in with it; a failure half-way would lock Writ out")
	case k.uid == 0 && !h.keepRoot:
		return no("it is the host's root; set option keep_root=on if its secret is to be kept")
	case k.uid == nobody:
		return no("its uid stands for nobody")
	case k.password == passwordLocked:
		return no("it is locked, and a new password would unlock it; enable it first")
	case k.over(h.now()):
		return no("it has expired or is disabled; enable it first")
	case kind == connector.SSHKey && k.expired(h.now()):
		return no("its password has been too old for too long, which shuts keys out too; set another one first")
	}
	return nil
}

// authorize makes a key one that the account opens with.
func (h *Host) authorize(ctx context.Context, k kept, key ssh.PublicKey, s connector.NewSecret) error {
	no := func(why string) error {
		return connector.ErrUnsupported.With("linux %q: account %q: %s", h.name, clean(k.name), why)
	}
	paths := k.sshd.keyPaths(k.account)
	switch {
	case len(paths) == 0:
		return no("sshd reads no file of keys for it (AuthorizedKeysFile)")
	case !s.Keep && k.sshd.keyCommand:
		return no("sshd also takes keys from a program (AuthorizedKeysCommand), which Writ cannot take out; leave its other keys in place, or switch the program off")
	case k.password == passwordNoneLocked && !k.sshd.pam:
		return no("it is locked, and without PAM sshd lets nobody in whose password is; set its password to * (usermod -p '*')")
	}
	others, sign, old := "only", ownKey, ""
	if s.Keep {
		others, sign = "keep", besideKey
		if !s.Old.Empty() {
			signer, err := h.signer(s.Old)
			if err != nil {
				return err
			}
			old = blob(signer.PublicKey())
		} else if s.Instead != "" {
			var err error
			if old, err = h.blobOf(ctx, paths, s.Instead); err != nil {
				return err
			}
		}
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + sign
	return h.tell(ctx, "setting an SSH key", scriptAuthorize, slices.Concat([]string{k.name, strconv.Itoa(k.uid), sign, line, blob(key), old, others}, paths)...)
}

// blobOf is the key with a fingerprint in files of keys; "" is that it is in none.
func (h *Host) blobOf(ctx context.Context, paths []string, fingerprint string) (string, error) {
	lines, err := h.keyLines(ctx, "looking for the key to replace", paths)
	if err != nil {
		return "", err
	}
	for _, p := range paths {
		for _, text := range lines[p] {
			key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
			if err == nil && ssh.FingerprintSHA256(key) == fingerprint {
				return blob(key), nil
			}
		}
	}
	return "", nil
}

// blob is a public key as a line of a file of keys has it.
func blob(key ssh.PublicKey) string { return base64.StdEncoding.EncodeToString(key.Marshal()) }

// tell runs a script that changes an account; what it reads comes a line each.
func (h *Host) tell(ctx context.Context, doing, script string, lines ...string) error {
	_, err := h.line.run(ctx, doing, scriptLife+script, []byte(strings.Join(lines, "\n")+"\n"), asRoot)
	var said *commandError
	if errors.As(err, &said) {
		return connector.ErrUnsupported.With("linux %q: %s: the host did not make the change: %s", h.name, doing, said.stderr).Because(said)
	}
	return err
}

// told makes sure that a host that repeats what it was told is not repeated.
func (h *Host) told(value secret.Secret, err error) error {
	if err != nil && strings.Contains(err.Error(), string(value.Reveal())) {
		return connector.ErrUnsupported.With("linux %q: the host did not take the secret, and repeated it, so that its words are left out here", h.name)
	}
	return err
}
