package role

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role/mine"
	"github.com/writhq/writ/internal/fault"
)

// Miner carries mining runs out, one at a time on a node; a few wait for it. They go on
// while Run does.
type Miner struct {
	Teller *Teller

	wake chan struct{} // something waits

	mu      sync.Mutex
	waiting []*miningJob // in order
	live    map[access.RunID]*miningJob
	over    bool // nothing is carried out any more
}

// miningJob is a run that waits on this node, or that it is at. Its context is that of
// whoever asked for it: it sees what they see.
type miningJob struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	where  Where

	mu  sync.Mutex
	run MiningRun
}

// NewMiner returns a miner for live data.
func NewMiner(t *Teller) *Miner {
	return &Miner{Teller: t, wake: make(chan struct{}, 1), live: map[access.RunID]*miningJob{}}
}

// errNodeEnds is why a run ends with its node.
var errNodeEnds = errors.New("the node is being stopped")

// Start asks for a run. What it mines is settled then: the systems of where, and of those
// what whoever asks may see.
func (m *Miner) Start(ctx context.Context, q MiningQuestion, where Where) (MiningRun, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return MiningRun{}, err
	}
	if q, err = q.checked(); err != nil {
		return MiningRun{}, err
	}
	where.Unit, where.Most = q.Unit, MaxMined
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over || len(m.waiting) == MaxWaiting {
		return MiningRun{}, ErrMiningBusy
	}
	run, err := m.Teller.Store.BeginMining(ctx, MiningRun{By: actor.String(), State: MiningWaiting, Question: q, Systems: where.Systems, People: where.People}, miningAlive)
	if err != nil {
		return MiningRun{}, err
	}
	j := &miningJob{where: where, run: run}
	j.ctx, j.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	m.live[run.ID] = j
	m.waiting = append(m.waiting, j)
	select {
	case m.wake <- struct{}{}:
	default: // it is awake
	}
	return run, nil
}

// Run carries runs out until ctx ends. What waits then is over with it.
func (m *Miner) Run(ctx context.Context) error {
	var beat sync.WaitGroup
	beat.Go(func() { m.beat(ctx) })
	defer beat.Wait()
	for ctx.Err() == nil {
		if j := m.next(); j != nil {
			m.carryOut(ctx, j)
			continue
		}
		select {
		case <-ctx.Done():
		case <-m.wake:
		}
	}
	m.mu.Lock()
	m.over = true
	m.mu.Unlock()
	for j := m.next(); j != nil; j = m.next() {
		j.cancel(errNodeEnds)
		m.end(j, nil, errNodeEnds)
	}
	return nil
}

// next takes the run that has waited longest.
func (m *Miner) next() *miningJob {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) == 0 {
		return nil
	}
	j := m.waiting[0]
	m.waiting = m.waiting[1:]
	return j
}

func (m *Miner) carryOut(ctx context.Context, j *miningJob) {
	defer j.cancel(nil)
	defer context.AfterFunc(ctx, func() { j.cancel(errNodeEnds) })()
	found, err := m.mine(j)
	m.end(j, found, err)
}

// mine is one run. When its time is over, the best so far is what it found; when it was
// stopped, nothing is.
func (m *Miner) mine(j *miningJob) ([]Found, error) {
	if err := context.Cause(j.ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	q := j.now().Question
	j.tell(func(r *MiningRun) { r.State, r.Phase, r.Began = MiningRunning, "reading", access.TimeOf(began) })
	g, err := m.Teller.Ground(j.ctx, j.where)
	if err != nil {
		return nil, errors.Join(context.Cause(j.ctx), err)
	}
	o := q.options()
	o.Attributes = g.Attributes
	o.Progress = func(phase string) { j.tell(func(r *MiningRun) { r.Phase = phase }) }
	searching, done := context.WithTimeout(j.ctx, time.Duration(q.Seconds)*time.Second)
	defer done()
	result, err := mine.Mine(searching, g.Matrix, o)
	if stopped := context.Cause(j.ctx); stopped != nil {
		return nil, stopped
	}
	if err != nil {
		return nil, err
	}
	found := g.Found(&result)
	j.tell(func(r *MiningRun) {
		r.Totals = TotalsOf(g.Matrix, &result, g.Attributes != nil, g.Rev, time.Since(began))
		r.Totals.Kept = len(found)
	})
	return found, nil
}

// end keeps how a run ended. Until that is kept, it counts as going on.
func (m *Miner) end(j *miningJob, found []Found, err error) {
	ctx := context.WithoutCancel(j.ctx)
	r := j.now()
	r.Phase = ""
	switch {
	case err == nil:
		r.State = MiningDone
	case errors.Is(err, ErrMiningCancelled):
		r.State, r.Code, r.Error = MiningCancelled, ErrMiningCancelled.Code, ErrMiningCancelled.Msg
	case errors.Is(err, errNodeEnds):
		r.State = MiningInterrupted
	default:
		r.State, r.Code, r.Error = MiningFailed, fault.Internal.String(), "something in Writ went wrong; its log says what"
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
			r.Code, r.Error = f.Code, f.Msg
		} else {
			slog.ErrorContext(ctx, "mining for roles failed", "run", r.ID.String(), "error", err)
		}
	}
	if err := m.Teller.Store.EndMining(ctx, r, found); err != nil {
		slog.ErrorContext(ctx, "keeping how a mining run ended", "run", r.ID.String(), "error", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.live, r.ID)
}

// beat says that this node is alive for all that it has, until ctx ends, and stops what
// somebody has stopped on another node.
func (m *Miner) beat(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(miningBeat):
		}
		for _, j := range m.all() {
			cancelled, err := m.Teller.Store.KeepMining(ctx, j.now(), miningAlive)
			switch {
			case err != nil && ctx.Err() == nil:
				slog.ErrorContext(ctx, "keeping where a mining run stands", "error", err)
			case cancelled:
				j.cancel(ErrMiningCancelled)
			}
		}
	}
}

func (m *Miner) all() []*miningJob {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*miningJob, 0, len(m.live))
	for _, j := range m.live {
		list = append(list, j)
	}
	return list
}

// Cancel stops a run, on whichever node it is. One that waits here ends at once.
func (m *Miner) Cancel(ctx context.Context, id access.RunID) error {
	if err := m.Teller.Store.CancelMining(ctx, id); err != nil {
		return err
	}
	m.mu.Lock()
	j := m.live[id]
	at := slices.Index(m.waiting, j)
	if at >= 0 {
		m.waiting = slices.Delete(m.waiting, at, at+1)
	}
	m.mu.Unlock()
	if j != nil {
		j.cancel(ErrMiningCancelled)
	}
	if at >= 0 {
		m.end(j, nil, ErrMiningCancelled)
	}
	return nil
}

// Look returns a run as it is now.
func (m *Miner) Look(ctx context.Context, id access.RunID) (MiningRun, error) {
	m.mu.Lock()
	j := m.live[id]
	m.mu.Unlock()
	if j != nil {
		return j.now(), nil
	}
	return m.Teller.Store.Mining(ctx, id)
}

func (j *miningJob) tell(what func(*MiningRun)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	what(&j.run)
}

func (j *miningJob) now() MiningRun {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.run
}
