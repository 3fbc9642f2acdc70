package vault

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// Sealer seals a value for its place, and Opener opens one.
type (
	Sealer func(at keys.Place) (keys.Sealed, error)
	Opener func(at keys.Place, s keys.Sealed) (secret.Secret, error)
)

// Query asks for secrets: all of them, those of a safe, one by its name, or one.
type Query struct {
	Safe access.SafeID
	Name string
	ID   access.SecretID
	In   string // the name of a safe, in place of Safe; for Look
}

// Looked is a secret with its safe, and the rights in force there.
type Looked struct {
	Safe   Safe
	Secret Secret
	Rights []Right
}

// Value is another value of a secret.
type Value struct {
	Base    int    // the number of the version that it follows; zero is whichever, -1 none
	Public  string // the public half of a key
	Pending bool   // it opens nothing yet
	Written bool   // whoever keeps it knows it
	// Account is which one of two it is of; zero is the one that is live, or the only one.
	Account access.AccountID
}

// Step is what happens to a version, or to a secret with all of them.
type Step string

// The steps.
const (
	Delete   Step = "delete"
	Undelete Step = "undelete"
	Destroy  Step = "destroy"
	Promote  Step = "promote" // a pending version becomes the current one
)

// Opening is that somebody opens a version, by which right, and what that was decided on.
type Opening struct {
	By       access.IdentityID
	Right    Right
	Safe     Safe
	Secret   Secret
	Number   int // of the version; zero is the current one
	How      How // empty is that nobody sees it
	Checkout access.CheckoutID
	Alone    bool // it is not opened while somebody else has it out
	Reason   string
	Ticket   string
}

// SeenQuery asks who knew what, the newest first.
type SeenQuery struct {
	Secret access.SecretID
	By     access.IdentityID
	Before int64 // a row, for the next page
	First  int
}

// Store is what this package needs from a database. One use case is one method is one
// transaction.
type Store interface {
	Safes(ctx context.Context) ([]Safe, error)
	// Safe returns one, or ErrNoSafe.
	Safe(ctx context.Context, id access.SafeID) (Safe, error)
	// SafeCalled returns the one of a name, or ErrNoSafe.
	SafeCalled(ctx context.Context, name string) (Safe, error)
	// NewSafeID takes the id of a safe that is to be.
	NewSafeID(ctx context.Context) (access.SafeID, error)
	// AddSafe keeps a new safe with its key.
	AddSafe(ctx context.Context, s Safe, key keys.SafeKey, reason string) error
	// ChangeSafe keeps the next version of a safe, or returns ErrSafeStale where s.Version is
	// not the one that stands; zero is whichever.
	ChangeSafe(ctx context.Context, s Safe, reason string) error
	// Rights are those in force in a safe, or in all.
	Rights(ctx context.Context, in access.SafeID) ([]Right, error)
	Grant(ctx context.Context, r Right) error
	Revoke(ctx context.Context, r Right, reason string) error

	Secrets(ctx context.Context, q Query) ([]Secret, error)
	// Look returns one by its id or by name with its safe, as they are at one moment, or
	// ErrNoSafe, or ErrNoSecret.
	Look(ctx context.Context, q Query) (Looked, error)
	Versions(ctx context.Context, id access.SecretID) ([]Version, error)
	// AddSecret keeps a new secret with its first value, sealed in the same transaction.
	AddSecret(ctx context.Context, x Secret, v Value, seal Sealer) (access.SecretID, error)
	// AddSecrets keeps all of some new secrets, or none.
	AddSecrets(ctx context.Context, in access.SafeID, list []New) error
	// Put keeps the next value, or returns ErrSecretStale.
	Put(ctx context.Context, x Secret, v Value, seal Sealer) (Version, error)
	// ChangeSecret keeps what is known of a secret, or returns ErrSecretStale.
	ChangeSecret(ctx context.Context, x Secret) error
	// Step does what a step says to a version, or to the secret where number is zero.
	Step(ctx context.Context, x Secret, number int, step Step, reason string) error
	// Open records that somebody opens a version, and returns it opened once that is
	// committed. All that it was decided on is so still in that transaction, else it is
	// refused.
	Open(ctx context.Context, o Opening, open Opener) (Version, secret.Secret, error)
	// Known returns what showing a value is decided on. False is that nothing can be relied
	// on: something was changed after the revision, or the value is not simply to be shown.
	Known(ctx context.Context, in, name string, at access.Rev) (Known, bool, error)
	// OpenKnown records that somebody who was shown a version by Open is shown it again, and
	// returns it opened once that is committed, or ErrMoved where anything that is followed
	// was changed since it was known.
	OpenKnown(ctx context.Context, k Known, o Opening, open Opener) (secret.Secret, error)
	// Seen tells who knew which value, and the row to go on before.
	Seen(ctx context.Context, q SeenQuery) (list []Seen, next int64, err error)
	Checkouts
}

