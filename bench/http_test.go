package bench

import (
	"bufio"
	"bytes"
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
	"syscall"
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
// process for nothing, in turns: a bare handler, which the figures are held to, and the
// same route, which decodes the question and does no more. The server is a process of its
// own, so that what the client spends is not counted.
func BenchmarkHTTP(b *testing.B) {
	s := startServer(b, decidingCompany(b))
	const rounds, each = 6, 2 * time.Second
	loads := []*load{{name: "decision", address: s.full}, {name: "empty handler", address: s.bare}, {name: "same route, empty", address: s.same}}
	for _, l := range loads {
		l.drive(b, s, httpConns, each) // warm
	}
	for b.Loop() {
		for range rounds {
			for _, l := range loads {
				l.many.add(l.drive(b, s, httpConns, each))
				l.one.add(l.drive(b, s, 1, each/4))
			}
		}
	}
	for _, l := range loads {
		for _, t := range []*tally{&l.many, &l.one} {
			at := "16 connections"
			if t == &l.one {
				at = "one at a time"
			}
			b.Logf("%-18s %-14s %7.0f/s  server CPU %6.1f µs  client %5.1f µs  p50 %6.3f ms  p99 %6.3f ms", l.name, at, t.rate(), t.cpuEach()*1e6, t.client.Seconds()/float64(t.n)*1e6, t.at(50), t.at(99))
		}
	}
	for _, l := range loads[1:] {
		cpu, rate := loads[0].many.cpuEach()/l.many.cpuEach(), loads[0].many.rate()/l.many.rate()
		b.Logf("a decision beside the %s: %.2f times the server's CPU (at most %.1f); %.2f of its requests a second (at least %.1f)", l.name, cpu, httpCPU, rate, httpRate)
		if l == loads[1] {
			b.ReportMetric(cpu, "cpu-ratio")
			b.ReportMetric(rate, "rate-ratio")
		}
	}
}

// tally is what came of some time of asking.
type tally struct {
	n      int
	took   time.Duration
	cpu    time.Duration
	client time.Duration
	waits  []time.Duration
}

func (t *tally) add(u tally) {
	t.client += u.client
	t.n, t.took, t.cpu, t.waits = t.n+u.n, t.took+u.took, t.cpu+u.cpu, append(t.waits, u.waits...)
}

func ownCPU(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
	full, bare, same string // addresses
	requests         []string
	in               io.Writer
	out              *bufio.Reader
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
	for _, into := range []*string{&s.full, &s.bare, &s.same} {
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

// load is one address to ask, and what came of it.
type load struct {
	name, address string
	many, one     tally
}

// drive asks over some connections, each one request after the other.
func (l *load) drive(b *testing.B, s *served, conns int, how time.Duration) tally {
	b.Helper()
	before, own, begun := s.cpu(b), ownCPU(b), time.Now()
	until := begun.Add(how)
	results := make([]tally, conns)
	errs := make([]error, conns)
	var all sync.WaitGroup
	for i := range conns {
		all.Go(func() { results[i], errs[i] = l.ask(s.requests, i, until) })
	}
	all.Wait()
	t := tally{took: time.Since(begun), cpu: s.cpu(b) - before, client: ownCPU(b) - own}
	for i, r := range results {
		if errs[i] != nil {
			b.Fatal(errs[i])
		}
		t.n, t.waits = t.n+r.n, append(t.waits, r.waits...)
	}
	return t
}

func (l *load) ask(requests []string, from int, until time.Time) (t tally, err error) {
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
		if _, err := io.WriteString(c, requests[i%len(requests)]); err != nil {
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
	for want := 1; ; {
		if _, err := r.Peek(want); err != nil {
			return err
		}
		head, _ := r.Peek(r.Buffered())
		end := bytes.Index(head, []byte("\r\n\r\n"))
		if end < 0 {
			want = len(head) + 1
			continue
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("%s", head)
		}
		_, length, _ := bytes.Cut(head[:end+2], []byte("\r\nContent-Length: "))
		length, _, _ = bytes.Cut(length, []byte("\r\n"))
		n, err := strconv.Atoi(string(length))
		if err != nil {
			return fmt.Errorf("an answer without a length: %s", head)
		}
		_, err = r.Discard(end + 4 + n)
		return err
	}
}
