package authority

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/reserve"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// The actions.
const (
	readAuthority     = "authority.read"
	addAuthority      = "authority.add"
	changeAuthority   = "authority.change"
	grantAuthority    = "authority.grant"
	rotateAuthority   = "authority.rotate"
	signCertificate   = "certificate.sign"
	readCertificate   = "certificate.read"
	revokeCertificate = "certificate.revoke"
)

// Ring is what this package needs of the vault. It is a *keys.Ring.
type Ring interface {
	// Usable reports why nothing is opened, or nil.
	Usable() error
	// OnWipe has fn called whenever the vault is sealed.
	OnWipe(fn func())
}

// Config is what a Service is made of. All of it is needed but Graph, without which nobody
// has any right, Now, and Settled, which says up to which revision the graph and the gate
// know everything.
type Config struct {
	Store  Store
	Ring   Ring
	Gate   *policy.Gate
	Graph  *graph.Graph
	Origin string // of this installation, as what verifies reaches it
	Now    func() time.Time

	Settled func() access.Rev
}

// Service is the use cases.
type Service struct {
	Config
	keys ring
	kept atomic.Pointer[kept]
	ids  reserve.IDs[access.CertificateID, access.ChainID]
	crls lists
}

// New makes the service of a process.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Ring == nil || c.Gate == nil {
		return nil, errors.New("authorities need a store, a ring of keys and a gate")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{Config: c}
	s.keys = ring{keys: map[access.VersionID]*opened{}, usable: c.Ring.Usable, fetch: func(ctx context.Context, a *Authority, k Key) (secret.Secret, error) {
		return c.Store.OpenKey(ctx, a, k)
	}}
	c.Ring.OnWipe(s.keys.wipe)
	return s, nil
}

// keptFor is how long what was read of authorities is used without being read again, and
// where anything at all was changed since. What is signed by it is held against the database
// in its own transaction in any case.
const (
	keptFor      = time.Second
	keptForMoved = 20 * time.Millisecond
)

// kept is what was read of authorities and profiles, which nobody changes.
type kept struct {
	read        time.Time
	rev         access.Rev  // up to which everything was known before it was read
	at          access.Time // the store's time of it
	authorities map[access.AuthorityID]*Authority
	profiles    map[string]*Profile
	of          map[access.AuthorityID][]*Profile
}

// look is what is known of authorities and profiles; fresh is what is so now.
func (s *Service) look(ctx context.Context, fresh bool) (*kept, error) {
	rev := s.settled()
	if k := s.kept.Load(); k != nil && !fresh {
		age := time.Since(k.read)
		if age < keptForMoved || age < keptFor && k.rev == rev {
			return k, nil
		}
	}
	read := time.Now()
	all, err := s.Store.Kept(ctx)
	if err != nil {
		return nil, err
	}
	k := &kept{read: read, rev: rev, at: all.At, authorities: map[access.AuthorityID]*Authority{}, profiles: map[string]*Profile{}, of: map[access.AuthorityID][]*Profile{}}
	for i := range all.Authorities {
		k.authorities[all.Authorities[i].ID] = &all.Authorities[i]
	}
	for i := range all.Profiles {
		p := &all.Profiles[i]
		k.profiles[p.Name] = p
		k.of[p.Authority] = append(k.of[p.Authority], p)
	}
	s.kept.Store(k)
	return k, nil
}

// changed has what is known read again after a change.
func (s *Service) changed(err error) error {
	s.kept.Store(nil)
	return err
}

// settled is up to which revision everything is known that decisions are made on; zero is
// that nobody says.
func (s *Service) settled() access.Rev {
	if s.Settled == nil {
		return 0
	}
	return s.Settled()
}

func (s *Service) now() access.Time { return access.TimeOf(s.Now()) }

// view is what is known of who holds what; nil where there is none.
func (s *Service) view() *graph.View {
	if s.Graph == nil {
		return nil
	}
	return s.Graph.View()
}

