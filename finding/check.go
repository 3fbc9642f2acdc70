package finding

import (
	"cmp"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Check runs every rule and returns what they find, in the order of rules and
// subjects.
func Check(v *graph.View, own map[access.EntitlementID]access.Tier, now time.Time, limits Limits) []Draft {
	var list []marked
	for f := range derive(v, own, access.TimeOf(now), limits).all() {
		list = append(list, f.drafts...)
	}
	slices.SortFunc(list, func(a, b marked) int { return cmp.Or(cmp.Compare(a.rule, b.rule), a.Subject.Compare(b.Subject)) })
	drafts := make([]Draft, len(list))
	for i := range list {
		drafts[i] = list[i].Draft
	}
	return drafts
}
