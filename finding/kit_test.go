package finding

import (
	"slices"
	"testing"

	"github.com/writhq/writ/access"
)

// What is wrong with a kit is found of each system that it is to open, and at once when its
// time is over; a share that somebody took along is found of them.
func TestKits(t *testing.T) {
	good := Kit{ID: 1, Systems: []access.SystemID{db}, Holders: []access.IdentityID{ana}, Until: access.TimeOf(today) + 1}
	for name, tt := range map[string]struct {
		make func(*Kit)
		left bool
		want []string
	}{
		"good":               {make: func(*Kit) {}},
		"of another system":  {make: func(k *Kit) { k.Systems, k.Rotated = []access.SystemID{99}, true }},
		"too old":            {make: func(k *Kit) { k.Until-- }, want: []string{"break-glass-kit-stale"}},
		"another value":      {make: func(k *Kit) { k.Rotated = true }, want: []string{"break-glass-kit-stale"}},
		"a drill that fails": {make: func(k *Kit) { k.Failed = true }, want: []string{"break-glass-kit-stale"}},
		"opened":             {make: func(k *Kit) { k.Used = 1 }, want: []string{"break-glass-kit-stale"}},
		"a leaver's share":   {make: func(k *Kit) { k.Lost = true }, left: true, want: []string{"break-glass-kit-stale", "break-glass-share-lost"}},
	} {
		f := spotless()
		if tt.left {
			for i := range f.Identities {
				if f.Identities[i].ID == ana {
					f.Identities[i].State = access.Terminated
				}
			}
		}
		own := map[access.EntitlementID]access.Tier{}
		for _, e := range f.Entitlements {
			own[e.ID] = e.Tier
		}
		d := derive(f.View(t), own, access.TimeOf(today), DefaultLimits)
		k := good
		tt.make(&k)
		d.facts.kits = []Kit{k}
		var found []string
		for f := range d.all() {
			for _, m := range f.drafts {
				if r := m.Rule; r == "break-glass-kit-stale" || r == "break-glass-share-lost" {
					found = append(found, r)
				}
			}
		}
		slices.Sort(found)
		if !slices.Equal(found, tt.want) {
			t.Errorf("%s: %v, not %v", name, found, tt.want)
		}
	}
}
