package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	leases "github.com/writhq/writ/pam/lease"
)

const (
	agreeLease  = `update lease_made set agreed_at = $2, ends_at = $3 where id = $1 and state = 'waiting'`
	takeLeased  = `update lease_made set state = 'making', starts_at = $2, ends_at = $3, most = $4, successor = $5 where id = $1 and state = 'waiting' and agreed_at > 0 and ends_at > $2`
	madeLease   = `update lease_made set state = 'active' where id = $1 and state = 'making' and ends_at > $2`
	renewLease  = `update lease_made set ends_at = $2 where id = $1 and state = 'active' and ends_at < $2 and ends_at > $3`
	refuseLease = `update lease_made set state = 'refused', over_at = $2, code = $3, said = $4, ended_by = $5 where id = $1 and state = 'waiting'`
	endLeased   = `
update lease_made set state = 'ending', over_at = $2, next_at = $2, attempts = 0, code = $3, said = $4, ended_by = $5 where id = $1 and state in ('making', 'active')`

	retryLease = `update lease_made set next_at = $2 where id = $1 and state = 'ending'`

	selectInstallation = `select word from lease_installation where id = 1`
	insertInstallation = `insert into lease_installation (id, word) values (1, $1) on conflict (id) do nothing`

	// takenWithin is how long what was agreed to waits to be taken.
	takenWithin = time.Hour
)

// leasePrefix begins the marks of this installation, which it draws the first time.
func (t *tx) leasePrefix(ctx context.Context) (string, error) {
	var word string
	err := t.row(ctx, selectInstallation).Scan(&word)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := t.exec(ctx, insertInstallation, strings.ToLower(rand.Text()[:8])); err != nil {
			return "", err
		}
		err = t.row(ctx, selectInstallation).Scan(&word)
	}
	return leaseMarks(word), err
}

// Ask implements leases.Store.
func (s Leases) Ask(ctx context.Context, l *leases.Lease, of leases.Offer, by leases.Right, ask *approval.Case) (entitlements []string, err error) {
	e := askedFor(l)
	e.Quiet = ask == nil // who asks others is followed by them
	err = s.db.change(ctx, e, func(t *tx) error {
		if err := t.offered(ctx, l.Identity, of, by); err != nil {
			return err
		}
		if entitlements, err = t.leased(ctx, of.Template); err != nil {
			return err
		}
		if err := t.keyLease(ctx, l); err != nil {
			return err
		}
		l.Asked = t.At
		if ask != nil {
			l.State = leases.Waiting
			ask.About, ask.Chain = l.ID.Ref(), l.Chain
			if l.Approval, err = t.openApproval(ctx, *ask); err != nil {
				return err
			}
		} else {
			l.State, l.Start, l.End = leases.Making, t.At, t.At+micros(l.Lasts)
			if err := t.chain(ctx, l.Chain, l.ID.Ref()); err != nil {
				return err
			}
		}
		t.Event.Facts = leaseFacts(l)
		t.Event.Facts["right"] = by.Holder.String()
		return t.insertMany(ctx, "lease_made", leaseInto, [][]any{leaseRow(l)})
	})
	if err != nil {
		return nil, fmt.Errorf("asking for a lease: %w", err)
	}
	return entitlements, nil
}

func askedFor(l *leases.Lease) audit.Event {
	return audit.Event{Action: "lease.ask", Subjects: []access.IdentityID{l.Identity}, Personal: map[string]string{"reason": l.Reason, "ticket": l.Ticket}}
}

var leaseInto = []string{
	"id", "chain_id", "template_id", "system_id", "identity_id", "name", "mark", "successor", "state", "reason", "ticket", "lasts", "most",
	"asked_at", "approval_id", "starts_at", "ends_at",
}

func leaseRow(l *leases.Lease) []any {
	return []any{
		l.ID, l.Chain, l.Template, l.System, l.Identity, l.Name, l.Mark, l.Successor, string(l.State), l.Reason, l.Ticket,
		l.Lasts.Microseconds(), l.Most.Microseconds(), l.Asked, l.Approval, l.Start, l.End,
	}
}

// Reserve implements leases.Store.
func (s Leases) Reserve(ctx context.Context, n int) (access.LeaseID, access.ChainID, error) {
	id, chain, err := s.db.reserve(ctx, access.KindLease, n)
	return access.LeaseID(id), chain, err
}

