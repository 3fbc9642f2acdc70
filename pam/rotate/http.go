package rotate

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

// API is the operations on rotation. All of its fields are needed.
type API struct {
	*Desk
	Names Names
}

// Names tells what objects are called.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

const changeSecret = "secret.change"

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	httpapi.Register(api, operation("list-rotations", http.MethodGet, "/v1/rotations", "Secrets that are due for another value, and what came of it so far", http.StatusOK),
		policy.SignedIn[rotationsInput](), a.list)
	httpapi.Register(api, operation("list-rotation-schedules", http.MethodGet, "/v1/rotations/schedules", "Secrets that are given another value by themselves, and when", http.StatusOK),
		policy.SignedIn[schedulesInput](), a.schedules)
	httpapi.Register(api, operation("rotate-secrets", http.MethodPost, "/v1/rotations", "Have secrets given another value where they open something", http.StatusAccepted),
		policy.SignedIn[rotateInput](), a.rotate)
	httpapi.Register(api, operation("rotate-group", http.MethodPost, "/v1/rotations/group", "Have all secrets of a safe or a system, or all that somebody knows, given another value, or see what would follow", http.StatusOK),
		policy.SignedIn[groupInput](), a.group)
	httpapi.Register(api, operation("set-rotation-schedule", http.MethodPut, "/v1/secrets/{id}/rotation", "Say how often a secret is given another value by itself", http.StatusOK),
		policy.On(a.Gate, changeSecret, func(ctx context.Context, in *scheduleInput) (policy.Object, error) { return a.of(ctx, in.OfSecret) }), a.schedule)
	httpapi.Register(api, operation("remove-rotation-schedule", http.MethodDelete, "/v1/secrets/{id}/rotation", "Give a secret no other value by itself", http.StatusNoContent),
		policy.On(a.Gate, changeSecret, func(ctx context.Context, in *OfSecret) (policy.Object, error) { return a.of(ctx, *in) }), a.unschedule)
	a.registerProofs(api)
	a.registerConsumers(api)
}

func (a *API) registerProofs(api huma.API) {
	httpapi.Register(api, operation("list-secret-proofs", http.MethodGet, "/v1/vault/proofs", "Which secrets were signed in with since the database was restored", http.StatusOK),
		policy.On(a.Gate, "vault.read", func(context.Context, *struct{}) (policy.Object, error) { return policy.Object{}, nil }), a.proofs)
	httpapi.Register(api, operation("verify-secrets", http.MethodPost, "/v1/vault/proofs", "Have every secret that opens an account signed in with, before any is given out again", http.StatusAccepted),
		policy.On(a.Gate, "vault.operate", func(_ context.Context, in *verifyInput) (policy.Object, error) {
			return policy.Object{Reason: in.Body.Reason}, nil
		}), a.verify)
}

type verifyInput struct {
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// SecretProof is a secret that is left, as an answer shows it.
type SecretProof struct {
	Proof
	Named access.Named `json:"named"`
}

// SecretProofs is how far secrets have come since a restore, as an answer shows it.
type SecretProofs struct {
	Proofs
	Items []SecretProof `json:"items" doc:"Those that are left, as far as you may see them"`
}

type proofsOutput struct{ Body SecretProofs }

func (a *API) proofs(ctx context.Context, _ *struct{}) (*proofsOutput, error) {
	p, err := a.Proofs(ctx)
	if err != nil {
		return nil, err
	}
	name, err := a.namer(ctx, len(p.Left), func(i int) access.SecretID { return p.Left[i].Secret })
	out := &proofsOutput{SecretProofs{Proofs: p, Items: make([]SecretProof, len(p.Left))}}
	for i, x := range p.Left {
		out.Body.Items[i] = SecretProof{x, name(x.Secret)}
	}
	return out, err
}

func (a *API) verify(ctx context.Context, in *verifyInput) (*struct{}, error) {
	return nil, a.Verify(ctx, in.Body.Reason)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"rotation"}, DefaultStatus: status}
}

// OfSecret is the part of an input that names a secret.
type OfSecret struct {
	ID string `path:"id" maxLength:"64" doc:"The secret's id"`
}

func (o OfSecret) secret() (id access.SecretID, err error) {
	if id.UnmarshalText([]byte(o.ID)) != nil || id == 0 {
		return 0, policy.ErrNoObject
	}
	return id, nil
}

func (a *API) of(ctx context.Context, o OfSecret) (policy.Object, error) {
	id, err := o.secret()
	if err != nil {
		return policy.Object{}, err
	}
	return a.Secrets.SecretObject(ctx, id, "")
}

type rotationsInput struct {
	State  string                        `query:"state" enum:"due,failing,waiting,planned" doc:"Only those in a state"`
	Secret httpapi.Text[access.SecretID] `query:"secret" doc:"Only this one"`
}

type schedulesInput struct {
	Secret httpapi.Text[access.SecretID] `query:"secret" doc:"Only of this one"`
}

