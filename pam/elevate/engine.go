package elevate

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// ErrBehind says that the graph has not reached yet what the store shows: it is to be
// brought up to it first.
var ErrBehind = fault.New(fault.Conflict, "graph-behind", "the graph is behind the store")

// Engine brings every elevation on, behind each revision and each second. Any node may, and
// several at once: each step counts only from where the elevation stands.
type Engine struct {
	*Service
	// Patience is how long what is justified may take to be seen on its target; zero is
	// startWithin.
	Patience time.Duration
	// Overdue is how long what is over may take to be seen gone, before it is late; zero is
	// endWithin.
	Overdue time.Duration
}

const (
	startWithin = 2 * time.Minute
	endWithin   = 30 * time.Second
)

// Step brings every open elevation on, by what is so now. It returns when it has to be
// called again at the latest, if nothing changes.
func (g *Engine) Step(ctx context.Context) (next access.Time, err error) {
	p, err := g.Store.Open(ctx)
	if err != nil || len(p.Open) == 0 {
		return 0, err
	}
	v := g.Gate.Graph.View()
	defer v.Close()
	if v.Rev() < p.Rev {
		return 0, ErrBehind
	}
	var failures []error
	for i := range p.Open {
		x := &p.Open[i]
		// What one is stopped by holds up no other.
		if err := g.one(ctx, v, x, p.Now); err != nil && !errors.Is(err, ErrState) {
			failures = append(failures, err)
		}
		for _, at := range []access.Time{x.Start, x.End} {
			if at > p.Now && (next == 0 || at < next) {
				next = at
			}
		}
	}
	return next, errors.Join(failures...)
}

func (g *Engine) one(ctx context.Context, v *graph.View, x *Seen, now access.Time) error {
	switch x.State {
	case Waiting, Scheduled:
		return g.before(ctx, v, x, now)
	case Starting, Active:
		return g.during(ctx, v, x, now)
	case Ending:
		return g.after(ctx, x, now)
	case Ended, Refused, Failed:
	}
	return nil
}

// before is what has not begun: what lost its ground is refused, and what is due begins.
func (g *Engine) before(ctx context.Context, v *graph.View, x *Seen, now access.Time) error {
	if why := g.lost(ctx, v, x, now); why != "" {
		return g.Store.Refuse(ctx, x.ID, CodeLost, why)
	}
	if x.State == Waiting || x.Start > now {
		return nil
	}
	if x.End <= now {
		return g.Store.Refuse(ctx, x.ID, CodeMissed, "its time passed before it could begin")
	}
	if !g.Store.Trusted() {
		return nil // an operator looks at the clock, and what is due by then begins
	}
	if err := g.ticket(ctx, &x.Elevation, now); err != nil {
		if refusal(err) {
			return g.Store.Refuse(ctx, x.ID, CodeTicket, err.Error())
		}
		return nil //nolint:nilerr // it is asked again, until its time is over
	}
	b, err := g.Bearer.Bearing(ctx, x.Identity, x.System, x.Entitlement, x.Resource)
	if err != nil {
		return err
	}
	if err := bears(b); err != nil {
		return g.Store.Refuse(ctx, x.ID, codeOf(err), err.Error())
	}
	return g.Store.Begin(ctx, x.ID)
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Code
	}
	return fault.Internal.String()
}

// lost says why what permitted an elevation is not so any more, or "".
func (g *Engine) lost(ctx context.Context, v *graph.View, x *Seen, now access.Time) string {
	if x.Eligible == nil || !x.Eligible.In(now) {
		return "the eligibility has ended"
	}
	o := object(v, x.Eligible, x.Identity)
	o.Reason = x.Reason
	if o.Eligible == 0 {
		return "they have not what made them eligible any more"
	}
	if err := g.Gate.Still(ctx, x.Identity, activateAction, o); err != nil {
		return err.Error()
	}
	return ""
}

// during is what is justified: it ends with its time, with what permitted it, and where it
// was not put on the target.
func (g *Engine) during(ctx context.Context, v *graph.View, x *Seen, now access.Time) error {
	if x.End <= now {
		return g.Store.End(ctx, x.ID, CodeTime, "")
	}
	if why := g.lost(ctx, v, x, now); why != "" {
		return g.Store.End(ctx, x.ID, CodeLost, why)
	}
	switch {
	case x.State == Active:
		return nil
	case x.IsOn:
		return g.Store.Seen(ctx, x.ID, Sight{State: Active, Account: x.Account})
	case now > x.Begun+micros(g.Patience, startWithin):
		return g.Store.End(ctx, x.ID, CodeNotPut, x.Trouble)
	}
	return nil
}

// after is what is over: it has ended once its grant is seen gone, and is late where that
// takes long.
func (g *Engine) after(ctx context.Context, x *Seen, now access.Time) error {
	s := Sight{State: Ended, Code: x.Code, Said: x.Said}
	if x.Elevation.Code == CodeNotPut {
		s.State = Failed
	}
	switch {
	case x.IsOff:
		return g.Store.Seen(ctx, x.ID, s)
	case !x.Late && now > x.Finished+micros(g.Overdue, endWithin):
		return g.Store.Seen(ctx, x.ID, Sight{State: Ending, Late: true})
	}
	return nil
}

func micros(d, otherwise time.Duration) access.Time {
	if d == 0 {
		d = otherwise
	}
	return access.Time(d.Microseconds())
}
