package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

var functionsHeld = `select count(*) from function_assignment a where ` + now("a")

const (
	// keepFirst has one row at most, which whoever redeems it locks.
	keepFirst = `
insert into signin_link (secret, identity_id, ends_at) values ($1, 0, $2)
on conflict (identity_id) where identity_id = 0 do update set secret = excluded.secret, ends_at = excluded.ends_at, used_at = 0`
	keepLink   = `insert into signin_link (secret, identity_id, ends_at) values ($1, $2, $3)`
	sweepLinks = `delete from signin_link where ends_at <= $1`
	// useLink is what makes a link good once: one of those who try gets the row.
	useLink = `
update signin_link set used_at = $2 where secret = $1 and used_at = 0 and ends_at > $2
returning identity_id`
	usedLink = `select identity_id, used_at from signin_link where secret = $1`

	linkRemembered = 24 * time.Hour
)

// Ownerless implements signin.LinkStore.
func (s Signin) Ownerless(ctx context.Context) (none bool, err error) {
	err = s.db.read(ctx, func(q *query) error {
		none, err = ownerless(ctx, q)
		return err
	})
	return none, err
}

func ownerless(ctx context.Context, q *query) (bool, error) {
	var n int
	err := q.row(ctx, functionsHeld).Scan(&n)
	return n == 0, err
}

// KeepFirstLink implements signin.LinkStore.
func (s Signin) KeepFirstLink(ctx context.Context, h signin.Hash) error {
	return s.db.change(ctx, audit.Event{Action: "signin.first_link"}, func(t *tx) error {
		none, err := ownerless(ctx, &t.query)
		switch {
		case err != nil:
			return err
		case !none:
			return signin.ErrOwned
		}
		_, err = t.exec(ctx, keepFirst, h[:], t.At+micros(signin.LinkLasts))
		return err
	})
}

// KeepLink implements signin.LinkStore.
func (s Signin) KeepLink(ctx context.Context, id access.IdentityID, h signin.Hash) error {
	e := audit.Event{Action: "signin.link", Object: id.Ref(), Subjects: []access.IdentityID{id}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.worksHere(ctx, id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, sweepLinks, t.At-micros(linkRemembered)); err != nil {
			return err
		}
		_, err := t.exec(ctx, keepLink, h[:], id, t.At+micros(signin.LinkLasts))
		return err
	})
}

// Redeem implements signin.LinkStore.
func (s Signin) Redeem(ctx context.Context, h signin.Hash, o signin.Owner, b signin.Beginning) (g signin.Signin, err error) {
	err = s.db.change(ctx, audit.Event{Action: "signin.begin"}, func(t *tx) error {
		err := t.row(ctx, useLink, h[:], t.At).Scan(&b.Identity)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrLink
		}
		if err == nil && b.Identity == 0 {
			b.Identity, err = t.firstOwner(ctx, o)
		}
		if err != nil {
			return err
		}
		g, err = t.beginSignin(ctx, b)
		return err
	})
	if errors.Is(err, signin.ErrLink) {
		return g, errors.Join(s.refuseLink(ctx, h, b), err)
	}
	return g, err
}

// refuseLink notes whose link it was that is good no more.
func (s Signin) refuseLink(ctx context.Context, h signin.Hash, b signin.Beginning) error {
	r := signin.Refusal{Method: signin.ByLink, Why: signin.LinkUsed, Address: b.Address}
	var used access.Time
	err := s.db.read(ctx, func(q *query) error { return q.row(ctx, usedLink, h[:]).Scan(&r.Identity, &used) })
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case used == 0:
		r.Why = signin.LinkExpired
	}
	return s.Refuse(ctx, r)
}

var humanByEmail = `
select i.id from identity i
 where lower(i.email) = $1 and i.kind = 'human' and ` + now("i")

const insertOwner = `
insert into identity (id, from_set, kind, state, name, email) values ($1, $2, 'human', 'active', $3, $4)`

// ownerFunctions are what the first owner holds. Audit is somebody else's.
var ownerFunctions = []access.Function{access.IAM, access.SecurityOperations, access.PlatformOwner}

// firstOwner makes the owner inside a change: who has that email already, or else a
// new identity, which a source that has the same email takes over.
func (t *tx) firstOwner(ctx context.Context, o signin.Owner) (access.IdentityID, error) {
	none, err := ownerless(ctx, &t.query)
	switch {
	case err != nil:
		return 0, err
	case !none:
		return 0, signin.ErrLink
	}
	if err := o.Validate(); err != nil {
		return 0, err
	}
	id, err := t.ownerByEmail(ctx, o)
	if err != nil {
		return 0, err
	}
	t.Event.Action, t.Event.Object = "signin.first_owner", id.Ref()
	t.personal("name", o.Name)
	t.personal("email", o.Email)
	for _, f := range ownerFunctions {
		a := policy.Assignment{Identity: id, Held: policy.Held{Function: f}, Reason: "the first owner, by the link of the first start"}
		if err := t.assign(ctx, a); err != nil {
			return 0, err
		}
	}
	return id, nil
}

func (t *tx) ownerByEmail(ctx context.Context, o signin.Owner) (access.IdentityID, error) {
	var found []access.IdentityID
	err := t.each(ctx, humanByEmail, []any{strings.ToLower(o.Email)}, func(scan func(...any) error) error {
		var id access.IdentityID
		defer func() { found = append(found, id) }()
		return scan(&id)
	})
	if err != nil {
		return 0, err
	}
	switch len(found) {
	case 0:
	case 1:
		return found[0], nil
	default:
		return 0, signin.ErrOwner.With("several people have that email: give another")
	}
	key, err := t.newKeys(ctx, access.KindIdentity, 1)
	if err != nil {
		return 0, err
	}
	if _, err := t.exec(ctx, insertOwner, key, t.Set, o.Name, strings.ToLower(o.Email)); err != nil {
		return 0, err
	}
	return access.IdentityID(key), t.changed(ctx, access.IdentityID(key).Ref())
}
