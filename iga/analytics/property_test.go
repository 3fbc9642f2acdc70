package analytics

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// plainly counts, one by one, who of somebody's group has something, by everything that
// each of them effectively has.
func plainly(s *Peers, share float64, when period) (lines []string) {
	has := map[uint32]map[access.EntitlementID]bool{}
	for key := range each(s.p.people) {
		has[key] = map[access.EntitlementID]bool{}
		for _, h := range s.v.Effective(access.IdentityID(key).Ref(), graph.Question{}) {
			has[key][h.Entitlement] = true
		}
	}
	for key := range each(s.p.people) {
		for e := range usesOf(s.v, access.IdentityID(key), when) {
			peers, have := 0, 0
			for other := range each(s.p.people) {
				if other != key && inGroup(s, s.at(key), other) {
					peers++
					if has[other][e] {
						have++
					}
				}
			}
			if peers >= s.least-1 && float64(have) <= share*float64(peers) && has[key][e] {
				lines = append(lines, fmt.Sprint(key, e, peers, have))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func inGroup(s *Peers, at place, key uint32) bool { return s.chain[at.grouping].of[key] == at.group }

// Outliers of any world are those that counting one by one finds.
func TestOutliersAreWhatCountingFinds(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		w := graphtest.NewChanging(t, today, rapid.IntRange(10, 80).Draw(t, "changes"))
		v := w.Graph().View()
		when := period{now: access.TimeOf(today), since: ago(90), young: map[access.GrantID]bool{}}
		p := &population{byName: map[string]*column{}, people: bitmapOf(nil)}
		for i := range v.Identities() {
			key := uint32(i.ID) //nolint:gosec // few
			p.people.Add(key)
			p.column("unit").put(key, fmt.Sprint(key%2))
		}
		held, err := holdings(t.Context(), v, p)
		if err != nil {
			t.Fatal(err)
		}
		s := &Peers{v: v, p: p, held: held, least: rapid.IntRange(2, 3).Draw(t, "least")}
		s.chain = choose(p, held, s.least)
		share := rapid.SampledFrom([]float64{0, 0.3, 0.6, 1}).Draw(t, "share")
		list, err := s.outliers(t.Context(), share, when)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list {
			o := s.shown(f)
			got = append(got, fmt.Sprint(uint32(o.Identity), o.Entitlement, o.Peers, o.Having)) //nolint:gosec // as above
		}
		slices.Sort(got)
		if want := plainly(s, share, when); !slices.Equal(got, want) {
			t.Fatalf("%v\nplainly %v", got, want)
		}
		found += len(got)
	})
	if found == 0 {
		t.Error("no world had an outlier")
	}
}
