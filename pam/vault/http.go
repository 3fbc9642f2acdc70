package vault

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// Names tells what things are called.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

// API is the operations on safes, secrets and check-outs. All of its fields are needed.
type API struct {
	Service *Service
	Names   Names
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	a.registerSafes(api)
	a.registerSecrets(api)
	a.registerImport(api)
	a.registerCheckouts(api)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"vault"}, DefaultStatus: status}
}

func (a *API) registerSafes(api huma.API) {
	gate := a.Service.Gate
	const path, one = "/v1/safes", "/v1/safes/{id}"
	httpapi.Register(api, operation("list-safes", http.MethodGet, path, "Safes that you may see", http.StatusOK), policy.Known[safesInput](), a.listSafes)
	httpapi.Register(api, operation("add-safe", http.MethodPost, path, "Keep a new safe", http.StatusCreated),
		policy.On(gate, "safe.add", func(_ context.Context, in *addSafeInput) (policy.Object, error) {
			return policy.Object{Resource: policy.Resource{Scope: in.Body.Scope}, Reason: in.Body.Reason}, nil
		}), a.addSafe)
	httpapi.Register(api, operation("show-safe", http.MethodGet, one, "One safe, and who has which right in it", http.StatusOK), policy.On(gate, "safe.read", onSafe[SafeInput](a)), a.showSafe)
	httpapi.Register(api, operation("change-safe", http.MethodPut, one, "Change a safe, and what using what is in it takes", http.StatusOK), policy.On(gate, "safe.change", onSafe[changeSafeInput](a)), a.changeSafe)
	httpapi.Register(api, operation("grant-right", http.MethodPost, one+"/rights", "Give somebody, or whoever holds something, a right in a safe", http.StatusOK), policy.On(gate, "safe.grant", a.onRight), a.grant)
	httpapi.Register(api, operation("revoke-right", http.MethodPost, one+"/rights/revoke", "Take a right in a safe", http.StatusOK), policy.On(gate, "safe.grant", a.onRight), a.revoke)
}

// SafeInput names a safe.
type SafeInput struct {
	ID httpapi.Text[access.SafeID] `path:"id" doc:"The safe"`
}

func (in *SafeInput) about() (access.SafeID, string) { return in.ID.V, "" }

