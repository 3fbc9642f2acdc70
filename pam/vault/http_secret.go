package vault

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

func (a *API) registerSecrets(api huma.API) {
	gate := a.Service.Gate
	const one = "/v1/secrets/{id}"
	httpapi.Register(api, operation("list-secrets", http.MethodGet, "/v1/secrets", "Secrets that you may know of, never what they are", http.StatusOK), policy.Known[secretsInput](), a.listSecrets)
	httpapi.Register(api, operation("add-secret", http.MethodPost, "/v1/safes/{id}/secrets", "Keep a secret in a safe, given or generated", http.StatusCreated), policy.On(gate, "secret.add", onSafe[addSecretInput](a)), a.addSecret)
	httpapi.Register(api, operation("show-secret", http.MethodGet, one, "What is known of a secret, its versions, and who has it out", http.StatusOK), policy.On(gate, "secret.read", onSecret[SecretInput](a, "")), a.showSecret)
	httpapi.Register(api, operation("change-secret", http.MethodPut, one, "Change what is known of a secret but for what it is", http.StatusOK), policy.On(gate, "secret.change", onSecret[changeSecretInput](a, "")), a.changeSecret)
	httpapi.Register(api, operation("put-secret", http.MethodPost, one+"/versions", "Give a secret another value, given or generated", http.StatusOK), policy.On(gate, "secret.change", onSecret[putSecretInput](a, "")), a.putSecret)
	httpapi.Register(api, operation("delete-secret", http.MethodPost, one+"/delete", "Delete a secret or one of its versions, until it is brought back", http.StatusOK), policy.On(gate, "secret.change", onSecret[stepInput](a, "")), a.step(Delete))
	httpapi.Register(api, operation("undelete-secret", http.MethodPost, one+"/undelete", "Bring a secret or one of its versions back", http.StatusOK), policy.On(gate, "secret.change", onSecret[stepInput](a, "")), a.step(Undelete))
	httpapi.Register(api, operation("destroy-secret", http.MethodPost, one+"/destroy", "Destroy a secret or one of its versions, for ever", http.StatusOK), policy.On(gate, "secret.destroy", onSecret[stepInput](a, "")), a.step(Destroy))
	httpapi.Register(api, operation("list-secret-seen", http.MethodGet, one+"/seen", "Everybody who ever knew a value of a secret", http.StatusOK), policy.On(gate, "secret.read", onSecret[seenSecretInput](a, "")), a.seenSecret)
	httpapi.Register(api, operation("list-seen-by", http.MethodGet, "/v1/identities/{id}/secrets-seen", "Every secret that somebody ever knew a value of, as far as you may know of it", http.StatusOK),
		policy.On(gate, "identity.read", func(_ context.Context, in *seenByInput) (policy.Object, error) {
			return policy.Object{Resource: policy.Resource{Ref: in.ID.V.Ref()}}, nil
		}), a.seenBy)
	reveal := operation("reveal-secret", http.MethodPost, one+"/reveal", "See what a secret is", http.StatusOK)
	reveal.Extensions = map[string]any{httpapi.SecretExtension: true}
	httpapi.Register(api, reveal, policy.On(gate, "secret.reveal", a.onReveal), a.reveal)
}

// SecretInput names a secret.
type SecretInput struct {
	ID httpapi.Text[access.SecretID] `path:"id" doc:"The secret"`
}

func (in *SecretInput) about() (access.SecretID, string) { return in.ID.V, "" }

// onSecret tells which secret an operation is about, by the right that it takes.
func onSecret[I any, P interface {
	*I
	about() (access.SecretID, string)
}](a *API, level Level) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		return a.Service.SecretObject(ctx, id, level, reason)
	}
}

// onReveal is onSecret for seeing it: whoever may only use it is told so.
func (a *API) onReveal(ctx context.Context, in *revealInput) (policy.Object, error) {
	if _, err := person(ctx); err != nil {
		return policy.Object{}, err
	}
	o, err := a.Service.SecretObject(ctx, in.ID.V, Reveal, in.Body.Reason)
	if err != nil || o.Eligible != 0 {
		return o, err
	}
	known, err := a.Service.SecretObject(ctx, in.ID.V, "", "")
	if err == nil && known.Eligible != 0 && a.Service.Gate.See(ctx, known) == nil {
		err = ErrMayNot
	}
	return o, err
}

// SecretBody is what is known of a secret.
type SecretBody struct {
	Name        string            `json:"name" minLength:"1" maxLength:"128" example:"root at db1"`
	Kind        Kind              `json:"kind" enum:"password,ssh_key,api_key,certificate,database,json,file"`
	Description string            `json:"description,omitempty" maxLength:"500"`
	Labels      map[string]string `json:"labels,omitempty"`
	System      access.SystemID   `json:"system,omitzero" doc:"That it opens"`
	Account     access.AccountID  `json:"account,omitzero" doc:"That it is of"`
	Sharing     Sharing           `json:"sharing,omitempty" enum:"shared,exclusive" doc:"Without it, as the safe says"`
	Rules       generate.Rules    `json:"rules,omitzero" doc:"Of what is generated for it"`
}

