package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// sharePlace is where a share lies until it is picked up. Numbers below zero are no secret's
// and no version's: a share opens in the place of none, and none in its.
func sharePlace(safe access.SafeID, id access.GlassID, place int) keys.Place {
	return keys.Place{Safe: safe, Secret: access.SecretID(-id), Version: access.VersionID(-(int64(id)<<8 | int64(place)))}
}

// glassHolder is somebody who is to have a share, or a token.
func (t *tx) glassHolder(ctx context.Context, place int, who access.IdentityID) (h breakglass.Holder, err error) {
	if err := t.mayAct(ctx, who, breakglass.ErrPlan.With("whoever holds a share is a person who works here"), access.Human); err != nil {
		return h, err
	}
	h = breakglass.Holder{Place: place, Identity: who}
	h.Name, _, _, err = t.answers(ctx, who)
	return h, err
}

// keepShares seals each share until its holder picks it up.
func (s BreakGlass) keepShares(ctx context.Context, t *tx, k *breakglass.Kit, safe access.SafeID, told []secret.Secret) error {
	for i, h := range k.Holders {
		at := sharePlace(safe, k.Kit, h.Place)
		sealed, err := s.ring.Seal(ctx, at, told[i])
		told[i].Wipe()
		if err == nil {
			err = t.putSealed(ctx, at, sealed)
		}
		if err != nil {
			return fmt.Errorf("sealing share %d: %w", h.Place, err)
		}
		if _, err := t.exec(ctx, insertGlassShare, k.Kit, h.Place, h.Identity, safe, 0, false); err != nil {
			return err
		}
	}
	return t.keepTokens(ctx, k)
}

func (t *tx) keepTokens(ctx context.Context, k *breakglass.Kit) error {
	for _, x := range k.Tokens {
		if _, err := t.exec(ctx, insertGlassShare, k.Kit, x.Place, x.Identity, 0, k.Made, true); err != nil {
			return err
		}
	}
	return nil
}

// Share implements breakglass.Store.
func (s BreakGlass) Share(ctx context.Context, id access.GlassID, who access.IdentityID) (h breakglass.Holding, plain secret.Secret, err error) {
	e := audit.Event{Action: "breakglass.share", Object: id.Ref(), Subjects: []access.IdentityID{who}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if _, _, err := t.lockedGlass(ctx, id); err != nil {
			return err
		}
		if err := t.mayAct(ctx, who, policy.ErrDenied.With("only an active identity may act"), access.Human); err != nil {
			return err
		}
		var safe access.SafeID
		err := t.row(ctx, `select place, safe_id, picked_at from glass_share where glass_id = $1 and identity_id = $2 and not token`, id, who).Scan(&h.Place, &safe, &h.Picked)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return breakglass.ErrNoKit
		case err != nil:
			return err
		case h.Picked != 0:
			return breakglass.ErrPicked
		}
		at := sharePlace(safe, id, h.Place)
		sealed, err := t.sealed(ctx, at.Version)
		if err == nil {
			plain, err = s.ring.Open(ctx, at, sealed)
		}
		if err == nil {
			err = t.dropSealed(ctx, at.Version)
		}
		if err != nil {
			return err
		}
		h.Identity, h.Picked = who, t.At
		t.fact("share", strconv.Itoa(h.Place))
		if _, err := t.exec(ctx, `update glass_share set picked_at = $3 where glass_id = $1 and place = $2`, id, h.Place, t.At); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
	if err != nil {
		plain.Wipe()
	}
	return h, plain, err
}
