package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// Store is what this package needs from a database.
type Store interface {
	SyncStore
	PeopleStore
	DoubtStore
	LinkStore
	RuleStore
	SystemStore
	RunStore

	// AddSource keeps a new one and returns its id, or ErrNameTaken.
	AddSource(ctx context.Context, s Source) (access.SourceID, error)
	// UpdateSource keeps another version of a source in place of the one that
	// src.Version names, or returns ErrChanged.
	UpdateSource(ctx context.Context, src Source) error
	Sources(ctx context.Context) ([]Source, error)
	// Names labels objects, those that are gone with what they were called last.
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	// FindIdentities lists the identities with exactly this number, email, login or
	// name; FindTargets the entitlements and resources with this name or native id,
	// in one system or, with "", in all. At most limit each.
	FindIdentities(ctx context.Context, text string, limit int) ([]access.IdentityID, error)
	FindTargets(ctx context.Context, system, text string, limit int) ([]access.Ref, error)
	// FindAccounts lists the accounts with this login or native id, in one system or,
	// with "", in all.
	FindAccounts(ctx context.Context, system, text string, limit int) ([]access.Ref, error)
	// Totals counts what is now.
	Totals(ctx context.Context) (Totals, error)
}

// Totals counts everything that the inventory holds now.
type Totals struct {
	Identities   map[access.IdentityKind]int64
	ThirdParties int64
	Accounts     int64
	Correlated   int64
	Entitlements int64
	Grants       int64
}

// Service brings in what is.
type Service struct {
	Store      Store
	Connectors map[string]connector.Spec
	People     map[string]func(connector.Config) (connector.PeopleReader, error)
	Credential func(ctx context.Context, system, reference string) (secret.Secret, error)
	Dir        string // for spools and rejects
	Now        func() time.Time
	Guard      Guard
	Members    Members // nil: systems are always read completely
	// Progress is told where a sync stands; total is 0 where it is not known.
	Progress func(what string, done, total int64)
	// Declared is what this node's configuration names.
	Declared Declared
	// Tiering tells which tiers a system that was never read would have; nil: nobody can.
	Tiering Tiering

	refused  func(error)            // takes what the guard says, and the sync goes on: it is a dry run
	rejected func(connector.Reject) // takes what would be rejected, likewise
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// telling is a service of its own whose work is told to fn, so that what is done at the
// same time is told apart.
func (s *Service) telling(fn func(what string, done, total int64)) *Service {
	own := *s
	own.Progress = fn
	return &own
}

func (s *Service) progress(what string, done, total int64) {
	if s.Progress != nil {
		s.Progress(what, done, total)
	}
}

// refuse is what becomes of the guard's word.
func (s *Service) refuse(err error) error {
	if err == nil || s.refused == nil {
		return err
	}
	s.refused(err)
	return nil
}

func (s *Service) guard() Guard {
	if s.Guard == (Guard{}) {
		return DefaultGuard
	}
	return s.Guard
}

func (y System) connector() string {
	if y.Connector != "" {
		return y.Connector
	}
	return y.Kind
}

// AddSource keeps a source of identities that may then be synced.
func (s *Service) AddSource(ctx context.Context, src Source) (access.SourceID, error) {
	if err := s.CheckSource(src); err != nil {
		return 0, err
	}
	id, err := s.Store.AddSource(ctx, src)
	if err != nil {
		return 0, fmt.Errorf("adding source %s: %w", src.Name, err)
	}
	return id, nil
}

// CheckSource reports what keeps a source from being added or changed to this.
func (s *Service) CheckSource(src Source) error {
	if strings.TrimSpace(src.Name) == "" {
		return access.ErrName.With("a source needs a name")
	}
	if _, ok := s.People[src.Kind]; !ok {
		return ErrUnknownKind.With("%q is not a kind of source that can be read; there are: %s", src.Kind, kinds(s.People))
	}
	return src.valid(s.now())
}

// UpdateSource keeps what a source, as Sources gave it, was changed to. What differs in
// where it is read and what counts most is seen by the next sync.
func (s *Service) UpdateSource(ctx context.Context, src Source) error {
	if err := s.CheckSource(src); err != nil {
		return err
	}
	if err := s.Store.UpdateSource(ctx, src); err != nil {
		return fmt.Errorf("changing source %s: %w", src.Name, err)
	}
	return nil
}

func kinds[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// Systems lists the systems by name.
func (s *Service) Systems(ctx context.Context) ([]System, error) { return s.Store.Systems(ctx) }

// Sources lists the sources by name.
func (s *Service) Sources(ctx context.Context) ([]Source, error) { return s.Store.Sources(ctx) }

// System finds a system by id or name.
func (s *Service) System(ctx context.Context, text string) (System, error) {
	y, found, err := s.Store.System(ctx, text)
	if err == nil && !found {
		err = ErrNotFound.With("no system is called %q: 'writ system list' shows them", text)
	}
	return y, err
}

// Source finds a source by id or name.
func (s *Service) Source(ctx context.Context, text string) (Source, error) {
	list, err := s.Store.Sources(ctx)
	if err != nil {
		return Source{}, err
	}
	for _, y := range list {
		if y.Name == text || y.ID.String() == text {
			return y, nil
		}
	}
	return Source{}, ErrNotFound.With("no source is called %q: 'writ source list' shows them", text)
}

// Names labels objects for people.
func (s *Service) Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error) {
	return s.Store.Names(ctx, refs)
}

// Totals counts everything that is now.
func (s *Service) Totals(ctx context.Context) (Totals, error) { return s.Store.Totals(ctx) }
