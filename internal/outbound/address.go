package outbound

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/writhq/writ/internal/fault"
)

// ErrAddress is returned for an address that nothing is sent to.
var ErrAddress = fault.New(fault.Denied, "outbound-address", "nothing is sent to that address: it is this machine's own, or one that only the network behind it uses")

// metadata are addresses at which clouds tell machines their secrets.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"),
	netip.MustParseAddr("169.254.170.2"),
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("168.63.129.16"),
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

// inner is the IPv4 address that an IPv6 one carries, or the address itself.
func inner(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixTo4.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

// check refuses an address that nothing may be sent to.
func check(a netip.Addr, own bool) error {
	a = inner(a)
	if a.IsLoopback() && own {
		return nil
	}
	if !a.IsValid() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return ErrAddress
	}
	if slices.Contains(metadata, a) {
		return ErrAddress
	}
	return nil
}

// control is called with each address before it is dialled.
func control(own bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return ErrAddress
		}
		return check(ap.Addr(), own)
	}
}

// Dialer dials the system that somebody has configured to be at a host, over whatever it
// speaks. A system may be on this machine, and on a link-local address where that is what
// the host says; what tells machines their secrets is no system, however it is written.
func Dialer(host string, timeout time.Duration) *net.Dialer {
	named, err := netip.ParseAddr(host)
	literal := err == nil
	refuse := control(true)
	return &net.Dialer{Timeout: timeout, Control: func(network, address string, c syscall.RawConn) error {
		if strings.HasPrefix(network, "unix") { // only a path that was configured is dialled so
			return nil
		}
		ap, err := netip.ParseAddrPort(address)
		if err == nil && literal && inner(ap.Addr()) == inner(named) && !slices.Contains(metadata, inner(named)) {
			return nil
		}
		return refuse(network, address, c)
	}}
}

// namesOwn reports whether a host is this machine by its own name.
func namesOwn(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
