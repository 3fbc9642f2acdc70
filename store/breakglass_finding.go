package store

import (
	"context"
	"slices"

	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/pam/breakglass"
)

// Kits implements finding.Store: the break-glass kits that are in use, and those that were
// opened and not made anew.
func (s Findings) Kits(ctx context.Context) (list []finding.Kit, err error) {
	err = s.db.read(ctx, func(q *query) error {
		all, err := q.glasses(ctx)
		for _, x := range all {
			list = append(list, kitOf(x))
		}
		return err
	})
	return list, err
}

// kitOf says of a kit what findings ask for. That its time is over they find out themselves.
func kitOf(x breakglass.Status) finding.Kit {
	why := x.Why(x.Until - 1)
	k := finding.Kit{
		ID: x.ID, Until: x.Until, Used: x.Used,
		Rotated: slices.Contains(why, breakglass.Rotated) || slices.Contains(why, breakglass.Gone),
		Lost:    slices.Contains(why, breakglass.Lost), Failed: slices.Contains(why, breakglass.Failed),
	}
	for _, h := range x.Secrets {
		k.Systems = append(k.Systems, h.System)
	}
	for _, h := range x.Holders {
		k.Holders = append(k.Holders, h.Identity)
	}
	return k
}
