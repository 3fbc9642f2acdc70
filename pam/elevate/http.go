package elevate

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

// API is the operations on eligibility and elevation. Its field is needed.
type API struct{ *Service }

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"elevate"}}
	}
	made := func(o huma.Operation) huma.Operation {
		o.DefaultStatus = http.StatusCreated
		return o
	}
	const get, post = http.MethodGet, http.MethodPost
	httpapi.Register(api, op("list-eligibilities", get, "/v1/eligibilities", "Who may activate what, and on which terms"), policy.Within[listEligibilityInput](a.Gate, readEligibility), a.listEligibility)
	httpapi.Register(api, op("list-own-eligibilities", get, "/v1/me/eligibilities", "What you may activate, and on which terms"), policy.Known[struct{}](), a.own)
	httpapi.Register(api, made(op("give-eligibility", post, "/v1/eligibilities", "Say that somebody may activate something")), policy.On(a.Gate, changeEligibility, a.giving), a.give)
	httpapi.Register(api, op("show-eligibility", get, "/v1/eligibilities/{id}", "One eligibility, whom it breaks a rule for, and what you may do about it"), policy.On(a.Gate, readEligibility, a.on), a.showEligibility)
	httpapi.Register(api, op("take-eligibility", post, "/v1/eligibilities/{id}/end", "Say that somebody may not activate something any more"), policy.On(a.Gate, changeEligibility, a.taking), a.take)
	httpapi.Register(api, op("plan-conversion", get, "/v1/eligibility-conversions", "Which standing grants could be made eligible, and why others stay"), policy.Within[planConversionInput](a.Gate, readEligibility), a.planConversion)
	httpapi.Register(api, made(op("convert-standing", post, "/v1/eligibility-conversions", "Make standing grants eligible, and have them taken off")), policy.On(a.Gate, changeEligibility, a.converting), a.convert)
	httpapi.Register(api, op("restore-standing", post, "/v1/eligibility-conversions/{id}/restore", "Take a conversion back: what was standing is standing again"), policy.On(a.Gate, changeEligibility, a.restoring), a.restore)
	a.registerElevations(api, op)
}

// OfEligibility names one.
type OfEligibility struct {
	ID httpapi.Text[access.EligibilityID] `path:"id" doc:"The eligibility"`
}

type listEligibilityInput struct {
	httpapi.Paging
	Entitlement httpapi.Text[access.EntitlementID] `query:"entitlement" doc:"Only to activate this"`
	Identity    httpapi.Text[access.IdentityID]    `query:"identity" doc:"Only of this identity, by itself"`
}

