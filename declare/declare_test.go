package declare_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// The kinds of these tests: shelves stand on shelves, and boxes stand on shelves.

type shelf struct {
	On string `json:"on,omitempty"`
}

func (s shelf) References() []declare.Name {
	if s.On == "" {
		return nil
	}
	return []declare.Name{{Kind: "shelf", Name: s.On}}
}

type box struct {
	Shelf  string            `json:"shelf" minLength:"1" maxLength:"20"`
	Colour string            `json:"colour" required:"false" enum:"red,green,grey" default:"grey"`
	Weight int               `json:"weight,omitempty" minimum:"1" maximum:"50"`
	Code   string            `json:"code,omitempty" pattern:"^[a-z]+$"`
	Notes  map[string]string `json:"notes,omitempty"`
	Things []string          `json:"things,omitempty" maxItems:"3"`
	Open   bool              `json:"open,omitempty"`
	Lock   lock              `json:"lock,omitzero" required:"false"`
}

type lock struct {
	Kind string `json:"kind,omitempty"`
}

func (b *box) Default() { b.Colour = "grey" }

func (b box) References() []declare.Name { return []declare.Name{{Kind: "shelf", Name: b.Shelf}} }

var errBox = fault.New(fault.Invalid, "bad-box", "a box cannot be used")

// room keeps things of one kind, as a store does: each change has its version.
type room[S any] struct {
	kind    string
	things  map[string]declare.Thing[S]
	version int64
	log     *[]string
	check   func(name string, s S) error
	broken  func(name string) error // before something is kept
}

func (r *room[S]) List(context.Context) ([]declare.Thing[S], error) {
	return slices.Collect(maps.Values(r.things)), nil
}

func (r *room[S]) Check(_ context.Context, c declare.Change[S]) (S, error) {
	if r.check != nil {
		return *c.Is, r.check(c.Name, *c.Is)
	}
	return *c.Is, nil
}

func (r *room[S]) Demands(_ context.Context, c declare.Change[S]) ([]declare.Demand, error) {
	return []declare.Demand{{Action: r.kind + ".change", Object: policy.Object{Resource: policy.Resource{Key: c.Name}}}}, nil
}

func (r *room[S]) Put(_ context.Context, c declare.Change[S], reason string) error {
	is, there := r.things[c.Name]
	if there != (c.Was != nil) || there && is.Version != c.Was.Version {
		return errBox.With("%s was changed", c.Name)
	}
	if r.broken != nil {
		if err := r.broken(c.Name); err != nil {
			return err
		}
	}
	r.version++
	r.things[c.Name] = declare.Thing[S]{Name: c.Name, Spec: *c.Is, Version: r.version}
	*r.log = append(*r.log, fmt.Sprintf("put %s %s for %s", r.kind, c.Name, reason))
	return nil
}

func (r *room[S]) Remove(_ context.Context, c declare.Change[S], _ string) error {
	if r.things[c.Name].Version != c.Was.Version {
		return errBox.With("%s was changed", c.Name)
	}
	delete(r.things, c.Name)
	*r.log = append(*r.log, fmt.Sprintf("remove %s %s", r.kind, c.Name))
	return nil
}

// counting foretells how many boxes there would be.
type counting struct{ *room[box] }

func (c counting) Foretell(_ context.Context, list []declare.Thing[box]) ([]declare.Count, error) {
	return []declare.Count{{What: "boxes in all", N: len(list)}}, nil
}

// gate permits all but some actions.
type gate struct {
	forbids string
	asked   []string
}

func (g *gate) Permit(_ context.Context, action string, o policy.Object) error {
	g.asked = append(g.asked, action+" "+o.Key+" "+o.Reason)
	if action == g.forbids {
		return policy.ErrLimited
	}
	return nil
}

type world struct {
	*declare.Engine
	shelves *room[shelf]
	boxes   *room[box]
	gate    *gate
	log     []string
}

