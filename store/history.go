package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrNoSuchTime is returned for an instant that the record does not reach.
var ErrNoSuchTime = fault.New(fault.NotFound, "no-such-instant", "nothing is recorded of that instant")

// Instant is a past moment: a revision, or a time of the store's clock.
type Instant struct {
	Rev  access.Rev
	Time access.Time
}

// past gives the conditions of an instant, as facts gives those of now.
type past struct {
	q    *query
	at   access.Time
	from string // what a set's row s has to fulfil to have been made by then
}

func (q *query) past(ctx context.Context, i Instant) (*past, error) {
	if i.Rev == 0 {
		if i.Time == 0 {
			return nil, ErrNoSuchTime.With("name a revision or a time")
		}
		return &past{q: q, at: i.Time, from: "s.at <= " + strconv.FormatInt(int64(i.Time), 10) + " and s.id not in (select id from open_set)"}, nil
	}
	p := &past{q: q, from: "s.rev <= " + strconv.FormatInt(int64(i.Rev), 10)}
	err := q.row(ctx, `select at from change_set where rev = $1`, i.Rev).Scan(&p.at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSuchTime.With("there is no revision %d", i.Rev)
	}
	return p, err
}

// was is the condition that a version was the one that counted then.
func (p *past) was(alias string) string {
	made := func(column string) string {
		return "exists (select 1 from change_set s where s.id = " + alias + "." + column + " and " + p.from + ")"
	}
	return made("from_set") + " and not " + made("until_set")
}

// during is the condition that a dated fact was in its period then.
func (p *past) during(alias string) string {
	f := facts{at: strconv.FormatInt(int64(p.at), 10)}
	return f.during(alias)
}

func (p *past) each(ctx context.Context, text string, fn func(rows *sql.Rows) error) error {
	return (&facts{q: p.q}).each(ctx, text, fn)
}

// AccountThen is an account as it was, with how it was linked to the identity.
type AccountThen struct {
	ID     access.AccountID     `json:"id"`
	System access.SystemID      `json:"system"`
	Login  string               `json:"login"`
	Kind   access.AccountKind   `json:"kind"`
	Status access.AccountStatus `json:"status"`
	Link   string               `json:"link"`
}

// AccessThen is who an identity was and what it held at an instant.
type AccessThen struct {
	At       access.Time          `json:"at"`
	Identity access.IdentityID    `json:"identity"`
	Kind     access.IdentityKind  `json:"kind"`
	State    access.IdentityState `json:"state"`
	Name     string               `json:"name"`
	Accounts []AccountThen        `json:"accounts"`
	// Grants start at the identity, at its accounts, and at entitlements that it
	// has through them: groups in groups followed to their end.
	Grants []access.Grant `json:"grants"`
}

// AccessAt tells what an identity held at a past instant.
func (db *DB) AccessAt(ctx context.Context, id access.IdentityID, when Instant) (a AccessThen, err error) {
	err = db.read(ctx, func(q *query) error {
		p, err := q.past(ctx, when)
		if err != nil {
			return err
		}
		a = AccessThen{At: p.at, Identity: id}
		if err := p.identity(ctx, &a); err != nil {
			return err
		}
		if err := p.accounts(ctx, &a); err != nil {
			return err
		}
		holders := map[access.ObjectKind][]int64{access.KindIdentity: {int64(id)}}
		for _, account := range a.Accounts {
			holders[access.KindAccount] = append(holders[access.KindAccount], int64(account.ID))
		}
		a.Grants, err = p.held(ctx, holders)
		return err
	})
	if err != nil {
		return AccessThen{}, fmt.Errorf("reading what %s held: %w", id, err)
	}
	return a, nil
}

func (p *past) identity(ctx context.Context, a *AccessThen) error {
	err := p.q.t.QueryRowContext(ctx, fmt.Sprintf(`select i.kind, i.state, i.name from identity i where i.id = %d and %s`, a.Identity, p.was("i"))).
		Scan(&a.Kind, &a.State, &a.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoSuchTime.With("%s was not there then", a.Identity)
	}
	return err
}

func (p *past) accounts(ctx context.Context, a *AccessThen) error {
	text := fmt.Sprintf(`select a.id, a.system_id, a.login, a.kind, a.status, l.state
	  from account_link l join account a on a.id = l.account_id and %s
	 where l.identity_id = %d and l.state in ('confirmed', 'manual') and %s
	 order by a.id`, p.was("a"), a.Identity, p.was("l"))
	return p.each(ctx, text, func(rows *sql.Rows) error {
		var t AccountThen
		err := rows.Scan(&t.ID, &t.System, &t.Login, &t.Kind, &t.Status, &t.Link)
		a.Accounts = append(a.Accounts, t)
		return err
	})
}

// held follows grants from their holders until nothing new is reached.
func (p *past) held(ctx context.Context, holders map[access.ObjectKind][]int64) (grants []access.Grant, err error) {
	seen := map[int64]bool{}
	for len(holders) > 0 {
		var nested []int64
		for _, kind := range []access.ObjectKind{access.KindIdentity, access.KindAccount, access.KindEntitlement} {
			for chunk := range slices.Chunk(holders[kind], keysPerQuery) {
				err := p.grantsOf(ctx, kind, chunk, func(g access.Grant) {
					grants = append(grants, g)
					if to := int64(g.Entitlement); !seen[to] {
						seen[to] = true
						nested = append(nested, to)
					}
				})
				if err != nil {
					return nil, err
				}
			}
		}
		holders = nil
		if len(nested) > 0 {
			holders = map[access.ObjectKind][]int64{access.KindEntitlement: nested}
		}
	}
	return grants, nil
}

func (p *past) grantsOf(ctx context.Context, kind access.ObjectKind, holders []int64, fn func(access.Grant)) error {
	text := fmt.Sprintf(`select g.id, g.holder_kind, g.holder_id, g.entitlement_id, g.resource_id, g.mode, g.flags, g.starts_at, g.ends_at
	  from access_grant g
	 where g.holder_kind = %d and g.holder_id in (%s) and %s and %s
	 order by g.holder_id, g.entitlement_id, g.resource_id, g.mode`, kind, keyList(holders), p.was("g"), p.during("g"))
	return p.each(ctx, text, func(rows *sql.Rows) error {
		var g access.Grant
		err := rows.Scan(&g.ID, &g.Holder.Kind, &g.Holder.Key, &g.Entitlement, &g.Resource, &g.Mode, &g.Flags, &g.Start, &g.End)
		fn(g)
		return err
	})
}
