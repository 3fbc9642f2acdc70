package inventory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// Due is something that is read by itself, and when next.
type Due struct {
	On access.Ref
	At time.Time
}

// DueList returns everything that is read by itself, what is due first.
func (s *Service) DueList(ctx context.Context) ([]Due, error) {
	systems, err := s.Store.Systems(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := s.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	worst, err := s.Store.WorstTiers(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading tiers: %w", err)
	}
	now := s.now()
	var list []Due
	add := func(on access.Ref, p Plan, state State, cycle time.Duration) {
		if at, ok := p.DueAt(on, state, cycle, now); ok {
			list = append(list, Due{on, at})
		}
	}
	for _, x := range sources {
		add(x.ID.Ref(), x.Plan, x.State, access.OrdinaryCycle)
	}
	for _, y := range systems {
		if y.Config.Credential == "prompt" {
			continue // there is nobody to ask
		}
		tier, ok := worst[y.ID]
		if !ok {
			tier = access.Tier3 // it gives nothing yet
		}
		add(y.ID.Ref(), y.Plan, y.State, tier.Cycle(y.Cycle))
	}
	slices.SortStableFunc(list, func(a, b Due) int { return a.At.Compare(b.At) })
	return list, nil
}

// Scheduler reads what is due. It never relies on one moment: whenever it wakes it asks
// what is due by then, so that what a node slept through is read when it wakes.
type Scheduler struct {
	List func(ctx context.Context) ([]Due, error)
	// Read reads one, and returns when that has ended. ErrBusy is that somebody else does.
	Read func(ctx context.Context, on access.Ref) error
	Now  func() time.Time
	Most int // read at once
}

// How long a scheduler sleeps at most, and what it could not begin rests.
const (
	lookAgain = 15 * time.Second
	restAfter = time.Minute
)

// scheduling is a scheduler at work.
type scheduling struct {
	*Scheduler
	under map[access.Ref]bool      // being read
	rests map[access.Ref]time.Time // until when
	ended chan access.Ref
}

// Run reads what is due until ctx ends, and waits for what it had begun.
func (s *Scheduler) Run(ctx context.Context) error {
	g := &scheduling{Scheduler: s, under: map[access.Ref]bool{}, rests: map[access.Ref]time.Time{}, ended: make(chan access.Ref)}
	for ctx.Err() == nil {
		sleep, err := g.begin(ctx)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "looking for what is due", "error", err)
		}
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
		case on := <-g.ended:
			delete(g.under, on)
		case <-timer.C:
		}
		timer.Stop()
	}
	for len(g.under) > 0 {
		delete(g.under, <-g.ended)
	}
	return nil
}

// begin begins to read what is due, as far as there is room, and returns how long there
// is nothing to do.
func (g *scheduling) begin(ctx context.Context) (sleep time.Duration, err error) {
	list, err := g.List(ctx)
	if err != nil {
		return lookAgain, err
	}
	now := g.Now()
	for _, d := range list {
		if g.under[d.On] || g.rests[d.On].After(now) {
			continue
		}
		if wait := d.At.Sub(now); wait > 0 {
			return min(wait, lookAgain), nil
		}
		if len(g.under) >= g.Most {
			return lookAgain, nil
		}
		g.under[d.On] = true
		g.rests[d.On] = now.Add(restAfter) // what ends without a trace is not begun at once again
		go func() {
			if err := g.Read(ctx, d.On); err != nil && ctx.Err() == nil && !errors.Is(err, ErrBusy) {
				slog.WarnContext(ctx, "reading by schedule", "on", d.On.String(), "code", fault.KindOf(err).String(), "error", err)
			}
			g.ended <- d.On
		}()
	}
	return lookAgain, nil
}

// ReadBySchedule reads a system or source as a run, and returns when that has ended.
func (r *Runs) ReadBySchedule(ctx context.Context, on access.Ref) error {
	_, over, err := r.Sync(ctx, on, SyncOptions{})
	if err != nil {
		return err
	}
	select {
	case <-over: // how it ended is kept
	case <-r.ended:
	}
	return nil
}
