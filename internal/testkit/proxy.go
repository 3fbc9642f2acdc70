package testkit

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// A Fault is what a Proxy does to a connection.
type Fault int

// The faults.
const (
	Pass   Fault = iota // everything goes through
	Cut                 // after so many bytes from the server, both sides are hung up
	Hang                // after so many bytes from the server, nothing more comes, until the client hangs up
	Refuse              // hung up before the first byte
)

// Proxy is a TCP proxy on loopback that breaks connections on purpose.
type Proxy struct {
	Addr string

	target string
	ctx    context.Context //nolint:containedctx // the life of the proxy itself, for connections that hang
	all    sync.WaitGroup

	mu     sync.Mutex
	fault  Fault
	after  int64
	total  int64
	broken int
}

// NewProxy starts a proxy in front of a server; it ends with the test.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the test
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Proxy{Addr: l.Addr().String(), target: target, ctx: ctx}
	p.all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.all.Go(func() { p.serve(client) })
		}
	})
	tb.Cleanup(func() {
		stop()
		_ = l.Close()
		p.all.Wait()
	})
	return p
}

// Break sets what happens from now on, to open connections too. The bytes are counted over
// all of them together, so that a fault can lie in any of several connections.
func (p *Proxy) Break(fault Fault, after int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.after, p.total, p.broken = fault, after, 0, 0
}

// Total is how many bytes servers sent since Break, and how many connections
// the fault met.
func (p *Proxy) Total() (bytes int64, broken int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total, p.broken
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // nothing is left to say
	stop := context.AfterFunc(p.ctx, func() { _ = client.Close() })
	defer stop()
	if p.refuses() {
		return
	}
	server, err := new(net.Dialer).DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // nothing is left to say
	defer context.AfterFunc(p.ctx, func() { _ = server.Close() })()
	left := make(chan struct{})
	p.all.Go(func() {
		defer close(left)
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	p.answers(client, server, left)
}

// answers passes what the server says until the fault's time has come.
func (p *Proxy) answers(client, server net.Conn, left <-chan struct{}) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := server.Read(buffer)
		may, fault := p.takes(n)
		if _, writes := client.Write(buffer[:may]); writes != nil {
			return
		}
		if may < n {
			if fault == Hang {
				_, _ = io.Copy(io.Discard, server)
				select {
				case <-left: // the client has had enough
				case <-p.ctx.Done():
				}
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// takes says how many of n bytes may pass.
func (p *Proxy) takes(n int) (may int, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.after - p.total
	p.total += int64(n)
	if p.fault == Pass || left >= int64(n) {
		return n, p.fault
	}
	p.broken++
	return int(max(left, 0)), p.fault
}

// refuses reports whether connections are hung up at once.
func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == Refuse {
		p.broken++
	}
	return p.fault == Refuse
}
