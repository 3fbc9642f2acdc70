package ask

import (
	"context"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
)

// Names is where objects' names are looked up.
type Names interface {
	// Names labels objects, those that are gone with what they were called last.
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

// Shown is an object as answers show it: its id for programs, its name for people.
type Shown struct {
	Type   string     `json:"type" doc:"What it is: identity, account, entitlement, …"`
	ID     access.Ref `json:"id" doc:"Empty where it is hidden"`
	Name   string     `json:"name" doc:"Empty where it is hidden"`
	System string     `json:"system,omitempty" doc:"The name of the system that it is in"`
	Hidden bool       `json:"hidden,omitempty" doc:"It is there, and is not yours to see"`

	// For sentences.
	native     string // what its system calls it
	systemKind string // of its system, or of the system that it is
}

func (n Shown) String() string {
	if n.System == "" {
		return n.word()
	}
	return n.System + "/" + n.Name
}

// hiddenWords are what sentences call what may not be seen.
var hiddenWords = map[string]string{
	access.KindIdentity.String(): "somebody", access.KindAccount.String(): "an account",
	access.KindEntitlement.String(): "an entitlement", access.KindResource.String(): "something",
	access.KindSystem.String(): "a system", access.KindRole.String(): "a role",
}

// word is the name, or what the thing is called whose name is hidden.
func (n Shown) word() string {
	if !n.Hidden {
		return n.Name
	}
	if word, ok := hiddenWords[n.Type]; ok {
		return word
	}
	return "something"
}

// withCapital begins a sentence.
func withCapital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// Label is an object with a label that was looked up.
func Label(r access.Ref, labels map[access.Ref]access.Label) Shown {
	if r.IsZero() {
		return Shown{}
	}
	l := labels[r]
	n := Shown{Type: r.Kind.String(), ID: r, Name: l.Name, System: l.System, native: l.Native, systemKind: l.SystemKind}
	if n.Name == "" {
		n.Name = r.String()
	}
	return n
}

// Namer names objects that were looked up.
type Namer func(access.Ref) Shown

// Optional names an object, or nothing.
func (name Namer) Optional(r access.Ref) *Shown {
	if r.IsZero() {
		return nil
	}
	n := name(r)
	return &n
}

// Sight says what whoever asks may see.
type Sight func(access.Ref) bool

// Everything is the sight of who works on the data directory itself.
func Everything(access.Ref) bool { return true }

// NamesOf looks objects up, those that may be seen.
func NamesOf(ctx context.Context, from Names, sees Sight, refs []access.Ref) (Namer, error) {
	seen := make([]access.Ref, 0, len(refs))
	hidden := map[access.Ref]bool{}
	for _, r := range refs {
		switch _, known := hidden[r]; {
		case known, r.IsZero():
		case sees(r):
			hidden[r] = false
			seen = append(seen, r)
		default:
			hidden[r] = true
		}
	}
	labels, err := from.Names(ctx, seen)
	if err != nil {
		return nil, fmt.Errorf("looking up names: %w", err)
	}
	return func(r access.Ref) Shown {
		if h, known := hidden[r]; !r.IsZero() && (h || !known) {
			return Shown{Type: r.Kind.String(), Hidden: true}
		}
		return Label(r, labels)
	}, nil
}

func (s *Service) names(ctx context.Context, sees Sight, refs []access.Ref) (Namer, error) {
	return NamesOf(ctx, s.Names, sees, refs)
}
