package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

const pairOf = `select p.secret_id, p.account_id, p.other_id, p.live_id, p.grace, p.former_until from secret_pair p where p.secret_id = $1`

// pair returns the pair of a secret, or ErrNoPair.
func (q *query) pair(ctx context.Context, id access.SecretID) (p rotate.Pair, err error) {
	var grace int64
	err = q.row(ctx, pairOf, id).Scan(&p.Secret, &p.First, &p.Other, &p.Live, &grace, &p.Former)
	if errors.Is(err, sql.ErrNoRows) {
		err = rotate.ErrNoPair
	}
	p.Grace = time.Duration(grace) * time.Microsecond
	return p, err
}

// paired is pair for those who go on without one.
func (q *query) paired(ctx context.Context, id access.SecretID) (p rotate.Pair, is bool, err error) {
	p, err = q.pair(ctx, id)
	if errors.Is(err, rotate.ErrNoPair) {
		return rotate.Pair{}, false, nil
	}
	return p, err == nil, err
}

// Pair implements rotate.PairStore.
func (s Rotate) Pair(ctx context.Context, of access.SecretID) (p rotate.Pair, err error) {
	err = s.db.read(ctx, func(q *query) error {
		p, err = q.pair(ctx, of)
		return err
	})
	return p, err
}

const (
	secretOpens = `select x.kind, x.system_id, x.account_id from secret x where x.id = $1 and x.until_set = 0` //nolint:gosec // no credential: a query
	accountIn   = `select count(*) from account a where a.id = $1 and a.system_id = $2 and a.until_set = 0`
)

// SetPair implements rotate.PairStore.
func (s Rotate) SetPair(ctx context.Context, p rotate.Pair) error {
	e := audit.Event{Action: "rotation.pair", Object: p.Secret.Ref(), Facts: map[string]string{"other": p.Other.String(), "grace_minutes": strconv.Itoa(int(p.Grace.Minutes()))}}
	return s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.liveSecret(ctx, p.Secret); err != nil {
			return err
		}
		if was, is, err := t.paired(ctx, p.Secret); err != nil || is {
			if err == nil && was.Other != p.Other {
				err = rotate.ErrPaired
			}
			if err == nil {
				_, err = t.exec(ctx, `update secret_pair set grace = $2 where secret_id = $1`, p.Secret, p.Grace.Microseconds())
			}
			return err
		}
		if err := t.pairable(ctx, p); err != nil {
			return err
		}
		_, err := t.exec(ctx, `
insert into secret_pair (secret_id, account_id, other_id, live_id, grace) values ($1, $2, $3, $2, $4)`, p.Secret, p.First, p.Other, p.Grace.Microseconds())
		if err == nil {
			_, err = t.exec(ctx, `update secret_version set account_id = $2 where secret_id = $1 and account_id = 0`, p.Secret, p.First)
		}
		if err != nil {
			return err
		}
		return t.changed(ctx, p.Secret.Ref())
	})
}

// pairable refuses two accounts that cannot be a pair, or of which one is kept already.
func (t *tx) pairable(ctx context.Context, p rotate.Pair) error {
	var kind vault.Kind
	var system access.SystemID
	var first access.AccountID
	if err := t.row(ctx, secretOpens, p.Secret).Scan(&kind, &system, &first); err != nil {
		return err
	}
	if first == 0 || first != p.First || system == 0 {
		return rotate.ErrPair.With("the secret opens no account yet: say which with 'writ secret change --account'")
	}
	var n int
	if err := t.row(ctx, accountIn, p.Other, system).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return rotate.ErrPair.With("the other account is not in the system of the first")
	}
	if err := t.row(ctx, accountKept, p.Other, string(kind), p.Secret).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return vault.ErrAccountKept
	}
	return nil
}

// EndPair implements rotate.PairStore.
func (s Rotate) EndPair(ctx context.Context, of access.SecretID) error {
	e := audit.Event{Action: "rotation.unpair", Object: of.Ref(), Facts: map[string]string{}}
	return s.db.change(ctx, e, func(t *tx) error {
		row, err := t.liveSecret(ctx, of)
		if err != nil {
			return err
		}
		p, err := t.pair(ctx, of)
		if err != nil {
			return err
		}
		var unknown int
		if err := t.row(ctx, pendingOf, of, 0).Scan(&unknown); err != nil {
			return err
		}
		if p.Former != 0 || unknown > 0 {
			return rotate.ErrSwitch
		}
		t.Event.Facts["live"] = p.Live.String()
		if _, err := t.exec(ctx, `delete from secret_pair where secret_id = $1`, of); err != nil {
			return err
		}
		if _, err := t.exec(ctx, retireStandby, of, p.Idle()); err != nil {
			return err
		}
		if p.Live == p.First {
			return t.changed(ctx, of.Ref())
		}
		x, err := scanSecret(t.row(ctx, oneSecret, of).Scan)
		if err != nil {
			return err
		}
		x.Version, x.Account = row, p.Live
		return t.nextSecret(ctx, x)
	})
}

