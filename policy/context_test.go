package policy

import (
	"net/netip"
	"testing"
	"time"
)

// What is remembered of a context is what would be made of it.
func TestContextsAreRememberedAsTheyAre(t *testing.T) {
	c := newContexts()
	list := []Context{
		{},
		{MFA: true},
		{MFA: true, MFAAge: 3 * time.Second},
		{MFA: true, MFAAge: 3500 * time.Millisecond},
		{MFA: true, MFAAge: 4 * time.Second},
		{BreakGlass: true},
		{OnBehalfOf: 7},
		{OnBehalfOf: 8},
		{Reason: "x"},
		{Reason: "y"},
		{Address: netip.MustParseAddr("192.0.2.1")},
		{Address: netip.MustParseAddr("192.0.2.2")},
		{Address: netip.MustParseAddr("2001:db8::1")},
	}
	for range 3 {
		for i := range list {
			for _, own := range []bool{false, true} {
				if got, want := c.record(&list[i], own), contextRecord(&list[i], own); !got.Equal(want) {
					t.Errorf("%+v: %v, not %v", list[i], got, want)
				}
			}
		}
	}
}
