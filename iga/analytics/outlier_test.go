package analytics

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

var everywhere = policy.Reach{All: true}

func outliersOf(t *testing.T, w *world, f OutlierFilter) OutlierPage {
	t.Helper()
	page, err := w.service(t).Outliers(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// What somebody holds themself is told with their peers, without themself (invariant 3);
// what comes with it is not told again.
func TestOutliers(t *testing.T) {
	page := outliersOf(t, company(), OutlierFilter{Reach: everywhere})
	if page.Total != 1 || page.People != 85 || page.Tiers != [4]int{1, 0, 0, 0} {
		t.Fatalf("%+v", page)
	}
	got := page.List[0]
	if got.Identity != 41 || got.Entitlement != 4 || got.Peers != 40 || got.Having != 0 || got.Use != Unknown || got.Tier != access.Tier0 {
		t.Errorf("%+v", got)
	}
	if len(got.Group) != 1 || got.Group[0].Value != "Treasury" && got.Group[0].Value != "Clerk" {
		t.Errorf("the group is alike in %v", got.Group)
	}
	if want := round(rarity(0, 40) * 8); got.Score != want {
		t.Errorf("score %v, not %v", got.Score, want)
	}
}

// Who is of a unit that is too small is compared with everybody.
func TestSmallUnitsAreComparedWithEverybody(t *testing.T) {
	w := company()
	w.grant(access.AccountID(104).Ref(), 5)
	page := outliersOf(t, w, OutlierFilter{Reach: everywhere, Identity: 104})
	if page.Total != 1 || page.List[0].Peers != 84 || page.List[0].Having != 1 || len(page.List[0].Group) != 0 {
		t.Fatalf("%+v", page)
	}
}

// Invariant 4: what lies where the asker does not reach is not counted, named or paged to.
func TestLesson14_OutliersKeepToTheReach(t *testing.T) {
	w := company()
	w.grant(access.AccountID(60).Ref(), 2)
	for system, want := range map[access.SystemID][]access.EntitlementID{1: {2}, 2: {4}, 3: nil} {
		page := outliersOf(t, w, OutlierFilter{Reach: policy.Reach{Systems: map[access.SystemID]bool{system: true}}})
		var got []access.EntitlementID
		for _, o := range page.List {
			got = append(got, o.Entitlement)
		}
		if !slices.Equal(got, want) || page.Total != len(want) {
			t.Errorf("system %d: %v of %d, not %v", system, got, page.Total, want)
		}
	}
	if page := outliersOf(t, w, OutlierFilter{}); page.Total != 0 {
		t.Errorf("nowhere: %+v", page)
	}
}

// Pages together are the whole, each once, in the same order.
func TestPagesOfOutliersAreTheWhole(t *testing.T) {
	w := company()
	for id := access.AccountID(51); id < 90; id++ { // one of each of two: two share a score
		e := access.EntitlementID(10 + id/2)
		if id%2 == 1 {
			w.Entitlements = append(w.Entitlements, graph.EntitlementNode{ID: e, System: 2, Tier: access.Tier(int8(id % 4))}) //nolint:gosec // 0 to 3
		}
		w.grant(id.Ref(), e)
	}
	s := w.service(t)
	whole, err := s.Outliers(t.Context(), OutlierFilter{Reach: everywhere})
	if err != nil {
		t.Fatal(err)
	}
	var list []Outlier
	f := OutlierFilter{Reach: everywhere, Limit: 7}
	for {
		page, err := s.Outliers(t.Context(), f)
		if err != nil || page.Total != whole.Total {
			t.Fatal(page.Total, err)
		}
		list = append(list, page.List...)
		if page.Next == nil {
			break
		}
		f.After = page.Next
	}
	if fmt.Sprint(list) != fmt.Sprint(whole.List) || len(list) != 40 {
		t.Errorf("%d by pages, %d at once", len(list), len(whole.List))
	}
}

func TestOutliersAreNarrowed(t *testing.T) {
	w := company()
	w.grant(access.AccountID(60).Ref(), 2)
	tier := access.Tier2
	for name, f := range map[string]OutlierFilter{
		"unit": {Unit: "Platform"}, "person": {Identity: 60}, "system": {System: 1}, "tier": {Tier: &tier},
	} {
		f.Reach = everywhere
		if page := outliersOf(t, w, f); page.Total != 1 || page.List[0].Identity != 60 {
			t.Errorf("by %s: %+v", name, page.List)
		}
	}
	if page := outliersOf(t, w, OutlierFilter{Reach: everywhere, Unit: "Mint"}); page.Total != 0 || page.List != nil {
		t.Errorf("a unit that is none: %+v", page)
	}
}

// What is used counts less and what is unused more; of several grants the one that says
// most for it tells.
func TestUseWeighsOutliers(t *testing.T) {
	score := func(last ...access.Time) Outlier {
		w := company()
		w.Grants = w.Grants[:len(w.Grants)-2]
		for _, at := range last {
			g := w.grant(access.AccountID(41).Ref(), 4)
			g.UsageKnown, g.LastUsed = true, at
			g.Resource = access.ResourceID(g.ID)
		}
		return outliersOf(t, w, OutlierFilter{Reach: everywhere}).List[0]
	}
	used, unused, both := score(ago(3)), score(ago(200)), score(ago(200), ago(3))
	if used.Use != Used || unused.Use != Unused || unused.LastUsed != ago(200) || both.Use != Used || both.LastUsed != ago(3) {
		t.Errorf("%+v %+v %+v", used, unused, both)
	}
	if math.Abs(unused.Score-4*used.Score) > 0.01 || both.Score != used.Score {
		t.Errorf("unused %v, used %v, both %v", unused.Score, used.Score, both.Score)
	}
}

// An account that lets nobody in gives nobody anything.
func TestDisabledAccountsAreNoOutliers(t *testing.T) {
	w := company()
	w.Accounts[40].Status = access.Disabled
	if page := outliersOf(t, w, OutlierFilter{Reach: everywhere}); page.Total != 0 {
		t.Errorf("%+v", page.List)
	}
}

// One of 240 is rarer than one of ten, and none rarer than one.
func TestRarity(t *testing.T) {
	if !(rarity(1, 240) > rarity(1, 10) && rarity(0, 240) > rarity(1, 240) && rarity(10, 10) < 1e-9) {
		t.Error(rarity(1, 240), rarity(1, 10), rarity(0, 240), rarity(10, 10))
	}
	// The published interval: 1 of 10 at 95 % is at most 0.404.
	if got := 1 - rarity(1, 10); math.Abs(got-0.404) > 0.001 {
		t.Errorf("the upper bound of 1 of 10 is %.4f", got)
	}
}

// Invariant 6.
func TestOutliersAreTheSameEachTime(t *testing.T) {
	first := fmt.Sprint(outliersOf(t, company(), OutlierFilter{Reach: everywhere}))
	for range 5 {
		if again := fmt.Sprint(outliersOf(t, company(), OutlierFilter{Reach: everywhere})); again != first {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}
