package access

import (
	"testing"
	"time"
)

// The observation cycle is 15 minutes for tiers 0 and 1 and a day for the rest,
// unless a system says otherwise.
func TestCycle(t *testing.T) {
	for _, tt := range []struct {
		tier       Tier
		said, want time.Duration
	}{
		{Tier0, 0, 15 * time.Minute},
		{Tier1, 0, 15 * time.Minute},
		{Tier2, 0, 24 * time.Hour},
		{Tier3, 0, 24 * time.Hour},
		{Unclassified, 0, 15 * time.Minute},
		{Tier0, time.Hour, time.Hour},
		{Tier3, time.Minute, time.Minute},
	} {
		if got := tt.tier.Cycle(tt.said); got != tt.want {
			t.Errorf("tier %d that says %s: %s, want %s", tt.tier, tt.said, got, tt.want)
		}
	}
}
