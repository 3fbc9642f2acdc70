package lease

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// Together is how many leases a store is told of at once: one record names them all.
const Together = 24

// Offer is a template with the rights in force in it.
type Offer struct {
	Template
	Rights []Right
}

// Store is what this package needs from a database. One use case is one method is one
// transaction.
type Store interface {
	TemplateStore
	// Leases lists them, the newest first.
	Leases(ctx context.Context, q Query) ([]Lease, error)
	// Lease returns one, or ErrNotFound.
	Lease(ctx context.Context, id access.LeaseID) (Lease, error)
	// Ask keeps a lease of an offer and a right that still are as they were read, gives it
	// its id, chain, name and mark, and says what its account is given, by native id. With a
	// case others are asked, and it waits.
	Ask(ctx context.Context, l *Lease, of Offer, by Right, ask *approval.Case) (entitlements []string, err error)
	// Reserve takes ids of so many leases, and as many chains for them.
	Reserve(ctx context.Context, n int) (access.LeaseID, access.ChainID, error)
	// AskKnown keeps a lease that has its id, chain, name and mark, and that nobody else has to
	// agree to, or returns ErrMoved where anything that is followed was changed since what it
	// was decided on was read.
	AskKnown(ctx context.Context, l *Lease, k Known, by Right) error
	// Take has a lease that was agreed to begin, as Ask does without a case.
	Take(ctx context.Context, id access.LeaseID, of Offer, by Right) (l Lease, entitlements []string, err error)
	// Made keeps that accounts were made, Together at most, and returns those whose lease stands still.
	Made(ctx context.Context, ids []access.LeaseID) ([]access.LeaseID, error)
	// Renew gives what is active another end.
	Renew(ctx context.Context, id access.LeaseID, until access.Time) (Lease, error)
	// End has the account of a lease taken away, or withdraws one that waits.
	End(ctx context.Context, id access.LeaseID, code, said string) (Lease, error)
	// Retry has the account of a lease that is ending taken away now, or returns ErrState.
	Retry(ctx context.Context, id access.LeaseID, reason string) (Lease, error)

	// Held are who leases by which template, in order, after one; what has ended is left out.
	Held(ctx context.Context, after Held, most int) ([]Held, error)
	// EndHeld ends all that somebody leases by a template.
	EndHeld(ctx context.Context, h Held, code, said string) error
	// News is the newest revision, and whether anything changed after another that leases
	// could follow from.
	News(ctx context.Context, since access.Rev) (newest access.Rev, changed bool, err error)
	// ChangedAfter reports whether anything that is followed was committed after a revision, be
	// it without one of its own yet. A lease that is made is not.
	ChangedAfter(ctx context.Context, rev access.Rev) (bool, error)
	// Trusted reports whether this node's clock has run evenly.
	Trusted() bool

	KeeperStore
}

// TemplateStore is what is kept of templates.
type TemplateStore interface {
	// Offers are all templates that are not retired, by name.
	Offers(ctx context.Context) ([]Offer, error)
	// Offer returns one, or ErrNoTemplate.
	Offer(ctx context.Context, id access.TemplateID) (Offer, error)
	// Known is what is known of one at a revision. False is that something that is followed was
	// changed after it, or that nobody can say.
	Known(ctx context.Context, id access.TemplateID, at access.Rev) (Known, bool, error)
	// TemplateCalled is the one with a name, or ErrNoTemplate.
	TemplateCalled(ctx context.Context, name string) (access.TemplateID, error)
	AddTemplate(ctx context.Context, t Template, reason string) (access.TemplateID, error)
	// ChangeTemplate keeps the next version, or returns ErrTemplateStale where t.Version is
	// not the one that stands.
	ChangeTemplate(ctx context.Context, t Template, reason string) error
	// RetireTemplate ends one. What was leased by it ends.
	RetireTemplate(ctx context.Context, id access.TemplateID, reason string) error
	Grant(ctx context.Context, r Right) error
	Revoke(ctx context.Context, r Right, reason string) error
}

// Query narrows a list of leases. Zero fields do not narrow.
type Query struct {
	Template access.TemplateID
	Identity access.IdentityID
	Systems  []access.SystemID // nil is all
	Open     bool              // only what is not over
	Before   access.LeaseID
	First    int
}

// Held is that somebody leases by a template.
type Held struct {
	Identity access.IdentityID
	Template access.TemplateID
}

// KeeperStore is what taking away needs.
type KeeperStore interface {
	// Sweep ends what is over by the store's clock, and what a node began and did not end
	// within a time. It returns the store's time, and when the next lease ends; zero is none.
	Sweep(ctx context.Context, making time.Duration) (now, next access.Time, err error)
	// Due are systems in which something is to be taken away now, longest due first.
	Due(ctx context.Context, most int) ([]access.SystemID, error)
	// Lending are the systems in which anything was ever lent.
	Lending(ctx context.Context) ([]access.SystemID, error)
	// Prefix begins the marks of this installation.
	Prefix(ctx context.Context) (string, error)
	// Own makes this node the one that takes away in a system, or returns ErrLeased of
	// package store.
	Own(ctx context.Context, id access.SystemID, ttl time.Duration) (Owner, error)
}

// Owner is taking away in one system by one node. All that it keeps is refused once another
// node has the system.
type Owner interface {
	// Due are leases whose accounts are to be taken away now; those that were tried in vain
	// before are half of them at most.
	Due(ctx context.Context, most int) ([]Lease, error)
	// Settle keeps what became of them, Together at most.
	Settle(ctx context.Context, list []Outcome) error
	// Standing are those of some leases whose accounts may be there.
	Standing(ctx context.Context, ids []access.LeaseID) (map[access.LeaseID]bool, error)
	// Orphans keeps that accounts, Together at most, were taken away, or could not be, that no open lease is of.
	Orphans(ctx context.Context, list []Orphan) error
	// Keep says that this node is still at it.
	Keep(ctx context.Context) error
	End(ctx context.Context) error
}

// Outcome is what became of taking one account away: it is gone, or is tried again after a
// time.
type Outcome struct {
	Lease Lease
	After time.Duration // zero is that it is gone
	Code  string
	Said  string
}

// Orphan is an account that no open lease is of.
type Orphan struct {
	Name  string
	Lease access.LeaseID // that it was made for; zero where its mark does not say
	Gone  bool
	Code  string
}