// Service is the use cases. All of its fields are needed but Graph, without which nobody
// has any right; Settle brings the graph up to what is committed, and Settled says up to which
// revision all is known that decisions are made on, without which nothing is remembered.
type Service struct {
	Store   Store
	Ring    Ring
	Gate    *policy.Gate
	Graph   *graph.Graph
	Settle  func(ctx context.Context) error
	Settled func() access.Rev

	known memory
}

// view is what is known of who holds what; nil where there is none.
func (s *Service) view() *graph.View {
	if s.Graph == nil {
		return nil
	}
	return s.Graph.View()
}

// best is the furthest right that somebody has among some, by one view of who holds what.
func best(v *graph.View, rights []Right, who access.IdentityID) (r Right, has bool) {
	for _, x := range rights {
		if has && r.Level.covers(x.Level) {
			continue
		}
		if policy.Holds(v, x.Holder, who) {
			r, has = x, true
		}
	}
	return r, has
}

// held is a safe, perhaps a secret of it, and what whoever calls has to do with it.
type held struct {
	Safe
	secret *Secret
	who    access.IdentityID // zero is the node
	right  Right
	has    bool
	view   *graph.View
}

// settle brings what is known of who holds what up to what is committed: before anything
// is used or seen, so that what ended just now has ended.
func (s *Service) settle(ctx context.Context) error {
	if s.Settle == nil {
		return nil
	}
	return s.Settle(ctx)
}

// look says what whoever calls has to do with a safe, as far as it is known.
func (s *Service) look(ctx context.Context, safe Safe, x *Secret) (h held, err error) {
	rights, err := s.Store.Rights(ctx, safe.ID)
	if err != nil {
		return h, err
	}
	return s.held(ctx, safe, x, rights), nil
}

// held says it by the rights that are in force there.
func (s *Service) held(ctx context.Context, safe Safe, x *Secret, rights []Right) held {
	c, _ := policy.CallerOf(ctx)
	h := held{Safe: safe, secret: x, who: c.Identity, view: s.view()}
	h.right, h.has = best(h.view, rights, h.who)
	return h
}

// object is what decisions about a safe or a secret in it are made on, for a right to
// something; an empty level is for any.
func (h held) object(level Level, reason string) policy.Object {
	o := policy.Object{Reason: reason}
	if h.secret != nil {
		if h.view != nil && h.secret.System != 0 {
			o.Resource, _ = policy.ObjectOf(h.view, h.secret.System.Ref())
		}
		o.Ref, o.Kind = h.secret.ID.Ref(), string(h.secret.Kind)
	} else {
		o.Ref = h.ID.Ref()
	}
	o.Scope, o.Owner, o.Subjects = h.Scope, policy.Answering(h.view, h.Owner, h.Deputy), nil
	if h.has && (level == "" || h.right.Level.covers(level)) {
		o.Eligible = h.who
	}
	return o
}

// safe returns a safe that whoever calls may see.
func (s *Service) safe(ctx context.Context, id access.SafeID) (held, error) {
	safe, err := s.Store.Safe(ctx, id)
	if err != nil {
		return held{}, err
	}
	return s.look(ctx, safe, nil)
}

// secret returns a secret with its safe.
func (s *Service) secret(ctx context.Context, id access.SecretID) (held, error) {
	return s.lookFor(ctx, Query{ID: id})
}

