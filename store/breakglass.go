package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// BreakGlass is the store of package breakglass. Ring opens the secrets that are sealed into
// kits, and seals the shares until they are picked up.
type BreakGlass struct {
	db   *DB
	ring vault.Ring
}

// BreakGlass returns the store of package breakglass.
func (db *DB) BreakGlass(ring vault.Ring) BreakGlass { return BreakGlass{db, ring} }

var _ breakglass.Store = BreakGlass{}

// Signer signs what others are to know for this installation's.
func (db *DB) Signer() *audit.LogKey { return db.logKey }

// Now implements breakglass.Store.
func (s BreakGlass) Now(ctx context.Context) (access.Time, error) { return s.db.Now(ctx) }

const (
	glassColumns = `
select g.id, g.name, g.scope_id, g.threshold, g.persons, g.lasts, g.edition, g.digest, g.made_by, g.made_at, g.until_at,
       g.drilled_at, g.drill_failed, g.used_at, g.retired_at, g.reason
  from glass g`
	selectGlasses = glassColumns + ` where g.retired_at = 0 order by g.name`
	selectGlass   = glassColumns + ` where g.id = $1`
	namedGlass    = glassColumns + ` where g.name = $1 and g.retired_at = 0`
	lockGlass     = `select g.edition from glass g where g.id = $1`
	glassSecrets  = `
select s.secret_id, s.version_id, s.system_id, coalesce(x.state, 'destroyed') <> 'live', coalesce(v.id, 0) <> s.version_id
  from glass_secret s
  left join secret x on x.id = s.secret_id and x.until_set = 0
  left join secret_version v on v.secret_id = s.secret_id and v.state = 'current'
 where s.glass_id = $1 order by s.secret_id`
)

var glassShares = `
select h.place, h.identity_id, h.picked_at, h.token, coalesce(i.state, '')
  from glass_share h left join identity i on i.id = h.identity_id and ` + now("i") + `
 where h.glass_id = $1 order by h.place`

// Kits implements breakglass.Store.
func (s BreakGlass) Kits(ctx context.Context) (list []breakglass.Status, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = q.glasses(ctx)
		return err
	})
	return list, err
}

func (q *query) glasses(ctx context.Context) (list []breakglass.Status, err error) {
	err = q.each(ctx, selectGlasses, nil, func(scan func(...any) error) error {
		x, err := scanGlass(scan)
		list = append(list, x)
		return err
	})
	for i := range list {
		if err == nil {
			err = q.inGlass(ctx, &list[i])
		}
	}
	return list, err
}

// Kit implements breakglass.Store.
func (s BreakGlass) Kit(ctx context.Context, id access.GlassID) (x breakglass.Status, err error) {
	err = s.db.read(ctx, func(q *query) error {
		x, err = q.glass(ctx, selectGlass, id)
		return err
	})
	return x, err
}

// Named implements breakglass.Store.
func (s BreakGlass) Named(ctx context.Context, name string) (x breakglass.Status, err error) {
	err = s.db.read(ctx, func(q *query) error {
		x, err = q.glass(ctx, namedGlass, name)
		return err
	})
	return x, err
}

func scanGlass(scan func(...any) error) (x breakglass.Status, err error) {
	var lasts int64
	err = scan(&x.ID, &x.Name, &x.Scope, &x.Threshold, &x.Persons, &lasts, &x.Edition, &x.Digest, &x.By, &x.Made, &x.Until,
		&x.Drilled, &x.Failed, &x.Used, &x.Retired, &x.Reason)
	x.Lasts = time.Duration(lasts) * time.Microsecond
	return x, err
}

func (q *query) glass(ctx context.Context, which string, by any) (x breakglass.Status, err error) {
	x, err = scanGlass(q.row(ctx, which, by).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return x, breakglass.ErrNoKit
	}
	if err == nil {
		err = q.inGlass(ctx, &x)
	}
	return x, err
}

// inGlass adds what a kit holds, and who holds it.
func (q *query) inGlass(ctx context.Context, x *breakglass.Status) error {
	err := q.each(ctx, glassSecrets, []any{x.ID}, func(scan func(...any) error) error {
		var h breakglass.Holds
		err := scan(&h.Secret, &h.Version, &h.System, &h.Gone, &h.Rotated)
		x.Secrets = append(x.Secrets, h)
		return err
	})
	if err != nil {
		return err
	}
	return q.each(ctx, glassShares, []any{x.ID}, func(scan func(...any) error) error {
		var h breakglass.Holding
		var state access.IdentityState
		err := scan(&h.Place, &h.Identity, &h.Picked, &h.Token, &state)
		h.Left = !state.MayHoldAccess()
		x.Holders = append(x.Holders, h)
		return err
	})
}

// Edition implements breakglass.Store.
func (s BreakGlass) Edition(ctx context.Context, id access.GlassID) (text string, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, `select kit from glass where id = $1`, id).Scan(&text) })
	if errors.Is(err, sql.ErrNoRows) {
		err = breakglass.ErrNoKit
	}
	return text, err
}

