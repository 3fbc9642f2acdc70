package bench

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// Rules of the pair scan.
const rules = 500

// BenchmarkGraphLarge loads the large company from SQLite and asks it. Run it with
// -benchtime 1x: each figure is taken over many questions. The graph remembers answers
// until something changes, so something changes before each.
func BenchmarkGraphLarge(b *testing.B) {
	ctx := asBench(b)
	dir := largeCopy(b)
	bare := barePairs(b, dir)
	db := openStore(b, dir)
	if _, err := db.Sequence(ctx); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	g, err := graph.Open(ctx, db.Graph())
	if err != nil {
		b.Fatal(err)
	}
	loading := time.Since(began)
	now, most := resident(b)
	b.Run("load", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(loading.Seconds(), "s")
		b.ReportMetric(bare.Seconds(), "bare-s")
		b.ReportMetric(loading.Seconds()/bare.Seconds(), "times-bare")
		b.ReportMetric(now, "MB-resident")
		b.ReportMetric(most, "MB-most")
	})
	view := g.View()
	w := newWalk(view)
	view.Close()
	change := changer{db: db, w: w}
	follow := func(n int) time.Duration {
		change.grants(b, ctx, n)
		began := time.Now()
		if _, err := g.Follow(ctx); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	follow(1)
	view = g.View()
	b.Run("who-can", percentiles(5000, func() { view.WhoCan(w.entitlement().Ref(), graph.Question{First: 100}) }))
	b.Run("effective", percentiles(20_000, func() { view.Effective(w.identity().Ref(), graph.Question{}) }))
	view.Close()
	pairs := w.pairs(rules)
	scans := make([]time.Duration, 5)
	var counts []int
	for i := range scans {
		follow(1)
		view = g.View()
		began := time.Now()
		counts = view.Both(pairs, graph.Question{})
		scans[i] = time.Since(began)
		view.Close()
	}
	slices.Sort(scans)
	view = g.View()
	comparePairs(b, view, pairs, scans[len(scans)/2], counts)
	view.Close()
	times := make([]time.Duration, 30)
	var largest []time.Duration
	for i := range times {
		times[i] = follow(1000)
		largest = append(largest, w.askLargest(g)...)
	}
	b.Run("follow-1000", func(b *testing.B) { report(b, times) })
	b.Run("who-can-largest", func(b *testing.B) { report(b, largest) })
}

