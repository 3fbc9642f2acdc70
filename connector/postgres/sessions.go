package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
)

// mayGo refuses to lock Writ out, and to drop what is more than an account.
func (s *session) mayGo(ctx context.Context, l life, row *roleRow) error {
	no := func(why string) error { return connector.ErrUnsupported.With("postgres %q: %s", s.name, why) }
	switch {
	case row.Name == s.line.config.User:
		return no("Writ itself logs in as that role and would lock itself out")
	case l.Kind == connector.EndSessions:
		return nil
	case row.OID == bootstrapOID:
		return no("the bootstrap superuser cannot be deleted, the cluster needs it")
	case strings.HasPrefix(row.Name, "pg_"):
		return no("the role is the server's own")
	}
	members, err := s.count(ctx, queryMembersOf, row.OID)
	if err == nil && members > 0 {
		return no(strconv.Itoa(members) + " other roles are in it and would lose what it gives; take them out first")
	}
	return err
}

// endSessions ends what a role has open, and waits until it is gone.
func (s *session) endSessions(ctx context.Context, role uint32) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := s.count(ctx, querySessions, role)
		if err != nil || left == 0 {
			return err
		}
		if _, err := s.count(ctx, queryTerminate, role); err != nil {
			if errors.Is(err, connector.ErrPrivilege) {
				return connector.ErrPrivilege.With("postgres %q: role %q may not end sessions; run `grant pg_signal_backend to %s`, and end those of superusers by hand", s.name, s.line.config.User, quote(s.line.config.User)).Because(err)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return connector.ErrIncomplete.With("postgres %q: %d sessions of the role do not end; look at them in pg_stat_activity", s.name, left).Because(context.Cause(ctx))
		case <-tick.C:
		}
	}
}
