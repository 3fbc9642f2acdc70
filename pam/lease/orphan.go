package lease

import (
	"context"
	"log/slog"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// orphans takes away the accounts with this installation's mark that no open lease is of:
// what was begun before a restore, by a node that slept, or is there again.
func (w *turn) orphans(ctx context.Context) error {
	if err := w.owner.Keep(ctx); err != nil {
		return err
	}
	prefix, err := w.Store.Prefix(ctx)
	if err != nil {
		return err
	}
	u, err := w.Lenders.use(ctx, w.system)
	if err != nil {
		return unknown(err)
	}
	lent, err := u.lender.AllLent(ctx, prefix)
	u.end()
	if err != nil {
		return unknown(err)
	}
	for len(lent) > 0 && ctx.Err() == nil {
		n := min(len(lent), Together)
		if err := w.without(ctx, prefix, lent[:n]); err != nil {
			return err
		}
		lent = lent[n:]
	}
	return ctx.Err()
}

// unknown leaves out of the log what a system that is away says each time.
func unknown(err error) error {
	if fault.KindOf(err) == fault.Internal {
		return err
	}
	slog.Debug("a system could not be asked what it has on loan", "error", err)
	return nil
}

// without takes away those of some accounts that no open lease is of.
func (w *turn) without(ctx context.Context, prefix string, lent []connector.Lent) error {
	ids := make([]access.LeaseID, len(lent))
	for i, x := range lent {
		ids[i] = leaseOf(prefix, x.Mark)
	}
	standing, err := w.owner.Standing(ctx, ids)
	if err != nil {
		return err
	}
	var out []Orphan
	var of []connector.Lent
	for i, x := range lent {
		if !standing[ids[i]] || ids[i] == 0 {
			out, of = append(out, Orphan{Name: x.Name, Lease: ids[i]}), append(of, x)
		}
	}
	if len(out) == 0 {
		return nil
	}
	err = w.each(ctx, len(out), func(ctx context.Context, i int) {
		err := w.takeBack(ctx, of[i], "", longestWithin)
		if out[i].Gone = err == nil; err != nil {
			out[i].Code = codeOf(err)
		}
	})
	if err != nil {
		return err
	}
	return w.owner.Orphans(ctx, out)
}

// Mark is how an account says of which lease it is.
func Mark(prefix string, id access.LeaseID) string { return prefix + id.String() }

// leaseOf is the lease that a mark names, or zero.
func leaseOf(prefix, mark string) (id access.LeaseID) {
	text, ok := strings.CutPrefix(mark, prefix)
	if !ok || id.UnmarshalText([]byte(text)) != nil {
		return 0
	}
	return id
}

// Login is the login of an account: of this installation, and of no other lease.
func Login(prefix string, id access.LeaseID) string {
	_, digits, _ := strings.Cut(id.String(), "_")
	return strings.NewReplacer(".", "_").Replace(prefix) + strings.TrimLeft(digits, "0")
}

// OfLogin is the lease whose account has a login, or zero.
func OfLogin(prefix, login string) (id access.LeaseID) {
	digits, ok := strings.CutPrefix(login, Login(prefix, 0))
	kind, one, _ := strings.Cut(access.LeaseID(1).String(), "_")
	if !ok || len(digits) > len(one) {
		return 0
	}
	id = leaseOf("", kind+"_"+strings.Repeat("0", len(one)-len(digits))+digits)
	if id == 0 || Login(prefix, id) != login {
		return 0
	}
	return id
}
