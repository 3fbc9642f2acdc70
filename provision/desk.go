package provision

import (
	"context"
	"strings"
	"time"

	"github.com/writhq/writ/access"
)

// Preview is what would be planned now for what changed. It keeps nothing.
func (s *Service) Preview(ctx context.Context) ([]Operation, error) {
	n, err := s.Store.News(ctx, 0)
	if err != nil {
		return nil, err
	}
	plans, err := s.Plans(ctx, n.Units)
	if err != nil {
		return nil, err
	}
	list := []Operation{}
	for _, p := range plans {
		for _, o := range p.New {
			if o.State != Verified {
				list = append(list, o)
			}
		}
	}
	return list, nil
}

// Approve lets a run go on that the guard holds.
func (s *Service) Approve(ctx context.Context, id access.ProvisioningID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason.With("approving a run needs a reason")
	}
	defer s.kick.Ring()
	return s.Store.Approve(ctx, id, reason)
}

// Resume has an operation tried again, at once.
func (s *Service) Resume(ctx context.Context, id access.OperationID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason.With("resuming an operation needs a reason")
	}
	o, err := s.Store.Operation(ctx, id)
	if err != nil {
		return err
	}
	if err := s.Store.Resume(ctx, id, reason); err != nil {
		return err
	}
	s.put(o.System, rest{})
	s.kick.Ring()
	return nil
}

// Cancel ends an operation that is not under way; with undo the rest of the same change
// ends too, and what was done of it is taken back.
func (s *Service) Cancel(ctx context.Context, id access.OperationID, reason string, undo bool) (undone int, err error) {
	if strings.TrimSpace(reason) == "" {
		return 0, ErrReason.With("cancelling an operation needs a reason")
	}
	defer s.kick.Ring()
	return s.Store.Cancel(ctx, id, reason, undo)
}

// SetLimits keeps what a system takes at a time.
func (s *Service) SetLimits(ctx context.Context, id access.SystemID, l Limits) error {
	if err := l.Validate(); err != nil {
		return err
	}
	return s.Store.SetLimits(ctx, id, l)
}

// longestQuarantine is how long a disabled account may wait to be deleted.
const longestQuarantine = 10 * 366 * 24 * time.Hour

// Orphan has the account of nobody disabled, and deleted after a quarantine; zero is never.
func (s *Service) Orphan(ctx context.Context, id access.AccountID, quarantine time.Duration, reason string) (access.TargetID, error) {
	switch {
	case strings.TrimSpace(reason) == "":
		return 0, ErrReason.With("disabling an account needs a reason")
	case quarantine < 0 || quarantine > longestQuarantine:
		return 0, ErrLimits.With("a quarantine is from 0, which is for good, to ten years")
	}
	var deleteAt access.Time
	if quarantine > 0 {
		deleteAt = access.TimeOf(s.now().Add(quarantine))
	}
	return s.Store.PutOrphan(ctx, id, access.TargetDisabled, deleteAt, reason)
}