// AskKnown implements leases.Store. It starts when the database is asked: what is committed
// with it is later by as long as that takes.
func (s Leases) AskKnown(ctx context.Context, l *leases.Lease, k leases.Known, by leases.Right) error {
	if s.db.groups == nil {
		return leases.ErrMoved
	}
	l.Asked = access.Time(s.db.clock.read(s.db.nowFn()))
	l.State, l.Start, l.End = leases.Making, l.Asked, l.Asked+micros(l.Lasts)
	e := askedFor(l)
	e.Quiet, e.Object, e.Facts = true, l.ID.Ref(), leaseFacts(l)
	e.Facts["right"] = by.Holder.String()
	row := leaseRow(l)
	return s.db.note(ctx, e, func(t *tx) error {
		if !t.db.ClockTrusted() {
			return leases.ErrClock
		}
		changed, err := t.changedAfter(ctx, k.At)
		switch {
		case err != nil:
			return err
		case changed, by.Ends != 0 && by.Ends <= t.At, l.End <= t.At:
			return leases.ErrMoved
		}
		return t.mayAct(ctx, l.Identity, leases.ErrMayNot)
	}, func(at access.Time) []*rowsOf {
		return []*rowsOf{
			{table: "chain_link", columns: chainLinkInto, values: []any{l.Chain, access.KindLease, int64(l.ID), at}},
			{table: "lease_made", columns: leaseInto, values: row},
		}
	})
}

// keyLease gives a lease its id, and the name and the mark of its account.
func (t *tx) keyLease(ctx context.Context, l *leases.Lease) error {
	key, err := t.newKeys(ctx, access.KindLease, 1)
	if err != nil {
		return err
	}
	l.ID = access.LeaseID(key)
	t.Event.Object = l.ID.Ref()
	prefix, err := t.leasePrefix(ctx)
	if err != nil {
		return err
	}
	l.Name, l.Mark = leases.Login(prefix, l.ID), leases.Mark(prefix, l.ID)
	l.Chain, err = t.newChain(ctx)
	return err
}

// offered refuses where what a lease was decided on is not so any more.
func (t *tx) offered(ctx context.Context, who access.IdentityID, of leases.Offer, by leases.Right) error {
	now, err := t.template(ctx, of.ID, t.d.forShare)
	if err != nil {
		return err
	}
	if now.Version != of.Version {
		return leases.ErrTemplateStale
	}
	if !t.db.ClockTrusted() {
		return leases.ErrClock
	}
	var ends access.Time
	err = t.row(ctx, leaseRightThere, of.ID, by.Holder.Kind, by.Holder.Key).Scan(&ends)
	if errors.Is(err, sql.ErrNoRows) || err == nil && ends != 0 && ends <= t.At {
		return leases.ErrMayNot
	}
	if err != nil {
		return err
	}
	return t.mayAct(ctx, who, leases.ErrMayNot)
}

func leaseFacts(l *leases.Lease) map[string]string {
	return map[string]string{
		"template": l.Template.String(), "system": l.System.String(), "chain": l.Chain.String(), "state": string(l.State), "lasts": seconds(l.Lasts),
		"until": strconv.FormatInt(int64(l.End), 10),
	}
}

// Take implements leases.Store.
func (s Leases) Take(ctx context.Context, id access.LeaseID, of leases.Offer, by leases.Right) (l leases.Lease, entitlements []string, err error) {
	err = s.db.change(ctx, audit.Event{Action: "lease.take", Object: id.Ref()}, func(t *tx) error {
		if l, err = t.leaseMade(ctx, id, t.At, t.d.forUpdate); err != nil {
			return err
		}
		if err := t.offered(ctx, l.Identity, of, by); err != nil {
			return err
		}
		if entitlements, err = t.leased(ctx, of.Template); err != nil {
			return err
		}
		l.Most = min(l.Most, of.Terms.Most)
		l.State, l.Start, l.End, l.Successor = leases.Making, t.At, t.At+micros(min(l.Lasts, l.Most)), of.Successor
		n, err := t.exec(ctx, takeLeased, id, l.Start, l.End, l.Most.Microseconds(), l.Successor)
		if err == nil && n == 0 {
			err = leases.ErrState
		}
		t.Event.Subjects, t.Event.Facts = []access.IdentityID{l.Identity}, leaseFacts(&l)
		t.Event.Facts["right"] = by.Holder.String()
		return err
	})
	return l, entitlements, err
}

// leaseSettled takes up what others have said: what they agreed to waits to be taken.
func (t *tx) leaseSettled(ctx context.Context, id access.LeaseID, as approval.State) error {
	if as == approval.Approved {
		_, err := t.exec(ctx, agreeLease, id, t.At, t.At+micros(takenWithin))
		return err
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, refuseLease, id, t.At, leases.CodeNotApproved, "the approval was "+string(as), actor.String())
	return err
}

