package signin

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// Me is whoever asks.
type Me struct {
	Identity  access.IdentityID `json:"identity"`
	Name      string            `json:"name"`
	Email     string            `json:"email,omitempty"`
	Functions []FunctionView    `json:"functions" doc:"Which of Writ's functions one holds, and where"`
	Via       access.Ref        `json:"via" doc:"By what one is known: a sign-in or a token"`
	Method    Method            `json:"method,omitempty" doc:"How one signed in"`
	Ends      access.Time       `json:"ends,omitzero" doc:"When one has to sign in again, at the latest"`
	MFA       bool              `json:"mfa" doc:"A second factor was shown in this sign-in"`
	MFAAt     access.Time       `json:"mfa_at,omitzero"`
	Passkeys  int               `json:"passkeys" doc:"How many can be used; somebody without one should add one"`
	May       []string          `json:"may" doc:"Actions that one may do somewhere, some with a reason, a second factor or an approval"`
}

// FunctionView is a function within a scope.
type FunctionView struct {
	Function access.Function `json:"function"`
	Scope    access.ScopeID  `json:"scope,omitzero" doc:"Nothing is the organisation as a whole"`
}

func (s *Service) registerMe(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "show-me", Method: http.MethodGet, Path: "/v1/me", Tags: []string{tag},
		Summary: "Show who one is, and what one may do",
	}, policy.Known[struct{}](), s.getMe)
}

type meOutput struct{ Body Me }

func (s *Service) getMe(ctx context.Context, _ *struct{}) (*meOutput, error) {
	c, _ := policy.CallerOf(ctx)
	p, err := s.person(ctx, c.Identity)
	if err != nil {
		return nil, err
	}
	me := Me{
		Identity: c.Identity, Name: p.name, Email: p.email, Via: c.Via, MFA: c.Context.MFA, Passkeys: len(p.usable().passkeys),
		Functions: []FunctionView{}, May: []string{},
	}
	if c.Via.Kind == access.KindSignin {
		g, err := s.own(ctx)
		if err != nil {
			return nil, err
		}
		me.Method, me.Ends, me.MFAAt = g.Method, g.endsBy(), g.MFAAt
	}
	var held []policy.Held
	if f := s.Facts(); f != nil {
		held = f.Functions(c.Identity)
	}
	for _, h := range held {
		me.Functions = append(me.Functions, FunctionView(h))
	}
	for _, a := range policy.Actions {
		if s.may(ctx, a, held) {
			me.May = append(me.May, a.Name)
		}
	}
	return &meOutput{me}, nil
}

// may reports whether the caller may do an action somewhere. What decides on somebody's
// access is asked for where they hold a function, of access that is nobody's.
func (s *Service) may(ctx context.Context, a policy.Action, held []policy.Held) bool {
	if a.Group != policy.Decides {
		_, err := s.Gate.Reach(ctx, a.Name)
		return err == nil
	}
	for _, h := range held {
		o := policy.Object{Resource: policy.Resource{
			Scope: h.Scope, Function: h.Function, Subjects: []access.Ref{{Kind: access.KindScope, Key: int64(h.Scope)}},
		}}
		err := s.Gate.Permit(ctx, a.Name, o)
		if err == nil || errors.Is(err, policy.ErrReason) || errors.Is(err, policy.ErrStepUp) || errors.Is(err, policy.ErrApprove) {
			return true
		}
	}
	return false
}
