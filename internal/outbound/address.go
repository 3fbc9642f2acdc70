package outbound

import (
	"net/netip"
	"syscall"

	"github.com/writhq/writ/internal/fault"
)

// ErrAddress is returned for an address that nothing is sent to.
var ErrAddress = fault.New(fault.Denied, "outbound-address", "nothing is sent to that address: it is this machine's own, or one that only the network behind it uses")

// metadata are addresses at which clouds tell machines their secrets, outside of the
// link-local ranges.
var metadata = []netip.Addr{
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
	for _, m := range metadata {
		if a == m {
			return ErrAddress
		}
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

// namesOwn reports whether a host is this machine by its own name.
func namesOwn(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
