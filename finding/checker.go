package finding

import (
	"fmt"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// checker runs rules over one unit at a time.
type checker struct {
	v      *graph.View
	now    access.Time
	limits Limits
	f      *facts

	rule   *Rule
	index  int // of the rule
	drafts []marked
	turns  access.Time // when time alone may change what was found; zero is never
}

// marked is a draft with its rule's place in the table.
type marked struct {
	Draft
	rule int
}

// unit finds everything that is found at an object: what is wrong with itself, and
// with the grants that it holds.
func (c *checker) unit(ref access.Ref) []marked {
	c.drafts, c.turns = nil, 0
	switch ref.Kind {
	case access.KindAccount:
		if a, ok := c.v.Account(access.AccountID(ref.Key)); ok {
			c.atAccount(a)
		}
	case access.KindIdentity:
		if i, ok := c.v.Identity(access.IdentityID(ref.Key)); ok {
			c.each(func(k checks) {
				if k.identity != nil {
					k.identity(c, i)
				}
			})
		}
	case access.KindEntitlement:
		if e, ok := c.v.Entitlement(access.EntitlementID(ref.Key)); ok {
			c.each(func(k checks) {
				if k.entitlement != nil {
					k.entitlement(c, e)
				}
			})
		}
	case access.KindSystem:
		if s, ok := c.v.System(access.SystemID(ref.Key)); ok {
			c.each(func(k checks) {
				if k.system != nil {
					k.system(c, s)
				}
			})
		}
	case access.KindCredential:
		c.each(func(k checks) {
			if k.credential != nil {
				k.credential(c, access.CredentialID(ref.Key))
			}
		})
	default: // nothing is found at other kinds
	}
	c.atHolder(ref)
	return c.drafts
}

// atAccount runs the rules about accounts that can be used now.
func (c *checker) atAccount(a graph.AccountNode) {
	if !c.usable(a) {
		return
	}
	c.each(func(k checks) {
		if k.account != nil {
			k.account(c, a)
		}
	})
}

func (c *checker) atHolder(ref access.Ref) {
	switch ref.Kind {
	case access.KindAccount, access.KindIdentity, access.KindEntitlement:
	default:
		return
	}
	c.each(func(k checks) {
		if k.grant == nil {
			return
		}
		for g := range c.v.DirectGrants(ref) {
			k.grant(c, g)
		}
	})
}

func (c *checker) each(run func(k checks)) {
	for i := range rules {
		c.rule, c.index = &rules[i], i
		run(c.rule.check)
	}
}

// found adds a draft of the rule that runs.
func (c *checker) found(d Draft) { c.foundSome(d, len(d.Evidence)) }

// refsKept is how many facts that are not listed are still named, so that whoever
// accepts a finding accepts these and no others. Of yet more only their number counts.
const refsKept = 1000

// foundSome adds a draft whose evidence is the first of so many facts.
func (c *checker) foundSome(d Draft, facts int) {
	d.Rule = c.rule.ID
	if d.Severity == "" {
		d.Severity = c.rule.Severity
	}
	if more := facts - c.limits.Evidence; more > 0 {
		rest := Evidence{Text: fmt.Sprintf("and %d more", more)}
		named := min(len(d.Evidence)-c.limits.Evidence, refsKept)
		for _, e := range d.Evidence[c.limits.Evidence : c.limits.Evidence+named] {
			rest.Refs = append(rest.Refs, e.Refs...)
		}
		rest.Count = more - named
		d.Evidence = append(slices.Clip(d.Evidence[:c.limits.Evidence]), rest)
	}
	c.drafts = append(c.drafts, marked{d, c.index})
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

// usable reports whether an account can be used now.
func (c *checker) usable(a graph.AccountNode) bool {
	return a.Status == access.Enabled && (a.Expires == 0 || !c.reached(a.Expires))
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
	return at != 0 && c.reached(at+access.Time(d.Microseconds())+1)
}

// reached reports whether a time has come. Rules compare with the clock in no other
// way: where it has not come yet, the unit is looked at again when it does.
func (c *checker) reached(at access.Time) bool {
	if c.now >= at {
		return true
	}
	if c.turns == 0 || at < c.turns {
		c.turns = at
	}
	return false
}

func say(text string, refs ...access.Ref) Evidence { return Evidence{Text: text, Refs: refs} }

// moment is for what happens within a day.
func moment(t access.Time) string { return t.Time().Format("2006-01-02 15:04 MST") }

func day(t access.Time) string { return t.Time().Format(time.DateOnly) }

func effective(e graph.EntitlementNode) access.Tier {
	if e.Tier == access.Unclassified {
		return access.Tier3 // classify has not run; it does before findings
	}
	return e.Tier
}
