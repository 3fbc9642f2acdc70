package elevate

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerElevations(api huma.API, op func(id, method, path, summary string) huma.Operation) {
	const get, post = http.MethodGet, http.MethodPost
	httpapi.Register(api, op("list-elevations", get, "/v1/elevations", "Who has activated what, the newest first"), policy.Within[listElevationsInput](a.Gate, readAction), a.list)
	httpapi.Register(api, op("list-own-elevations", get, "/v1/me/elevations", "What you have activated, the newest first"), policy.Known[listElevationsInput](), a.listOwn)
	activate := op("activate", post, "/v1/elevations", "Activate what you are eligible for, or have others asked first")
	activate.DefaultStatus = http.StatusCreated
	httpapi.Register(api, activate, policy.Known[activateInput](), a.activate)
	httpapi.Register(api, op("show-elevation-figures", get, "/v1/elevation-figures", "Grant-hours of tiers 0 and 1 over a period: standing, eligible, active"), policy.On(a.Gate, readAction, everywhere[figuresInput]), a.figures)
	httpapi.Register(api, op("show-elevation", get, "/v1/elevations/{id}", "One elevation: where it stands, and what you may do about it"), policy.On(a.Gate, readAction, on[OfElevation](a)), a.show)
	httpapi.Register(api, op("extend-elevation", post, "/v1/elevations/{id}/extend", "Have what you activated last longer, within its terms"), policy.On(a.Gate, endAction, on[extendInput](a)), a.extend)
	httpapi.Register(api, op("end-elevation", post, "/v1/elevations/{id}/end", "End what you have activated, or withdraw what you asked for"), policy.On(a.Gate, endAction, on[OfElevation](a)), a.end)
	httpapi.Register(api, op("force-elevation", post, "/v1/elevations/{id}/force", "End what somebody else has activated, at once"), policy.On(a.Gate, forceAction, on[forceInput](a)), a.force)
}

func everywhere[I any](context.Context, *I) (policy.Object, error) { return policy.Object{}, nil }

// OfElevation names one.
type OfElevation struct {
	ID httpapi.Text[access.ElevationID] `path:"id" doc:"The elevation"`
}

func (in *OfElevation) about() (access.ElevationID, string) { return in.ID.V, "" }

type listElevationsInput struct {
	httpapi.Paging
	State       []State                            `query:"state" maxItems:"8" enum:"waiting,scheduled,starting,active,ending,ended,refused,failed" doc:"Only in one of these"`
	Entitlement httpapi.Text[access.EntitlementID] `query:"entitlement" doc:"Only of this"`
	Identity    httpapi.Text[access.IdentityID]    `query:"identity" doc:"Only by this identity"`
}

type activateInput struct {
	Body struct {
		Entitlement access.EntitlementID `json:"entitlement"`
		Resource    access.ResourceID    `json:"resource,omitempty"`
		Eligibility access.EligibilityID `json:"eligibility,omitempty" doc:"By which one; without it, by the one that asks for least"`
		For         string               `json:"for" maxLength:"20" example:"30m"`
		Start       access.Time          `json:"start,omitzero" format:"date-time" doc:"When it starts, within 30 days; without it, now"`
		Reason      string               `json:"reason,omitempty" maxLength:"1000"`
		Ticket      string               `json:"ticket,omitempty" maxLength:"200"`
	}
}

type extendInput struct {
	OfElevation
	Body struct {
		By     string `json:"by" maxLength:"20" example:"15m" doc:"How much longer"`
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	}
}

type forceInput struct {
	OfElevation
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *forceInput) about() (access.ElevationID, string) { return in.ID.V, in.Body.Reason }

type figuresInput struct {
	From  httpapi.Text[access.Time] `query:"from" doc:"Without it, 30 days ago"`
	Until httpapi.Text[access.Time] `query:"until" doc:"Without it, now"`
}

