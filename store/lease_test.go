package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/testkit"
	leases "github.com/writhq/writ/pam/lease"
)

// leaseWorld is a store with a template that Ana may use.
type leaseWorld struct {
	*testing.T
	db  *DB
	s   Leases
	of  leases.Offer
	now access.Time
}

func newLeaseWorld(t *testing.T, cfg Config) *leaseWorld {
	t.Helper()
	w := &leaseWorld{T: t, now: access.TimeOf(time.Now())}
	cfg.Now = func() time.Time { return w.now.Time() }
	w.db = openStore(t, cfg)
	w.s = w.db.Leases()
	ctx := asTester(t.Context())
	w.must(w.db.change(ctx, audit.Event{Action: "test.people"}, func(t *tx) error {
		_, err := t.exec(ctx, `insert into identity (id, from_set, kind, state, name) values (1, $1, 'human', 'active', 'Ana'), (2, $1, 'human', 'terminated', 'Ben')`, t.Set)
		return err
	}))
	id, err := w.s.AddTemplate(ctx, leases.Template{Name: "reporting", System: 1, Usual: time.Minute, Terms: access.Terms{Most: time.Hour}}, "a test")
	w.must(err)
	w.must(w.s.Grant(ctx, leases.Right{Template: id, Holder: access.IdentityID(1).Ref(), Reason: "a test"}))
	w.of, err = w.s.Offer(ctx, id)
	w.must(err)
	return w
}

func (w *leaseWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *leaseWorld) ask(lasts time.Duration) (leases.Lease, error) {
	l := leases.Lease{Template: w.of.ID, System: 1, Identity: 1, Lasts: lasts, Most: time.Hour}
	_, err := w.s.Ask(asTester(w.Context()), &l, w.of, w.of.Rights[0], nil)
	return l, err
}

// What a lease was decided on is so still when it is kept: else there is none.
func TestLeaseIsOfWhatIsSoStill(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		w := newLeaseWorld(t, fresh(t))
		ctx := asTester(t.Context())
		_, err := w.ask(time.Minute)
		w.must(err)
		l := leases.Lease{Template: w.of.ID, System: 1, Identity: 2, Lasts: time.Minute, Most: time.Hour}
		if _, err := w.s.Ask(ctx, &l, w.of, w.of.Rights[0], nil); !errors.Is(err, leases.ErrMayNot) {
			t.Errorf("somebody who left leases: %v", err)
		}
		w.must(w.s.ChangeTemplate(ctx, w.of.Template, "the same again"))
		if _, err := w.ask(time.Minute); !errors.Is(err, leases.ErrTemplateStale) {
			t.Errorf("by a template that has changed: %v", err)
		}
		w.of, err = w.s.Offer(ctx, w.of.ID)
		w.must(err)
		w.must(w.s.Revoke(ctx, w.of.Rights[0], "a test"))
		if _, err := w.ask(time.Minute); !errors.Is(err, leases.ErrMayNot) {
			t.Errorf("by a right that was taken: %v", err)
		}
		w.must(w.s.RetireTemplate(ctx, w.of.ID, "a test"))
		if _, err := w.ask(time.Minute); !errors.Is(err, leases.ErrNoTemplate) {
			t.Errorf("by a template that was retired: %v", err)
		}
	})
}