// onSafe tells which safe an operation is about.
func onSafe[I any, P interface {
	*I
	about() (access.SafeID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		return a.Service.SafeObject(ctx, id, reason)
	}
}

// onRight is onSafe for a right in it, which is about the access of its holder.
func (a *API) onRight(ctx context.Context, in *rightInput) (policy.Object, error) {
	o, err := a.Service.SafeObject(ctx, in.ID.V, in.Body.Reason)
	o.Subjects = []access.Ref{in.Body.Holder}
	return o, err
}

// StageBody is a step of an approval.
type StageBody struct {
	Approvers []access.Approver `json:"approvers" minItems:"1" maxItems:"10" doc:"Each is whoever holds a function, the owner, or somebody by name"`
	Quorum    int               `json:"quorum" minimum:"1" maximum:"10"`
	Within    int               `json:"within_minutes" minimum:"1" maximum:"43200" doc:"Else it has timed out"`
	Distinct  bool              `json:"distinct,omitempty" doc:"By different ones of the approvers"`
}

// TermsBody is what using something takes.
type TermsBody struct {
	Reason bool        `json:"reason,omitempty"`
	Ticket bool        `json:"ticket,omitempty"`
	MFA    bool        `json:"mfa,omitempty"`
	Most   int         `json:"most_minutes" minimum:"1" maximum:"43200" doc:"How long it lasts at most, extensions included"`
	Stages []StageBody `json:"stages,omitempty" maxItems:"5"`
}

func (b TermsBody) terms() access.Terms {
	t := access.Terms{Reason: b.Reason, Ticket: b.Ticket, MFA: b.MFA, Most: time.Duration(b.Most) * time.Minute}
	for _, s := range b.Stages {
		t.Stages = append(t.Stages, access.Stage{Approvers: s.Approvers, Quorum: s.Quorum, Within: time.Duration(s.Within) * time.Minute, Distinct: s.Distinct})
	}
	return t
}

func bodyOf(t access.Terms) TermsBody {
	b := TermsBody{Reason: t.Reason, Ticket: t.Ticket, MFA: t.MFA, Most: int(t.Most / time.Minute)}
	for _, s := range t.Stages {
		b.Stages = append(b.Stages, StageBody{s.Approvers, s.Quorum, int(s.Within / time.Minute), s.Distinct})
	}
	return b
}

// SafeBody is what a safe is.
type SafeBody struct {
	Name        string            `json:"name" minLength:"1" maxLength:"64" example:"ledger"`
	Description string            `json:"description,omitempty" maxLength:"500"`
	Scope       access.ScopeID    `json:"scope,omitzero"`
	Owner       access.IdentityID `json:"owner" doc:"A person who works here"`
	Deputy      access.IdentityID `json:"deputy,omitzero" doc:"Who answers for it where the owner has left"`
	Terms       TermsBody         `json:"terms" doc:"What using what is in it takes"`
	Sharing     Sharing           `json:"sharing,omitempty" enum:"shared,exclusive" default:"shared"`
	Rotates     bool              `json:"rotates,omitempty" doc:"What is checked in is due for another value"`
	Outside     int               `json:"outside_minutes,omitempty" minimum:"0" maximum:"43200" doc:"For how long at most a secret may be given to somebody outside by a link; without it, not at all"`
}

func (b SafeBody) safe() Safe {
	s := Safe{Name: b.Name, Description: b.Description, Scope: b.Scope, Owner: b.Owner, Deputy: b.Deputy, Terms: b.Terms.terms(), Sharing: b.Sharing, Rotates: b.Rotates, Outside: time.Duration(b.Outside) * time.Minute}
	if s.Sharing == "" {
		s.Sharing = Shared
	}
	return s
}

// SafeShown is a safe as it is answered.
type SafeShown struct {
	ID      access.SafeID `json:"id"`
	Version int64         `json:"version"`
	SafeBody
	Rights []Right                   `json:"rights,omitempty" doc:"Who has which, where one safe is asked for"`
	Names  map[string]string         `json:"names" doc:"What the things in it are called, by id"`
	May    map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, where one safe is asked for"`
}

func shownSafe(s Safe) SafeShown {
	return SafeShown{ID: s.ID, Version: s.Version, SafeBody: SafeBody{s.Name, s.Description, s.Scope, s.Owner, s.Deputy, bodyOf(s.Terms), s.Sharing, s.Rotates, int(s.Outside / time.Minute)}}
}

// called is what things are called, by id.
func (a *API) called(ctx context.Context, refs ...access.Ref) (map[string]string, error) {
	labels, err := a.Names.Names(ctx, refs)
	names := map[string]string{}
	for r, l := range labels {
		if l.Name != "" {
			names[r.String()] = l.Name
		}
	}
	return names, err
}

type safesInput struct {
	Name string `query:"name" maxLength:"64" doc:"Only the one of this name"`
}

type safesOutput struct {
	Body struct {
		Items []SafeShown               `json:"items"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

func (a *API) listSafes(ctx context.Context, in *safesInput) (*safesOutput, error) {
	list, err := a.Service.Safes(ctx)
	if err != nil {
		return nil, err
	}
	out := &safesOutput{}
	out.Body.Items, out.Body.May = []SafeShown{}, a.Service.Gate.Verdicts(ctx, policy.Object{}, "safe.add")
	for _, s := range list {
		if in.Name != "" && s.Name != in.Name {
			continue
		}
		x := shownSafe(s)
		if x.Names, err = a.called(ctx, s.Owner.Ref(), s.Deputy.Ref(), s.Scope.Ref()); err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

type safeOutput struct {
	ETag string `header:"ETag"`
	Body SafeShown
}

func (a *API) showSafe(ctx context.Context, in *SafeInput) (*safeOutput, error) {
	h, err := a.Service.safe(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	x := shownSafe(h.Safe)
	if x.Rights, err = a.Service.Store.Rights(ctx, h.ID); err != nil {
		return nil, err
	}
	refs := []access.Ref{h.Owner.Ref(), h.Deputy.Ref(), h.Scope.Ref()}
	for _, r := range x.Rights {
		refs = append(refs, r.Holder)
	}
	for _, s := range h.Terms.Stages {
		for _, by := range s.Approvers {
			refs = append(refs, by.Identity.Ref())
		}
	}
	if x.Names, err = a.called(ctx, refs...); err != nil {
		return nil, err
	}
	o := h.object("", "")
	o.Subjects = []access.Ref{h.Scope.Ref()} // a right is asked for of access that is nobody's yet
	x.May = a.Service.Gate.Verdicts(ctx, o, "safe.change", "safe.grant", "secret.add")
	return &safeOutput{httpapi.Tag(h.Version), x}, nil
}

type addSafeInput struct {
	Body struct {
		SafeBody
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	}
}

func (a *API) addSafe(ctx context.Context, in *addSafeInput) (*safeOutput, error) {
	id, err := a.Service.AddSafe(ctx, in.Body.safe(), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return a.shown(ctx, id)
}

// shown is a safe after something was done, whether or not whoever did it may look into it.
func (a *API) shown(ctx context.Context, id access.SafeID) (*safeOutput, error) {
	return a.showSafe(ctx, &SafeInput{httpapi.Text[access.SafeID]{V: id}})
}

type changeSafeInput struct {
	SafeInput
	httpapi.Match
	Body struct {
		SafeBody
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	}
}

func (in *changeSafeInput) about() (access.SafeID, string) { return in.ID.V, in.Body.Reason }

func (a *API) changeSafe(ctx context.Context, in *changeSafeInput) (*safeOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	was, err := a.Service.Store.Safe(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	if was.Scope != in.Body.Scope { // who may see it follows its scope
		if err := a.Service.Gate.Permit(ctx, "safe.add", policy.Object{Resource: policy.Resource{Scope: in.Body.Scope}, Reason: in.Body.Reason}); err != nil {
			return nil, err
		}
	}
	safe := in.Body.safe()
	safe.ID, safe.Version = in.ID.V, version
	err = a.Service.ChangeSafe(ctx, safe, in.Body.Reason)
	if errors.Is(err, ErrSafeStale) {
		err = httpapi.ErrStale
	}
	if err != nil {
		return nil, err
	}
	return a.shown(ctx, in.ID.V)
}

type rightInput struct {
	SafeInput
	Body struct {
		Holder access.Ref  `json:"holder" example:"idn_0000000000001" doc:"Somebody, an entitlement or a role"`
		Right  Level       `json:"right" enum:"use,reveal"`
		Ends   access.Time `json:"ends,omitzero" doc:"When it ends; without it, once somebody takes it"`
		Reason string      `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *rightInput) right() Right {
	return Right{Safe: in.ID.V, Holder: in.Body.Holder, Level: in.Body.Right, Ends: in.Body.Ends, Reason: in.Body.Reason}
}

func (a *API) grant(ctx context.Context, in *rightInput) (*safeOutput, error) {
	if err := a.Service.Grant(ctx, in.right()); err != nil {
		return nil, err
	}
	return a.shown(ctx, in.ID.V)
}

func (a *API) revoke(ctx context.Context, in *rightInput) (*safeOutput, error) {
	if err := a.Service.Revoke(ctx, in.right(), in.Body.Reason); err != nil {
		return nil, err
	}
	return a.shown(ctx, in.ID.V)
}
