package inventory_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// benchPeople is how many people have an account, a key and eight grants each;
// WRIT_BENCH_PEOPLE overrides it.
const benchPeople = 20_000

// BenchmarkSync syncs a system for the first time, and again unchanged.
func BenchmarkSync(b *testing.B) {
	n := benchPeople
	if text := os.Getenv("WRIT_BENCH_PEOPLE"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	files := b.TempDir()
	company(b, files, n, 0)
	ctx := asTest()
	for b.Loop() {
		data := b.TempDir()
		set(b, data, files)
		db, err := store.Open(ctx, store.Config{Dir: data})
		if err != nil {
			b.Fatal(err)
		}
		s := service(db)
		people := timed(b, func() (inventory.Report, error) {
			return s.SyncSource(ctx, mustSource(ctx, s), inventory.SyncOptions{})
		})
		y, err := s.System(ctx, "app")
		if err != nil {
			b.Fatal(err)
		}
		system := func() (inventory.Report, error) { return s.SyncSystem(ctx, y.ID, inventory.SyncOptions{}) }
		first := timed(b, system)
		again := timed(b, system)
		links := timed(b, func() (inventory.Report, error) { _, err := s.Correlate(ctx); return inventory.Report{}, err })
		rows := float64(first.r.Counts.Accounts + first.r.Counts.Grants + first.r.Counts.Credentials)
		b.ReportMetric(float64(people.r.Counts.Identities)/people.took.Seconds(), "people/s")
		b.ReportMetric(rows/first.took.Seconds(), "first-rows/s")
		b.ReportMetric(rows/again.took.Seconds(), "again-rows/s")
		b.ReportMetric(first.took.Seconds()/again.took.Seconds(), "first/again")
		b.ReportMetric(float64(n)/links.took.Seconds(), "links/s")
		b.ReportMetric(peak(first, again)/(1<<20), "peak-MB")
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

type measured struct {
	r    inventory.Report
	took time.Duration
	heap uint64
}

// timed also watches how large the heap gets.
func timed(b *testing.B, fn func() (inventory.Report, error)) (m measured) {
	b.Helper()
	runtime.GC()
	done := make(chan struct{})
	ended := make(chan uint64)
	go func() {
		var top uint64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			top = max(top, s.HeapAlloc)
			select {
			case <-done:
				ended <- top
				return
			case <-tick.C:
			}
		}
	}()
	started := time.Now()
	r, err := fn()
	m = measured{r: r, took: time.Since(started)}
	close(done)
	m.heap = <-ended
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func peak(list ...measured) (top float64) {
	for _, m := range list {
		top = max(top, float64(m.heap))
	}
	return top
}