var toSeal = `
select x.safe_id, f.name || '/' || x.name, x.kind, x.system_id, coalesce(y.name, ''), coalesce(y.config, '{}'), coalesce(a.native_id, ''), coalesce(a.kind, ''),
       v.id, k.generation, k.data_key, k.ciphertext
  from secret x
  join safe f on f.id = x.safe_id and f.until_set = 0
  join secret_version v on v.secret_id = x.id and v.state = 'current'
  join vault_sealed k on k.version = v.id
  left join system y on y.id = x.system_id and ` + now("y") + `
  left join account a on a.id = x.account_id and ` + now("a") + `
 where x.id = $1 and x.until_set = 0 and x.state = 'live'`

// sealable are the kinds of account that a kit opens: a person's own is theirs, and a
// service's is nobody's to sign in with.
var sealable = map[access.AccountKind]bool{access.BreakGlassAccount: true, access.AdminAccount: true, access.BuiltInAccount: true}

// intoKit opens what is to be sealed into a kit.
func (s BreakGlass) intoKit(ctx context.Context, t *tx, ids []access.SecretID) (items []breakglass.Item, values []breakglass.Value, err error) {
	for _, id := range ids {
		if _, err := t.liveSecret(ctx, id); err != nil {
			return items, values, err
		}
		x := breakglass.Item{Secret: id}
		var in access.SafeID
		var config inventory.Config
		var kind access.AccountKind
		var sealed keys.Sealed
		err := t.row(ctx, toSeal, id).Scan(&in, &x.Name, &x.Kind, &x.System, &x.SystemName, asJSON{&config}, &x.Account, &kind, &x.Version, &sealed.Generation, &sealed.Key, &sealed.Text)
		if errors.Is(err, sql.ErrNoRows) {
			return items, values, vault.ErrNoVersion.With("the secret %s has no value that could be sealed", id)
		}
		if err != nil {
			return items, values, err
		}
		if x.System == 0 || x.Account == "" || !sealable[kind] {
			return items, values, breakglass.ErrTarget.With("%s opens no break-glass, administrator's or built-in account that Writ knows of, and so is not sealed into a kit", x.Name)
		}
		value, err := s.ring.Open(ctx, keys.Place{Safe: in, Secret: id, Version: x.Version}, sealed)
		if err != nil {
			return items, values, err
		}
		items, values = append(items, x), append(values, breakglass.Value{Secret: id, Address: config.Address, Value: value})
	}
	return items, values, nil
}

func wipeValues(values []breakglass.Value) {
	for i := range values {
		values[i].Value.Wipe()
	}
}

const (
	insertGlass = `
insert into glass (id, name, scope_id, threshold, persons, lasts, edition, digest, kit, made_by, made_at, until_at, reason)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing`
	insertGlassSecret = `insert into glass_secret (glass_id, secret_id, version_id, system_id) values ($1, $2, $3, $4)`
	insertGlassShare  = `insert into glass_share (glass_id, place, identity_id, safe_id, picked_at, token) values ($1, $2, $3, $4, $5, $6)`
)

// Make implements breakglass.Store.
func (s BreakGlass) Make(ctx context.Context, p breakglass.Plan, scope access.ScopeID, build breakglass.Builder) (id access.GlassID, kit *breakglass.Kit, err error) {
	var safe access.SafeID
	err = s.db.read(ctx, func(q *query) error {
		return q.row(ctx, `select safe_id from secret where id = $1 and until_set = 0`, p.Secrets[0]).Scan(&safe)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = vault.ErrNoSecret
	}
	if err != nil {
		return 0, nil, err
	}
	err = s.ring.Again(safe, func() error {
		id, kit, err = s.make(ctx, p, scope, safe, build)
		return err
	})
	return id, kit, err
}

// make keeps a kit, whose shares wait under the key of a safe.
func (s BreakGlass) make(ctx context.Context, p breakglass.Plan, scope access.ScopeID, safe access.SafeID, build breakglass.Builder) (id access.GlassID, kit *breakglass.Kit, err error) {
	e := audit.Event{Action: "breakglass.make", Personal: map[string]string{"name": p.Name, "reason": p.Reason}, Subjects: p.Holders}
	err = s.db.change(ctx, e, func(t *tx) error {
		key, err := t.newKeys(ctx, access.KindGlass, 1)
		if err != nil {
			return err
		}
		id = access.GlassID(key)
		t.Event.Object = id.Ref()
		h := breakglass.Head{Kit: id, Edition: 1, Name: p.Name, Made: t.At, Until: t.At + micros(p.Lasts), Persons: p.Persons}
		for i, who := range p.Holders {
			x, err := t.glassHolder(ctx, i+1, who)
			if err != nil {
				return err
			}
			h.Holders = append(h.Holders, x)
		}
		for i, token := range p.Tokens {
			x, err := t.glassHolder(ctx, len(p.Holders)+i+1, token.Holder)
			if err != nil {
				return err
			}
			h.Tokens = append(h.Tokens, breakglass.Token{Holder: x, Public: token.Public})
		}
		var values []breakglass.Value
		h.Secrets, values, err = s.intoKit(ctx, t, p.Secrets)
		defer wipeValues(values)
		if err != nil {
			return err
		}
		var told []secret.Secret
		if kit, told, err = build(h, values); err != nil {
			return err
		}
		if err := t.keepGlass(ctx, kit, scope, p.Lasts, p.Reason); err != nil {
			return err
		}
		return s.keepShares(ctx, t, kit, safe, told)
	})
	return id, kit, err
}

// keepGlass keeps a kit that is new here.
func (t *tx) keepGlass(ctx context.Context, k *breakglass.Kit, scope access.ScopeID, lasts time.Duration, reason string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, insertGlass, k.Kit, k.Name, scope, k.Threshold, k.Persons, lasts.Microseconds(), k.Edition, k.Digest(), k.Text(), actor.String(), k.Made, k.Until, reason)
	if err == nil && n == 0 {
		err = breakglass.ErrName
	}
	if err != nil {
		return err
	}
	return t.keepEdition(ctx, k)
}

