package inventory

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

// API is this package over HTTP. Operations translate; they decide nothing.
type API struct {
	Service *Service
	Runs    *Runs
	Gate    *policy.Gate
}

// Register mounts the operations on systems, sources, their runs, and whose accounts are.
func (a *API) Register(api huma.API) {
	a.registerSystems(api)
	a.registerChanges(api)
	a.registerStages(api)
	a.registerRuns(api)
	a.registerSources(api)
	a.registerDisputes(api)
	a.registerDoubts(api)
	a.registerRules(api)
}

// operation describes one; tag is the feature's name.
func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"inventory"}, DefaultStatus: status}
}

// OfSystem is the part of an input that names a system.
type OfSystem struct {
	ID string `path:"id" maxLength:"64" doc:"The system's id"`
}

func (i *OfSystem) systemID() string { return i.ID }

type namesSystem interface{ systemID() string }

// systemOf finds the system that an input names, by its id alone.
func (a *API) systemOf(ctx context.Context, id string) (System, error) {
	var key access.SystemID
	if key.UnmarshalText([]byte(id)) != nil {
		return System{}, policy.ErrNoObject
	}
	list, err := a.Service.Store.Systems(ctx)
	if err != nil {
		return System{}, err
	}
	i := slices.IndexFunc(list, func(y System) bool { return y.ID == key })
	if i < 0 {
		return System{}, policy.ErrNoObject
	}
	return list[i], nil
}

// Protected is a system as decisions about it need it. It comes from the store: what was
// added a moment ago is there.
func Protected(y System) policy.Object {
	o := policy.Object{Resource: policy.Resource{
		Ref: y.ID.Ref(), System: y.ID, Scope: y.Scope, Environment: y.Environment, DataClass: y.DataClass,
		Owner: y.BusinessOwner, Subjects: []access.Ref{y.ID.Ref()},
	}}
	if y.TechnicalOwner != 0 {
		o.Owner = y.TechnicalOwner
	}
	return o
}

// onSystem guards an operation on the system that its input names.
func onSystem[I any, P interface {
	*I
	namesSystem
}](a *API, action string) policy.Guard[I] {
	return policy.On(a.Gate, action, func(ctx context.Context, in *I) (policy.Object, error) {
		y, err := a.systemOf(ctx, P(in).systemID())
		return Protected(y), err
	})
}

// Labelled is an object as people call it.
type Labelled struct {
	ID   access.Ref `json:"id"`
	Name string     `json:"name"`
}

// labels look up what things are called.
func (a *API) labels(ctx context.Context, refs []access.Ref) (func(access.Ref) *Labelled, error) {
	names, err := a.Service.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	return func(r access.Ref) *Labelled {
		if r.IsZero() {
			return nil
		}
		return &Labelled{r, names[r].Name}
	}, nil
}

func (a *API) now() time.Time { return a.Service.now() }

// pageOf has the next page's beginning, and how many there are in all.
type pageOf[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
	Total int    `json:"total"`
}

// position is where a page of a sorted list begins: behind this.
type position struct {
	Key string `json:"k"`
	ID  int64  `json:"i"`
}

// placed is one of a sorted list.
type placed[T any] struct {
	position
	item T
}

// cut sorts a list, or the other way round, and returns the page of it that is asked for.
// The keys are text, so that a cursor holds wherever what it names has gone.
func cut[T any](list []placed[T], p httpapi.Paging, backwards bool) (pageOf[T], error) {
	page := pageOf[T]{Items: []T{}, Total: len(list)}
	after, err := httpapi.ParseCursor[position](p.Cursor)
	if err != nil {
		return page, err
	}
	order(list, backwards)
	if p.Cursor != "" {
		list = slices.DeleteFunc(list, func(x placed[T]) bool { return x.compare(after) == 0 || (x.compare(after) < 0) != backwards })
	}
	for i, x := range list {
		if i == p.Limit {
			page.Next = httpapi.Cursor(list[i-1].position)
			break
		}
		page.Items = append(page.Items, x.item)
	}
	return page, nil
}

func order[T any](list []placed[T], backwards bool) {
	slices.SortFunc(list, func(x, y placed[T]) int {
		if backwards {
			x, y = y, x
		}
		return x.compare(y.position)
	})
}

const (
	get    = http.MethodGet
	post   = http.MethodPost
	patch  = http.MethodPatch
	remove = http.MethodDelete
)
