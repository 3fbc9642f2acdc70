package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
)

// Rotate makes one attempt at a secret that is due. How the attempt ended is kept; an error
// is what could not be.
func (s *Service) Rotate(ctx context.Context, id access.SecretID) (err error) {
	owner, err := s.Store.Own(ctx, id, s.lease())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.finish(ctx, owner.End)) }()
	job, err := owner.Job(ctx)
	if err != nil {
		return err
	}
	defer job.wipe()
	w := &work{Service: s, owner: owner, job: job}
	failed := w.attempt(ctx)
	if failed == nil {
		return nil
	}
	if errors.Is(failed, errLost) {
		return errors.Join(failed, s.finish(ctx, func(last context.Context) error { return s.Store.Doubt(last, id, w.set) }))
	}
	if ctx.Err() != nil {
		return ctx.Err() // tried again by whoever is there
	}
	return owner.Failed(ctx, failure(failed, &job.Queued, s.now()))
}

// errLost is that the secret became another node's while its target may have been changed.
var errLost = fault.New(fault.Conflict, "rotation-lost", "another node has the secret by now")

// work is one attempt.
type work struct {
	*Service
	owner  Owner
	job    Job
	keeper connector.Keeper
	takes  connector.SecretPolicy
	set    access.VersionID // what the target may have been given
	end    func() error     // the connection
}

// attempt finds out where the target stands, and gives it a new value where that is due
// still. It returns nil where nothing is left to do.
func (w *work) attempt(ctx context.Context) error {
	if w.job.System == 0 || w.job.Account == "" {
		return ErrNoTarget
	}
	if w.job.Rests != 0 {
		return lost(w.owner.Rest(ctx, w.job.Rests))
	}
	if err := w.Systems.Ready(ctx, w.job.System); err != nil {
		return err
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	defer w.close()
	found, done, err := w.find(ctx)
	if err != nil || done {
		return err
	}
	if (w.job.Cause == InDoubt || w.job.Cause == Restored) && !found {
		if done, err = w.settle(ctx); err != nil || done {
			return err
		}
	}
	return w.renew(ctx)
}

// open signs in to the system.
func (w *work) open(ctx context.Context) error {
	c, spec, end, err := w.Systems.Open(ctx, w.job.System)
	if err != nil {
		return err
	}
	w.close()
	w.end = end
	keeper, ok := c.(connector.Keeper)
	if !ok || !keeps(spec, w.job.Kind) {
		w.close()
		return ErrKeeps
	}
	w.keeper, w.takes = keeper, spec.Takes
	return nil
}

// close hangs up: nothing more is asked.
func (w *work) close() {
	if w.end != nil {
		_ = w.end()
	}
	w.end = nil
}

// settle ends a doubt, or the wait after a restore, where the current value opens after all.
func (w *work) settle(ctx context.Context) (done bool, err error) {
	current := w.job.current()
	if current.Empty() {
		return false, nil
	}
	if done, err = w.opens(ctx, current); err != nil || !done {
		return false, err
	}
	return true, lost(w.owner.Settle(ctx))
}

func keeps(spec connector.Spec, kind connector.SecretKind) bool {
	for _, k := range spec.Keeps {
		if k == kind {
			return true
		}
	}
	return false
}

// find asks the target for the values of attempts that nobody knows the end of. Where one
// opens it, that one is the current value from now on; done says whether it is new enough.
func (w *work) find(ctx context.Context) (found, done bool, err error) {
	for _, h := range w.job.pending() {
		opens, err := w.opens(ctx, h.Value)
		if err != nil {
			return false, false, fmt.Errorf("looking for what an earlier attempt left: %w", err)
		}
		if opens {
			done, err = w.promote(ctx, h)
			return true, done, err
		}
	}
	return false, false, nil
}

// renew gives the target a value that nobody has seen.
func (w *work) renew(ctx context.Context) error {
	value, public, err := w.fresh()
	if err != nil {
		return err
	}
	defer value.Wipe()
	h, err := w.owner.Pend(ctx, value, public)
	if err != nil {
		return err
	}
	w.set = h.Version
	old := w.job.current()
	set := w.ask(ctx, func(ctx context.Context) error {
		return w.keeper.SetSecret(ctx, connector.NewSecret{Account: w.job.Account, Kind: w.job.Kind, Value: value, Old: old, Keep: w.job.Beside, Instead: w.job.Instead})
	})
	// Whatever it said, the value may be set: it is asked of a sign-in.
	opens, err := w.opens(ctx, value)
	switch {
	case opens:
		_, err := w.promote(ctx, h)
		return err
	case errors.Is(err, errLost):
		return err
	case err == nil && set == nil:
		return ErrRefused
	case set != nil:
		return set
	}
	return err
}

// promote keeps what was seen to open.
func (w *work) promote(ctx context.Context, h Held) (done bool, err error) {
	unknown := 0
	for _, p := range w.job.pending() {
		if p.Version != h.Version {
			unknown++
		}
	}
	done, err = w.owner.Promote(ctx, h.Version, unknown > 0)
	return done, lost(err)
}

// lost tells that another node has the secret from all other errors.
func lost(err error) error {
	if err != nil && fault.KindOf(err) == fault.Conflict {
		return errLost.Because(err)
	}
	return err
}

// fresh draws a value by the secret's rules and those of the system.
func (w *work) fresh() (value secret.Secret, public string, err error) {
	if w.job.Kind == connector.SSHKey {
		return generate.SSHKey(w.job.Name)
	}
	value, err = generate.Password(fitting(w.job.Rules, w.takes))
	return value, "", err
}

// fitting are rules that a system takes too.
func fitting(r generate.Rules, p connector.SecretPolicy) generate.Rules {
	r.Refuse += p.Without
	if r.Length == 0 {
		r.Length = generate.Usual
	}
	r.Length = max(r.Length, p.Length)
	if p.Most > 0 {
		r.Length = min(r.Length, p.Most)
	}
	return r
}

// opens asks the target whether a value opens the account. Where the account is the one that
// Writ signs in with itself, that may have been refused just because it was changed: then it
// is signed in to anew, with what the vault has for it now.
func (w *work) opens(ctx context.Context, value secret.Secret) (opens bool, err error) {
	try := func(ctx context.Context) (err error) {
		opens, err = w.keeper.Opens(ctx, w.job.Account, w.job.Kind, value)
		return err
	}
	err = w.ask(ctx, try)
	if errors.Is(err, connector.ErrCredentials) && w.open(ctx) == nil {
		err = w.ask(ctx, try)
	}
	return opens && err == nil, err
}

// ask asks something of the target, for as long as the secret is surely this node's.
func (w *work) ask(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := lost(w.owner.Keep(ctx)); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, w.lease()/3)
	defer cancel()
	return fn(within)
}

