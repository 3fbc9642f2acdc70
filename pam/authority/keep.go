package authority

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// Maker makes the key of a number, of an authority, at a time. Whoever calls wipes the
// private half.
type Maker func(id access.AuthorityID, number int, at access.Time) (k Key, private secret.Secret, err error)

// Turn says how keys follow each other.
type Turn struct {
	Publish time.Duration // how long the next key is published before it signs
	Overlap time.Duration // how long the one before is trusted after it signed last
}

// longestTurn bounds a turn.
const longestTurn = 90 * 24 * time.Hour

// maker makes keys of an authority.
func (a *Authority) maker() Maker {
	return func(id access.AuthorityID, number int, at access.Time) (k Key, private secret.Secret, err error) {
		private, public, err := a.Algorithm.generated()
		if err != nil {
			return k, private, err
		}
		k = Key{Number: number, Public: public, Signs: at}
		if a.Kind == X509Client {
			if k.Certificate, err = root(id, number, private, at); err != nil {
				private.Wipe()
			}
		}
		return k, private, err
	}
}

// Add keeps a new authority, with a key that nobody has seen.
func (s *Service) Add(ctx context.Context, a Authority, reason string) (access.AuthorityID, error) {
	if err := a.Validate(); err != nil {
		return 0, err
	}
	if err := s.Ring.Usable(); err != nil {
		return 0, err
	}
	id, err := s.Store.AddAuthority(ctx, a, a.maker(), reason)
	return id, s.changed(err)
}

// Rotate gives an authority its next key. It is published at once, signs after a while, and
// the one before stays trusted until what it signed is over. Where a next key waits already
// it is that one whose time is said anew.
func (s *Service) Rotate(ctx context.Context, id access.AuthorityID, t Turn, reason string) error {
	k, err := s.look(ctx, true)
	if err != nil {
		return err
	}
	a, ok := k.authorities[id]
	switch {
	case !ok:
		return ErrNoAuthority
	case t.Publish < 0 || t.Overlap < 0 || t.Publish > longestTurn || t.Overlap > longestTurn:
		return ErrRotation.With("the next key is published, and the one before trusted, for up to %s", access.Lasting(longestTurn))
	}
	if err := s.Ring.Usable(); err != nil {
		return err
	}
	return s.changed(s.Store.AddKey(ctx, id, a.maker(), t, reason))
}

// PutProfile keeps a profile of an authority, by its name.
func (s *Service) PutProfile(ctx context.Context, p Profile, reason string) error {
	k, err := s.look(ctx, true)
	if err != nil {
		return err
	}
	a, ok := k.authorities[p.Authority]
	if !ok {
		return ErrNoAuthority
	}
	if err := p.Validate(a.Kind); err != nil {
		return err
	}
	if p.LoginsOf != 0 {
		if v := s.view(); v != nil {
			if _, there := v.System(p.LoginsOf); !there {
				return ErrProfile.With("there is no system %s", p.LoginsOf)
			}
		}
	}
	if was, there := k.profiles[p.Name]; there {
		if was.Authority != p.Authority {
			return ErrProfileName
		}
		p.ID = was.ID
		if p.Version == 0 {
			p.Version = was.Version
		}
	}
	_, err = s.Store.PutProfile(ctx, p, reason)
	return s.changed(err)
}

// profile finds a profile of an authority by its name.
func (s *Service) profile(ctx context.Context, id access.AuthorityID, name string) (*Profile, error) {
	k, err := s.look(ctx, true)
	if err != nil {
		return nil, err
	}
	p, ok := k.profiles[name]
	if !ok || p.Authority != id {
		return nil, ErrNoProfile
	}
	return p, nil
}

// RemoveProfile ends a profile. What was signed by it stays good until its end.
func (s *Service) RemoveProfile(ctx context.Context, id access.AuthorityID, name, reason string) error {
	p, err := s.profile(ctx, id, name)
	if err != nil {
		return err
	}
	return s.changed(s.Store.RemoveProfile(ctx, p.ID, reason))
}

// Grant gives somebody, or whoever holds something, a right by a profile.
func (s *Service) Grant(ctx context.Context, id access.AuthorityID, name string, r Right) error {
	p, err := s.profile(ctx, id, name)
	if err != nil {
		return err
	}
	if v := s.view(); v != nil {
		if _, ok := policy.ObjectOf(v, r.Holder); !ok {
			return ErrRight.With("there is nobody and nothing with the id %s that could have a right", r.Holder)
		}
	}
	r.Profile = p.ID
	return s.changed(s.Store.Grant(ctx, r))
}

// Withdraw ends a right.
func (s *Service) Withdraw(ctx context.Context, id access.AuthorityID, name string, r Right) error {
	p, err := s.profile(ctx, id, name)
	if err != nil {
		return err
	}
	r.Profile = p.ID
	return s.changed(s.Store.Withdraw(ctx, r, r.Reason))
}