// keepEdition keeps what an edition holds, and tells whom it changes something for.
func (t *tx) keepEdition(ctx context.Context, k *breakglass.Kit) error {
	t.fact("edition", strconv.Itoa(k.Edition))
	t.fact("kit", k.Digest())
	t.fact("secrets", strconv.Itoa(len(k.Secrets)))
	t.fact("shares", strconv.Itoa(len(k.Holders)))
	t.fact("threshold", strconv.Itoa(k.Threshold))
	if _, err := t.exec(ctx, `delete from glass_secret where glass_id = $1`, k.Kit); err != nil {
		return err
	}
	refs := []access.Ref{k.Kit.Ref()}
	for _, x := range k.Secrets {
		if _, err := t.exec(ctx, insertGlassSecret, k.Kit, x.Secret, x.Version, x.System); err != nil {
			return err
		}
	}
	for _, h := range k.Holders {
		refs = append(refs, h.Identity.Ref())
	}
	for _, x := range k.Tokens {
		refs = append(refs, x.Identity.Ref())
	}
	return t.changed(ctx, refs...)
}

const nextEdition = `update glass set edition = $2, digest = $3, kit = $4, made_at = $5, until_at = $6, drilled_at = 0, drill_failed = false where id = $1`

// Renew implements breakglass.Store.
func (s BreakGlass) Renew(ctx context.Context, id access.GlassID, reason string, build breakglass.Renewer) (kit *breakglass.Kit, err error) {
	e := audit.Event{Action: "breakglass.renew", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		x, text, err := t.lockedGlass(ctx, id)
		if err != nil {
			return err
		}
		if why := x.Why(t.At); x.Used != 0 || slices.Contains(why, breakglass.Lost) {
			return breakglass.ErrOver
		}
		old, err := breakglass.Parse([]byte(text))
		if err != nil {
			return fmt.Errorf("reading the edition before: %w", err)
		}
		h := old.Head
		h.Edition, h.Made, h.Until = x.Edition+1, t.At, t.At+micros(x.Lasts)
		var ids []access.SecretID
		for _, held := range x.Secrets {
			if !held.Gone {
				ids = append(ids, held.Secret)
			}
		}
		if len(ids) == 0 {
			return breakglass.ErrOver.With("nothing that the kit held is left: retire it")
		}
		var values []breakglass.Value
		h.Secrets, values, err = s.intoKit(ctx, t, ids)
		defer wipeValues(values)
		if err == nil {
			kit, err = build(h, values)
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, nextEdition, id, kit.Edition, kit.Digest(), kit.Text(), kit.Made, kit.Until); err != nil {
			return err
		}
		return t.keepEdition(ctx, kit)
	})
	return kit, err
}

// lockedGlass is a kit that is not over, with its newest edition, held until the
// transaction ends.
func (t *tx) lockedGlass(ctx context.Context, id access.GlassID) (x breakglass.Status, text string, err error) {
	var edition int
	err = t.row(ctx, lockGlass+t.d.forUpdate, id).Scan(&edition)
	if errors.Is(err, sql.ErrNoRows) {
		return x, "", breakglass.ErrNoKit
	}
	if err == nil {
		x, err = t.glass(ctx, selectGlass, id)
	}
	if err == nil && x.Retired != 0 {
		err = breakglass.ErrOver
	}
	if err == nil {
		err = t.row(ctx, `select kit from glass where id = $1`, id).Scan(&text)
	}
	return x, text, err
}

// Retire implements breakglass.Store. Shares that nobody picked up go.
func (s BreakGlass) Retire(ctx context.Context, id access.GlassID, reason string) error {
	e := audit.Event{Action: "breakglass.retire", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		x, _, err := t.lockedGlass(ctx, id)
		if err != nil {
			return err
		}
		refs := []access.Ref{id.Ref()}
		for _, h := range x.Holders {
			refs = append(refs, h.Identity.Ref())
			if h.Picked == 0 {
				if err := t.dropSealed(ctx, sharePlace(0, id, h.Place).Version); err != nil {
					return err
				}
			}
		}
		if _, err := t.exec(ctx, `update glass set retired_at = $2 where id = $1`, id, t.At); err != nil {
			return err
		}
		return t.changed(ctx, refs...)
	})
}
