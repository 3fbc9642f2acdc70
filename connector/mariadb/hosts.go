package mariadb

import (
	"net/netip"
	"slices"
	"strings"
)

// The server decides by name and by where a client comes from which account it is: of those
// that fit, the one whose host says most. It matches the client's name and its address, and
// shows only one of the two.

// comer is who connects, and from where, as the server shows it.
type comer struct{ user, host string }

// meant is the account that the server takes a client for. It is not sure where what the
// server does not show could make it another one; then all that it may be are named.
func meant(accounts []accountName, c comer) (may []accountName, sure bool) {
	sure = true
	best := -1
	for _, a := range accounts {
		if a.User != c.user && a.User != "" {
			continue
		}
		fits, known := fitsHost(a.Host, c.host)
		switch rank := precision(a.Host); {
		case !known, fits && a.User == "":
			sure = false
			may = append(may, a)
		case !fits:
		case rank > best:
			best = rank
			may = slices.DeleteFunc(may, func(b accountName) bool { return b.User != "" && precision(b.Host) < rank })
			may = append(may, a)
		case rank == best:
			sure = false
			may = append(may, a)
		}
	}
	return may, sure && len(may) == 1
}

// fitsHost reports whether an account's host fits a client's; known is false where that
// depends on what the server does not show.
func fitsHost(pattern, client string) (fits, known bool) {
	if pattern == everywhere || pattern == "" {
		return true, true
	}
	address, err := netip.ParseAddr(client)
	if network, mask, has := strings.Cut(pattern, "/"); has {
		if err != nil {
			return false, false
		}
		return masked(network, mask, address), true
	}
	if like(strings.ToLower(pattern), strings.ToLower(client)) {
		return true, true
	}
	// A client that is shown by its name has an address too, and the other way round where
	// the server looks names up: one that is shown by its address has none that it knows.
	return false, err == nil || strings.Trim(pattern, "0123456789abcdefABCDEF.:%_") != ""
}

// masked reports whether an address is in a network as a.b.c.d/m.m.m.m says it.
func masked(network, mask string, address netip.Addr) bool {
	n, errNetwork := netip.ParseAddr(network)
	m, errMask := netip.ParseAddr(mask)
	if errNetwork != nil || errMask != nil || !n.Is4() || !m.Is4() || !address.Is4() {
		return false
	}
	a, b, c := n.As4(), m.As4(), address.As4()
	for i := range a {
		if c[i]&b[i] != a[i] {
			return false
		}
	}
	return true
}

// precision orders hosts as the server does: by what stands before the first wildcard.
func precision(host string) int {
	if host == "" {
		return 0
	}
	if i := strings.IndexAny(host, "%_"); i >= 0 {
		return i + 1
	}
	const whole = 1 << 10
	if strings.Contains(host, "/") {
		return whole / 2
	}
	return whole
}
