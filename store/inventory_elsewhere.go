package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Elsewhere finds things of other systems by what this one calls them: an account
// by its login in any case, an entitlement by its native id or else its name. What several
// things are called is nothing's.
func (s Inventory) Elsewhere(ctx context.Context, list []connector.Target) (map[connector.Target]access.Ref, error) {
	found := map[connector.Target]access.Ref{}
	bySystem := map[string][]connector.Target{}
	for _, t := range list {
		bySystem[t.System] = append(bySystem[t.System], t)
	}
	err := s.db.read(ctx, func(q *query) error {
		for name, wanted := range bySystem {
			var ids []access.SystemID
			err := q.each(ctx, `select s.id from system s where s.name = $1 and `+now("s"), []any{name}, func(scan func(...any) error) error {
				var id access.SystemID
				defer func() { ids = append(ids, id) }()
				return scan(&id)
			})
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := elsewhere(ctx, q, id, wanted, found); err != nil {
					return fmt.Errorf("looking for things of system %s: %w", name, err)
				}
			}
		}
		return nil
	})
	return found, err
}

func elsewhere(ctx context.Context, q *query, id access.SystemID, wanted []connector.Target, found map[connector.Target]access.Ref) error {
	accounts, entitlements := map[string]bool{}, map[string]bool{}
	for _, t := range wanted {
		switch t.Kind {
		case connector.OnAccount:
			accounts[folded(t.ID)] = true
		case connector.OnEntitlement:
			entitlements[t.ID] = true
		default: // nothing else of another system is named
		}
	}
	byLogin, err := accountsCalled(ctx, q, id, accounts)
	if err != nil {
		return err
	}
	byNative, byName, err := entitlementsCalled(ctx, q, id, entitlements)
	if err != nil {
		return err
	}
	one := func(list []int64) int64 {
		if len(list) == 1 {
			return list[0]
		}
		return 0
	}
	for _, t := range wanted {
		var ref access.Ref
		switch t.Kind {
		case connector.OnAccount:
			ref = access.AccountID(one(byLogin[folded(t.ID)])).Ref()
		case connector.OnEntitlement:
			key := one(byNative[t.ID])
			if key == 0 {
				key = one(byName[t.ID])
			}
			ref = access.EntitlementID(key).Ref()
		default: // as above
		}
		if ref.Key != 0 {
			found[t] = ref
		}
	}
	return nil
}

// folded is a login in lower case, as far as both databases agree what that is: in
// other alphabets only the very same login is the same.
func folded(login string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, login)
}

// accountsPerQuery is how many logins are looked up at once; a shorter list repeats
// its last, so that the query's text is always the same.
const accountsPerQuery = 200

// accountsByLogin adds nothing to the system's key so that its index is not taken:
// all accounts of a system would be read for each login.
var accountsByLogin = `
select distinct a.login, a.id
  from (values ` + rowsOfOne(2, accountsPerQuery) + `) f
 cross join account a
 where lower(a.login) = lower(f.column1) and a.system_id + 0 = $1 and ` + now("a")

func accountsCalled(ctx context.Context, q *query, id access.SystemID, logins map[string]bool) (map[string][]int64, error) {
	by := map[string][]int64{}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(logins)), accountsPerQuery) {
		args := []any{id}
		for i := range accountsPerQuery {
			args = append(args, chunk[min(i, len(chunk)-1)])
		}
		err := q.each(ctx, accountsByLogin, args, func(scan func(...any) error) error {
			var login string
			var key int64
			if err := scan(&login, &key); err != nil {
				return err
			}
			login = folded(login)
			by[login] = append(by[login], key)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return by, nil
}

var entitlementsOf = `
select e.native_id, e.name, e.id from entitlement e where e.system_id = $1 and ` + now("e")

func entitlementsCalled(ctx context.Context, q *query, id access.SystemID, wanted map[string]bool) (byNative, byName map[string][]int64, err error) {
	byNative, byName = map[string][]int64{}, map[string][]int64{}
	if len(wanted) == 0 {
		return byNative, byName, nil
	}
	err = q.each(ctx, entitlementsOf, []any{id}, func(scan func(...any) error) error {
		var native, name string
		var key int64
		if err := scan(&native, &name, &key); err != nil {
			return err
		}
		if wanted[native] {
			byNative[native] = append(byNative[native], key)
		}
		if wanted[name] {
			byName[name] = append(byName[name], key)
		}
		return nil
	})
	return byNative, byName, err
}
