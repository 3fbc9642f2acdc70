package classify

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph/graphtest"
)

// What is remembered of the last run is what classifying anew finds, whatever
// changes and is overridden.
func TestFollowingClassifiesWhatStartingAnewClassifies(t *testing.T) {
	today := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	stood := 0
	rapid.Check(t, func(t *rapid.T) {
		w := graphtest.NewChanging(t, today, 30)
		s := &Service{Graph: w.Graph()}
		overrides := map[access.EntitlementID]Override{}
		last, _ := s.next(nil, s.Graph.View(), overrides)
		for range 6 {
			w.Change(rapid.IntRange(0, 3).Draw(t, "changes"))
			if _, err := s.Graph.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 9).Draw(t, "override") == 9 {
				id := access.EntitlementID(rapid.IntRange(1, 7).Draw(t, "entitlement"))
				overrides = map[access.EntitlementID]Override{id: {Entitlement: id, Tier: access.Tier(rapid.IntRange(0, 3).Draw(t, "tier"))}}
			}
			before := map[access.EntitlementID]Classification{}
			for id, c := range last.of {
				before[id] = c
			}
			was := last
			var differ []Classification
			last, differ = s.next(last, s.Graph.View(), overrides)
			if was == last {
				stood++
			}
			for _, c := range differ {
				before[c.Entitlement] = c
			}
			anew := All(last.view, overrides)
			if len(anew) != len(last.of) {
				t.Fatalf("%d are classified, not %d", len(last.of), len(anew))
			}
			for _, c := range anew {
				if !reflect.DeepEqual(last.of[c.Entitlement], c) || !reflect.DeepEqual(before[c.Entitlement], c) {
					t.Fatalf("%+v, and anew %+v", last.of[c.Entitlement], c)
				}
			}
		}
	})
	if stood == 0 {
		t.Error("every change classified everything anew")
	}
}
