package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// newChain begins the chain of a request: what it leads to is linked to it.
func (t *tx) newChain(ctx context.Context) (access.ChainID, error) {
	key, err := t.newKeys(ctx, access.KindChain, 1)
	return access.ChainID(key), err
}

const (
	insertChainLink = `insert into chain_link (chain_id, kind, object, at) values ($1, $2, $3, $4) on conflict do nothing`
	chainOf         = `select chain_id from chain_link where kind = $1 and object = $2`
	chainLinks      = `select kind, object, at from chain_link where chain_id = $1 order by at, kind, object limit $2`
)

var chainLinkInto = []string{"chain_id", "kind", "object", "at"}

// chain links objects to a chain. Each is in one chain; linking again changes nothing.
func (t *tx) chain(ctx context.Context, chain access.ChainID, refs ...access.Ref) error {
	if chain == 0 {
		return errors.New("there is no chain to link to")
	}
	for _, r := range refs {
		n, err := t.exec(ctx, insertChainLink, chain, r.Kind, r.Key, t.At)
		if err != nil {
			return fmt.Errorf("linking %s to %s: %w", r, chain, err)
		}
		if n > 0 {
			continue
		}
		if in, err := t.chainOf(ctx, r); err != nil || in != chain {
			return errors.Join(err, fmt.Errorf("%s is in chain %s, and not in %s", r, in, chain))
		}
	}
	return nil
}

// chainOf is the chain of an object; zero where it is in none.
func (q *query) chainOf(ctx context.Context, r access.Ref) (id access.ChainID, err error) {
	if r.Kind == access.KindChain {
		return access.ChainID(r.Key), nil
	}
	err = q.row(ctx, chainOf, r.Kind, r.Key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// Chain implements approval.Store.
func (s Approvals) Chain(ctx context.Context, of access.Ref, most int) (c approval.Chain, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if c.ID, err = q.chainOf(ctx, of); err != nil || c.ID == 0 {
			return err
		}
		c.Links = nil
		return q.each(ctx, chainLinks, []any{c.ID, most}, func(scan func(...any) error) error {
			var l approval.Link
			defer func() { c.Links = append(c.Links, l) }()
			return scan(&l.Object.Kind, &l.Object.Key, &l.At)
		})
	})
	return c, err
}
