package breakglass

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// Builder makes the first edition of a kit, and its shares in the order of its holders.
type Builder func(h Head, values []Value) (*Kit, []secret.Secret, error)

// Renewer makes the next edition of one.
type Renewer func(h Head, values []Value) (*Kit, error)

// Store is what this package needs from a database.
type Store interface {
	// Kits are those that are not retired, by name.
	Kits(ctx context.Context) ([]Status, error)
	// Kit returns one, or ErrNoKit.
	Kit(ctx context.Context, id access.GlassID) (Status, error)
	// Named returns the kit of a name, or ErrNoKit.
	Named(ctx context.Context, name string) (Status, error)
	// Make opens the secrets of a plan, has a kit built of them, and keeps that with each
	// share sealed for its holder, in one transaction. Nothing of a secret leaves but sealed.
	Make(ctx context.Context, p Plan, scope access.ScopeID, build Builder) (access.GlassID, *Kit, error)
	// Renew keeps the next edition of a kit, of what its secrets are now. One that was opened
	// or retired, or whose holders have gone, is ErrOver.
	Renew(ctx context.Context, id access.GlassID, reason string, build Renewer) (*Kit, error)
	// Edition is the newest edition, as a file has it.
	Edition(ctx context.Context, id access.GlassID) (string, error)
	// Share returns somebody's share of a kit, once, and forgets it.
	Share(ctx context.Context, id access.GlassID, who access.IdentityID) (Holding, secret.Secret, error)
	Retire(ctx context.Context, id access.GlassID, reason string) error

	// Breaks are the openings of a kit that are known, the newest first, with what was tried.
	Breaks(ctx context.Context, kit access.GlassID) ([]Break, error)
	// Merged tells how many entries of an opening were merged, and what the last of them is
	// known by.
	Merged(ctx context.Context, opening string) (b Break, last string, err error)
	// Take keeps one entry with all that follows from it, in one transaction; the one before
	// it is kept. An entry that another node took meanwhile is left as it is.
	Take(ctx context.Context, r *Record, n int) (Break, error)
	Now(ctx context.Context) (access.Time, error)
}

// Secrets is what the vault says of secrets; see package vault.
type Secrets interface {
	// SecretObject is what a decision about a secret is made on.
	SecretObject(ctx context.Context, id access.SecretID, reason string) (policy.Object, error)
}

// Service is the use cases. All of its fields are needed but Wake.
type Service struct {
	Store   Store
	Secrets Secrets
	Signer  Signer
	Gate    *policy.Gate
	Wake    func() // has what is due for another value looked at now
}

// The actions, each on a kit.
const (
	readAction   = "breakglass.read"
	makeAction   = "breakglass.make"
	renewAction  = "breakglass.renew"
	shareAction  = "breakglass.share"
	retireAction = "breakglass.retire"
	mergeAction  = "breakglass.merge"
	// ReviewAction is what an opening waits for.
	ReviewAction = "breakglass.review"
)

// Reviews is within which time an opening has to be reviewed; then it is asked for again.
const Reviews = 14 * 24 * time.Hour

// Make makes a kit. Whoever makes it decides on the access of its holders, and so is none.
func (s *Service) Make(ctx context.Context, p Plan) (access.GlassID, *Kit, error) {
	if err := p.Validate(); err != nil {
		return 0, nil, err
	}
	var subjects []access.Ref
	for _, h := range p.Holders {
		subjects = append(subjects, h.Ref())
	}
	for _, t := range p.Tokens {
		subjects = append(subjects, t.Holder.Ref())
	}
	var scope access.ScopeID
	for i, id := range p.Secrets {
		o, err := s.Secrets.SecretObject(ctx, id, p.Reason)
		if err != nil {
			return 0, nil, err
		}
		if err := s.Gate.Permit(ctx, "secret.read", o); err != nil {
			return 0, nil, err
		}
		o.Ref, o.Kind, o.Eligible, o.Subjects = access.Ref{}, "", 0, subjects
		if err := s.Gate.Permit(ctx, makeAction, o); err != nil {
			return 0, nil, err
		}
		if i == 0 {
			scope = o.Scope
		} else if scope != o.Scope {
			scope = 0
		}
	}
	return s.Store.Make(ctx, p, scope, func(h Head, values []Value) (*Kit, []secret.Secret, error) {
		told, err := h.ShareOut(p.Threshold, s.Signer)
		if err != nil {
			return nil, nil, err
		}
		k, err := Seal(h, values, s.Signer)
		return k, told, err
	})
}