// A node that slept through its turn keeps nothing of what it took away, and two do not take
// away in a system at once.
func TestTakingAwayIsOneNodesAtATime(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		w := newLeaseWorld(t, fresh(t))
		ctx := asTester(t.Context())
		l, err := w.ask(time.Minute)
		w.must(err)
		_, err = w.s.End(ctx, l.ID, leases.CodeReturned, "")
		w.must(err)
		slow, err := w.s.Own(ctx, 1, time.Minute)
		w.must(err)
		list, err := slow.Due(ctx, 10)
		w.must(err)
		if len(list) != 1 || list[0].ID != l.ID || list[0].Name != l.Name || list[0].Mark == "" {
			t.Fatalf("due is %+v", list)
		}
		if _, err := w.s.Own(ctx, 1, time.Minute); !errors.Is(err, ErrLeased) {
			t.Fatalf("two have it: %v", err)
		}
		_, err = w.db.w.ExecContext(ctx, `update lease set until = 0`)
		w.must(err)
		other, err := w.s.Own(ctx, 1, time.Minute)
		w.must(err)
		for what, err := range map[string]error{
			"settles": slow.Settle(ctx, []leases.Outcome{{Lease: l}}), "goes on": slow.Keep(ctx), "finds orphans": slow.Orphans(ctx, []leases.Orphan{{Name: "x"}}),
		} {
			if !errors.Is(err, ErrFenced) {
				t.Errorf("a node that lost its turn %s: %v", what, err)
			}
		}
		w.must(other.Settle(ctx, []leases.Outcome{{Lease: l, After: time.Minute, Code: "system-unreachable", Said: "away"}}))
		if l, err = w.s.Lease(ctx, l.ID); err != nil || l.State != leases.Ending || l.Attempts != 1 || l.Late {
			t.Errorf("tried in vain it is %+v, %v", l, err)
		}
		if list, err := other.Due(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("tried in vain it is due at once: %+v, %v", list, err)
		}
		if _, err := w.s.Retry(ctx, l.ID, "it is back"); err != nil {
			t.Errorf("it cannot be tried again: %v", err)
		}
		if list, err := other.Due(ctx, 10); err != nil || len(list) != 1 || list[0].Attempts != 1 {
			t.Errorf("asked for, it is not due: %+v, %v", list, err)
		}
		lent := func() bool {
			t.Helper()
			is, err := w.db.Inventory().Lent(ctx, 1, w.now)
			w.must(err)
			there, err := is(ctx, l.Name)
			w.must(err)
			return there
		}
		if !lent() {
			t.Error("a sync takes what is being taken away for an account")
		}
		w.now += micros(time.Minute)
		if lent() {
			t.Error("a sync leaves out what is late")
		}
		if l, err = w.s.Lease(ctx, l.ID); err != nil || !l.Late {
			t.Errorf("over for a minute it is %+v, %v", l, err)
		}
		if o, err := w.db.Findings().Outside(ctx); err != nil || len(o.Late) != 1 || o.Late[0].Lease != l.ID || o.Late[0].Since != l.Finished || o.Late[0].Name != l.Name {
			t.Errorf("findings hear of %+v, %v", o.Late, err)
		}
		list, err = other.Due(ctx, 10)
		w.must(err)
		w.must(other.Settle(ctx, []leases.Outcome{{Lease: list[0]}}))
		if l, err = w.s.Lease(ctx, l.ID); err != nil || l.State != leases.Ended || l.Gone == 0 {
			t.Errorf("gone it is %+v, %v", l, err)
		}
		if o, err := w.db.Findings().Outside(ctx); err != nil || len(o.Late) != 0 {
			t.Errorf("findings hear of what is gone: %+v, %v", o.Late, err)
		}
		if _, err := w.s.Retry(ctx, l.ID, "once more"); !errors.Is(err, leases.ErrState) {
			t.Errorf("what is gone is tried again: %v", err)
		}
	})
}

// A clock that is set back while the node is away lets nothing last longer.
func TestLeaseEndsWhereTheClockWasSetBack(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		cfg := fresh(t)
		w := newLeaseWorld(t, cfg)
		w.now += micros(time.Hour)
		w.must(w.s.ChangeTemplate(asTester(t.Context()), w.of.Template, "an hour later")) // by the clock before
		w.must(w.db.Close())
		cfg.Now = time.Now
		w.db = openStore(t, cfg)
		w.s = w.db.Leases()
		var err error
		w.of, err = w.s.Offer(t.Context(), w.of.ID)
		w.must(err)
		l, err := w.ask(time.Second)
		w.must(err)
		if l.Start < w.now {
			t.Fatalf("it begins %s before what has been", time.Duration(w.now-l.Start)*time.Microsecond)
		}
		for l.State != leases.Ending {
			_, _, err := w.s.Sweep(asTester(t.Context()), time.Hour)
			w.must(err)
			l, err = w.s.Lease(t.Context(), l.ID)
			w.must(err)
		}
	})
}

// modelled is what a lease should be.
type modelled struct {
	state      leases.State
	start, end access.Time
	failed     bool
}

// leaseModel is a store of leases, and what should be in it.
type leaseModel struct {
	*rapid.T
	w     *leaseWorld
	ids   []access.LeaseID
	model map[access.LeaseID]*modelled
}

// TestLeaseModel does what anybody may do to leases, in any order and at any time, beside a
// model: none is open past its end once that was looked at, none outlives its terms, and
// what is over never comes back.
func TestLeaseModel(t *testing.T) {
	w := newLeaseWorld(t, emptySQLite(t))
	rounds, most := 0, testkit.Rounds(10, 40, 2000)
	rapid.Check(t, func(r *rapid.T) {
		if rounds++; rounds > most {
			return
		}
		w.must(endLeases(w.Context(), w.db)) // of a round that failed
		m := &leaseModel{T: r, w: w, model: map[access.LeaseID]*modelled{}}
		r.Repeat(map[string]func(*rapid.T){
			"ask": m.asks, "made": m.made, "renew": m.renews, "end": m.ends, "time passes": m.waits, "sweep": m.sweeps, "take away": m.takesAway, "": m.holds,
		})
	})
}

