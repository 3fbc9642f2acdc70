package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

const candidateRows = `
select a.id, s.name, a.kind, a.kind_reason, a.login, a.email, a.number, a.display_name,
       coalesce(l.id, 0), coalesce(l.identity_id, 0), coalesce(l.state, ''), coalesce(l.rule, ''), coalesce(l.score, 0), coalesce(l.evidence, '')
  from account a
  join system s on s.id = a.system_id and %[1]s
  left join account_link l on l.account_id = a.id and %[2]s
 where %[3]s and %[4]s
 order by a.id`

// Correlatable returns every identity and the live accounts that are to be looked at.
func (s Inventory) Correlatable(ctx context.Context, since inventory.Mark) (all inventory.Correlatable, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&all.Rev); err != nil {
			return err
		}
		which, err := whichAccounts(ctx, q, since.Rev)
		if err != nil || len(which) == 0 {
			return err
		}
		err = q.each(ctx, `select i.id, i.kind, i.number, i.email, i.login, i.name from identity i where `+now("i")+` order by i.id`, nil, func(scan func(...any) error) error {
			var p inventory.Person
			if err := scan(&p.ID, &p.Kind, &p.Number, &p.Email, &p.Login, &p.Name); err != nil {
				return err
			}
			all.People = append(all.People, p)
			return nil
		})
		if err != nil {
			return err
		}
		for _, condition := range which {
			if err := candidates(ctx, q, condition, &all); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// candidates runs a query whose text is made anew each time, so it is not rebound.
func candidates(ctx context.Context, q *query, condition string, all *inventory.Correlatable) error {
	rows, err := q.t.QueryContext(ctx, fmt.Sprintf(candidateRows, now("s"), now("l"), now("a"), condition))
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
		all.Accounts = append(all.Accounts, a)
	}
	return rows.Err()
}

// What has no revision yet counts as changed: it may get one that is later.
const accountsChangedSince = `
select distinct c.kind, c.object, c.bulk
  from change c
 where c.set_id in (select id from change_set where rev > $1 union all select id from change_set where rev is null)
   and c.set_id not in (select id from open_set)
   and (c.kind in (1, 2) or c.kind = 5 and c.bulk)`

// whichAccounts are conditions that select the accounts to look at: all of them
// when an identity changed, for it may match any.
func whichAccounts(ctx context.Context, q *query, since access.Rev) ([]string, error) {
	everything := []string{"1 = 1"}
	if since == 0 {
		return everything, nil
	}
	var accounts, systems []int64
	people := false
	err := q.each(ctx, accountsChangedSince, []any{since}, func(scan func(...any) error) error {
		var kind access.ObjectKind
		var key int64
		var bulk bool
		if err := scan(&kind, &key, &bulk); err != nil {
			return err
		}
		switch kind {
		case access.KindIdentity:
			people = true
		case access.KindAccount:
			accounts = append(accounts, key)
		default:
			systems = append(systems, key)
		}
		return nil
	})
	if err != nil || people {
		return everything, err
	}
	var list []string
	if len(systems) > 0 {
		list = append(list, "a.system_id in ("+keyList(systems)+")")
	}
	for chunk := range slices.Chunk(accounts, keysPerQuery) {
		condition := "a.id in (" + keyList(chunk) + ")"
		if len(systems) > 0 {
			condition += " and a.system_id not in (" + keyList(systems) + ")"
		}
		list = append(list, condition)
	}
	return list, nil
}

const markName = "correlation"

