package provision

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// lookAgain is how long what another node planned, or the clock brought, waits at most.
const lookAgain = time.Second

// standBy is how long a node waits that met another one at the work. That one may have died
// just now, which the store sees in a moment.
const standBy = lookAgain / 4

// again is how long to wait after an error.
func again(err error) time.Duration {
	if fault.KindOf(err) == fault.Conflict {
		return standBy
	}
	return lookAgain
}

// operationLasts bounds one attempt.
const operationLasts = 2 * time.Minute

// Plan plans behind each revision, and behind the clock, until ctx ends.
func (s *Service) Plan(ctx context.Context) error {
	for ctx.Err() == nil {
		_, err := s.Step(ctx)
		switch { // on a conflict another node plans
		case err == nil:
			within, cancel := context.WithTimeout(ctx, lookAgain)
			_, _ = s.Store.WaitRev(within, s.looked) // it is looked again either way
			cancel()
			continue
		case ctx.Err() == nil && fault.KindOf(err) != fault.Conflict:
			slog.ErrorContext(ctx, "planning", "error", err)
		}
		wait(ctx, again(err))
	}
	return nil
}

// destroyEvery is how often first credentials that have ended are looked for.
const destroyEvery = time.Minute

// Destroy destroys first credentials that nobody has picked up in time, until ctx ends.
func (s *Service) Destroy(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := s.Store.EndCredentials(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "destroying first credentials", "error", err)
		}
		wait(ctx, destroyEvery)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Carry carries out what is due until ctx ends, and waits for what it had begun. Each
// system is worked on by itself: what one does not answer holds up no other.
func (s *Service) Carry(ctx context.Context) error {
	under := map[access.SystemID]bool{}
	over := make(chan access.SystemID)
	for ctx.Err() == nil {
		kicked := s.kick.Rung()
		list, err := s.Store.Busy(ctx)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "looking for operations", "error", err)
		}
		for _, id := range list {
			if under[id] || s.resting(id) {
				continue
			}
			under[id] = true
			go func() {
				s.Work(ctx, id)
				over <- id
			}()
		}
		timer := time.NewTimer(s.looks(list))
		select {
		case <-ctx.Done():
		case <-kicked:
		case id := <-over:
			delete(under, id)
		case <-timer.C:
		}
		timer.Stop()
	}
	for len(under) > 0 {
		delete(under, <-over)
	}
	return nil
}

// looks is how long nobody looks again: until a system of a list has rested, and not long.
func (s *Service) looks(list []access.SystemID) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	soon := lookAgain
	for _, id := range list {
		if left := s.rests[id].until.Sub(s.now()); left > 0 {
			soon = min(soon, left)
		}
	}
	return soon
}

func (s *Service) resting(id access.SystemID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rests[id].until.After(s.now())
}

// answered notes whether a system did.
func (s *Service) answered(id access.SystemID, did bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rests == nil {
		s.rests = map[access.SystemID]rest{}
	}
	r := rest{}
	if !did {
		r.times = s.rests[id].times + 1
		r.until = s.now().Add(jitter(pause(r.times)))
	}
	s.rests[id] = r
}

// worker is the work on one system, while there is some.
type worker struct {
	*Service
	id     access.SystemID
	owner  Owner
	limits Limits
	rate   *rate
	begun  int

	mu    sync.Mutex
	idle  []connection
	ended bool // a run was
	quiet bool // the system does not answer
}

type connection struct {
	connector.Connector
	spec connector.Spec
	end  func() error
}

// Work carries out what is due in one system, until nothing is. Another node may have the
// system: then it does nothing.
func (s *Service) Work(ctx context.Context, id access.SystemID) {
	if err := s.Systems.Ready(ctx, id); err != nil {
		s.put(id, rest{until: s.now().Add(lookAgain)})
		return
	}
	owner, err := s.Store.Own(ctx, id, s.lease())
	if err == nil {
		w := &worker{Service: s, id: id, owner: owner, rate: s.rateOf(id)}
		err = errors.Join(w.run(ctx), owner.End(context.WithoutCancel(ctx)))
		if w.ended {
			s.Systems.Read(ctx, id)
		}
		if until := w.rate.until(s.now(), w.limits.PerMinute); until.After(s.now()) {
			s.put(id, rest{until: until})
		} else if w.begun == 0 && !s.resting(id) {
			s.put(id, rest{until: s.now().Add(standBy)}) // what is due waits for another reason
		}
	}
	if err != nil && ctx.Err() == nil {
		s.put(id, rest{until: s.now().Add(again(err))})
		if fault.KindOf(err) != fault.Conflict {
			slog.ErrorContext(ctx, "carrying out operations", "system", id.String(), "error", err)
		}
	}
}

