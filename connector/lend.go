package connector

import (
	"context"
	"strings"
	"time"

	"github.com/writhq/writ/internal/secret"
)

// Lender is a connector that can make an account for one use, and take it away with all that
// it left: what a lease is made of. Several use it at once, and it may keep connections
// between uses, until it is closed.
type Lender interface {
	Connector
	// Lend makes the account that l describes. It is idempotent by l.Mark: whoever lost the
	// answer asks again, with the same value, and an account of that name with another mark,
	// or with none, is ErrTaken.
	Lend(ctx context.Context, l Loan) error
	// Prolong gives the account another end where the system keeps one.
	Prolong(ctx context.Context, of Lent, until time.Time) error
	// Recall ends the account's connections, hands what it owns to a successor, and removes
	// it. What is not there is recalled; what has another mark is ErrTaken.
	Recall(ctx context.Context, of Lent, successor string) error
	// AllLent lists the accounts whose mark begins with a prefix, so that those that nobody
	// knows of any more are found.
	AllLent(ctx context.Context, prefix string) ([]Lent, error)
}

// Lent is an account that was made for one use.
type Lent struct {
	Name string // its login
	Mark string // whose it is, kept where the system keeps a comment
}

// Loan is an account to make.
type Loan struct {
	Lent
	Value secret.Secret // the password that it opens with
	Until time.Time     // put on the system where that can end a sign-in by itself
	// Entitlements are the native ids of what it holds.
	Entitlements []string
	// Inherit says that it has what those permit without asking for each, where the system
	// tells these two apart.
	Inherit bool
}

// CheckLoan refuses a loan that the kind does not make. What is left to the connector is
// what only its system knows, and whether it has the entitlements.
func (s Spec) CheckLoan(system string, l Loan) error {
	no := func(why string) error { return ErrUnsupported.With("%s %q: %s", s.Kind, system, why) }
	switch {
	case l.Name == "" || len(l.Name) > s.Loans || strings.ContainsRune(l.Name, 0):
		return no("that is no login which an account for one use could have")
	case !isMark(l.Mark):
		return no("an account for one use has a mark")
	case l.Until.IsZero():
		return no("an account for one use has an end")
	}
	if why := s.Takes.Refuses(l.Value); why != "" {
		return no(why)
	}
	return nil
}
