package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The figures that a decision over HTTP is held to.
const (
	httpCPU   = 3.0 // times what the server spends on an empty route
	httpRate  = 0.6 // of its requests per second
	httpConns = 16
)

// BenchmarkHTTP asks for decisions over HTTP as a program would, and the same server
// process for an empty route on a bare listener, in turns. The server is a process of
// its own, so that what the client spends is not counted.
func BenchmarkHTTP(b *testing.B) {
	s := startServer(b, decidingCompany(b))
	full, bare := s.load(b, s.full), s.load(b, s.bare)
	const rounds, each = 6, 2 * time.Second
	full.drive(b, s, httpConns, each) // warm
	bare.drive(b, s, httpConns, each)
	var f, e, fIdle, eIdle tally
	for b.Loop() {
		for range rounds {
			e.add(bare.drive(b, s, httpConns, each))
			f.add(full.drive(b, s, httpConns, each))
			eIdle.add(bare.drive(b, s, 1, each/4))
			fIdle.add(full.drive(b, s, 1, each/4))
		}
	}
	cpu, rate := f.cpuEach()/e.cpuEach(), f.rate()/e.rate()
	b.ReportMetric(cpu, "cpu-ratio")
	b.ReportMetric(rate, "rate-ratio")
	for _, row := range []struct {
		name string
		t    *tally
	}{{"empty, 16 connections", &e}, {"decision, 16 connections", &f}, {"empty, one at a time", &eIdle}, {"decision, one at a time", &fIdle}} {
		b.Logf("%-26s %8.0f/s  server CPU %6.1f µs  p50 %7.3f ms  p99 %7.3f ms", row.name, row.t.rate(), row.t.cpuEach()*1e6, row.t.at(50), row.t.at(99))
	}
	b.Logf("server CPU per decision: %.2f times the empty route's (at most %.1f); requests a second: %.2f of its (at least %.1f)", cpu, httpCPU, rate, httpRate)
}

// tally is what came of some time of asking.
type tally struct {
	n     int
	took  time.Duration
	cpu   time.Duration
	waits []time.Duration
}

func (t *tally) add(u tally) {
	t.n, t.took, t.cpu, t.waits = t.n+u.n, t.took+u.took, t.cpu+u.cpu, append(t.waits, u.waits...)
}

func (t *tally) rate() float64    { return float64(t.n) / t.took.Seconds() }
func (t *tally) cpuEach() float64 { return t.cpu.Seconds() / float64(t.n) }

// at is a percentile of the waits, in milliseconds.
func (t *tally) at(percent int) float64 {
	slices.Sort(t.waits)
	return float64(t.waits[min(len(t.waits)-1, len(t.waits)*percent/100)].Microseconds()) / 1000
}

// served is the server's process.
type served struct {
	full, bare string // addresses
	requests   []string
	in         io.Writer
	out        *bufio.Reader
}

// cpu is what the server's process has spent so far.
func (s *served) cpu(b *testing.B) time.Duration {
	b.Helper()
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		b.Fatal(err)
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n) * time.Microsecond
}

// startServer runs TestServeForBench as a process of its own. Its log goes to a file.
func startServer(b *testing.B, data string) *served {
	b.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context())) // it ends by itself
	args := []string{"-test.run", "^TestServeForBench$", "-test.timeout", "0"}
	if profile := os.Getenv("WRIT_BENCH_PROFILE"); profile != "" {
		args = append(args, "-test.cpuprofile", profile)
	}
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), serveEnv+"="+data)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close() // which ends it
		_ = cmd.Wait()
		cancel()
		_ = log.Close()
	})
	s := &served{in: in, out: bufio.NewReader(out)}
	for _, into := range []*string{&s.full, &s.bare} {
		line, err := s.out.ReadString('\n')
		if err != nil {
			text, _ := os.ReadFile(log.Name())
			b.Fatalf("the server does not start: %v\n%s", err, text)
		}
		*into = strings.TrimSpace(line)
	}
	questions, err := os.ReadFile(filepath.Join(data, questionsFile))
	if err != nil {
		b.Fatal(err)
	}
	for body := range strings.Lines(string(questions)) {
		body = strings.TrimSpace(body)
		s.requests = append(s.requests, fmt.Sprintf("POST /v1/decisions HTTP/1.1\r\nHost: localhost:7400\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", benchToken, len(body), body))
	}
	return s
}

// load is one address to ask.
type load struct {
	address  string
	requests []string
}

func (s *served) load(_ *testing.B, address string) load { return load{address, s.requests} }

// drive asks over some connections, each one request after the other.
func (l load) drive(b *testing.B, s *served, conns int, how time.Duration) tally {
	b.Helper()
	before, begun := s.cpu(b), time.Now()
	until := begun.Add(how)
	results := make([]tally, conns)
	errs := make([]error, conns)
	var all sync.WaitGroup
	for i := range conns {
		all.Go(func() { results[i], errs[i] = l.ask(i, until) })
	}
	all.Wait()
	t := tally{took: time.Since(begun), cpu: s.cpu(b) - before}
	for i, r := range results {
		if errs[i] != nil {
			b.Fatal(errs[i])
		}
		t.n, t.waits = t.n+r.n, append(t.waits, r.waits...)
	}
	return t
}

func (l load) ask(from int, until time.Time) (t tally, err error) {
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		return t, err
	}
	defer c.Close() //nolint:errcheck // it was asked enough
	r := bufio.NewReader(c)
	for i := from * 7; ; i++ {
		begun := time.Now()
		if begun.After(until) {
			return t, nil
		}
		if _, err := io.WriteString(c, l.requests[i%len(l.requests)]); err != nil {
			return t, err
		}
		if err := answered(r); err != nil {
			return t, err
		}
		t.n++
		t.waits = append(t.waits, time.Since(begun))
	}
}

// answered reads one answer, as cheaply as can be: the client shares the processor.
func answered(r *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		text := string(line)
		switch {
		case first && !strings.Contains(text, " 200 "):
			rest, _ := r.Peek(min(r.Buffered(), 2000))
			return fmt.Errorf("%s%s", text, rest)
		case strings.HasPrefix(text, "Content-Length: "):
			if length, err = strconv.Atoi(strings.TrimSpace(text[len("Content-Length: "):])); err != nil {
				return err
			}
		case text == "\r\n":
			_, err := r.Discard(length)
			return err
		}
	}
}