func (s *Service) rateOf(id access.SystemID) *rate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rates == nil {
		s.rates = map[access.SystemID]*rate{}
	}
	if s.rates[id] == nil {
		s.rates[id] = &rate{}
	}
	return s.rates[id]
}

func (s *Service) put(id access.SystemID, r rest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rests == nil {
		s.rests = map[access.SystemID]rest{}
	}
	s.rests[id] = r
}

// run takes operations as there is room for them, and returns when none is due or the
// system does not answer.
func (w *worker) run(ctx context.Context) (err error) {
	if w.limits, err = w.owner.Limits(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer w.close()
	done := make(chan error)
	under := 0
	defer func() {
		for ; under > 0; under-- {
			err = errors.Join(err, <-done)
		}
	}()
	for ctx.Err() == nil {
		kicked := w.kick.Rung()
		if room := w.limits.AtOnce - under; room > 0 && !w.silent() {
			jobs, err := w.owner.Claim(ctx, min(room, w.rate.room(w.now(), w.limits.PerMinute)))
			if err != nil {
				cancel(err)
				return err
			}
			w.rate.took(w.now(), len(jobs))
			w.begun += len(jobs)
			for i := range jobs {
				under++
				go func() { done <- w.one(ctx, &jobs[i]) }()
			}
		}
		if under == 0 {
			return nil
		}
		if err := w.next(ctx, kicked, done, &under); err != nil {
			cancel(err)
			return err
		}
	}
	return nil
}

// next waits for an operation to end, or for another reason to look again.
func (w *worker) next(ctx context.Context, kicked <-chan struct{}, done <-chan error, under *int) error {
	timer := time.NewTimer(w.lease() / 3)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-kicked:
	case err := <-done:
		*under--
		return err
	case <-timer.C:
		return w.owner.Keep(ctx)
	}
	return nil
}

// one carries out one operation and keeps what came of it. An error is the store's.
func (w *worker) one(ctx context.Context, j *Job) error {
	err := w.attempt(ctx, j)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it is left as it is, and whoever has the system next asks what came of it
	}
	down := errors.Is(err, connector.ErrUnreachable)
	w.answered(w.id, !down)
	var ended bool
	if err == nil {
		j.Code = ""
		ended, err = w.owner.Verified(ctx, j)
	} else {
		f := failed(err, &j.Operation, access.TimeOf(w.now()))
		if errors.Is(err, errAsked) {
			f = Failure{State: Waiting, Code: codeLater, Error: errAsked.Msg, After: jitter(askAgain)}
		}
		if f.State == Dead || f.Code == fault.Internal.String() {
			slog.WarnContext(ctx, "an operation failed", "operation", j.ID.String(), "state", string(f.State), "code", f.Code, "error", err)
		}
		ended, err = w.owner.Failed(ctx, j, f)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended, w.quiet = w.ended || ended, w.quiet || down
	return err
}

func (w *worker) attempt(ctx context.Context, j *Job) error {
	ctx, cancel := context.WithTimeoutCause(ctx, operationLasts, connector.ErrUnreachable.With("the system took longer than %s", operationLasts))
	defer cancel()
	c, err := w.open(ctx)
	if err != nil {
		return err
	}
	if err := w.perform(ctx, c.Connector, c.spec, j); err != nil {
		_ = c.end() // what it was in the middle of nobody knows
		if cause := context.Cause(ctx); cause != nil && errors.Is(cause, connector.ErrUnreachable) {
			return cause
		}
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, c)
	return nil
}

// open is a connection that nobody uses, or a new one.
func (w *worker) open(ctx context.Context) (connection, error) {
	w.mu.Lock()
	if n := len(w.idle); n > 0 {
		c := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		return c, nil
	}
	w.mu.Unlock()
	c, spec, end, err := w.Systems.Open(ctx, w.id)
	return connection{c, spec, end}, err
}

func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.idle {
		_ = c.end() // nothing is under way
	}
	w.idle = nil
}

func (w *worker) silent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.quiet
}

// rate counts what was begun in the last minute. One worker at a time has it.
type rate struct{ begun []time.Time }

// room is how many more may begin.
func (r *rate) room(now time.Time, perMinute int) int {
	for len(r.begun) > 0 && now.Sub(r.begun[0]) >= time.Minute {
		r.begun = r.begun[1:]
	}
	return perMinute - len(r.begun)
}

// until is when another one may begin.
func (r *rate) until(now time.Time, perMinute int) time.Time {
	if perMinute == 0 || r.room(now, perMinute) > 0 {
		return now
	}
	return r.begun[len(r.begun)-perMinute].Add(time.Minute)
}

func (r *rate) took(now time.Time, n int) {
	for range n {
		r.begun = append(r.begun, now)
	}
}
