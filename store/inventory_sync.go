package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

// The newest version of every object of a system, gone ones too: they keep their
// key. What has no end is the newest without having to be compared.
const knownObjects = `
select o.native_id, o.id, o.digest, case when o.until_set = 0 then 1 else 0 end, %[2]s
  from %[1]s o
 where o.system_id = $1 and o.from_set not in (select id from open_set)
   and (o.until_set = 0 or o.from_set = (select max(v.from_set) from %[1]s v where v.id = o.id and v.from_set not in (select id from open_set)))`

var (
	knownResources    = fmt.Sprintf(knownObjects, "resource", "-1")
	knownEntitlements = fmt.Sprintf(knownObjects, "entitlement", "-1")
	knownAccounts     = fmt.Sprintf(knownObjects, "account", "coalesce((select u.last_used from account_usage u where u.account_id = o.id), -1)")
	knownHoldings     = `select h.holder_kind, h.holder_id, h.digest from holding h where h.system_id = $1 and ` + now("h")
	systemNames       = `select s.name, s.id from system s where ` + now("s")

	// By the holders of the system, one look into the index each: grants have no
	// index by system.
	liveGrants = `
select cast(coalesce(sum((
  select count(*) from access_grant g
   where g.holder_id = h.holder_id and g.holder_kind = h.holder_kind and g.system_id = h.system_id and ` + now("g") + `)), 0) as bigint)
  from holding h
 where h.system_id = $1 and ` + now("h") + `
`
)

// Known returns what the store has of a system, and as of which sync: whoever
// stages on it is refused when another came in between.
func (s Inventory) Known(ctx context.Context, id access.SystemID) (*inventory.Known, error) {
	k := &inventory.Known{
		Resources: &inventory.Objects{}, Entitlements: &inventory.Objects{}, Accounts: &inventory.Objects{},
		SystemByName: map[string]access.SystemID{},
	}
	err := s.db.read(ctx, func(q *query) error {
		var err error
		if k.Synced, err = lastSync(ctx, q, id.Ref()); err != nil {
			return err
		}
		for text, into := range map[string]*inventory.Objects{knownResources: k.Resources, knownEntitlements: k.Entitlements, knownAccounts: k.Accounts} {
			if err := readKnown(ctx, q, text, id, into); err != nil {
				return fmt.Errorf("reading objects: %w", err)
			}
		}
		return readHoldings(ctx, q, id, k)
	})
	return k, err
}

// LiveGrants counts a system's grants.
func (s Inventory) LiveGrants(ctx context.Context, id access.SystemID) (n int64, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, liveGrants, id).Scan(&n) })
	return n, err
}

// lastSync is when the last complete sync of something was.
func lastSync(ctx context.Context, q *query, on access.Ref) (at access.Time, err error) {
	err = q.row(ctx, `select coalesce(max(synced_at), 0) from sync_state where kind = $1 and object = $2`, on.Kind, on.Key).Scan(&at)
	return at, err
}

func readKnown(ctx context.Context, q *query, text string, id access.SystemID, into *inventory.Objects) error {
	var native, digest sql.RawBytes
	return q.each(ctx, text, []any{id}, func(scan func(...any) error) error {
		var o inventory.Object
		var live int
		if err := scan(&native, &o.Key, &digest, &live, &o.Used); err != nil {
			return err
		}
		copy(o.Digest[:], digest)
		o.Live = live == 1
		into.Put(string(native), o)
		return nil
	})
}

func readHoldings(ctx context.Context, q *query, id access.SystemID, k *inventory.Known) error {
	var digest sql.RawBytes
	err := q.each(ctx, knownHoldings, []any{id}, func(scan func(...any) error) error {
		var r access.Ref
		if err := scan(&r.Kind, &r.Key, &digest); err != nil {
			return err
		}
		var d inventory.Digest
		copy(d[:], digest)
		k.Holdings.Add(r, d)
		return nil
	})
	if err != nil {
		return err
	}
	return q.each(ctx, systemNames, nil, func(scan func(...any) error) error {
		var name string
		var key access.SystemID
		defer func() { k.SystemByName[name] = key }()
		return scan(&name, &key)
	})
}

