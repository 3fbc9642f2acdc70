package approval

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Place is where and whose a thing is, when somebody decides on it.
type Place struct {
	Scope  access.ScopeID
	System access.SystemID
	Owner  access.IdentityID
}

// Seats are the approvers of a stage, from 0, as which somebody might decide by the facts:
// only a person who works here has any.
func Seats(f policy.Facts, who access.IdentityID, s access.Stage, p Place) (list []int) {
	is, ok := f.Identity(who)
	if who == 0 || !ok || is.Kind != access.Human || !is.State.MayHoldAccess() {
		return nil
	}
	for i, a := range s.Approvers {
		switch {
		case a.Identity != 0 && a.Identity == who,
			a.Owner && p.Owner == who,
			a.Function != "" && policy.HoldsOver(f, who, a.Function, p.Scope):
			list = append(list, i)
		}
	}
	return list
}

// Standing is in whose place somebody may decide, and as which approvers.
type Standing struct {
	InsteadOf access.IdentityID // zero: for themself
	Seats     []int
}

// standings are all ways in which somebody may decide r now, their own first. Whoever they
// decide in the place of might decide it themself: ask says so.
func standings(f policy.Facts, r Request, p Place, who access.IdentityID, delegated []Delegation, at access.Time, ask func(access.IdentityID) bool) (list []Standing) {
	if own := Seats(f, who, r.At(), p); len(own) > 0 {
		list = append(list, Standing{Seats: own})
	}
	for _, d := range delegated {
		known := slices.ContainsFunc(list, func(s Standing) bool { return s.InsteadOf == d.From })
		if d.To != who || d.From == who || !d.Holds(at) || known {
			continue
		}
		if seats := Seats(f, d.From, r.At(), p); len(seats) > 0 && ask(d.From) {
			list = append(list, Standing{d.From, seats})
		}
	}
	return list
}

// choose is the standing that somebody decides by: the one that they named, else their own,
// else the only one that has not been used.
func choose(r Request, who, insteadOf access.IdentityID, list []Standing) (Standing, error) {
	if insteadOf == who {
		insteadOf = 0
	}
	if i := slices.IndexFunc(list, func(s Standing) bool { return s.InsteadOf == insteadOf }); i >= 0 {
		return list[i], nil
	}
	left := slices.DeleteFunc(slices.Clone(list), func(s Standing) bool { return r.Counted(s.InsteadOf) })
	switch {
	case insteadOf != 0 || len(list) == 0:
		return Standing{}, ErrNotAsked
	case len(left) == 0:
		return Standing{}, ErrDecided
	case len(left) > 1:
		return Standing{}, ErrWhose
	}
	return left[0], nil
}
