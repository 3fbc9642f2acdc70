package lifecycle

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What an exception can break.
var (
	ErrException     = fault.New(fault.Invalid, "bad-exception", "an exception keeps something or goes without it, until a day in the future, a year away at most")
	ErrExceptionSelf = fault.New(fault.Denied, "exception-self", "nobody makes an exception for themself: somebody else does")
	ErrExceptionHeld = fault.New(fault.Invalid, "exception-not-held", "only what somebody has by rules or roles now can be kept: what they do not have is requested")
	ErrExceptionTwo  = fault.New(fault.Conflict, "exception-taken", "there is an exception for this already: remove that one first")
	ErrNoException   = fault.New(fault.NotFound, "exception-not-found", "there is no such exception")
)

// ExceptionStore keeps exceptions.
type ExceptionStore interface {
	// Exceptions are those in force, of all or of one.
	Exceptions(ctx context.Context, of access.IdentityID) ([]access.Exception, error)
	// AddException keeps one, by whom the context says. What is kept has to be held by
	// rules or roles, else ErrExceptionHeld; one's own is ErrExceptionSelf.
	AddException(ctx context.Context, x access.Exception) (access.ExceptionID, error)
	// RemoveException ends one, or returns ErrNoException; one's own is ErrExceptionSelf.
	RemoveException(ctx context.Context, id access.ExceptionID, reason string) error
}

// Exceptions are those in force, of all or of one.
func (s *Service) Exceptions(ctx context.Context, of access.IdentityID) ([]access.Exception, error) {
	return s.Store.Exceptions(ctx, of)
}

// AddException lets somebody keep what no rule gives them any more, or go without what one
// does, until a day.
func (s *Service) AddException(ctx context.Context, x access.Exception) (access.ExceptionID, error) {
	if err := validReason(x.Reason); err != nil {
		return 0, err
	}
	if now := s.now(); x.Effect != access.Keep && x.Effect != access.Without || x.End <= now || x.End > now+366*day {
		return 0, ErrException
	}
	return s.Store.AddException(ctx, x)
}

// RemoveException ends an exception: what rules say counts again.
func (s *Service) RemoveException(ctx context.Context, id access.ExceptionID, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.Store.RemoveException(ctx, id, reason)
}
