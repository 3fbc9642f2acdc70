package finding

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Outside is what findings are about that the graph has nothing of.
type Outside struct {
	Kits  []Kit   // that are not retired
	Late  []Late  // what was lent, is over and still there
	Known []Known // what leavers have seen and is as it was
}

// people are those of whom something may be found by it. That nothing in the graph changes
// about them says nothing.
func (o Outside) people() (list []access.IdentityID) {
	for _, k := range o.Kits {
		list = append(list, k.Holders...)
	}
	for _, k := range o.Known {
		list = append(list, k.Identity)
	}
	return list
}

// Late is an account that was made for one use, which is over since a time.
type Late struct {
	Lease  access.LeaseID
	System access.SystemID
	Name   string // its login
	Since  access.Time
	Why    string // the last attempt at taking it away failed, or ""
}

// Known is a secret that somebody saw who has left since, and that gets another value then.
type Known struct {
	Secret   access.SecretID
	System   access.SystemID
	Identity access.IdentityID
	Next     access.Time
	Waits    bool // for a person, since it could not be given one
}

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
	for _, k := range c.f.Kits {
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
	for _, k := range c.f.Kits {
		if slices.Contains(k.Holders, i.ID) {
			d.Evidence = append(d.Evidence, say("they hold a share of the break-glass kit {}", k.ID.Ref()))
		}
	}
	if len(d.Evidence) > 0 {
		c.found(d)
	}
}

// leaseLate: an account that was to be there for minutes still is.
func (c *checker) leaseLate(s graph.SystemNode) {
	d := Draft{Subject: s.ID.Ref(), System: s.ID, Owner: c.technical(s.ID)}
	for _, l := range c.f.Late {
		if l.System != s.ID {
			continue
		}
		e := say("the account "+l.Name+" of the lease {} is over since "+l.Since.Time().UTC().Format("2006-01-02 15:04")+", and is still there", l.Lease.Ref())
		if l.Why != "" {
			e.Text += ": " + l.Why
		}
		d.Evidence = append(d.Evidence, e)
	}
	if len(d.Evidence) > 0 {
		c.found(d)
	}
}

// knownToLeaver: somebody who may not have access any more knows what opens something.
func (c *checker) knownToLeaver(i graph.IdentityNode) {
	if i.State.MayHoldAccess() {
		return
	}
	d := Draft{Subject: i.ID.Ref()}
	for _, k := range c.f.Known {
		if k.Identity != i.ID {
			continue
		}
		if d.System == 0 && k.System != 0 {
			d.System, d.Owner = k.System, c.technical(k.System)
		}
		switch {
		case k.Waits:
			d.Evidence = append(d.Evidence, say("they have seen {}, which could not be given another value and waits for a person", k.Secret.Ref()))
		default:
			d.Evidence = append(d.Evidence, say("they have seen {}, which gets another value on "+day(k.Next), k.Secret.Ref()))
		}
	}
	if len(d.Evidence) > 0 {
		c.found(d)
	}
}
