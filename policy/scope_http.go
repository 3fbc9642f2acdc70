package policy

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// The actions on a scope.
const (
	readScope   = "scope.read"
	changeScope = "scope.change"
	addSystem   = "system.add" // what a scope is chosen for
)

// ScopeAPI is the operations on the organisation's tree. All of its fields are needed.
type ScopeAPI struct {
	Scopes Scopes
	Gate   *Gate
	Facts  func() Facts // that the gate decides on
}

// Register mounts the operations. They translate; they decide nothing.
func (a *ScopeAPI) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"policy"}}
	}
	httpapi.Register(api, op("list-scopes", http.MethodGet, "/v1/scopes", "The organisation's tree, as far as you may see it"), a.seesAny(), a.list)
	httpapi.Register(api, op("show-scope", http.MethodGet, "/v1/scopes/{id}", "One scope"), On(a.Gate, readScope, one[ScopeInput](a)), a.show)
	add := op("add-scope", http.MethodPost, "/v1/scopes", "Add a scope to the organisation's tree")
	add.DefaultStatus = http.StatusCreated
	httpapi.Register(api, add, On(a.Gate, changeScope, a.under), a.add)
	httpapi.Register(api, op("rename-scope", http.MethodPatch, "/v1/scopes/{id}", "Give a scope another name"), On(a.Gate, changeScope, one[renameScopeInput](a)), a.rename)
}

// tree is the scopes that there are, by their ids.
type tree map[access.ScopeID]Scope

func treeOf(list []Scope) tree {
	t := tree{}
	for _, s := range list {
		t[s.ID] = s
	}
	return t
}

// object is a scope as decisions about it need it: it lies in itself, so that whoever
// holds a function within it holds it over it. What was added a moment ago is not among
// the facts yet, and nobody holds anything there: what counts is what it lies in.
func (a *ScopeAPI) object(t tree, id access.ScopeID) Object {
	o := Object{Resource: Resource{Scope: id}}
	if id != 0 {
		o.Ref = id.Ref()
	}
	if facts := a.Facts(); facts != nil {
		for range MaxScopeDepth {
			s, there := t[o.Scope]
			if _, known := facts.Ancestors(o.Scope); known || !there {
				break
			}
			o.Scope = s.Parent
		}
	}
	return o
}

type seenScopesKey struct{}

// seenScopes are those that whoever calls may see, of all.
type seenScopes struct {
	list []Scope
	all  tree
}

// seesAny guards the list: it runs where the caller may see some scope, or would see each
// that there could be.
func (a *ScopeAPI) seesAny() Guard[struct{}] {
	return Guard[struct{}]{readScope, func(ctx context.Context, _ *struct{}) (context.Context, error) {
		everywhere := a.Gate.Permit(ctx, readScope, Object{})
		if _, ok := CallerOf(ctx); !ok {
			return ctx, everywhere
		}
		list, err := a.Scopes.Store.Scopes(ctx)
		if err != nil {
			return ctx, err
		}
		all := treeOf(list)
		if everywhere != nil {
			list = slices.DeleteFunc(list, func(s Scope) bool { return a.Gate.Permit(ctx, readScope, a.object(all, s.ID)) != nil })
			if len(list) == 0 {
				return ctx, everywhere
			}
		}
		return context.WithValue(ctx, seenScopesKey{}, seenScopes{list, all}), nil
	}}
}

// scopeShown is a scope as the API shows it.
type scopeShown struct {
	ID      access.ScopeID     `json:"id"`
	Name    string             `json:"name"`
	Parent  access.ScopeID     `json:"parent,omitzero" doc:"What it lies in; none is the organisation as a whole, or what you may not see"`
	Version int64              `json:"version" doc:"As If-Match wants it, without the quotes"`
	May     map[string]Verdict `json:"may" doc:"What you may do to it and in it, and if not, why not"`
}

type scopesOutput struct {
	Body struct {
		Items []scopeShown       `json:"items" doc:"By name"`
		May   map[string]Verdict `json:"may" doc:"What you may do in the organisation as a whole"`
	}
}

