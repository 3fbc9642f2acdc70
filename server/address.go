package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
)

// Networks is a list of address ranges.
type Networks []netip.Prefix

// Contains reports whether an address is in one of them.
func (n Networks) Contains(a netip.Addr) bool {
	for _, p := range n {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// address is where a request comes from. What a proxy says counts only where the
// proxy is one of ours, and only what the nearest stranger was.
func (s *Server) address(r *http.Request) netip.Addr {
	a := addressOf(r.RemoteAddr)
	if len(s.cfg.Proxies) == 0 || !s.cfg.Proxies.Contains(a) {
		return a
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		a = hop.Unmap()
		if !s.cfg.Proxies.Contains(a) {
			break
		}
	}
	return a
}

func addressOf(text string) netip.Addr {
	ap, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// subscriber is what counts as one: an IPv4 address, or the /64 that one IPv6
// subscriber has at least.
func subscriber(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// connections caps how many connections one address holds, whatever it does on them.
type connections struct {
	most int
	mu   sync.Mutex
	held map[netip.Addr]int
}

func newConnections(most int) *connections {
	return &connections{most: most, held: map[netip.Addr]int{}}
}

// state follows a connection's life. What it does between is asked twice a request.
func (c *connections) state(conn net.Conn, s http.ConnState) {
	if s == http.StateActive || s == http.StateIdle {
		return
	}
	a := subscriber(addressOf(conn.RemoteAddr().String()))
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		c.held[a]++
		if c.held[a] > c.most {
			_ = conn.Close() // it is told nothing; the state that follows gives its place back
		}
	case http.StateClosed, http.StateHijacked:
		if c.held[a]--; c.held[a] <= 0 {
			delete(c.held, a)
		}
	case http.StateActive, http.StateIdle:
	}
}
