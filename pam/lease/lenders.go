package lease

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Systems is how targets are reached.
type Systems interface {
	// Reach is how a system is reached as it is kept now.
	Reach(ctx context.Context, id access.SystemID) (Reach, error)
	// Spec is what kind of system it is.
	Spec(ctx context.Context, id access.SystemID) (connector.Spec, error)
	// Open signs in to a system; end ends the connection.
	Open(ctx context.Context, id access.SystemID) (c connector.Connector, spec connector.Spec, end func() error, err error)
}

// Reach is how a system is reached: the settings are another text whenever that is another.
// Ready is nil where accounts may be made there at that moment; what is over is taken away
// whatever it says.
type Reach struct {
	Settings string
	Ready    func() error
}

// idleFor is how long a connector stays open that nobody uses.
const idleFor = time.Minute

// Lenders keeps the connectors of systems that lend open between one use and the next. There
// is one for each system; one whose settings have changed is closed once nobody uses it.
type Lenders struct {
	Systems Systems

	mu   sync.Mutex
	open []*opened
}

// opened is a connector that is open.
type opened struct {
	system   access.SystemID
	settings string
	spec     connector.Spec
	lender   connector.Lender
	close    func() error
	users    int
	since    time.Time // nobody uses it
	stale    bool
}

// use is somebody's use of a connector; end is called once.
type use struct {
	*opened
	end func()
}

// Lends is nil where a system is of a kind that accounts for one use can be made in.
func (l *Lenders) Lends(ctx context.Context, id access.SystemID) error {
	spec, err := l.Systems.Spec(ctx, id)
	if err == nil && !spec.Lends {
		err = ErrLends
	}
	return err
}

// use returns the connector of a system, in order to take away or to change what is there.
func (l *Lenders) use(ctx context.Context, id access.SystemID) (use, error) {
	r, err := l.Systems.Reach(ctx, id)
	if err != nil {
		return use{}, err
	}
	return l.useAs(ctx, id, r.Settings)
}

// ready is use for what is to be made.
func (l *Lenders) ready(ctx context.Context, id access.SystemID, r Reach) (use, error) {
	if err := r.Ready(); err != nil {
		return use{}, err
	}
	return l.useAs(ctx, id, r.Settings)
}

func (l *Lenders) useAs(ctx context.Context, id access.SystemID, settings string) (use, error) {
	if o := l.take(id, settings); o != nil {
		return l.using(o), nil
	}
	c, spec, end, err := l.Systems.Open(ctx, id)
	if err != nil {
		return use{}, err
	}
	lender, ok := c.(connector.Lender)
	if !ok || !spec.Lends {
		return use{}, errors.Join(ErrLends, end())
	}
	if o := l.take(id, settings); o != nil { // somebody was quicker
		_ = end()
		return l.using(o), nil
	}
	o := &opened{system: id, settings: settings, spec: spec, lender: lender, close: end, users: 1}
	l.mu.Lock()
	l.open = append(l.open, o)
	l.mu.Unlock()
	return l.using(o), nil
}

// take finds the open connector of a system, and is one of its users from then on. One with
// other settings is used no more.
func (l *Lenders) take(id access.SystemID, settings string) *opened {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.open {
		if o.system == id && !o.stale {
			if o.settings == settings {
				o.users++
				return o
			}
			o.stale = true
		}
	}
	return nil
}

func (l *Lenders) using(o *opened) use {
	return use{o, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		o.users--
		o.since = time.Now()
	}}
}

// Tidy closes what nobody has used for a while; all is everything that nobody uses.
func (l *Lenders) Tidy(all bool) error {
	l.mu.Lock()
	var closing []*opened
	l.open = slices.DeleteFunc(l.open, func(o *opened) bool {
		idle := o.users == 0 && (all || o.stale || time.Since(o.since) > idleFor)
		if idle {
			closing = append(closing, o)
		}
		return idle
	})
	l.mu.Unlock()
	var failed error
	for _, o := range closing {
		failed = errors.Join(failed, o.close())
	}
	return failed
}
