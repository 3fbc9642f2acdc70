package declare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// Action is what a step does.
type Action string

// The actions.
const (
	Add    Action = "add"
	Alter  Action = "change"
	Remove Action = "remove"
)

// Plan is what differs between documents and what there is.
type Plan struct {
	Revision access.Rev `json:"revision"`
	// Fingerprint names the steps and what each was planned against: two plans that have
	// the same one do the same.
	Fingerprint string   `json:"fingerprint"`
	Steps       []Step   `json:"steps"` // in the order in which they are done
	Stays       []Stay   `json:"stays"` // what no document declares, and pruning leaves
	Waits       []Stay   `json:"waits"` // what is declared, and does not count yet
	Effects     []Effect `json:"effects"`
	Same        int      `json:"same"` // documents that say what is so already
}

// Step is what is done to one thing.
type Step struct {
	Action Action `json:"action"`
	Name
	Place
	Base   int64   `json:"base,omitempty"` // the version that it is planned against
	Fields []Field `json:"fields"`         // that differ; what is removed is shown whole

	kind   Registered
	change change
}

// Stay is something that is left as it is, and why.
type Stay struct {
	Name
	Why string `json:"why"`
}

// Effect is what the steps of one kind together would do.
type Effect struct {
	Kind   string  `json:"kind"`
	Counts []Count `json:"counts"`
}

// Empty reports whether nothing is to be done.
func (p *Plan) Empty() bool { return len(p.Steps) == 0 }

// Plan compares documents with what there is. Pruned, it removes what no document
// declares, of the kinds that the documents are of.
func (e *Engine) Plan(ctx context.Context, list []Document, prune bool) (*Plan, error) {
	p := &planning{engine: e, there: map[string]map[string]thing{}, declared: map[Name]Document{}, is: map[Name]any{}}
	p.plan = &Plan{Revision: e.Revision(), Steps: []Step{}, Stays: []Stay{}, Waits: []Stay{}, Effects: []Effect{}}
	if err := p.load(ctx, list); err != nil {
		return nil, err
	}
	if prune {
		p.prune()
	}
	for _, d := range list {
		if !p.refers(d) {
			continue
		}
		if err := p.compare(ctx, d); err != nil {
			return nil, err
		}
	}
	if err := p.wrong.err(); err != nil {
		return nil, err
	}
	if err := p.order(list); err != nil {
		return nil, err
	}
	if err := p.foretell(ctx); err != nil {
		return nil, err
	}
	p.plan.Fingerprint = fingerprint(p.plan.Steps)
	return p.plan, nil
}

// planning is a plan that is being made.
type planning struct {
	engine   *Engine
	there    map[string]map[string]thing // by kind and name
	declared map[Name]Document
	gone     map[Name]bool
	is       map[Name]any // specs that what is declared comes to
	plan     *Plan
	wrong    mistakes
}

// load reads what there is of the kinds that documents are of, or refer to.
func (p *planning) load(ctx context.Context, list []Document) error {
	kinds := map[string]bool{}
	for _, d := range list {
		p.declared[d.Name] = d
		kinds[d.Kind] = true
		for _, n := range references(d.spec) {
			kinds[n.Kind] = true
		}
	}
	for _, k := range p.engine.Kinds {
		if !kinds[k.name()] {
			continue
		}
		all, err := k.load(ctx)
		if err != nil {
			return err
		}
		p.there[k.name()] = all
	}
	return nil
}

// prune plans to remove what nobody declares.
func (p *planning) prune() {
	p.gone = map[Name]bool{}
	kinds := map[string]bool{}
	for n := range p.declared {
		kinds[n.Kind] = true
	}
	for _, k := range p.engine.Kinds {
		if !kinds[k.name()] {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p.there[k.name()])) {
			n, t := Name{k.name(), name}, p.there[k.name()][name]
			if _, there := p.declared[n]; there {
				continue
			}
			if t.stays != "" {
				p.plan.Stays = append(p.plan.Stays, Stay{n, t.stays})
				continue
			}
			p.gone[n] = true
			p.plan.Steps = append(p.plan.Steps, Step{
				Action: Remove, Name: n, Base: t.version, Fields: differences(t.spec, nil),
				kind: k, change: change{name: name, was: &t},
			})
		}
	}
}

// refers reports whether all that a document refers to is there, or will be.
func (p *planning) refers(d Document) bool {
	before := p.wrong.count()
	for _, n := range references(d.spec) {
		if _, declared := p.declared[n]; declared {
			continue
		}
		if _, there := p.there[n.Kind][n.Name]; !there {
			p.wrong.add(d.Place.wrong("%s refers to %s, which is neither there nor declared%s", d.Name, n, suggest(n.Name, p.called(n.Kind))))
		} else if p.gone[n] {
			p.wrong.add(d.Place.wrong("%s refers to %s, which would be removed since no document declares it: declare it too", d.Name, n))
		}
	}
	return p.wrong.count() == before
}

// called are the names that things of a kind have or will have.
func (p *planning) called(kind string) []string {
	names := slices.Collect(maps.Keys(p.there[kind]))
	for n := range p.declared {
		if n.Kind == kind {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}

// compare plans what one document calls for.
func (p *planning) compare(ctx context.Context, d Document) error {
	k, _ := p.engine.kind(d.Kind)
	step := Step{Action: Add, Name: d.Name, Place: d.Place, kind: k, change: change{name: d.Name.Name, is: d.spec, dir: d.dir}}
	var was any
	if t, there := p.there[d.Kind][d.Name.Name]; there {
		step.Action, step.Base, step.change.was, was = Alter, t.version, &t, t.spec
	}
	is, err := k.check(ctx, step.change)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if later, ok := errors.AsType[*Later](err); ok {
			p.plan.Waits = append(p.plan.Waits, Stay{d.Name, later.Why})
			return nil
		}
		p.wrong.add(d.Place.because(err, d.Name))
		return nil
	}
	step.change.is, p.is[d.Name] = is, is
	if step.Fields = differences(was, is); len(step.Fields) == 0 && step.Action == Alter && !step.change.was.begun {
		p.plan.Same++
		if waits := step.change.was.waits; waits != "" {
			p.plan.Waits = append(p.plan.Waits, Stay{d.Name, waits})
		}
		return nil
	}
	p.plan.Steps = append(p.plan.Steps, step)
	return nil
}

// foretell tells what the steps of each kind together would do.
func (p *planning) foretell(ctx context.Context) error {
	for _, k := range p.engine.Kinds {
		if !slices.ContainsFunc(p.plan.Steps, func(s Step) bool { return s.Kind == k.name() }) {
			continue
		}
		var after []thing
		for name, t := range p.there[k.name()] {
			if n := (Name{k.name(), name}); !p.gone[n] && p.is[n] == nil {
				after = append(after, t)
			}
		}
		for n, spec := range p.is {
			if n.Kind == k.name() {
				after = append(after, thing{name: n.Name, spec: spec})
			}
		}
		counts, err := k.foretell(ctx, after)
		if err != nil {
			return err
		}
		if counts != nil {
			p.plan.Effects = append(p.plan.Effects, Effect{k.name(), counts})
		}
	}
	return nil
}

// fingerprint depends on what the steps do, and not on where documents are written.
func fingerprint(steps []Step) string {
	h := sha256.New()
	for _, s := range steps {
		s.Place = Place{}
		text, err := json.Marshal(s)
		if err != nil {
			panic(err) // it came from JSON
		}
		h.Write(append(text, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
