package finding

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Store is what this package needs from a database.
type Store interface {
	OwnTiers(ctx context.Context) (map[access.EntitlementID]access.Tier, error)
	// Kept returns every finding that is not resolved, by rule and subject.
	Kept(ctx context.Context) (map[Key]Kept, error)
	// Reconcile opens, renews, reopens and resolves findings in one bulk change.
	Reconcile(ctx context.Context, changes []Change) error
	// List returns findings that are not resolved, worst and earliest due first.
	List(ctx context.Context, f Filter) ([]Finding, error)
	// Accept marks an open finding as accepted, or returns ErrNotFound.
	Accept(ctx context.Context, id access.FindingID, reason string, until access.Time) error
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
	Digest        Digest
	Status        Status
	AcceptedUntil access.Time
	Accepted      *Draft // severity and evidence that were accepted, if it is
}

// Change is one finding to write. Without Draft it is resolved; without ID it is new.
type Change struct {
	ID       access.FindingID
	Draft    *Draft
	Digest   Digest
	Function access.Function
	Days     int
	Reopen   bool
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

// Service keeps findings current.
type Service struct {
	Store  Store
	Graph  *graph.Graph
	Now    func() time.Time
	Limits Limits
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Refresh runs every rule and reconciles what is kept with what they find.
func (s *Service) Refresh(ctx context.Context) (changed int, err error) {
	own, err := s.Store.OwnTiers(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading tiers: %w", err)
	}
	limits := s.Limits
	if limits == (Limits{}) {
		limits = DefaultLimits
	}
	view := s.Graph.View()
	drafts := Check(view, own, s.now(), limits)
	view.Close()
	return s.Reconcile(ctx, drafts)
}

// Reconcile makes what is kept what was found, and returns how much differed.
func (s *Service) Reconcile(ctx context.Context, drafts []Draft) (changed int, err error) {
	kept, err := s.Store.Kept(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading findings: %w", err)
	}
	changes, err := compare(drafts, kept, access.TimeOf(s.now()))
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	if err := s.Store.Reconcile(ctx, changes); err != nil {
		return 0, fmt.Errorf("keeping findings: %w", err)
	}
	return len(changes), nil
}

// compare finds what to write so that what is kept is what was found.
func compare(drafts []Draft, kept map[Key]Kept, now access.Time) ([]Change, error) {
	var changes []Change
	seen := make(map[Key]bool, len(drafts))
	for i := range drafts {
		d := &drafts[i]
		key := Key{d.Rule, d.Subject}
		if seen[key] {
			return nil, fmt.Errorf("rule %s found %s twice", d.Rule, d.Subject)
		}
		seen[key] = true
		digest, err := digestOf(d)
		if err != nil {
			return nil, err
		}
		rule, _ := RuleOf(d.Rule)
		was, had := kept[key]
		reopen := had && was.Status == Accepted && (was.AcceptedUntil <= now || grew(was.Accepted, d))
		if had && was.Digest == digest && !reopen {
			continue
		}
		changes = append(changes, Change{ID: was.ID, Draft: d, Digest: digest, Function: rule.Function, Days: rule.Days, Reopen: reopen})
	}
	for key, was := range kept {
		if !seen[key] {
			changes = append(changes, Change{ID: was.ID})
		}
	}
	return changes, nil
}

// grew reports whether a gap is worse than it was, or is of more: what somebody
// accepted was that which they saw.
func grew(was, is *Draft) bool {
	if was == nil {
		return false
	}
	if is.Severity.Worse(was.Severity) {
		return true
	}
	seen := map[access.Ref]bool{}
	for _, e := range was.Evidence {
		for _, r := range e.Refs {
			seen[r] = true
		}
	}
	for _, e := range is.Evidence {
		if slices.ContainsFunc(e.Refs, func(r access.Ref) bool { return !seen[r] }) {
			return true
		}
	}
	return false
}

func digestOf(d *Draft) (Digest, error) {
	b, err := json.Marshal(d)
	sum := sha256.Sum256(b)
	return Digest(sum[:16]), err
}

// List returns findings that are not resolved.
func (s *Service) List(ctx context.Context, f Filter) ([]Finding, error) { return s.Store.List(ctx, f) }

const longestAcceptance = 366 * 24 * time.Hour

// Accept keeps that a risk is accepted, by whom the context says, until a date.
func (s *Service) Accept(ctx context.Context, id access.FindingID, reason string, until time.Time) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason
	}
	if now := s.now(); !until.After(now) || until.Sub(now) > longestAcceptance {
		return ErrUntil
	}
	return s.Store.Accept(ctx, id, reason, access.TimeOf(until))
}
