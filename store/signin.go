package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/signin"
)

// Signin is the store of package signin.
type Signin struct{ db *DB }

// Signin returns the store of package signin.
func (db *DB) Signin() Signin { return Signin{db} }

var (
	_ signin.Store  = Signin{}
	_ signin.People = Signin{}
)

const (
	insertSignin = `
insert into signin (id, secret, identity_id, method, begun_at, seen_at, ends_at, mfa_at, client_key, agent, address)
values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)`
	sweepSignins = `delete from signin where ends_at <= $1 or seen_at <= $2 and method <> 'device'`
)

var (
	selectSignin = `
select g.id, g.identity_id, g.method, g.begun_at, g.seen_at, g.ends_at, g.mfa_at, g.client_key, g.agent, g.address, coalesce(i.state, '')
  from signin g left join identity i on i.id = g.identity_id and ` + now("i")
	// A program is not away because nobody types.
	liveSignin = selectSignin + ` where g.ends_at > $1 and (g.seen_at > $2 or g.method = 'device')`
	bySecret   = liveSignin + ` and g.secret = $3`
	allSignins = liveSignin + ` order by g.begun_at desc, g.id desc`
	ownSignins = liveSignin + ` and g.identity_id = $3 order by g.begun_at desc, g.id desc`
)

func scanSignin(scan func(...any) error) (g signin.Signin, err error) {
	err = scan(&g.ID, &g.Identity, &g.Method, &g.Begun, &g.Seen, &g.Ends, &g.MFAAt, &g.Key, &g.Agent, &g.Address, &g.State)
	return g, err
}

func micros(d time.Duration) access.Time { return access.Time(d.Microseconds()) }

// Begin implements signin.SigninStore.
func (s Signin) Begin(ctx context.Context, b signin.Beginning) (g signin.Signin, err error) {
	err = s.db.change(ctx, audit.Event{Action: "signin.begin"}, func(t *tx) error {
		if b.Passkey != nil {
			if err := t.usePasskey(ctx, b.Identity, *b.Passkey); err != nil {
				return err
			}
		}
		g, err = t.beginSignin(ctx, b)
		return err
	})
	return g, err
}

// beginSignin keeps a sign-in inside a change, and says so in its record.
func (t *tx) beginSignin(ctx context.Context, b signin.Beginning) (g signin.Signin, err error) {
	if err := t.worksHere(ctx, b.Identity); err != nil {
		return g, err
	}
	if _, err := t.exec(ctx, sweepSignins, t.At, t.At-micros(signin.IdleLasts)); err != nil {
		return g, err
	}
	key, err := t.newKeys(ctx, access.KindSignin, 1)
	if err != nil {
		return g, err
	}
	g = signin.Signin{
		ID: access.SigninID(key), Identity: b.Identity, Method: b.Method, Begun: t.At, Seen: t.At, Ends: t.At + micros(signin.Lasts),
		Key: b.Key, Agent: b.Agent, Address: b.Address,
	}
	if b.MFA {
		g.MFAAt = t.At
	}
	_, err = t.exec(ctx, insertSignin, key, b.Secret[:], g.Identity, string(g.Method), g.Begun, g.Ends, g.MFAAt, g.Key, g.Agent, g.Address)
	if err != nil {
		return g, err
	}
	if t.Event.Object.IsZero() {
		t.Event.Object = b.Identity.Ref()
	}
	t.Event.Subjects = []access.IdentityID{b.Identity}
	t.fact("signin", g.ID.String())
	t.fact("method", string(b.Method))
	t.fact("mfa", strconv.FormatBool(b.MFA))
	t.personal("agent", b.Agent)
	t.personal("address", b.Address)
	return g, nil
}

// worksHere refuses an identity that is not there or may not have access.
func (t *tx) worksHere(ctx context.Context, id access.IdentityID) error {
	var kind access.IdentityKind
	var state access.IdentityState
	err := t.row(ctx, humanState, id).Scan(&kind, &state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return signin.ErrPerson
	case err != nil:
		return err
	case kind != access.Human || !state.MayHoldAccess():
		return signin.ErrPerson
	}
	return nil
}

var selectPerson = `select i.name, i.email from identity i where i.id = $1 and ` + now("i")

