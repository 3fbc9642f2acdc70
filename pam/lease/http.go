package lease

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on templates and leases. Its field is needed.
type API struct{ *Service }

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	a.registerTemplates(api)
	const get, post, path, one = http.MethodGet, http.MethodPost, "/v1/leases", "/v1/leases/{id}"
	httpapi.Register(api, operation("list-leases", get, path, "Who has leased what, the newest first", http.StatusOK), policy.Within[listLeasesInput](a.Gate, readAction), a.list)
	httpapi.Register(api, operation("list-own-leases", get, "/v1/me/leases", "What you have leased, the newest first", http.StatusOK), policy.Known[listLeasesInput](), a.listOwn)
	httpapi.Register(api, given(operation("issue-lease", post, path, "Have an account made for one use, or have others asked first", http.StatusCreated)), policy.Known[issueInput](), a.issue)
	httpapi.Register(api, operation("show-lease", get, one, "One lease: where it stands, and what you may do about it", http.StatusOK), policy.On(a.Gate, readAction, onLease[OfLease](a)), a.show)
	httpapi.Register(api, given(operation("take-lease", post, one+"/take", "Have the account made that others have agreed to", http.StatusOK)), policy.On(a.Gate, endAction, onLease[OfLease](a)), a.take)
	httpapi.Register(api, operation("renew-lease", post, one+"/renew", "Have what you leased last longer, within its terms", http.StatusOK), policy.On(a.Gate, endAction, onLease[renewInput](a)), a.renew)
	httpapi.Register(api, operation("return-lease", post, one+"/return", "Give back what you have leased, or withdraw what you asked for", http.StatusOK), policy.On(a.Gate, endAction, onLease[OfLease](a)), a.giveBack)
	httpapi.Register(api, operation("force-lease", post, one+"/force", "Take back what somebody else has leased, at once", http.StatusOK), policy.On(a.Gate, forceAction, onLease[forceLeaseInput](a)), a.force)
	httpapi.Register(api, operation("retry-lease", post, one+"/retry", "Try at once to take away the account of a lease that is over", http.StatusOK), policy.On(a.Gate, forceAction, onLease[forceLeaseInput](a)), a.retry)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"lease"}, DefaultStatus: status}
}

// given marks an operation whose answer is there once, and is kept nowhere.
func given(op huma.Operation) huma.Operation {
	op.Extensions = map[string]any{httpapi.SecretExtension: true}
	return op
}

// OfLease names a lease.
type OfLease struct {
	ID httpapi.Text[access.LeaseID] `path:"id" doc:"The lease"`
}

func (in *OfLease) about() (access.LeaseID, string) { return in.ID.V, "" }

type listLeasesInput struct {
	httpapi.Paging
	Open     bool                            `query:"open" doc:"Only what is not over"`
	Template httpapi.Text[access.TemplateID] `query:"template" doc:"Only by this"`
	Identity httpapi.Text[access.IdentityID] `query:"identity" doc:"Only by this identity"`
}

type issueInput struct {
	Body struct {
		Template string `json:"template" minLength:"1" maxLength:"64" doc:"Its name or its id" example:"reporting"`
		For      string `json:"for,omitempty" maxLength:"20" example:"30m" doc:"How long; without it, as long as the template says"`
		Reason   string `json:"reason,omitempty" maxLength:"1000"`
		Ticket   string `json:"ticket,omitempty" maxLength:"200"`
	}
}

type renewInput struct {
	OfLease
	Body struct {
		For string `json:"for,omitempty" maxLength:"20" example:"15m" doc:"How long from now on; without it, as long as it was asked for"`
	}
}

type forceLeaseInput struct {
	OfLease
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *forceLeaseInput) about() (access.LeaseID, string) { return in.ID.V, in.Body.Reason }