func (s *Service) lookFor(ctx context.Context, q Query) (held, error) {
	l, err := s.Store.Look(ctx, q)
	if err != nil {
		return held{}, err
	}
	return s.held(ctx, l.Safe, &l.Secret, l.Rights), nil
}

// Called returns a secret by its name and its safe's, and what a decision about it is made on.
func (s *Service) Called(ctx context.Context, in, name string) (Secret, policy.Object, error) {
	h, err := s.lookFor(ctx, Query{In: in, Name: name})
	if err != nil {
		return Secret{}, policy.Object{}, err
	}
	return *h.secret, h.object("", ""), nil
}

// SafeObject is what a decision about a safe is made on.
func (s *Service) SafeObject(ctx context.Context, id access.SafeID, reason string) (policy.Object, error) {
	h, err := s.safe(ctx, id)
	return h.object("", reason), err
}

// SecretObject is what a decision about a secret is made on, by the right that it takes;
// none is any.
func (s *Service) SecretObject(ctx context.Context, id access.SecretID, level Level, reason string) (policy.Object, error) {
	if level != "" {
		if err := s.settle(ctx); err != nil {
			return policy.Object{}, err
		}
	}
	h, err := s.secret(ctx, id)
	return h.object(level, reason), err
}

// Safes are those that whoever calls may see, by name.
func (s *Service) Safes(ctx context.Context) (list []Safe, err error) {
	all, err := s.Store.Safes(ctx)
	if err != nil {
		return nil, err
	}
	rights, err := s.Store.Rights(ctx, 0)
	if err != nil {
		return nil, err
	}
	in := map[access.SafeID][]Right{}
	for _, r := range rights {
		in[r.Safe] = append(in[r.Safe], r)
	}
	c, _ := policy.CallerOf(ctx)
	v := s.view()
	for _, safe := range all {
		h := held{Safe: safe, who: c.Identity, view: v}
		h.right, h.has = best(v, in[safe.ID], h.who)
		if s.Gate.Permit(ctx, "safe.read", h.object("", "")) == nil {
			list = append(list, safe)
		}
	}
	return list, nil
}

// AddSafe keeps a new safe with its key.
func (s *Service) AddSafe(ctx context.Context, safe Safe, reason string) (access.SafeID, error) {
	if err := safe.Validate(); err != nil {
		return 0, err
	}
	if err := s.people(safe); err != nil {
		return 0, err
	}
	id, err := s.Store.NewSafeID(ctx)
	if err != nil {
		return 0, err
	}
	safe.ID = id
	return id, s.Ring.Again(id, func() error {
		key, err := s.Ring.NewSafe(ctx, id)
		if err != nil {
			return err
		}
		return s.Store.AddSafe(ctx, safe, key, reason)
	})
}

// people refuses an owner or a deputy who is nobody that works here.
func (s *Service) people(safe Safe) error {
	v := s.view()
	if v == nil {
		return nil // the store looks at it in any case
	}
	for _, id := range []access.IdentityID{safe.Owner, safe.Deputy} {
		if n, ok := v.Identity(id); id != 0 && (!ok || n.Kind != access.Human || !n.State.MayHoldAccess()) {
			return ErrSafe.With("the owner of a safe, and the deputy, is a person who works here")
		}
	}
	return nil
}

// ChangeSafe keeps the next version of a safe.
func (s *Service) ChangeSafe(ctx context.Context, safe Safe, reason string) error {
	if err := safe.Validate(); err != nil {
		return err
	}
	if err := s.people(safe); err != nil {
		return err
	}
	return s.Store.ChangeSafe(ctx, safe, reason)
}

// Grant gives somebody, or whoever holds something, a right.
func (s *Service) Grant(ctx context.Context, r Right) error {
	if v := s.view(); v != nil {
		if _, ok := policy.ObjectOf(v, r.Holder); !ok {
			return ErrRight.With("there is nobody and nothing with the id %s that could have a right", r.Holder)
		}
	}
	return s.Store.Grant(ctx, r)
}

// Revoke ends a right.
func (s *Service) Revoke(ctx context.Context, r Right, reason string) error {
	return s.Store.Revoke(ctx, r, reason)
}
