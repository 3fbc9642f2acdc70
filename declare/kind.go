package declare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Registered is a kind that an engine can declare things of.
type Registered interface {
	name() string
	spec() reflect.Type
	load(ctx context.Context) (map[string]thing, error)
	decode(text []byte) (any, error)
	check(ctx context.Context, c change) (any, error)
	demands(ctx context.Context, c change) ([]Demand, error)
	do(ctx context.Context, c change, reason string) error
	foretell(ctx context.Context, list []thing) ([]Count, error)
}

// thing and change are Thing and Change of any kind.
type (
	thing struct {
		name    string
		spec    any
		version int64
		stays   string
		waits   string
		begun   bool
		of      any // the Thing
	}
	change struct {
		name string
		was  *thing
		is   any // nil: it is removed
		dir  string
	}
)

// references are the names that a spec refers to.
func references(spec any) []Name {
	if r, ok := spec.(References); ok {
		return r.References()
	}
	return nil
}

// Of registers a kind under the name that documents have it by.
func Of[S any](name string, k Kind[S]) Registered { return registered[S]{name, k} }

type registered[S any] struct {
	named string
	k     Kind[S]
}

func (r registered[S]) name() string       { return r.named }
func (r registered[S]) spec() reflect.Type { return reflect.TypeFor[S]() }

func (r registered[S]) load(ctx context.Context) (map[string]thing, error) {
	list, err := r.k.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what there is of kind %s: %w", r.named, err)
	}
	all := make(map[string]thing, len(list))
	for _, t := range list {
		if _, twice := all[t.Name]; twice {
			return nil, ErrFolder.With("there are two of kind %s that are called %q: rename one of them first", r.named, t.Name)
		}
		all[t.Name] = thing{t.Name, t.Spec, t.Version, t.Stays, t.Waits, t.Begun, t}
	}
	return all, nil
}

// decode reads a spec whose JSON the schema has let pass, over what it is by default.
func (r registered[S]) decode(text []byte) (any, error) {
	var spec S
	if d, ok := any(&spec).(Defaults); ok {
		d.Default()
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&spec)
	return spec, err
}

func (r registered[S]) typed(c change) Change[S] {
	out := Change[S]{Name: c.name, Dir: c.dir}
	if c.was != nil {
		was := c.was.of.(Thing[S])
		out.Was = &was
	}
	if c.is != nil {
		is := c.is.(S)
		out.Is = &is
	}
	return out
}

func (r registered[S]) check(ctx context.Context, c change) (any, error) {
	return r.k.Check(ctx, r.typed(c))
}

func (r registered[S]) demands(ctx context.Context, c change) ([]Demand, error) {
	return r.k.Demands(ctx, r.typed(c))
}

func (r registered[S]) do(ctx context.Context, c change, reason string) error {
	if c.is == nil {
		return r.k.Remove(ctx, r.typed(c), reason)
	}
	return r.k.Put(ctx, r.typed(c), reason)
}

func (r registered[S]) foretell(ctx context.Context, list []thing) ([]Count, error) {
	f, ok := r.k.(Foreteller[S])
	if !ok {
		return nil, nil
	}
	all := make([]Thing[S], len(list))
	for i, t := range list {
		all[i] = Thing[S]{t.name, t.spec.(S), t.version, t.stays, t.waits, t.begun}
	}
	slices.SortFunc(all, func(a, b Thing[S]) int { return strings.Compare(a.Name, b.Name) })
	return f.Foretell(ctx, all)
}
