package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

// The newest version of every object of a system, gone ones too: they keep their key.
const knownObjects = `
select o.native_id, o.id, o.digest, case when o.until_set = 0 then 1 else 0 end
  from %[1]s o
 where o.system_id = $1 and o.from_set not in (select id from open_set)
   and o.from_set = (select max(v.from_set) from %[1]s v where v.id = o.id and v.from_set not in (select id from open_set))`

// Known returns what the store has of a system, and as of which sync: whoever
// stages on it is refused when another came in between.
func (s Inventory) Known(ctx context.Context, id access.SystemID) (*inventory.Known, error) {
	k := &inventory.Known{
		Resources: map[string]inventory.Object{}, Entitlements: map[string]inventory.Object{}, Accounts: map[string]inventory.Object{},
		Holdings: map[access.Ref]inventory.Digest{}, Usage: map[access.AccountID]access.Time{},
		SystemByName: map[string]access.SystemID{},
	}
	err := s.db.read(ctx, func(q *query) error {
		var err error
		if k.Synced, err = lastSync(ctx, q, id.Ref()); err != nil {
			return err
		}
		for table, into := range map[string]map[string]inventory.Object{"resource": k.Resources, "entitlement": k.Entitlements, "account": k.Accounts} {
			if err := readKnown(ctx, q, fmt.Sprintf(knownObjects, table), id, into); err != nil {
				return fmt.Errorf("reading %ss: %w", table, err)
			}
		}
		return readHoldings(ctx, q, id, k)
	})
	return k, err
}

// lastSync is when the last complete sync of something was.
func lastSync(ctx context.Context, q *query, on access.Ref) (at access.Time, err error) {
	err = q.row(ctx, `select coalesce(max(synced_at), 0) from sync_state where kind = $1 and object = $2`, on.Kind, on.Key).Scan(&at)
	return at, err
}

func readKnown(ctx context.Context, q *query, text string, id access.SystemID, into map[string]inventory.Object) error {
	return q.each(ctx, text, []any{id}, func(scan func(...any) error) error {
		var native string
		var o inventory.Object
		var digest []byte
		var live int
		if err := scan(&native, &o.Key, &digest, &live); err != nil {
			return err
		}
		copy(o.Digest[:], digest)
		o.Live = live == 1
		into[native] = o
		return nil
	})
}

