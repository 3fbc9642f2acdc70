package onboard

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// Vault is what the vault says of safes and secrets as decisions are made on them.
type Vault interface {
	SafeObject(ctx context.Context, id access.SafeID, reason string) (policy.Object, error)
	SecretObject(ctx context.Context, id access.SecretID, reason string) (policy.Object, error)
}

// API is the operations on candidates and onboardings. All of its fields are needed.
type API struct {
	*Service
	Vault Vault
}

const (
	readAccount  = "account.read"
	addSecret    = "secret.add"
	rotateSecret = "secret.rotate"
)

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"onboarding"}, DefaultStatus: status}
	}
	const get, post, path = http.MethodGet, http.MethodPost, "/v1/onboardings"
	httpapi.Register(api, op("list-onboarding-candidates", get, path+"/candidates", "What opens privileged and shared accounts and lies in no safe", http.StatusOK),
		policy.Within[onboardCandidatesInput](a.Gate, readAccount), a.listCandidates)
	httpapi.Register(api, op("preview-onboarding", post, path+"/preview", "What taking over would do, and what it would leave and why", http.StatusOK),
		policy.On(a.Gate, addSecret, a.onSafe), a.preview)
	httpapi.Register(api, op("start-onboarding", post, path, "Take over what opens accounts: it is set anew, and signed in with", http.StatusCreated),
		policy.On(a.Gate, addSecret, a.onSafe), a.start)
	httpapi.Register(api, op("list-onboardings", get, path, "What was taken over together", http.StatusOK),
		policy.Within[struct{}](a.Gate, readAccount), a.list)
	httpapi.Register(api, op("show-onboarding", get, path+"/{id}", "One onboarding, and how far each of its items has come", http.StatusOK),
		policy.Within[OfOnboarding](a.Gate, readAccount), a.show)
	httpapi.Register(api, op("release-onboarding", post, path+"/{id}/release", "Let go of what has not been set yet", http.StatusOK),
		policy.On(a.Gate, addSecret, a.onRelease), a.release)
	httpapi.Register(api, op("leave-secret-alone", post, "/v1/secrets/{id}/alone", "Take out all other keys that open the account of a key that was taken over", http.StatusAccepted),
		policy.On(a.Gate, rotateSecret, a.onAlone), a.alone)
}

