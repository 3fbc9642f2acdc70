package approval

import (
	"context"
	"errors"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Candidate is somebody who might be asked, perhaps in somebody's place.
type Candidate struct {
	Who       access.IdentityID `json:"who"`
	InsteadOf access.IdentityID `json:"instead_of,omitzero"`
}

// seen is a request as it stands to whoever calls.
func (s *Service) seen(ctx context.Context, id access.ApprovalID) (*view, error) {
	r, err := s.Store.Approval(ctx, id)
	if err != nil {
		return nil, err
	}
	var delegated []Delegation
	var at access.Time
	if c, _ := policy.CallerOf(ctx); c.Identity != 0 {
		if delegated, at, err = s.Store.DelegatedTo(ctx, c.Identity); err != nil {
			return nil, err
		}
	}
	return s.view(ctx, r, delegated, at), nil
}

// shown is the object as reading it is decided on: whoever has decided in it goes on seeing
// it.
func (v *view) shown() policy.Object {
	o := v.asked()
	if v.who != 0 && slices.ContainsFunc(v.r.Decisions, func(d Decision) bool { return d.By == v.who }) {
		o.Assignee = v.who
	}
	return o
}

// first is the way to stand that whoever calls would decide by if they named none.
func (v *view) first() Standing {
	by, _ := choose(v.r, v.who, 0, v.standings)
	return by
}

// decides reports whether whoever calls may decide by any of their ways, whatever that
// obliges to.
func (v *view) decides() bool {
	return slices.ContainsFunc(v.standings, func(by Standing) bool {
		o := v.asked()
		o.InsteadOf = by.InsteadOf
		return !v.r.Counted(by.InsteadOf) && v.s.Gate.Still(v.ctx, v.who, decideAction, o) == nil
	})
}

// verdicts are what whoever calls may do to a request, and why not.
func (v *view) verdicts() map[string]policy.Verdict {
	if v.who == 0 {
		no := policy.Verdict{Why: policy.ErrSomebody.Error()}
		return map[string]policy.Verdict{decideAction: no, withdrawAction: no}
	}
	o := v.asked()
	o.InsteadOf = v.first().InsteadOf
	may := v.s.Gate.Verdicts(v.ctx, o, decideAction, withdrawAction)
	counted := v.r.Counted(v.who) || o.InsteadOf != 0 && v.r.Counted(o.InsteadOf)
	for action, verdict := range may {
		switch {
		case !verdict.Allowed:
		case v.r.State != Waiting:
			may[action] = policy.Verdict{Why: v.r.Open(0).Error()}
		case action == decideAction && counted:
			may[action] = policy.Verdict{Why: ErrDecided.Error()}
		}
	}
	return may
}

// deciders are those of some who may decide now, and have not.
func (v *view) deciders(some []Candidate) []Candidate {
	list := []Candidate{}
	f := v.s.Facts()
	if f == nil {
		return list
	}
	if owner := v.place.Owner; owner != 0 && !slices.ContainsFunc(some, func(c Candidate) bool { return c.Who == owner && c.InsteadOf == 0 }) {
		some = append(some, Candidate{Who: owner})
	}
	for _, c := range some {
		voice := c.Who
		if c.InsteadOf != 0 {
			voice = c.InsteadOf
		}
		o := v.object()
		o.Assignee, o.InsteadOf = c.Who, c.InsteadOf
		if v.r.Counted(c.Who) || v.r.Counted(voice) || len(Seats(f, voice, v.r.At(), v.place)) == 0 ||
			v.s.Gate.Still(v.ctx, c.Who, decideAction, o) != nil || c.InsteadOf != 0 && !v.might(c.InsteadOf) {
			continue
		}
		list = append(list, c)
	}
	return list
}

// onApproval is the object of a request as an operation on it is decided by.
func (s *Service) onApproval(ctx context.Context, id access.ApprovalID, reading bool, insteadOf access.IdentityID, reason string) (policy.Object, error) {
	v, err := s.seen(ctx, id)
	if err != nil {
		return policy.Object{}, err
	}
	if reading {
		return v.shown(), nil
	}
	o := v.asked()
	o.Reason = reason
	switch by, err := choose(v.r, v.who, insteadOf, v.standings); {
	case err == nil:
		o.InsteadOf = by.InsteadOf
	case errors.Is(err, ErrNotAsked) && insteadOf != 0 && insteadOf != v.who:
		o.InsteadOf = insteadOf
	}
	return o, nil
}

// onChain is the object of the request that a chain is about: whoever may see that may see
// what it led to.
func (s *Service) onChain(ctx context.Context, of access.Ref) (policy.Object, error) {
	c, err := s.Store.Chain(ctx, of, MostLinks)
	if err != nil || c.ID == 0 {
		return policy.Object{}, errors.Join(err, none(c))
	}
	for _, l := range c.Links {
		if l.Object.Kind == access.KindApproval {
			return s.onApproval(ctx, access.ApprovalID(l.Object.Key), true, 0, "")
		}
	}
	return policy.Object{Resource: policy.Resource{Key: c.ID.String()}}, nil // of none: who may see all
}

func none(c Chain) error {
	if c.ID == 0 {
		return policy.ErrNoObject
	}
	return nil
}

// Delegate has somebody decide in the place of whoever calls.
func (s *Service) Delegate(ctx context.Context, d Delegation) (access.DelegationID, error) {
	c, _ := policy.CallerOf(ctx)
	reason, err := access.Said(d.Reason)
	if err != nil {
		return 0, err
	}
	d.From, d.Reason = c.Identity, reason
	if _, err := s.Gate.Ask(ctx, delegateAction, s.onOwn(ctx, reason), policy.Obligations{}); err != nil {
		return 0, err
	}
	return s.Store.Delegate(ctx, d)
}

// Undelegate ends a delegation of whoever calls.
func (s *Service) Undelegate(ctx context.Context, id access.DelegationID, reason string) error {
	c, _ := policy.CallerOf(ctx)
	if _, err := s.Gate.Ask(ctx, delegateAction, s.onOwn(ctx, reason), policy.Obligations{}); err != nil {
		return err
	}
	return s.Store.Undelegate(ctx, id, c.Identity)
}

// onOwn is the object of what somebody does about their own decisions.
func (s *Service) onOwn(ctx context.Context, reason string) policy.Object {
	c, _ := policy.CallerOf(ctx)
	return policy.Object{Resource: policy.Resource{Creator: c.Identity}, Reason: reason}
}
