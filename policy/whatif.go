package policy

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// ErrTooManyClasses is returned where a change would have to be decided for too many.
var ErrTooManyClasses = fault.New(fault.Refused, "too-many-classes", "the policy tells too many things apart to try all of them: name fewer actions in it")

// maxTried bounds how many requests a what-if decides by each of the two sets.
const maxTried = 1_000_000

// Change is a decision that another set would make otherwise, for all people and things
// that policies cannot tell apart.
type Change struct {
	Who     string // in words
	People  int
	Action  string
	What    string // in words
	Objects int    // zero where there may be any number
	How     string // what the one is to the other; "" is nothing
	With    string // how it has to be asked; "" is in any way
	Before  Decision
	After   Decision
}

// WhatIf is what another set would decide otherwise.
type WhatIf struct {
	Rev     access.Rev
	Actions []string // on which the sets differ: on all others nothing changes
	Tried   int
	Permits int // of the changes, what would be permitted and is not
	Forbids int // what is permitted and would not be
	Other   int // where only the obligations differ
	Changes []Change
}

// WhatIf decides by the set in force and by another, for everybody and everything that
// there is, in classes. It counts for nothing and changes nothing.
func (e *Engine) WhatIf(ctx context.Context, set *Set, v *graph.View, d *Directory) (WhatIf, error) {
	now, f := e.set.Load(), facts{v, d}
	w := WhatIf{Rev: v.Rev()}
	var differ []*Policy
	for _, a := range Actions {
		if list := changedPolicies(now.index[a.Name], set.index[a.Name]); len(list) > 0 {
			w.Actions, differ = append(w.Actions, a.Name), append(differ, list...)
		}
	}
	if len(w.Actions) == 0 {
		return w, nil
	}
	t := trial{e: e, now: now, then: set, crowd: newCrowd(v, f, d, mentioned(differ)), w: &w}
	for _, name := range w.Actions {
		if err := t.action(ctx, name); err != nil {
			return WhatIf{}, err
		}
	}
	slices.SortStableFunc(w.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.People*max(1, b.Objects), a.People*max(1, a.Objects)))
	})
	return w, nil
}

// rank puts what would be permitted before what would be forbidden, and that before the
// rest: what opens something is looked at first.
func rank(c Change) int {
	switch {
	case !c.Before.Permitted() && c.After.Permitted():
		return 0
	case c.Before.Permitted() && !c.After.Permitted():
		return 1
	}
	return 2
}

// trial decides all requests of some actions by two sets.
type trial struct {
	e         *Engine
	now, then *Set
	crowd     *crowd
	w         *WhatIf
}

// way is how somebody asks.
type way struct {
	words   string
	context Context
}

// ways are those that policies can tell apart. Addresses and delegation are not tried.
func ways(looks map[string]bool) []way {
	full := Context{MFA: true, Reason: "what if"}
	list := []way{{"", full}}
	if looks["mfa"] || looks["mfa_age"] {
		list = append(list, way{"without a second factor", Context{Reason: full.Reason}})
	}
	if looks["reason"] {
		list = append(list, way{"without a reason", Context{MFA: true}})
	}
	if looks["break_glass"] {
		list = append(list, way{"breaking the glass", Context{MFA: true, Reason: full.Reason, BreakGlass: true}})
	}
	return list
}

func (t *trial) action(ctx context.Context, name string) error {
	looks := map[string]bool{}
	for _, s := range []*Set{t.now, t.then} {
		for _, list := range [][]attribute{s.index[name].resource, s.index[name].context} {
			for _, a := range list {
				looks[string(a.name)] = true
			}
		}
	}
	on := t.now.index[name].action
	classes, asked := t.crowd.what(on, looks), ways(looks)
	for _, who := range t.crowd.who {
		for _, what := range classes {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.pair(ctx, on, who, what, looks, asked); err != nil {
				return err
			}
		}
	}
	return nil
}

// relation is what a thing is to who asks.
type relation struct {
	words    string
	resource Resource
}

