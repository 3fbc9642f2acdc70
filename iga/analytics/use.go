package analytics

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Use is what is known of how a grant is used.
type Use string

// The uses.
const (
	Used    Use = "used"    // in the period
	Unused  Use = "unused"  // known not to have been, in all of the period
	Recent  Use = "recent"  // never used, and not known for all of the period
	Unknown Use = "unknown" // nothing is known of its use
)

// weights are how much a grant matters, by its tier.
var weights = map[access.Tier]float64{access.Tier0: 8, access.Tier1: 4, access.Tier2: 2, access.Tier3: 1}

// tierOf is an entitlement's tier; before it has been classified it counts as the rest.
func tierOf(e graph.EntitlementNode) access.Tier {
	if e.Tier == access.Unclassified {
		return access.Tier3
	}
	return e.Tier
}

func weightOf(t access.Tier) float64 { return weights[t] }

// period is the time in which something is used or not.
type period struct {
	now, since access.Time
	young      map[access.GrantID]bool // never used, and not known before
}

func days(n int) access.Time {
	return access.Time(time.Duration(n) * 24 * time.Hour / time.Microsecond)
}

// usable reports whether an account lets anybody in.
func (p period) usable(a graph.AccountNode) bool {
	return a.Status == access.Enabled && (a.Expires == 0 || a.Expires > p.now)
}

// of says how a grant is used, and when last. Whoever does not sign in with an account
// does not use what it holds; who does may or may not.
func (p period) of(g graph.GrantEdge, a graph.AccountNode) (Use, access.Time) {
	switch {
	case g.UsageKnown && g.LastUsed >= p.since && g.LastUsed != 0:
		return Used, g.LastUsed
	case g.UsageKnown && g.LastUsed != 0:
		return Unused, g.LastUsed
	case g.UsageKnown && p.young[g.ID]:
		return Recent, 0
	case g.UsageKnown:
		return Unused, 0
	case !a.UsageKnown:
		return Unknown, 0
	case a.LastUsed != 0 && a.LastUsed < p.since:
		return Unused, a.LastUsed
	case a.LastUsed == 0 && a.Created != 0 && a.Created < p.since:
		return Unused, 0
	case a.LastUsed == 0:
		return Recent, 0
	}
	return Unknown, 0
}
