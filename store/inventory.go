package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

// Inventory is the store of package inventory.
type Inventory struct{ db *DB }

// Inventory returns the store of package inventory.
func (db *DB) Inventory() Inventory { return Inventory{db} }

var _ inventory.Store = Inventory{}

const insertSource = `
insert into source (id, from_set, name, kind, config, precedence, stage, paused_until, paused_reason, every, hours)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func (t *tx) insertSource(ctx context.Context, src inventory.Source) error {
	config, err := json.Marshal(src.Config)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, insertSource, src.ID, t.Set, src.Name, src.Kind, string(config), src.Precedence,
		cmp.Or(src.Stage, inventory.Active), src.PausedUntil, src.PausedReason, time.Duration(src.Every).Microseconds(), src.Hours.String())
	return err
}

// AddSource keeps a new source.
func (s Inventory) AddSource(ctx context.Context, src inventory.Source) (id access.SourceID, err error) {
	err = s.db.change(ctx, audit.Event{Action: "inventory.add_source", Personal: map[string]string{"name": src.Name}}, func(t *tx) error {
		if err := t.nameFree(ctx, "source", src.Name); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindSource, 1)
		if err != nil {
			return err
		}
		id = access.SourceID(key)
		src.ID, t.Event.Object = id, id.Ref()
		if err := t.insertSource(ctx, src); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
	return id, err
}

// UpdateSource keeps another version of a source in place of the one that it names.
func (s Inventory) UpdateSource(ctx context.Context, src inventory.Source) error {
	e := audit.Event{
		Action: "inventory.update_source", Object: src.ID.Ref(), Facts: map[string]string{"stage": string(cmp.Or(src.Stage, inventory.Active))},
		Personal: map[string]string{"name": src.Name, "reason": src.PausedReason},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, `update source set until_set = $1 where id = $2 and from_set = $3 and until_set = 0`, t.Set, src.ID, src.Version)
		if err != nil {
			return err
		}
		if n == 0 {
			return inventory.ErrChanged
		}
		if err := t.insertSource(ctx, src); err != nil {
			return err
		}
		return t.changed(ctx, src.ID.Ref())
	})
}

// nameFree refuses a second object of a name; table is a constant of this package.
func (t *tx) nameFree(ctx context.Context, table, name string) error {
	var n int
	if err := t.row(ctx, `select count(*) from `+table+` where name = $1 and until_set = 0`, name).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return inventory.ErrNameTaken.With("there is already a %s called %q", table, name)
	}
	return nil
}

func unmarshalState(s *inventory.State, warnings, counts string) error {
	return errors.Join(json.Unmarshal([]byte(warnings), &s.Warnings), json.Unmarshal([]byte(counts), &s.Counts))
}

var selectSources = `
select s.id, s.from_set, s.name, s.kind, s.config, s.precedence, s.stage, s.paused_until, s.paused_reason, s.every, s.hours, coalesce(y.failures, 0),
       coalesce(y.synced_at, 0), coalesce(y.failed_at, 0), coalesce(y.error, ''), coalesce(y.baseline, 0),
       coalesce(y.warnings, '[]'), coalesce(y.counts, '{}')
  from source s
  left join sync_state y on y.kind = 6 and y.object = s.id
 where ` + now("s") + `
 order by s.name`

// Sources lists the sources by name.
func (s Inventory) Sources(ctx context.Context) (list []inventory.Source, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectSources, nil, func(scan func(...any) error) error {
			var src inventory.Source
			var config, hours, warnings, counts string
			var every int64
			err := scan(&src.ID, &src.Version, &src.Name, &src.Kind, &config, &src.Precedence, &src.Stage, &src.PausedUntil, &src.PausedReason, &every, &hours, &src.State.Failures,
				&src.State.Synced, &src.State.Failed, &src.State.Error, &src.State.Baseline, &warnings, &counts)
			if err != nil {
				return err
			}
			src.Every = inventory.Period(time.Duration(every) * time.Microsecond)
			if src.Hours, err = inventory.ParseHours(hours); err != nil {
				return fmt.Errorf("schedule of %s: %w", src.Name, err)
			}
			if err := json.Unmarshal([]byte(config), &src.Config); err != nil {
				return fmt.Errorf("configuration of %s: %w", src.Name, err)
			}
			list = append(list, src)
			return unmarshalState(&list[len(list)-1].State, warnings, counts)
		})
	})
	return list, err
}

// lastOf selects each object's newest version, whether it is still there or not.
func lastOf(table, alias string) string {
	return fmt.Sprintf(`%[2]s.from_set = (select max(v.from_set) from %[1]s v where v.id = %[2]s.id and v.from_set not in (select id from open_set))`, table, alias)
}

// labelQueries give an object's name, its system, an identity's number, and what the system itself calls it.
var labelQueries = map[access.ObjectKind]string{
	access.KindIdentity:    `select id, name, 0, number, '' from identity where id in (%s) and ` + lastOf("identity", "identity"),
	access.KindAccount:     `select id, login, system_id, '', native_id from account where id in (%s) and ` + lastOf("account", "account"),
	access.KindEntitlement: `select id, name, system_id, '', native_id from entitlement where id in (%s) and ` + lastOf("entitlement", "entitlement"),
	access.KindResource:    `select id, name, system_id, '', native_id from resource where id in (%s) and ` + lastOf("resource", "resource"),
	// Only a grant that is somebody's to approve by itself is ever named.
	access.KindGrant: `select g.id, coalesce(i.name, a.login, h.name, '?') || ' has ' || coalesce(e.name, '?'), g.system_id, '', ''
	  from access_grant g
	  left join identity i on g.holder_kind = 1 and i.id = g.holder_id and ` + lastOf("identity", "i") + `
	  left join account a on g.holder_kind = 2 and a.id = g.holder_id and ` + lastOf("account", "a") + `
	  left join entitlement h on g.holder_kind = 3 and h.id = g.holder_id and ` + lastOf("entitlement", "h") + `
	  left join entitlement e on e.id = g.entitlement_id and ` + lastOf("entitlement", "e") + `
	 where g.late and g.id in (%s)
	   and g.from_set = (select max(v.from_set) from access_grant v where v.late and v.id = g.id and v.from_set not in (select id from open_set))`,
	access.KindSystem:     `select id, name, 0, '', '' from system where id in (%s) and ` + lastOf("system", "system"),
	access.KindSource:     `select id, name, 0, '', '' from source where id in (%s) and ` + lastOf("source", "source"),
	access.KindScope:      `select id, name, 0, '', '' from scope where id in (%s) and ` + lastOf("scope", "scope"),
	access.KindRole:       `select id, name, 0, '', '' from role where id in (%s) and ` + lastOf("role", "role"),
	access.KindPolicy:     `select id, name, 0, '', '' from policy_document where id in (%s) and ` + lastOf("policy_document", "policy_document"),
	access.KindSafe:       `select id, name, 0, '', '' from safe where id in (%s) and ` + lastOf("safe", "safe"),
	access.KindTemplate:   `select id, name, 0, '', '' from lease_template where id in (%s) and ` + lastOf("lease_template", "lease_template"),
	access.KindSecret:     `select id, coalesce((select f.name from safe f where f.id = secret.safe_id and f.until_set = 0), '') || '/' || name, 0, '', '' from secret where id in (%s) and ` + lastOf("secret", "secret"),
	access.KindGlass:      `select id, name, 0, '', '' from glass where id in (%s)`,
	access.KindCredential: `select id, fingerprint, 0, '', '' from credential where id in (%s) and ` + lastOf("credential", "credential"),
}

const labelsPerQuery = 500

// Names labels objects, those that are gone with what they were called last.
func (s Inventory) Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error) {
	labels := make(map[access.Ref]access.Label, len(refs))
	keys := map[access.ObjectKind][]int64{}
	for _, r := range refs {
		if _, seen := labels[r]; !seen && !r.IsZero() {
			labels[r] = access.Label{}
			keys[r.Kind] = append(keys[r.Kind], r.Key)
		}
	}
	err := s.db.read(ctx, func(q *query) error {
		systems := map[int64]access.Label{}
		err := q.each(ctx, `select id, name, kind from system order by from_set`, nil, func(scan func(...any) error) error {
			var id int64
			var l access.Label
			defer func() { systems[id] = l }()
			return scan(&id, &l.Name, &l.SystemKind)
		})
		if err != nil {
			return err
		}
		for kind, all := range keys {
			text, ok := labelQueries[kind]
			if !ok {
				continue
			}
			for len(all) > 0 {
				n := min(labelsPerQuery, len(all))
				if err := labelSome(ctx, q, kind, fmt.Sprintf(text, keyList(all[:n])), systems, labels); err != nil {
					return err
				}
				all = all[n:]
			}
		}
		return nil
	})
	return labels, err
}

// labelSome runs a query whose text is made anew each time, so it is not rebound.
func labelSome(ctx context.Context, q *query, kind access.ObjectKind, text string, systems map[int64]access.Label, into map[access.Ref]access.Label) error {
	rows, err := q.t.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var key, system int64
		var name, number, native string
		if err := rows.Scan(&key, &name, &system, &number, &native); err != nil {
			return err
		}
		in := systems[system]
		if kind == access.KindSystem {
			in = access.Label{SystemKind: systems[key].SystemKind}
		}
		into[access.Ref{Kind: kind, Key: key}] = access.Label{Name: name, System: in.Name, SystemKind: in.SystemKind, Number: number, Native: native}
	}
	return rows.Err()
}

var findIdentities = `
select i.id from identity i
 where i.id in (select id from identity where number = $1
          union select id from identity where name = $1
          union select id from identity where email = lower($1)
          union select id from identity where login = $1)
   and (i.number = $1 or i.name = $1 or i.email = lower($1) or i.login = $1)
   and ` + now("i") + `
 order by i.id limit $2`

// FindIdentities lists the identities with exactly this number, email, login or name.
func (s Inventory) FindIdentities(ctx context.Context, text string, limit int) (found []access.IdentityID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, findIdentities, []any{text, limit}, func(scan func(...any) error) error {
			var id access.IdentityID
			if err := scan(&id); err != nil {
				return err
			}
			found = append(found, id)
			return nil
		})
	})
	return found, err
}

var findTargets = `
select kind, id from (
  select 3 as kind, e.id from entitlement e join system s on s.id = e.system_id
   where (e.name = $1 or e.native_id = $1) and ($2 = '' or s.name = $2) and ` + now("e") + ` and ` + now("s") + `
  union
  select 4 as kind, r.id from resource r join system s on s.id = r.system_id
   where (r.name = $1 or r.native_id = $1) and ($2 = '' or s.name = $2) and ` + now("r") + ` and ` + now("s") + `
) found order by kind, id limit $3`

var findAccounts = `
select 2 as kind, a.id from account a join system s on s.id = a.system_id
 where (lower(a.login) = lower($1) or a.native_id = $1) and ($2 = '' or s.name = $2) and ` + now("a") + ` and ` + now("s") + `
 order by a.id limit $3`

// FindTargets lists the entitlements and resources of a name or native id.
func (s Inventory) FindTargets(ctx context.Context, system, text string, limit int) ([]access.Ref, error) {
	return s.find(ctx, findTargets, system, text, limit)
}

// FindAccounts lists the accounts of a login or native id.
func (s Inventory) FindAccounts(ctx context.Context, system, text string, limit int) ([]access.Ref, error) {
	return s.find(ctx, findAccounts, system, text, limit)
}

func (s Inventory) find(ctx context.Context, question, system, text string, limit int) (found []access.Ref, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, question, []any{text, system, limit}, func(scan func(...any) error) error {
			var r access.Ref
			if err := scan(&r.Kind, &r.Key); err != nil {
				return err
			}
			found = append(found, r)
			return nil
		})
	})
	return found, err
}

var worstTiers = `
select e.system_id, min(c.tier)
  from classification c
  join entitlement e on e.id = c.entitlement_id
 where ` + now("c") + ` and ` + now("e") + `
 group by e.system_id`

// WorstTiers returns the worst tier that each system can give.
func (s Inventory) WorstTiers(ctx context.Context) (map[access.SystemID]access.Tier, error) {
	worst := map[access.SystemID]access.Tier{}
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, worstTiers, nil, func(scan func(...any) error) error {
			var id access.SystemID
			var t access.Tier
			defer func() { worst[id] = t }()
			return scan(&id, &t)
		})
	})
	return worst, err
}

// LateGrants counts, by system, the grants that appeared after its baseline.
func (s Inventory) LateGrants(ctx context.Context) (map[access.SystemID]int64, error) {
	late := map[access.SystemID]int64{}
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, lateGrants, nil, func(scan func(...any) error) error {
			var id access.SystemID
			var n int64
			defer func() { late[id] = n }()
			return scan(&id, &n)
		})
	})
	return late, err
}

var lateGrants = `select g.system_id, count(*) from access_grant g where g.late and ` + now("g") + ` group by g.system_id`

// Totals counts what is now.
func (s Inventory) Totals(ctx context.Context) (inventory.Totals, error) {
	t := inventory.Totals{Identities: map[access.IdentityKind]int64{}}
	err := s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, `select i.kind, count(*), coalesce(sum(case when i.organisation <> '' then 1 else 0 end), 0) from identity i where `+now("i")+` group by i.kind`, nil, func(scan func(...any) error) error {
			var kind access.IdentityKind
			var n, third int64
			if err := scan(&kind, &n, &third); err != nil {
				return err
			}
			t.Identities[kind] = n
			t.ThirdParties += third
			return nil
		})
		if err != nil {
			return err
		}
		for _, c := range []struct {
			into *int64
			text string
		}{
			{&t.Accounts, `select count(*) from account a where ` + now("a")},
			{&t.Correlated, `select count(distinct l.account_id) from account_link l join account a on a.id = l.account_id where l.identity_id <> 0 and l.state in ('confirmed', 'manual') and ` + now("l") + ` and ` + now("a")},
			{&t.Entitlements, `select count(*) from entitlement e where ` + now("e")},
			{&t.Grants, `select count(*) from access_grant g where ` + now("g")},
		} {
			if err := q.row(ctx, c.text).Scan(c.into); err != nil {
				return err
			}
		}
		return nil
	})
	return t, err
}

// SyncFailed keeps that a sync failed, and why.
func (s Inventory) SyncFailed(ctx context.Context, on access.Ref, reason string) error {
	reason = strings.ToValidUTF8(reason[:min(len(reason), 2000)], "")
	return s.db.change(ctx, audit.Event{Action: "inventory.sync_failed", Object: on}, func(t *tx) error {
		_, err := t.exec(ctx, `insert into sync_state (kind, object, failed_at, error, failures) values ($1, $2, $3, $4, 1)