func (a *ScopeAPI) list(ctx context.Context, _ *struct{}) (*scopesOutput, error) {
	sees, _ := ctx.Value(seenScopesKey{}).(seenScopes)
	seen := treeOf(sees.list)
	out := &scopesOutput{}
	out.Body.Items, out.Body.May = make([]scopeShown, len(sees.list)), a.may(ctx, sees.all, 0)
	for i, s := range sees.list {
		if _, ok := seen[s.Parent]; !ok {
			s.Parent = 0
		}
		out.Body.Items[i] = a.shown(ctx, sees.all, s)
	}
	return out, nil
}

func (a *ScopeAPI) shown(ctx context.Context, t tree, s Scope) scopeShown {
	return scopeShown{s.ID, s.Name, s.Parent, s.Version, a.may(ctx, t, s.ID)}
}

// may is what whoever calls may do to a scope, and in it.
func (a *ScopeAPI) may(ctx context.Context, t tree, id access.ScopeID) map[string]Verdict {
	o := a.object(t, id)
	may := a.Gate.Verdicts(ctx, o, changeScope)
	maps.Copy(may, a.Gate.Verdicts(ctx, Object{Resource: Resource{Scope: o.Scope}}, addSystem))
	return may
}

// ScopeInput names a scope.
type ScopeInput struct {
	ID httpapi.Text[access.ScopeID] `path:"id" doc:"The scope"`
}

func (in *ScopeInput) id() access.ScopeID { return in.ID.V }

type renameScopeInput struct {
	ScopeInput
	httpapi.Match
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

type addScopeInput struct {
	Body struct {
		Name   string         `json:"name" minLength:"1" maxLength:"200"`
		Parent access.ScopeID `json:"parent,omitzero" doc:"What it lies in; none is the organisation as a whole"`
	}
}

// one tells which scope an operation is about.
func one[I any, P interface {
	*I
	id() access.ScopeID
}](a *ScopeAPI) func(context.Context, *I) (Object, error) {
	return func(ctx context.Context, in *I) (Object, error) { return a.there(ctx, P(in).id()) }
}

// under tells what a new scope is to lie in: whoever changes the tree there may add to it.
func (a *ScopeAPI) under(ctx context.Context, in *addScopeInput) (Object, error) {
	if in.Body.Parent == 0 {
		return Object{}, nil
	}
	return a.there(ctx, in.Body.Parent)
}

// there is one of the scopes that there are.
func (a *ScopeAPI) there(ctx context.Context, id access.ScopeID) (Object, error) {
	list, err := a.Scopes.Store.Scopes(ctx)
	if err != nil {
		return Object{}, err
	}
	t := treeOf(list)
	if _, ok := t[id]; !ok {
		return Object{}, ErrNoObject
	}
	return a.object(t, id), nil
}

type scopeOutput struct {
	ETag string `header:"ETag"`
	Body scopeShown
}

func (a *ScopeAPI) one(ctx context.Context, id access.ScopeID) (*scopeOutput, error) {
	list, err := a.Scopes.Store.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	t := treeOf(list)
	s, ok := t[id]
	if !ok {
		return nil, ErrNoObject
	}
	if s.Parent != 0 && a.Gate.Permit(ctx, readScope, a.object(t, s.Parent)) != nil {
		s.Parent = 0
	}
	return &scopeOutput{httpapi.Tag(s.Version), a.shown(ctx, t, s)}, nil
}

func (a *ScopeAPI) show(ctx context.Context, in *ScopeInput) (*scopeOutput, error) {
	return a.one(ctx, in.ID.V)
}

func (a *ScopeAPI) add(ctx context.Context, in *addScopeInput) (*scopeOutput, error) {
	id, err := a.Scopes.Add(ctx, Scope{Name: in.Body.Name, Parent: in.Body.Parent})
	if err != nil {
		return nil, err
	}
	return a.one(ctx, id)
}

func (a *ScopeAPI) rename(ctx context.Context, in *renameScopeInput) (*scopeOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	if err := a.Scopes.Rename(ctx, Scope{ID: in.ID.V, Version: version, Name: in.Body.Name}); err != nil {
		return nil, err
	}
	return a.one(ctx, in.ID.V)
}
