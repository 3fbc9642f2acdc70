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

// Relink keeps new links and ends replaced ones, with the keys of the accounts that
// were looked at, in one change. Keys alone are bookkeeping: they follow from facts.
func (s Inventory) Relink(ctx context.Context, found inventory.Relinked, at inventory.Mark) error {
	if len(found.Links)+len(found.Kinds) == 0 {
		return s.db.bookkeep(ctx, func(t *tx) error {
			if err := t.rekey(ctx, found); err != nil {
				return err
			}
			return t.keepMark(ctx, at)
		})
	}
	e := audit.Event{Action: correlateAction, Facts: map[string]string{"links": strconv.Itoa(len(found.Links)), "kinds": strconv.Itoa(len(found.Kinds))}}
	return s.db.change(ctx, e, func(t *tx) error {
		changed := map[access.AccountID]bool{}
		if err := t.relink(ctx, found.Links, changed); err != nil {
			return err
		}
		for _, k := range found.Kinds {
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
		if err := t.rekey(ctx, found); err != nil {
			return err
		}
		return t.keepMark(ctx, at)
	})
}

// linksOf are the links that stand now, of some accounts.
const linksOf = `select account_id, id, state, rule from account_link where until_set = 0 and account_id in (%s)`

// standing is what stands of an account.
type standing struct {
	decided bool // by a person or by provisioning, perhaps since the rules looked
	link    int64
}

// relink replaces the links that rules found something else instead of. What somebody
// decided stays; what another correlation has linked since is not known to be older
// than this, so that all of it is to be looked at again.
func (t *tx) relink(ctx context.Context, links []inventory.Link, changed map[access.AccountID]bool) error {
	if len(links) == 0 {
		return nil
	}
	is, err := t.linksOf(ctx, links)
	if err != nil {
		return err
	}
	key, err := t.newKeys(ctx, access.KindLink, len(links))
	if err != nil {
		return err
	}
	var rows [][]any
	for _, l := range links {
		switch now := is[l.Account]; {
		case now.decided:
			continue
		case now.link != int64(l.ID):
			return inventory.ErrRelinked
		case l.ID != 0:
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

// linksOf reads what stands, and keeps it so until the transaction ends.
func (t *tx) linksOf(ctx context.Context, links []inventory.Link) (map[access.AccountID]standing, error) {
	if err := t.lockLinks(ctx); err != nil {
		return nil, err
	}
	is := map[access.AccountID]standing{}
	ids := make([]access.AccountID, len(links))
	for i, l := range links {
		ids[i] = l.Account
	}
	for chunk := range slices.Chunk(ids, keysPerQuery) {
		err := t.eachListed(ctx, linksOf, keyList(chunk), nil, func(scan func(...any) error) error {
			var id access.AccountID
			var link int64
			var l inventory.Link
			err := scan(&id, &link, &l.State, &l.Rule)
			was := is[id]
			is[id] = standing{decided: was.decided || l.Settled(), link: link}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return is, nil
}

// lockLinks has whoever else links or decides wait: an account without a link has no
// row that could be locked.
func (t *tx) lockLinks(ctx context.Context) error {
	if t.d.lockLinks == "" {
		return nil
	}
	_, err := t.exec(ctx, t.d.lockLinks)
	return err
}

const dropKeys = `delete from account_key where account_id between $1 and $2 and account_id in (%s)`

// rekey replaces the keys of the accounts that were looked at.
func (t *tx) rekey(ctx context.Context, found inventory.Relinked) error {
	for chunk := range slices.Chunk(slices.Sorted(slices.Values(found.Looked)), keysPerQuery) {
		first, last := chunk[0], chunk[len(chunk)-1]
		var n int
		if err := t.row(ctx, `select count(*) from account_key where account_id between $1 and $2`, first, last).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			continue // most accounts have none
		}
		if err := t.execMade(ctx, fmt.Sprintf(dropKeys, keyList(chunk)), first, last); err != nil {
			return err
		}
	}
	rows := make([][]any, 0, len(found.Keys))
	for _, k := range found.Keys {
		rows = append(rows, []any{k.Key, k.Account})
	}
	return t.insertMany(ctx, "account_key", []string{"key", "account_id"}, rows)
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
