package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/writhq/writ/access"
)

func TestWhereARequestComesFrom(t *testing.T) {
	proxies := Networks{netip.MustParsePrefix("10.0.0.0/8")}
	tests := []struct {
		name, from, said, want string
	}{
		{"nobody in between", "192.0.2.1:5", "", "192.0.2.1"},
		{"a stranger says", "192.0.2.1:5", "198.51.100.9", "192.0.2.1"},
		{"our proxy says", "10.0.0.1:5", "198.51.100.9", "198.51.100.9"},
		{"two of our proxies", "10.0.0.1:5", "198.51.100.9, 10.0.0.2", "198.51.100.9"},
		{"the client lies to our proxy", "10.0.0.1:5", "127.0.0.1, 198.51.100.9", "198.51.100.9"},
		{"our proxy says nonsense", "10.0.0.1:5", "unknown", "10.0.0.1"},
		{"mapped", "[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &Server{cfg: Config{Proxies: proxies}}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.from
			if tt.said != "" {
				r.Header.Set("X-Forwarded-For", tt.said)
			}
			if got := s.address(r); got.String() != tt.want {
				t.Errorf("it comes from %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOneSubscriberOfIPv6IsOneAddress(t *testing.T) {
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:1")
	if subscriber(a) != subscriber(b) {
		t.Error("whoever has a /64 has as many buckets as it likes")
	}
	if c := netip.MustParseAddr("2001:db8:0:1::1"); subscriber(a) == subscriber(c) {
		t.Error("two subscribers share a bucket")
	}
}

func TestARateHoldsEvenOverAFloodOfKeys(t *testing.T) {
	at := time.Unix(1000, 0)
	b := newBuckets[access.IdentityID](1, 3, 0, 0)
	for i := range 3 {
		if !b.allow(1, at) {
			t.Fatalf("request %d of a burst of 3 is refused", i)
		}
	}
	if b.allow(1, at) {
		t.Fatal("a fourth is let through")
	}
	for i := range access.IdentityID(maxKeys + 10) {
		b.allow(i+2, at)
	}
	if len(b.now) > maxKeys+1 {
		t.Errorf("%d buckets are kept", len(b.now))
	}
	if b.allow(1, at) {
		t.Error("a flood of others forgave the first")
	}
}
