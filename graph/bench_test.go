package graph

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
)

// BenchmarkGraph loads a company of WRIT_BENCH_IDENTITIES (100,000 unless set)
// with ten times as many grants and measures each kind of answer. Run it with
// -benchtime=1x: each figure is already taken over many questions.
func BenchmarkGraph(b *testing.B) {
	w := &town{identities: 100_000, bumped: map[int]uint64{}}
	if n, err := strconv.Atoi(os.Getenv("WRIT_BENCH_IDENTITIES")); err == nil {
		w.identities = n
	}
	begin := time.Now()
	g := open(b, w)
	loading := time.Since(begin)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)

	b.Run("load", func(b *testing.B) {
		for range b.N {
			b.ReportMetric(loading.Seconds(), "s")
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
			b.ReportMetric(highWater(), "hwm-MiB")
		}
	})
	r := rand.New(rand.NewPCG(1, 2))
	someIdentity := func() access.Ref { return access.IdentityID(1 + r.IntN(w.identities)).Ref() }
	someEntitlement := func() access.Ref { return access.EntitlementID(1 + r.IntN(w.entitlements())).Ref() }
	v := g.View()
	b.Run("size", func(b *testing.B) {
		held, holders := 0, 0
		for range 1000 {
			held += len(v.Effective(someIdentity(), Question{}))
			holders += v.WhoCan(someEntitlement(), Question{}).Count
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(held)/1000, "held/identity")
		b.ReportMetric(float64(holders)/1000, "holders/entitlement")
	})
	for _, q := range []Question{{First: 100}, {First: 100, Escalation: true}} {
		suffix := ""
		if q.Escalation {
			suffix = "-escalation"
		}
		b.Run("who-can"+suffix, measured(2000, func() { v.s.remembered = memory[Members]{}; v.WhoCan(someEntitlement(), q) }))
		b.Run("effective"+suffix, measured(5000, func() { v.Effective(someIdentity(), q) }))
		b.Run("why"+suffix, measured(1000, func() { v.Why(someIdentity(), someEntitlement(), q) }))
		b.Run("both-500"+suffix, measured(5, func() {
			v.s.remembered = memory[Members]{}
			pairs := make([][2]access.EntitlementID, 500)
			for i := range pairs {
				pairs[i] = [2]access.EntitlementID{access.EntitlementID(someEntitlement().Key), access.EntitlementID(someEntitlement().Key)}
			}
			v.Both(pairs, q)
		}))
	}
	b.Run("who-can-everybody", measured(300, func() { v.s.remembered = memory[Members]{}; v.WhoCan(access.EntitlementID(1).Ref(), Question{}) }))
	b.Run("rank", measured(3, func() {
		v.Rank([][]access.EntitlementID{{1}, {access.EntitlementID(w.groups() + 1)}}, true)
	}))
	b.Run("cycles", measured(3, func() { v.Cycles() }))
	v.Close()
	b.Run("follow-1000", measured(20, func() {
		w.change(r, 1000)
		if _, err := g.Follow(context.Background()); err != nil {
			b.Fatal(err)
		}
	}))
	b.Run("follow-1", measured(200, func() {
		w.change(r, 1)
		if _, err := g.Follow(context.Background()); err != nil {
			b.Fatal(err)
		}
	}))
	b.Run("after", func(b *testing.B) {
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(g)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
		b.ReportMetric(highWater(), "hwm-MiB")
	})
}

// measured asks n times and reports the median and the 99th percentile.
func measured(n int, ask func()) func(*testing.B) {
	return func(b *testing.B) {
		times := make([]time.Duration, n)
		for i := range times {
			begin := time.Now()
			ask()
			times[i] = time.Since(begin)
		}
		slices.Sort(times)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ms(times[n/2]), "p50-ms")
		b.ReportMetric(ms(times[n*99/100]), "p99-ms")
	}
}

// highWater is the most memory that the process ever had, in MiB; 0 where the
// system does not say.
func highWater() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return kib / 1024
		}
	}
	return 0
}
