package inventory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// BenchmarkIngest syncs a synthetic directory of WRIT_BENCH_ACCOUNTS accounts
// (20,000 unless set; 'make bench-ingest' asks for a million) with ten grants
// each, then the same stream again, and loads the same rows with the bare driver
// into the same tables. What the source itself costs is measured and subtracted
// everywhere. The same is said in computing time, a PostgreSQL server's included:
// where other work runs beside, it says more than the clock. Run it with
// -benchtime=1x.
func BenchmarkIngest(b *testing.B) {
	n := 20_000
	if text := os.Getenv("WRIT_BENCH_ACCOUNTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	source := syntheticOf(n)
	b.Run("sqlite", func(b *testing.B) {
		for b.Loop() {
			ingest(b, source, store.Config{Dir: b.TempDir()}, cpuTime, func() time.Duration { return bareSQLite(b, source) })
		}
	})
	b.Run("postgres", func(b *testing.B) {
		for b.Loop() {
			url := testkit.Database(b)
			computed := func() time.Duration { return cpuTime() + serverCPUTime(b, url) }
			ingest(b, source, store.Config{Dir: b.TempDir(), Postgres: url}, computed, func() time.Duration { return barePostgres(b, source) })
		}
	})
}

func ingest(b *testing.B, source synthetic, cfg store.Config, computed, bare func() time.Duration) {
	began := computed()
	drained, rows := drain(source)
	drainedCPU := computed() - began
	began = computed()
	alone := bare() - drained // it makes the same rows
	aloneCPU := computed() - began - drainedCPU
	forgetPeak(b)
	db, err := store.Open(asTest(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	s := service(db)
	s.Connectors = map[string]connector.Spec{"synthetic": source.spec()}
	y := inventory.System{System: access.System{Name: "directory", Kind: "synthetic"}, Config: inventory.Config{Address: "memory"}}
	id, err := s.AddSystem(asTest(), y, nil)
	if err != nil {
		b.Fatal(err)
	}
	sync := func() (inventory.Report, time.Duration) {
		started := time.Now()
		r, err := s.SyncSystem(asTest(), id, inventory.SyncOptions{})
		if err != nil {
			b.Fatal(err)
		}
		return r, time.Since(started) - drained
	}
	began = computed()
	report, first := sync()
	firstCPU := computed() - began - drainedCPU
	if got := report.Counts.Accounts + report.Counts.Grants + report.Counts.Credentials + report.Counts.Entitlements; got != rows {
		b.Fatalf("%d rows were synced, the source has %d", got, rows)
	}
	firstPeak := peakMB(b)
	forgetPeak(b)
	began = computed()
	report, again := sync()
	againCPU := computed() - began - drainedCPU
	if report.Changed+report.Removed != 0 {
		b.Fatalf("the same stream again changed %d and removed %d", report.Changed, report.Removed)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(drained.Seconds(), "source-s")
	b.ReportMetric(alone.Seconds(), "bare-s")
	b.ReportMetric(first.Seconds(), "first-s")
	b.ReportMetric(again.Seconds(), "again-s")
	b.ReportMetric(float64(rows)/alone.Seconds(), "bare-rows/s")
	b.ReportMetric(float64(rows)/first.Seconds(), "first-rows/s")
	b.ReportMetric(alone.Seconds()/first.Seconds(), "first/bare")
	b.ReportMetric(first.Seconds()/again.Seconds(), "again-factor")
	b.ReportMetric(aloneCPU.Seconds(), "bare-cpu-s")
	b.ReportMetric(firstCPU.Seconds(), "first-cpu-s")
	b.ReportMetric(againCPU.Seconds(), "again-cpu-s")
	b.ReportMetric(aloneCPU.Seconds()/firstCPU.Seconds(), "first/bare-cpu")
	b.ReportMetric(firstCPU.Seconds()/againCPU.Seconds(), "again-factor-cpu")
	b.ReportMetric(firstPeak, "first-peak-MB")
	b.ReportMetric(peakMB(b), "again-peak-MB")
}

// drain measures the source alone, and counts what it yields.
func drain(source synthetic) (took time.Duration, rows int64) {
	started := time.Now()
	for _, err := range source.Discover(asTest(), "") {
		if err == nil { // a synthetic source has none
			rows++
		}
	}
	return time.Since(started), rows
}

// cpuTime is what this process has computed.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forgetPeak gives back what the garbage collector holds and begins to measure
// the process's peak anew.
func forgetPeak(tb testing.TB) {
	tb.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
		tb.Logf("the peak is that of the whole process: %v", err)
	}
}

// peakMB is the process's peak resident memory, everything included.
func peakMB(tb testing.TB) float64 {
	tb.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kB float64
			if _, err := fmt.Sscan(rest, &kB); err != nil {
				tb.Fatal(err)
			}
			return kB / 1024
		}
	}
	return 0
}

// sqliteFileOf is where a store keeps its database.
func sqliteFileOf(dir string) string { return filepath.Join(dir, "writ.db") }