func (b SecretBody) secret() Secret {
	return Secret{Name: b.Name, Kind: b.Kind, Description: b.Description, Labels: b.Labels, System: b.System, Account: b.Account, Sharing: b.Sharing, Rules: b.Rules}
}

// ValueBody is a value as it is given.
type ValueBody struct {
	Value    string `json:"value,omitempty" writeOnly:"true" maxLength:"1400000" doc:"What it is"`
	Base64   bool   `json:"base64,omitempty" doc:"The value is written in base64, as what is no text has to be"`
	Generate bool   `json:"generate,omitempty" doc:"Draw a value that nobody knows, instead"`
}

// plain is the value that was given; nothing of it is in an error.
func (b ValueBody) plain() (secret.Secret, error) {
	switch {
	case b.Generate && b.Value != "":
		return secret.Secret{}, ErrSecret.With("a value is given or generated, not both")
	case b.Generate || b.Value != "" && !b.Base64:
		return secret.New([]byte(b.Value)), nil
	case b.Value == "":
		return secret.Secret{}, ErrSecret.With("the value is empty")
	}
	raw, err := base64.StdEncoding.DecodeString(b.Value)
	if err != nil {
		return secret.Secret{}, ErrSecret.With("the value is not written in base64")
	}
	defer clear(raw)
	return secret.New(raw), nil
}

// SecretShown is a secret as it is answered.
type SecretShown struct {
	ID      access.SecretID `json:"id"`
	Version int64           `json:"version"`
	Safe    access.SafeID   `json:"safe"`
	SecretBody
	State     State                     `json:"state" enum:"live,deleted,destroyed"`
	Current   int                       `json:"current,omitempty" doc:"The number of its current version"`
	Since     access.Time               `json:"since,omitzero" doc:"When that was kept"`
	Due       access.Time               `json:"due,omitzero" doc:"Since when it has to get another value"`
	Cause     string                    `json:"due_because,omitempty"`
	Exclusive bool                      `json:"exclusive" doc:"One at a time has it out"`
	Versions  []Version                 `json:"versions,omitempty" doc:"Where one secret is asked for"`
	Checkouts []Checkout                `json:"checkouts,omitempty" doc:"Who has it out or wants it, as far as you may know, where one secret is asked for"`
	Names     map[string]string         `json:"names" doc:"What the things in it are called, by id"`
	May       map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do"`
}

func shownSecret(x Secret, s *Safe) SecretShown {
	return SecretShown{
		ID: x.ID, Version: x.Version, Safe: x.Safe, State: x.State, Current: x.Number, Since: x.Since, Due: x.Due, Cause: x.Cause, Exclusive: x.exclusive(s),
		SecretBody: SecretBody{x.Name, x.Kind, x.Description, x.Labels, x.System, x.Account, x.Sharing, x.Rules},
	}
}

type secretsInput struct {
	Safe httpapi.Text[access.SafeID] `query:"safe" doc:"Only those in this one"`
	Name string                      `query:"name" maxLength:"128" doc:"Only the one of this name in that safe"`
}

type secretsOutput struct {
	Body struct {
		Items []SecretShown `json:"items"`
	}
}

func (a *API) listSecrets(ctx context.Context, in *secretsInput) (*secretsOutput, error) {
	list, err := a.Service.Secrets(ctx, Query{Safe: in.Safe.V, Name: in.Name})
	if err != nil {
		return nil, err
	}
	safes := map[access.SafeID]*Safe{}
	out := &secretsOutput{}
	out.Body.Items = []SecretShown{}
	for _, x := range list {
		if safes[x.Safe] == nil {
			s, err := a.Service.Store.Safe(ctx, x.Safe)
			if err != nil {
				return nil, err
			}
			safes[x.Safe] = &s
		}
		shown := shownSecret(x.Secret, safes[x.Safe])
		shown.May = a.Service.Gate.Verdicts(ctx, x.Object, "secret.use", "secret.rotate")
		onlyPeople(ctx, shown.May, "secret.use")
		if shown.Names, err = a.called(ctx, x.System.Ref(), x.Account.Ref()); err != nil {
			return nil, err
		}
		shown.Names[x.Safe.String()] = safes[x.Safe].Name
		out.Body.Items = append(out.Body.Items, shown)
	}
	return out, nil
}

type secretOutput struct {
	ETag string `header:"ETag"`
	Body SecretShown
}