// LastMark is where correlation stands.
func (s Inventory) LastMark(ctx context.Context) (m inventory.Mark, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select value from meta where name = $1`, []any{markName}, func(scan func(...any) error) error {
			var text []byte
			if err := scan(&text); err != nil {
				return err
			}
			return json.Unmarshal(text, &m)
		})
	})
	return m, err
}

func (t *tx) keepMark(ctx context.Context, m inventory.Mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `insert into meta (name, value) values ($1, $2) on conflict (name) do update set value = $2`, markName, string(text))
	return err
}

// Relink keeps new links and ends replaced ones, in one change.
func (s Inventory) Relink(ctx context.Context, links []inventory.Link, kinds []inventory.Kinship, at inventory.Mark) error {
	if len(links)+len(kinds) == 0 {
		return s.db.bookkeep(ctx, func(t *tx) error { return t.keepMark(ctx, at) })
	}
	e := audit.Event{Action: "inventory.correlate", Facts: map[string]string{"links": strconv.Itoa(len(links)), "kinds": strconv.Itoa(len(kinds))}}
	return s.db.change(ctx, e, func(t *tx) error {
		changed := map[access.AccountID]bool{}
		if err := t.relink(ctx, links, changed); err != nil {
			return err
		}
		for _, k := range kinds {
			if err := t.retype(ctx, k); err != nil {
				return err
			}
			changed[k.Account] = true
		}
		var changes [][]any
		for _, id := range slices.Sorted(maps.Keys(changed)) {
			changes = append(changes, []any{t.Set, access.KindAccount, id, false})
		}
		if err := t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, changes); err != nil {
			return err
		}
		return t.keepMark(ctx, at)
	})
}

func (t *tx) relink(ctx context.Context, links []inventory.Link, changed map[access.AccountID]bool) error {
	if len(links) == 0 {
		return nil
	}
	decided := map[access.AccountID]bool{} // perhaps since the rules looked
	err := t.each(ctx, `select account_id from account_link where state = 'manual' and until_set = 0`, nil, func(scan func(...any) error) error {
		var id access.AccountID
		defer func() { decided[id] = true }()
		return scan(&id)
	})
	if err != nil {
		return err
	}
	key, err := t.newKeys(ctx, access.KindLink, len(links))
	if err != nil {
		return err
	}
	var rows [][]any
	for _, l := range links {
		if decided[l.Account] {
			continue
		}
		if l.ID != 0 {
			if _, err := t.exec(ctx, `update account_link set until_set = $1 where id = $2 and until_set = 0`, t.Set, l.ID); err != nil {
				return err
			}
		}
		changed[l.Account] = true
		if l.State == "" {
			continue
		}
		rows = append(rows, []any{key, t.Set, l.Account, l.Identity, string(l.State), l.Rule, l.Score, l.Evidence})
		key++
	}
	return t.insertMany(ctx, "account_link", []string{"id", "from_set", "account_id", "identity_id", "state", "rule", "score", "evidence"}, rows)
}

const retype = `
insert into account (id, from_set, system_id, native_id, login, display_name, email, number, kind, kind_reason, status, interactive, created_at, expires_at, attributes, digest)
select id, $2, system_id, native_id, login, display_name, email, number, $3, $4, status, interactive, created_at, expires_at, attributes, digest
  from account where id = $1 and until_set = $2 and from_set <> $2`

// retype keeps an account's kind. Its digest stays that of what its system says.
// What a sync under way has ended is that sync's to write.
func (t *tx) retype(ctx context.Context, k inventory.Kinship) error {
	n, err := t.exec(ctx, `update account set until_set = $1 where id = $2 and until_set = 0 and from_set not in (select id from open_set)`, t.Set, k.Account)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(ctx, retype, k.Account, t.Set, string(k.Kind), k.Reason)
	return err
}

// DecideLink keeps a person's decision about one account.
func (s Inventory) DecideLink(ctx context.Context, account access.AccountID, identity access.IdentityID, reason string) error {
	e := audit.Event{Action: "inventory.link", Object: account.Ref(), Facts: map[string]string{"identity": identity.String()}, Personal: map[string]string{"reason": reason}}
	if identity != 0 {
		e.Subjects = []access.IdentityID{identity}
	}
	return s.db.change(ctx, e, func(t *tx) error {
		var n int
		if err := t.row(ctx, `select count(*) from account a where a.id = $1 and `+now("a"), account).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return inventory.ErrNotFound.With("there is no account %s", account)
		}
		if _, err := t.exec(ctx, `update account_link set until_set = $1 where account_id = $2 and until_set = 0`, t.Set, account); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindLink, 1)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `insert into account_link (id, from_set, account_id, identity_id, state, rule, score, evidence) values ($1, $2, $3, $4, 'manual', 'decision', 100, $5)`,
			key, t.Set, account, identity, reason); err != nil {
			return err
		}
		return t.changed(ctx, account.Ref())
	})
}
