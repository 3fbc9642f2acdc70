package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// Term is one node's turn at reconciling; what it writes after its turn is over is refused.
type Term int64

// EngineStore is what reconciling needs from a database.
type EngineStore interface {
	Store
	// Lead makes this node the one that reconciles; false while another one is. Keep
	// prolongs that, or returns an error where the turn was lost. Resign ends it.
	Lead(ctx context.Context) (Term, bool, error)
	Keep(ctx context.Context, t Term) error
	Resign(ctx context.Context, t Term) error
	// Reconcile reads holdings in one change, asks decide about each, and keeps what it
	// says with one record; where that is nothing it leaves no trace.
	Reconcile(ctx context.Context, t Term, by []string, ids []access.IdentityID, decide Decide) (Done, error)
	// Hold keeps that identities stay as they are until a person decides.
	Hold(ctx context.Context, t Term, h Hold, who []access.IdentityID) error
	// Unhold lets go of those for whom nothing would change any more.
	Unhold(ctx context.Context, t Term, who []access.IdentityID) error
	// Enforce makes what was ordered of some identities count, where it does not.
	Enforce(ctx context.Context, t Term, ids []access.IdentityID) error
	// Compared keeps up to which revision everything was, and ChangedSince tells who has
	// changed anything after it: nobody, where nothing ever was.
	Compared(ctx context.Context, t Term, rev access.Rev) error
	ChangedSince(ctx context.Context) ([]string, error)
	// WaitRev waits for a revision after one.
	WaitRev(ctx context.Context, rev access.Rev) (access.Rev, error)
}

// Decide says what changes for one identity.
type Decide func(h Holding, now access.Time, free Logins) (Step, error)

// Done counts what was changed.
type Done struct{ People, Begun, Ended, Redated, Targets int }

func (d *Done) add(o Done) {
	d.People += o.People
	d.Begun += o.Begun
	d.Ended += o.Ended
	d.Redated += o.Redated
	d.Targets += o.Targets
}

// Engine makes what justifies access follow from what should be. It is level-triggered: it
// compares, and never relies on having seen a change.
type Engine struct {
	Service *Service
	Store   EngineStore
}

// asEngine is who reconciles.
var asEngine = audit.Actor{Node: "lifecycle"}

const (
	perBatch  = 500 // identities in a transaction
	perRead   = 1000
	keepEvery = 5 * time.Second
	askAgain  = time.Second // whether it is this node's turn, and after a failure
)

// Run reconciles, whenever it is this node's turn, until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	ctx = audit.WithActor(ctx, asEngine)
	for ctx.Err() == nil {
		term, leads, err := e.Store.Lead(ctx)
		if err == nil && leads {
			err = e.lead(ctx, term)
		}
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "reconciling what people should have", "error", err)
		}
		rest(ctx, askAgain)
	}
	return nil
}

