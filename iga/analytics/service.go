package analytics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// What asking can meet.
var (
	ErrDays      = fault.New(fault.Invalid, "analytics-days", "the period is a number of days from 1 to 3660")
	ErrNothing   = fault.New(fault.Invalid, "analytics-entitlement", "name at least one entitlement, 100 at most")
	ErrNoSuchOne = fault.New(fault.NotFound, "analytics-unknown", "there is no such entitlement")
)

// Store is what this package needs from a database.
type Store interface {
	// People tells of everybody who may hold access what they may be alike in. The
	// slice is good until take returns.
	People(ctx context.Context, take func(id access.IdentityID, traits []Trait) error) error
	// Young are the grants that were never used, as far as is known, and that were not
	// known at a time.
	Young(ctx context.Context, at access.Time) (map[access.GrantID]bool, error)
	// Movers tells of some people, or of all whose unit ever changed, where they were
	// and what they and their accounts were given.
	Movers(ctx context.Context, some []access.IdentityID, take func(Mover) error) error
}

// Limits are what counts as standing out.
type Limits struct {
	Least int     // people in a peer group
	Share float64 // of peers who have it, that an outlier has at most
	Days  int     // in which something was used or not
}

// Usual are the limits that hold where nobody says otherwise.
var Usual = Limits{Least: 10, Share: 0.05, Days: 90}

// Service answers, and remembers what it worked out last. What it remembers is worked out
// anew when facts have changed since, unless it is younger than ten times as long as that
// takes: at most a tenth of the time goes into it.
type Service struct {
	Store Store
	Graph *graph.Graph
	Rules Rules
	Now   func() time.Time
	// Progress is told what is being done; it may be nil.
	Progress func(step string)

	mu     sync.Mutex
	peers  remembered[*standing]
	unused map[int]*remembered[*Usage] // by days
	creep  remembered[*creep]
}

// standing is the peer groups and their outliers.
type standing struct {
	*Peers
	when     period
	outliers []found
}

// remembered is an answer, when it was made and how long that took.
type remembered[T any] struct {
	answer T
	rev    access.Rev
	at     time.Time
	took   time.Duration
	made   bool
}

// patience is how many times as long as an answer took it is good for, though facts changed.
const patience = 10

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Service) step(what string) {
	if s.Progress != nil {
		s.Progress(what)
	}
}

// recall returns what is remembered where it is good enough, or makes it anew.
func recall[T any](s *Service, r *remembered[T], make func(v *graph.View) (T, error)) (T, error) {
	v := s.Graph.View()
	if r.made && (r.rev == v.Rev() && s.now().Sub(r.at) < time.Hour || s.now().Sub(r.at) < patience*r.took) {
		return r.answer, nil
	}
	begun := time.Now()
	answer, err := make(v)
	if err != nil {
		return answer, err
	}
	*r = remembered[T]{answer, v.Rev(), s.now(), time.Since(begun), true}
	return answer, nil
}

func (s *Service) period(ctx context.Context, n int) (period, error) {
	if n < 1 || n > 3660 {
		return period{}, ErrDays
	}
	now := access.TimeOf(s.now())
	p := period{now: now, since: now - days(n)}
	var err error
	if p.young, err = s.Store.Young(ctx, p.since); err != nil {
		return p, fmt.Errorf("reading which grants are young: %w", err)
	}
	return p, nil
}

// standing is the peer groups with their outliers.
func (s *Service) standing(ctx context.Context) (*standing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stand(ctx)
}

func (s *Service) stand(ctx context.Context) (*standing, error) {
	return recall(s, &s.peers, func(v *graph.View) (*standing, error) {
		s.step("reading people")
		p, err := readPopulation(ctx, s.Store)
		if err != nil {
			return nil, fmt.Errorf("reading what people are alike in: %w", err)
		}
		s.step("comparing peers")
		peers := &Peers{v: v, rev: v.Rev(), p: p, least: Usual.Least}
		if peers.held, err = holdings(ctx, v, p); err != nil {
			return nil, err
		}
		peers.chain = choose(p, peers.held, peers.least)
		when, err := s.period(ctx, Usual.Days)
		if err != nil {
			return nil, err
		}
		st := &standing{Peers: peers, when: when}
		st.outliers, err = peers.outliers(ctx, Usual.Share, when)
		return st, err
	})
}

// usage is how access was used in the last days.
func (s *Service) usage(ctx context.Context, n int) (*Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unused == nil || s.unused[n] == nil && len(s.unused) >= rememberedPeriods {
		s.unused = map[int]*remembered[*Usage]{}
	}
	if s.unused[n] == nil {
		s.unused[n] = &remembered[*Usage]{}
	}
	s.step("looking at use")
	return recall(s, s.unused[n], func(v *graph.View) (*Usage, error) {
		when, err := s.period(ctx, n)
		if err != nil {
			return nil, err
		}
		return usage(ctx, v, when)
	})
}

// rememberedPeriods bounds of how many periods the usage is remembered.
const rememberedPeriods = 4

// crept is what everybody kept who ever moved.
func (s *Service) crept(ctx context.Context) (*standing, *creep, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.stand(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.step("following who moved")
	c, err := recall(s, &s.creep, func(*graph.View) (*creep, error) {
		return creepOf(ctx, st.Peers, s.Store, access.TimeOf(s.now()))
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading who moved: %w", err)
	}
	return st, c, nil
}

// RuleWhatIf says what a rule would have taken, and from whom who used it.
func (s *Service) RuleWhatIf(ctx context.Context, q RuleQuestion) ([]RuleAnswer, access.Rev, error) {
	list := q.distinct()
	if len(list) == 0 || len(list) > 100 {
		return nil, 0, ErrNothing
	}
	v := s.Graph.View()
	for _, id := range list {
		if _, there := v.Entitlement(id); !there {
			return nil, 0, ErrNoSuchOne.With("there is no entitlement %s", id)
		}
	}
	when, err := s.period(ctx, q.Days)
	if err != nil {
		return nil, 0, err
	}
	members, doubtful, err := s.Rules.Matching(ctx, q.Condition)
	if err != nil {
		return nil, 0, err
	}
	keep, unclear := bitmapOf(members), bitmapOf(doubtful)
	var answers []RuleAnswer
	for _, id := range list {
		answers = append(answers, ruleAnswer(v, id, keep, unclear, when))
	}
	return answers, v.Rev(), nil
}
