package store

import (
	"context"
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

// Classifications returns what is kept now.
func (s Classify) Classifications(ctx context.Context) (map[access.EntitlementID]classify.Kept, error) {
	kept := map[access.EntitlementID]classify.Kept{}
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select c.entitlement_id, c.tier, c.own_tier, c.reasons, c.rules_version from classification c where `+now("c"), nil, func(scan func(...any) error) error {
			var id access.EntitlementID
			var k classify.Kept
			defer func() { kept[id] = k }()
			return scan(&id, &k.Tier, &k.Own, &k.Reasons, &k.Version)
		})
	})
	return kept, err
}

// OwnTiers returns the tiers that follow from entitlements' own capabilities.
func (s Classify) OwnTiers(ctx context.Context) (map[access.EntitlementID]access.Tier, error) {
	kept, err := s.Classifications(ctx)
	tiers := make(map[access.EntitlementID]access.Tier, len(kept))
	for id, k := range kept {
		tiers[id] = k.Own
	}
	return tiers, err
}

// Classify keeps what differs.
func (s Classify) Classify(ctx context.Context, list []classify.Row) error {
	return s.db.change(ctx, audit.Event{Action: "classify.run", Facts: map[string]string{"entitlements": strconv.Itoa(len(list)), "rules": classify.RulesVersion}}, func(t *tx) error {
		var rows, changes [][]any
		for _, r := range list {
			if _, err := t.exec(ctx, `update classification set until_set = $1 where entitlement_id = $2 and until_set = 0`, t.Set, r.Entitlement); err != nil {
				return err
			}
			rows = append(rows, []any{r.Entitlement, t.Set, r.Tier, r.Own, r.Reasons, r.Version})
			changes = append(changes, []any{t.Set, access.KindEntitlement, r.Entitlement, false})
		}
		if err := t.insertMany(ctx, "classification", []string{"entitlement_id", "from_set", "tier", "own_tier", "reasons", "rules_version"}, rows); err != nil {
			return err
		}
		return t.insertMany(ctx, "change", []string{"set_id", "kind", "object", "bulk"}, changes)
	})
}