on conflict (kind, object) do update set failed_at = $3, error = $4, failures = sync_state.failures + 1`, on.Kind, on.Key, t.At, reason)
		if err != nil {
			return err
		}
		return t.changed(ctx, on)
	})
}

// SyncUnchanged keeps that a sync found nothing new.
func (s Inventory) SyncUnchanged(ctx context.Context, on access.Ref, r inventory.Report) error {
	return s.db.change(ctx, audit.Event{Action: "inventory.sync", Object: on, Facts: readingFacts(r, map[string]string{"changed": "0"})}, func(t *tx) error {
		if err := t.synced(ctx, on, r); err != nil {
			return err
		}
		return t.changed(ctx, on)
	})
}

const keepSynced = `
insert into sync_state (kind, object, synced_at, baseline, warnings, counts, began_at) values ($1, $2, $3, $3, $4, $5, $6)
on conflict (kind, object) do update
   set synced_at = $3, began_at = $6, warnings = $4, counts = $5, error = '', failures = 0,
       baseline = case when sync_state.baseline = 0 then $3 else sync_state.baseline end`

func (t *tx) synced(ctx context.Context, on access.Ref, r inventory.Report) error {
	if on.Kind == access.KindSource {
		if err := t.keepDoubts(ctx, access.SourceID(on.Key), r.Doubts); err != nil {
			return err
		}
	}
	warnings := r.Warnings
	if warnings == nil {
		warnings = []string{}
	}
	w, err := json.Marshal(warnings)
	if err != nil {
		return err
	}
	c, err := json.Marshal(r.Counts)
	if err != nil {
		return err
	}
	if _, err = t.exec(ctx, keepSynced, on.Kind, on.Key, t.At, string(w), string(c), r.Began); err != nil {
		return err
	}
	return t.followed(ctx, on, r)
}
