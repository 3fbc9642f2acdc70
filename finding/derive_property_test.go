package finding

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph/graphtest"
)

// What is found step by step is what is found anew, whatever changes and however
// time goes on.
func TestFollowingFindsWhatStartingAnewFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := graphtest.NewChanging(t, today, 40)
		g := w.Graph()
		now := today
		d := derive(g.View(), w.Own(), access.TimeOf(now), DefaultLimits)
		for f := range d.all() {
			remember(t, d, f)
		}
		for range 6 {
			w.Change(rapid.IntRange(0, 5).Draw(t, "changes"))
			now = now.Add(time.Duration(rapid.IntRange(0, 5*60).Draw(t, "minutes")) * time.Minute)
			if _, err := g.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			was, view := d.view, g.View()
			changed, known := g.Between(was, view)
			if !known || access.TimeOf(now) > d.until {
				return
			}
			own := w.Own()
			of := map[access.EntitlementID]access.Tier{}
			for _, ref := range changed {
				if tier, ok := own[access.EntitlementID(ref.Key)]; ok && ref.Kind == access.KindEntitlement {
					of[access.EntitlementID(ref.Key)] = tier
				}
			}
			units := d.step(view, changed, Outside{}, of, access.TimeOf(now))
			if _, err := d.differ(units); err != nil {
				t.Fatal(err)
			}
			compareWithAnew(t, d, own, now)
		}
	})
}

func remember(t *rapid.T, d *derivation, f found) {
	if f.err != nil {
		t.Fatal(f.err)
	}
	d.keep(f)
}

func compareWithAnew(t *rapid.T, d *derivation, own map[access.EntitlementID]access.Tier, now time.Time) {
	fresh := derive(d.view, own, access.TimeOf(now), DefaultLimits)
	drafts := map[access.Ref][]marked{}
	for f := range fresh.all() {
		remember(t, fresh, f)
		drafts[f.unit] = f.drafts
	}
	for id, want := range fresh.facts.ledger {
		if got := d.facts.of(id); fmt.Sprint(*got) != fmt.Sprint(*want) {
			t.Fatalf("of %s: %+v is counted, not %+v", id, *got, *want)
		}
	}
	for id, got := range d.facts.ledger {
		if want := fresh.facts.of(id); fmt.Sprint(*got) != fmt.Sprint(*want) {
			t.Fatalf("of %s: %+v is counted, not %+v", id, *got, *want)
		}
	}
	for unit, marks := range fresh.units {
		if !reflect.DeepEqual(d.units[unit], marks) {
			t.Fatalf("at %s is found %+v, and was found %+v", unit, drafts[unit], d.units[unit])
		}
	}
	for unit, marks := range d.units {
		if len(fresh.units[unit]) == 0 {
			t.Fatalf("at %s nothing is found any more, and %+v was", unit, marks)
		}
	}
}
