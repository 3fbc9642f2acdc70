package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/writhq/writ/internal/fault"
)

// What sending can meet.
var (
	ErrURL      = fault.New(fault.Invalid, "outbound-url", "the address must be https://HOST, or http:// for this machine alone")
	ErrRedirect = fault.New(fault.Denied, "outbound-redirect", "the server answered that something else has it, which is not followed: configure the address that it has")
	ErrTooLarge = fault.New(fault.Unavailable, "outbound-too-large", "the server's answer is too large")
)

// Config says where a client goes.
type Config struct {
	// URL is what somebody configured. Without TLS it may be this machine alone.
	URL string
	// Own lets a name lead to this machine: a person's command, whose machine it is.
	Own bool
	// MaxBody is how much of an answer is read; zero is a MiB.
	MaxBody int64
	// Timeout is how long all of a request may take; zero is half a minute.
	Timeout time.Duration
	// System says that what is called is a system that somebody has configured: it may be
	// where Dialer goes, and think about its answer for as long as all may take.
	System bool
	// Trust are the authorities of the server's certificate; nil is the machine's.
	Trust *x509.CertPool
}

const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 10 * time.Second
	wholeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	maxBody       = 1 << 20
	maxHeader     = 64 << 10
	maxRedirects  = 3
)

// Client sends to where its configuration points.
type Client struct{ http *http.Client }

// New returns a client.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !namesOwn(u.Hostname())) {
		return nil, ErrURL
	}
	if c.MaxBody == 0 {
		c.MaxBody = maxBody
	}
	if c.Timeout == 0 {
		c.Timeout = wholeTimeout
	}
	dialer, patience := &net.Dialer{Timeout: dialTimeout, Control: control(c.Own || namesOwn(u.Hostname()))}, headerTimeout
	if c.System {
		dialer, patience = Dialer(u.Hostname(), dialTimeout), c.Timeout
	}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Trust}, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: patience, IdleConnTimeout: idleTimeout,
		MaxIdleConnsPerHost: 4, MaxResponseHeaderBytes: maxHeader,
	}
	return &Client{&http.Client{Transport: &capped{transport, u.Scheme, c.MaxBody}, Timeout: c.Timeout, CheckRedirect: stay}}, nil
}

// HTTP is the client, for a library that calls by itself.
func (c *Client) HTTP() *http.Client { return c.http }

// Close hangs up connections that nothing goes over.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do sends one request. Whoever calls closes the answer's body.
func (c *Client) Do(ctx context.Context, method, to string, header http.Header, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, err
	}
	if header != nil {
		r.Header = header
	}
	return c.http.Do(r)
}

// stay follows a redirect only where it stays on its host.
func stay(next *http.Request, via []*http.Request) error {
	from := via[0].URL
	if len(via) > maxRedirects || next.URL.Scheme != from.Scheme || next.URL.Host != from.Host {
		return ErrRedirect
	}
	return nil
}

// capped is a transport whose answers end.
type capped struct {
	next   *http.Transport
	scheme string // that was configured
	most   int64
}

// RoundTrip implements http.RoundTripper. Where TLS was configured, no URL that an
// answer names leads out of it.
func (c *capped) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && r.URL.Scheme != c.scheme {
		return nil, ErrURL
	}
	answer, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &cappedBody{answer.Body, c.most}
	return answer, nil
}

// CloseIdleConnections is what http.Client looks for.
func (c *capped) CloseIdleConnections() { c.next.CloseIdleConnections() }

type cappedBody struct {
	io.ReadCloser
	left int64
}

// Read refuses what is beyond the cap, instead of ending as if that were all.
func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}
