package lifecycle

import (
	"math"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/provision"
)

// stepped is one person with what changes for them.
type stepped struct {
	d    *Desired
	h    Holding
	s    Step
	held bool // if the guard holds
}

// in is the system of an entitlement.
func (y *stepped) in(id access.EntitlementID) access.SystemID {
	if system := y.h.In[id]; system != 0 {
		return system
	}
	return y.d.systems[id]
}

// justified is all that stands after the step.
func (y *stepped) justified() (list []access.Justification) {
	other := map[access.JustificationID]*access.Justification{}
	for i := range y.s.Redate {
		other[y.s.Redate[i].ID] = &y.s.Redate[i]
	}
	for _, j := range y.h.Justified {
		if slices.ContainsFunc(y.s.End, func(e access.Justification) bool { return e.ID == j.ID }) {
			continue
		}
		if r := other[j.ID]; r != nil {
			j = *r
		}
		list = append(list, j)
	}
	return append(list, y.s.Begin...)
}

// difference is what somebody gains, and what they lose, now or at the end of a grace.
func (y *stepped) difference() (gains, loses []access.EntitlementID) {
	had, has := map[access.EntitlementID]bool{}, map[access.EntitlementID]bool{}
	for _, j := range y.h.Justified {
		had[j.Entitlement] = had[j.Entitlement] || j.End == 0 || !slices.Contains(own, j.Origin)
	}
	for _, j := range y.justified() {
		has[j.Entitlement] = has[j.Entitlement] || j.End == 0 || !slices.Contains(own, j.Origin)
	}
	for id, is := range has {
		if is && !had[id] {
			gains = append(gains, id)
		}
	}
	for id, was := range had {
		if was && !has[id] {
			loses = append(loses, id)
		}
	}
	slices.Sort(gains)
	slices.Sort(loses)
	return gains, loses
}

// asked is a change set after every other one.
const asked = math.MaxInt64

// facts makes what is known of somebody what it is after the step.
func (y *stepped) facts(f *provision.Facts) {
	for i, t := range y.s.Targets {
		at := slices.IndexFunc(f.Targets, func(o provision.Target) bool { return o.ID == t.ID && t.ID != 0 })
		if at >= 0 {
			f.Targets[at] = provision.Target{Target: t, Since: asked}
			continue
		}
		t.ID = access.TargetID(math.MaxInt32 - i)
		if t.State == "" { // one whose login is told when it is kept
			t.State = access.TargetEnabled
		}
		f.Targets = append(f.Targets, provision.Target{Target: t, Since: asked})
	}
	type held struct {
		entitlement access.EntitlementID
		resource    access.ResourceID
	}
	live, begun, touched := map[held]bool{}, map[held]bool{}, map[held]bool{}
	for _, j := range y.justified() {
		if j.Start <= f.Now && (j.End == 0 || j.End > f.Now) {
			live[held{j.Entitlement, j.Resource}] = true
		}
	}
	for _, j := range slices.Concat(y.s.Begin, y.s.Redate) {
		begun[held{j.Entitlement, j.Resource}], touched[held{j.Entitlement, j.Resource}] = true, true
	}
	for _, j := range y.s.End {
		touched[held{j.Entitlement, j.Resource}] = true
	}
	for i := range f.Wanted {
		w := &f.Wanted[i]
		h := held{w.Entitlement, w.Resource}
		if touched[h] && (w.Live != live[h] || begun[h]) {
			w.Live, w.Since = live[h], asked
		}
		delete(touched, h)
	}
	for h := range touched {
		f.Wanted = append(f.Wanted, provision.Wanted{System: y.in(h.entitlement), Entitlement: h.entitlement, Resource: h.resource, Live: live[h], Since: asked})
	}
}
