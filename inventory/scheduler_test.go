package inventory

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/writhq/writ/access"
)

// plans are things that are read every so often, by the clock of a test.
type plans struct {
	mu    sync.Mutex
	every map[access.Ref]time.Duration
	last  map[access.Ref]time.Time
	takes time.Duration
	fails map[access.Ref]bool // leaves no trace

	reads     map[access.Ref][]time.Time
	now, most int
}

func (p *plans) list(context.Context) ([]Due, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Due
	for on, every := range p.every {
		list = append(list, Due{on, p.last[on].Add(every)})
	}
	return list, nil
}

func (p *plans) read(ctx context.Context, on access.Ref) error {
	p.mu.Lock()
	p.reads[on] = append(p.reads[on], time.Now())
	p.now++
	p.most = max(p.most, p.now)
	p.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(p.takes):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now--
	if p.fails[on] {
		return ErrBusy
	}
	p.last[on] = time.Now()
	return nil
}

func schedule(t *testing.T, p *plans, during time.Duration) {
	t.Helper()
	p.last, p.reads = map[access.Ref]time.Time{}, map[access.Ref][]time.Time{}
	ctx, stop := context.WithCancel(t.Context())
	s := &Scheduler{List: p.list, Read: p.read, Now: time.Now, Most: 2}
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	time.Sleep(during) //nolint:forbidigo // under synctest: the test's clock, which nobody waits for
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if p.now != 0 {
		t.Errorf("%d are still being read", p.now)
	}
}

func TestScheduler(t *testing.T) {
	a, b, c := access.SystemID(1).Ref(), access.SystemID(2).Ref(), access.SourceID(1).Ref()
	synctest.Test(t, func(t *testing.T) {
		p := &plans{every: map[access.Ref]time.Duration{a: 10 * time.Minute, b: time.Hour, c: 24 * time.Hour}, takes: 5 * time.Second}
		schedule(t, p, 3*time.Hour)
		if n, m, o := len(p.reads[a]), len(p.reads[b]), len(p.reads[c]); n < 17 || n > 18 || m != 3 || o != 1 {
			t.Errorf("read %d, %d and %d times", n, m, o)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &plans{every: map[access.Ref]time.Duration{}, takes: time.Minute}
		for n := range 9 {
			p.every[access.SystemID(n+1).Ref()] = time.Hour
		}
		schedule(t, p, 50*time.Minute)
		if p.most != 2 || len(p.reads) != 9 {
			t.Errorf("%d at once, %d of 9 read", p.most, len(p.reads))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &plans{every: map[access.Ref]time.Duration{a: time.Minute}, fails: map[access.Ref]bool{a: true}}
		schedule(t, p, 10*time.Minute)
		if n := len(p.reads[a]); n < 9 || n > 11 {
			t.Errorf("what somebody else reads was tried %d times in 10 minutes", n)
		}
	})
}
