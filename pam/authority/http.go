package authority

import (
	"context"
	"encoding/base64"
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

// API is the operations on authorities and what they sign. All of its fields are needed.
type API struct {
	Service *Service
	Names   Names
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	a.registerAuthorities(api)
	a.registerProfiles(api)
	a.registerCertificates(api)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"authority"}, DefaultStatus: status}
}

func (a *API) registerAuthorities(api huma.API) {
	gate := a.Service.Gate
	const path, one = "/v1/authorities", "/v1/authorities/{id}"
	httpapi.Register(api, operation("list-authorities", http.MethodGet, path, "Authorities that you may see", http.StatusOK), policy.Known[authoritiesInput](), a.list)
	httpapi.Register(api, operation("add-authority", http.MethodPost, path, "Make an authority, with a key that nobody has seen", http.StatusCreated),
		policy.On(gate, addAuthority, a.adding), a.add)
	httpapi.Register(api, operation("show-authority", http.MethodGet, one, "One authority: its keys, its certificate profiles, and who has which right", http.StatusOK), policy.On(gate, readAuthority, onAuthority[AuthorityInput](a)), a.show)
	httpapi.Register(api, operation("rotate-authority", http.MethodPost, one+"/rotate", "Give an authority its next key, or say when that one signs", http.StatusOK), policy.On(gate, rotateAuthority, onAuthority[rotateAuthorityInput](a)), a.rotate)
	httpapi.Register(api, operation("show-authority-public", http.MethodGet, one+"/public", "What is public of an authority: all that verifies what it signed", http.StatusOK), policy.Anybody[AuthorityInput](), a.public)
}

// AuthorityInput names an authority.
type AuthorityInput struct {
	ID httpapi.Text[access.AuthorityID] `path:"id" doc:"The authority"`
}

func (in *AuthorityInput) about() (access.AuthorityID, string) { return in.ID.V, "" }