func newWorld() *world {
	w := &world{gate: &gate{}}
	w.shelves = &room[shelf]{kind: "shelf", things: map[string]declare.Thing[shelf]{}, log: &w.log}
	w.boxes = &room[box]{kind: "box", things: map[string]declare.Thing[box]{}, log: &w.log}
	w.boxes.check = func(name string, b box) error {
		if b.Code == "early" {
			return &declare.Later{Why: "the glue dries"}
		}
		if b.Code == "forbidden" {
			return errBox.With("box %s: its code is forbidden", name)
		}
		return nil
	}
	w.Engine = &declare.Engine{
		Kinds: []declare.Registered{declare.Of[shelf]("shelf", w.shelves), declare.Of[box]("box", counting{w.boxes})},
		Gate:  w.gate, Revision: func() access.Rev { return 7 },
	}
	return w
}

func (w *world) plan(t *testing.T, text string, prune bool) (*declare.Plan, error) {
	t.Helper()
	list, err := w.Read("-", strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return w.Plan(t.Context(), list, prune)
}

// apply plans and applies, and returns what was done.
func (w *world) apply(t *testing.T, text string, prune bool) ([]string, error) {
	t.Helper()
	p, err := w.plan(t, text, prune)
	if err != nil {
		return nil, err
	}
	var done []string
	err = w.Apply(t.Context(), p, "a test", func(s declare.Step) { done = append(done, string(s.Action)+" "+s.Name.Name) })
	return done, err
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const rack = `
kind: box
name: tools
spec: {shelf: middle, colour: red, things: [saw, drill]}
---
kind: shelf
name: middle
spec: {on: bottom}
---
kind: shelf
name: bottom
spec: {}
`

// Invariants 2, 5 and 6: in order of what refers to what, once.
func TestApplyingTwiceIsApplyingOnce(t *testing.T) {
	w := newWorld()
	want := []string{"add bottom", "add middle", "add tools"}
	if got := must[[]string](t)(w.apply(t, rack, false)); !slices.Equal(got, want) {
		t.Fatalf("did %v, want %v", got, want)
	}
	if got := w.log[2]; got != "put box tools for a test" {
		t.Fatal(got)
	}
	if got := must[[]string](t)(w.apply(t, rack, true)); len(got) > 0 {
		t.Fatalf("did %v once more", got)
	}
	if p := must[*declare.Plan](t)(w.plan(t, rack, true)); !p.Empty() || p.Same != 3 || p.Revision != 7 {
		t.Fatalf("%+v", p)
	}
}

// What a plan says of a change is the fields that differ, and what becomes of all.
func TestAPlanSaysWhatDiffers(t *testing.T) {
	w := newWorld()
	must[[]string](t)(w.apply(t, rack, false))
	p := must[*declare.Plan](t)(w.plan(t, "# the tools\nkind: box\nname: tools\nspec:\n  shelf: bottom\n  things: [drill, hammer]\n  notes: {by: Ana}\n", false))
	if len(p.Steps) != 1 || p.Steps[0].Action != declare.Alter || p.Steps[0].Place.String() != "standard input:2" || p.Steps[0].Base == 0 {
		t.Fatalf("%+v", p.Steps)
	}
	want := []declare.Field{
		{Field: "colour", Was: "red", Is: "grey"},
		{Field: "notes.by", Is: "Ana"},
		{Field: "shelf", Was: "middle", Is: "bottom"},
		{Field: "things", Was: "saw"},
		{Field: "things", Is: "hammer"},
	}
	if !slices.Equal(p.Steps[0].Fields, want) {
		t.Fatalf("%+v", p.Steps[0].Fields)
	}
	if len(p.Effects) != 1 || !slices.Equal(p.Effects[0].Counts, []declare.Count{{What: "boxes in all", N: 1}}) {
		t.Fatalf("%+v", p.Effects)
	}
	if again := must[*declare.Plan](t)(w.plan(t, rack, false)); again.Fingerprint == p.Fingerprint {
		t.Fatal("two plans have one fingerprint")
	}
	if len(w.log) != 3 {
		t.Fatalf("planning did something: %v", w.log)
	}
	other := must[*declare.Plan](t)(w.plan(t, "kind: box\nname: tools\nspec:\n  shelf: middle\n  colour: red\n  things: [drill, saw]\n", false))
	if len(other.Steps) != 1 || len(other.Steps[0].Fields) != 1 || other.Steps[0].Fields[0].Was == nil || other.Steps[0].Fields[0].Is == nil {
		t.Fatalf("another order: %+v", other.Steps)
	}
}

// What has to wait for something else is left for another time, and said; so is what is
// kept and does not count yet.
func TestWhatHasToWaitIsLeftForAnotherTime(t *testing.T) {
	w := newWorld()
	p := must[*declare.Plan](t)(w.plan(t, rack+"---\nkind: box\nname: glued\nspec: {shelf: bottom, code: early}\n", true))
	if len(p.Steps) != 3 || len(p.Waits) != 1 || p.Waits[0].Name.Name != "glued" || p.Waits[0].Why != "the glue dries" {
		t.Fatalf("%+v %+v", p.Steps, p.Waits)
	}
	must[[]string](t)(w.apply(t, rack, false))
	tools := w.boxes.things["tools"]
	tools.Begun = true
	w.boxes.things["tools"] = tools
	if got := must[[]string](t)(w.apply(t, rack, false)); !slices.Equal(got, []string{"change tools"}) {
		t.Fatal(got)
	}
	tools = w.boxes.things["tools"]
	tools.Waits = "somebody looks at it"
	w.boxes.things["tools"] = tools
	if p = must[*declare.Plan](t)(w.plan(t, rack, true)); !p.Empty() || len(p.Waits) != 1 || p.Waits[0].Why != "somebody looks at it" {
		t.Fatalf("%+v", p)
	}
}

// Invariant 7: without pruning nothing goes, and with it only what is of the kinds of the
// documents and may go; what refers to others goes first.
func TestOnlyPruningRemoves(t *testing.T) {
	w := newWorld()
	must[[]string](t)(w.apply(t, rack, false))
	one := "kind: shelf\nname: bottom\nspec: {}\n"
	if got := must[[]string](t)(w.apply(t, one, false)); len(got) > 0 {
		t.Fatalf("without pruning: %v", got)
	}
	if p := must[*declare.Plan](t)(w.plan(t, one, true)); len(p.Steps) != 1 || p.Steps[0].Name.Name != "middle" || p.Steps[0].Action != declare.Remove {
		t.Fatalf("%+v", p.Steps)
	}
	two := "kind: box\nname: other\nspec: {shelf: top}\n---\nkind: shelf\nname: top\nspec: {}\n"
	want := []string{"add top", "add other", "remove tools", "remove middle", "remove bottom"}
	if got := must[[]string](t)(w.apply(t, two, true)); !slices.Equal(got, want) {
		t.Fatalf("did %v, want %v", got, want)
	}
	top := w.shelves.things["top"]
	top.Stays = "it is screwed on"
	w.shelves.things["top"] = top
	p := must[*declare.Plan](t)(w.plan(t, one, true))
	if len(p.Steps) != 1 || len(p.Stays) != 1 || p.Stays[0].Why != "it is screwed on" {
		t.Fatalf("%+v %+v", p.Steps, p.Stays)
	}
	if _, err := w.plan(t, "kind: shelf\nname: low\nspec: {}\n---\nkind: box\nname: x\nspec: {shelf: nowhere}\n", true); !strings.Contains(fmt.Sprint(err), "neither there nor declared") {
		t.Fatal(err)
	}
	free := w.shelves.things["top"]
	free.Stays = ""
	w.shelves.things["top"] = free
	if _, err := w.plan(t, "kind: shelf\nname: low\nspec: {}\n---\nkind: box\nname: x\nspec: {shelf: top}\n", true); !strings.Contains(fmt.Sprint(err), "would be removed") {
		t.Fatal(err)
	}
}

// Invariant 4: one step that is not permitted, and none is done.
func TestWhatIsNotPermittedIsNotBegun(t *testing.T) {
	w := newWorld()
	w.gate.forbids = "box.change"
	done, err := w.apply(t, rack, false)
	if !errors.Is(err, policy.ErrLimited) || len(done)+len(w.log) > 0 {
		t.Fatalf("%v, did %v", err, done)
	}
	if want := []string{"shelf.change bottom a test", "shelf.change middle a test", "box.change tools a test"}; !slices.Equal(w.gate.asked, want) {
		t.Fatalf("asked %v, want %v", w.gate.asked, want)
	}
	p := must[*declare.Plan](t)(w.plan(t, rack, false))
	if err := w.Apply(t.Context(), p, "  ", nil); !errors.Is(err, declare.ErrReason) {
		t.Fatal(err)
	}
}

// Invariant 3: what somebody changes after it was shown is not overwritten.
func TestWhatChangedAfterThePlanIsNotOverwritten(t *testing.T) {
	other := func(text string, prune bool) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			must[[]string](t)(w.apply(t, text, prune))
		}
	}
	const changed = "kind: box\nname: tools\nspec: {shelf: middle, colour: green}\n"
	for _, tt := range []struct {
		name, text string
		prune      bool
		meanwhile  func(*testing.T, *world)
	}{
		{"changed", changed, false, other("kind: box\nname: tools\nspec: {shelf: bottom}\n", false)},
		{"removed", changed, false, func(_ *testing.T, w *world) { delete(w.boxes.things, "tools") }},
		{"added", "kind: box\nname: new\nspec: {shelf: middle}\n", false, other("kind: box\nname: new\nspec: {shelf: middle}\n", false)},
		{"changed before it is removed", "kind: box\nname: new\nspec: {shelf: middle}\n", true, other("kind: box\nname: tools\nspec: {shelf: bottom}\n", false)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			must[[]string](t)(w.apply(t, rack, false))
			p := must[*declare.Plan](t)(w.plan(t, tt.text, tt.prune))
			tt.meanwhile(t, w)
			before := len(w.log)
			err := w.Apply(t.Context(), p, "a test", func(declare.Step) {})
			if !errors.Is(err, declare.ErrMoved) || len(w.log) != before {
				t.Fatalf("%v, and did %v", err, w.log[before:])
			}
		})
	}
	t.Run("between two steps", func(t *testing.T) {
		w := newWorld()
		must[[]string](t)(w.apply(t, rack, false))
		p := must[*declare.Plan](t)(w.plan(t, "kind: shelf\nname: top\nspec: {}\n---\n"+changed, false))
		err := w.Apply(t.Context(), p, "a test", func(s declare.Step) {
			if s.Name.Name == "top" {
				w.boxes.things["tools"] = declare.Thing[box]{Name: "tools", Version: 99}
			}
		})
		if !errors.Is(err, errBox) || !strings.Contains(err.Error(), "1 of 2 steps are done") || w.boxes.things["tools"].Version != 99 {
			t.Fatal(err)
		}
	})
}