// Made implements leases.Store.
func (s Leases) Made(ctx context.Context, ids []access.LeaseID) (list []access.LeaseID, err error) {
	e := audit.Event{Action: "lease.made", Facts: map[string]string{}, Quiet: true}
	if len(ids) == 1 {
		e.Object = ids[0].Ref()
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		list = nil
		for _, id := range ids {
			n, err := t.exec(ctx, madeLease, id, t.At)
			if err != nil {
				return err
			}
			if n > 0 {
				list = append(list, id)
			}
		}
		noteLeases(t.Event.Facts, "lease", list)
		return nil
	})
	return list, err
}

// noteLeases puts leases into a record, each as a fact: their number is within what a record
// may have.
func noteLeases(facts map[string]string, as string, list []access.LeaseID) {
	for i, id := range list {
		facts[as+"_"+strconv.Itoa(i+1)] = id.String()
	}
}

// Renew implements leases.Store.
func (s Leases) Renew(ctx context.Context, id access.LeaseID, until access.Time) (l leases.Lease, err error) {
	err = s.db.change(ctx, audit.Event{Action: "lease.renew", Object: id.Ref()}, func(t *tx) error {
		if l, err = t.leaseMade(ctx, id, t.At, t.d.forUpdate); err != nil {
			return err
		}
		n, err := t.exec(ctx, renewLease, id, until, t.At)
		if err != nil {
			return err
		}
		if n == 0 || until > l.Start+micros(l.Most) {
			return leases.ErrState.With("it is %s, or has another end by now", l.State)
		}
		l.End = until
		t.Event.Subjects, t.Event.Facts = []access.IdentityID{l.Identity}, leaseFacts(&l)
		return nil
	})
	return l, err
}

// endedBy are how the log names the ends of a lease.
var endedBy = map[string]string{leases.CodeReturned: "lease.return", leases.CodeForced: "lease.force", leases.CodeNotMade: "lease.fail", leases.CodeUnanswered: "lease.fail"}

// End implements leases.Store. What it waits for is ended first, in the order in which
// deciding locks.
func (s Leases) End(ctx context.Context, id access.LeaseID, code, said string) (l leases.Lease, err error) {
	event := audit.Event{Action: "lease.over", Object: id.Ref()}
	if name := endedBy[code]; name != "" {
		event.Action = name
	}
	if code == leases.CodeForced {
		event.Personal = map[string]string{"reason": said}
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return l, err
	}
	err = s.db.change(ctx, event, func(t *tx) error {
		if err := t.closeApproval(ctx, id.Ref()); err != nil {
			return err
		}
		if l, err = t.leaseMade(ctx, id, t.At, t.d.forUpdate); err != nil {
			return err
		}
		text, state := endLeased, leases.Ending
		if l.State == leases.Waiting {
			text, state = refuseLease, leases.Refused
		}
		n, err := t.exec(ctx, text, id, t.At, code, said, actor.String())
		if err != nil {
			return err
		}
		if n == 0 {
			return leases.ErrState.With("it is %s", l.State)
		}
		l.State, l.Finished, l.Code, l.Said, l.EndedBy = state, t.At, code, said, actor.String()
		t.Event.Subjects, t.Event.Facts = []access.IdentityID{l.Identity}, leaseFacts(&l)
		t.Event.Facts["code"] = code
		return nil
	})
	return l, err
}

// Retry implements leases.Store.
func (s Leases) Retry(ctx context.Context, id access.LeaseID, reason string) (l leases.Lease, err error) {
	e := audit.Event{Action: "lease.retry", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if l, err = t.leaseMade(ctx, id, t.At, t.d.forUpdate); err != nil {
			return err
		}
		n, err := t.exec(ctx, retryLease, id, t.At)
		if err == nil && n == 0 {
			err = leases.ErrState.With("only what is ending is taken away, and this is %s", l.State)
		}
		t.Event.Subjects, t.Event.Facts = []access.IdentityID{l.Identity}, leaseFacts(&l)
		return err
	})
	return l, err
}

const heldBy = `select m.id from lease_made m where m.identity_id = $1 and m.template_id = $2 and m.state in ('waiting', 'making', 'active') order by m.id limit 1000`

// EndHeld implements leases.Store.
func (s Leases) EndHeld(ctx context.Context, h leases.Held, code, said string) error {
	var ids []access.LeaseID
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, heldBy, []any{h.Identity, h.Template}, func(scan func(...any) error) error {
			var id access.LeaseID
			defer func() { ids = append(ids, id) }()
			return scan(&id)
		})
	})
	for _, id := range ids {
		if err == nil {
			_, err = s.End(ctx, id, code, said)
		}
		if errors.Is(err, leases.ErrState) { // it ended by itself
			err = nil
		}
	}
	return err
}
