package scim

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// BenchmarkDiscover reads services of two sizes, the larger one with 10,000 users and 1,000
// groups of 100. What is held grows with the number of members alone, by what an edge
// takes; the ratio says how far the highest heap grows where everything is ten times as
// much.
func BenchmarkDiscover(b *testing.B) {
	small, large := largeService(b, 1_000, 100), largeService(b, 10_000, 1_000)
	for b.Loop() {
		few, many := readAll(b, small, false), readAll(b, large, false)
		few.peak, many.peak = readAll(b, small, true).peak, readAll(b, large, true).peak
		b.ReportMetric(few.peak, "small-peak-MB")
		b.ReportMetric(many.peak, "large-peak-MB")
		b.ReportMetric(many.peak/few.peak, "peak-ratio")
		b.ReportMetric(float64(many.records)/many.took.Seconds(), "records/s")
		b.ReportMetric((many.took.Seconds()/float64(many.records))/(few.took.Seconds()/float64(few.records)), "time-per-record-ratio")
	}
}

const benchMembers = 100

func largeService(b *testing.B, users, groups int) *testkit.SCIMServer {
	b.Helper()
	s := testkit.SCIM(b, testkit.SCIMOptions{Page: 500})
	ids := make([]string, users)
	for i := range users {
		ids[i] = s.AddUser(b, fmt.Sprintf(`{"userName": "u%06d@example.test", "displayName": "User %d", "active": true, "emails": [{"value": "u%06d@example.test", "type": "work"}]}`, i, i, i))
	}
	for i := range groups {
		var members strings.Builder
		for k := range benchMembers {
			if k > 0 {
				members.WriteByte(',')
			}
			fmt.Fprintf(&members, `{"value": %q}`, ids[(i*7+k*13)%users])
		}
		s.AddGroup(b, fmt.Sprintf(`{"displayName": "g%04d", "members": [%s]}`, i, members.String()))
	}
	return s
}

type reach struct {
	records int
	took    time.Duration
	peak    float64
}

// readAll reads a service. If it watches, it looks at the heap at each thousandth record:
// above what the service itself, which is in the same process, takes.
func readAll(b *testing.B, server *testkit.SCIMServer, watches bool) (r reach) {
	b.Helper()
	cfg := (&company{SCIMServer: server}).config()
	s := opened(b, with(cfg, optPage, "500", optTimeout, "600"))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, top := m.HeapAlloc, m.HeapAlloc
	began := time.Now()
	for _, err := range s.Discover(b.Context(), "") {
		if err != nil {
			b.Fatal(err)
		}
		if r.records++; watches && r.records%1000 == 0 {
			runtime.GC() // what is live, without what merely waits to be collected
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapAlloc)
		}
	}
	r.took, r.peak = time.Since(began), float64(top-base)/(1<<20)
	return r
}
