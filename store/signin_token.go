package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/signin"
)

const (
	insertToken = `
insert into api_token (id, hash, identity_id, name, limits, networks, client_key, made_at, ends_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	sweepTokens = `delete from api_token where identity_id = $1 and ends_at <= $2`
	endToken    = `update api_token set ended_at = $3 where identity_id = $1 and id = $2 and ended_at = 0 and ends_at > $3`
	useToken    = `update api_token set used_at = $2 where id = $1 and used_at < $2`
)

var (
	selectToken = `
select a.id, a.identity_id, a.name, a.limits, a.networks, a.client_key, a.made_at, a.ends_at, a.ended_at, a.used_at, coalesce(i.state, '')
  from api_token a left join identity i on i.id = a.identity_id and ` + now("i")
	tokenByHash = selectToken + ` where a.hash = $1 and a.ended_at = 0 and a.ends_at > $2`
	tokensOf    = selectToken + ` where a.identity_id = $1 and a.ends_at > $2 order by a.id desc`
)

func scanToken(scan func(...any) error) (k signin.Token, err error) {
	var limits, networks string
	err = scan(&k.ID, &k.Owner, &k.Name, &limits, &networks, &k.Key, &k.Made, &k.Ends, &k.Ended, &k.Used, &k.State)
	if err != nil {
		return k, err
	}
	return k, errors.Join(json.Unmarshal([]byte(limits), &k.Limits), json.Unmarshal([]byte(networks), &k.Networks))
}

// AddToken implements signin.TokenStore.
func (s Signin) AddToken(ctx context.Context, k signin.Token, h signin.Hash, lasts time.Duration) (signin.Token, error) {
	limits, err := json.Marshal(k.Limits)
	if err != nil {
		return k, err
	}
	networks, err := json.Marshal(k.Networks)
	if err != nil {
		return k, err
	}
	e := audit.Event{
		Action: "token.add", Subjects: []access.IdentityID{k.Owner},
		Facts:    map[string]string{"limits": strconv.Itoa(len(k.Limits)), "networks": strconv.Itoa(len(k.Networks)), "bound": strconv.FormatBool(k.Key != "")},
		Personal: map[string]string{"name": k.Name, "limits": string(limits), "networks": string(networks)},
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		if err := t.worksHere(ctx, k.Owner); err != nil {
			return err
		}
		if _, err := t.exec(ctx, sweepTokens, k.Owner, t.At); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindToken, 1)
		if err != nil {
			return err
		}
		k.ID, k.Made, k.Ends = access.TokenID(key), t.At, t.At+micros(lasts)
		t.Event.Object = k.ID.Ref()
		_, err = t.exec(ctx, insertToken, k.ID, h[:], k.Owner, k.Name, string(limits), string(networks), k.Key, k.Made, k.Ends)
		return err
	})
	return k, err
}

// TokenByHash implements signin.TokenStore.
func (s Signin) TokenByHash(ctx context.Context, h signin.Hash) (k signin.Token, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		k, err = scanToken(q.row(ctx, tokenByHash, h[:], at).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrEnded
		}
		return err
	})
	return k, err
}

// Tokens implements signin.TokenStore.
func (s Signin) Tokens(ctx context.Context, of access.IdentityID) (list []signin.Token, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, tokensOf, []any{of, at}, func(scan func(...any) error) error {
			k, err := scanToken(scan)
			list = append(list, k)
			return err
		})
	})
	return list, err
}

// EndToken implements signin.TokenStore.
func (s Signin) EndToken(ctx context.Context, of access.IdentityID, id access.TokenID) error {
	e := audit.Event{Action: "token.end", Object: id.Ref(), Subjects: []access.IdentityID{of}}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, endToken, of, id, t.At)
		if err == nil && n == 0 {
			return signin.ErrNoToken
		}
		return err
	})
}

// UseToken implements signin.TokenStore. That a token is in use is no change that counts.
func (s Signin) UseToken(ctx context.Context, id access.TokenID) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, useToken, id, at)
		return err
	})
}
