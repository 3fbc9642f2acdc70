package lease

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/graph"
)

// own returns a lease of whoever calls.
func (s *Service) own(ctx context.Context, id access.LeaseID) (Lease, error) {
	who, err := person(ctx)
	if err != nil {
		return Lease{}, err
	}
	l, err := s.Store.Lease(ctx, id)
	if err == nil && l.Identity != who {
		return Lease{}, ErrNotFound
	}
	return l, err
}

// Renew has a lease of whoever calls last for a time from now on, never beyond what its
// terms let it; zero is as long as it was asked for. Its system is told first: what that
// lets in for longer ends by the store's clock all the same.
func (s *Service) Renew(ctx context.Context, id access.LeaseID, by time.Duration) (Lease, error) {
	l, err := s.own(ctx, id)
	if err != nil {
		return l, err
	}
	if by == 0 {
		by = l.Lasts
	}
	until := min(s.now()+access.Time(by.Microseconds()), l.latestEnd())
	switch {
	case l.State != Active:
		return l, ErrState.With("only what is active is renewed, and this is %s", l.State)
	case by < shortest:
		return l, ErrTooLong.With("say for how long: a second at least")
	case !s.Store.Trusted():
		return l, ErrClock
	case until <= l.End && l.End == l.latestEnd():
		return l, ErrTooLong.With("from its start to its end it lasts %s at most, renewals included: ask for another lease", access.Lasting(l.Most))
	case until <= l.End:
		return l, nil // it lasts that long
	}
	of, err := s.Store.Offer(ctx, l.Template)
	if err != nil {
		return l, err
	}
	if err := s.may(ctx, &l, of); err != nil {
		return l, err
	}
	within, cancel := context.WithTimeout(ctx, makeWithin)
	defer cancel()
	u, err := s.Lenders.use(within, l.System)
	if err != nil {
		return l, err
	}
	defer u.end()
	if err := u.lender.Prolong(within, connector.Lent{Name: l.Name, Mark: l.Mark}, until.Time()); err != nil {
		return l, err
	}
	return s.Store.Renew(ctx, id, until)
}

// may reports whether whoever has a lease could have it again by what is so now.
func (s *Service) may(ctx context.Context, l *Lease, of Offer) error {
	v := s.Gate.Graph.View()
	defer v.Close()
	if err := s.Gate.Permit(ctx, endAction, leaseObject(v, l, "")); err != nil {
		return err
	}
	return s.Gate.Still(ctx, l.Identity, issueAction, object(v, of, l.Identity, l.Reason))
}

// Return ends a lease of whoever calls, or withdraws what they asked for.
func (s *Service) Return(ctx context.Context, id access.LeaseID) (Lease, error) {
	l, err := s.own(ctx, id)
	if err != nil {
		return l, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	if err := s.Gate.Permit(ctx, endAction, leaseObject(v, &l, "")); err != nil {
		return l, err
	}
	return s.end(ctx, id, CodeReturned, "")
}

// Force ends a lease of somebody else.
func (s *Service) Force(ctx context.Context, id access.LeaseID, reason string) (Lease, error) {
	reason, err := access.Said(reason)
	switch {
	case err != nil:
		return Lease{}, err
	case reason == "":
		return Lease{}, ErrReason.With("say why it is ended")
	}
	return s.end(ctx, id, CodeForced, reason)
}

// Retry has the account of what is over taken away now, and not once its pause has passed.
func (s *Service) Retry(ctx context.Context, id access.LeaseID, reason string) (Lease, error) {
	reason, err := access.Said(reason)
	switch {
	case err != nil:
		return Lease{}, err
	case reason == "":
		return Lease{}, ErrReason.With("say why it is tried now")
	}
	l, err := s.Store.Retry(ctx, id, reason)
	if err == nil {
		s.Keeper.Wake()
	}
	return l, err
}

func (s *Service) end(ctx context.Context, id access.LeaseID, code, reason string) (Lease, error) {
	l, err := s.Store.End(ctx, id, code, reason)
	if err == nil {
		s.Keeper.Wake()
	}
	return l, err
}

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}

// recheckAtOnce is how many are looked at again between two reads of the store.
const recheckAtOnce = 500

// Recheck ends all that is leased by what is not so any more.
func (s *Service) Recheck(ctx context.Context) error {
	v := s.Gate.Graph.View()
	defer v.Close()
	var failed error
	var after Held
	for {
		list, err := s.Store.Held(ctx, after, recheckAtOnce)
		if err != nil || len(list) == 0 {
			return errors.Join(failed, err)
		}
		for _, h := range list {
			if err := s.recheck(ctx, v, h); err != nil {
				failed = errors.Join(failed, err)
			}
		}
		after = list[len(list)-1]
	}
}

func (s *Service) recheck(ctx context.Context, v *graph.View, h Held) error {
	of, err := s.Store.Offer(ctx, h.Template)
	switch {
	case errors.Is(err, ErrNoTemplate):
	case err != nil:
		return err
	default:
		// What was said as a reason was said then.
		if err = s.Gate.Still(ctx, h.Identity, issueAction, object(v, of, h.Identity, "as before")); err == nil {
			return nil
		}
	}
	if err := s.Store.EndHeld(ctx, h, CodeLost, said(err)); err != nil {
		return err
	}
	s.Keeper.Wake()
	return nil
}
