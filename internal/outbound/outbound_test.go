package outbound

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestWhatIsNeverDialled(t *testing.T) {
	tests := []struct {
		address   string
		own, fine bool
	}{
		{"192.0.2.10", false, true},
		{"10.1.2.3", false, true},
		{"2001:db8::1", false, true},
		{"127.0.0.1", false, false},
		{"127.0.0.1", true, true},
		{"::1", true, true},
		{"::ffff:127.0.0.1", false, false},
		{"64:ff9b::7f00:1", false, false},
		{"2002:7f00:1::", false, false},
		{"169.254.169.254", true, false},
		{"::ffff:169.254.169.254", true, false},
		{"64:ff9b::a9fe:a9fe", true, false},
		{"fe80::1", true, false},
		{"fd00:ec2::254", true, false},
		{"100.100.100.200", true, false},
		{"0.0.0.0", true, false},
		{"::", true, false},
		{"224.0.0.1", true, false},
	}
	for _, tt := range tests {
		if err := check(netip.MustParseAddr(tt.address), tt.own); (err == nil) != tt.fine {
			t.Errorf("%s, own %t: %v", tt.address, tt.own, err)
		}
	}
}

// What an operator has configured is dialled, and what tells machines their secrets never.
func TestLesson04_WhatASystemMayBe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := Dialer("localhost", dialTimeout).DialContext(t.Context(), "tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		t.Fatalf("a system on this machine: %v", err)
	}
	_ = conn.Close()
	for _, tt := range []struct {
		host, address string
		fine          bool
	}{
		{"db1.example.com", "10.1.2.3:5432", true},
		{"db1.example.com", "127.0.1.1:5432", true},
		{"db1.example.com", "169.254.7.7:5432", false},
		{"db1.example.com", "169.254.169.254:80", false},
		{"db1.example.com", "[fe80::1]:5432", false},
		{"169.254.7.7", "169.254.7.7:5432", true},
		{"169.254.7.7", "169.254.7.8:5432", false},
		{"fe80::1", "[fe80::1%eth0]:22", true},
		{"169.254.169.254", "169.254.169.254:80", false},
		{"::ffff:169.254.169.254", "[::ffff:169.254.169.254]:80", false},
		{"fd00:ec2::254", "[fd00:ec2::254]:80", false},
		{"0.0.0.0", "0.0.0.0:22", true},
	} {
		if err := Dialer(tt.host, 0).Control("tcp", tt.address, nil); (err == nil) != tt.fine {
			t.Errorf("%s at %s: %v", tt.host, tt.address, err)
		}
	}
}

func TestOnlyThisMachineGoesWithoutTLS(t *testing.T) {
	for to, fine := range map[string]bool{
		"https://idp.example.com/realm": true, "http://localhost:8080": true, "http://127.0.0.1": true, "http://[::1]:80": true,
		"http://idp.example.com": false, "https://me:secret@idp.example.com": false, "ftp://x": false, "": false, "https:///x": false,
	} {
		if _, err := New(Config{URL: to}); (err == nil) != fine {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, c Config) *Client {
	t.Helper()
	got, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (c *Client) get(ctx context.Context, to string) (string, error) {
	answer, err := c.Do(ctx, http.MethodGet, to, nil, nil)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func TestLesson04_AnAnswerLeadsNowhereElse(t *testing.T) {
	inside := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") })
	outside := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, inside.URL, http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "outside")
		}
	})
	c := client(t, Config{URL: outside.URL})
	if got, err := c.get(t.Context(), outside.URL+"/here"); err != nil || got != "outside" {
		t.Errorf("on one host: %q, %v", got, err)
	}
	for _, path := range []string{"/away", "/round"} {
		if got, err := c.get(t.Context(), outside.URL+path); !errors.Is(err, ErrRedirect) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	elsewhere := client(t, Config{URL: "https://idp.example.com"})
	if got, err := elsewhere.get(t.Context(), strings.Replace(inside.URL, "http:", "https:", 1)); !errors.Is(err, ErrAddress) {
		t.Errorf("this machine, which is not what was configured: %q, %v", got, err)
	}
	if got, err := elsewhere.get(t.Context(), inside.URL); !errors.Is(err, ErrURL) {
		t.Errorf("without TLS: %q, %v", got, err)
	}
}

// TestLesson04_ANameDecidesNothing asks a name server of its own, which says of every
// name that it is an address that nothing is sent to.
func TestLesson04_ANameDecidesNothing(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "169.254.169.254"} {
		l, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the test is over
		go answerNames(l, netip.MustParseAddr(address))
		d := &net.Dialer{Timeout: dialTimeout, Control: control(false), Resolver: &net.Resolver{
			PreferGo: true,
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "udp", l.LocalAddr().String())
			},
		}}
		conn, err := d.DialContext(t.Context(), "tcp4", "idp.example.com:80")
		if !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %v, %v", address, conn, err)
		}
	}
}

// answerNames answers each question with one address of IPv4 (RFC 1035).
func answerNames(l net.PacketConn, a netip.Addr) {
	buf := make([]byte, 512)
	for {
		n, from, err := l.ReadFrom(buf)
		if err != nil {
			return
		}
		end := 12
		for end < n && buf[end] != 0 {
			end += int(buf[end]) + 1
		}
		end += 5 // the root, the type and the class
		if end > n {
			continue
		}
		reply := append([]byte(nil), buf[:end]...)
		reply[2], reply[3] = 0x81, 0x80
		reply[7], reply[9], reply[11] = 1, 0, 0 // one answer, nothing after it
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		_, _ = l.WriteTo(append(reply, a.AsSlice()...), from)
	}
}

func TestAnAnswerEnds(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var to io.Writer = w
		if r.URL.Path == "/packed" {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			defer packed.Close() //nolint:errcheck // whoever reads sees it
			to = packed
		}
		_, _ = io.WriteString(to, strings.Repeat("x", 1001))
	})
	for _, path := range []string{"/", "/packed"} {
		if got, err := client(t, Config{URL: s.URL, MaxBody: 1000}).get(t.Context(), s.URL+path); !errors.Is(err, ErrTooLarge) || len(got) != 1000 {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
		if got, err := client(t, Config{URL: s.URL, MaxBody: 1001}).get(t.Context(), s.URL+path); err != nil || len(got) != 1001 {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
}

// A system may be on this machine, with an authority of its own, and is nothing that tells
// machines their secrets.
func TestASystemIsCalled(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "system") }))
	t.Cleanup(s.Close)
	trust := x509.NewCertPool()
	trust.AddCert(s.Certificate())
	c := client(t, Config{URL: s.URL, System: true, Trust: trust})
	defer c.Close()
	if got, err := c.get(t.Context(), s.URL); err != nil || got != "system" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := client(t, Config{URL: s.URL, System: true}).get(t.Context(), s.URL); err == nil {
		t.Errorf("nobody's certificate: %q", got)
	}
	if _, err := client(t, Config{URL: "https://169.254.169.254/scim", System: true}).get(t.Context(), "https://169.254.169.254/scim"); !errors.Is(err, ErrAddress) {
		t.Errorf("what tells machines their secrets: %v", err)
	}
}
