package inventory

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// Runs carries out tests, dry runs and syncs in the background, one at a time of each
// system or source.
type Runs struct {
	service *Service
	jobs    chan job
	ended   chan struct{} // closed when nothing is carried out any more

	mu   sync.Mutex
	live map[access.RunID]*liveRun // on this node
}

// liveRun is a run that this node is at.
type liveRun struct {
	cancel context.CancelCauseFunc

	mu  sync.Mutex
	run Run
}

type job struct {
	run   Run
	actor audit.Actor
	do    func(ctx context.Context, s *Service) (Outcome, error)
	over  chan Run // takes the run once it has ended
}

// NewRuns returns the runs of a service. They go on while Run does.
func NewRuns(s *Service) *Runs {
	return &Runs{service: s, jobs: make(chan job), ended: make(chan struct{}), live: map[access.RunID]*liveRun{}}
}

// A run that nobody has heard of for a while was its node's last.
const (
	runAlive = 30 * time.Second
	runBeat  = 2 * time.Second
)

// Run carries out what is started until ctx ends, and then waits for what it had begun.
func (r *Runs) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	defer close(r.ended)
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-r.jobs:
			all.Go(func() { r.carryOut(ctx, j) })
		}
	}
}

// Test starts a test of a system, Dry a dry run, and Sync a sync of a system or source.
// Each returns as soon as it has begun; over takes the run when it has ended.
func (r *Runs) Test(ctx context.Context, id access.SystemID) (run Run, over <-chan Run, err error) {
	return r.start(ctx, Run{Kind: TestRun, On: id.Ref()}, func(ctx context.Context, s *Service) (Outcome, error) {
		t, err := s.TestSystem(ctx, id)
		return Outcome{Test: &t}, err
	})
}

// Dry starts a dry run of a system.
func (r *Runs) Dry(ctx context.Context, id access.SystemID) (run Run, over <-chan Run, err error) {
	return r.start(ctx, Run{Kind: DryRun, On: id.Ref()}, func(ctx context.Context, s *Service) (Outcome, error) {
		p, err := s.DrySystem(ctx, id)
		return Outcome{Preview: &p}, err
	})
}

// Sync starts a sync of a system or source.
func (r *Runs) Sync(ctx context.Context, on access.Ref, o SyncOptions) (run Run, over <-chan Run, err error) {
	return r.start(ctx, Run{Kind: SyncRun, On: on, Confirmed: o.AcceptRemovals}, func(ctx context.Context, s *Service) (Outcome, error) {
		var report Report
		var err error
		if on.Kind == access.KindSource {
			report, err = s.SyncSource(ctx, access.SourceID(on.Key), o)
		} else {
			report, err = s.SyncSystem(ctx, access.SystemID(on.Key), o)
		}
		report.Rejects = "" // a file of the node's
		return Outcome{Report: &report}, err
	})
}

func (r *Runs) start(ctx context.Context, what Run, do func(ctx context.Context, s *Service) (Outcome, error)) (Run, <-chan Run, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return Run{}, nil, err
	}
	what.By, what.State = actor.String(), Running
	run, err := r.service.Store.BeginRun(ctx, what, runAlive)
	if err != nil {
		return Run{}, nil, err
	}
	j := job{run: run, actor: actor, do: do, over: make(chan Run, 1)}
	select {
	case r.jobs <- j:
		return run, j.over, nil
	case <-r.ended:
		err = ErrNoRunner
	case <-ctx.Done():
		err = ctx.Err()
	}
	run.State = Interrupted
	return Run{}, nil, errors.Join(err, r.service.Store.EndRun(context.WithoutCancel(ctx), run))
}

func (r *Runs) carryOut(ctx context.Context, j job) {
	ctx, cancel := context.WithCancelCause(audit.WithActor(ctx, j.actor))
	defer cancel(nil)
	l := &liveRun{cancel: cancel, run: j.run}
	r.mu.Lock()
	r.live[j.run.ID] = l
	r.mu.Unlock()
	out, err := r.alive(ctx, l, j.do)
	j.run = l.end(ctx, out, err)
	if err := r.service.Store.EndRun(context.WithoutCancel(ctx), j.run); err != nil {
		slog.ErrorContext(ctx, "keeping how a run ended", "run", j.run.ID.String(), "error", err)
	}
	r.mu.Lock()
	delete(r.live, j.run.ID)
	r.mu.Unlock()
	j.over <- j.run
}

// alive does the work of a run, and says meanwhile that its node is alive.
func (r *Runs) alive(ctx context.Context, l *liveRun, do func(ctx context.Context, s *Service) (Outcome, error)) (Outcome, error) {
	beating, stop := context.WithCancel(ctx)
	var beat sync.WaitGroup
	defer beat.Wait()
	defer stop()
	beat.Go(func() { r.keep(beating, l) })
	return do(ctx, r.service.telling(l.tell))
}

// keep tells the store where a run stands until ctx ends, and stops it where somebody
// said so on another node.
func (r *Runs) keep(ctx context.Context, l *liveRun) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(runBeat):
		}
		cancelled, err := r.service.Store.KeepRun(ctx, l.now(), runAlive)
		switch {
		case err != nil && ctx.Err() == nil:
			slog.ErrorContext(ctx, "keeping where a run stands", "error", err)
		case cancelled:
			l.cancel(ErrCancelled)
		}
	}
}

func (l *liveRun) tell(what string, done, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run.Stage, l.run.Done, l.run.Total = what, done, total
}

func (l *liveRun) now() Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run
}

// end is the run with how it ended.
func (l *liveRun) end(ctx context.Context, out Outcome, err error) Run {
	run := l.now()
	switch {
	case err == nil:
		run.State, run.Outcome = Done, out
	case errors.Is(context.Cause(ctx), ErrCancelled):
		run.State, run.Code, run.Error = Cancelled, ErrCancelled.Code, ErrCancelled.Msg
	case ctx.Err() != nil:
		run.State = Interrupted
	default:
		run.State, run.Code, run.Error = Failed, fault.Internal.String(), "something in Writ went wrong; its log says what"
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
			run.Code, run.Error = f.Code, sentence(f.Error())
		} else {
			slog.ErrorContext(ctx, "run failed", "run", run.ID.String(), "error", err)
		}
	}
	return run
}

// maxSentence is what of an error is shown; it may hold what a system said.
const maxSentence = 600

func sentence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.ToValidUTF8(text[:min(len(text), maxSentence)], "")
}

// Look returns a run as it is now.
func (r *Runs) Look(ctx context.Context, id access.RunID) (Run, error) {
	r.mu.Lock()
	l := r.live[id]
	r.mu.Unlock()
	if l != nil {
		return l.now(), nil
	}
	return r.service.Store.Run(ctx, id)
}

// Cancel stops a run, wherever it is carried out.
func (r *Runs) Cancel(ctx context.Context, id access.RunID) error {
	if err := r.service.Store.CancelRun(ctx, id); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.live[id]; l != nil {
		l.cancel(ErrCancelled)
	}
	return nil
}