// lead reconciles everybody, and then whom changes concern, for one turn.
func (e *Engine) lead(ctx context.Context, term Term) (err error) {
	defer func() { err = errors.Join(err, e.Store.Resign(context.WithoutCancel(ctx), term)) }()
	defer e.Service.ended()
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	go func() {
		for ctx.Err() == nil {
			rest(ctx, keepEvery)
			if err := e.Store.Keep(ctx, term); err != nil {
				lost(err)
			}
		}
	}()
	rev, _, err := e.everybody(ctx, term)
	for err == nil {
		if _, err = e.Store.WaitRev(ctx, rev); err != nil {
			break
		}
		rev, _, err = e.next(ctx, term)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// Once reconciles everybody, if it is this node's turn.
func (e *Engine) Once(ctx context.Context) (done Done, turn bool, err error) {
	ctx = audit.WithActor(ctx, asEngine)
	term, turn, err := e.Store.Lead(ctx)
	if err != nil || !turn {
		return done, turn, err
	}
	defer e.Service.ended()
	_, done, err = e.everybody(ctx, term)
	return done, true, errors.Join(err, e.Store.Resign(context.WithoutCancel(ctx), term))
}

// everybody compares all. Who changed what it finds is whoever changed anything since the
// last time that something was compared.
func (e *Engine) everybody(ctx context.Context, term Term) (access.Rev, Done, error) {
	f, d, err := e.Service.all(ctx)
	if err != nil {
		return 0, Done{}, err
	}
	if f.by, err = e.Store.ChangedSince(ctx); err != nil {
		return 0, Done{}, err
	}
	done, err := e.reconcile(ctx, term, d, f)
	return f.rev, done, err
}

// next compares whom changes concern.
func (e *Engine) next(ctx context.Context, term Term) (access.Rev, Done, error) {
	f, d, err := e.Service.next(ctx)
	if err != nil {
		return 0, Done{}, err
	}
	done, err := e.reconcile(ctx, term, d, f)
	return f.rev, done, err
}

// reconcile compares some identities, and brings what is kept behind what should be. Where
// that takes from too many, they stay as they are until a person decides.
func (e *Engine) reconcile(ctx context.Context, term Term, d *Desired, f followed) (done Done, err error) {
	if err := e.Store.Enforce(ctx, term, f.concerned); err != nil {
		return done, fmt.Errorf("making what was ordered count: %w", err)
	}
	p, err := e.plan(ctx, d, f.concerned)
	if err != nil {
		return done, fmt.Errorf("comparing what is with what should be: %w", err)
	}
	if err := e.Store.Unhold(ctx, term, p.settled); err != nil {
		return done, err
	}
	g, err := e.Service.guarding(ctx, f.by)
	if err != nil {
		return done, err
	}
	if of := d.people(); len(p.losers) > 0 && g.refuses(g.with(p.losers), of) {
		h := Hold{Rev: f.rev, By: f.by, People: len(p.losers), Of: of}
		if err := e.Store.Hold(ctx, term, h, p.losers); err != nil {
			return done, fmt.Errorf("holding what would take too much: %w", err)
		}
		p.differ = slices.DeleteFunc(p.differ, func(id access.IdentityID) bool {
			_, loses := slices.BinarySearch(p.losers, id)
			return loses
		})
	}
	for part := range slices.Chunk(p.differ, perBatch) {
		one, err := e.Store.Reconcile(ctx, term, f.by, part, d.step)
		if err != nil {
			return done, fmt.Errorf("keeping what people should have: %w", err)
		}
		done.add(one)
	}
	return done, e.Store.Compared(ctx, term, f.rev)
}

// planned is who would change.
type planned struct {
	differ  []access.IdentityID // something changes for them
	losers  []access.IdentityID // those of them who lose something, and whom nobody let through
	settled []access.IdentityID // who was held, and for whom nothing would change any more
	kept    []access.IdentityID // who is held, and stays so
}

func (e *Engine) plan(ctx context.Context, d *Desired, ids []access.IdentityID) (p planned, err error) {
	for part := range slices.Chunk(ids, perRead) {
		err := e.Store.Holdings(ctx, part, func(h Holding, now access.Time) error {
			_, err := p.take(d, h, now)
			return err
		})
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// take compares one identity, and returns what would change if nothing held them.
func (p *planned) take(d *Desired, h Holding, now access.Time) (Step, error) {
	hold := h.Withheld()
	held, through := hold != Free, h.Urgent || hold == Released
	h.Hold = Free
	s, err := d.step(h, now, nil)
	switch {
	case err != nil:
		return s, err
	case s.Empty():
		if held {
			p.settled = append(p.settled, h.Identity)
		}
	case held && !through:
		p.kept = append(p.kept, h.Identity)
	default:
		p.differ = append(p.differ, h.Identity)
		if s.Loses && !through {
			p.losers = append(p.losers, h.Identity)
		}
	}
	return s, nil
}

// step is what changes for one identity.
func (d *Desired) step(h Holding, now access.Time, free Logins) (Step, error) {
	if h.Withheld() == Held && !h.Urgent {
		return Step{}, nil
	}
	s := d.justify(h, now)
	err := d.target(h, now, free, &s)
	return s, err
}

// rest waits, unless ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