func readHoldings(ctx context.Context, q *query, id access.SystemID, k *inventory.Known) error {
	err := q.each(ctx, `select h.holder_kind, h.holder_id, h.digest from holding h where h.system_id = $1 and `+now("h"), []any{id}, func(scan func(...any) error) error {
		var r access.Ref
		var digest []byte
		if err := scan(&r.Kind, &r.Key, &digest); err != nil {
			return err
		}
		var d inventory.Digest
		copy(d[:], digest)
		k.Holdings[r] = d
		return nil
	})
	if err != nil {
		return err
	}
	err = q.each(ctx, `select u.account_id, u.last_used from account_usage u join account a on a.id = u.account_id where a.system_id = $1 and `+now("a"), []any{id}, func(scan func(...any) error) error {
		var acc access.AccountID
		var at access.Time
		defer func() { k.Usage[acc] = at }()
		return scan(&acc, &at)
	})
	if err != nil {
		return err
	}
	err = q.each(ctx, `select s.name, s.id from system s where `+now("s"), nil, func(scan func(...any) error) error {
		var name string
		var key access.SystemID
		defer func() { k.SystemByName[name] = key }()
		return scan(&name, &key)
	})
	if err != nil {
		return err
	}
	return q.row(ctx, `select count(*) from access_grant g where g.system_id = $1 and `+now("g"), id).Scan(&k.Grants)
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
func (g *staging) Flip(ctx context.Context, r inventory.Report, refs []access.Ref, bulk bool) error {
	e := audit.Event{Action: "inventory.sync", Object: g.on, Facts: map[string]string{
		"changed": strconv.FormatInt(r.Changed, 10), "removed": strconv.FormatInt(r.Removed, 10),
		"accounts": strconv.FormatInt(r.Counts.Accounts, 10), "grants": strconv.FormatInt(r.Counts.Grants, 10),
		"identities": strconv.FormatInt(r.Counts.Identities, 10), "rejected": strconv.FormatInt(r.Counts.Rejected, 10),
	}}
	err := g.db.flip(ctx, g.s, e, func(t *tx) error {
		if err := t.synced(ctx, g.on, r); err != nil {
			return err
		}
		rows := [][]any{{t.Set, g.on.Kind, g.on.Key, bulk}}
		for _, ref := range refs {
			rows = append(rows, []any{t.Set, ref.Kind, ref.Key, false})
		}
		return t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, rows)
	})
	g.done = err == nil
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
	var rows [][]any
	for _, r := range b.Resources {
		rows = append(rows, []any{r.ID, t.Set, r.System, r.NativeID, r.Kind, r.Name, r.Parent, string(r.DataClass), r.Digest[:]})
	}
	if err := t.insertMany(ctx, "resource", []string{"id", "from_set", "system_id", "native_id", "kind", "name", "parent_id", "data_class", "digest"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, e := range b.Entitlements {
		can, err := json.Marshal(orEmpty(e.Capabilities))
		if err != nil {
			return err
		}
		conflicts, err := json.Marshal(orEmpty(e.Conflicts))
		if err != nil {
			return err
		}
		rows = append(rows, []any{e.ID, t.Set, e.System, e.NativeID, e.Kind, e.Name, e.Description, e.Resource, e.OwnerNumber, string(can), string(conflicts), e.Digest[:]})
	}
	if err := t.insertMany(ctx, "entitlement", []string{"id", "from_set", "system_id", "native_id", "kind", "name", "description", "resource_id", "owner_number", "capabilities", "conflicts", "digest"}, rows); err != nil {
		return err
	}
	rows = nil
	var openings [][]any
	for _, a := range b.Accounts {
		for _, by := range a.OpenedBy {
			openings = append(openings, []any{a.ID, by, t.Set})
		}
		attributes := a.Attributes
		if attributes == nil {
			attributes = map[string]string{}
		}
		text, err := json.Marshal(attributes)
		if err != nil {
			return err
		}
		rows = append(rows, []any{a.ID, t.Set, a.System, a.NativeID, a.Login, a.DisplayName, a.Email, a.Number, string(a.Kind), a.KindReason, string(a.Status), a.Interactive, a.Created, a.Expires, string(text), a.Digest[:]})
		if err := t.due(ctx, a.ID.Ref(), a.Expires); err != nil {
			return err
		}
	}
	if err := t.insertMany(ctx, "account_opening", []string{"account_id", "opener_id", "from_set"}, openings); err != nil {
		return err
	}
	return t.insertMany(ctx, "account", []string{"id", "from_set", "system_id", "native_id", "login", "display_name", "email", "number", "kind", "kind_reason", "status", "interactive", "created_at", "expires_at", "attributes", "digest"}, rows)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (g *staging) holdings(ctx context.Context, t *tx, b *inventory.Batch) error {
	rows := make([][]any, 0, len(b.Holdings))
	for _, h := range b.Holdings {
		ref := h.Holder
		if !h.Had {
			rows = append(rows, []any{ref.Kind, ref.Key, b.System, t.Set, h.Digest[:], h.Elsewhere})
			continue
		}
		if _, err := t.exec(ctx, `update holding set until_set = $1 where holder_kind = $2 and holder_id = $3 and system_id = $4 and until_set = 0`, t.Set, ref.Kind, ref.Key, b.System); err != nil {
			return err
		}
		if h.Digest != (inventory.Digest{}) {
			rows = append(rows, []any{ref.Kind, ref.Key, b.System, t.Set, h.Digest[:], h.Elsewhere})
		}
	}
	return t.insertMany(ctx, "holding", []string{"holder_kind", "holder_id", "system_id", "from_set", "digest", "elsewhere"}, rows)
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
	rows := make([][]any, len(b.Grants))
	for i, r := range b.Grants {
		if r.ID == 0 {
			r.ID = access.GrantID(id)
			id++
		}
		rows[i] = []any{r.Holder.Key, r.Holder.Kind, r.Entitlement, r.Resource, r.Mode, t.Set, r.ID, b.System, r.Flags, r.Start, r.End, r.LastUsed, r.Late}
		if r.Start|r.End != 0 {
			if err := t.due(ctx, r.Holder, r.Start, r.End); err != nil {
				return err
			}
		}
	}
	return t.insertMany(ctx, "access_grant", []string{"holder_id", "holder_kind", "entitlement_id", "resource_id", "mode", "from_set", "id", "system_id", "flags", "starts_at", "ends_at", "last_used", "late"}, rows)
}

// usagePerChange keeps a transaction short.
const usagePerChange = 5000

const keepUsage = `
insert into account_usage (account_id, last_used) values ($1, $2)
on conflict (account_id) do update set last_used = $2 where account_usage.last_used < $2`

// KeepUsage keeps when accounts were last used. It is no version of anything and
// only moves forward, so it needs no staging: cut off, the next sync goes on.
func (s Inventory) KeepUsage(ctx context.Context, system access.SystemID, used map[access.AccountID]access.Time, bulk bool) error {
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(used)), usagePerChange) {
		e := audit.Event{Action: "inventory.usage", Object: system.Ref(), Facts: map[string]string{"accounts": strconv.Itoa(len(chunk))}}
		err := s.db.change(ctx, e, func(t *tx) error {
			rows := make([][]any, 0, len(chunk))
			for _, id := range chunk {
				if _, err := t.exec(ctx, keepUsage, id, used[id]); err != nil {
					return err
				}
				rows = append(rows, []any{t.Set, access.KindAccount, id, false})
			}
			if bulk {
				rows = [][]any{{t.Set, access.KindSystem, system, true}}
			}
			return t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *staging) credentials(ctx context.Context, t *tx, b *inventory.Batch) error {
	for _, c := range b.EndedCreds {
		if _, err := t.exec(ctx, `update account_credential set until_set = $1 where account_id = $2 and credential_id = $3 and until_set = 0`, t.Set, c.Account, c.ID); err != nil {
			return err
		}
	}
	if len(b.Credentials) == 0 {
		return nil
	}
	ids, err := findCredentials(ctx, t, b.Credentials)
	if err != nil {
		return err
	}
	if err := newCredentials(ctx, t, b.Credentials, ids); err != nil {
		return err
	}
	rows := make([][]any, 0, len(b.Credentials))
	for _, c := range b.Credentials {
		rows = append(rows, []any{c.Account, ids[nameOf(c)], t.Set, b.System, c.Options, c.Changed, c.LastUsed})
	}
	return t.insertMany(ctx, "account_credential", []string{"account_id", "credential_id", "from_set", "system_id", "options", "changed_at", "last_used"}, rows)
}

// credentialName tells credentials apart: there is one of a kind and fingerprint,
// however many accounts accept it. It never changes, and is kept when its last
// account lets go of it.
type credentialName struct {
	kind        access.CredentialKind
	fingerprint string
}

func nameOf(c inventory.CredentialRow) credentialName {
	return credentialName{c.Kind, c.Fingerprint}
}

// credentialsPerQuery is how many are looked up at once; a shorter list repeats its
// last, so that the query's text is always the same.
const credentialsPerQuery = 200

var findCredential = `
select id, kind, fingerprint from credential where until_set = 0 and kind = $1 and fingerprint in (` + placeholders(2, credentialsPerQuery) + `)`

func placeholders(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(list, ", ")
}

func findCredentials(ctx context.Context, t *tx, rows []inventory.CredentialRow) (map[credentialName]access.CredentialID, error) {
	byKind := map[access.CredentialKind][]any{}
	for _, c := range rows {
		byKind[c.Kind] = append(byKind[c.Kind], c.Fingerprint)
	}
	ids := make(map[credentialName]access.CredentialID, len(rows))
	for kind, all := range byKind {
		for chunk := range slices.Chunk(all, credentialsPerQuery) {
			args := append([]any{string(kind)}, chunk...)
			for len(args) <= credentialsPerQuery {
				args = append(args, chunk[len(chunk)-1])
			}
			err := t.each(ctx, findCredential, args, func(scan func(...any) error) error {
				var id access.CredentialID
				var n credentialName
				if err := scan(&id, &n.kind, &n.fingerprint); err != nil {
					return err
				}
				ids[n] = id
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// newCredentials makes those that are not there and adds them to ids.
func newCredentials(ctx context.Context, t *tx, all []inventory.CredentialRow, ids map[credentialName]access.CredentialID) error {
	var fresh [][]any
	for _, c := range all {
		if _, ok := ids[nameOf(c)]; !ok {
			ids[nameOf(c)] = 0
			fresh = append(fresh, []any{nil, t.Set, string(c.Kind), c.Fingerprint, c.Algorithm})
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	first, err := t.newKeys(ctx, access.KindCredential, len(fresh))
	if err != nil {
		return err
	}
	for i, row := range fresh {
		row[0] = first + int64(i)
		ids[credentialName{access.CredentialKind(row[2].(string)), row[3].(string)}] = access.CredentialID(first + int64(i))
	}
	return t.insertMany(ctx, "credential", []string{"id", "from_set", "kind", "fingerprint", "algorithm"}, fresh)
}
