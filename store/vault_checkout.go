package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

const (
	checkoutColumns = `c.id, c.secret_id, c.safe_id, c.identity_id, c.exclusive, c.rotates, c.state, c.reason, c.ticket, c.lasts, c.most,
       c.asked_at, c.agreed_at, c.started_at, c.ends_at, c.ended_at, c.ended_by, c.end_reason, c.approval_id, c.chain_id`
	oneCheckout    = `select ` + checkoutColumns + ` from checkout c where c.id = $1`
	checkoutsOf    = `select ` + checkoutColumns + ` from checkout c where c.identity_id = $1 and c.id < $2 order by c.id desc limit $3`
	checkoutsOn    = `select ` + checkoutColumns + ` from checkout c where c.secret_id = $1 and c.id < $2 order by c.id desc limit $3`
	checkoutsOpen  = `select ` + checkoutColumns + ` from checkout c where c.state in ('waiting', 'out') and c.id < $1 order by c.id desc limit $2`
	checkoutsAll   = `select ` + checkoutColumns + ` from checkout c where c.id < $1 order by c.id desc limit $2`
	openOn         = `select ` + checkoutColumns + ` from checkout c where c.secret_id = $1 and c.state in ('waiting', 'out') and (c.state = 'waiting' or c.ends_at > $2) order by c.exclusive desc, c.id`
	insertCheckout = `
insert into checkout (id, secret_id, safe_id, identity_id, exclusive, rotates, state, reason, ticket, lasts, most, asked_at, started_at, ends_at, approval_id, chain_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	agreeCheckout  = `update checkout set agreed_at = $2 where id = $1 and state = 'waiting'`
	beginCheckout  = `update checkout set state = 'out', started_at = $2, ends_at = $3 where id = $1 and state = 'waiting' and agreed_at <> 0`
	extendCheckout = `update checkout set ends_at = $2 where id = $1 and state = 'out'`
	endCheckout    = `update checkout set state = $2, ended_at = $3, ended_by = $4, end_reason = $5 where id = $1 and state in ('waiting', 'out')`
	overdueOn      = `select c.id from checkout c where c.secret_id = $1 and c.state = 'out' and c.ends_at <= $2`
	overdue        = `select c.id from checkout c where c.state = 'out' and c.ends_at <= $1 order by c.ends_at limit 1000`
)

func scanCheckout(scan func(...any) error) (c vault.Checkout, err error) {
	var lasts, most int64
	err = scan(&c.ID, &c.Secret, &c.Safe, &c.Identity, &c.Exclusive, &c.Rotates, &c.State, &c.Reason, &c.Ticket, &lasts, &most,
		&c.Asked, &c.Agreed, &c.Started, &c.Ends, &c.Ended, &c.EndedBy, &c.EndReason, &c.Approval, &c.Chain)
	c.Lasts, c.Most = time.Duration(lasts)*time.Microsecond, time.Duration(most)*time.Microsecond
	return c, err
}

func (q *query) checkout(ctx context.Context, id access.CheckoutID, lock string) (vault.Checkout, error) {
	c, err := scanCheckout(q.row(ctx, oneCheckout+lock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return c, vault.ErrNoCheckout
	}
	return c, err
}

// Checkouts implements vault.Store.
func (s Vault) Checkouts(ctx context.Context, q vault.CheckoutQuery) (list []vault.Checkout, err error) {
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	text, args := checkoutsAll, []any{before, q.First}
	switch {
	case q.ID != 0:
		text, args = oneCheckout, []any{q.ID}
	case q.Secret != 0:
		text, args = checkoutsOn, []any{q.Secret, before, q.First}
	case q.Of != 0:
		text, args = checkoutsOf, []any{q.Of, before, q.First}
	case q.Open:
		text = checkoutsOpen
	}
	err = s.db.read(ctx, func(r *query) error {
		return r.each(ctx, text, args, func(scan func(...any) error) error {
			c, err := scanCheckout(scan)
			if err == nil && (!q.Open || c.State.Open()) {
				list = append(list, c)
			}
			return err
		})
	})
	return list, err
}

// CheckOut implements vault.Store.
func (s Vault) CheckOut(ctx context.Context, c vault.Checkout, o vault.Opening, ask *approval.Case) (vault.Checkout, error) {
	e := audit.Event{
		Action: "checkout.ask", Subjects: []access.IdentityID{c.Identity}, Personal: map[string]string{"reason": c.Reason, "ticket": c.Ticket},
		Facts: map[string]string{"secret": c.Secret.String(), "safe": c.Safe.String(), "exclusive": strconv.FormatBool(c.Exclusive), "state": string(c.State), "right": o.Right.Holder.String()},
	}
	var blocking vault.Checkout
	err := s.db.change(ctx, e, func(t *tx) error {
		if err := t.decidedOn(ctx, o); err != nil {
			return err
		}
		var err error
		if blocking, err = t.free(ctx, c); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindCheckout, 1)
		if err != nil {
			return err
		}
		c.ID, c.Asked = access.CheckoutID(key), t.At
		t.Event.Object = c.ID.Ref()
		if c.State == vault.Out {
			c.Started, c.Ends = t.At, c.Until(c.Lasts, t.At)
			t.Event.Facts["until"] = strconv.FormatInt(int64(c.Ends), 10)
		}
		if err := t.askOrChain(ctx, &c, ask); err != nil {
			return err
		}
		if err := t.insertCheckout(ctx, c); err != nil {
			return err
		}
		return t.changed(ctx, c.ID.Ref())
	})
	if errors.Is(err, vault.ErrOut) {
		return blocking, err
	}
	return c, err
}

// askOrChain asks those who have to agree, or else begins what the check-out leads to.
func (t *tx) askOrChain(ctx context.Context, c *vault.Checkout, ask *approval.Case) (err error) {
	if ask != nil {
		ask.About = c.ID.Ref()
		if c.Approval, err = t.openApproval(ctx, *ask); err != nil {
			return err
		}
		c.Chain, err = t.chainOf(ctx, c.ID.Ref())
	} else {
		if c.Chain, err = t.newChain(ctx); err != nil {
			return err
		}
		err = t.chain(ctx, c.Chain, c.ID.Ref())
	}
	t.Event.Facts["chain"] = c.Chain.String()
	return err
}

// checkoutSettled takes up what others have said to a check-out: it begins once its right
// has been looked at again.
func (t *tx) checkoutSettled(ctx context.Context, id access.CheckoutID, state approval.State) error {
	if state == approval.Approved {
		if _, err := t.exec(ctx, agreeCheckout, id, t.At); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	}
	as := vault.Refused
	if state == approval.Withdrawn {
		as = vault.Withdrawn
	}
	_, err := t.endCheckout(ctx, id, as, "")
	if errors.Is(err, vault.ErrCheckoutEnded) {
		return nil
	}
	return err
}

// Begin implements vault.Store.
func (s Vault) Begin(ctx context.Context, id access.CheckoutID, o vault.Opening) (c vault.Checkout, err error) {
	e := audit.Event{Action: "checkout.begin", Object: id.Ref(), Subjects: []access.IdentityID{o.By}, Facts: map[string]string{"secret": o.Secret.ID.String(), "right": o.Right.Holder.String()}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if err := t.decidedOn(ctx, o); err != nil {
			return err
		}
		if c, err = t.checkout(ctx, id, t.d.forUpdate); err != nil {
			return err
		}
		if c.State != vault.Waiting || c.Agreed == 0 || c.Identity != o.By {
			return vault.ErrCheckoutEnded
		}
		if _, err := t.free(ctx, c); err != nil {
			return err
		}
		c.State, c.Started, c.Ends = vault.Out, t.At, c.Until(c.Lasts, t.At)
		t.Event.Facts["until"], t.Event.Facts["chain"] = strconv.FormatInt(int64(c.Ends), 10), c.Chain.String()
		if _, err := t.exec(ctx, beginCheckout, id, c.Started, c.Ends); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
	return c, err
}

func (t *tx) insertCheckout(ctx context.Context, c vault.Checkout) error {
	_, err := t.exec(ctx, insertCheckout, c.ID, c.Secret, c.Safe, c.Identity, c.Exclusive, c.Rotates, string(c.State), c.Reason, c.Ticket,
		c.Lasts.Microseconds(), c.Most.Microseconds(), c.Asked, c.Started, c.Ends, c.Approval, c.Chain)
	return err
}

// free refuses where somebody has a secret out, so that another cannot, and where whoever
// asks has it or asks for it already. What should have ended by now ends first.
func (t *tx) free(ctx context.Context, c vault.Checkout) (blocking vault.Checkout, err error) {
	if err := t.endOverdue(ctx, c.Secret); err != nil {
		return blocking, err
	}
	var open []vault.Checkout
	err = t.each(ctx, openOn, []any{c.Secret, t.At}, func(scan func(...any) error) error {
		x, err := scanCheckout(scan)
		open = append(open, x)
		return err
	})
	if err != nil {
		return blocking, err
	}
	for _, x := range open {
		switch {
		case x.ID == c.ID:
		case x.Identity == c.Identity:
			return x, vault.ErrHaveIt
		case x.State == vault.Out && (c.Exclusive || x.Exclusive):
			return x, vault.ErrOut
		}
	}
	return blocking, nil
}

// endOverdue ends what is out for longer than it may be and was not swept yet.
func (t *tx) endOverdue(ctx context.Context, id access.SecretID) error {
	var late []access.CheckoutID
	err := t.each(ctx, overdueOn, []any{id, t.At}, func(scan func(...any) error) error {
		var x access.CheckoutID
		defer func() { late = append(late, x) }()
		return scan(&x)
	})
	for _, x := range late {
		if err == nil {
			_, err = t.endCheckout(ctx, x, vault.Expired, "")
		}
		t.Event.Facts["expired"] = x.String()
	}
	return err
}

// endCheckout ends a check-out that is under way. What others are asked about it ends
// first, in the order in which deciding locks.
func (t *tx) endCheckout(ctx context.Context, id access.CheckoutID, as vault.CheckoutState, reason string) (vault.Checkout, error) {
	if err := t.closeApproval(ctx, id.Ref()); err != nil {
		return vault.Checkout{}, err
	}
	c, err := t.checkout(ctx, id, t.d.forUpdate)
	if err != nil {
		return c, err
	}
	if !c.State.Open() || as == vault.Expired && c.Ends > t.At {
		return c, vault.ErrCheckoutEnded
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return c, err
	}
	was := c.State
	c.State, c.Ended, c.EndedBy, c.EndReason = as, t.At, actor.String(), reason
	if _, err := t.exec(ctx, endCheckout, id, string(as), t.At, c.EndedBy, reason); err != nil {
		return c, err
	}
	if was == vault.Out && c.Rotates {
		if err := t.dueFor(ctx, c.Secret, rotate.OnCheckIn, t.At); err != nil {
			return c, err
		}
	}
	return c, t.changed(ctx, id.Ref(), c.Secret.Ref())
}

// endActions are how the log names the ends of a check-out.
var endActions = map[vault.CheckoutState]string{
	vault.Returned: "checkout.return", vault.Withdrawn: "checkout.return", vault.Forced: "checkout.force", vault.Refused: "checkout.refuse", vault.Expired: "checkout.expire",
}

// EndCheckout implements vault.Store.
func (s Vault) EndCheckout(ctx context.Context, id access.CheckoutID, as vault.CheckoutState, reason string) (c vault.Checkout, err error) {
	e := audit.Event{Action: endActions[as], Object: id.Ref(), Facts: map[string]string{"state": string(as)}, Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if c, err = t.endCheckout(ctx, id, as, reason); err != nil {
			return err
		}
		t.Event.Subjects = []access.IdentityID{c.Identity}
		t.Event.Facts["secret"], t.Event.Facts["identity"], t.Event.Facts["chain"] = c.Secret.String(), c.Identity.String(), c.Chain.String()
		return nil
	})
	return c, err
}

// Extend implements vault.Store.
func (s Vault) Extend(ctx context.Context, id access.CheckoutID, ends func(vault.Checkout, access.Time) (access.Time, error), reason string) (c vault.Checkout, err error) {
	e := audit.Event{Action: "checkout.extend", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if c, err = t.checkout(ctx, id, t.d.forUpdate); err != nil {
			return err
		}
		until, err := ends(c, t.At)
		if err != nil {
			return err
		}
		if !t.db.ClockTrusted() {
			return vault.ErrClock
		}
		t.Event.Subjects = []access.IdentityID{c.Identity}
		t.Event.Facts["secret"], t.Event.Facts["until"] = c.Secret.String(), strconv.FormatInt(int64(until), 10)
		c.Ends = until
		if _, err := t.exec(ctx, extendCheckout, id, until); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
	return c, err
}

// sweepCheckouts ends what the clock has reached, each with its record.
func (db *DB) sweepCheckouts(ctx context.Context) error {
	var late []access.CheckoutID
	err := db.read(ctx, func(q *query) error {
		at, err := db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, overdue, []any{at}, func(scan func(...any) error) error {
			var x access.CheckoutID
			defer func() { late = append(late, x) }()
			return scan(&x)
		})
	})
	for _, id := range late {
		if err == nil {
			_, err = db.Vault().EndCheckout(ctx, id, vault.Expired, "")
		}
		if errors.Is(err, vault.ErrCheckoutEnded) { // somebody was first
			err = nil
		}
	}
	return err
}
