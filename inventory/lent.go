package inventory

import (
	"context"
	"fmt"
	"iter"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Lent reports whether a login is that of an account which Writ made for one use and takes
// away by itself.
type Lent func(ctx context.Context, login string) (bool, error)

// unlent leaves what is lent out of what a system is read to have: whose it is, by which
// right and until when a lease says, and it is gone before anybody could review it.
func (s *Service) unlent(ctx context.Context, system access.SystemID, from stream, since access.Time) (stream, error) {
	lent, err := s.Store.Lent(ctx, system, since)
	if err != nil {
		return nil, fmt.Errorf("reading what is lent: %w", err)
	}
	if lent == nil {
		return from, nil
	}
	return func(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
		return func(yield func(connector.Record, error) bool) {
			out := leftOut{lent: lent, gone: map[connector.Target]bool{}}
			for r, err := range from(ctx, cursor) {
				if err == nil {
					var leaves bool
					if leaves, err = out.leaves(ctx, &r); leaves {
						continue
					}
				}
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}, nil
}

// leftOut is what was left out of one reading.
type leftOut struct {
	lent Lent
	gone map[connector.Target]bool
}

// leaves reports whether a record is left out: an account that is lent, the entitlement of
// the same name, which some systems have for it, and what refers to either.
func (u *leftOut) leaves(ctx context.Context, r *connector.Record) (bool, error) {
	switch {
	case r.Account != nil:
		return u.out(ctx, connector.Target{Kind: connector.OnAccount, ID: r.Account.ID}, r.Account.Login)
	case r.Entitlement != nil:
		return u.out(ctx, connector.Target{Kind: connector.OnEntitlement, ID: r.Entitlement.ID}, r.Entitlement.Name)
	case r.Grant != nil:
		return u.gone[r.Grant.Holder] || u.gone[connector.Target{Kind: connector.OnEntitlement, ID: r.Grant.Entitlement}], nil
	case r.Credential != nil:
		return u.gone[connector.Target{Kind: connector.OnAccount, ID: r.Credential.Account}], nil
	}
	return false, nil
}

func (u *leftOut) out(ctx context.Context, t connector.Target, login string) (bool, error) {
	is, err := u.lent(ctx, login)
	if err != nil {
		return false, fmt.Errorf("reading what is lent: %w", err)
	}
	if is {
		u.gone[t] = true
	}
	return is, nil
}