// Numbers returns whom each employee number or workload name is.
func (s Inventory) Numbers(ctx context.Context) (map[string]access.IdentityID, error) {
	numbers := map[string]access.IdentityID{}
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select i.number, i.id from identity i where i.number <> '' and `+now("i"), nil, func(scan func(...any) error) error {
			var number string
			var key access.IdentityID
			defer func() { numbers[number] = key }()
			return scan(&number, &key)
		})
	})
	return numbers, err
}

var (
	holderGrants = `
select g.id, g.entitlement_id, g.resource_id, g.mode, g.flags, g.starts_at, g.ends_at, g.last_used, g.late
  from access_grant g
 where g.holder_id = $1 and g.holder_kind = $2 and g.system_id = $3 and ` + now("g") + `
 order by g.entitlement_id, g.resource_id, g.mode`
	holderCredentials = `
select c.id, c.kind, c.fingerprint, c.algorithm, a.options, a.changed_at, a.last_used
  from account_credential a
  join credential c on c.id = a.credential_id and c.until_set = 0
 where a.account_id = $1 and ` + now("a") + `
 order by c.kind, c.fingerprint`
)

// HolderGrants returns what the store has of one holder in a system.
func (s Inventory) HolderGrants(ctx context.Context, system access.SystemID, holder access.Ref) (grants []inventory.GrantRow, creds []inventory.CredentialRow, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, holderGrants, []any{holder.Key, holder.Kind, system}, func(scan func(...any) error) error {
			g := inventory.GrantRow{Grant: access.Grant{Holder: holder}}
			if err := scan(&g.ID, &g.Entitlement, &g.Resource, &g.Mode, &g.Flags, &g.Start, &g.End, &g.LastUsed, &g.Late); err != nil {
				return err
			}
			grants = append(grants, g)
			return nil
		})
		if err != nil || holder.Kind != access.KindAccount {
			return err
		}
		return q.each(ctx, holderCredentials, []any{holder.Key}, func(scan func(...any) error) error {
			c := inventory.CredentialRow{Account: access.AccountID(holder.Key)}
			if err := scan(&c.ID, &c.Kind, &c.Fingerprint, &c.Algorithm, &c.Options, &c.Changed, &c.LastUsed); err != nil {
				return err
			}
			creds = append(creds, c)
			return nil
		})
	})
	return grants, creds, err
}

// Reserve takes keys for objects that a sync is about to stage.
func (s Inventory) Reserve(ctx context.Context, kind access.ObjectKind, n int) (first int64, err error) {
	err = s.db.bookkeep(ctx, func(t *tx) error {
		first, err = t.newKeys(ctx, kind, n)
		return err
	})
	return first, err
}

// staging is one bulk change of the inventory.
type staging struct {
	db   *DB
	on   access.Ref
	s    *staged
	done bool
}

// Stage begins a bulk change that nobody sees before Flip. From then on the lease
// keeps others away; that nobody came before is checked here.
func (s Inventory) Stage(ctx context.Context, on access.Ref, synced access.Time) (inventory.Staging, error) {
	st, err := s.db.stage(ctx, on)
	if err != nil {
		return nil, err
	}
	g := &staging{db: s.db, on: on, s: st}
	err = s.db.read(ctx, func(q *query) error {
		last, err := lastSync(ctx, q, on)
		if err == nil && last != synced {
			err = inventory.ErrOvertaken
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, g.Undo(context.WithoutCancel(ctx)))
	}
	return g, nil
}

// Undo takes everything back.
func (g *staging) Undo(ctx context.Context) error {
	if g.done {
		return nil
	}
	g.done = true
	return g.db.undo(ctx, g.s)
}

// Flip makes everything visible at once.
func (g *staging) Flip(ctx context.Context, r inventory.Report, told []inventory.Told, bulk bool) error {
	e := audit.Event{Action: "inventory.sync", Object: g.on, Facts: readingFacts(r, map[string]string{
		"changed": strconv.FormatInt(r.Changed, 10), "removed": strconv.FormatInt(r.Removed, 10),
		"accounts": strconv.FormatInt(r.Counts.Accounts, 10), "grants": strconv.FormatInt(r.Counts.Grants, 10),
		"identities": strconv.FormatInt(r.Counts.Identities, 10), "rejected": strconv.FormatInt(r.Counts.Rejected, 10),
	})}
	err := g.db.flip(ctx, g.s, e, func(t *tx) error {
		if err := t.synced(ctx, g.on, r); err != nil {
			return err
		}
		changes := newRows("change", changeColumns+", only_grants", 1+len(told))
		changes.add(t.Set, int64(g.on.Kind), g.on.Key, bulk, false)
		for _, x := range told {
			changes.add(t.Set, int64(x.Ref.Kind), x.Ref.Key, false, x.OnlyGrants)
		}
		return t.insertRows(ctx, changes)
	})
	if g.done = err == nil; g.done && bulk && g.db.d.statistic != "" {
		// Else PostgreSQL goes on planning for tables that were empty until it looks by
		// itself. That it cannot costs time, and nothing else.
		_, _ = g.db.w.ExecContext(ctx, g.db.d.statistic)
	}
	return err
}

// Write stages one batch with its record: counts, and a digest of the rows.
func (g *staging) Write(ctx context.Context, b *inventory.Batch) error {
	sum := b.Digest()
	e := audit.Event{Action: "inventory.sync_batch", Object: g.on, Facts: map[string]string{
		"objects":       strconv.Itoa(len(b.Resources) + len(b.Entitlements) + len(b.Accounts) + len(b.People)),
		"objects_ended": strconv.Itoa(len(b.Ended)), "grants": strconv.Itoa(len(b.Grants)), "grants_ended": strconv.Itoa(len(b.EndedGrants)),
		"digest": hex.EncodeToString(sum[:]),
	}}
	return g.db.stageBatch(ctx, g.s, e, func(t *tx) error {
		for _, step := range []func(context.Context, *tx, *inventory.Batch) error{
			g.endObjects, g.objects, g.holdings, g.grants, g.credentials, g.people,
		} {
			if err := step(ctx, t, b); err != nil {
				return err
			}
		}
		return nil
	})
}

const changeColumns = "set_id, kind, object, bulk"

var endedTables = map[access.ObjectKind]string{
	access.KindResource: "resource", access.KindEntitlement: "entitlement", access.KindAccount: "account",
}

func (g *staging) endObjects(ctx context.Context, t *tx, b *inventory.Batch) error {
	for _, ref := range b.Ended {
		if _, err := t.exec(ctx, `update `+endedTables[ref.Kind]+` set until_set = $1 where id = $2 and until_set = 0`, t.Set, ref.Key); err != nil {
			return err
		}
		if ref.Kind != access.KindAccount {
			continue
		}
		if _, err := t.exec(ctx, `update account_opening set until_set = $1 where account_id = $2 and until_set = 0`, t.Set, ref.Key); err != nil {
			return err
		}
	}
	return nil
}

func (g *staging) objects(ctx context.Context, t *tx, b *inventory.Batch) error {
	rows := newRows("resource", "id, from_set, system_id, native_id, kind, name, parent_id, data_class, digest", len(b.Resources))
	for _, r := range b.Resources {
		rows.add(int64(r.ID), t.Set, int64(r.System), r.NativeID, r.Kind, r.Name, int64(r.Parent), string(r.DataClass), r.Digest[:])
	}
	if err := t.insertRows(ctx, rows); err != nil {
		return err
	}
	rows = newRows("entitlement", "id, from_set, system_id, native_id, kind, name, description, resource_id, owner_number, capabilities, conflicts, digest", len(b.Entitlements))
	for _, e := range b.Entitlements {
		can, err := json.Marshal(orEmpty(e.Capabilities))
		if err != nil {
			return err
		}
		conflicts, err := json.Marshal(orEmpty(e.Conflicts))
		if err != nil {
			return err
		}
		rows.add(int64(e.ID), t.Set, int64(e.System), e.NativeID, e.Kind, e.Name, e.Description, int64(e.Resource), e.OwnerNumber, string(can), string(conflicts), e.Digest[:])
	}
	if err := t.insertRows(ctx, rows); err != nil {
		return err
	}
	return g.accounts(ctx, t, b)
}

func (g *staging) accounts(ctx context.Context, t *tx, b *inventory.Batch) error {
	rows := newRows("account", "id, from_set, system_id, native_id, login, display_name, email, number, kind, kind_reason, status, interactive, created_at, expires_at, attributes, digest", len(b.Accounts))
	openings := newRows("account_opening", "account_id, opener_id, from_set", 0)
	for _, a := range b.Accounts {
		for _, by := range a.OpenedBy {
			openings.add(int64(a.ID), int64(by), t.Set)
		}
		text := []byte("{}")
		if len(a.Attributes) > 0 {
			var err error
			if text, err = json.Marshal(a.Attributes); err != nil {
				return err
			}
		}
		rows.add(int64(a.ID), t.Set, int64(a.System), a.NativeID, a.Login, a.DisplayName, a.Email, a.Number, string(a.Kind), a.KindReason, string(a.Status), a.Interactive, int64(a.Created), int64(a.Expires), string(text), a.Digest[:])
		if err := t.due(ctx, a.ID.Ref(), a.Expires); err != nil {
			return err
		}
	}
	if err := t.insertRows(ctx, openings); err != nil {
		return err
	}
	return t.insertRows(ctx, rows)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (g *staging) holdings(ctx context.Context, t *tx, b *inventory.Batch) error {
	rows := newRows("holding", "holder_kind, holder_id, system_id, from_set, digest, elsewhere", len(b.Holdings))
	for _, h := range b.Holdings {
		ref := h.Holder
		if !h.Had {
			rows.add(int64(ref.Kind), ref.Key, int64(b.System), t.Set, h.Digest[:], h.Elsewhere)
			continue
		}
		if _, err := t.exec(ctx, `update holding set until_set = $1 where holder_kind = $2 and holder_id = $3 and system_id = $4 and until_set = 0`, t.Set, ref.Kind, ref.Key, b.System); err != nil {
			return err
		}
		if h.Digest != (inventory.Digest{}) {
			rows.add(int64(ref.Kind), ref.Key, int64(b.System), t.Set, h.Digest[:], h.Elsewhere)
		}
	}
	return t.insertRows(ctx, rows)
}

func (g *staging) grants(ctx context.Context, t *tx, b *inventory.Batch) error {
	for _, r := range b.EndedGrants {
		if _, err := t.exec(ctx, `update access_grant set until_set = $1 where holder_id = $2 and holder_kind = $3 and entitlement_id = $4 and resource_id = $5 and mode = $6 and until_set = 0`,
			t.Set, r.Holder.Key, r.Holder.Kind, r.Entitlement, r.Resource, r.Mode); err != nil {
			return err
		}
	}
	if len(b.Grants) == 0 {
		return nil
	}
	id, err := t.newKeys(ctx, access.KindGrant, len(b.Grants)) // at most: a replaced one has its own
	if err != nil {
		return err
	}
	rows := newRows("access_grant", "holder_id, holder_kind, entitlement_id, resource_id, mode, from_set, id, system_id, flags, starts_at, ends_at, last_used, late", len(b.Grants))
	for _, r := range b.Grants {
		if r.ID == 0 {
			r.ID = access.GrantID(id)
			id++
		}
		rows.add(r.Holder.Key, int64(r.Holder.Kind), int64(r.Entitlement), int64(r.Resource), int64(r.Mode), t.Set, int64(r.ID), int64(b.System), int64(r.Flags), int64(r.Start), int64(r.End), int64(r.LastUsed), r.Late)
		if r.Start|r.End != 0 {
			if err := t.due(ctx, r.Holder, r.Start, r.End); err != nil {
				return err
			}
		}
	}
	return t.insertRows(ctx, rows)
}

// usagePerChange keeps a transaction short.
const usagePerChange = 5000

// keepUsage inserts rows of values, which stand where %s does.
const keepUsage = `
insert into account_usage (account_id, last_used) values %s
on conflict (account_id) do update set last_used = excluded.last_used where account_usage.last_used < excluded.last_used`

// KeepUsage keeps when accounts were last used. It is no version of anything and
// only moves forward, so it needs no staging: cut off, the next sync goes on.
func (s Inventory) KeepUsage(ctx context.Context, system access.SystemID, used []inventory.Usage, bulk bool) error {
	for chunk := range slices.Chunk(used, usagePerChange) {
		e := audit.Event{Action: "inventory.usage", Object: system.Ref(), Facts: map[string]string{"accounts": strconv.Itoa(len(chunk))}}
		err := s.db.change(ctx, e, func(t *tx) error {
			changes := newRows("change", changeColumns, len(chunk))
			args := make([]any, 0, 2*len(chunk))
			for _, u := range chunk {
				args = append(args, int64(u.Account), int64(u.At))
				if !bulk {
					changes.add(t.Set, int64(access.KindAccount), int64(u.Account), false)
				}
			}
			if err := t.execRows(ctx, keepUsage, 2, args); err != nil {
				return err
			}
			if bulk {
				changes.add(t.Set, int64(access.KindSystem), int64(system), true)
			}
			return t.insertRows(ctx, changes)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
