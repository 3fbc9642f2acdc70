package policy

import (
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What giving and ending a function can meet.
var (
	ErrFunction     = fault.New(fault.Invalid, "unknown-function", "the functions are iam, security_operations, platform_owner and audit")
	ErrHolder       = fault.New(fault.Invalid, "function-holder", "a function is held by a person who works here")
	ErrHasFunction  = fault.New(fault.Conflict, "function-held", "they hold that function there already")
	ErrNoFunction   = fault.New(fault.NotFound, "function-not-held", "they do not hold that function there")
	ErrAuditAlone   = fault.New(fault.Refused, "audit-alone", "audit verifies the others: whoever holds it holds nothing else")
	ErrUnknownScope = fault.New(fault.NotFound, "scope-not-found", "there is no such scope")
)

// Assignment says that an identity holds a function within a scope.
type Assignment struct {
	ID       access.FunctionID
	Identity access.IdentityID
	Held
	Reason string
	Since  access.Time
}

// Validate reports the first rule that an assignment breaks beside those that the
// identity already has.
func (a Assignment) Validate(has []Held) error {
	switch {
	case !slices.Contains(access.Functions, a.Function):
		return ErrFunction
	case strings.TrimSpace(a.Reason) == "":
		return ErrReason
	case slices.Contains(has, a.Held):
		return ErrHasFunction
	}
	for _, h := range has {
		if (h.Function == access.AuditFunction) != (a.Function == access.AuditFunction) {
			return ErrAuditAlone
		}
	}
	return nil
}

// FunctionStore is what keeping functions needs from a database.
type FunctionStore interface {
	// Directory returns who holds what, and the tree of scopes.
	Directory(ctx context.Context) (Directory, error)
	// Functions returns every assignment, by identity.
	Functions(ctx context.Context) ([]Assignment, error)
	// Assign keeps an assignment. It asks Validate in the same transaction, and returns
	// ErrHolder for who is not an active human, ErrUnknownScope for a scope that is not there.
	Assign(ctx context.Context, a Assignment) error
	// Unassign ends one, or returns ErrNoFunction.
	Unassign(ctx context.Context, id access.IdentityID, h Held, reason string) error
}
