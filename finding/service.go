package finding

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Store is what this package needs from a database.
type Store interface {
	// OwnTiers returns entitlements' own tiers: of all where none is named.
	OwnTiers(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]access.Tier, error)
	// Drifted returns what of people is no longer as it was verified: of all where none is
	// named.
	Drifted(ctx context.Context, of []access.IdentityID) (map[access.IdentityID][]Drift, error)
	// Outside is what the graph has nothing of.
	Outside(ctx context.Context) (Outside, error)
	// Kept returns every finding that is not resolved, by rule and subject.
	Kept(ctx context.Context) (map[Key]Kept, error)
	// KeptOf returns those of some rules and subjects, as Kept does.
	KeptOf(ctx context.Context, keys []Key) (map[Key]Kept, error)
	// Ended returns the accepted findings whose end has come.
	Ended(ctx context.Context, now access.Time) (map[Key]Kept, error)
	// Reconcile opens, renews, reopens and resolves findings in one bulk change, and
	// returns the keys of those that somebody else has changed since they were
	// read: they are left as they are.
	Reconcile(ctx context.Context, changes []Change) (lost []Key, err error)
	// List returns findings that are not resolved, worst and earliest due first.
	List(ctx context.Context, f Filter) ([]Finding, error)
	Shelf
}

// Key is what makes a finding one finding.
type Key struct {
	Rule    string
	Subject access.Ref
}

// Digest stands for a finding's content.
type Digest [16]byte

// Kept is what is compared with a draft.
type Kept struct {
	ID            access.FindingID
	Version       int64 // of the row that was read
	Digest        Digest
	Status        Status
	AcceptedUntil access.Time
	Accepted      *Draft // what was accepted, if it is
}

// Change is one finding to write. Without Draft it is resolved; without ID it is new.
type Change struct {
	Key
	ID       access.FindingID
	Version  int64 // the row that it replaces
	Draft    *Draft
	Digest   Digest
	Function access.Function
	Days     int
	Reopen   bool
	Accept   *Exception // it is accepted, until then
}

// Filter narrows a list. Zero fields do not narrow.
type Filter struct {
	Rule     string
	Severity access.Severity
	Function access.Function
	System   access.SystemID
	Status   Status
	Limit    int // 0 is all
}

// Service keeps findings current. It remembers what it found last, so that the next
// time costs what changed since; a service that is made anew begins anew.
type Service struct {
	Store  Store
	Graph  *graph.Graph
	Now    func() time.Time
	Limits Limits
	// Progress is told how many accounts and identities were looked at, of how many,
	// where all are.
	Progress func(done, total int64)

	mu   sync.Mutex
	last *derivation // nil where nothing is known
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Service) limits() Limits {
	if s.Limits == (Limits{}) {
		return DefaultLimits
	}
	return s.Limits
}

// Refresh brings what is kept up to what rules find now, and returns how much of it
// differed.
func (s *Service) Refresh(ctx context.Context) (changed int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	view := s.Graph.View()
	now := access.TimeOf(s.now())
	d := s.last
	s.last = nil // an error leaves nothing half done: the next time begins anew
	if d != nil && now >= d.now && now <= d.until {
		if refs, known := s.Graph.Between(d.view, view); known {
			changed, err = s.advance(ctx, d, view, refs, now)
			if err == nil {
				s.last = d
			}
			return changed, err
		}
	}
	own, err := s.Store.OwnTiers(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("reading tiers: %w", err)
	}
	d = derive(view, own, now, s.limits())
	if d.facts.drift, err = s.Store.Drifted(ctx, nil); err != nil {
		return 0, fmt.Errorf("reading what drifted: %w", err)
	}
	if d.facts.Outside, err = s.Store.Outside(ctx); err != nil {
		return 0, fmt.Errorf("reading what is beside the graph: %w", err)
	}
	if changed, err = s.everything(ctx, d); err == nil {
		s.last = d
	}
	return changed, err
}

// progressUnits is how many holders lie between two tellings.
const progressUnits = 10_000

