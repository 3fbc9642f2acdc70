package provision

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

type listDriftInput struct {
	System string `query:"system" maxLength:"64" doc:"Only this system's"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many at most, the newest first"`
}

type driftOutput struct{ Body page[Drift] }

func (a *API) listDrift(ctx context.Context, in *listDriftInput) (*driftOutput, error) {
	systems, err := within(ctx, in.System)
	if err != nil {
		return nil, err
	}
	list, err := a.Service.Store.Drifts(ctx, systems, in.Limit)
	if err != nil {
		return nil, err
	}
	p := page[Drift]{Items: append([]Drift{}, list...)}
	var refs []access.Ref
	for i := range list {
		refs = append(refs, list[i].refs()...)
	}
	p.Names, err = a.named(ctx, refs)
	return &driftOutput{p}, err
}

type settleInput struct {
	OfOperation
	Body struct {
		Decision string      `json:"decision" enum:"revert,adopt,except" doc:"Make it so again; justify what came back; leave it as it is until a time"`
		Until    access.Time `json:"until,omitzero" format:"date-time" example:"2027-03-01T00:00:00Z" doc:"The end of an exception"`
		Reason   string      `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

// onDrift guards by the system, and by whom the operation is about: nobody decides on their
// own access.
func (a *API) onDrift(ctx context.Context, in *settleInput) (policy.Object, error) {
	o, err := a.Service.Store.Operation(ctx, in.operation())
	if err != nil {
		return policy.Object{}, hidden(err)
	}
	object, err := a.object(o.System, in.Body.Reason)
	if o.Identity != 0 {
		object.Subjects = append(object.Subjects, o.Identity.Ref())
	}
	return object, err
}

func (a *API) settleDrift(ctx context.Context, in *settleInput) (*operationOutput, error) {
	var err error
	switch in.Body.Decision {
	case "revert":
		err = a.Service.Revert(ctx, in.operation(), in.Body.Reason)
	case "adopt":
		err = a.Service.Adopt(ctx, in.operation(), in.Body.Reason)
	default:
		err = a.Service.Except(ctx, in.operation(), in.Body.Reason, in.Body.Until.Time())
	}
	if err != nil {
		return nil, err
	}
	return a.showOperation(ctx, &in.OfOperation)
}
