package server

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// TestLesson08_SlowClientsHoldNothing: whoever drips a byte at a time is cut off at the
// deadline, however often a byte comes.
func TestLesson08_SlowClientsHoldNothing(t *testing.T) {
	s := try(t, nil)
	s.times.header, s.times.read = 150*time.Millisecond, 300*time.Millisecond
	address, _, _ := run(t, s)
	for name, begin := range map[string]string{
		"in the header": "",
		"in the body":   "POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ana\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, begin); err != nil {
				t.Fatal(err)
			}
			gone := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, c)
				close(gone)
			}()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for end := time.After(20 * time.Second); ; {
				select {
				case <-gone:
					return
				case <-tick.C:
					_, _ = io.WriteString(c, " ")
				case <-end:
					t.Fatal("it still holds a connection")
				}
			}
		})
	}
}

// TestLesson08_OneAddressHoldsFewConnections: the next one is closed, and a place that
// is given back counts.
func TestLesson08_OneAddressHoldsFewConnections(t *testing.T) {
	address, _, _ := run(t, try(t, func(c *Config) { c.Limits.Connections = 3 }))
	alive := func(c net.Conn) bool {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return false
		}
		n, err := c.Read(make([]byte, 1))
		return n == 1 && err == nil
	}
	var held []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if !alive(c) {
			t.Fatal("one of three is not served")
		}
		held = append(held, c)
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if alive(c) {
		t.Error("a fourth is served")
	}
	_ = c.Close()
	_ = held[0].Close()
	waitUntil(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		defer c.Close()
		return alive(c)
	})
}

func TestTooManyRequests(t *testing.T) {
	s := try(t, func(c *Config) { c.Limits = Limits{AddressRate: 1, AddressBurst: 5, IdentityRate: 1, IdentityBurst: 2} })
	ask := func(remote, token string) int {
		r := httptest.NewRequest(http.MethodGet, "/v1/nowhere", nil)
		r.RemoteAddr = remote
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("it does not say when to come again")
		}
		return w.Code
	}
	for i, want := range []int{404, 404, 429, 429, 429, 429} { // the sixth by the address
		if got := ask("192.0.2.1:1", "ana"); got != want {
			t.Errorf("request %d of one identity: %d", i, got)
		}
	}
	if got := ask("192.0.2.1:2", "ben"); got != 429 {
		t.Errorf("another port is another address: %d", got)
	}
	if got := ask("192.0.2.2:1", "ben"); got != 404 {
		t.Errorf("another identity at another address: %d", got)
	}
	for range 5 {
		ask("[2001:db8::1]:1", "")
	}
	if got := ask("[2001:db8::ffff]:1", ""); got != 429 {
		t.Errorf("a subscriber has many addresses: %d", got)
	}
}

func TestForwardedForIsBelievedOfProxiesOnly(t *testing.T) {
	s := try(t, func(c *Config) { c.Proxies = Networks{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, tt := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:5", "203.0.113.9", "192.0.2.1"}, // a stranger
		{"10.0.0.1:5", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:5", "198.51.100.7, 203.0.113.9", "203.0.113.9"}, // what the stranger said itself
		{"10.0.0.1:5", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "::ffff:203.0.113.9", "203.0.113.9"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := s.address(r).String(); got != tt.want {
			t.Errorf("%s, forwarded for %q: %s", tt.remote, tt.forwarded, got)
		}
	}
}