// on tells which elevation an operation is about; who activated it is its creator.
func on[I any, P interface {
	*I
	about() (access.ElevationID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		e, err := a.Store.Elevation(ctx, id)
		if err == ErrNotFound { //nolint:errorlint // it is returned as it is
			return policy.Object{}, policy.ErrNoObject
		}
		return a.elevationObject(&e, reason), err
	}
}

func (a *API) elevationObject(e *Elevation, reason string) policy.Object {
	v := a.Gate.Graph.View()
	defer v.Close()
	o := policy.Object{Reason: reason}
	o.Resource, _ = policy.ObjectOf(v, e.Entitlement.Ref())
	o.Ref, o.Subjects, o.Creator = e.ID.Ref(), []access.Ref{e.Identity.Ref()}, e.Identity
	return o
}

type (
	elevationsOutput   struct{ Body listed[Elevation] }
	elevationOutput    struct{ Body Elevation }
	elevationOneOutput struct{ Body ElevationShown }
	figuresOutput      struct {
		Body struct {
			From  access.Time   `json:"from"`
			Until access.Time   `json:"until"`
			Tiers []TierFigures `json:"tiers"`
		}
	}
)

// ElevationShown is an elevation with what may be done about it.
type ElevationShown struct {
	Elevation
	Names map[string]string         `json:"names"`
	May   map[string]policy.Verdict `json:"may"`
}

func (e *Elevation) refs() []access.Ref {
	return []access.Ref{e.Identity.Ref(), e.Entitlement.Ref(), e.Resource.Ref(), e.System.Ref(), e.Account.Ref()}
}

func (a *API) list(ctx context.Context, in *listElevationsInput) (*elevationsOutput, error) {
	return a.page(ctx, in, Query{Systems: systemsIn(ctx), Identity: in.Identity.V})
}

func (a *API) listOwn(ctx context.Context, in *listElevationsInput) (*elevationsOutput, error) {
	c, _ := policy.CallerOf(ctx)
	if c.Identity == 0 {
		return nil, policy.ErrSomebody
	}
	return a.page(ctx, in, Query{Identity: c.Identity})
}

func (a *API) page(ctx context.Context, in *listElevationsInput, q Query) (*elevationsOutput, error) {
	before, err := httpapi.ParseCursor[access.ElevationID](in.Cursor)
	if err != nil {
		return nil, err
	}
	q.States, q.Entitlement, q.Before, q.First = in.State, in.Entitlement.V, before, in.Limit+1
	list, err := a.Store.Elevations(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &elevationsOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = httpapi.Cursor(list[in.Limit-1].ID)
	}
	out.Body.Items = append([]Elevation{}, list...)
	var refs []access.Ref
	for i := range list {
		refs = append(refs, list[i].refs()...)
	}
	out.Body.Names, err = a.named(ctx, refs)
	return out, err
}

func (a *API) activate(ctx context.Context, in *activateInput) (*elevationOutput, error) {
	d, err := lasting(in.Body.For)
	if err != nil {
		return nil, err
	}
	e, err := a.Activate(ctx, Request{
		Entitlement: in.Body.Entitlement, Resource: in.Body.Resource, By: in.Body.Eligibility, For: d, Start: in.Body.Start, Reason: in.Body.Reason, Ticket: in.Body.Ticket,
	})
	if err != nil {
		return nil, err
	}
	return &elevationOutput{e}, nil
}

func (a *API) show(ctx context.Context, in *OfElevation) (*elevationOneOutput, error) {
	e, err := a.Store.Elevation(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	out := &elevationOneOutput{ElevationShown{Elevation: e}}
	out.Body.May = a.Gate.Verdicts(ctx, a.elevationObject(&e, ""), endAction, forceAction)
	out.Body.Names, err = a.named(ctx, e.refs())
	return out, err
}

func (a *API) extend(ctx context.Context, in *extendInput) (*elevationOutput, error) {
	d, err := lasting(in.Body.By)
	if err != nil {
		return nil, err
	}
	e, err := a.Extend(ctx, in.ID.V, d, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &elevationOutput{e}, nil
}

func (a *API) end(ctx context.Context, in *OfElevation) (*struct{}, error) {
	return nil, a.End(ctx, in.ID.V)
}

func (a *API) force(ctx context.Context, in *forceInput) (*struct{}, error) {
	return nil, a.Force(ctx, in.ID.V, in.Body.Reason)
}

const usualPeriod = access.Time(30 * 24 * 3600 * 1_000_000)

func (a *API) figures(ctx context.Context, in *figuresInput) (*figuresOutput, error) {
	out := &figuresOutput{}
	out.Body.Until = in.Until.V
	if out.Body.Until == 0 {
		out.Body.Until = a.now()
	}
	if out.Body.From = in.From.V; out.Body.From == 0 {
		out.Body.From = out.Body.Until - usualPeriod
	}
	var err error
	out.Body.Tiers, err = a.Figures(ctx, out.Body.From, out.Body.Until)
	return out, err
}
