package inventory

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type activateInput struct {
	OfSystem
	httpapi.Match
}

type pauseInput struct {
	OfSystem
	httpapi.Match
	Body struct {
		Until  access.Time `json:"until" format:"date-time" example:"2027-02-01T00:00:00Z" doc:"When it is read again by itself, at most in 90 days"`
		Reason string      `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

type resumeInput struct {
	OfSystem
	httpapi.Match
}

func (a *API) registerStages(api huma.API) {
	httpapi.Register(api, operation("activate-system", post, "/v1/systems/{id}/activate", "Make a draft a system that is read", http.StatusOK),
		onSystem[activateInput](a, addSystem), a.activate)
	httpapi.Register(api, operation("pause-system", post, "/v1/systems/{id}/maintenance", "Leave a system alone until a time", http.StatusOK),
		policy.On(a.Gate, changeSystem, func(ctx context.Context, in *pauseInput) (policy.Object, error) {
			y, err := a.systemOf(ctx, in.ID)
			o := Protected(y)
			o.Reason = in.Body.Reason
			return o, err
		}), a.pause)
	httpapi.Register(api, operation("resume-system", remove, "/v1/systems/{id}/maintenance", "End a system's maintenance", http.StatusOK),
		onSystem[resumeInput](a, changeSystem), a.resume)
}

// activate has a system read from now on. Somebody has to answer for it by then.
func (a *API) activate(ctx context.Context, in *activateInput) (*showSystemOutput, error) {
	return a.plan(ctx, in.ID, in.Match, func(y *System) error {
		switch {
		case y.Stage != Draft:
			return ErrStage.With("system %s is active already", y.Name)
		case a.answersNone(*y):
			return ErrOwner
		}
		y.Plan = y.Activated()
		return nil
	})
}

// answersNone reports whether neither owner can answer for a system.
func (a *API) answersNone(y System) bool {
	return (y.BusinessOwner == 0 || a.answers(y.BusinessOwner) != nil) && (y.TechnicalOwner == 0 || a.answers(y.TechnicalOwner) != nil)
}

func (a *API) pause(ctx context.Context, in *pauseInput) (*showSystemOutput, error) {
	return a.plan(ctx, in.ID, in.Match, func(y *System) error {
		switch {
		case y.Stage == Draft:
			return ErrStage.With("system %s is a draft, which is not read anyway", y.Name)
		case !in.Body.Until.Time().After(a.now()):
			return ErrSchedule.With("maintenance ends in the future")
		}
		y.Plan = y.Paused(in.Body.Until, in.Body.Reason)
		return nil
	})
}

func (a *API) resume(ctx context.Context, in *resumeInput) (*showSystemOutput, error) {
	return a.plan(ctx, in.ID, in.Match, func(y *System) error {
		if y.StageAt(a.now()) != Maintenance {
			return ErrStage.With("system %s is not in maintenance", y.Name)
		}
		y.Plan = y.Resumed()
		return nil
	})
}

// plan changes when a system is read.
func (a *API) plan(ctx context.Context, id string, m httpapi.Match, change func(y *System) error) (*showSystemOutput, error) {
	y, err := a.versionOf(ctx, id, m)
	if err != nil {
		return nil, err
	}
	if err := change(&y); err != nil {
		return nil, err
	}
	return a.update(ctx, y, nil)
}
