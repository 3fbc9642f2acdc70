package lifecycle

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

const (
	orderEvent = "lifecycle.order"
	emergency  = "lifecycle.emergency"
	except     = "exception.change"
)

func (a *API) registerEvents(api huma.API) {
	httpapi.Register(api, operation("order-lifecycle-event", http.MethodPost, "/v1/lifecycle/events", "Order that something happens in somebody's life, now or later", http.StatusCreated),
		whole(a, orderEvent, func(in *orderInput) string { return in.Body.Reason }), a.orderEvent)
	httpapi.Register(api, operation("cancel-lifecycle-event", http.MethodDelete, "/v1/lifecycle/events/{id}", "Take back what was ordered: what sources say counts again", http.StatusNoContent),
		whole(a, orderEvent, func(in *cancelInput) string { return in.Reason }), a.cancelEvent)
	httpapi.Register(api, operation("terminate-in-emergency", http.MethodPost, "/v1/lifecycle/emergencies", "Terminate somebody at once: everything is cut first, past every guard", http.StatusCreated),
		whole(a, emergency, func(in *emergencyInput) string { return in.Body.Reason }), a.emergency)
	httpapi.Register(api, operation("list-exceptions", http.MethodGet, "/v1/exceptions", "Who keeps what no rule gives them, or goes without what one does", http.StatusOK),
		whole[exceptionsInput](a, readRules, nil), a.listExceptions)
	httpapi.Register(api, operation("add-exception", http.MethodPost, "/v1/exceptions", "Let somebody keep something, or go without it, until a day", http.StatusCreated),
		whole(a, except, func(in *exceptionInput) string { return in.Body.Reason }), a.addException)
	httpapi.Register(api, operation("remove-exception", http.MethodDelete, "/v1/exceptions/{id}", "End an exception: what rules say counts again", http.StatusNoContent),
		whole(a, except, func(in *cancelInput) string { return in.Reason }), a.removeException)
}

type exceptionsInput struct {
	Identity httpapi.Text[access.IdentityID] `query:"identity" doc:"Only of this person"`
}

type orderInput struct {
	Body struct {
		Identity access.IdentityID `json:"identity" doc:"Whom it happens to" example:"idn_0000000000001"`
		Kind     string            `json:"kind" enum:"hire,leave,suspend,return,terminate,rehire"`
		Local    string            `json:"local" maxLength:"16" doc:"When, by the clocks of the zone" example:"2027-01-31T18:00"`
		Zone     string            `json:"zone" maxLength:"64" doc:"A zone of the IANA database" example:"Europe/Zurich"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type emergencyInput struct {
	Body struct {
		Identity access.IdentityID `json:"identity" example:"idn_0000000000001"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type cancelInput struct {
	ID     string `path:"id" maxLength:"64"`
	Reason string `query:"reason" minLength:"1" maxLength:"500" required:"true"`
}

type exceptionInput struct {
	Body struct {
		Identity    access.IdentityID    `json:"identity" example:"idn_0000000000001"`
		Entitlement access.EntitlementID `json:"entitlement" example:"ent_0000000000001"`
		Effect      string               `json:"effect" enum:"keep,without"`
		Until       access.Time          `json:"until" example:"2027-01-31T00:00:00Z"`
		Reason      string               `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type orderedOutput struct {
	Body struct {
		ID access.EventID `json:"id"`
	}
}

type exceptionsOutput struct {
	Body struct {
		Items []access.Exception        `json:"items"`
		Total int                       `json:"total"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

type exceptionOutput struct {
	Body struct {
		ID access.ExceptionID `json:"id"`
	}
}

func (a *API) orderEvent(ctx context.Context, in *orderInput) (*orderedOutput, error) {
	b := in.Body
	id, err := a.Service.Schedule(ctx, Event{Identity: b.Identity, Kind: EventKind(b.Kind), Local: b.Local, Zone: b.Zone, Reason: b.Reason})
	out := &orderedOutput{}
	out.Body.ID = id
	return out, err
}

func (a *API) emergency(ctx context.Context, in *emergencyInput) (*orderedOutput, error) {
	id, err := a.Service.Emergency(ctx, in.Body.Identity, in.Body.Reason)
	out := &orderedOutput{}
	out.Body.ID = id
	return out, err
}

func (a *API) cancelEvent(ctx context.Context, in *cancelInput) (*struct{}, error) {
	var id access.EventID
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return nil, policy.ErrNoObject
	}
	return nil, a.Service.CancelEvent(ctx, id, in.Reason)
}

func (a *API) listExceptions(ctx context.Context, in *exceptionsInput) (*exceptionsOutput, error) {
	list, err := a.Service.Exceptions(ctx, in.Identity.V)
	out := &exceptionsOutput{}
	out.Body.Items, out.Body.Total, out.Body.May = append([]access.Exception{}, list...), len(list), a.Gate.Verdicts(ctx, policy.Object{}, except)
	return out, err
}

func (a *API) addException(ctx context.Context, in *exceptionInput) (*exceptionOutput, error) {
	b := in.Body
	id, err := a.Service.AddException(ctx, access.Exception{Identity: b.Identity, Entitlement: b.Entitlement, Effect: access.Effect(b.Effect), End: b.Until, Reason: b.Reason})
	out := &exceptionOutput{}
	out.Body.ID = id
	return out, err
}

func (a *API) removeException(ctx context.Context, in *cancelInput) (*struct{}, error) {
	var id access.ExceptionID
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return nil, policy.ErrNoObject
	}
	return nil, a.Service.RemoveException(ctx, id, in.Reason)
}
