package ldap

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// benchMembers is how many members the group has; WRIT_BENCH_MEMBERS overrides it.
const benchMembers = 100_000

// BenchmarkMillionMembers reads a directory with one group of very many members, all
// of it and then what one membership changed.
func BenchmarkMillionMembers(b *testing.B) {
	n := benchMembers
	if text := os.Getenv("WRIT_BENCH_MEMBERS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	s := testkit.NewSlapd(b, testkit.SlapdConfig{NoMemberOf: true, LDIF: largeGroup(n)})
	cfg := with(config(s), optPage, "1000", optTimeout, "600")
	d, err := Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		heap := watchHeap(b)
		began := time.Now()
		rows, grants, mark := 0, 0, ""
		for r, err := range d.Discover(b.Context(), "") {
			if err != nil {
				b.Fatal(err)
			}
			switch {
			case r.Grant != nil:
				grants++
				rows++
			case r.Mark != nil:
				mark = r.Mark.Text
			case r.Checkpoint == "":
				rows++
			}
		}
		took := time.Since(began)
		if grants != n {
			b.Fatalf("%d members, want %d", grants, n)
		}
		b.ReportMetric(took.Seconds(), "complete-s")
		b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
		b.ReportMetric(heap(), "complete-peak-MB")
		s.Modify(b, "dn: uid=u0000001,ou=people,dc=example,dc=test\nchangetype: modify\nreplace: mail\nmail: a@example.test\n")
		heap, began = watchHeap(b), time.Now()
		one := followed(b, cfg, mark)
		b.ReportMetric(time.Since(began).Seconds(), "account-s")
		s.Modify(b, "dn: cn=all,dc=example,dc=test\nchangetype: modify\ndelete: member\nmember: uid=u0000001,ou=people,dc=example,dc=test\n")
		began, grants = time.Now(), 0
		for r, err := range d.Changes(b.Context(), markOf(b, one), nil) {
			if err != nil {
				b.Fatal(err)
			}
			if r.Grant != nil {
				grants++
			}
		}
		if grants != n-1 {
			b.Fatalf("%d members followed, want %d", grants, n-1)
		}
		b.ReportMetric(time.Since(began).Seconds(), "membership-s")
		b.ReportMetric(heap(), "changes-peak-MB")
		s.Modify(b, "dn: cn=all,dc=example,dc=test\nchangetype: modify\nadd: member\nmember: uid=u0000001,ou=people,dc=example,dc=test\n")
	}
}

// watchHeap returns a function that ends the watch and says the highest heap, in MiB.
func watchHeap(b *testing.B) func() float64 {
	b.Helper()
	runtime.GC()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var m runtime.MemStats
		top := uint64(0)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapInuse)
			select {
			case <-stop:
				peak <- top
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 {
		close(stop)
		return float64(<-peak) / (1 << 20)
	}
}
