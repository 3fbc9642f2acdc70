package provision

import (
	"context"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// ErrNoLogin is what an account without a login cannot be made with.
var ErrNoLogin = fault.New(fault.Invalid, "account-login", "nothing says which login the account should have: the mapping of its system does")

// perform makes one change and has it read back. It asks first where an earlier attempt
// may have made it: what is done is not done again.
func (w *worker) perform(ctx context.Context, c connector.Connector, spec connector.Spec, j *Job) error {
	writer, ok := c.(connector.Writer)
	if !ok {
		return errNoWriter
	}
	if j.Kind == connector.CreateAccount {
		return w.make(ctx, writer, spec, j)
	}
	if j.Native == "" {
		if there, err := w.findMade(ctx, writer, j); err != nil || !there {
			return err
		}
	}
	x := connector.Change{Kind: j.Kind, Account: j.Native, Mark: j.Mark}
	switch j.Kind {
	case connector.AddGrant, connector.RemoveGrant:
		x.Grant = connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: j.Native}, Entitlement: j.Entitlement, Resource: j.Resource, Mode: access.Standing}
	case connector.UpdateAccount:
		x.Set = settable(spec, j.Set, false)
	case connector.DisableAccount, connector.EnableAccount, connector.CreateAccount, connector.DeleteAccount, connector.EndSessions:
	}
	return apply(ctx, writer, spec, x, j.Attempts > 1)
}

// apply makes a change, unless it was made by an earlier attempt, and asks whether it is so.
func apply(ctx context.Context, writer connector.Writer, spec connector.Spec, x connector.Change, again bool) error {
	if again {
		if done, err := writer.ReadBack(ctx, x); err != nil || done {
			return err
		}
	}
	if err := writer.Apply(ctx, x); err != nil {
		return err
	}
	done, err := writer.ReadBack(ctx, x)
	switch {
	case err != nil:
		return err
	case done:
		return nil
	case spec.Later:
		return errAsked
	}
	return ErrDiffers
}

// errNoWriter is for a connector that promises changes and makes none.
var errNoWriter = connector.ErrUnsupported.With("the connector of this system does not make such a change")

// errAsked says that others will do what was asked for.
var errAsked = fault.New(fault.Unavailable, codeLater, "the system was asked for it, and has not done it yet")

// make makes an account: its mark and its first credential are kept before that.
func (w *worker) make(ctx context.Context, writer connector.Writer, spec connector.Spec, j *Job) error {
	maker, ok := writer.(connector.Maker)
	if !ok {
		return errNoWriter
	}
	if j.Login == "" {
		return ErrNoLogin
	}
	fresh := newPassword
	if !spec.FirstPassword {
		fresh = nil
	}
	if err := w.owner.Prepare(ctx, j, fresh, CredentialLasts); err != nil {
		return err
	}
	defer j.Credential.Wipe()
	j.Set = settable(spec, j.Set, true)
	x := connector.Change{Kind: j.Kind, New: &connector.NewAccount{Login: j.Login, Mark: j.Mark, Values: j.Set, Credential: j.Credential, CredentialEnds: j.Ends}}
	// With a credential that no earlier attempt had, it has to be given again.
	if err := apply(ctx, writer, spec, x, j.Attempts > 1 && !j.Fresh); err != nil {
		return err
	}
	found, err := maker.Find(ctx, j.Login)
	if err != nil {
		return err
	}
	if found == nil || found.Mark != j.Mark {
		return ErrDiffers
	}
	j.Native = found.ID
	return nil
}

// findMade looks for an account whose making was never confirmed. There being none is done
// with what takes something away, and too early for anything else.
func (w *worker) findMade(ctx context.Context, writer connector.Writer, j *Job) (there bool, err error) {
	maker, ok := writer.(connector.Maker)
	if !ok {
		return false, errNoWriter
	}
	found, err := maker.Find(ctx, j.Login)
	if err != nil {
		return false, err
	}
	if found != nil && found.Mark == j.Mark {
		j.Native = found.ID
		return true, nil
	}
	if Destructive(j.Kind) || j.Kind == connector.EndSessions {
		return false, nil
	}
	return false, ErrNoAccount
}

// settable leaves out what the kind of system does not take.
func settable(spec connector.Spec, set map[string]string, made bool) map[string]string {
	kept := maps.Clone(set)
	maps.DeleteFunc(kept, func(name, value string) bool {
		i := slices.IndexFunc(spec.Settable, func(a connector.Setting) bool { return a.Name == name })
		return i < 0 || made && (value == "" || name == connector.SetLogin) || !made && spec.Settable[i].Fixed
	})
	return kept
}
