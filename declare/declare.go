package declare

import (
	"context"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What declaring can meet.
var (
	ErrDocument = fault.New(fault.Invalid, "bad-document", "a document cannot be used")
	ErrFolder   = fault.New(fault.Invalid, "bad-documents-folder", "the documents cannot be read")
	ErrMoved    = fault.New(fault.Conflict, "plan-outdated", "what the plan was made for has changed meanwhile: look at the plan again")
	ErrReason   = fault.New(fault.Invalid, "plan-reason", "applying a plan needs a reason")
)

// Place is where a document is written.
type Place struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// String is the place as compilers write it.
func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// wrong is an error at the place.
func (p Place) wrong(format string, args ...any) error {
	return ErrDocument.With("%s: %s", p, fmt.Sprintf(format, args...))
}

// because is the error of a kind about a document at the place; its sentence stands.
func (p Place) because(err error, n Name) error {
	return fmt.Errorf("%s: %s: %w", p, n, err)
}

// Name tells a thing from all others.
type Name struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// String is the name in a sentence.
func (n Name) String() string { return fmt.Sprintf("%s %q", n.Kind, n.Name) }

// Thing is what is kept under a name, as a document would declare it.
type Thing[S any] struct {
	Name    string
	Spec    S
	Version int64  // the store's: it differs where the thing was changed
	Stays   string // why it cannot be removed; empty where it can
	Waits   string // what it waits for until it counts; empty where it does
	Begun   bool   // Put was interrupted: it is put again, also where nothing differs
}

// Later is what Check returns where something has to happen first that applying does not
// do: the document is left for another time.
type Later struct{ Why string }

// Error says what it waits for.
func (l *Later) Error() string { return l.Why }

// Change is what becomes of a thing.
type Change[S any] struct {
	Name string
	Was  *Thing[S] // nil: there is none
	Is   *S        // nil: it is removed
	Dir  string    // that relative paths in it start from; empty where there are none
}

// Demand is what a caller has to be permitted for a change.
type Demand struct {
	Action string
	Object policy.Object
}

// Kind is what declaring things of one kind takes; S is what a document of it says, in
// the words of its JSON. A S with a method References names the things that it refers to.
type Kind[S any] interface {
	// List returns what there is.
	List(ctx context.Context) ([]Thing[S], error)
	// Check returns what List would say of c.Is once that is kept, or what is wrong with
	// it. What it refers to may not be there yet.
	Check(ctx context.Context, c Change[S]) (S, error)
	// Demands says what the change takes to be permitted.
	Demands(ctx context.Context, c Change[S]) ([]Demand, error)
	// Put adds or changes a thing, Remove removes it: in the version that c.Was has, or
	// not at all.
	Put(ctx context.Context, c Change[S], reason string) error
	Remove(ctx context.Context, c Change[S], reason string) error
}

// Foreteller is a kind that knows what its things would do if they were all there are.
type Foreteller[S any] interface {
	Foretell(ctx context.Context, list []Thing[S]) ([]Count, error)
}

// Count is how many of something.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// Defaults is what the address of a spec with values by default tells, which its schema
// names too.
type Defaults interface{ Default() }

// References is what a spec that refers to other things tells.
type References interface{ References() []Name }

// Gate permits.
type Gate interface {
	Permit(ctx context.Context, action string, o policy.Object) error
}

// Engine plans and applies.
type Engine struct {
	Kinds []Registered // what refers to others comes behind them
	Gate  Gate
	// Revision is the one that everything is read at, or a later one.
	Revision func() access.Rev
}

func (e *Engine) kind(name string) (Registered, bool) {
	for _, k := range e.Kinds {
		if k.name() == name {
			return k, true
		}
	}
	return nil, false
}

func (e *Engine) names() []string {
	list := make([]string, len(e.Kinds))
	for i, k := range e.Kinds {
		list[i] = k.name()
	}
	return list
}

// mistakes are the errors of many documents.
type mistakes struct {
	list []error
	more int
}

// maxMistakes are told at once.
const maxMistakes = 20

func (m *mistakes) add(err error) {
	switch {
	case err == nil:
	case len(m.list) == maxMistakes:
		m.more++
	default:
		m.list = append(m.list, err)
	}
}

func (m *mistakes) count() int { return len(m.list) + m.more }

func (m *mistakes) err() error {
	if m.more > 0 {
		return errors.Join(append(m.list, ErrDocument.With("and %d more", m.more))...)
	}
	return errors.Join(m.list...)
}
