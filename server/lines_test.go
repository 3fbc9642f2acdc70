package server

import (
	"strings"
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
		if _, err := l.Write([]byte(long)); err != nil || !strings.HasSuffix(out.String(), long) {
			t.Errorf("many do not wait: %v", err)
		}
		if _, err := l.Write([]byte("last\n")); err != nil {
			t.Fatal(err)
		}
		if err := l.Flush(); err != nil || !strings.HasSuffix(out.String(), "last\n") {
			t.Errorf("at the end: %v", err)
		}
	})
}
