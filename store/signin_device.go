package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/signin"
)

// The states of a program that asks. Whoever takes an approved one takes its row.
const (
	deviceWaiting  = "waiting"
	deviceApproved = "approved"
	deviceRefused  = "refused"
)

const (
	sweepDevices      = `delete from device_code where ends_at <= $1`
	sweepDeviceTokens = `delete from device_token where ends_at <= $1`
	waitingAt         = `select count(*) from device_code where address = $1`
	insertDevice      = `
insert into device_code (device, code, client_key, client, agent, address, made_at, ends_at, pause)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	boundDevices  = `delete from device_code where device in (select device from device_code order by ends_at desc, device limit $2 offset $1)`
	selectWaiting = `
select client, agent, address, client_key, made_at, ends_at from device_code
 where code = $1 and state = 'waiting' and ends_at > $2`
	// answerDevice is what makes one answer count: of those who answer, one gets the row.
	answerDevice = `
update device_code set state = $3, identity_id = $4, mfa_at = $5
 where code = $1 and state = 'waiting' and ends_at > $2
returning client, agent, address, client_key`
	askedDevice = `select client_key, polled_at, pause, state from device_code where device = $1 and ends_at > $2`
	pollDevice  = `update device_code set polled_at = $2, pause = $3 where device = $1`
	takeDevice  = `
delete from device_code where device = $1 and state = 'approved' and ends_at > $2
returning identity_id, mfa_at, client_key, client, agent, address`
	signinMFA         = `update signin set mfa_at = $2 where id = $1`
	insertDeviceToken = `insert into device_token (hash, signin_id, renews, ends_at) values ($1, $2, $3, $4)`
	selectRenewing    = `select d.signin_id, d.used_at from device_token d where d.hash = $1 and d.renews and d.ends_at > $2`
	useDeviceToken    = `update device_token set used_at = $2 where hash = $1`
	touchSignin       = `update signin set seen_at = $2 where id = $1`
	deleteSignin      = `delete from signin where id = $1`
	selectDeviceToken = `select d.signin_id, d.ends_at from device_token d where d.hash = $1 and not d.renews and d.ends_at > $2`
)

var signinByID = liveSignin + ` and g.id = $3`

// AskDevice implements signin.DeviceStore. Nobody is signed in by asking.
func (s Signin) AskDevice(ctx context.Context, a signin.Asking) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, sweepDevices, at); err != nil {
			return err
		}
		var n int
		if err := t.row(ctx, waitingAt, a.Address).Scan(&n); err != nil {
			return err
		}
		if n >= signin.MaxWaiting {
			return signin.ErrManyWait
		}
		_, err = t.exec(ctx, insertDevice, a.Device[:], a.Code[:], a.Key, a.Client, a.Agent, a.Address, at,
			at+micros(signin.CodeLasts), a.Pause.Microseconds())
		if err == nil {
			_, err = t.exec(ctx, boundDevices, signin.MaxBegun, boundAtOnce)
		}
		return err
	})
}

// WaitingDevice implements signin.DeviceStore.
func (s Signin) WaitingDevice(ctx context.Context, code signin.Hash) (w signin.Waiting, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		err = q.row(ctx, selectWaiting, code[:], at).Scan(&w.Client, &w.Agent, &w.Address, &w.Key, &w.Asked, &w.Ends)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrCode
		}
		return err
	})
	return w, err
}

// AnswerDevice implements signin.DeviceStore.
func (s Signin) AnswerDevice(ctx context.Context, code signin.Hash, a signin.Answer) error {
	e := audit.Event{Action: "signin.device_refuse", Object: a.Identity.Ref(), Subjects: []access.IdentityID{a.Identity}}
	state := deviceRefused
	if a.Approve {
		e.Action, state = "signin.device_approve", deviceApproved
	}
	return s.db.change(ctx, e, func(t *tx) error {
		var w signin.Waiting
		err := t.row(ctx, answerDevice, code[:], t.At, state, a.Identity, a.MFAAt).Scan(&w.Client, &w.Agent, &w.Address, &w.Key)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrCode
		}
		t.personal("key", w.Key)
		t.personal("client", w.Client)
		t.personal("agent", w.Agent)
		t.personal("address", w.Address)
		return err
	})
}

// RedeemDevice implements signin.DeviceStore.
func (s Signin) RedeemDevice(ctx context.Context, device signin.Hash, key string, p signin.Pair) (g signin.Signin, err error) {
	if err := s.poll(ctx, device, key); err != nil {
		return g, err
	}
	err = s.db.change(ctx, audit.Event{Action: "signin.begin"}, func(t *tx) error {
		b := signin.Beginning{Method: signin.ByDevice}
		var mfaAt access.Time
		var client string
		err := t.row(ctx, takeDevice, device[:], t.At).Scan(&b.Identity, &mfaAt, &b.Key, &client, &b.Agent, &b.Address)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrCodeEnded
		}
		if err != nil {
			return err
		}
		b.MFA = mfaAt != 0
		// No browser shows it: nothing has this hash.
		if _, err := rand.Read(b.Secret[:]); err != nil {
			return err
		}
		if g, err = t.beginSignin(ctx, b); err != nil {
			return err
		}
		g.MFAAt = mfaAt
		if _, err := t.exec(ctx, signinMFA, g.ID, mfaAt); err != nil {
			return err
		}
		t.personal("client", client)
		return t.keepPair(ctx, g, p)
	})
	return g, err
}

// poll looks for the answer to a program, and notes how often it asks.
func (s Signin) poll(ctx context.Context, device signin.Hash, key string) (answer error) {
	err := s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		var bound, state string
		var polled, pause access.Time
		err = t.row(ctx, askedDevice+t.d.forUpdate, device[:], at).Scan(&bound, &polled, &pause, &state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			answer = signin.ErrCodeEnded
			return nil
		case err != nil:
			return err
		case bound != key:
			answer = signin.ErrOtherKey
			return nil
		case state == deviceApproved:
			return nil
		case state == deviceRefused:
			answer = signin.ErrDenied
			return nil
		}
		answer = signin.ErrWaiting
		if polled != 0 && at-polled < pause {
			answer, pause = signin.ErrTooSoon, pause+micros(signin.PollPause)
		}
		_, err = t.exec(ctx, pollDevice, device[:], at, pause)
		return err
	})
	return errors.Join(err, answer)
}

// keepPair keeps the next tokens of a sign-in.
func (t *tx) keepPair(ctx context.Context, g signin.Signin, p signin.Pair) error {
	if _, err := t.exec(ctx, sweepDeviceTokens, t.At); err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertDeviceToken, p.Access[:], g.ID, false, min(g.Ends, t.At+micros(signin.AccessLasts))); err != nil {
		return err
	}
	_, err := t.exec(ctx, insertDeviceToken, p.Renew[:], g.ID, true, g.Ends)
	return err
}

// RenewDevice implements signin.DeviceStore. What it refuses somebody who has the token
// is kept all the same, so that it is an answer beside the change.
func (s Signin) RenewDevice(ctx context.Context, renew signin.Hash, key string, p signin.Pair) (g signin.Signin, err error) {
	var answer error
	err = s.db.change(ctx, audit.Event{Action: "signin.renew"}, func(t *tx) error {
		var used access.Time
		g, used, err = t.renewing(ctx, renew)
		if err != nil {
			return err
		}
		refuse := signin.Refusal{Identity: g.Identity, Object: g.ID.Ref(), Method: signin.ByDevice}
		switch {
		case g.Key != key:
			answer, refuse.Why = signin.ErrOtherKey, signin.OtherKey
			t.Event = refusal(refuse)
			return nil
		case used != 0:
			answer, refuse.Why = signin.ErrEnded, signin.Reused
			t.Event = refusal(refuse)
			_, err := t.exec(ctx, deleteSignin, g.ID)
			return err
		}
		if err := t.worksHere(ctx, g.Identity); err != nil {
			return err
		}
		t.Event.Object, t.Event.Subjects = g.Identity.Ref(), []access.IdentityID{g.Identity}
		t.fact("signin", g.ID.String())
		if _, err := t.exec(ctx, useDeviceToken, renew[:], t.At); err != nil {
			return err
		}
		if _, err := t.exec(ctx, touchSignin, g.ID, t.At); err != nil {
			return err
		}
		return t.keepPair(ctx, g, p)
	})
	return g, errors.Join(err, answer)
}

// renewing returns the sign-in that a token renews, and when the token was used. Whoever
// shows the same one at once waits for its row.
func (t *tx) renewing(ctx context.Context, renew signin.Hash) (g signin.Signin, used access.Time, err error) {
	var id access.SigninID
	err = t.row(ctx, selectRenewing+t.d.forUpdate, renew[:], t.At).Scan(&id, &used)
	if err == nil {
		g, err = scanSignin(t.row(ctx, signinByID, t.At, t.At-micros(signin.IdleLasts), id).Scan)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = signin.ErrEnded
	}
	return g, used, err
}

// ByDeviceToken implements signin.DeviceStore.
func (s Signin) ByDeviceToken(ctx context.Context, h signin.Hash) (d signin.DeviceToken, err error) {
	err = s.db.read(ctx, func(q *query) error {
		args, err := s.live(ctx, q)
		if err != nil {
			return err
		}
		var id access.SigninID
		err = q.row(ctx, selectDeviceToken, h[:], args[0]).Scan(&id, &d.Ends)
		if err == nil {
			d.Signin, err = scanSignin(q.row(ctx, signinByID, append(args, id)...).Scan)
		}
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrEnded
		}
		return err
	})
	return d, err
}
