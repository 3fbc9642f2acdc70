package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

const candidateColumns = `
select a.id, s.name, a.kind, a.kind_reason, a.login, a.email, a.number, a.display_name,
       coalesce(l.id, 0), coalesce(l.identity_id, 0), coalesce(l.state, ''), coalesce(l.rule, ''), coalesce(l.score, 0), coalesce(l.evidence, '')
  from account a`

var candidatesAfter = candidateColumns + `
  join system s on s.id = a.system_id and ` + now("s") + `
  left join account_link l on l.account_id = a.id and l.until_set = 0
 where a.id > $1 and ` + now("a") + `
 order by a.id limit $2`

var candidatesOf = candidateColumns + `
  join system s on s.id = a.system_id and ` + now("s") + `
  left join account_link l on l.account_id = a.id and l.until_set = 0
 where a.id in (%s) and ` + now("a") + `
 order by a.id`

// CandidatesAfter returns the n live accounts behind one, with their links. A link
// is never part of a bulk operation, so that one without an end counts.
func (s Inventory) CandidatesAfter(ctx context.Context, after access.AccountID, n int) (list []inventory.Candidate, err error) {
	list = make([]inventory.Candidate, 0, n)
	err = s.db.read(ctx, func(q *query) error { return scanCandidates(ctx, q, q.d.rebind(candidatesAfter), &list, after, n) })
	return list, err
}

// Candidates returns those of some accounts that are live, with their links.
func (s Inventory) Candidates(ctx context.Context, ids []access.AccountID) (list []inventory.Candidate, err error) {
	err = s.db.read(ctx, func(q *query) error {
		for chunk := range slices.Chunk(ids, keysPerQuery) {
			if err := scanCandidates(ctx, q, fmt.Sprintf(candidatesOf, keyList(chunk)), &list); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// scanCandidates runs a query whose text may be made anew each time, so it comes
// rebound.
func scanCandidates(ctx context.Context, q *query, text string, list *[]inventory.Candidate, args ...any) error {
	rows, err := q.t.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var a inventory.Candidate
		l := &a.Link
		if err := rows.Scan(&a.ID, &a.System, &a.Kind, &a.KindReason, &a.Login, &a.Email, &a.Number, &a.Name, &l.ID, &l.Identity, &l.State, &l.Rule, &l.Score, &l.Evidence); err != nil {
			return err
		}
		l.Account = a.ID
		if l.ID == 0 {
			*l = inventory.Link{}
		}
		*list = append(*list, a)
	}
	return rows.Err()
}

// NewestRev is the revision of the newest change.
func (s Inventory) NewestRev(ctx context.Context) (rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, newestRev).Scan(&rev) })
	return rev, err
}

var eachPerson = `select i.id, i.kind, i.number, i.email, i.login, i.name from identity i where ` + now("i") + ` order by i.id`

// EachPerson calls fn with every identity in the order of their ids.
func (s Inventory) EachPerson(ctx context.Context, fn func(*inventory.Person)) error {
	return s.db.read(ctx, func(q *query) error {
		return q.each(ctx, eachPerson, nil, func(scan func(...any) error) error {
			var p inventory.Person
			if err := scanPerson(&p, scan); err != nil {
				return err
			}
			fn(&p)
			return nil
		})
	})
}

func scanPerson(p *inventory.Person, scan func(...any) error) error {
	return scan(&p.ID, &p.Kind, &p.Number, &p.Email, &p.Login, &p.Name)
}

const correlateAction = "inventory.correlate"

// What has no revision yet counts as changed: it may get one that is later. What
// correlation changed itself it has looked at.
const touchedSince = `
select distinct c.kind, c.object, c.bulk
  from change c
 where c.set_id in (
   select s.id from (select id from change_set where rev > $1 union all select id from change_set where rev is null) s
    where s.id not in (select id from open_set)
      and not exists (select 1 from audit_record r where r.set_id = s.id and r.action = '` + correlateAction + `'))
   and (c.kind in (1, 2) or c.kind = 5 and c.bulk)`

// peopleAtMost are looked for one by one; where more changed, looking at everything
// is quicker.
const peopleAtMost = 20_000

// Touched tells what changed since a revision by others than correlation.
func (s Inventory) Touched(ctx context.Context, since access.Rev) (t inventory.Touched, err error) {
	err = s.db.read(ctx, func(q *query) error {
		var people, systems []int64
		err := q.each(ctx, touchedSince, []any{since}, func(scan func(...any) error) error {
			var kind access.ObjectKind
			var key int64
			var bulk bool
			if err := scan(&kind, &key, &bulk); err != nil {
				return err
			}
			switch kind {
			case access.KindIdentity:
				people = append(people, key)
			case access.KindAccount:
				t.Accounts = append(t.Accounts, access.AccountID(key))
			default:
				systems = append(systems, key)
			}
			return nil
		})
		if t.All = len(people) > peopleAtMost; err != nil || t.All {
			return err
		}
		for _, y := range systems {
			// Those that are gone, too: they may have opened others.
			if err := accountIDs(ctx, q, `select distinct id from account where system_id = $1`, &t.Accounts, y); err != nil {
				return err
			}
		}
		for chunk := range slices.Chunk(people, keysPerQuery) {
			if err := touchedPeople(ctx, q, keyList(chunk), &t); err != nil {
				return err
			}
		}
		return nil
	})
	return t, err
}

