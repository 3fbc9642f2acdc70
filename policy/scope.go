package policy

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// What adding and renaming scopes can meet.
var (
	ErrScopeName    = fault.New(fault.Invalid, "scope-name", "a scope is called something, in at most 100 characters on one line")
	ErrScopeTaken   = fault.New(fault.Conflict, "scope-taken", "there is already a scope of that name")
	ErrScopeDepth   = fault.New(fault.Invalid, "scope-depth", "the organisation's tree is too deep there: choose a scope that lies higher")
	ErrScopeChanged = httpapi.ErrStale
)

const (
	maxScopeName = 100
	// MaxScopeDepth is how many scopes lie in each other at most: of what lies deeper no
	// decision could say where it is.
	MaxScopeDepth = maxDepth
)

// Scope is a node of the organisation's tree.
type Scope struct {
	ID      access.ScopeID
	Version int64
	Name    string
	Parent  access.ScopeID // zero lies in the organisation as a whole
}

// Validate reports the first rule that a scope breaks, and writes its name in one way.
func (s *Scope) Validate() error {
	s.Name = strings.Join(strings.Fields(s.Name), " ")
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if s.Name == "" || utf8.RuneCountInString(s.Name) > maxScopeName || !utf8.ValidString(s.Name) || strings.ContainsFunc(s.Name, odd) {
		return ErrScopeName
	}
	return nil
}

// ScopeStore is what keeping scopes needs from a database. A scope stays for ever: what
// functions and systems refer to is there.
type ScopeStore interface {
	// Scopes returns every scope, by name.
	Scopes(ctx context.Context) ([]Scope, error)
	// AddScope keeps a scope and returns its id; or ErrUnknownScope for a parent that is
	// not there, ErrScopeTaken, ErrScopeDepth.
	AddScope(ctx context.Context, s Scope) (access.ScopeID, error)
	// RenameScope gives the version that is named another name, or returns
	// ErrScopeChanged, ErrScopeTaken; version zero is whichever there is.
	RenameScope(ctx context.Context, s Scope) error
}

// Scopes are the use cases.
type Scopes struct{ Store ScopeStore }

// Add keeps a new scope.
func (s Scopes) Add(ctx context.Context, scope Scope) (access.ScopeID, error) {
	if err := scope.Validate(); err != nil {
		return 0, err
	}
	return s.Store.AddScope(ctx, scope)
}

// Rename gives a scope another name.
func (s Scopes) Rename(ctx context.Context, scope Scope) error {
	if err := scope.Validate(); err != nil {
		return err
	}
	return s.Store.RenameScope(ctx, scope)
}

// Find returns the scope that a text names: by its id, or by its name.
func (s Scopes) Find(ctx context.Context, text string) (Scope, error) {
	list, err := s.Store.Scopes(ctx)
	if err != nil {
		return Scope{}, err
	}
	for _, x := range list {
		if text == x.ID.String() || text == x.Name {
			return x, nil
		}
	}
	return Scope{}, ErrUnknownScope.With("there is no scope called %q", text)
}