// Renew makes the next edition of a kit. Its shares stay what they are.
func (s *Service) Renew(ctx context.Context, id access.GlassID, reason string) (*Kit, error) {
	return s.Store.Renew(ctx, id, reason, func(h Head, values []Value) (*Kit, error) { return Seal(h, values, s.Signer) })
}

// Share shows whoever calls their share of a kit, once.
func (s *Service) Share(ctx context.Context, id access.GlassID) (Holding, secret.Secret, error) {
	c, ok := policy.CallerOf(ctx)
	switch {
	case !ok:
		return Holding{}, secret.Secret{}, policy.ErrSignIn
	case c.Identity == 0:
		return Holding{}, secret.Secret{}, policy.ErrSomebody
	}
	return s.Store.Share(ctx, id, c.Identity)
}

// Kits are those that whoever calls may see.
func (s *Service) Kits(ctx context.Context) (list []Status, err error) {
	all, err := s.Store.Kits(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		err := s.Gate.Permit(ctx, readAction, object(ctx, &x, ""))
		switch {
		case err == nil:
			list = append(list, x)
		case !errors.Is(err, policy.ErrNoObject) && !errors.Is(err, policy.ErrDenied) && !errors.Is(err, policy.ErrLimited):
			return nil, err
		}
	}
	return list, nil
}

// object is what decisions about a kit are made on. A holder is who is asked to keep a share.
func object(ctx context.Context, x *Status, reason string) policy.Object {
	o := policy.Object{Resource: policy.Resource{Ref: x.ID.Ref(), Scope: x.Scope}, Reason: reason}
	c, _ := policy.CallerOf(ctx)
	if h, ok := x.holder(c.Identity); ok {
		o.Assignee = h.Identity
	}
	return o
}

// Object is what a decision about a kit is made on.
func (s *Service) Object(ctx context.Context, id access.GlassID, reason string) (policy.Object, error) {
	x, err := s.Store.Kit(ctx, id)
	if err != nil {
		return policy.Object{}, err
	}
	return object(ctx, &x, reason), nil
}

// Merge takes a record up that somebody brings, entry by entry. One that was merged whole is
// ErrMerged; of one that has grown since, what is new is taken.
func (s *Service) Merge(ctx context.Context, text []byte) (Break, error) {
	r, err := ReadRecord(text)
	if err != nil {
		return Break{}, err
	}
	if r.Kit.Verifier != s.Signer.Verifier() {
		return Break{}, ErrRecordForeign
	}
	o, err := s.Object(ctx, r.Kit.Kit, r.Entries[0].Reason)
	if errors.Is(err, ErrNoKit) { // made after the backup that the database is from
		o, err = policy.Object{Reason: r.Entries[0].Reason}, nil
	}
	if err != nil {
		return Break{}, err
	}
	if err := s.Gate.Permit(ctx, mergeAction, o); err != nil {
		return Break{}, err
	}
	b, last, err := s.Store.Merged(ctx, r.Opening())
	switch {
	case err != nil:
		return b, err
	case b.Entries > len(r.Entries):
		return b, ErrMerged.With("a longer record of this opening was merged already as %s", b.ID)
	case b.Entries > 0 && last != r.At(b.Entries-1):
		return b, ErrRecordForked
	case b.Entries == len(r.Entries):
		return b, ErrMerged.With("the record was merged already as %s, and nothing has been added to it since", b.ID)
	}
	for n := b.Entries; n < len(r.Entries); n++ {
		if b, err = s.Store.Take(ctx, r, n); err != nil {
			return b, err
		}
	}
	if s.Wake != nil && !b.Drill {
		s.Wake()
	}
	return b, nil
}