type rotateInput struct {
	Body struct {
		Secrets  []access.SecretID `json:"secrets" minItems:"1" maxItems:"1000"`
		Incident bool              `json:"incident,omitempty" doc:"Before all others: somebody may know them who should not"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type groupInput struct {
	Body struct {
		Safe     access.SafeID     `json:"safe,omitzero" doc:"All that it holds"`
		System   access.SystemID   `json:"system,omitzero" doc:"All that open something there"`
		SeenBy   access.IdentityID `json:"seen_by,omitzero" doc:"All that they know and that are in use still"`
		Finding  access.FindingID  `json:"finding,omitzero" doc:"All that open the account that it is about, while it is open"`
		Incident bool              `json:"incident,omitempty" doc:"Before all others: somebody may know them who should not"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"1000"`
		Apart    int               `json:"seconds_apart,omitempty" minimum:"0" maximum:"3600" doc:"From one to the next"`
		Preview  bool              `json:"preview,omitempty" doc:"Only tell what would follow"`
	}
}

// RotationFollows is what follows for a secret, as an answer shows it.
type RotationFollows struct {
	Follows
	Named access.Named `json:"named"`
}

type groupOutput struct {
	Body struct {
		Items []RotationFollows `json:"items"`
		Left  int               `json:"left" doc:"How many more there are that are not yours to change"`
		Due   bool              `json:"due" doc:"They are due; else nothing was changed"`
	}
}

type scheduleInput struct {
	OfSecret
	Body struct {
		Hours int `json:"every_hours" minimum:"1" maximum:"87600"`
		From  int `json:"from,omitempty" minimum:"0" maximum:"23" doc:"The hour of the day, by UTC, from which on it is done"`
		Until int `json:"until,omitempty" minimum:"0" maximum:"23" doc:"The hour until which it is begun; the same as from is the whole day"`
	}
}

// RotationDue is a secret that is due, as an answer shows it.
type RotationDue struct {
	Queued
	Named access.Named              `json:"named"`
	May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
}

// RotationSchedule is how often a secret is changed, as an answer shows it.
type RotationSchedule struct {
	Schedule
	Hours int          `json:"every_hours"`
	Named access.Named `json:"named"`
}

type rotationsOutput struct {
	Body struct {
		Items []RotationDue `json:"items"`
	}
}

type schedulesOutput struct {
	Body struct {
		Items []RotationSchedule `json:"items"`
	}
}

func (a *API) list(ctx context.Context, in *rotationsInput) (*rotationsOutput, error) {
	list, err := a.Shown(ctx, Query{State: State(in.State), Secret: in.Secret.V})
	out := &rotationsOutput{}
	out.Body.Items = list
	return out, err
}

// Shown is what is due of what whoever calls may see, with names.
func (a *API) Shown(ctx context.Context, q Query) ([]RotationDue, error) {
	queue, err := a.Queue(ctx, q)
	if err != nil {
		return nil, err
	}
	name, err := a.namer(ctx, len(queue), func(i int) access.SecretID { return queue[i].Secret })
	list := make([]RotationDue, len(queue))
	for i, x := range queue {
		o, err := a.Secrets.SecretObject(ctx, x.Secret, "")
		if err != nil {
			return nil, err
		}
		list[i] = RotationDue{x, name(x.Secret), a.Gate.Verdicts(ctx, o, "secret.rotate")}
	}
	return list, err
}

// ShownSchedules are the schedules of what whoever calls may see, or that of one, with names.
func (a *API) ShownSchedules(ctx context.Context, of access.SecretID) ([]RotationSchedule, error) {
	all, err := a.Schedules(ctx, of)
	if err != nil {
		return nil, err
	}
	name, err := a.namer(ctx, len(all), func(i int) access.SecretID { return all[i].Secret })
	list := make([]RotationSchedule, len(all))
	for i, x := range all {
		list[i] = RotationSchedule{x, int(x.Every.Hours()), name(x.Secret)}
	}
	return list, err
}

func (a *API) namer(ctx context.Context, n int, of func(int) access.SecretID) (func(access.SecretID) access.Named, error) {
	refs := make([]access.Ref, n)
	for i := range refs {
		refs[i] = of(i).Ref()
	}
	slices.SortFunc(refs, access.Ref.Compare)
	labels, err := a.Names.Names(ctx, slices.Compact(refs))
	return func(id access.SecretID) access.Named { return labels[id.Ref()].Named(id.Ref()) }, err
}

func (a *API) schedules(ctx context.Context, in *schedulesInput) (*schedulesOutput, error) {
	list, err := a.ShownSchedules(ctx, in.Secret.V)
	out := &schedulesOutput{}
	out.Body.Items = list
	return out, err
}

func (a *API) rotate(ctx context.Context, in *rotateInput) (*struct{}, error) {
	return nil, a.Demand(ctx, in.Body.Secrets, in.Body.Incident, in.Body.Reason)
}

func (a *API) group(ctx context.Context, in *groupInput) (*groupOutput, error) {
	b := in.Body
	list, left, err := a.Bulk(ctx, Bulk{
		Group: Group{b.Safe, b.System, b.SeenBy, b.Finding}, Incident: b.Incident, Reason: b.Reason, Apart: time.Duration(b.Apart) * time.Second, Preview: b.Preview,
	})
	if err != nil {
		return nil, err
	}
	name, err := a.namer(ctx, len(list), func(i int) access.SecretID { return list[i].Secret })
	out := &groupOutput{}
	out.Body.Items, out.Body.Left, out.Body.Due = make([]RotationFollows, len(list)), left, !b.Preview && len(list) > 0
	for i, f := range list {
		out.Body.Items[i] = RotationFollows{f, name(f.Secret)}
	}
	return out, err
}

func (a *API) schedule(ctx context.Context, in *scheduleInput) (*schedulesOutput, error) {
	id, err := in.secret()
	if err != nil {
		return nil, err
	}
	s := Schedule{Secret: id, Every: time.Duration(in.Body.Hours) * time.Hour, From: in.Body.From, Until: in.Body.Until}
	if err := a.SetSchedule(ctx, s, false); err != nil {
		return nil, err
	}
	return a.schedules(ctx, &schedulesInput{})
}

func (a *API) unschedule(ctx context.Context, in *OfSecret) (*struct{}, error) {
	id, err := in.secret()
	if err != nil {
		return nil, err
	}
	return nil, a.SetSchedule(ctx, Schedule{Secret: id}, true)
}
