package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

var waiting = `
select a.id, a.system_id, c.at
  from account_link l
  join account a on a.id = l.account_id and ` + now("a") + `
  join system s on s.id = a.system_id and ` + now("s") + `
  join change_set c on c.id = l.from_set
 where l.state = 'disputed' and l.until_set = 0
 order by c.at, a.id`

// Waiting returns the accounts whose match is disputed, those that wait longest
// first.
func (s Inventory) Waiting(ctx context.Context) (list []inventory.Waiting, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, waiting, nil, func(scan func(...any) error) error {
			var w inventory.Waiting
			defer func() { list = append(list, w) }()
			return scan(&w.Account, &w.System, &w.Since)
		})
	})
	return list, err
}

var accountFacts = `
select a.id, a.status, a.created_at, coalesce(u.last_used, -1)
  from account a
  left join account_usage u on u.account_id = a.id
 where a.id in (%s) and ` + now("a")

// AccountFacts returns what of accounts no rule looks at.
func (s Inventory) AccountFacts(ctx context.Context, ids []access.AccountID) (map[access.AccountID]inventory.AccountFacts, error) {
	all := make(map[access.AccountID]inventory.AccountFacts, len(ids))
	err := eachOf(ctx, s.db, accountFacts, ids, func(rows *sql.Rows) error {
		var id access.AccountID
		var f inventory.AccountFacts
		if err := rows.Scan(&id, &f.Status, &f.Created, &f.LastUsed); err != nil {
			return err
		}
		if f.UsageKnown = f.LastUsed >= 0; !f.UsageKnown {
			f.LastUsed = 0
		}
		all[id] = f
		return nil
	})
	return all, err
}

var identityFacts = `
select i.id, i.state, i.organisation, coalesce(f.employer, ''), coalesce(f.unit, ''), coalesce(f.title, '')
  from identity i
  left join affiliation f on f.identity_id = i.id and f.seq = 0 and ` + now("f") + `
 where i.id in (%s) and ` + now("i")

// IdentityFacts returns what of identities no rule looks at.
func (s Inventory) IdentityFacts(ctx context.Context, ids []access.IdentityID) (map[access.IdentityID]inventory.IdentityFacts, error) {
	all := make(map[access.IdentityID]inventory.IdentityFacts, len(ids))
	err := eachOf(ctx, s.db, identityFacts, ids, func(rows *sql.Rows) error {
		var id access.IdentityID
		var f inventory.IdentityFacts
		var organisation string
		if err := rows.Scan(&id, &f.State, &organisation, &f.Employer, &f.Unit, &f.Title); err != nil {
			return err
		}
		if organisation != "" {
			f.Employer = organisation
		}
		all[id] = f
		return nil
	})
	return all, err
}

// eachOf runs a query over a list of keys, whose text is made anew each time.
func eachOf[K ~int64](ctx context.Context, db *DB, text string, ids []K, fn func(*sql.Rows) error) error {
	return db.read(ctx, func(q *query) error {
		for chunk := range slices.Chunk(ids, keysPerQuery) {
			if err := eachRow(ctx, q, fmt.Sprintf(text, keyList(chunk)), fn); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachRow(ctx context.Context, q *query, text string, fn func(*sql.Rows) error) error {
	rows, err := q.t.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

const currentLink = `select state, rule, evidence, identity_id from account_link where account_id = $1 and until_set = 0`

// DecideLink keeps a person's decision about one account.
func (s Inventory) DecideLink(ctx context.Context, d inventory.Decision) error {
	e := audit.Event{Action: "inventory.link", Object: d.Account.Ref(), Facts: map[string]string{"identity": d.Identity.String()}, Personal: map[string]string{"reason": d.Reason}}
	if d.Identity != 0 {
		e.Subjects = []access.IdentityID{d.Identity}
	}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.lockLinks(ctx); err != nil {
			return err
		}
		if err := t.decidable(ctx, d); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update account_link set until_set = $1 where account_id = $2 and until_set = 0`, t.Set, d.Account); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindLink, 1)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `insert into account_link (id, from_set, account_id, identity_id, state, rule, score, evidence) values ($1, $2, $3, $4, 'manual', 'decision', 100, $5)`,
			key, t.Set, d.Account, d.Identity, d.Reason); err != nil {
			return err
		}
		return t.changed(ctx, d.Account.Ref())
	})
}

// decidable refuses a decision about or for what is not there, and one that would
// replace what stands without saying so.
func (t *tx) decidable(ctx context.Context, d inventory.Decision) error {
	var n int
	if err := t.row(ctx, `select count(*) from account a where a.id = $1 and `+now("a"), d.Account).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return inventory.ErrNotFound.With("there is no account %s", d.Account)
	}
	if d.Identity != 0 {
		if err := t.row(ctx, `select count(*) from identity i where i.id = $1 and `+now("i"), d.Identity).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return inventory.ErrNotFound.With("there is no identity %s", d.Identity)
		}
	}
	var l inventory.Link
	err := t.row(ctx, currentLink, d.Account).Scan(&l.State, &l.Rule, &l.Evidence, &l.Identity)
	if errors.Is(err, sql.ErrNoRows) || d.Replace {
		return nil
	}
	if err != nil {
		return err
	}
	return d.Against(l)
}
