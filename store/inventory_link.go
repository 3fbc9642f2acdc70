package store

import (
	"context"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

var correlatable = `
select a.id, a.kind, a.login, a.email, a.number, a.display_name,
       coalesce(l.id, 0), coalesce(l.identity_id, 0), coalesce(l.state, ''), coalesce(l.rule, ''), coalesce(l.score, 0), coalesce(l.evidence, '')
  from account a
  left join account_link l on l.account_id = a.id and ` + now("l") + `
 where ` + now("a") + `
 order by a.id`

// Correlatable returns every identity and every live account with its link.
func (s Inventory) Correlatable(ctx context.Context) (people []inventory.Person, accounts []inventory.Candidate, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, `select i.id, i.kind, i.number, i.email, i.login, i.name from identity i where `+now("i")+` order by i.id`, nil, func(scan func(...any) error) error {
			var p inventory.Person
			if err := scan(&p.ID, &p.Kind, &p.Number, &p.Email, &p.Login, &p.Name); err != nil {
				return err
			}
			people = append(people, p)
			return nil
		})
		if err != nil {
			return err
		}
		return q.each(ctx, correlatable, nil, func(scan func(...any) error) error {
			var a inventory.Candidate
			l := &a.Link
			if err := scan(&a.ID, &a.Kind, &a.Login, &a.Email, &a.Number, &a.Name, &l.ID, &l.Identity, &l.State, &l.Rule, &l.Score, &l.Evidence); err != nil {
				return err
			}
			l.Account = a.ID
			if l.ID == 0 {
				*l = inventory.Link{}
			}
			accounts = append(accounts, a)
			return nil
		})
	})
	return people, accounts, err
}

// Relink keeps new links and ends replaced ones, in one bulk change.
func (s Inventory) Relink(ctx context.Context, links []inventory.Link) error {
	return s.db.change(ctx, audit.Event{Action: "inventory.correlate", Facts: map[string]string{"links": strconv.Itoa(len(links))}}, func(t *tx) error {
		var rows, changes [][]any
		key, err := t.newKeys(ctx, access.KindLink, len(links))
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.ID != 0 {
				if _, err := t.exec(ctx, `update account_link set until_set = $1 where id = $2 and until_set = 0 and state <> 'manual'`, t.Set, l.ID); err != nil {
					return err
				}
			}
			changes = append(changes, []any{t.Set, access.KindAccount, l.Account, false})
			if l.State == "" {
				continue
			}
			rows = append(rows, []any{key, t.Set, l.Account, l.Identity, string(l.State), l.Rule, l.Score, l.Evidence})
			key++
		}
		if err := t.insertMany(ctx, "account_link", []string{"id", "from_set", "account_id", "identity_id", "state", "rule", "score", "evidence"}, rows); err != nil {
			return err
		}
		return t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, changes)
	})
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
