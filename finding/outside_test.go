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
		d.facts.Kits = []Kit{k}
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

// What was lent and is late is found of its system, and what a leaver knows of them. Both are
// looked at again though nothing of either changes, and are over when they are.
func TestOutside(t *testing.T) {
	f := spotless()
	for i := range f.Identities {
		if f.Identities[i].ID == ana {
			f.Identities[i].State = access.Terminated
		}
	}
	own := map[access.EntitlementID]access.Tier{}
	for _, e := range f.Entitlements {
		own[e.ID] = e.Tier
	}
	d := derive(f.View(t), own, access.TimeOf(today), DefaultLimits)
	for f := range d.all() {
		d.keep(f)
	}
	outside := func(o Outside) (found []string) {
		t.Helper()
		for _, ref := range d.step(f.View(t), nil, o, own, access.TimeOf(today)) {
			for _, x := range d.checker().look(ref).drafts {
				if x.Rule == "lease-late" || x.Rule == "secret-known-to-leaver" {
					found = append(found, x.Rule+" "+x.Subject.String())
				}
			}
		}
		slices.Sort(found)
		return found
	}
	late := Late{Lease: 1, System: db, Name: "lease_1", Since: access.TimeOf(today) - 1}
	for _, known := range []Known{{Secret: 1, System: db, Identity: ana, Next: access.TimeOf(today) + 1}, {Secret: 1, Identity: ana, Waits: true}} {
		want := []string{"lease-late " + db.Ref().String(), "secret-known-to-leaver " + ana.Ref().String()}
		slices.Sort(want)
		if got := outside(Outside{Late: []Late{late}, Known: []Known{known}}); !slices.Equal(got, want) {
			t.Errorf("of %+v is found %v, not %v", known, got, want)
		}
		if got := outside(Outside{Known: []Known{{Secret: 1, Identity: boss, Next: 1}}}); len(got) != 0 {
			t.Errorf("when it is over, and of one who has not left, is found %v", got)
		}
	}
}