func (m *leaseModel) must(err error) {
	if err != nil {
		m.Fatal(err)
	}
}

func (m *leaseModel) ctx() context.Context { return asTester(m.w.Context()) }

// one is one of the leases that there are.
func (m *leaseModel) one() (access.LeaseID, *modelled) {
	if len(m.ids) == 0 {
		m.Skip("there is none")
	}
	id := m.ids[rapid.IntRange(0, len(m.ids)-1).Draw(m.T, "which")]
	return id, m.model[id]
}

func (m *leaseModel) minutes(from, to int) access.Time {
	return micros(time.Duration(rapid.IntRange(from, to).Draw(m.T, "minutes")) * time.Minute)
}

func (m *leaseModel) asks(*rapid.T) {
	l, err := m.w.ask(time.Duration(m.minutes(1, 60)) * time.Microsecond)
	m.must(err)
	m.ids = append(m.ids, l.ID)
	m.model[l.ID] = &modelled{state: leases.Making, start: l.Start, end: l.End}
}

func (m *leaseModel) made(*rapid.T) {
	id, x := m.one()
	list, err := m.w.s.Made(m.ctx(), []access.LeaseID{id})
	m.must(err)
	should := x.state == leases.Making && x.end > m.w.now
	if should != (len(list) == 1) {
		m.Fatalf("made: %v, and it is %+v", list, x)
	}
	if should {
		x.state = leases.Active
	}
}

func (m *leaseModel) renews(*rapid.T) {
	id, x := m.one()
	until := m.w.now + m.minutes(-10, 90)
	_, err := m.w.s.Renew(m.ctx(), id, until)
	should := x.state == leases.Active && x.end > m.w.now && until > x.end && until <= x.start+micros(time.Hour)
	if should != (err == nil) {
		m.Fatalf("renewed until %d: %v, and it is %+v", until, err, x)
	}
	if should {
		x.end = until
	}
}

func (m *leaseModel) ends(*rapid.T) {
	id, x := m.one()
	code := rapid.SampledFrom([]string{leases.CodeReturned, leases.CodeForced, leases.CodeNotMade, leases.CodeLost}).Draw(m.T, "why")
	_, err := m.w.s.End(m.ctx(), id, code, "")
	should := x.state == leases.Making || x.state == leases.Active
	if should != (err == nil) {
		m.Fatalf("ended: %v, and it is %+v", err, x)
	}
	if should {
		x.state, x.failed = leases.Ending, code == leases.CodeNotMade
	}
}

func (m *leaseModel) waits(*rapid.T) { m.w.now += m.minutes(1, 40) }

func (m *leaseModel) sweeps(*rapid.T) {
	_, next, err := m.w.s.Sweep(m.ctx(), 30*time.Minute)
	m.must(err)
	for id, x := range m.model {
		switch {
		case x.state != leases.Making && x.state != leases.Active:
		case x.end <= m.w.now:
			x.state = leases.Ending
		case x.state == leases.Making && x.start <= m.w.now-micros(30*time.Minute):
			x.state, x.failed = leases.Ending, true
		case next == 0 || next > x.end:
			m.Fatalf("the next end is %d, and %s ends at %d", next, id, x.end)
		}
	}
}

func (m *leaseModel) takesAway(*rapid.T) {
	o, err := m.w.s.Own(m.ctx(), 1, time.Hour)
	m.must(err)
	list, err := o.Due(m.ctx(), leases.Together)
	m.must(err)
	var out []leases.Outcome
	for _, l := range list {
		did := leases.Outcome{Lease: l}
		x := m.model[l.ID]
		switch {
		case x == nil: // of an earlier round
		case x.state != leases.Ending:
			m.Fatalf("due is %+v, which is %+v", l, x)
		case rapid.Bool().Draw(m.T, "in vain"):
			did.After, did.Code = time.Minute, "system-unreachable"
		case x.failed:
			x.state = leases.Failed
		default:
			x.state = leases.Ended
		}
		out = append(out, did)
	}
	m.must(o.Settle(m.ctx(), out))
	m.must(o.End(m.ctx()))
}

func (m *leaseModel) holds(*rapid.T) {
	for id, x := range m.model {
		l, err := m.w.s.Lease(m.ctx(), id)
		m.must(err)
		if l.State != x.state || l.End != x.end || l.End > l.Start+micros(l.Most) {
			m.Fatalf("it is %+v, and should be %+v", l, x)
		}
	}
}
