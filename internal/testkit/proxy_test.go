package testkit

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// say serves a text to whoever connects.
func say(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func TestProxyFaults(t *testing.T) {
	p := NewProxy(t, say(t, "hello world"))
	hear := func() (string, error) {
		c, err := net.Dial("tcp", p.Addr) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing is left to say
		_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		b, err := io.ReadAll(c)
		return string(b), err
	}
	tests := []struct {
		fault Fault
		after int64
		want  string
		hangs bool
	}{
		{Pass, 0, "hello world", false}, {Cut, 5, "hello", false}, {Cut, 0, "", false}, {Cut, 11, "hello world", false}, {Refuse, 100, "", false}, {Hang, 5, "hello", true},
	}
	for _, tt := range tests {
		p.Break(tt.fault, tt.after)
		got, err := hear()
		if got != tt.want || errors.Is(err, os.ErrDeadlineExceeded) != tt.hangs {
			t.Errorf("fault %d after %d: heard %q, %v", tt.fault, tt.after, got, err)
		}
	}
	p.Break(Cut, 14)
	first, _ := hear()
	second, _ := hear()
	if total, broken := p.Total(); first != "hello world" || second != "hel" || total != 22 || broken != 1 {
		t.Errorf("%q, %q, %d bytes, %d broken", first, second, total, broken)
	}
}
