package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/writhq/writ/access"
)

// Store is what this package needs from a database.
type Store interface {
	// People tells what rules may look at of everybody, or of some, and the revision that
	// it is of. Of several positions that somebody has at once, the first counts.
	People(ctx context.Context, some []access.IdentityID, take func(Person) error) (access.Rev, error)
	// Roles are all roles that are published.
	Roles(ctx context.Context) ([]access.Role, error)
	// Changes are what concerns this package of all that changed after a revision.
	Changes(ctx context.Context, since access.Rev) (Changes, error)
	// Holdings reads what is kept of some identities, in their order.
	Holdings(ctx context.Context, ids []access.IdentityID, take func(Holding, access.Time) error) error
	// Systems tells in which systems entitlements are.
	Systems(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]access.SystemID, error)
	RuleStore
	HoldStore
	GuardStore
	MappingStore
	EventStore
	ExceptionStore
}

// Names is where objects' names are looked up.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

// Changes are what happened after a revision, as far as it concerns what people have.
type Changes struct {
	Rev    access.Rev          // up to which
	People []access.IdentityID // of whom something that rules look at may have changed, in order
	Beside []access.IdentityID // of whom something else did: accounts, what justifies their access
	Rules  bool                // a birthright rule changed
	Maps   bool                // a mapping did
	Roles  bool                // what a role gives did
	By     []string            // who changed any of it, as audit actors
}

// Service keeps birthright rules, and what everybody should have by them.
type Service struct {
	Store    Store
	Names    Names
	Settings Settings
	Now      func() time.Time

	mu      sync.Mutex
	desired *Desired
	rules   []Rule
	roles   []access.Role
	rev     access.Rev
	led     bool     // somebody compares what is followed
	pending followed // for them
}

// Read builds a crowd from the store.
func Read(ctx context.Context, s Store) (*Crowd, access.Rev, error) {
	c := NewCrowd()
	rev, err := s.People(ctx, nil, func(p Person) error {
		c.Put(p)
		return nil
	})
	return c, rev, err
}

// current is desired state by all that is committed and has its revision, the rules and
// the roles. What is new since the last time is told, if anybody wants to know.
func (s *Service) current(ctx context.Context) (*Desired, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.desired == nil {
		err := s.anew(ctx)
		return s.desired, err
	}
	return s.desired, s.follow(ctx)
}

// all is everybody, read anew. From now on what is followed is remembered until next asks.
func (s *Service) all(ctx context.Context) (followed, *Desired, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.led, s.pending = true, followed{}
	if err := s.anew(ctx); err != nil {
		return followed{}, nil, err
	}
	return s.taken(), s.desired, nil
}

// next is who is concerned by what changed since the last time.
func (s *Service) next(ctx context.Context) (f followed, d *Desired, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.desired == nil { // whoever else looked has met an error
		err = s.anew(ctx)
	} else {
		err = s.follow(ctx)
	}
	if err != nil {
		return f, nil, err
	}
	return s.taken(), s.desired, nil
}

// taken hands over what was remembered.
func (s *Service) taken() (f followed) {
	f, s.pending = s.pending, followed{}
	f.rev = s.rev
	return f
}

// ended forgets what is remembered for nobody.
func (s *Service) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.led, s.pending = false, followed{}
}

// anew reads everybody.
func (s *Service) anew(ctx context.Context) error {
	crowd, rev, err := Read(ctx, s.Store)
	if err != nil {
		return err
	}
	if err := s.reread(ctx); err != nil {
		return err
	}
	d, err := NewDesired(crowd, s.rules, s.roles)
	if err != nil {
		return err
	}
	if err := s.remap(ctx, d); err != nil {
		return err
	}
	s.desired, s.rev = d, rev
	if s.led {
		s.pending.concerned = d.everybody()
	}
	return nil
}

// reread reads the rules and roles. They may be newer than what was followed: then they
// are read once more when that is reached.
func (s *Service) reread(ctx context.Context) (err error) {
	if s.rules, err = s.Store.Rules(ctx); err != nil {
		return fmt.Errorf("reading birthright rules: %w", err)
	}
	if s.roles, err = s.Store.Roles(ctx); err != nil {
		return fmt.Errorf("reading roles: %w", err)
	}
	return nil
}

// remap reads the mappings, and where the entitlements are that rules and roles give.
func (s *Service) remap(ctx context.Context, d *Desired) error {
	mappings, err := s.Store.Mappings(ctx)
	if err != nil {
		return fmt.Errorf("reading mappings: %w", err)
	}
	systems, err := s.Store.Systems(ctx, d.given())
	if err != nil {
		return fmt.Errorf("reading where entitlements are: %w", err)
	}
	return d.Map(mappings, systems)
}

// followed is what was taken in, and not compared yet.
type followed struct {
	rev       access.Rev          // up to which
	by        []string            // who changed anything
	concerned []access.IdentityID // whose desired state may be another one
}

// follow takes in what changed. An error leaves nothing half taken in: everything is read
// anew the next time.
func (s *Service) follow(ctx context.Context) (err error) {
	c, err := s.Store.Changes(ctx, s.rev)
	if err != nil {
		return fmt.Errorf("following what changed: %w", err)
	}
	concerned, err := s.take(ctx, c)
	if err != nil {
		s.desired = nil
		return err
	}
	s.rev = c.Rev
	if s.led {
		s.pending.concerned = together(s.pending.concerned, concerned)
		s.pending.by = append(s.pending.by, c.By...)
	}
	return nil
}

func (s *Service) take(ctx context.Context, c Changes) (concerned []access.IdentityID, err error) {
	if len(c.People) > 0 {
		gone := map[access.IdentityID]bool{}
		for _, id := range c.People {
			gone[id] = true
		}
		var people []Person
		_, err := s.Store.People(ctx, c.People, func(p Person) error {
			delete(gone, p.ID)
			people = append(people, p)
			return nil
		})
		if err != nil {
			return nil, err
		}
		s.desired.Follow(people, slices.DeleteFunc(slices.Clone(c.People), func(id access.IdentityID) bool { return !gone[id] }))
	}
	concerned = together(c.People, c.Beside)
	if !c.Rules && !c.Roles {
		if !c.Maps {
			return concerned, nil
		}
		return s.desired.everybody(), s.remap(ctx, s.desired)
	}
	if err := s.reread(ctx); err != nil {
		return nil, err
	}
	diff, err := s.desired.Change(s.rules, s.roles)
	if err != nil {
		return nil, err
	}
	if c.Maps {
		concerned = s.desired.everybody()
	}
	return together(concerned, diff.People()), s.remap(ctx, s.desired)
}

// together are the members of both lists, each once, in order.
func together(a, b []access.IdentityID) []access.IdentityID {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}
