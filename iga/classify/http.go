package classify

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on classification. Both of its fields are needed.
type API struct {
	Service *Service
	Gate    *policy.Gate
}

// Register mounts the operations. They translate; they decide nothing. What an
// entitlement's tier is, and why, package ask answers, with the version as its ETag.
func (a *API) Register(api huma.API) {
	op := func(id, method, summary string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/v1/entitlements/{id}/classification", Summary: summary, Tags: []string{"classify"},
			DefaultStatus: http.StatusNoContent,
		}
	}
	httpapi.Register(api, op("override-tier", http.MethodPut, "Decide an entitlement's own tier"),
		policy.On(a.Gate, "classification.override", about[overrideInput](a)), a.override)
	httpapi.Register(api, op("clear-override", http.MethodDelete, "Let the facts decide an entitlement's own tier again"),
		policy.On(a.Gate, "classification.override", about[clearInput](a)), a.clear)
}

// EntitlementInput names an entitlement, in the version that was seen.
type EntitlementInput struct {
	ID string `path:"id" maxLength:"40" doc:"The entitlement"`
	httpapi.Match
}

func (in *EntitlementInput) entitlement() (id access.EntitlementID, err error) {
	err = id.UnmarshalText([]byte(in.ID))
	return id, err
}

type overrideInput struct {
	EntitlementInput
	Body struct {
		Tier   int         `json:"tier" minimum:"0" maximum:"3" doc:"0 is worst, 3 ordinary"`
		Reason string      `json:"reason" minLength:"1" maxLength:"500" doc:"Why"`
		Until  access.Time `json:"until,omitzero" doc:"When the facts decide again; a better tier than theirs needs it, a year away at most"`
	}
}

func (in *overrideInput) reason() string { return in.Body.Reason }

type clearInput struct {
	EntitlementInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why"`
	}
}

func (in *clearInput) reason() string { return in.Body.Reason }

// about tells which entitlement an operation is about, with the reason that it is
// given, as the graph knows it.
func about[I any, P interface {
	*I
	entitlement() (access.EntitlementID, error)
	reason() string
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(_ context.Context, in *I) (policy.Object, error) {
		id, err := P(in).entitlement()
		if err != nil {
			return policy.Object{}, err
		}
		view := a.Service.Graph.View()
		defer view.Close()
		r, there := policy.ObjectOf(view, id.Ref())
		if !there {
			return policy.Object{}, policy.ErrNoObject
		}
		return policy.Object{Resource: r, Reason: P(in).reason()}, nil
	}
}

func (a *API) override(ctx context.Context, in *overrideInput) (*struct{}, error) {
	id, version, err := in.seen()
	if err != nil {
		return nil, err
	}
	return nil, stale(a.Service.Override(ctx, id, version, access.Tier(in.Body.Tier), in.Body.Reason, in.Body.Until)) //nolint:gosec // 0 to 3
}

func (a *API) clear(ctx context.Context, in *clearInput) (*struct{}, error) {
	id, version, err := in.seen()
	if err != nil {
		return nil, err
	}
	return nil, stale(a.Service.ClearOverride(ctx, id, version, in.Body.Reason))
}

// seen is the entitlement, and the version of its override that the caller has seen.
func (in *EntitlementInput) seen() (id access.EntitlementID, version int64, err error) {
	if id, err = in.entitlement(); err != nil {
		return 0, 0, err
	}
	if version, err = in.Version(); err == nil && version < 0 {
		err = httpapi.ErrStale
	}
	return id, version, err
}

// stale says in HTTP's way that the version is not the one in force.
func stale(err error) error {
	if errors.Is(err, ErrChanged) {
		return httpapi.ErrStale
	}
	return err
}