const (
	pendingOf     = `select count(*) from secret_version v where v.secret_id = $1 and v.state = 'pending' and (v.account_id = $2 or $2 = 0)`
	versionMade   = `select v.made_at, v.account_id from secret_version v where v.id = $1`
	promoteValue  = `update secret_version set state = $3 where id = $1 and secret_id = $2 and state = 'pending'`
	retireValues  = `update secret_version set state = 'previous' where secret_id = $1 and state = 'pending' and (account_id = $2 or $2 = 0)`
	retireStandby = `update secret_version set state = 'previous' where secret_id = $1 and state = 'standby' and account_id = $2`
	dueSince      = `select d.since, d.cause from secret_due d where d.secret_id = $1`
	switchPair    = `update secret_pair set live_id = $2, former_until = $3 where secret_id = $1`
)

// promotion is what is known of a value that was seen to open.
type promotion struct {
	version access.VersionID
	account access.AccountID // zero where there is one alone
	pair    rotate.Pair
	paired  bool
	cause   rotate.Cause
	fresh   bool // newer than what the secret is due for
	made    access.Time
	part    rotate.Part
}

// Promote implements rotate.Owner.
func (o *rotating) Promote(ctx context.Context, version access.VersionID, doubt bool) (done bool, err error) {
	err = o.mine(ctx, "rotation.promote", func(t *tx) error {
		p, err := o.promotion(ctx, t, version)
		if err != nil {
			return err
		}
		t.Event.Facts["version"], t.Event.Facts["cause"], t.Event.Facts["becomes"] = version.String(), string(p.cause), string(p.part)
		if err := o.put(ctx, t, p); err != nil {
			return err
		}
		if !doubt {
			if _, err := t.exec(ctx, retireValues, o.id, p.account); err != nil {
				return err
			}
		}
		if p.part != rotate.AsStandby {
			if err := t.proved(ctx, o.id, p.made); err != nil {
				return err
			}
		}
		if done, err = o.met(ctx, t, p, doubt); err != nil {
			return err
		}
		return t.changed(ctx, o.id.Ref())
	})
	return done, err
}

func (o *rotating) promotion(ctx context.Context, t *tx, version access.VersionID) (p promotion, err error) {
	p.version, p.part = version, rotate.AsCurrent
	var since, made access.Time
	if err := t.row(ctx, dueSince+t.d.forUpdate, o.id).Scan(&since, &p.cause); err != nil {
		return p, err
	}
	if err := t.row(ctx, versionMade, version).Scan(&made, &p.account); err != nil {
		return p, err
	}
	// After a restore, one that opens is all that is asked for.
	p.made, p.fresh = made, made >= since || p.cause == rotate.Restored
	if p.pair, p.paired, err = t.paired(ctx, o.id); err != nil {
		return p, err
	}
	switch {
	case p.paired:
		p.part = p.pair.Becomes(p.account, p.cause, p.fresh)
	case o.account != 0:
		return p, vault.ErrVersionState.With("the pair of accounts that the value was made for has ended")
	default:
		p.account = 0
	}
	return p, nil
}

// put gives a value its part, and has those told who use the secret.
func (o *rotating) put(ctx context.Context, t *tx, p promotion) error {
	state := vault.Current
	var err error
	if p.part == rotate.AsStandby {
		state = vault.Standby
	} else {
		_, err = t.exec(ctx, retireCurrent, o.id)
	}
	if err == nil && p.part != rotate.AsCurrent {
		_, err = t.exec(ctx, retireStandby, o.id, p.account)
	}
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, promoteValue, p.version, o.id, string(state))
	switch {
	case err != nil:
		return err
	case n == 0:
		return vault.ErrVersionState.With("the value is not pending any more")
	case p.part == rotate.AsSwitch:
		if _, err := t.exec(ctx, switchPair, o.id, p.account, t.At+access.Time(p.pair.Grace.Microseconds())); err != nil {
			return err
		}
	case p.part == rotate.AsStandby:
		if p.pair.Former == 0 {
			return nil
		}
		_, err := t.exec(ctx, switchPair, o.id, p.pair.Live, 0)
		if err == nil {
			err = t.cutOff(ctx, o.id)
		}
		return err
	}
	_, err = t.exec(ctx, tellOf, o.id, p.version, t.At)
	return err
}

// met ends what was due where the value is newer than that, and fits it. Of a pair each
// attempt does one thing.
func (o *rotating) met(ctx context.Context, t *tx, p promotion, doubt bool) (done bool, err error) {
	switch {
	case !p.fresh && p.cause == rotate.InDoubt:
		_, err = t.exec(ctx, `update secret_due set cause = 'demand', urgency = $2 where secret_id = $1`, o.id, urgency(rotate.OnDemand))
		return p.paired, err
	case !p.fresh, p.part == rotate.AsStandby && p.cause != rotate.OnSwitch && p.cause != rotate.InDoubt:
		return p.paired, nil
	}
	return true, t.remains(ctx, o.id, doubt)
}

// remains ends what was due; what is left to be done then is due later: a doubt, and the
// account that was live before a switch.
func (t *tx) remains(ctx context.Context, id access.SecretID, doubt bool) error {
	if _, err := t.exec(ctx, doneDue, id); err != nil {
		return err
	}
	var unknown int
	if err := t.row(ctx, pendingOf, id, 0).Scan(&unknown); err != nil {
		return err
	}
	if doubt || unknown > 0 {
		return t.doubt(ctx, id)
	}
	p, is, err := t.paired(ctx, id)
	if err != nil || !is || p.Former == 0 {
		return err
	}
	return t.dueFor(ctx, id, rotate.OnSwitch, max(p.Former, t.At))
}