// onLease tells which lease an operation is about; who has it is its creator.
func onLease[I any, P interface {
	*I
	about() (access.LeaseID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		l, err := a.Store.Lease(ctx, id)
		if err == ErrNotFound { //nolint:errorlint // it is returned as it is
			return policy.Object{}, policy.ErrNoObject
		}
		return a.of(&l, reason), err
	}
}

func (a *API) of(l *Lease, reason string) policy.Object {
	v := a.Gate.Graph.View()
	defer v.Close()
	return leaseObject(v, l, reason)
}

// LeaseShown is a lease as it is answered.
type LeaseShown struct {
	Lease
	Names map[string]string         `json:"names" doc:"What the things in it are called, by id, as far as you may see it"`
	May   map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, where one lease is asked for"`
}

// LeaseLine is a lease in a list.
type LeaseLine struct {
	Lease
	May map[string]policy.Verdict `json:"may" doc:"What you may do about it"`
}

// LeaseGiven is a lease with what opens its account.
type LeaseGiven struct {
	LeaseShown
	Password string `json:"password,omitempty" doc:"Once, and never again: it is kept nowhere"`
}

type (
	leasesOutput struct {
		Body struct {
			Items []LeaseLine       `json:"items"`
			Names map[string]string `json:"names" doc:"What the things in it are called, by id, as far as you may see it"`
			Next  string            `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
		}
	}
	leaseOutput      struct{ Body LeaseShown }
	leaseGivenOutput struct {
		CacheControl string `header:"Cache-Control"`
		Body         LeaseGiven
	}
)

func (l *Lease) refs() []access.Ref {
	return []access.Ref{l.Identity.Ref(), l.System.Ref(), l.Template.Ref()}
}

// named says what things are called; who people are, only to whoever may see that
// everywhere, or is they.
func (a *API) named(ctx context.Context, refs []access.Ref) (map[string]string, error) {
	c, _ := policy.CallerOf(ctx)
	if a.Gate.Permit(ctx, "identity.read", policy.Object{}) != nil {
		refs = slices.DeleteFunc(refs, func(r access.Ref) bool { return r.Kind == access.KindIdentity && r != c.Identity.Ref() })
	}
	refs = slices.DeleteFunc(refs, access.Ref.IsZero)
	labels, err := a.Names.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for r, l := range labels {
		if l.Name != "" {
			names[r.String()] = l.Name
		}
	}
	return names, nil
}

func (a *API) list(ctx context.Context, in *listLeasesInput) (*leasesOutput, error) {
	q := Query{Identity: in.Identity.V}
	if r := policy.ReachOf(ctx); !r.All {
		q.Systems = append([]access.SystemID{}, slices.Sorted(maps.Keys(r.Systems))...)
	}
	return a.page(ctx, in, q)
}

func (a *API) listOwn(ctx context.Context, in *listLeasesInput) (*leasesOutput, error) {
	who, err := person(ctx)
	if err != nil {
		return nil, err
	}
	return a.page(ctx, in, Query{Identity: who})
}

func (a *API) page(ctx context.Context, in *listLeasesInput, q Query) (*leasesOutput, error) {
	before, err := httpapi.ParseCursor[access.LeaseID](in.Cursor)
	if err != nil {
		return nil, err
	}
	q.Open, q.Template, q.Before, q.First = in.Open, in.Template.V, before, in.Limit+1
	list, err := a.Store.Leases(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &leasesOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = httpapi.Cursor(list[in.Limit-1].ID)
	}
	out.Body.Items = []LeaseLine{}
	var refs []access.Ref
	for i := range list {
		refs = append(refs, list[i].refs()...)
		out.Body.Items = append(out.Body.Items, LeaseLine{list[i], a.Gate.Verdicts(ctx, a.of(&list[i], ""), endAction, forceAction)})
	}
	out.Body.Names, err = a.named(ctx, refs)
	return out, err
}

func (a *API) issue(ctx context.Context, in *issueInput) (*leaseGivenOutput, error) {
	lasts, err := lasting(in.Body.For)
	if err != nil {
		return nil, err
	}
	t, err := a.TemplateNamed(ctx, in.Body.Template)
	if err != nil {
		return nil, err
	}
	x, err := a.Issue(ctx, Asking{Template: t.ID, Lasts: lasts, Reason: in.Body.Reason, Ticket: in.Body.Ticket})
	return a.given(ctx, x, err)
}

func (a *API) take(ctx context.Context, in *OfLease) (*leaseGivenOutput, error) {
	x, err := a.Take(ctx, in.ID.V)
	return a.given(ctx, x, err)
}

func (a *API) given(ctx context.Context, x Issued, err error) (*leaseGivenOutput, error) {
	if err != nil {
		return nil, err
	}
	defer x.Value.Wipe()
	shown, err := a.shownLease(ctx, x.Lease, nil)
	if err != nil {
		return nil, err
	}
	return &leaseGivenOutput{CacheControl: "no-store", Body: LeaseGiven{LeaseShown: shown.Body, Password: string(x.Value.Reveal())}}, nil
}

func (a *API) shownLease(ctx context.Context, l Lease, err error) (*leaseOutput, error) {
	if err != nil {
		return nil, err
	}
	names, err := a.named(ctx, l.refs())
	return &leaseOutput{LeaseShown{Lease: l, Names: names}}, err
}

func (a *API) show(ctx context.Context, in *OfLease) (*leaseOutput, error) {
	l, err := a.Store.Lease(ctx, in.ID.V)
	out, err := a.shownLease(ctx, l, err)
	if err == nil {
		out.Body.May = a.Gate.Verdicts(ctx, a.of(&l, ""), endAction, forceAction)
	}
	return out, err
}

func (a *API) renew(ctx context.Context, in *renewInput) (*leaseOutput, error) {
	by, err := lasting(in.Body.For)
	if err != nil {
		return nil, err
	}
	l, err := a.Renew(ctx, in.ID.V, by)
	return a.shownLease(ctx, l, err)
}

func (a *API) giveBack(ctx context.Context, in *OfLease) (*leaseOutput, error) {
	l, err := a.Return(ctx, in.ID.V)
	return a.shownLease(ctx, l, err)
}

func (a *API) force(ctx context.Context, in *forceLeaseInput) (*leaseOutput, error) {
	l, err := a.Force(ctx, in.ID.V, in.Body.Reason)
	return a.shownLease(ctx, l, err)
}

func (a *API) retry(ctx context.Context, in *forceLeaseInput) (*leaseOutput, error) {
	l, err := a.Retry(ctx, in.ID.V, in.Body.Reason)
	return a.shownLease(ctx, l, err)
}

// lasting reads how long something lasts, as people write it; "" is as long as is usual.
func lasting(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, ErrTooLong.With("%q is not how long something lasts, such as 30m", text)
	}
	return d, nil
}