type giveInput struct {
	Body struct {
		Holder      access.Ref           `json:"holder" doc:"An identity, or the role or entitlement whose holders may"`
		Entitlement access.EntitlementID `json:"entitlement"`
		Resource    access.ResourceID    `json:"resource,omitempty"`
		Terms       access.Terms         `json:"terms"`
		Start       access.Time          `json:"start,omitzero" format:"date-time"`
		End         access.Time          `json:"end,omitzero" format:"date-time"`
		Reason      string               `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type takeInput struct {
	OfEligibility
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

// giving is the eligibility that is to be, about whoever is to have it: nobody decides on
// their own.
func (a *API) giving(_ context.Context, in *giveInput) (policy.Object, error) {
	v := a.Gate.Graph.View()
	defer v.Close()
	o := policy.Object{Reason: in.Body.Reason}
	var ok bool
	if o.Resource, ok = policy.ObjectOf(v, in.Body.Entitlement.Ref()); !ok {
		return o, policy.ErrNoObject
	}
	o.Ref, o.Subjects = access.Ref{}, []access.Ref{in.Body.Holder}
	return o, nil
}

func (a *API) object(ctx context.Context, id access.EligibilityID, reason string) (policy.Object, error) {
	e, err := a.Store.Eligibility(ctx, id)
	if err == ErrNoEligibility { //nolint:errorlint // it is returned as it is
		return policy.Object{}, policy.ErrNoObject
	}
	if err != nil {
		return policy.Object{}, err
	}
	c, _ := policy.CallerOf(ctx)
	v := a.Gate.Graph.View()
	defer v.Close()
	o := object(v, &e, c.Identity)
	o.Reason = reason
	return o, nil
}

func (a *API) on(ctx context.Context, in *OfEligibility) (policy.Object, error) {
	return a.object(ctx, in.ID.V, "")
}

func (a *API) taking(ctx context.Context, in *takeInput) (policy.Object, error) {
	return a.object(ctx, in.ID.V, in.Body.Reason)
}

// listed is a page of a list, with what the things in it are called.
type listed[T any] struct {
	Items []T               `json:"items"`
	Names map[string]string `json:"names" doc:"What the things in it are called, by id, as far as you may see it"`
	Next  string            `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
}

type (
	eligibilitiesOutput struct{ Body listed[Eligibility] }
	eligibilityOutput   struct{ Body EligibilityShown }
	givenOutput         struct{ Body Eligibility }
)

// EligibilityShown is an eligibility with what may be done about it.
type EligibilityShown struct {
	Eligibility
	Tier      access.Tier               `json:"tier"`
	Conflicts []access.EntitlementID    `json:"conflicts" doc:"What its holder has and should not hold beside it"`
	Names     map[string]string         `json:"names"`
	May       map[string]policy.Verdict `json:"may"`
}

// systemsIn are where a list may look; nil is everywhere.
func systemsIn(ctx context.Context) []access.SystemID {
	r := policy.ReachOf(ctx)
	if r.All {
		return nil
	}
	return append([]access.SystemID{}, slices.Sorted(maps.Keys(r.Systems))...)
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

func (e *Eligibility) refs() []access.Ref {
	return []access.Ref{e.Holder, e.Entitlement.Ref(), e.Resource.Ref(), e.Giver.Ref()}
}

func (a *API) listEligibility(ctx context.Context, in *listEligibilityInput) (*eligibilitiesOutput, error) {
	after, err := httpapi.ParseCursor[access.EligibilityID](in.Cursor)
	if err != nil {
		return nil, err
	}
	q := EligibilityQuery{Entitlement: in.Entitlement.V, Systems: systemsIn(ctx), After: after, First: in.Limit + 1}
	if in.Identity.V != 0 {
		q.Holder = in.Identity.V.Ref()
	}
	list, err := a.Store.Eligibilities(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &eligibilitiesOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = httpapi.Cursor(list[in.Limit-1].ID)
	}
	return out, a.fill(ctx, out, list)
}

func (a *API) fill(ctx context.Context, out *eligibilitiesOutput, list []Eligibility) (err error) {
	out.Body.Items = append([]Eligibility{}, list...)
	var refs []access.Ref
	for i := range list {
		refs = append(refs, list[i].refs()...)
	}
	out.Body.Names, err = a.named(ctx, refs)
	return err
}

// Own are the eligibilities by which somebody may activate something now.
func (s *Service) Own(ctx context.Context, who access.IdentityID) ([]Eligibility, error) {
	list, err := s.Store.Eligibilities(ctx, EligibilityQuery{})
	if err != nil {
		return nil, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	now := s.now()
	return slices.DeleteFunc(list, func(e Eligibility) bool { return !e.In(now) || !policy.Holds(v, e.Holder, who) }), nil
}

func (a *API) own(ctx context.Context, _ *struct{}) (*eligibilitiesOutput, error) {
	c, _ := policy.CallerOf(ctx)
	out := &eligibilitiesOutput{}
	list, err := a.Own(ctx, c.Identity)
	if err != nil {
		return nil, err
	}
	return out, a.fill(ctx, out, list)
}

func (a *API) give(ctx context.Context, in *giveInput) (*givenOutput, error) {
	b := in.Body
	e, err := a.Give(ctx, Eligibility{Holder: b.Holder, Entitlement: b.Entitlement, Resource: b.Resource, Terms: b.Terms, Start: b.Start, End: b.End, Reason: b.Reason})
	if err != nil {
		return nil, err
	}
	return &givenOutput{e}, nil
}

func (a *API) showEligibility(ctx context.Context, in *OfEligibility) (*eligibilityOutput, error) {
	e, err := a.Store.Eligibility(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	o, err := a.object(ctx, e.ID, "")
	if err != nil {
		return nil, err
	}
	out := &eligibilityOutput{EligibilityShown{Eligibility: e, Tier: o.Tier, Conflicts: []access.EntitlementID{}}}
	refs := e.refs()
	if e.Holder.Kind == access.KindIdentity {
		v := a.Gate.Graph.View()
		out.Body.Conflicts = append(out.Body.Conflicts, Conflicts(v, access.IdentityID(e.Holder.Key), e.Entitlement)...)
		v.Close()
		for _, id := range out.Body.Conflicts {
			refs = append(refs, id.Ref())
		}
	}
	out.Body.May = a.Gate.Verdicts(ctx, o, changeEligibility, activateAction)
	out.Body.Names, err = a.named(ctx, refs)
	return out, err
}

func (a *API) take(ctx context.Context, in *takeInput) (*struct{}, error) {
	return nil, a.Take(ctx, in.ID.V, in.Body.Reason)
}

// lasting reads how long something lasts, as people write it.
func lasting(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, ErrTooLong.With("%q is not how long something lasts, such as 30m", text)
	}
	return d, nil
}
