package linux

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

// target is what a change is about, by the host's own names.
type target struct{ account, group string }

// Apply makes one change. What is so already stays untouched.
func (h *Host) Apply(ctx context.Context, c connector.Change) error {
	if err := Spec().Check(h.name, c); err != nil {
		return err
	}
	if isLife(c.Kind) {
		return h.applyLife(ctx, c)
	}
	t, err := h.target(c)
	if err != nil {
		return err
	}
	p, err := h.look(ctx)
	if err != nil {
		return err
	}
	if err := h.mayChange(p); err != nil {
		return err
	}
	if c.Kind == connector.DisableAccount && t.account == p.user {
		return connector.ErrUnsupported.With("linux %q: Writ itself signs in as %q and would lock itself out", h.name, t.account)
	}
	done, err := h.state(ctx, c, t)
	if err != nil || done {
		return err
	}
	_, err = h.line.run(ctx, "changing access", scriptChange, t.input(string(c.Kind)), asRoot)
	var refused *commandError
	if errors.As(err, &refused) {
		return connector.ErrUnsupported.With("linux %q: the host did not make the change; an account or group of a directory is changed there", h.name).Because(refused)
	}
	return err
}

// ReadBack reports whether the host now shows the change.
func (h *Host) ReadBack(ctx context.Context, c connector.Change) (bool, error) {
	if err := Spec().Check(h.name, c); err != nil {
		return false, err
	}
	if isLife(c.Kind) {
		return h.readBackLife(ctx, c)
	}
	t, err := h.target(c)
	if err != nil {
		return false, err
	}
	if _, err := h.look(ctx); err != nil {
		return false, err
	}
	return h.state(ctx, c, t)
}

func (t target) input(first ...string) []byte {
	return []byte(strings.Join(append(first, t.account, t.group, ""), "\n"))
}

// target takes the names out of a change and refuses those that no account or
// group can have: a name is data to the host, but a line break would be two.
func (h *Host) target(c connector.Change) (t target, err error) {
	switch c.Kind {
	case connector.AddGrant, connector.RemoveGrant:
		group, ok := strings.CutPrefix(c.Grant.Entitlement, "group:")
		if !ok || c.Grant.Holder.Kind != connector.OnAccount {
			return t, connector.ErrUnsupported.With("linux %q: only the membership of an account in a group can be changed", h.name)
		}
		t = target{account: c.Grant.Holder.ID, group: group}
		if !plausible(t.group) {
			return t, connector.ErrUnsupported.With("linux %q: the group's name cannot be one", h.name)
		}
	case connector.DisableAccount, connector.EnableAccount:
		t = target{account: c.Account}
		if t.account == "root" {
			return t, connector.ErrUnsupported.With("linux %q: root cannot be disabled, the host needs it", h.name)
		}
	default:
		return t, connector.ErrUnsupported.With("linux %q: the change is not known", h.name)
	}
	if !plausible(t.account) {
		return t, connector.ErrUnsupported.With("linux %q: the account's name cannot be one", h.name)
	}
	return t, nil
}

func plausible(name string) bool {
	return name != "" && len(name) <= 256 && !strings.HasPrefix(name, "-") && !strings.ContainsAny(name, "\n\r\x00:,")
}

func (h *Host) mayChange(p probe) error {
	if p.elevates {
		return nil
	}
	return connector.ErrPrivilege.With("linux %q: account %q may not change access there: %s", h.name, p.user, p.remedy())
}

// state reads whether a change is so already.
func (h *Host) state(ctx context.Context, c connector.Change, t target) (bool, error) {
	const doing = "reading the state of an account"
	out, err := h.line.runNames(ctx, doing, scriptState, t.input())
	if err != nil {
		return false, err
	}
	f := &facts{byName: map[string]*account{}, byGroup: map[string]*group{}}
	if !bytes.HasSuffix(out, []byte("E:end\n")) {
		return false, h.line.incomplete(doing, errors.New("the list has no end"))
	}
	if !bytes.HasPrefix(out, []byte("P:")) {
		// Access that an account which is gone had is gone too.
		if c.Kind == connector.RemoveGrant || c.Kind == connector.DisableAccount {
			return true, nil
		}
		return false, connector.ErrUnsupported.With("linux %q: the host has no such account", h.name)
	}
	if _, err := f.parse(out); err != nil {
		return false, h.line.incomplete(doing, err)
	}
	f.join()
	a := f.accounts[0]
	if c.Kind == connector.AddGrant || c.Kind == connector.RemoveGrant {
		return h.membership(c.Kind, f, a, t)
	}
	if err := c.Owned("linux", h.name, a.mark()); err != nil {
		return false, err
	}
	locked, expired := a.password == passwordLocked || a.password == passwordNoneLocked, a.expired(h.now())
	if c.Kind == connector.DisableAccount {
		return locked && expired, nil
	}
	return a.password != passwordLocked && !expired, nil
}

func (h *Host) membership(kind connector.ChangeKind, f *facts, a *account, t target) (bool, error) {
	if len(f.groups) == 0 {
		if kind == connector.RemoveGrant {
			return true, nil
		}
		return false, connector.ErrUnsupported.With("linux %q: the host has no such group", h.name)
	}
	g := f.groups[0]
	listed, primary := slices.Contains(g.listed, a.name), a.gid == g.gid
	if kind == connector.AddGrant {
		return listed || primary, nil
	}
	if primary {
		return false, connector.ErrUnsupported.With("linux %q: group %s is the primary group of the account (gid %s), which only usermod -g can change", h.name, strconv.Quote(t.group), strconv.Itoa(g.gid))
	}
	return !listed, nil
}