// How long an error is believed to pass by itself, and how long a rest is at most.
const (
	unreachableLasts = 36 * time.Hour
	otherwiseLasts   = time.Hour
	firstPause       = 2 * time.Second
	longestPause     = 10 * time.Minute
	waitsFor         = 24 * time.Hour // until what waits for a person is tried once more
)

// failure says what becomes of a secret after an attempt that failed.
func failure(err error, q *Queued, now access.Time) Failure {
	f := Failure{State: Failing, Code: fault.Internal.String(), Error: "something in Writ went wrong; its log says what"}
	if e, known := errors.AsType[*fault.Error](err); known && e.Kind != fault.Internal {
		f.Code, f.Error = e.Code, fault.Line(e)
	}
	f.After = min(firstPause<<min(q.Attempts, 12), longestPause)
	since := q.Failing
	if since == 0 || q.Code != f.Code {
		since = now
	}
	lasts := otherwiseLasts
	switch kind := fault.KindOf(err); {
	case errors.Is(err, ErrNoTarget), errors.Is(err, ErrKeeps), errors.Is(err, connector.ErrUnsupported), kind == fault.NotFound:
		lasts = 0 // not without a person
	case kind == fault.Unavailable:
		lasts = unreachableLasts
	}
	if now.Time().Sub(since.Time()) >= lasts {
		f.State, f.After = Waiting, waitsFor
	}
	return f
}
