package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// part opens what is given of the current value of a secret, by which right that is.
func (s Share) part(ctx context.Context, t *tx, o vault.Opening, field string) (v vault.Version, part secret.Secret, err error) {
	err = t.row(ctx, openCurrent, o.Secret.ID).Scan(&v.ID, &v.Number, &v.State, &v.By, &v.At, &v.Public, &v.Login)
	if errors.Is(err, sql.ErrNoRows) {
		return v, part, vault.ErrNoVersion
	}
	if err != nil {
		return v, part, err
	}
	sealed, err := t.sealed(ctx, v.ID)
	if err != nil {
		return v, part, err
	}
	at := keys.Place{Safe: o.Safe.ID, Secret: o.Secret.ID, Version: v.ID}
	plain, err := s.ring.Open(ctx, at, sealed)
	if err != nil {
		if !errors.Is(err, keys.ErrVaultSealed) {
			slog.ErrorContext(ctx, "a version of a secret was not opened", "safe", at.Safe, "secret", at.Secret, "version", at.Version, "error", err)
		}
		return v, part, err
	}
	defer plain.Wipe()
	part, err = share.Part(plain, field)
	return v, part, err
}

// Open implements share.Store. What a rule refuses commits with its record: refused says
// which.
func (s Share) Open(ctx context.Context, id access.ShareID, try share.Try, b share.Basis) (g share.Given, err error) {
	var refused error
	err = s.db.change(ctx, shareEvent("share.open", share.Share{ID: id}), func(t *tx) error {
		x, err := t.share(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		t.Event = shareEvent("share.open", x)
		t.personal("address", try.From)
		if refused, err = t.shuts(ctx, x, try); refused != nil || err != nil {
			return err
		}
		g, refused, err = s.give(ctx, t, x, decided(b, x.Reason))
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		g.Value.Wipe()
		return share.Given{}, err
	}
	return g, nil
}

// shuts says why a share does not open for whoever tries, and keeps that.
func (t *tx) shuts(ctx context.Context, x share.Share, try share.Try) (refused, err error) {
	if x.State != share.Open || x.Ends <= t.At {
		why := share.ErrOver
		if x.State == share.Waiting {
			why = share.ErrNotNow
		}
		return why, t.refuse(ctx, x, string(x.State))
	}
	var kept share.Mark
	if err := t.row(ctx, shareCode, x.ID).Scan(&kept); err != nil {
		return nil, err
	}
	if kept.Equal(try.Code) {
		return nil, nil
	}
	if _, err := t.exec(ctx, wrongCode, x.ID); err != nil {
		return nil, err
	}
	if err := t.refuse(ctx, x, share.ErrCode.Code); err != nil {
		return nil, err
	}
	t.fact("wrong_codes", strconv.Itoa(x.Tries+1))
	if x.Tries+1 < share.MostTries {
		return share.ErrCode, nil
	}
	return share.ErrOver, t.endShare(ctx, x, share.Blocked, "too many wrong codes", 0)
}

// refuse makes the record one of an opening that was refused, and why.
func (t *tx) refuse(ctx context.Context, x share.Share, why string) error {
	t.Event.Action = "share.refuse"
	t.fact("why", why)
	return t.changed(ctx, x.ID.Ref())
}

// give opens a share: what it gives was seen from then on, and is due for another value by
// the end of the share.
func (s Share) give(ctx context.Context, t *tx, x share.Share, o vault.Opening) (g share.Given, refused, err error) {
	v, part, err := vault.Version{}, secret.Secret{}, t.openable(ctx, o)
	if err == nil {
		v, part, err = s.part(ctx, t, o, x.Field)
	}
	if e, rule := errors.AsType[*fault.Error](err); rule && e.Kind != fault.Internal {
		return g, err, t.refuse(ctx, x, e.Code)
	}
	if err != nil {
		return g, nil, err
	}
	g = share.Given{Share: x, Value: part}
	if err := t.row(ctx, `select x.kind from secret x where x.id = $1 and x.until_set = 0`, x.Secret).Scan(&g.Kind); err != nil {
		return g, nil, err
	}
	t.Event.Facts["version"], t.Event.Facts["number"] = v.ID.String(), strconv.Itoa(v.Number)
	if err := t.endShare(ctx, x, share.Opened, "", v.ID); err != nil {
		return g, nil, err
	}
	if _, err := t.exec(ctx, outsiderSaw, x.Secret, v.ID, string(vault.Given), t.At, x.ID); err != nil {
		return g, nil, err
	}
	_, err = t.exec(ctx, t.d.pieces.Replace(planFor), x.Secret, t.At, string(rotate.OnShare), urgency(rotate.OnShare), x.Ends)
	return g, nil, err
}

const outsiderSaw = `insert into secret_seen (secret_id, version_id, identity_id, how, at, share_id) values ($1, $2, 0, $3, $4, $5)`

// Refuse implements share.Store.
func (s Share) Refuse(ctx context.Context, x share.Share, try share.Try, why error) error {
	e := shareEvent("share.refuse", x)
	e.Personal["address"] = try.From
	return s.db.change(ctx, e, func(t *tx) error {
		code := fault.Internal.String()
		if e, rule := errors.AsType[*fault.Error](why); rule {
			code = e.Code
		}
		return t.refuse(ctx, x, code)
	})
}
