package vault

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/policy"
)

// CheckoutQuery asks for check-outs, the newest first.
type CheckoutQuery struct {
	ID     access.CheckoutID
	Secret access.SecretID
	Of     access.IdentityID
	Open   bool // only those that have not ended
	Before access.CheckoutID
	First  int
}

// Checkouts is what is kept of who has what out.
type Checkouts interface {
	Checkouts(ctx context.Context, q CheckoutQuery) ([]Checkout, error)
	// CheckOut begins one, or asks those who have to agree where there is a case, whose About
	// is made here. All that it was decided on is so still in that transaction. With ErrOut
	// comes the one that has it out.
	CheckOut(ctx context.Context, c Checkout, o Opening, ask *approval.Case) (Checkout, error)
	// Begin lets one begin that waited and was agreed to, by what it is decided on now.
	Begin(ctx context.Context, id access.CheckoutID, o Opening) (Checkout, error)
	// Extend gives one that is out another end.
	Extend(ctx context.Context, id access.CheckoutID, ends func(c Checkout, now access.Time) (access.Time, error), reason string) (Checkout, error)
	// EndCheckout ends one that is under way, or returns ErrCheckoutEnded.
	EndCheckout(ctx context.Context, id access.CheckoutID, as CheckoutState, reason string) (Checkout, error)
}

// Asking is that somebody wants a secret for a time; Lasts is zero for all that the terms
// let it.
type Asking struct {
	Secret access.SecretID
	Lasts  time.Duration
	Reason string
	Ticket string
}

// CheckOut gives somebody a secret for a time, or asks those who have to agree.
func (s *Service) CheckOut(ctx context.Context, a Asking) (c Checkout, err error) {
	who, err := person(ctx)
	if err != nil {
		return c, err
	}
	if a.Reason, err = access.Said(a.Reason); err != nil {
		return c, err
	}
	if a.Ticket, err = access.Said(a.Ticket); err != nil {
		return c, err
	}
	if err := s.settle(ctx); err != nil {
		return c, err
	}
	h, err := s.secret(ctx, a.Secret)
	if err != nil {
		return c, err
	}
	need, err := s.Gate.Ask(ctx, "secret.use", h.object(Use, a.Reason), policy.ObligationsOf(h.Terms))
	switch {
	case err != nil:
		return c, err
	case h.Terms.Ticket && a.Ticket == "":
		return c, ErrTicket
	case need.Approve > len(h.Terms.Stages):
		return c, policy.ErrApprove.With("a policy wants somebody to agree, and the terms of the safe say nobody who does: its owner gives it a stage")
	}
	c = Checkout{
		Secret: a.Secret, Safe: h.ID, Identity: who, Exclusive: h.secret.exclusive(&h.Safe), Rotates: h.Rotates,
		State: Out, Reason: a.Reason, Ticket: a.Ticket, Most: h.Terms.Most,
	}
	if c.Lasts, err = lasting(a.Lasts, h.Terms); err != nil {
		return c, err
	}
	var ask *approval.Case
	if len(h.Terms.Stages) > 0 {
		c.State, ask = Waiting, h.ask(c)
	}
	return s.Store.CheckOut(ctx, c, h.opening(a.Reason), ask)
}

// opening is what a check-out is decided on.
func (h held) opening(reason string) Opening {
	return Opening{By: h.who, Right: h.right, Safe: h.Safe, Secret: *h.secret, Reason: reason}
}

// ask is what those who have to agree are shown.
func (h held) ask(c Checkout) *approval.Case {
	o := h.object(Use, c.Reason)
	return &approval.Case{
		Action: "secret.use", By: c.Identity, For: []access.Ref{c.Identity.Ref()}, Thing: c.Secret.Ref(),
		Scope: o.Scope, System: o.System, Owner: o.Owner, Stages: h.Terms.Stages, Reason: c.Reason, Ticket: c.Ticket,
		Shown: map[string]string{"safe": h.Name, "secret": h.secret.Name, "kind": string(h.secret.Kind), "for": access.Lasting(c.Lasts)},
	}
}

// Checkout returns one.
func (s *Service) Checkout(ctx context.Context, id access.CheckoutID) (Checkout, error) {
	list, err := s.Store.Checkouts(ctx, CheckoutQuery{ID: id, First: 1})
	if err == nil && (len(list) == 0 || id == 0) {
		err = ErrNoCheckout
	}
	if err != nil {
		return Checkout{}, err
	}
	return list[0], nil
}

// CheckoutObject is what a decision about a check-out is made on. Its creator is who has
// it; who else may see it is by the safe.
func (s *Service) CheckoutObject(ctx context.Context, id access.CheckoutID, reason string) (policy.Object, error) {
	c, err := s.Checkout(ctx, id)
	if err != nil {
		return policy.Object{}, err
	}
	return s.objectOf(ctx, c, reason)
}

func (s *Service) objectOf(ctx context.Context, c Checkout, reason string) (policy.Object, error) {
	h, err := s.secret(ctx, c.Secret)
	if err != nil {
		return policy.Object{}, err
	}
	return h.ofCheckout(c, reason), nil
}

func (h held) ofCheckout(c Checkout, reason string) policy.Object {
	o := h.object("", reason)
	o.Ref, o.Kind, o.Creator, o.Eligible = c.ID.Ref(), "", c.Identity, 0
	return o
}

