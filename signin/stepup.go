package signin

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// own is the sign-in that the caller came by; a token is none.
func (s *Service) own(ctx context.Context) (Signin, error) {
	c, ok := policy.CallerOf(ctx)
	if !ok {
		return Signin{}, policy.ErrSignIn
	}
	if c.Via.Kind != access.KindSignin {
		return Signin{}, policy.ErrLimited
	}
	list, err := s.Store.Signins(ctx, c.Identity)
	if err != nil {
		return Signin{}, err
	}
	for _, g := range list {
		if g.ID.Ref() == c.Via {
			return g, nil
		}
	}
	return Signin{}, ErrEnded
}

// fresh is the caller's sign-in, where they have shown just now who they are: by a
// second factor, or by a link that they have come by, for somebody who has lost what
// they signed in with has nothing else.
func (s *Service) fresh(ctx context.Context) (Signin, error) {
	g, err := s.own(ctx)
	if err != nil {
		return g, err
	}
	since := access.TimeOf(s.Now().Add(-policy.StepUp))
	if g.MFAAt >= since || g.Method == ByLink && g.Begun >= since {
		return g, nil
	}
	return g, policy.ErrStepUp
}

// beginStepUp asks a passkey of whoever is signed in to confirm that it is them.
func (s *Service) beginStepUp(ctx context.Context) (*protocol.CredentialAssertion, error) {
	g, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.person(ctx, g.Identity)
	if err != nil {
		return nil, err
	}
	if p = p.usable(); len(p.passkeys) == 0 {
		return nil, ErrNoPasskeys
	}
	ask, asked, err := s.webauthn.BeginLogin(p, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return ask, s.ask(ctx, ToConfirm, asked)
}

// finishStepUp keeps that the caller has confirmed.
func (s *Service) finishStepUp(ctx context.Context, answer []byte) (Signin, error) {
	g, err := s.own(ctx)
	if err != nil {
		return g, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return g, ErrPasskey
	}
	asked, err := s.answered(ctx, ToConfirm, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return g, err
	}
	known, err := s.Store.PasskeyBy(ctx, parsed.RawID)
	if err != nil {
		return g, err
	}
	if known.Identity != g.Identity {
		return g, ErrPasskey
	}
	credential, err := s.webauthn.ValidateLogin(person{id: g.Identity, passkeys: []Passkey{known}}, asked.Asked, parsed)
	if err != nil {
		return g, s.badAnswer(ctx, known, err)
	}
	defer s.cache.drop()
	err = s.Store.Confirm(ctx, g, useOf(known, asked, parsed, credential))
	if err = s.notTaken(ctx, known, err); err != nil {
		return g, err
	}
	return s.own(ctx)
}

// atIdentity is a context in which somebody makes changes who has just been recognised.
func atIdentity(ctx context.Context, id access.IdentityID) context.Context {
	return audit.WithActor(ctx, audit.Actor{Identity: id})
}