// relations are what one of a class may be to somebody: nothing, and what policies look at.
func (t *trial) relations(on Action, who access.IdentityID, what whatClass, looks map[string]bool) []relation {
	r := t.apart(on, who, what)
	list := []relation{{"", r}}
	about := func(words string, edit func(r *Resource)) {
		x := r
		edit(&x)
		list = append(list, relation{words, x})
	}
	decides := on.Group == Decides
	if on.On == IdentityType {
		if r.Ref.IsZero() {
			return list
		}
		about("it is themself", func(r *Resource) { r.Ref = who.Ref() })
		if mine := t.crowd.answers[who]; mine != 0 {
			about("they answer for it", func(r *Resource) { r.Ref = mine.Ref() })
		}
		return list
	}
	if looks["owner"] {
		about("they answer for it", func(r *Resource) { r.Owner = who })
	}
	if looks["creator"] || decides {
		about("they made it or asked for it", func(r *Resource) { r.Creator = who })
	}
	if looks["assignee"] {
		about("they were asked to decide it", func(r *Resource) { r.Assignee = who })
	}
	if looks["subject"] || decides {
		about("it is about their own access", func(r *Resource) { r.Subjects = []access.Ref{who.Ref()} })
		if mine := t.crowd.answers[who]; mine != 0 {
			about("it is about a service or agent that they answer for", func(r *Resource) { r.Subjects = []access.Ref{mine.Ref()} })
		}
	}
	return list
}

// apart is one of a class that is nothing to who asks.
func (t *trial) apart(on Action, who access.IdentityID, what whatClass) Resource {
	r := what.resources[0]
	if len(what.resources) > 1 && t.theirs(who, r.Ref) {
		r = what.resources[1]
	}
	stranger := t.crowd.stranger(who)
	if r.Owner != 0 {
		r.Owner = stranger
	}
	if on.On != IdentityType && (len(r.Subjects) > 0 || on.Group == Decides) && stranger != 0 {
		r.Subjects = []access.Ref{stranger.Ref()}
	}
	return r
}

// theirs reports whether something is somebody, or an account of theirs.
func (t *trial) theirs(who access.IdentityID, ref access.Ref) bool {
	switch ref.Kind {
	case access.KindIdentity:
		return who.Ref() == ref
	case access.KindAccount:
		owners, _ := t.crowd.facts.OwnersOf(access.AccountID(ref.Key))
		return slices.Contains(owners, who)
	default:
		return false
	}
}

func (t *trial) pair(ctx context.Context, on Action, who whoClass, what whatClass, looks map[string]bool, asked []way) error {
	var plain []Change
	for n, rel := range t.relations(on, who.first, what, looks) {
		var list []Change
		for _, a := range asked {
			if t.w.Tried++; t.w.Tried > maxTried {
				return ErrTooManyClasses
			}
			r := Request{Principal: who.first.Ref(), Action: on.Name, Resource: rel.resource, Context: a.context}
			before, after := t.e.decide(ctx, t.now, t.crowd.facts, r), t.e.decide(ctx, t.then, t.crowd.facts, r)
			list = append(list, Change{
				Who: who.words, People: who.people, Action: on.Name, What: what.words, Objects: what.objects,
				How: rel.words, With: a.words, Before: before, After: after,
			})
		}
		if n == 0 {
			plain = list
		}
		t.keep(list, plain, n > 0)
	}
	return ctx.Err()
}

// keep adds what changes of one relation in all ways of asking: a way that changes as the
// first one does is not told apart, nor a relation that changes as none does.
func (t *trial) keep(list, plain []Change, related bool) {
	for i, c := range list {
		switch {
		case c.Before.Permitted() == c.After.Permitted() && c.Before.Obligations.equal(c.After.Obligations):
			continue
		case i > 0 && c.same(list[0]):
			continue
		case related && c.same(plain[i]):
			continue
		}
		if i == 0 && slices.ContainsFunc(list, func(o Change) bool { return !c.same(o) }) {
			c.With = "with a second factor and a reason"
		}
		switch rank(c) {
		case 0:
			t.w.Permits++
		case 1:
			t.w.Forbids++
		default:
			t.w.Other++
		}
		t.w.Changes = append(t.w.Changes, c)
	}
}

// same reports whether two changes are from the same to the same.
func (c Change) same(o Change) bool {
	return c.Before.Permitted() == o.Before.Permitted() && c.After.Permitted() == o.After.Permitted() &&
		c.Before.Obligations.equal(o.Before.Obligations) && c.After.Obligations.equal(o.After.Obligations)
}
