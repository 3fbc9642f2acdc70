package coverage

import (
	"maps"
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
		kept := drawKept(t, now, 4)
		m := measure(g.View(), access.TimeOf(now), gapList(known), maps.Clone(kept))
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
			changes := drawKept(t, now, 2)
			maps.Copy(kept, changes)
			m.step(view, changed, news, changes, access.TimeOf(now))
			want, got := measure(g.View(), access.TimeOf(now), gapList(known), maps.Clone(kept)), m
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

// drawKept is what safes have of some accounts, which may be nothing any more.
func drawKept(t *rapid.T, now time.Time, most int) map[access.AccountID][]InSafe {
	kept := map[access.AccountID][]InSafe{}
	for range rapid.IntRange(0, most).Draw(t, "kept") {
		id := access.AccountID(rapid.Int64Range(1, 7).Draw(t, "account"))
		kept[id] = nil
		for _, kind := range []access.CredentialKind{access.Password, access.SSHKey} {
			if !rapid.Bool().Draw(t, "has one") {
				continue
			}
			at := func(what string, period time.Duration) access.Time {
				return access.TimeOf(now.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, what))*2*time.Hour - period))
			}
			kept[id] = append(kept[id], InSafe{Account: id, Kind: kind, Proven: at("proven", rotatePrivileged), Changed: at("changed", 48*time.Hour), Every: 24 * time.Hour})
		}
	}
	return kept
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
