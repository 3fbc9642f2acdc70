package provision

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// pickUpAction is on the account that a first credential opens.
const pickUpAction = "credential.pick_up"

// registerCredentials mounts what a recipient does with first credentials. Whose they are
// the store says: nobody else finds them, whatever they may.
func (a *API) registerCredentials(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"provision"}}
	}
	httpapi.Register(api, op("list-first-credentials", http.MethodGet, "/v1/me/first-credentials", "First passwords that wait for you to pick them up"),
		policy.SignedIn[struct{}](), a.listCredentials)
	pick := op("pick-up-first-credential", http.MethodPost, "/v1/me/first-credentials/{target}", "A first password, once: with the answer it is destroyed")
	pick.Extensions = map[string]any{httpapi.SecretExtension: true}
	httpapi.Register(api, pick, policy.On(a.Gate, pickUpAction, a.onCredential), a.pickUp)
}

// onCredential guards by whom a first credential is for. A token with limits is not somebody
// who has signed in; and whoever asks for what is not theirs does so a few times only.
func (a *API) onCredential(ctx context.Context, in *pickUpInput) (policy.Object, error) {
	c, _ := policy.CallerOf(ctx)
	who, now := c.Identity.String(), a.Service.now()
	switch {
	case c.Limits != nil:
		return policy.Object{}, policy.ErrLimited
	case !a.tries.Left(who, now):
		return policy.Object{}, ErrTries
	}
	list, err := a.Service.Store.Credentials(ctx, c.Identity)
	if err != nil {
		return policy.Object{}, err
	}
	i := slices.IndexFunc(list, func(x FirstCredential) bool { return x.Target == in.target() })
	if i < 0 {
		a.tries.Allow(who, now)
		return policy.Object{}, ErrCredential
	}
	object, err := a.object(list[i].System, "")
	object.Ref, object.Key, object.Assignee = access.Ref{}, in.Target, list[i].Recipient
	return object, err
}

type credentialsOutput struct {
	Body struct {
		Items []FirstCredential `json:"items"`
		Names map[string]string `json:"names"`
	}
}

func (a *API) listCredentials(ctx context.Context, _ *struct{}) (*credentialsOutput, error) {
	c, _ := policy.CallerOf(ctx)
	list, err := a.Service.Store.Credentials(ctx, c.Identity)
	if err != nil {
		return nil, err
	}
	var out credentialsOutput
	out.Body.Items, out.Body.Names = append([]FirstCredential{}, list...), map[string]string{}
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.System.Ref(), x.Identity.Ref())
	}
	// Whom a password is for who is given it to hand on, they have to know.
	labels, err := a.Names.Names(ctx, refs)
	for r, l := range labels {
		out.Body.Names[r.String()] = l.Name
	}
	return &out, err
}

type pickUpInput struct {
	Target string `path:"target" maxLength:"64" doc:"The account's, as the list says"`
}

func (in *pickUpInput) target() (id access.TargetID) {
	if id.UnmarshalText([]byte(in.Target)) != nil {
		return 0
	}
	return id
}

type pickUpOutput struct {
	Body struct {
		FirstCredential
		Password string `json:"password" doc:"Good for the first sign-in, which asks for another"`
	}
}

func (a *API) pickUp(ctx context.Context, in *pickUpInput) (*pickUpOutput, error) {
	c, _ := policy.CallerOf(ctx)
	x, plain, err := a.Service.Store.PickUp(ctx, in.target(), c.Identity)
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	var out pickUpOutput
	out.Body.FirstCredential, out.Body.Password = x, string(plain.Reveal())
	return &out, nil
}
