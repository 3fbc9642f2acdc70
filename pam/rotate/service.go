package rotate

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/bell"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/internal/secret"
)

// Store is what this package needs from a database. What is sealed there it seals and opens
// itself, with the vault's keys.
type Store interface {
	// Sweep makes due what has come by itself since: by schedule, and what somebody saw who
	// has left.
	Sweep(ctx context.Context) error
	// Next are secrets that it is the turn of, the most urgent first.
	Next(ctx context.Context, most int) ([]access.SecretID, error)
	// Own makes this node the one that works on a secret, or returns ErrLeased of package
	// store. Without a secret that is due it returns ErrNotDue.
	Own(ctx context.Context, id access.SecretID, ttl time.Duration) (Owner, error)
	// Doubt makes a secret due whose target may have been changed by a node that had lost its
	// turn; set is the value that it may have set, whose end nobody knows again. Zero is none.
	Doubt(ctx context.Context, id access.SecretID, set access.VersionID) error
	ConsumerStore
	PairStore
	DeskStore
}

// Owner is the work on one secret by one node. All that it does is refused once another node
// has the secret.
type Owner interface {
	// Job opens what the attempt has to know.
	Job(ctx context.Context) (Job, error)
	// Pend keeps a new value before anything is given it, and makes the attempt one more.
	Pend(ctx context.Context, value secret.Secret, public string) (Held, error)
	// Rest leaves the secret alone until then: an account of its pair is still in use.
	Rest(ctx context.Context, until access.Time) error
	// Promote makes a value what Pair.Becomes says, the current one where there is no pair,
	// has its consumers told, and ends what was due where the value is newer than that; done
	// says whether nothing is left to do now. Where the end of other attempts is not known, the
	// secret is in doubt then, and looked at again a while later. A value that is not newer
	// may have been seen by whom the secret was changed for: a doubt becomes a demand.
	Promote(ctx context.Context, version access.VersionID, doubt bool) (done bool, err error)
	// Settle ends the doubt: the current value was seen to open.
	Settle(ctx context.Context) error
	Failed(ctx context.Context, f Failure) error
	// Keep says that this node is still at it.
	Keep(ctx context.Context) error
	End(ctx context.Context) error
}

// Systems is how targets are reached.
type Systems interface {
	// Ready is nil where a system may be written to now.
	Ready(ctx context.Context, id access.SystemID) error
	// Open signs in to a system; end ends the connection.
	Open(ctx context.Context, id access.SystemID) (c connector.Connector, spec connector.Spec, end func() error, err error)
}

// Service rotates. Store and Systems are needed.
type Service struct {
	Store   Store
	Systems Systems
	Hooks   map[string]*hook.Hook // what consumers are told by, as this node declares it
	Now     func() time.Time      // nil is time.Now
	// Lease is for how long a node that says nothing has a secret; zero is a minute and a
	// half. What is asked of a target takes less.
	Lease time.Duration

	due bell.Bell
}

// How much is done at a time, and how long it may take.
const (
	atOnce     = 8
	lookAgain  = time.Second
	usualLease = 90 * time.Second
)

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}

func (s *Service) lease() time.Duration {
	if s.Lease != 0 {
		return s.Lease
	}
	return usualLease
}

// finish keeps what was begun, though the node stops: for no longer than another node waits,
// counted from now, however long it took.
func (s *Service) finish(ctx context.Context, fn func(ctx context.Context) error) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.lease()/3)
	defer cancel()
	return fn(last)
}

// Wake has what is due looked at now.
func (s *Service) Wake() { s.due.Ring() }

// Run rotates what is due and tells who uses it, until ctx ends, and waits for what it had
// begun.
func (s *Service) Run(ctx context.Context) error {
	w := &running{Service: s, under: map[access.Ref]bool{}, over: make(chan access.Ref)}
	for ctx.Err() == nil {
		woken := s.due.Rung()
		if err := s.Store.Sweep(ctx); err != nil {
			s.complain(ctx, "looking for what is due", err)
		}
		secrets, err := s.Store.Next(ctx, 2*atOnce)
		consumers, err2 := s.Store.NextTold(ctx, 2*atOnce)
		if err = errors.Join(err, err2); err != nil {
			s.complain(ctx, "looking for what is due", err)
		}
		begin(ctx, w, consumers, s.Tell)
		begin(ctx, w, secrets, s.Rotate)
		timer := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
		case <-woken:
		case r := <-w.over:
			delete(w.under, r)
		case <-timer.C:
		}
		timer.Stop()
	}
	for len(w.under) > 0 {
		delete(w.under, <-w.over)
	}
	return nil
}

// running is what is under way.
type running struct {
	*Service
	under map[access.Ref]bool
	over  chan access.Ref
}

// begin does something with each of some things, as far as there is room. What consumers wait
// for has room of its own.
func begin[ID interface{ Ref() access.Ref }](ctx context.Context, w *running, list []ID, do func(context.Context, ID) error) {
	room := atOnce
	for r := range w.under {
		var none ID
		if r.Kind == none.Ref().Kind {
			room--
		}
	}
	for _, id := range list {
		r := id.Ref()
		if room <= 0 {
			return
		}
		if w.under[r] {
			continue
		}
		w.under[r] = true
		room--
		go func() {
			if err := do(ctx, id); err != nil {
				w.complain(ctx, "working on "+r.String(), err)
			}
			w.over <- r
		}()
	}
}

// complain tells the log what no row tells. That another node is at it is no error.
func (s *Service) complain(ctx context.Context, doing string, err error) {
	if ctx.Err() == nil && fault.KindOf(err) != fault.Conflict && !errors.Is(err, ErrNotDue) {
		slog.ErrorContext(ctx, doing, "error", err)
	}
}
