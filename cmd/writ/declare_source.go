package main

import (
	"context"
	"maps"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// sourceSpec is what a document says of a source of identities.
type sourceSpec struct {
	Kind       string            `json:"kind" enum:"csv" doc:"What reads it"`
	Address    string            `json:"address" minLength:"1" maxLength:"2000" doc:"The file; one that is not named from / on lies beside the document"`
	Options    map[string]string `json:"options,omitempty" doc:"What its reader is told"`
	Precedence int               `json:"precedence" required:"false" minimum:"0" maximum:"1000000" default:"100" doc:"The lowest wins, attribute by attribute"`
	Every      inventory.Period  `json:"every,omitzero" required:"false" example:"12h" doc:"How often it is read; without it, by its cycle"`
	Hours      inventory.Hours   `json:"hours,omitzero" required:"false" example:"22:00-06:00 Europe/Berlin" doc:"The hours of the day in which it is read; without them, any"`
}

// Default implements declare.Defaults.
func (s *sourceSpec) Default() { s.Precedence = 100 }

func specOfSource(s inventory.Source) sourceSpec {
	spec := sourceSpec{Kind: s.Kind, Address: s.Config.Address, Precedence: s.Precedence, Every: s.Every, Hours: s.Hours}
	if len(s.Config.Options) > 0 {
		spec.Options = s.Config.Options
	}
	return spec
}

// sourceDocuments declares where identities come from. A maintenance is an operation, and
// stays what it is.
type sourceDocuments struct{ inventory *inventory.Service }

// List implements declare.Kind.
func (k sourceDocuments) List(ctx context.Context) ([]declare.Thing[sourceSpec], error) {
	list, err := k.inventory.Sources(ctx)
	things := make([]declare.Thing[sourceSpec], len(list))
	for i, s := range list {
		things[i] = declare.Thing[sourceSpec]{Name: s.Name, Spec: specOfSource(s), Version: s.Version, Stays: "a source is not removed: identities are known by it"}
	}
	return things, err
}

// become is the source that a document makes of what is there.
func (k sourceDocuments) become(ctx context.Context, c declare.Change[sourceSpec]) (src inventory.Source, err error) {
	src = inventory.Source{Name: c.Name, Kind: c.Is.Kind, Plan: inventory.Plan{Stage: inventory.Active}}
	if c.Was != nil {
		list, err := k.inventory.Sources(ctx)
		if err != nil {
			return src, err
		}
		i := slices.IndexFunc(list, func(x inventory.Source) bool { return x.Name == c.Name })
		switch {
		case i < 0 || list[i].Version != c.Was.Version:
			return src, inventory.ErrChanged
		case list[i].Kind != c.Is.Kind:
			return src, access.ErrName.With("source %s keeps its kind, which is %s", c.Name, list[i].Kind)
		}
		src = list[i]
	}
	src.Config.Address, src.Config.Options = beside(c.Dir, c.Is.Address), maps.Clone(c.Is.Options)
	src.Precedence, src.Every, src.Hours = c.Is.Precedence, c.Is.Every, c.Is.Hours
	return src, k.inventory.CheckSource(src)
}

// beside makes a path whole that is told from a document's folder on.
func beside(dir, path string) string {
	if dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Check implements declare.Kind.
func (k sourceDocuments) Check(ctx context.Context, c declare.Change[sourceSpec]) (sourceSpec, error) {
	src, err := k.become(ctx, c)
	if err != nil {
		return sourceSpec{}, err
	}
	if _, err := sources[src.Kind](connector.Config{Name: src.Name, Address: src.Config.Address, Options: src.Config.Options}); err != nil {
		return sourceSpec{}, err
	}
	return specOfSource(src), nil
}

// Demands implements declare.Kind.
func (k sourceDocuments) Demands(ctx context.Context, c declare.Change[sourceSpec]) ([]declare.Demand, error) {
	if c.Was == nil {
		return []declare.Demand{{Action: "source.add"}}, nil
	}
	src, err := k.become(ctx, c)
	return []declare.Demand{{Action: "source.change", Object: policy.Object{Resource: policy.Resource{Ref: src.ID.Ref()}}}}, err
}

// Put implements declare.Kind.
func (k sourceDocuments) Put(ctx context.Context, c declare.Change[sourceSpec], _ string) error {
	src, err := k.become(ctx, c)
	if err != nil {
		return err
	}
	if c.Was != nil {
		return k.inventory.UpdateSource(ctx, src)
	}
	_, err = k.inventory.AddSource(ctx, src)
	return err
}

// Remove implements declare.Kind.
func (k sourceDocuments) Remove(_ context.Context, c declare.Change[sourceSpec], _ string) error {
	return inventory.ErrStage.With("source %s stays: %s", c.Name, c.Was.Stays)
}
