package bench

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkAssessMedium is the whole command on the medium company: 20,000
// identities and 200,000 grants, from files to findings, as a process of its own.
func BenchmarkAssessMedium(b *testing.B) {
	writ := program(b)
	dir := filepath.Join(b.TempDir(), "sample")
	if out, err := exec.CommandContext(b.Context(), writ, "sample", "--size", "medium", "--out", dir).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	var peak int64
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), writ, "assess", "--sample", dir, "-o", "json")
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	b.ReportMetric(float64(peak)/1024, "MB-peak")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/run")
}
