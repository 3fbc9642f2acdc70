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
	readLife    = "lifecycle.read"
	releaseHeld = "lifecycle.release"
)

func (a *API) registerHolds(api huma.API) {
	const path, one = "/v1/lifecycle/holds", "/v1/lifecycle/holds/{id}"
	httpapi.Register(api, operation("list-holds", http.MethodGet, path, "Steps that would take too much from too many, and wait for a person", http.StatusOK),
		whole[struct{}](a, readLife, nil), a.listHolds)
	httpapi.Register(api, operation("release-hold", http.MethodPost, one+"/release", "Let a held step happen; whoever caused it does not", http.StatusNoContent),
		whole(a, releaseHeld, func(in *releaseInput) string { return in.Body.Reason }), a.release)
	httpapi.Register(api, operation("discard-hold", http.MethodPost, one+"/discard", "Leave everybody in a held step as they are until a day", http.StatusNoContent),
		whole(a, releaseHeld, func(in *discardInput) string { return in.Body.Reason }), a.discard)
}

// OfHold is the part of an input that names a hold.
type OfHold struct {
	ID string `path:"id" maxLength:"64" doc:"The hold's id"`
}

func (o OfHold) hold() (id access.EventID, err error) {
	if id.UnmarshalText([]byte(o.ID)) != nil {
		return 0, policy.ErrNoObject
	}
	return id, nil
}

type releaseInput struct {
	OfHold
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type discardInput struct {
	OfHold
	Body struct {
		Until  access.Time `json:"until" doc:"When they are compared again" example:"2027-01-31T00:00:00Z"`
		Reason string      `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// HeldStep is a step that waits for a person.
type HeldStep struct {
	ID     access.EventID `json:"id"`
	Since  access.Time    `json:"since"`
	By     []string       `json:"caused_by" doc:"Who made the changes that would bring it: an id, or a part of a node"`
	People int            `json:"people" doc:"How many would have lost something"`
	Of     int            `json:"of" doc:"Of how many whom rules are for"`
	Left   int            `json:"left" doc:"How many of them are held still"`
	Until  access.Time    `json:"until,omitzero" doc:"It was discarded until then"`
	Reason string         `json:"reason,omitempty" doc:"Why it was discarded"`
	First  []access.Named `json:"first" doc:"The first hundred of them"`
}

type holdsOutput struct {
	Body struct {
		Items []HeldStep                `json:"items"`
		Total int                       `json:"total"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

// HeldSteps are the steps that wait, with the first whom they concern.
func (s *Service) HeldSteps(ctx context.Context) ([]HeldStep, error) {
	holds, err := s.Store.Holds(ctx)
	if err != nil {
		return nil, err
	}
	list := []HeldStep{}
	for _, h := range holds {
		who, err := s.Store.HeldIn(ctx, h.ID, firstShown)
		if err != nil {
			return nil, err
		}
		name, err := s.namer(ctx, refsOf(who))
		if err != nil {
			return nil, err
		}
		list = append(list, HeldStep{h.ID, h.At, h.By, h.People, h.Of, h.Left, h.Until, h.Reason, namedAll(name, who)})
	}
	return list, nil
}

func (a *API) listHolds(ctx context.Context, _ *struct{}) (*holdsOutput, error) {
	list, err := a.Service.HeldSteps(ctx)
	out := &holdsOutput{}
	out.Body.Items, out.Body.Total, out.Body.May = list, len(list), a.Gate.Verdicts(ctx, policy.Object{}, releaseHeld)
	return out, err
}

func (a *API) release(ctx context.Context, in *releaseInput) (*struct{}, error) {
	id, err := in.hold()
	if err != nil {
		return nil, err
	}
	return nil, a.Service.Release(ctx, id, in.Body.Reason)
}

func (a *API) discard(ctx context.Context, in *discardInput) (*struct{}, error) {
	id, err := in.hold()
	if err != nil {
		return nil, err
	}
	return nil, a.Service.Discard(ctx, id, in.Body.Until, in.Body.Reason)
}
