package lifecycle

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

const changeGuard = "lifecycle.guard"

func (a *API) registerGuard(api huma.API) {
	const path = "/v1/lifecycle/guard"
	httpapi.Register(api, operation("show-lifecycle-guard", http.MethodGet, path, "How much one step may take, and who said so", http.StatusOK),
		whole[struct{}](a, readLife, nil), a.showGuard)
	httpapi.Register(api, operation("set-lifecycle-guard", http.MethodPut, path, "Say how much one step may take; what is held stays so", http.StatusOK),
		whole(a, changeGuard, func(in *setGuardInput) string { return in.Body.Reason }), a.setGuard)
}

type setGuardInput struct {
	Body struct {
		Guard
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type guardOutput struct {
	Body struct {
		Guard
		History []GuardChange             `json:"history" doc:"The guard and those before it, the newest first; without who and when, the one that Writ comes with"`
		Names   map[string]string         `json:"names" doc:"What whoever made it so is called, by id"`
		May     map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

func (a *API) showGuard(ctx context.Context, _ *struct{}) (*guardOutput, error) {
	list, err := a.Service.Guards(ctx)
	if err != nil {
		return nil, err
	}
	actors := make([]string, 0, len(list))
	for _, c := range list {
		actors = append(actors, c.By)
	}
	out := &guardOutput{}
	out.Body.Guard, out.Body.History, out.Body.May = list[0].Guard, list, a.Gate.Verdicts(ctx, policy.Object{}, changeGuard)
	out.Body.Names, err = a.actorNames(ctx, actors)
	return out, err
}

func (a *API) setGuard(ctx context.Context, in *setGuardInput) (*guardOutput, error) {
	if err := a.Service.SetGuard(ctx, in.Body.Guard, in.Body.Reason); err != nil {
		return nil, err
	}
	return a.showGuard(ctx, nil)
}

// actorNames are what those of some actors who are people are called.
func (a *API) actorNames(ctx context.Context, actors []string) (map[string]string, error) {
	var refs []access.Ref
	for _, by := range actors {
		if r, err := access.ParseRef(by); err == nil && r.Kind == access.KindIdentity {
			refs = append(refs, r)
		}
	}
	name, err := a.Service.namer(ctx, refs)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, r := range refs {
		names[r.String()] = name(r).Name
	}
	return names, nil
}
