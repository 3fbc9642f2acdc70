package bench

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/search"
)

// BenchmarkSearchLarge builds the index over the names of the large company, asks it
// what people ask, and pages through its lists. Run it with -benchtime 1x: each figure
// is taken over many questions.
func BenchmarkSearchLarge(b *testing.B) {
	ctx := asBench(b)
	dir := largeCopy(b)
	db := openStore(b, dir)
	if _, err := db.Sequence(ctx); err != nil {
		b.Fatal(err)
	}
	g, err := graph.Open(ctx, db.Graph())
	if err != nil {
		b.Fatal(err)
	}
	before := heap()
	began := time.Now()
	x := search.New(g, db.Search())
	if err := x.Follow(ctx); err != nil {
		b.Fatal(err)
	}
	building, after := time.Since(began), heap()
	_, most := resident(b)
	b.Run("build", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(building.Seconds(), "s")
		b.ReportMetric(float64(after)-float64(before), "MB-index")
		b.ReportMetric(most, "MB-most")
	})
	view := g.View()
	w := newWalk(view)
	view.Close()
	asked := searches(b, ctx, x, w)
	for _, name := range []string{"name", "typing", "typo", "number", "operators", "nothing"} {
		list := asked[name]
		i := 0
		b.Run(name, percentiles(200, func() {
			if _, err := x.Find(ctx, list[i%len(list)], search.Everything(), 20); err != nil {
				b.Fatal(err)
			}
			i++
		}))
	}
	for _, l := range lists {
		b.Run(l.name, percentiles(60, pager(b, ctx, x, l)))
	}
	change := changer{db: db, w: w}
	times := make([]time.Duration, 10)
	for i := range times {
		change.grants(b, ctx, 1000)
		if _, err := g.Follow(ctx); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := x.Follow(ctx); err != nil {
			b.Fatal(err)
		}
		times[i] = time.Since(began)
	}
	b.Run("follow-1000", func(b *testing.B) { report(b, times) })
}

// searches are what people type, of names that there are.
func searches(b *testing.B, ctx context.Context, x *search.Index, w *walk) map[string][]string {
	b.Helper()
	asked := map[string][]string{
		"operators": {"kind:service owner:none", "kind:human tier:0", "orphan dormant", "kind:account state:disabled sol", "mode:eligible", "third-party:yes state:active ana"},
		"nothing":   {"xqzwvkjh pqzzt", "qwertzuiop"},
	}
	for range 50 {
		p, err := x.Identities(ctx, search.Filter{Only: &[]int64{int64(w.identity())}, Limit: 1}, search.Everything())
		if err != nil || len(p.Rows) == 0 {
			b.Fatal(err)
		}
		r := p.Rows[0]
		asked["name"] = append(asked["name"], r.Name)
		asked["number"] = append(asked["number"], r.Number)
		for n := range min(8, len(r.Name)) {
			asked["typing"] = append(asked["typing"], strings.ToValidUTF8(r.Name[:n+1], ""))
		}
		if len(r.Name) > 6 && r.Name[4] < 0x80 {
			asked["typo"] = append(asked["typo"], r.Name[:4]+r.Name[5:])
		}
	}
	return asked
}

// list is one that somebody looks at page by page.
type list struct {
	name string
	kind access.ObjectKind
	of   search.Filter
}

var lists = []list{
	{"identities-by-name", access.KindIdentity, search.Filter{Limit: 50}},
	{"identities-third-parties", access.KindIdentity, search.Filter{Limit: 50, Sort: "-name", Asks: []search.Ask{{Operator: "third-party", Value: "yes"}}}},
	{"accounts-by-name", access.KindAccount, search.Filter{Limit: 50}},
	{"accounts-by-system", access.KindAccount, search.Filter{Limit: 50, Sort: "system"}},
	{"accounts-by-last-use", access.KindAccount, search.Filter{Limit: 50, Sort: "-last_used"}},
	{"accounts-called-so", access.KindAccount, search.Filter{Limit: 50, Query: "an"}},
	{"accounts-orphaned", access.KindAccount, search.Filter{Limit: 50, Asks: []search.Ask{{Operator: "orphan", Value: "yes"}}}},
	{"entitlements-by-tier", access.KindEntitlement, search.Filter{Limit: 50, Sort: "tier"}},
}

// pager returns what reads the next page of a list.
func pager(b *testing.B, ctx context.Context, x *search.Index, l list) func() {
	b.Helper()
	f := l.of
	return func() {
		var err error
		switch l.kind {
		case access.KindIdentity:
			var p search.Page[search.IdentityRow]
			p, err = x.Identities(ctx, f, search.Everything())
			f.After = p.Next
		case access.KindAccount:
			var p search.Page[search.AccountRow]
			p, err = x.Accounts(ctx, f, search.Everything())
			f.After = p.Next
		default:
			var p search.Page[search.EntitlementRow]
			p, err = x.Entitlements(ctx, f, search.Everything())
			f.After = p.Next
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
