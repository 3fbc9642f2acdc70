package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/classify"
)

// Classify is the store of package iga/classify.
type Classify struct{ db *DB }

// Classify returns the store of package iga/classify.
func (db *DB) Classify() Classify { return Classify{db} }

var _ classify.Store = Classify{}

const keptClassifications = `
select c.entitlement_id, c.tier, c.own_tier, c.reasons, c.rules_version, c.overridden from classification c where `

// Classifications returns what is kept now: of some entitlements, or of all.
func (s Classify) Classifications(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]classify.Kept, error) {
	kept := map[access.EntitlementID]classify.Kept{}
	return kept, s.current(ctx, keptClassifications, of, func(scan func(...any) error) error {
		var id access.EntitlementID
		var k classify.Kept
		defer func() { kept[id] = k }()
		return scan(&id, &k.Tier, &k.Own, &k.Reasons, &k.Version, &k.Overridden)
	})
}

// OwnTiers returns entitlements' own tiers: of some, or of all.
func (s Classify) OwnTiers(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]access.Tier, error) {
	tiers := map[access.EntitlementID]access.Tier{}
	return tiers, s.current(ctx, `select c.entitlement_id, c.own_tier from classification c where `, of, func(scan func(...any) error) error {
		var id access.EntitlementID
		var tier access.Tier
		defer func() { tiers[id] = tier }()
		return scan(&id, &tier)
	})
}

// current reads the rows that count now, of some entitlements or, where none is
// named, of all.
func (s Classify) current(ctx context.Context, text string, of []access.EntitlementID, fn func(scan func(...any) error) error) error {
	return s.db.read(ctx, func(q *query) error {
		if of == nil {
			return q.each(ctx, text+now("c"), nil, fn)
		}
		keys := make([]int64, len(of))
		for i, id := range of {
			keys[i] = int64(id)
		}
		for chunk := range slices.Chunk(keys, keysPerQuery) {
			if err := q.eachListed(ctx, text+`c.entitlement_id in (%s) and `+now("c"), keyList(chunk), nil, fn); err != nil {
				return err
			}
		}
		return nil
	})
}

// Classify keeps what differs.
func (s Classify) Classify(ctx context.Context, list []classify.Row) error {
	return s.db.change(ctx, audit.Event{Action: "classify.run", Facts: map[string]string{"entitlements": strconv.Itoa(len(list)), "rules": classify.RulesVersion}}, func(t *tx) error {
		var rows, changes [][]any
		for _, r := range list {
			if _, err := t.exec(ctx, `update classification set until_set = $1 where entitlement_id = $2 and until_set = 0`, t.Set, r.Entitlement); err != nil {
				return err
			}
			rows = append(rows, []any{r.Entitlement, t.Set, r.Tier, r.Own, r.Reasons, r.Version, r.Overridden})
			changes = append(changes, []any{t.Set, access.KindEntitlement, r.Entitlement, false})
		}
		if err := t.insertMany(ctx, "classification", []string{"entitlement_id", "from_set", "tier", "own_tier", "reasons", "rules_version", "overridden"}, rows); err != nil {
			return err
		}
		return t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, changes)
	})
}

var overridesInForce = `
select o.entitlement_id, o.tier, o.facts_tier, o.reason, o.set_by, s.at, o.ends_at, o.from_set
  from classification_override o join change_set s on s.id = o.from_set
 where (o.ends_at = 0 or o.ends_at > $1) and ` + now("o")

// Overrides returns the overrides that are in force by the store's clock.
func (s Classify) Overrides(ctx context.Context) (map[access.EntitlementID]classify.Override, error) {
	list := map[access.EntitlementID]classify.Override{}
	err := s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, overridesInForce, []any{at}, func(scan func(...any) error) error {
			var o classify.Override
			defer func() { list[o.Entitlement] = o }()
			return scan(&o.Entitlement, &o.Tier, &o.Facts, &o.Reason, &o.By, &o.Since, &o.Until, &o.Version)
		})
	})
	return list, err
}

const endOverride = `update classification_override set until_set = $1 where entitlement_id = $2 and until_set = 0`

const insertOverride = `
insert into classification_override (entitlement_id, from_set, tier, facts_tier, reason, set_by, ends_at)
values ($1, $2, $3, $4, $5, $6, $7)`

// Override keeps an override in place of any other of its entitlement. Whoever
// overrides the same one at once waits for the lock on it.
func (s Classify) Override(ctx context.Context, o classify.Override) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{
		Action: "classify.override", Object: o.Entitlement.Ref(), Personal: map[string]string{"reason": o.Reason},
		Facts: map[string]string{"tier": strconv.Itoa(int(o.Tier)), "facts_tier": strconv.Itoa(int(o.Facts)), "until": strconv.FormatInt(int64(o.Until), 10)},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		id := o.Entitlement
		if err := t.overrideIs(ctx, id, o.Version); err != nil {
			return err
		}
		if _, err := t.exec(ctx, endOverride, t.Set, id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, insertOverride, id, t.Set, o.Tier, o.Facts, o.Reason, actor.String(), o.Until); err != nil {
			return err
		}
		if err := t.due(ctx, id.Ref(), o.Until); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

const overrideVersion = `
select o.from_set from classification_override o
 where o.entitlement_id = $1 and o.until_set = 0 and (o.ends_at = 0 or o.ends_at > $2)`

// overrideIs returns ErrChanged unless a version is the one in force; 0 is none. Until
// the transaction ends, no other one takes its place.
func (t *tx) overrideIs(ctx context.Context, id access.EntitlementID, version int64) error {
	var is int64
	err := t.row(ctx, `select e.id from entitlement e where e.id = $1 and `+now("e")+t.d.forUpdate, id).Scan(&is)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return classify.ErrEntitlement.With("there is no entitlement %s", id)
	case err != nil || version == classify.Any:
		return err
	}
	is = 0
	if err := t.row(ctx, overrideVersion, id, t.At).Scan(&is); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if is != version {
		return classify.ErrChanged
	}
	return nil
}

// ClearOverride ends a version of an override that is in force. Where another clears it
// at once, one of both finds none.
func (s Classify) ClearOverride(ctx context.Context, id access.EntitlementID, version int64, reason string) error {
	e := audit.Event{Action: "classify.clear_override", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.overrideIs(ctx, id, version); err != nil {
			return err
		}
		n, err := t.exec(ctx, endOverride+` and (ends_at = 0 or ends_at > $3)`, t.Set, id, t.At)
		if err != nil {
			return err
		}
		if n == 0 {
			return classify.ErrOverride
		}
		return t.changed(ctx, id.Ref())
	})
}