// CheckoutList are those that whoever calls may see.
func (s *Service) CheckoutList(ctx context.Context, q CheckoutQuery) (list []Checkout, err error) {
	all, err := s.Store.Checkouts(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.seen(ctx, all)
}

// seen are those of some check-outs that whoever calls may see.
func (s *Service) seen(ctx context.Context, all []Checkout) (list []Checkout, err error) {
	known := map[access.SecretID]held{}
	for _, c := range all {
		h, ok := known[c.Secret]
		if !ok {
			if h, err = s.secret(ctx, c.Secret); err != nil {
				return nil, err
			}
			known[c.Secret] = h
		}
		if s.Gate.Permit(ctx, "checkout.read", h.ofCheckout(c, "")) == nil {
			list = append(list, c)
		}
	}
	return list, nil
}

// CheckoutPage is a page of CheckoutList, and where to go on; zero is nowhere.
func (s *Service) CheckoutPage(ctx context.Context, q CheckoutQuery) (list []Checkout, next access.CheckoutID, err error) {
	first := q.First
	q.First++
	all, err := s.Store.Checkouts(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if len(all) > first {
		all, next = all[:first], all[first-1].ID
	}
	list, err = s.seen(ctx, all)
	return list, next, err
}

// Extend lets the one who has a secret out have it longer, within its terms.
func (s *Service) Extend(ctx context.Context, id access.CheckoutID, by time.Duration, reason string) (Checkout, error) {
	c, err := s.holder(ctx, id)
	if err != nil {
		return c, err
	}
	if err := s.settle(ctx); err != nil {
		return c, err
	}
	if err := s.still(ctx, c); err != nil {
		return c, err
	}
	return s.Store.Extend(ctx, id, func(c Checkout, now access.Time) (access.Time, error) { return c.Extended(by, now) }, reason)
}

// holder returns a check-out that is of whoever calls.
func (s *Service) holder(ctx context.Context, id access.CheckoutID) (Checkout, error) {
	who, err := person(ctx)
	if err != nil {
		return Checkout{}, err
	}
	c, err := s.Checkout(ctx, id)
	if err == nil && c.Identity != who {
		err = ErrNoCheckout
	}
	return c, err
}

// CheckIn gives back what one has out, or withdraws what one has asked for.
func (s *Service) CheckIn(ctx context.Context, id access.CheckoutID) (Checkout, error) {
	c, err := s.holder(ctx, id)
	if err != nil {
		return c, err
	}
	if c.State == Waiting {
		return s.Store.EndCheckout(ctx, id, Withdrawn, "")
	}
	return s.Store.EndCheckout(ctx, id, Returned, "")
}

// Force takes back what somebody has out.
func (s *Service) Force(ctx context.Context, id access.CheckoutID, reason string) (Checkout, error) {
	return s.Store.EndCheckout(ctx, id, Forced, reason)
}

// still reports whether a check-out could be made by what is so now.
func (s *Service) still(ctx context.Context, c Checkout) error {
	_, err := s.stillHeld(ctx, c)
	return err
}

func (s *Service) stillHeld(ctx context.Context, c Checkout) (held, error) {
	h, err := s.secret(policy.WithCaller(ctx, policy.Caller{Identity: c.Identity}), c.Secret)
	if err != nil {
		return h, err
	}
	if h.secret.State != Live {
		return h, ErrSecretGone
	}
	return h, s.Gate.Still(ctx, c.Identity, "secret.use", h.object(Use, c.Reason))
}

// Why a check-out ends, or does not begin.
const (
	rightEnded = "the right that it was made by has ended"
	outToday   = "somebody else had it out by then"
)

// over reports whether an error says that nothing is left to have a secret out by.
func over(err error) bool {
	return errors.Is(err, policy.ErrDenied) || errors.Is(err, ErrSecretGone) || errors.Is(err, ErrNoSecret)
}

// Recheck ends every check-out whose right has ended, by what is so now, and begins those
// that others have agreed to.
func (s *Service) Recheck(ctx context.Context) error {
	open, err := s.Store.Checkouts(ctx, CheckoutQuery{Open: true, First: 10_000})
	if err != nil {
		return err
	}
	var failed error
	for _, c := range open {
		if err := s.recheck(ctx, c); err != nil && !errors.Is(err, ErrCheckoutEnded) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (s *Service) recheck(ctx context.Context, c Checkout) error {
	h, err := s.stillHeld(ctx, c)
	switch {
	case err != nil && over(err) && c.State == Waiting:
		return s.end(ctx, c, Refused, rightEnded)
	case err != nil && over(err):
		return s.end(ctx, c, Forced, rightEnded)
	case err != nil || c.State != Waiting || c.Agreed == 0:
		return err
	}
	_, err = s.Store.Begin(ctx, c.ID, h.opening(c.Reason))
	switch {
	case errors.Is(err, ErrOut):
		return s.end(ctx, c, Refused, outToday)
	case over(err):
		return s.end(ctx, c, Refused, rightEnded)
	case errors.Is(err, ErrSecretStale), errors.Is(err, ErrUnproven): // the next time
		return nil
	}
	return err
}

func (s *Service) end(ctx context.Context, c Checkout, as CheckoutState, reason string) error {
	_, err := s.Store.EndCheckout(ctx, c.ID, as, reason)
	return err
}