// everything reconciles all that is kept with all that is found.
func (s *Service) everything(ctx context.Context, d *derivation) (int, error) {
	kept, err := s.Store.Kept(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading findings: %w", err)
	}
	r := s.reconciling(ctx, d.now)
	looked := int64(0)
	for f := range d.all() {
		if kind := f.unit.Kind; kind == access.KindAccount || kind == access.KindIdentity {
			if looked++; looked%progressUnits == 0 && s.Progress != nil {
				s.Progress(looked, d.holders)
			}
		}
		if err := errors.Join(f.err, ctx.Err()); err != nil {
			return r.written, err
		}
		d.keep(f)
		for i, m := range f.marks {
			was, had := kept[m.key]
			delete(kept, m.key)
			if err := r.compare(m, &f.drafts[i].Draft, was, had); err != nil {
				return r.written, err
			}
		}
	}
	for key, was := range kept {
		if err := r.resolve(key, was); err != nil {
			return r.written, err
		}
	}
	return r.written, r.flush()
}

// advance goes on to a later view and reconciles what differs in it.
func (s *Service) advance(ctx context.Context, d *derivation, view *graph.View, changed []access.Ref, now access.Time) (int, error) {
	own := map[access.EntitlementID]access.Tier{}
	var entitlements []access.EntitlementID
	for _, ref := range changed {
		if ref.Kind == access.KindEntitlement {
			entitlements = append(entitlements, access.EntitlementID(ref.Key))
		}
	}
	var err error
	if len(entitlements) > 0 {
		if own, err = s.Store.OwnTiers(ctx, entitlements); err != nil {
			return 0, fmt.Errorf("reading tiers: %w", err)
		}
	}
	if err := s.drift(ctx, d, changed); err != nil {
		return 0, err
	}
	outside, err := s.Store.Outside(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading what is beside the graph: %w", err)
	}
	differ, err := d.differ(d.step(view, changed, outside, own, now))
	if err != nil {
		return 0, err
	}
	ended, err := s.Store.Ended(ctx, now)
	if err != nil {
		return 0, fmt.Errorf("reading what was accepted: %w", err)
	}
	r := s.reconciling(ctx, now)
	if err := r.settle(differ, ended); err != nil {
		return r.written, err
	}
	return r.written, r.flush()
}

// drift brings up to now what drifted of those who changed.
func (s *Service) drift(ctx context.Context, d *derivation, changed []access.Ref) error {
	people := []access.IdentityID{}
	for _, ref := range changed {
		if ref.Kind == access.KindIdentity {
			people = append(people, access.IdentityID(ref.Key))
			delete(d.facts.drift, access.IdentityID(ref.Key))
		}
	}
	is, err := s.Store.Drifted(ctx, people)
	if err != nil {
		return fmt.Errorf("reading what drifted: %w", err)
	}
	maps.Copy(d.facts.drift, is)
	return nil
}

// List returns findings that are not resolved.
func (s *Service) List(ctx context.Context, f Filter) ([]Finding, error) { return s.Store.List(ctx, f) }

const longestAcceptance = 366 * 24 * time.Hour

// Accept keeps that a risk is accepted, by whom the context says, until a date. Version
// is the one that they have seen; zero is whichever there is.
func (s *Service) Accept(ctx context.Context, id access.FindingID, version int64, reason string, until time.Time) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason
	}
	if now := s.now(); !until.After(now) || until.Sub(now) > longestAcceptance {
		return ErrUntil
	}
	return s.Store.Accept(ctx, id, version, reason, access.TimeOf(until))
}

// Reopen ends that a risk is accepted, before its end.
func (s *Service) Reopen(ctx context.Context, id access.FindingID, version int64, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason.With("ending an acceptance needs a reason")
	}
	return s.Store.Reopen(ctx, id, version, reason)
}

// Assign makes somebody the owner of a finding, who stays that whatever its rule finds
// later. Nobody is the function itself.
func (s *Service) Assign(ctx context.Context, id access.FindingID, version int64, owner access.IdentityID) error {
	if owner != 0 {
		v := s.Graph.View()
		defer v.Close()
		if n, ok := v.Identity(owner); !ok || n.Kind != access.Human || !n.State.MayHoldAccess() {
			return ErrOwner
		}
	}
	return s.Store.Assign(ctx, id, version, owner)
}