// Invariant 6: whichever step it ends at, applying again ends in the same state.
func TestInterruptedAnywhereItIsRunAgain(t *testing.T) {
	text := rack + "---\nkind: shelf\nname: top\nspec: {on: middle}\n"
	whole := newWorld()
	must[[]string](t)(whole.apply(t, "kind: box\nname: old\nspec: {shelf: cellar}\n---\nkind: shelf\nname: cellar\nspec: {}\n", false))
	steps := must[[]string](t)(whole.apply(t, text, true))
	for at := range steps {
		w := newWorld()
		must[[]string](t)(w.apply(t, "kind: box\nname: old\nspec: {shelf: cellar}\n---\nkind: shelf\nname: cellar\nspec: {}\n", false))
		p := must[*declare.Plan](t)(w.plan(t, text, true))
		ctx, cancel := context.WithCancel(t.Context())
		done := 0
		if at == 0 {
			cancel()
		}
		err := w.Apply(ctx, p, "a test", func(declare.Step) {
			if done++; done == at {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) || done != at {
			t.Fatalf("interrupted after %d: %v, %d were done", at, err, done)
		}
		if got := must[[]string](t)(w.apply(t, text, true)); !slices.Equal(got, steps[at:]) {
			t.Fatalf("interrupted after %d, then did %v, want %v", at, got, steps[at:])
		}
		if p := must[*declare.Plan](t)(w.plan(t, text, true)); !p.Empty() {
			t.Fatalf("%+v", p.Steps)
		}
	}
}
