package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// twice: the same server says the same.
func (s Suite) twice(t *testing.T) {
	first, second := s.all(t), s.all(t)
	same(t, "the second time", set(t, first), set(t, second))
	if len(first) != len(second) {
		t.Errorf("%d records, then %d", len(first), len(second))
	}
}

const resumed = 5 // checkpoints that are resumed at, of those that there are

// resume: what came before a checkpoint and what comes after it is all; a cursor
// of nobody's starts over.
func (s Suite) resume(t *testing.T) {
	list := s.all(t)
	want := set(t, list)
	var places []int
	for i, r := range list {
		if r.Checkpoint != "" {
			places = append(places, i)
		}
	}
	step := max(1, len(places)/resumed)
	for n := 0; n < len(places); n += step {
		at := places[n]
		rest, err := read(t, t.Context(), s.open(t, s.Config), list[at].Checkpoint)
		if err != nil {
			t.Fatalf("resuming at record %d: %v", at, err)
		}
		same(t, "resumed", want, set(t, list[:at], rest))
	}
	over, err := read(t, t.Context(), s.open(t, s.Config), "a cursor of nobody's")
	if err != nil {
		t.Fatalf("a cursor that is not valid: %v", err)
	}
	same(t, "started over", want, set(t, over))
}

// cancelled: a context that ended never looks like the end of the system.
func (s Suite) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := read(t, ctx, s.open(t, s.Config), ""); err == nil {
		t.Errorf("before the start: %d records and no error", len(list))
	}
	all := len(s.all(t))
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	n, failed := 0, error(nil)
	for _, err := range s.open(t, s.Config).Discover(ctx, "") {
		if n++; n == 1 {
			cancel()
		}
		failed = err
	}
	if failed == nil && n < all {
		t.Errorf("half-way: %d of %d records and no error", n, all)
	}
	for _, err := range s.open(t, s.Config).Discover(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		break // whoever has seen enough may leave
	}
}

const (
	cuts     = 12
	patience = time.Minute // for a connector to notice that a server has fallen silent
)

// faults: a line that breaks anywhere is an error that names the system.
func (s Suite) faults(t *testing.T) {
	p := testkit.NewProxy(t, s.Addr)
	cfg := s.Through(s.Config, p.Addr)
	whole, err := read(t, t.Context(), s.open(t, cfg), "")
	if err != nil {
		t.Fatalf("through the proxy: %v", err)
	}
	want := set(t, whole)
	total, _ := p.Total()
	broken := 0
	for n := range int64(cuts) {
		after := total * n / cuts
		p.Break(testkit.Cut, after)
		broken += s.broken(t, p, cfg, want)
	}
	if broken < cuts/2 {
		t.Errorf("only %d of %d cuts were felt", broken, cuts)
	}
	hasty := cfg
	if s.Hasty != nil {
		hasty = s.Hasty(cfg)
	}
	for _, part := range []int64{10, 2} {
		p.Break(testkit.Hang, total/part)
		start := time.Now()
		if s.broken(t, p, hasty, want) == 0 {
			t.Errorf("a server that fell silent after %d of %d bytes was not felt", total/part, total)
		}
		if took := time.Since(start); took > patience {
			t.Errorf("a silent server was waited for %s", took)
		}
	}
	p.Break(testkit.Refuse, 0)
	_, err = s.open(t, cfg).Describe(t.Context())
	s.names(t, "hung up at once", err, connector.ErrUnreachable)
	_, err = read(t, t.Context(), s.open(t, cfg), "")
	s.names(t, "hung up at once", err, connector.ErrUnreachable)
	_, err = s.open(t, s.Through(s.Config, "127.0.0.1:1")).Describe(t.Context())
	s.names(t, "nobody listens", err, connector.ErrUnreachable)
}

// broken discovers over a line that breaks, and says whether that was felt.
func (s Suite) broken(t *testing.T, p *testkit.Proxy, cfg connector.Config, want map[string]bool) int {
	t.Helper()
	list, err := read(t, t.Context(), s.open(t, cfg), "")
	if err != nil {
		bytes, _ := p.Total()
		s.names(t, "a broken line", err, connector.ErrUnreachable, connector.ErrIncomplete)
		if testing.Verbose() {
			t.Logf("after %d bytes: %v", bytes, err)
		}
		return 1
	}
	same(t, "a line that broke too late to matter", want, set(t, list))
	return 0
}

func (s Suite) credentials(t *testing.T) {
	if len(s.Wrong) == 0 {
		t.Skip("the suite has none that are wrong")
	}
	for _, cfg := range s.Wrong {
		_, err := s.open(t, cfg).Describe(t.Context())
		s.names(t, "describing", err, connector.ErrCredentials)
		list, err := read(t, t.Context(), s.open(t, cfg), "")
		s.names(t, "discovering", err, connector.ErrCredentials)
		if len(list) != 0 {
			t.Errorf("%d records without credentials", len(list))
		}
	}
}