// Person implements signin.People.
func (s Signin) Person(ctx context.Context, id access.IdentityID) (name, email string, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, selectPerson, id).Scan(&name, &email) })
	if errors.Is(err, sql.ErrNoRows) {
		err = signin.ErrPerson
	}
	return name, email, err
}

// live are the parameters of liveSignin.
func (s Signin) live(ctx context.Context, q *query) ([]any, error) {
	at, err := s.db.storeTime(ctx, q)
	return []any{at, at - micros(signin.IdleLasts)}, err
}

// BySecret implements signin.SigninStore.
func (s Signin) BySecret(ctx context.Context, h signin.Hash) (g signin.Signin, err error) {
	err = s.db.read(ctx, func(q *query) error {
		args, err := s.live(ctx, q)
		if err != nil {
			return err
		}
		g, err = scanSignin(q.row(ctx, bySecret, append(args, h[:])...).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrEnded
		}
		return err
	})
	return g, err
}

// Signins implements signin.SigninStore.
func (s Signin) Signins(ctx context.Context, of access.IdentityID) (list []signin.Signin, err error) {
	err = s.db.read(ctx, func(q *query) error {
		args, err := s.live(ctx, q)
		if err != nil {
			return err
		}
		text := allSignins
		if of != 0 {
			text, args = ownSignins, append(args, of)
		}
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			g, err := scanSignin(scan)
			list = append(list, g)
			return err
		})
	})
	return list, err
}

// Touch implements signin.SigninStore. That somebody is still there is no change that
// counts.
func (s Signin) Touch(ctx context.Context, id access.SigninID) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `update signin set seen_at = $2 where id = $1 and seen_at < $2`, id, at)
		return err
	})
}

// Confirm implements signin.SigninStore.
func (s Signin) Confirm(ctx context.Context, g signin.Signin, p signin.PasskeyUse) error {
	e := audit.Event{
		Action: "signin.confirm", Object: g.Identity.Ref(), Subjects: []access.IdentityID{g.Identity},
		Facts: map[string]string{"signin": g.ID.String()},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.usePasskey(ctx, g.Identity, p); err != nil {
			return err
		}
		return t.confirm(ctx, g.ID)
	})
}

// confirm keeps that a sign-in has shown a second factor just now.
func (t *tx) confirm(ctx context.Context, id access.SigninID) error {
	n, err := t.exec(ctx, `update signin set mfa_at = $2 where id = $1`, id, t.At)
	if err == nil && n == 0 {
		return signin.ErrEnded
	}
	return err
}

const (
	endSignin  = `delete from signin where identity_id = $1 and id = $2`
	endSignins = `delete from signin where identity_id = $1`
)

// End implements signin.SigninStore.
func (s Signin) End(ctx context.Context, of access.IdentityID, id access.SigninID, why signin.Reason) (n int64, err error) {
	e := audit.Event{
		Action: "signin.end", Object: of.Ref(), Subjects: []access.IdentityID{of},
		Facts: map[string]string{"reason": string(why), "signin": id.String()},
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		if id != 0 {
			n, err = t.exec(ctx, endSignin, of, id)
		} else {
			n, err = t.exec(ctx, endSignins, of)
		}
		if err == nil && n == 0 {
			return signin.ErrNoSignin
		}
		t.fact("ended", strconv.FormatInt(n, 10))
		return err
	})
	return n, err
}

// Refuse implements signin.SigninStore.
func (s Signin) Refuse(ctx context.Context, r signin.Refusal) error {
	return s.db.change(ctx, refusal(r), func(*tx) error { return nil })
}

func refusal(r signin.Refusal) audit.Event {
	return audit.Event{
		Action: "signin.refuse", Object: r.Identity.Ref(), Subjects: []access.IdentityID{r.Identity},
		Facts:    map[string]string{"method": string(r.Method), "reason": string(r.Why), "shown": r.Object.String()},
		Personal: map[string]string{"address": r.Address},
	}
}

// fact adds a fact to the record of a change.
func (t *tx) fact(name, value string) {
	if t.Event.Facts == nil {
		t.Event.Facts = map[string]string{}
	}
	t.Event.Facts[name] = value
}

// personal adds to the record of a change what can be erased from it.
func (t *tx) personal(name, value string) {
	if t.Event.Personal == nil {
		t.Event.Personal = map[string]string{}
	}
	t.Event.Personal[name] = value
}
