package vault

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What giving a secret to somebody outside can meet in its safe.
var (
	ErrInside   = fault.New(fault.Refused, "share-not-allowed", "the safe lets nothing in it be given to somebody outside: its owner says for how long one may")
	ErrOneByOne = fault.New(fault.Refused, "share-exclusive", "one at a time has this secret out: it cannot be given to somebody outside")
)

// Giving is a secret as somebody may give it to somebody outside, and what that is decided
// on.
type Giving struct {
	Opening
	Object policy.Object
	Inside error // why the safe keeps it inside; nil is that it does not
}

// mayGive refuses what a safe keeps inside.
func (h held) mayGive() error {
	switch {
	case h.Outside == 0:
		return ErrInside
	case h.secret.State != Live:
		return ErrSecretGone
	case h.secret.exclusive(&h.Safe):
		return ErrOneByOne
	}
	return nil
}

// Giving is what is so now of a secret that who gives to somebody outside, or wants to. It
// decides nothing: whoever may not see the secret is told nothing of its safe, either.
func (s *Service) Giving(ctx context.Context, who access.IdentityID, id access.SecretID, reason string) (Giving, error) {
	if err := s.settle(ctx); err != nil {
		return Giving{}, err
	}
	h, err := s.secret(policy.WithCaller(ctx, policy.Caller{Identity: who}), id)
	if err != nil {
		return Giving{}, err
	}
	return Giving{h.opening(reason), h.object(Reveal, reason), h.mayGive()}, nil
}

// About is what a decision about a share of a secret is made on, and what that is called. Its
// creator is who gave it.
func (s *Service) About(ctx context.Context, id access.SecretID, share access.ShareID, by access.IdentityID, reason string) (o policy.Object, name, safe string, err error) {
	h, err := s.secret(ctx, id)
	if err != nil {
		return o, "", "", err
	}
	o = h.object("", reason)
	o.Ref, o.Kind, o.Creator, o.Eligible = share.Ref(), "", by, 0
	return o, h.secret.Name, h.Name, nil
}