// barePairs is how long the bare driver takes for a part of loading that cannot be
// done without: who holds which entitlement, from the same file into bitmaps.
func barePairs(b *testing.B, dir string) time.Duration {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "writ.db")+"?_pragma=query_only(1)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	began := time.Now()
	rows, err := db.QueryContext(b.Context(), `select holder_id, entitlement_id from access_grant where until_set = 0 and holder_kind = 2`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	held := map[int64]*roaring.Bitmap{}
	for rows.Next() {
		var holder, entitlement int64
		if err := rows.Scan(&holder, &entitlement); err != nil {
			b.Fatal(err)
		}
		if held[entitlement] == nil {
			held[entitlement] = roaring.New()
		}
		held[entitlement].Add(uint32(holder))
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// askLargest asks who can what most hold, once each: the graph remembers answers
// until something changes.
func (w *walk) askLargest(g *graph.Graph) []time.Duration {
	view := g.View()
	defer view.Close()
	var times []time.Duration
	for _, id := range w.largest {
		began := time.Now()
		view.WhoCan(id.Ref(), graph.Question{First: 100})
		times = append(times, time.Since(began))
	}
	return times
}

// walk draws objects of the company.
type walk struct {
	r            *rand.Rand
	identities   []access.IdentityID
	accounts     []access.AccountID
	entitlements []access.EntitlementID
	largest      []access.EntitlementID // the ten that most hold
}

func newWalk(v *graph.View) *walk {
	w := &walk{r: rand.New(rand.NewPCG(11, 12))}
	for i := range v.Identities() {
		w.identities = append(w.identities, i.ID)
	}
	for a := range v.Accounts() {
		w.accounts = append(w.accounts, a.ID)
	}
	size := map[access.EntitlementID]int{}
	for e := range v.Entitlements() {
		w.entitlements = append(w.entitlements, e.ID)
		size[e.ID] = v.WhoCan(e.ID.Ref(), graph.Question{First: 1}).Count
	}
	w.largest = slices.Clone(w.entitlements)
	slices.SortFunc(w.largest, func(a, b access.EntitlementID) int { return size[b] - size[a] })
	w.largest = w.largest[:10]
	return w
}

func (w *walk) identity() access.IdentityID { return w.identities[w.r.IntN(len(w.identities))] }
func (w *walk) account() access.AccountID   { return w.accounts[w.r.IntN(len(w.accounts))] }
func (w *walk) entitlement() access.EntitlementID {
	return w.entitlements[w.r.IntN(len(w.entitlements))]
}

// pairs are rules of separation of duties: most between any two entitlements, every
// twenty-fifth with one that most people hold.
func (w *walk) pairs(n int) [][2]access.EntitlementID {
	list := make([][2]access.EntitlementID, n)
	for i := range list {
		list[i] = [2]access.EntitlementID{w.entitlement(), w.entitlement()}
		if i%25 == 0 {
			list[i][0] = w.largest[w.r.IntN(len(w.largest))]
		}
	}
	return list
}

// changer changes what accounts hold, as a sync does.
type changer struct {
	db *store.DB
	w  *walk
}

// grants gives n accounts of one system something more, or takes it away again.
func (c changer) grants(b *testing.B, ctx context.Context, n int) {
	b.Helper()
	inv := c.db.Inventory()
	systems, err := inv.Systems(ctx)
	if err != nil {
		b.Fatal(err)
	}
	i := slices.IndexFunc(systems, func(y inventory.System) bool { return y.Name == "corp-directory" })
	y := systems[i]
	known, err := inv.FindTargets(ctx, y.Name, "Intranet", 1)
	if err != nil || len(known) == 0 {
		known, err = inv.FindTargets(ctx, y.Name, "group:intranet", 1)
	}
	if err != nil || len(known) == 0 {
		b.Fatalf("no group to give: %v", err)
	}
	batch := inventory.Batch{System: y.ID}
	var refs []access.Ref
	for len(refs) < n {
		ref := c.w.account().Ref()
		held, _, err := inv.HolderGrants(ctx, y.ID, ref)
		if err != nil {
			b.Fatal(err)
		}
		if len(held) < 2 || slices.Contains(refs, ref) {
			continue
		}
		refs = append(refs, ref)
		old := held[c.w.r.IntN(len(held))]
		batch.EndedGrants = append(batch.EndedGrants, old)
		if old.Entitlement != access.EntitlementID(known[0].Key) {
			fresh := old
			fresh.ID = 0
			fresh.Entitlement = access.EntitlementID(known[0].Key)
			if !slices.ContainsFunc(held, func(g inventory.GrantRow) bool { return g.Entitlement == fresh.Entitlement }) {
				batch.Grants = append(batch.Grants, fresh)
			}
		}
	}
	st, err := inv.Stage(ctx, y.ID.Ref(), y.State.Synced)
	if err != nil {
		b.Fatal(err)
	}
	if err := st.Write(ctx, &batch); err != nil {
		b.Fatal(err)
	}
	told := make([]inventory.Told, len(refs))
	for i, ref := range refs {
		told[i] = inventory.Told{Ref: ref, OnlyGrants: true}
	}
	if err := st.Flip(ctx, inventory.Report{}, told, false); err != nil {
		b.Fatal(err)
	}
	if _, err := c.db.Sequence(ctx); err != nil {
		b.Fatal(err)
	}
}

// percentiles asks n times and reports the median and the 99th percentile.
func percentiles(n int, ask func()) func(*testing.B) {
	times := make([]time.Duration, n)
	for i := range times {
		began := time.Now()
		ask()
		times[i] = time.Since(began)
	}
	return func(b *testing.B) { report(b, times) }
}

func report(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(times[len(times)/2]), "p50-ms")
	b.ReportMetric(ms(times[len(times)*99/100]), "p99-ms")
}
