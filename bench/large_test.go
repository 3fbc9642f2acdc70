package bench

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/store"
)

// asBench is a context in which the node itself acts.
func asBench(tb testing.TB) context.Context {
	return audit.WithActor(tb.Context(), audit.Actor{Node: "bench"})
}

// program builds the command as it is released.
func program(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "writ")
	build := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-o", path, "github.com/writhq/writ/cmd/writ")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return path
}

// largeStore is the data folder of the large company, read and classified. It is
// not to be written.
func largeStore(tb testing.TB) string {
	tb.Helper()
	dir, size := os.Getenv("WRIT_BENCH_DATA"), cmp.Or(os.Getenv("WRIT_BENCH_SIZE"), "large")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			tb.Fatal(err)
		}
		dir = filepath.Join(cache, "writ-bench", size)
	}
	if store.Exists(dir) {
		return dir
	}
	tb.Logf("making the %s company in %s, once; it takes some minutes", size, dir)
	writ, made := program(tb), dir+".part"
	if err := errors.Join(os.RemoveAll(made), os.MkdirAll(made, 0o700)); err != nil {
		tb.Fatal(err)
	}
	sample := filepath.Join(made, "sample")
	for _, args := range [][]string{
		{"sample", "--size", size, "--seed", "1", "--out", sample},
		{"assess", "--sample", sample, "--keep", filepath.Join(made, "data"), "-o", "csv"},
	} {
		if out, err := exec.CommandContext(tb.Context(), writ, args...).CombinedOutput(); err != nil { //nolint:gosec // our own command
			tb.Fatalf("writ %s: %v: %s", args[0], err, out[max(0, len(out)-2000):])
		}
	}
	if err := os.Rename(filepath.Join(made, "data"), dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// largeCopy is a copy of the large company that may be written.
func largeCopy(tb testing.TB) string {
	tb.Helper()
	from, to := largeStore(tb), filepath.Join(tb.TempDir(), "data")
	if out, err := exec.CommandContext(tb.Context(), "cp", "-r", from, to).CombinedOutput(); err != nil {
		tb.Fatalf("copying %s: %v: %s", from, err, out)
	}
	syscall.Sync() // what was copied is not written back while something is measured
	return to
}

func openStore(tb testing.TB, dir string) *store.DB {
	tb.Helper()
	db, err := store.Open(asBench(tb), store.Config{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// resident is the memory that the process has and the most that it ever had, in MB.
func resident(tb testing.TB) (now, most float64) {
	tb.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, fs.ErrNotExist) {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			tb.Fatal(err)
		}
		return 0, float64(r.Maxrss) / 1000
	} else if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			now = kib * 1024 / 1e6
		case "VmHWM:":
			most = kib * 1024 / 1e6
		}
	}
	return now, most
}
