package finding

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// checker runs rules over one view.
type checker struct {
	v      *graph.View
	now    access.Time
	limits Limits
	own    map[access.EntitlementID]access.Tier // by an entitlement's own capabilities
	rule   Rule
	drafts []Draft
}

// Check runs every rule and returns what they find, in the order of rules and keys.
func Check(v *graph.View, own map[access.EntitlementID]access.Tier, now time.Time, limits Limits) []Draft {
	c := &checker{v: v, now: access.TimeOf(now), limits: limits, own: own}
	for _, r := range rules {
		c.rule = r
		r.check(c)
	}
	return c.drafts
}

// found adds a draft of the rule that runs.
func (c *checker) found(d Draft) {
	d.Rule = c.rule.ID
	if d.Severity == "" {
		d.Severity = c.rule.Severity
	}
	if more := len(d.Evidence) - c.limits.Evidence; more > 0 {
		d.Evidence = append(slices.Clip(d.Evidence[:c.limits.Evidence]), Evidence{Text: fmt.Sprintf("and %d more", more)})
	}
	c.drafts = append(c.drafts, d)
}

// account adds a draft about an account; its system's technical owner owns it.
func (c *checker) account(a graph.AccountNode, evidence ...Evidence) {
	c.found(Draft{Subject: a.ID.Ref(), System: a.System, Owner: c.technical(a.System), Evidence: evidence})
}

func (c *checker) technical(id access.SystemID) access.IdentityID {
	s, _ := c.v.System(id)
	if s.TechnicalOwner != 0 {
		return s.TechnicalOwner
	}
	return s.BusinessOwner
}

// enabled yields the accounts that can be used now.
func (c *checker) enabled() iter.Seq[graph.AccountNode] {
	return func(yield func(graph.AccountNode) bool) {
		for a := range c.v.Accounts() {
			if c.usable(a) && !yield(a) {
				return
			}
		}
	}
}

func (c *checker) usable(a graph.AccountNode) bool {
	return a.Status == access.Enabled && (a.Expires == 0 || a.Expires > c.now)
}

// human returns the first human that an account belongs to.
func (c *checker) human(a graph.AccountNode) (graph.IdentityNode, bool) {
	for _, id := range a.Identities {
		if i, ok := c.v.Identity(id); ok && i.Kind == access.Human {
			return i, true
		}
	}
	return graph.IdentityNode{}, false
}

// older reports whether something happened longer ago than d; what is not known
// is not old.
func (c *checker) older(at access.Time, d time.Duration) bool {
	return at != 0 && c.now-at > access.Time(d.Microseconds())
}

func say(text string, refs ...access.Ref) Evidence { return Evidence{Text: text, Refs: refs} }

// moment is for what happens within a day.
func moment(t access.Time) string { return t.Time().Format("2006-01-02 15:04 MST") }

func day(t access.Time) string { return t.Time().Format(time.DateOnly) }

// tiered lists the entitlements up to a tier by what tier says of each.
func (c *checker) tiered(worst access.Tier, tier func(graph.EntitlementNode) access.Tier) []access.Ref {
	var refs []access.Ref
	for e := range c.v.Entitlements() {
		if tier(e) <= worst {
			refs = append(refs, e.ID.Ref())
		}
	}
	return refs
}

func effective(e graph.EntitlementNode) access.Tier {
	if e.Tier == access.Unclassified {
		return access.Tier3 // classify has not run; it does before findings
	}
	return e.Tier
}

func (c *checker) ownTier(e graph.EntitlementNode) access.Tier {
	if t, ok := c.own[e.ID]; ok {
		return t
	}
	return access.Tier3
}

const standingOnly = 1 << access.Standing

// holders yields the usable accounts that have one of the targets.
func (c *checker) holders(targets []access.Ref, q graph.Question) iter.Seq[graph.AccountNode] {
	return func(yield func(graph.AccountNode) bool) {
		if len(targets) == 0 {
			return
		}
		for it := c.v.Members(targets, q).Accounts.Iterator(); it.HasNext(); {
			a, ok := c.v.Account(access.AccountID(it.Next()))
			if ok && c.usable(a) && !yield(a) {
				return
			}
		}
	}
}
