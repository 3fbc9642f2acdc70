package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

const (
	safeRow      = `select f.from_set from safe f where f.id = $1 and f.until_set = 0`
	openColumns  = `select v.id, v.number, v.state, v.made_by, v.made_at, v.public, ` + loginOf + ` from secret_version v`
	openCurrent  = openColumns + ` where v.secret_id = $1 and v.state = 'current'`
	openNumbered = openColumns + ` where v.secret_id = $1 and v.number = $2 and v.state in ('pending', 'current', 'previous')`
	seenBefore   = `select count(*) from secret_seen n where n.secret_id = $1 and n.version_id = $2 and n.identity_id = $3 and n.how = $4`
	outNow       = `select ` + checkoutColumns + ` from checkout c where c.secret_id = $1 and c.state = 'out' and c.ends_at > $2 order by c.exclusive desc, c.ends_at desc limit 1`
)

// openingEvent is what the log keeps of somebody who opens a version.
func openingEvent(o vault.Opening) audit.Event {
	e := audit.Event{
		Action: "secret.reveal", Object: o.Secret.ID.Ref(), Subjects: []access.IdentityID{o.By},
		Personal: map[string]string{"reason": o.Reason, "ticket": o.Ticket},
		Facts:    map[string]string{"safe": o.Safe.ID.String(), "by": o.By.String(), "right": o.Right.Holder.String(), "checkout": o.Checkout.String()},
	}
	e.Quiet = true // who may do what is the same as before
	switch o.How {
	case "":
		e.Action = "secret.lend"
	case vault.Fetched:
		e.Action = "secret.fetch"
	case vault.Revealed, vault.Given, vault.Wrote:
	}
	return e
}

// opened is which version it was.
func opened(e audit.Event, v vault.Version) {
	e.Facts["version"], e.Facts["number"] = v.ID.String(), strconv.Itoa(v.Number)
}

func (q *query) version(ctx context.Context, text string, args ...any) (v vault.Version, err error) {
	err = q.row(ctx, text, args...).Scan(&v.ID, &v.Number, &v.State, &v.By, &v.At, &v.Public, &v.Login)
	if errors.Is(err, sql.ErrNoRows) {
		return v, vault.ErrNoVersion
	}
	return v, err
}

// Open implements vault.Store.
func (s Vault) Open(ctx context.Context, o vault.Opening, open vault.Opener) (v vault.Version, plain secret.Secret, err error) {
	err = s.db.change(ctx, openingEvent(o), func(t *tx) error {
		if err := t.openable(ctx, o); err != nil {
			return err
		}
		text, args := openCurrent, []any{o.Secret.ID}
		if o.Number != 0 {
			text, args = openNumbered, append(args, o.Number)
		}
		if v, err = t.version(ctx, text, args...); err != nil {
			return err
		}
		sealed, err := t.sealed(ctx, v.ID)
		if err != nil {
			return err
		}
		if plain, err = open(keys.Place{Safe: o.Safe.ID, Secret: o.Secret.ID, Version: v.ID}, sealed); err != nil {
			return err
		}
		opened(t.Event, v)
		return t.saw(ctx, o, v.ID)
	})
	if err != nil {
		plain.Wipe()
		return vault.Version{}, secret.Secret{}, err
	}
	return v, plain, nil
}

// saw keeps that somebody saw a version. A program reads it again and again: that is kept
// the first time, and each time in the log.
func (t *tx) saw(ctx context.Context, o vault.Opening, v access.VersionID) error {
	switch o.How {
	case "":
		return nil
	case vault.Fetched:
		var before int
		if err := t.row(ctx, seenBefore, o.Secret.ID, v, o.By, string(o.How)).Scan(&before); err != nil || before > 0 {
			return err
		}
	case vault.Revealed, vault.Given, vault.Wrote:
	}
	_, err := t.exec(ctx, insertSeen, o.Secret.ID, v, o.By, string(o.How), t.At, o.Checkout)
	return err
}

// decidedOn refuses what something was decided on and is not so any more: the safe, the
// secret, the right, and that whoever has it may hold access at all.
func (t *tx) decidedOn(ctx context.Context, o vault.Opening) error {
	if !t.db.ClockTrusted() {
		return vault.ErrClock
	}
	row, err := t.liveSecret(ctx, o.Secret.ID)
	if err != nil {
		return err
	}
	var unproven bool
	if err := t.row(ctx, isUnproven, o.Secret.ID).Scan(&unproven); err != nil {
		return err
	}
	if unproven {
		return vault.ErrUnproven
	}
	var safe int64
	if err := t.row(ctx, safeRow, o.Safe.ID).Scan(&safe); err != nil {
		return err
	}
	if row != o.Secret.Version || safe != o.Safe.Version {
		return vault.ErrSecretStale.With("the secret or its safe was changed just now: ask again")
	}
	r := o.Right
	var ends access.Time
	err = t.row(ctx, rightThere, o.Safe.ID, r.Holder.Kind, r.Holder.Key, string(r.Level)).Scan(&ends)
	if errors.Is(err, sql.ErrNoRows) || err == nil && ends != 0 && ends <= t.At {
		return policy.ErrDenied.With("the right in the safe has ended")
	}
	if err != nil {
		return err
	}
	return t.mayAct(ctx, o.By, policy.ErrDenied.With("only an active identity may act"))
}

// openable is decidedOn for who opens a version, alone or in a check-out.
func (t *tx) openable(ctx context.Context, o vault.Opening) error {
	if err := t.decidedOn(ctx, o); err != nil {
		return err
	}
	if o.Checkout != 0 {
		c, err := t.checkout(ctx, o.Checkout, "")
		switch {
		case err != nil:
			return err
		case c.Identity != o.By || c.Secret != o.Secret.ID:
			return vault.ErrNoCheckout
		}
		if err := c.UnderWay(t.At); err != nil {
			return err
		}
		t.Event.Facts["chain"] = c.Chain.String()
		return nil
	}
	if !o.Alone {
		return nil
	}
	out, err := scanCheckout(t.row(ctx, outNow, o.Secret.ID, t.At).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err == nil && out.Exclusive && out.Identity != o.By:
		return vault.ErrOut
	}
	return err
}
