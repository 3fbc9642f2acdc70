package lifecycle

import (
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
)

// Holding is what is kept of one identity's access, as far as it is decided here.
type Holding struct {
	Identity   access.IdentityID
	State      access.IdentityState
	Urgent     bool                                     // an emergency: it passes every guard
	Justified  []access.Justification                   // all that stands, of whatever origin
	In         map[access.EntitlementID]access.SystemID // where that is, of which it is the time
	Targets    []access.Target
	Accounts   []Account // that are linked to the identity for sure
	Exceptions []access.Exception
	Hold       HoldState            // that withholds what would change for them, or lets it through
	HeldAs     access.IdentityState // the state that they were in when that began
	Failures   []Failure            // that are noted
	// Who is given a first credential.
	Manager, Sponsor, Owner access.IdentityID
}

// Withheld is what a hold does to them: who has left since is not kept here by it.
func (h Holding) Withheld() HoldState {
	if h.State == access.Terminated && h.HeldAs != access.Terminated {
		return Free
	}
	return h.Hold
}

// Failure is that a mapping says nothing of somebody that could be an account.
type Failure struct {
	System access.SystemID
	Text   string
}

// Account is an account of somebody, as far as it matters to whether it should be.
type Account struct {
	ID     access.AccountID
	System access.SystemID
	Login  string
	Kind   access.AccountKind
	Status access.AccountStatus
}

// Step is what changes for one identity.
type Step struct {
	Begin   []access.Justification
	End     []access.Justification
	Redate  []access.Justification // stands on, with another end
	Targets []access.Target        // another version of each, or a new one
	Loses   bool                   // access, now or at the end of a grace
	// Failures are all that there are, where they are others than those that are noted.
	Failures []Failure
	Refailed bool
}

// Empty reports whether nothing changes.
func (s Step) Empty() bool {
	return len(s.Begin)+len(s.End)+len(s.Redate)+len(s.Targets) == 0 && !s.Refailed
}

// owed is what somebody should have, by origin, and what cannot be told.
type owed struct {
	by       map[access.Origin]map[access.EntitlementID]string // and why
	doubtful map[access.EntitlementID]bool                     // by birthright
}

// own are the origins of what begins and ends here.
var own = []access.Origin{access.Birthright, access.FromRole}

// owes is what one identity should have by rules, roles and exceptions.
func (d *Desired) owes(h Holding) owed {
	due, doubtful := d.should(h.Identity)
	o := owed{by: map[access.Origin]map[access.EntitlementID]string{}, doubtful: doubtful}
	for _, origin := range own {
		o.by[origin] = map[access.EntitlementID]string{}
	}
	for _, x := range due {
		for origin, reason := range reasonsOf(x.Because) {
			o.by[origin][x.Entitlement] = reason
		}
	}
	if !keeps(h.State) {
		return o
	}
	for _, x := range h.Exceptions {
		switch x.Effect {
		case access.Without:
			delete(o.by[access.Birthright], x.Entitlement)
			delete(o.by[access.FromRole], x.Entitlement)
			delete(o.doubtful, x.Entitlement)
		case access.Keep:
			if o.by[access.Birthright][x.Entitlement] == "" {
				o.by[access.Birthright][x.Entitlement] = "exception " + x.ID.String()
			}
		}
	}
	return o
}

const byRule = "rule "

// reasonsOf puts what gives an entitlement into words, by origin.
func reasonsOf(because []Reason) map[access.Origin]string {
	words := map[access.Origin][]string{}
	add := func(origin access.Origin, text string) {
		if !slices.Contains(words[origin], text) { // by another part of the same role
			words[origin] = append(words[origin], text)
		}
	}
	for _, r := range because {
		switch {
		case r.Rule == "":
			add(access.FromRole, r.Role.String())
		case r.Role == 0:
			add(access.Birthright, byRule+r.Rule)
		default:
			add(access.Birthright, byRule+r.Rule+" by "+r.Role.String())
		}
	}
	said := map[access.Origin]string{}
	for origin, list := range words {
		said[origin] = strings.Join(list, ", ")
	}
	return said
}

// grace is the longest that any rule gives which a justification names.
func (d *Desired) grace(reason string) time.Duration {
	d.mu.RLock()
	defer d.mu.RUnlock()
	days := 0
	for words := range strings.SplitSeq(reason, ", ") {
		name, ok := strings.CutPrefix(words, byRule)
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		days = max(days, d.graces[name])
	}
	return time.Duration(days) * 24 * time.Hour
}

// justify compares what justifies somebody's access with what should.
func (d *Desired) justify(h Holding, now access.Time) (s Step) {
	o := d.owes(h)
	stays := map[access.EntitlementID]bool{}
	var given []access.EntitlementID // may be lost by what changes
	for _, j := range h.Justified {
		why, due := o.by[j.Origin][j.Entitlement]
		switch {
		case !slices.Contains(own, j.Origin):
			stays[j.Entitlement] = true
		case j.Resource != 0:
			s.End, given = append(s.End, j), append(given, j.Entitlement)
		case due:
			stays[j.Entitlement] = true
			delete(o.by[j.Origin], j.Entitlement)
			if j.End != 0 {
				j.End, j.Reason = 0, why
				s.Redate = append(s.Redate, j)
			}
		case j.Origin == access.Birthright && o.doubtful[j.Entitlement]:
			stays[j.Entitlement] = true
		default:
			given = append(given, j.Entitlement)
			d.lapse(&s, j, keeps(h.State), now)
		}
	}
	for _, origin := range own {
		for _, id := range sortedIDs(o.by[origin]) {
			stays[id] = true
			s.Begin = append(s.Begin, access.Justification{Holder: h.Identity.Ref(), Entitlement: id, Origin: origin, Reason: o.by[origin][id]})
		}
	}
	changed := len(s.End)+len(s.Redate) > 0
	s.Loses = changed && slices.ContainsFunc(given, func(id access.EntitlementID) bool { return !stays[id] })
	return s
}

// lapse ends what is no longer due: at once, or after a grace that begins now.
func (d *Desired) lapse(s *Step, j access.Justification, here bool, now access.Time) {
	grace := access.Time(d.grace(j.Reason).Microseconds())
	switch {
	case !here || j.End == 0 && grace == 0 || j.End != 0 && j.End <= now:
		s.End = append(s.End, j)
	case j.End == 0:
		j.End = now + grace
		s.Redate = append(s.Redate, j)
	}
}

func sortedIDs(m map[access.EntitlementID]string) []access.EntitlementID {
	ids := make([]access.EntitlementID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