// onAuthority tells which authority an operation is about.
func onAuthority[I any, P interface {
	*I
	about() (access.AuthorityID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		return a.Service.Object(ctx, id, reason)
	}
}

type authoritiesInput struct {
	Name string `query:"name" maxLength:"63" doc:"Only the one of this name"`
}

// AuthorityBody is what an authority is.
type AuthorityBody struct {
	Name        string        `json:"name" minLength:"1" maxLength:"63" example:"ssh-users"`
	Kind        Kind          `json:"kind" enum:"ssh_user,ssh_host,x509_client,jwt" doc:"What it signs"`
	Algorithm   Algorithm     `json:"algorithm,omitempty" enum:"ed25519,ecdsa_p256,ecdsa_p384" doc:"How it signs; without it as most readers of the kind know"`
	Safe        access.SafeID `json:"safe" example:"safe_0000000000001" doc:"Where its keys lie; who owns the safe answers for it"`
	Description string        `json:"description,omitempty" maxLength:"500"`
}

// KeyShown is a key of an authority as it is answered.
type KeyShown struct {
	Number int         `json:"number"`
	State  KeyState    `json:"state" enum:"next,signing,trusted,retired"`
	Signs  access.Time `json:"signs_at"`
	Ends   access.Time `json:"trusted_until,omitzero"`
	Public string      `json:"public" doc:"As PKIX, in base64"`
}

// AuthorityShown is an authority as it is answered.
type AuthorityShown struct {
	ID access.AuthorityID `json:"id"`
	AuthorityBody
	Made     access.Time               `json:"made_at"`
	Keys     []KeyShown                `json:"keys"`
	Profiles []ProfileShown            `json:"profiles"`
	Files    []string                  `json:"files" doc:"Where what is public of it is read, without signing in"`
	Names    map[string]string         `json:"names" doc:"What the things in it are called, by id"`
	May      map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, where one authority is asked for"`
}

func (a *API) shown(ctx context.Context, x Shown) AuthorityShown {
	s := AuthorityShown{
		ID: x.ID, AuthorityBody: AuthorityBody{x.Name, x.Kind, x.Algorithm, x.Safe, x.Description}, Made: x.Made,
		Keys: []KeyShown{}, Profiles: []ProfileShown{}, Files: []string{},
	}
	for _, k := range x.Keys {
		s.Keys = append(s.Keys, KeyShown{k.Number, x.State(k, x.At), k.Signs, k.Ends, base64.StdEncoding.EncodeToString(k.Public)})
	}
	for _, p := range x.Profiles {
		shown := shownProfile(p)
		shown.Mine = a.Service.Mine(ctx, p)
		s.Profiles = append(s.Profiles, shown)
	}
	for _, f := range x.Kind.Files() {
		s.Files = append(s.Files, a.Service.issuer(&x.Authority)+"/"+f)
	}
	return s
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

type authoritiesOutput struct {
	Body struct {
		Items []AuthorityShown          `json:"items"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

func (a *API) list(ctx context.Context, in *authoritiesInput) (*authoritiesOutput, error) {
	list, err := a.Service.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	out := &authoritiesOutput{}
	out.Body.Items, out.Body.May = []AuthorityShown{}, a.Service.Gate.Verdicts(ctx, policy.Object{}, addAuthority)
	for _, x := range list {
		if in.Name == "" || in.Name == x.Name {
			out.Body.Items = append(out.Body.Items, a.shown(ctx, x))
		}
	}
	sortByName(out.Body.Items)
	return out, nil
}

type authorityOutput struct{ Body AuthorityShown }

func (a *API) show(ctx context.Context, in *AuthorityInput) (*authorityOutput, error) {
	x, err := a.Service.Authority(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	out := &authorityOutput{a.shown(ctx, x)}
	refs := []access.Ref{x.Safe.Ref()}
	for _, p := range x.Profiles {
		refs = append(refs, p.LoginsOf.Ref())
		for _, r := range p.Rights {
			refs = append(refs, r.Holder)
		}
	}
	if out.Body.Names, err = a.called(ctx, refs...); err != nil {
		return nil, err
	}
	o, err := a.Service.Object(ctx, in.ID.V, "")
	if err != nil {
		return nil, err
	}
	o.Subjects = []access.Ref{in.ID.V.Ref()} // whose access a change is about is known with the change
	out.Body.May = a.Service.Gate.Verdicts(ctx, o, changeAuthority, grantAuthority, rotateAuthority, signCertificate)
	return out, nil
}

type addAuthorityInput struct {
	Body struct {
		AuthorityBody
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

// adding is decided on by the safe that the authority is to lie in, which whoever calls has
// to see.
func (a *API) adding(ctx context.Context, in *addAuthorityInput) (policy.Object, error) {
	scope, owner, err := a.Service.Store.SafeOf(ctx, in.Body.Safe)
	if err != nil {
		return policy.Object{}, err
	}
	o := policy.Object{Resource: policy.Resource{Ref: in.Body.Safe.Ref(), Scope: scope, Owner: owner}, Reason: in.Body.Reason}
	if err := a.Service.Gate.See(ctx, o); err != nil {
		return o, policy.ErrNoObject
	}
	o.Ref, o.Kind = access.Ref{}, string(in.Body.Kind)
	return o, nil
}

func (a *API) add(ctx context.Context, in *addAuthorityInput) (*authorityOutput, error) {
	b := in.Body
	id, err := a.Service.Add(ctx, Authority{Name: b.Name, Kind: b.Kind, Algorithm: b.Algorithm, Safe: b.Safe, Description: b.Description}, b.Reason)
	if err != nil {
		return nil, err
	}
	return a.then(ctx, id, nil)
}

// then is an authority after something was done to it.
func (a *API) then(ctx context.Context, id access.AuthorityID, err error) (*authorityOutput, error) {
	if err != nil {
		return nil, err
	}
	return a.show(ctx, &AuthorityInput{httpapi.Text[access.AuthorityID]{V: id}})
}

type rotateAuthorityInput struct {
	AuthorityInput
	Body struct {
		Publish int    `json:"publish_minutes" minimum:"0" maximum:"129600" doc:"How long the next key is published before it signs"`
		Overlap int    `json:"overlap_minutes" minimum:"0" maximum:"129600" doc:"How long the key before is trusted after that"`
		Reason  string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *rotateAuthorityInput) about() (access.AuthorityID, string) { return in.ID.V, in.Body.Reason }

func (a *API) rotate(ctx context.Context, in *rotateAuthorityInput) (*authorityOutput, error) {
	t := Turn{Publish: time.Duration(in.Body.Publish) * time.Minute, Overlap: time.Duration(in.Body.Overlap) * time.Minute}
	return a.then(ctx, in.ID.V, a.Service.Rotate(ctx, in.ID.V, t, in.Body.Reason))
}

// PublicFile is something that is public of an authority.
type PublicFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	URL  string `json:"url" doc:"Where it is read, without signing in"`
	Text string `json:"text,omitempty" doc:"What it says, where that is text"`
}

type publicOutput struct {
	Body struct {
		Files []PublicFile `json:"files"`
	}
}

func (a *API) public(ctx context.Context, in *AuthorityInput) (*publicOutput, error) {
	k, err := a.Service.look(ctx, true)
	if err != nil {
		return nil, err
	}
	x, ok := k.authorities[in.ID.V]
	if !ok {
		return nil, ErrNoAuthority
	}
	out := &publicOutput{}
	for _, file := range x.Kind.Files() {
		f := PublicFile{Name: file, URL: a.Service.issuer(x) + "/" + file}
		if file != fileKRL && file != fileCRL { // those are read where they are
			p, err := a.Service.Publish(ctx, x.ID, file)
			if err != nil {
				return nil, err
			}
			f.Type, f.Text = p.Type, string(p.Bytes)
		}
		out.Body.Files = append(out.Body.Files, f)
	}
	return out, nil
}
