package share

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// Basis is what giving a secret outside was decided on. The store looks at it again where it
// opens one.
type Basis struct {
	By            access.IdentityID
	Right         access.Ref // who or what has the right in the safe
	Level         string     // of that right
	Safe          access.SafeID
	SafeVersion   int64
	Secret        access.SecretID
	SecretVersion int64
}

// Giving is a secret as somebody may give it outside, by what is so now.
type Giving struct {
	Basis
	Name     string
	Kind     string
	SafeName string
	Terms    access.Terms
	Most     time.Duration
	Object   policy.Object // of the decision whether they may
	Inside   error         // why its safe keeps it inside; nil is that it does not
}

// About is what a decision about a share is made on, and what its secret is called.
type About struct {
	Object         policy.Object
	Name, SafeName string
}

// Vault is what this package asks of safes and secrets.
type Vault interface {
	// Giving is what is so now of a secret that who gives outside, or wants to.
	Giving(ctx context.Context, who access.IdentityID, id access.SecretID, reason string) (Giving, error)
	// About is what a decision about a share is made on, for whoever calls.
	About(ctx context.Context, x Share, reason string) (About, error)
}

// Query asks for shares, the newest first.
type Query struct {
	ID     access.ShareID
	Secret access.SecretID
	By     access.IdentityID
	Live   bool // only those that have not ended
	Before access.ShareID
	First  int
}

// Kept is what is kept of a link and its code.
type Kept struct {
	Link, Code Mark // without a code the second is empty
}

// Try is that somebody wants to open a share.
type Try struct {
	Kept
	From string // the address
}

// Given is what somebody outside was given. Whoever calls wipes the value.
type Given struct {
	Share
	Kind  string
	Value secret.Secret
}

// Store is what this package needs from a database. One use case is one method is one
// transaction.
type Store interface {
	Shares(ctx context.Context, q Query) ([]Share, error)
	// Linked returns the share of a link, or ErrOver.
	Linked(ctx context.Context, link Mark) (Share, error)
	// Add keeps a share, once what it gives was seen to open, and begins it, or asks those who
	// have to agree where there is a case, whose About is made here. All that it was decided on
	// is so still in that transaction.
	Add(ctx context.Context, s Share, k Kept, b Basis, ask *approval.Case) (Share, error)
	// Open opens a share once, by what it is decided on now. Where it does not open, that is
	// kept with its record, and the error says why; ErrCode is that the code was wrong.
	Open(ctx context.Context, id access.ShareID, t Try, b Basis) (Given, error)
	// Refuse keeps that an opening was refused, and why.
	Refuse(ctx context.Context, s Share, t Try, why error) error
	// Withdraw ends a share that has not ended, or returns ErrEnded.
	Withdraw(ctx context.Context, id access.ShareID, reason string) (Share, error)
}

// Mailer sends a message at once. It is a *notify.Sender.
type Mailer interface {
	Send(ctx context.Context, m notify.Message) error
}

// Names tells what things are called.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}
