package server

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinesWaitForLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out safeBuffer
		l := NewLines(&out)
		for range 3 {
			if _, err := l.Write([]byte("one\n")); err != nil {
				t.Fatal(err)
			}
		}
		if out.String() != "" {
			t.Errorf("at once: %q", out.String())
		}
		time.Sleep(linesWait) //nolint:forbidigo // it is the clock of the test
		synctest.Wait()
		if out.String() != "one\none\none\n" {
			t.Errorf("then: %q", out.String())
		}
		long := strings.Repeat("x", linesMost) + "\n"
		if _, err := l.Write([]byte(long)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !strings.HasSuffix(out.String(), long) {
			t.Error("many wait")
		}
		if _, err := l.Write([]byte("last\n")); err != nil {
			t.Fatal(err)
		}
		if err := l.Flush(); err != nil || !strings.HasSuffix(out.String(), "last\n") {
			t.Errorf("at the end: %v", err)
		}
	})
}

// gate lets what is written through once it is opened.
type gate struct {
	open chan struct{}
	to   safeBuffer
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	return g.to.Write(b)
}

func TestLinesAreNeitherLostNorOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		l := NewLines(g)
		var want strings.Builder
		var handed atomic.Int64
		go func() {
			for i := range 400 {
				line := fmt.Sprintf("%d %s\n", i, strings.Repeat("x", 10_000))
				want.WriteString(line)
				if _, err := l.Write([]byte(line)); err != nil {
					t.Error(err)
				}
				handed.Add(1)
			}
		}()
		synctest.Wait()
		if n := handed.Load() * 10_000; n < linesHeld || n > linesHeld+4*linesMost {
			t.Errorf("%d bytes are held while nothing is written", n)
		}
		close(g.open)
		synctest.Wait()
		if err := l.Flush(); err != nil || g.to.String() != want.String() {
			t.Errorf("%v; %d bytes of %d", err, len(g.to.String()), want.Len())
		}
	})
}