// by is the right that somebody has among some, by one view of who holds what: the one that
// ends last.
func by(v *graph.View, rights []Right, who access.IdentityID, at access.Time) (r Right, has bool) {
	for _, x := range rights {
		if x.Ends != 0 && x.Ends <= at || has && (r.Ends == 0 || x.Ends != 0 && x.Ends <= r.Ends) {
			continue
		}
		if policy.Holds(v, x.Holder, who) {
			r, has = x, true
		}
	}
	return r, has
}

// Mine reports whether whoever calls has a right by a profile.
func (s *Service) Mine(ctx context.Context, p *Profile) bool {
	c, _ := policy.CallerOf(ctx)
	if c.Identity == 0 {
		return false
	}
	_, has := by(s.view(), p.Rights, c.Identity, s.now())
	return has
}

// object is what decisions about an authority are made on.
func object(v *graph.View, a *Authority, reason string) policy.Object {
	return policy.Object{Reason: reason, Resource: policy.Resource{Ref: a.ID.Ref(), Kind: string(a.Kind), Scope: a.Scope, Owner: policy.Answering(v, a.Owner, a.Deputy)}}
}

// Object is what a decision about an authority is made on. Who has a right by any of its
// profiles is eligible.
func (s *Service) Object(ctx context.Context, id access.AuthorityID, reason string) (policy.Object, error) {
	k, err := s.look(ctx, true)
	if err != nil {
		return policy.Object{}, err
	}
	return s.objectIn(ctx, k, id, reason)
}

func (s *Service) objectIn(ctx context.Context, k *kept, id access.AuthorityID, reason string) (policy.Object, error) {
	a, ok := k.authorities[id]
	if !ok {
		return policy.Object{}, ErrNoAuthority
	}
	v := s.view()
	o := object(v, a, reason)
	c, _ := policy.CallerOf(ctx)
	for _, p := range k.of[id] {
		if _, has := by(v, p.Rights, c.Identity, s.now()); has {
			o.Eligible = c.Identity
		}
	}
	return o, nil
}

// ProfileObject is what a decision about a profile is made on: it is about the access of
// everybody who has a right by it. One that is not there yet is about nobody's.
func (s *Service) ProfileObject(ctx context.Context, id access.AuthorityID, name, reason string, more ...access.Ref) (policy.Object, error) {
	k, err := s.look(ctx, true)
	if err != nil {
		return policy.Object{}, err
	}
	o, err := s.objectIn(ctx, k, id, reason)
	if err != nil {
		return o, err
	}
	o.Subjects = more
	if p, ok := k.profiles[name]; ok && p.Authority == id && len(more) == 0 {
		for _, r := range p.Rights {
			o.Subjects = append(o.Subjects, r.Holder)
		}
	}
	if len(o.Subjects) == 0 {
		o.Subjects = []access.Ref{id.Ref()}
	}
	return o, nil
}

// Shown is an authority, its profiles, and what is so at a time.
type Shown struct {
	Authority
	Profiles []*Profile
	At       access.Time
}

// Authorities are those that whoever calls may see.
func (s *Service) Authorities(ctx context.Context) (list []Shown, err error) {
	k, err := s.look(ctx, true)
	if err != nil {
		return nil, err
	}
	at, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	for id, a := range k.authorities {
		o, err := s.objectIn(ctx, k, id, "")
		if err != nil {
			return nil, err
		}
		if s.Gate.Permit(ctx, readAuthority, o) == nil {
			list = append(list, Shown{*a, k.of[id], at})
		}
	}
	return list, nil
}

// Authority is one of them. Whoever calls was asked whether they may see it.
func (s *Service) Authority(ctx context.Context, id access.AuthorityID) (Shown, error) {
	k, err := s.look(ctx, true)
	if err != nil {
		return Shown{}, err
	}
	a, ok := k.authorities[id]
	if !ok {
		return Shown{}, ErrNoAuthority
	}
	at, err := s.Store.Now(ctx)
	return Shown{*a, k.of[id], at}, err
}