// touchedPeople reads every version of some identities, for what any of them said
// may have decided, and the accounts that are linked to them.
func touchedPeople(ctx context.Context, q *query, keys string, t *inventory.Touched) error {
	err := eachRow(ctx, q, fmt.Sprintf(everyVersion, keys), func(rows *sql.Rows) error {
		var p inventory.Person
		defer func() { t.People = append(t.People, p) }()
		return scanPerson(&p, rows.Scan)
	})
	if err != nil {
		return err
	}
	return accountIDs(ctx, q, `select account_id from account_link where until_set = 0 and identity_id in (`+keys+`)`, &t.Accounts)
}

const everyVersion = `select i.id, i.kind, i.number, i.email, i.login, i.name from identity i where i.id in (%s)`

// accountIDs runs a query of account ids. One without arguments may be made anew
// each time.
func accountIDs(ctx context.Context, q *query, text string, into *[]access.AccountID, args ...any) error {
	if len(args) > 0 {
		text = q.d.rebind(text)
	}
	rows, err := q.t.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var id access.AccountID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		*into = append(*into, id)
	}
	return rows.Err()
}

// tracesPerQuery are looked for at once; a shorter list repeats its last, so that
// the query's text is always the same.
const tracesPerQuery = 100

var (
	bearersOfNumber = bearers + `a.number = f.column1 and a.number <> '' and ` + now("a")
	bearersOfEmail  = bearers + `lower(a.email) = f.column1 and a.email <> '' and ` + now("a")
	bearersOfLogin  = bearers + `lower(a.login) = f.column1 and ` + now("a")

	// SQLite keeps the order of a cross join: one look into the index for each trace.
	bearers = `select a.id from (values ` + rowsOfOne(1, tracesPerQuery) + `) f cross join account a where `
)

// AccountsWith returns the live accounts that bear any of the traces, and perhaps
// some that are gone.
func (s Inventory) AccountsWith(ctx context.Context, t inventory.Traces) (list []access.AccountID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		for _, by := range []struct {
			text  string
			among []string
		}{{bearersOfNumber, t.Numbers}, {bearersOfEmail, t.Emails}, {bearersOfLogin, t.Logins}} {
			for chunk := range slices.Chunk(by.among, tracesPerQuery) {
				args := make([]any, tracesPerQuery)
				for i := range args {
					args[i] = chunk[min(i, len(chunk)-1)]
				}
				if err := accountIDs(ctx, q, by.text, &list, args...); err != nil {
					return err
				}
			}
		}
		for chunk := range slices.Chunk(t.Keys, keysPerQuery) {
			if err := accountIDs(ctx, q, `select account_id from account_key where key in (`+keyList(chunk)+`)`, &list); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

var selectOpenings = `select o.account_id, o.opener_id from account_opening o where ` + now("o")

// Openings returns which account opens which, the opener live or not.
func (s Inventory) Openings(ctx context.Context) (list []inventory.Opening, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectOpenings, nil, func(scan func(...any) error) error {
			var o inventory.Opening
			defer func() { list = append(list, o) }()
			return scan(&o.Account, &o.Opener)
		})
	})
	return list, err
}

var openersOf = `
select o.account_id, o.opener_id, s.name, a.login,
       coalesce(case when l.state in ('confirmed', 'manual') then l.identity_id end, 0)
  from account_opening o
  join account a on a.id = o.opener_id and ` + now("a") + `
  join system s on s.id = a.system_id and ` + now("s") + `
  left join account_link l on l.account_id = a.id and l.until_set = 0
 where o.account_id in (%s) and ` + now("o") + `
 order by o.account_id, o.opener_id`

// Openers returns, by opened account, the live accounts that open it.
func (s Inventory) Openers(ctx context.Context, ids []access.AccountID) (map[access.AccountID][]inventory.Opener, error) {
	by := map[access.AccountID][]inventory.Opener{}
	err := eachOf(ctx, s.db, openersOf, ids, func(rows *sql.Rows) error {
		var id access.AccountID
		var p inventory.Opener
		if err := rows.Scan(&id, &p.Account, &p.System, &p.Login, &p.Identity); err != nil {
			return err
		}
		by[id] = append(by[id], p)
		return nil
	})
	return by, err
}