type onboardCandidatesInput struct {
	System httpapi.Text[access.SystemID] `query:"system" doc:"Only in this system"`
	Kind   Kind                          `query:"kind" enum:"password,ssh_key,embedded" doc:"Only of this kind"`
	Is     access.AccountKind            `query:"is" enum:"admin,service,shared,break_glass,built_in" doc:"Only of accounts of this kind"`
	Tier   int                           `query:"tier" minimum:"0" maximum:"3" default:"3" doc:"With 0 to 2, only what gives access of this tier or a more dangerous one"`
	Limit  int                           `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
}

// tierOf is what a query narrows to; the last tier does not narrow.
func tierOf(n int) *access.Tier {
	t := access.Tier(n) //nolint:gosec // it is from 0 to 3
	if t >= access.Tier3 {
		return nil
	}
	return &t
}

type onboardCandidatesOutput struct {
	Body struct {
		Items []Candidate       `json:"items"`
		Total int               `json:"total"`
		Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
	}
}

func (a *API) listCandidates(ctx context.Context, in *onboardCandidatesInput) (*onboardCandidatesOutput, error) {
	list, err := a.Candidates(ctx, Query{System: in.System.V, Kind: in.Kind, Is: in.Is, Tier: tierOf(in.Tier)})
	if err != nil {
		return nil, err
	}
	reach := policy.ReachOf(ctx)
	list = slices.DeleteFunc(list, func(c Candidate) bool { return !reach.Has(c.System) })
	out := &onboardCandidatesOutput{}
	out.Body.Total = len(list)
	out.Body.Items = append([]Candidate{}, list[:min(len(list), in.Limit)]...)
	out.Body.Names, err = a.called(ctx, out.Body.Items)
	return out, err
}

func (a *API) called(ctx context.Context, list []Candidate) (map[string]string, error) {
	var refs []access.Ref
	for _, c := range list {
		refs = append(refs, c.System.Ref(), c.Account.Ref(), c.Place.Ref())
	}
	return a.names(ctx, refs)
}

// names tells what things are called, each once.
func (a *API) names(ctx context.Context, refs []access.Ref) (map[string]string, error) {
	refs = slices.DeleteFunc(refs, access.Ref.IsZero)
	slices.SortFunc(refs, access.Ref.Compare)
	labels, err := a.Names.Names(ctx, slices.Compact(refs))
	names := map[string]string{}
	for r, l := range labels {
		if l.Name != "" {
			names[r.String()] = l.Name
		}
	}
	return names, err
}

// OnboardingBody is what is to be taken over, and into which safe.
type OnboardingBody struct {
	Safe     access.SafeID      `json:"safe"`
	System   access.SystemID    `json:"system,omitzero" doc:"Only in this system"`
	Accounts []access.AccountID `json:"accounts,omitempty" maxItems:"1000" doc:"Only these"`
	Kind     Kind               `json:"kind,omitempty" enum:"password,ssh_key" doc:"Only of this kind"`
	Is       access.AccountKind `json:"is,omitempty" enum:"admin,service,shared,break_glass,built_in" doc:"Only of accounts of this kind"`
	Tier     *int               `json:"tier,omitempty" minimum:"0" maximum:"3" doc:"Only what gives access of this tier or a more dangerous one"`
	Hours    int                `json:"every_hours,omitempty" minimum:"0" maximum:"87600" doc:"How often it is given another value by itself; 0 is not"`
	Alone    bool               `json:"alone,omitempty" doc:"Take out all other keys that open an account"`
	Mean     int                `json:"mean,omitempty" minimum:"0" doc:"How many are meant, where that is more than the guard lets through"`
	Reason   string             `json:"reason,omitempty" maxLength:"1000" doc:"Why; starting needs one"`
}

func (b OnboardingBody) ask() Ask {
	a := Ask{
		Query: Query{System: b.System, Accounts: b.Accounts, Kind: b.Kind, Is: b.Is}, Safe: b.Safe,
		Every: time.Duration(b.Hours) * time.Hour, Alone: b.Alone, Mean: b.Mean, Reason: b.Reason,
	}
	if b.Tier != nil {
		t := access.Tier(*b.Tier) //nolint:gosec // it is from 0 to 3
		a.Tier = &t
	}
	return a
}

type onboardInput struct{ Body OnboardingBody }

func (a *API) onSafe(ctx context.Context, in *onboardInput) (policy.Object, error) {
	return a.Vault.SafeObject(ctx, in.Body.Safe, in.Body.Reason)
}

type onboardPlanOutput struct {
	Body struct {
		Plan
		Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
	}
}

func (a *API) preview(ctx context.Context, in *onboardInput) (*onboardPlanOutput, error) {
	p, err := a.Preview(ctx, in.Body.ask())
	if err != nil {
		return nil, err
	}
	reach, err := a.Gate.Reach(ctx, readAccount)
	if err != nil {
		return nil, err
	}
	p.Items = slices.DeleteFunc(p.Items, func(c Candidate) bool { return !reach.Has(c.System) })
	out := &onboardPlanOutput{}
	out.Body.Plan = p
	out.Body.Names, err = a.called(ctx, p.Items)
	return out, err
}

// OnboardingShown is an onboarding as it is answered.
type OnboardingShown struct {
	Onboarding
	Hours int               `json:"every_hours,omitempty"`
	Items []Item            `json:"items,omitempty" doc:"Where one is asked for"`
	Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
}

type onboardingOutput struct{ Body OnboardingShown }

func (a *API) start(ctx context.Context, in *onboardInput) (*onboardingOutput, error) {
	id, err := a.Start(ctx, in.Body.ask())
	if err != nil {
		return nil, err
	}
	reach, err := a.Gate.Reach(ctx, readAccount)
	if err != nil {
		return nil, err
	}
	return a.shown(ctx, id, reach)
}

type onboardingsOutput struct {
	Body struct {
		Items []OnboardingShown `json:"items"`
	}
}

const newest = 100

func (a *API) list(ctx context.Context, _ *struct{}) (*onboardingsOutput, error) {
	list, err := a.Store.Onboardings(ctx, 0, newest)
	if err != nil {
		return nil, err
	}
	reach := policy.ReachOf(ctx)
	out := &onboardingsOutput{}
	out.Body.Items = []OnboardingShown{}
	for _, o := range list {
		items, err := a.itemsIn(ctx, o.ID, reach)
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			continue
		}
		x, err := a.withNames(ctx, o, items)
		if err != nil {
			return nil, err
		}
		x.Items = nil
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

// itemsIn are the items of an onboarding in the systems that somebody may look into.
func (a *API) itemsIn(ctx context.Context, id access.OnboardingID, reach policy.Reach) ([]Item, error) {
	items, err := a.Store.Items(ctx, id)
	return slices.DeleteFunc(items, func(x Item) bool { return !reach.Has(x.System) }), err
}

func (a *API) withNames(ctx context.Context, o Onboarding, items []Item) (x OnboardingShown, err error) {
	x = OnboardingShown{Onboarding: o, Hours: int(o.Every.Hours()), Items: items}
	x.Counts = map[State]int{}
	refs := []access.Ref{o.Safe.Ref()}
	if by, err := access.ParseRef(o.By); err == nil {
		refs = append(refs, by)
	}
	for _, i := range items {
		x.Counts[i.State]++
		refs = append(refs, i.Account.Ref(), i.System.Ref(), i.Secret.Ref())
	}
	x.Names, err = a.names(ctx, refs)
	return x, err
}

func (a *API) shown(ctx context.Context, id access.OnboardingID, reach policy.Reach) (*onboardingOutput, error) {
	list, err := a.Store.Onboardings(ctx, id, 1)
	if err != nil {
		return nil, err
	}
	items, err := a.itemsIn(ctx, id, reach)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || len(items) == 0 {
		return nil, ErrNoOnboarding
	}
	x, err := a.withNames(ctx, list[0], items)
	return &onboardingOutput{x}, err
}

// OfOnboarding names one.
type OfOnboarding struct {
	ID httpapi.Text[access.OnboardingID] `path:"id" doc:"The onboarding"`
}

func (a *API) show(ctx context.Context, in *OfOnboarding) (*onboardingOutput, error) {
	return a.shown(ctx, in.ID.V, policy.ReachOf(ctx))
}

type releaseOnboardingInput struct {
	OfOnboarding
	Body struct {
		Accounts []access.AccountID `json:"accounts,omitempty" maxItems:"1000" doc:"Only these; none is all of it"`
		Reason   string             `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (a *API) onRelease(ctx context.Context, in *releaseOnboardingInput) (policy.Object, error) {
	list, err := a.Store.Onboardings(ctx, in.ID.V, 1)
	if err != nil {
		return policy.Object{}, err
	}
	if len(list) == 0 || in.ID.V == 0 {
		return policy.Object{}, policy.ErrNoObject
	}
	return a.Vault.SafeObject(ctx, list[0].Safe, in.Body.Reason)
}

type releasedOutput struct {
	Body struct {
		Released int `json:"released" doc:"How many were let go of"`
	}
}

func (a *API) release(ctx context.Context, in *releaseOnboardingInput) (*releasedOutput, error) {
	out := &releasedOutput{}
	var err error
	out.Body.Released, err = a.Release(ctx, in.ID.V, in.Body.Accounts, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return out, nil
}

type aloneInput struct {
	ID   httpapi.Text[access.SecretID] `path:"id" doc:"The secret"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (a *API) onAlone(ctx context.Context, in *aloneInput) (policy.Object, error) {
	return a.Vault.SecretObject(ctx, in.ID.V, in.Body.Reason)
}

func (a *API) alone(ctx context.Context, in *aloneInput) (*struct{}, error) {
	return nil, a.Alone(ctx, in.ID.V, in.Body.Reason)
}
