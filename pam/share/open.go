package share

import (
	"context"
	"errors"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// outside is who opens: nobody that Writ knows.
var outside = audit.Actor{Node: "share"}

// Open opens a share, once, for whoever has its link and its code. Nobody has to have signed
// in. Whoever calls wipes what is given.
func (s *Service) Open(ctx context.Context, token secret.Secret, code string) (Given, error) {
	c, _ := policy.CallerOf(ctx)
	from := c.Context.Address.String()
	if !s.tries.Left(from, s.Now()) {
		return Given{}, ErrBusy
	}
	given, err := s.open(audit.WithActor(ctx, outside), token, code, from)
	switch {
	case err == nil:
		return given, nil
	case errors.Is(err, ErrNeeds), fault.KindOf(err) == fault.Internal:
		return Given{}, err
	}
	s.tries.Allow(from, s.Now())
	if errors.Is(err, ErrCode) || errors.Is(err, ErrOver) {
		return Given{}, err
	}
	return Given{}, ErrNotNow
}

func (s *Service) open(ctx context.Context, token secret.Secret, code, from string) (Given, error) {
	if !isToken(token) {
		return Given{}, ErrOver
	}
	t := Try{Kept{Link: linkMark(token)}, from}
	x, err := s.Store.Linked(ctx, t.Link)
	switch {
	case err != nil:
		return Given{}, err
	case x.Code && x.State == Open && code == "":
		return Given{}, ErrNeeds
	case x.Code:
		t.Code = codeMark(token, code)
	}
	b, err := s.still(ctx, x)
	if err != nil {
		return Given{}, s.refuse(ctx, x, t, err)
	}
	return s.Store.Open(ctx, x.ID, t, b)
}

// still is what a share is opened on, where its sponsor may give it by what is so now.
func (s *Service) still(ctx context.Context, x Share) (Basis, error) {
	if x.State != Open {
		return Basis{}, nil // the store says what it is instead
	}
	g, err := s.Vault.Giving(ctx, x.Sponsor, x.Secret, x.Reason)
	if err == nil {
		err = g.Inside
	}
	if err == nil {
		err = s.Gate.Still(ctx, x.Sponsor, giveSecret, g.Object)
	}
	return g.Basis, err
}

// refuse keeps that a share did not open, where that is by a rule.
func (s *Service) refuse(ctx context.Context, x Share, t Try, why error) error {
	if fault.KindOf(why) == fault.Internal {
		return why
	}
	if err := s.Store.Refuse(ctx, x, t, why); err != nil {
		return err
	}
	return why
}
