package coverage

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph/graphtest"
)

// What is counted step by step is what is counted anew, whatever changes, whatever
// is accepted, and however time goes on.
func TestFollowingCountsWhatStartingAnewCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := graphtest.NewChanging(t, today, 40)
		g := w.Graph()
		now, known := today, map[gapKey]Gap{}
		hear(known, drawNews(t, now, 6))
		m := measure(g.View(), access.TimeOf(now), gapList(known))
		for range 6 {
			w.Change(rapid.IntRange(0, 5).Draw(t, "changes"))
			now = now.Add(time.Duration(rapid.IntRange(0, 5*60).Draw(t, "minutes")) * time.Minute)
			if _, err := g.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			view := g.View()
			changed, ok := g.Between(m.v, view)
			if !ok || access.TimeOf(now) > m.until {
				return
			}
			news := drawNews(t, now, 2)
			hear(known, news)
			m.step(view, changed, news, access.TimeOf(now))
			want, got := measure(g.View(), access.TimeOf(now), gapList(known)), m
			if !reflect.DeepEqual(got.matrix(), want.matrix()) {
				t.Fatalf("counted\n%+v\nand anew\n%+v", got.matrix(), want.matrix())
			}
		}
	})
}

// drawNews is about any rule and any subject, whether found there or not.
func drawNews(t *rapid.T, now time.Time, most int) []News {
	var list []News
	for range rapid.IntRange(0, most).Draw(t, "news") {
		key := rapid.Int64Range(1, 7).Draw(t, "subject")
		n := News{Gone: rapid.IntRange(0, 3).Draw(t, "gone") == 3}
		n.Rule = rapid.SampledFrom(gapRules).Draw(t, "rule")
		n.Subject = rapid.SampledFrom([]access.Ref{
			access.AccountID(key).Ref(), access.AccountID(key).Ref(), access.IdentityID(key).Ref(),
			access.EntitlementID(key).Ref(), access.SystemID(key).Ref(),
		}).Draw(t, "kind")
		if rapid.Bool().Draw(t, "accepted") {
			n.Until = access.TimeOf(now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * 2 * time.Hour))
		}
		list = append(list, n)
	}
	return list
}

func hear(known map[gapKey]Gap, news []News) {
	for _, n := range news {
		delete(known, gapKey{n.Rule, n.Subject})
		if !n.Gone {
			known[gapKey{n.Rule, n.Subject}] = n.Gap
		}
	}
}

func gapList(known map[gapKey]Gap) []Gap {
	var list []Gap
	for _, g := range known {
		list = append(list, g)
	}
	return list
}