func (a *API) showSecret(ctx context.Context, in *SecretInput) (*secretOutput, error) {
	h, err := a.Service.secret(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	x := shownSecret(*h.secret, &h.Safe)
	if x.Versions, err = a.Service.Versions(ctx, x.ID); err != nil {
		return nil, err
	}
	if x.Checkouts, err = a.Service.CheckoutList(ctx, CheckoutQuery{Secret: x.ID, Open: true, First: 100}); err != nil {
		return nil, err
	}
	refs := []access.Ref{x.System.Ref(), x.Account.Ref()}
	for _, c := range x.Checkouts {
		refs = append(refs, c.Identity.Ref())
	}
	for _, v := range x.Versions {
		if by, err := access.ParseRef(v.By); err == nil {
			refs = append(refs, by)
		}
	}
	if x.Names, err = a.called(ctx, refs...); err != nil {
		return nil, err
	}
	x.Names[x.Safe.String()] = h.Name
	x.May = a.Service.Gate.Verdicts(ctx, h.object(Use, ""), "secret.change", "secret.destroy", "secret.rotate", "secret.use")
	seen := a.Service.Gate.Verdicts(ctx, h.object(Reveal, ""), "secret.reveal", "secret.share")
	x.May["secret.reveal"], x.May["secret.share"] = seen["secret.reveal"], seen["secret.share"]
	onlyPeople(ctx, x.May, "secret.use", "secret.reveal", "secret.share")
	if err := h.mayGive(); err != nil && x.May["secret.share"].Allowed {
		x.May["secret.share"] = policy.Verdict{Why: err.Error()}
	}
	return &secretOutput{httpapi.Tag(x.Version), x}, nil
}

// onlyPeople says of some actions that they are somebody's: the node may all else.
func onlyPeople(ctx context.Context, may map[string]policy.Verdict, actions ...string) {
	if _, err := person(ctx); err != nil {
		for _, action := range actions {
			may[action] = policy.Verdict{Why: err.Error()}
		}
	}
}

type addSecretInput struct {
	SafeInput
	Body struct {
		SecretBody
		ValueBody
	}
}

func (a *API) addSecret(ctx context.Context, in *addSecretInput) (*secretOutput, error) {
	x := in.Body.secret()
	x.Safe = in.ID.V
	if err := a.opens(ctx, x); err != nil {
		return nil, err
	}
	plain, err := in.Body.plain()
	if err != nil {
		return nil, err
	}
	var id access.SecretID
	if in.Body.Generate {
		id, err = a.Service.AddGenerated(ctx, x)
	} else {
		id, err = a.Service.AddSecret(ctx, x, plain)
	}
	if err != nil {
		return nil, err
	}
	return a.shownSecret(ctx, id)
}

// opens refuses a system that whoever calls may not see, and an account that is not theirs to
// have kept: whoever has a secret changed where it opens something has that account from then
// on.
func (a *API) opens(ctx context.Context, x Secret) error {
	v := a.Service.view()
	if v == nil {
		return nil
	}
	for _, r := range []access.Ref{x.System.Ref(), x.Account.Ref()} {
		if r.IsZero() {
			continue
		}
		found, _ := policy.ObjectOf(v, r)
		o := policy.Object{Resource: found}
		if err := a.Service.Gate.See(ctx, o); err != nil {
			return err
		}
		if r.Kind == access.KindAccount {
			if err := a.Service.Gate.Permit(ctx, "account.keep", o); err != nil {
				return err
			}
		}
		if r.Kind == access.KindAccount && x.System != 0 && found.System != x.System {
			return ErrSecret.With("the account is in another system")
		}
	}
	return nil
}

func (a *API) shownSecret(ctx context.Context, id access.SecretID) (*secretOutput, error) {
	return a.showSecret(ctx, &SecretInput{httpapi.Text[access.SecretID]{V: id}})
}

type changeSecretInput struct {
	SecretInput
	httpapi.Match
	Body SecretBody
}

func (a *API) changeSecret(ctx context.Context, in *changeSecretInput) (*secretOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	h, err := a.Service.secret(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	x := in.Body.secret()
	x.ID, x.Safe, x.Version, x.Kind = h.secret.ID, h.ID, version, h.secret.Kind
	if err := a.opens(ctx, x); err != nil {
		return nil, err
	}
	err = a.Service.ChangeSecret(ctx, x)
	if errors.Is(err, ErrSecretStale) {
		err = httpapi.ErrStale
	}
	if err != nil {
		return nil, err
	}
	return a.shownSecret(ctx, x.ID)
}

type putSecretInput struct {
	SecretInput
	Body struct {
		ValueBody
		Base    *int `json:"if_version,omitempty" minimum:"0" doc:"The number of the current version that you have seen; 0 is that there is none"`
		Pending bool `json:"pending,omitempty" doc:"A generated value is kept, and does not become the current one yet"`
	}
}

func (a *API) putSecret(ctx context.Context, in *putSecretInput) (*secretOutput, error) {
	base := 0
	if in.Body.Base != nil {
		if base = *in.Body.Base; base == 0 {
			base = -1
		}
	}
	plain, err := in.Body.plain()
	switch {
	case err != nil:
	case in.Body.Generate:
		_, err = a.Service.Generate(ctx, in.ID.V, base, in.Body.Pending)
	case in.Body.Pending:
		err = ErrSecret.With("only what is generated waits for becoming the current version")
	default:
		_, err = a.Service.Put(ctx, in.ID.V, base, plain)
	}
	if err != nil {
		return nil, err
	}
	return a.shownSecret(ctx, in.ID.V)
}

type stepInput struct {
	SecretInput
	Body struct {
		Number int    `json:"version,omitempty" minimum:"0" doc:"The number of one version; without it, the secret with all of them"`
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	}
}

func (in *stepInput) about() (access.SecretID, string) { return in.ID.V, in.Body.Reason }

func (a *API) step(s Step) func(context.Context, *stepInput) (*secretOutput, error) {
	return func(ctx context.Context, in *stepInput) (*secretOutput, error) {
		if err := a.Service.Step(ctx, in.ID.V, in.Body.Number, s, in.Body.Reason); err != nil {
			return nil, err
		}
		return a.shownSecret(ctx, in.ID.V)
	}
}

type seenSecretInput struct {
	SecretInput
	httpapi.Paging
}

type seenByInput struct {
	ID httpapi.Text[access.IdentityID] `path:"id" doc:"Who"`
	httpapi.Paging
}

type seenOutput struct {
	Body struct {
		Items []Seen            `json:"items"`
		Next  string            `json:"next,omitempty" doc:"Where the next page begins"`
		Names map[string]string `json:"names" doc:"What the things in it are called, by id"`
	}
}

func (a *API) seenSecret(ctx context.Context, in *seenSecretInput) (*seenOutput, error) {
	return a.seen(ctx, SeenQuery{Secret: in.ID.V}, in.Paging)
}

func (a *API) seenBy(ctx context.Context, in *seenByInput) (*seenOutput, error) {
	return a.seen(ctx, SeenQuery{By: in.ID.V}, in.Paging)
}

func (a *API) seen(ctx context.Context, q SeenQuery, p httpapi.Paging) (*seenOutput, error) {
	before, err := httpapi.ParseCursor[int64](p.Cursor)
	if err != nil {
		return nil, err
	}
	q.Before, q.First = before, p.Limit
	list, next, err := a.Service.Seen(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &seenOutput{}
	out.Body.Items = append([]Seen{}, list...)
	if next != 0 {
		out.Body.Next = httpapi.Cursor(next)
	}
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.By.Ref())
	}
	if out.Body.Names, err = a.called(ctx, refs...); err != nil {
		return nil, err
	}
	for _, x := range list {
		if out.Body.Names[x.Secret.String()] == "" {
			h, err := a.Service.secret(ctx, x.Secret)
			if err != nil {
				return nil, err
			}
			out.Body.Names[x.Secret.String()] = h.Name + "/" + h.secret.Name
		}
	}
	return out, nil
}

type revealInput struct {
	SecretInput
	Body struct {
		Number   int               `json:"version,omitempty" minimum:"0" doc:"The number of a version; without it, the current one"`
		Checkout access.CheckoutID `json:"checkout,omitzero" doc:"In which it is seen, where the terms ask for one"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"1000"`
		Ticket   string            `json:"ticket,omitempty" maxLength:"1000"`
	}
}

type revealOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Secret access.SecretID `json:"secret"`
		Version
		Value  string `json:"value"`
		Base64 bool   `json:"base64,omitempty" doc:"The value is written in base64, because it is no text"`
	}
}

func (a *API) reveal(ctx context.Context, in *revealInput) (*revealOutput, error) {
	b := in.Body
	v, plain, err := a.Service.Reveal(ctx, Revealing{Secret: in.ID.V, Number: b.Number, Checkout: b.Checkout, Reason: b.Reason, Ticket: b.Ticket})
	if err != nil {
		return nil, err
	}
	defer plain.Wipe()
	out := &revealOutput{CacheControl: "no-store"}
	out.Body.Secret, out.Body.Version = in.ID.V, v
	if raw := plain.Reveal(); utf8.Valid(raw) {
		out.Body.Value = string(raw)
	} else {
		out.Body.Value, out.Body.Base64 = base64.StdEncoding.EncodeToString(raw), true
	}
	return out, nil
}
