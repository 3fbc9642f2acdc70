package finding

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Kit is a break-glass kit, as far as what is wrong with it can be told from it.
type Kit struct {
	ID      access.GlassID
	Systems []access.SystemID
	Holders []access.IdentityID
	Until   access.Time // after which it is too old
	Used    access.Time // since when it is known that it was opened
	Rotated bool        // what it holds is no longer what opens its accounts
	Lost    bool        // too few of its holders are left
	Failed  bool        // something in it did not sign in, in a drill
}

// kitStale: what is to open a system when nothing else does would not.
func (c *checker) kitStale(s graph.SystemNode) {
	d := Draft{Subject: s.ID.Ref(), System: s.ID, Owner: c.technical(s.ID)}
	for _, k := range c.f.kits {
		if !slices.Contains(k.Systems, s.ID) {
			continue
		}
		for _, wrong := range []struct {
			is   bool
			says string
		}{
			{k.Used != 0, "the break-glass kit {} was opened, and has to be made anew"},
			{k.Used == 0 && c.reached(k.Until), "the break-glass kit {} is older than it is good for"},
			{k.Rotated, "what the break-glass kit {} holds has another value by now"},
			{k.Lost, "the break-glass kit {} has lost too many of its holders"},
			{k.Failed, "something in the break-glass kit {} did not sign in, in its last drill"},
		} {
			if wrong.is {
				d.Evidence = append(d.Evidence, say(wrong.says, k.ID.Ref()))
			}
		}
	}
	if len(d.Evidence) > 0 {
		c.found(d)
	}
}

// shareLost: somebody who may not hold access any more has a share of a kit.
func (c *checker) shareLost(i graph.IdentityNode) {
	if i.State.MayHoldAccess() {
		return
	}
	d := Draft{Subject: i.ID.Ref()}
	for _, k := range c.f.kits {
		if slices.Contains(k.Holders, i.ID) {
			d.Evidence = append(d.Evidence, say("they hold a share of the break-glass kit {}", k.ID.Ref()))
		}
	}
	if len(d.Evidence) > 0 {
		c.found(d)
	}
}
