package provision

import (
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Plan is what follows from facts.
type Plan struct {
	New    []Operation // some of them Verified: the system is so already
	Wake   []Operation // what waited for an account, with the account
	Shown  []access.OperationID
	Cancel []access.OperationID // what caused them is not so any more
	Links  []Link
	Drift  []Operation          // verified once, and no longer so
	Mended []access.OperationID // so again, or not wanted any more
}

// Link is an account that was made for a target, or as one asked for, and has been seen.
type Link struct {
	Target   access.TargetID
	Account  access.AccountID
	Identity access.IdentityID
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool {
	return len(p.New)+len(p.Wake)+len(p.Shown)+len(p.Cancel)+len(p.Links)+len(p.Drift)+len(p.Mended) == 0
}

// Decide compares what is justified with what is observed. It is a function of its facts:
// of the same facts nothing more follows once their plan is kept.
func Decide(f *Facts) Plan {
	p := planning{Facts: f}
	for i := range f.Targets {
		p.urgent = p.urgent || f.Targets[i].Urgent
	}
	p.links()
	for i := range f.Targets {
		t := &f.Targets[i]
		a := f.account(t)
		p.life(t, a)
		p.update(t, a)
	}
	for i := range f.Wanted {
		p.want(&f.Wanted[i])
	}
	p.open()
	p.drift()
	return p.Plan
}

type planning struct {
	*Facts
	Plan
	urgent bool
}

func (p *planning) add(o Operation) {
	o.Identity, o.Urgent = p.Identity, o.Urgent || p.urgent
	switch {
	case o.State == Verified:
		o.Code, o.Ended = CodeSeen, p.Now
	case !p.Systems[o.System].Can[o.Kind]:
		o.ByHand, o.State, o.Code = true, Waiting, codeByHand
	case o.State == "":
		o.State = Planned
	}
	o.Planned = p.Now
	p.New = append(p.New, o)
}

// links writes down whose an account is that a sync has seen since it was made.
func (p *planning) links() {
	for i := range p.Accounts {
		a := &p.Accounts[i]
		if a.Unlinked && !a.Called {
			p.Links = append(p.Links, Link{a.Target, a.ID, p.Identity})
		}
	}
}

// life is an account being there, usable or not, as its target says.
func (p *planning) life(t *Target, a *Account) {
	want := t.State
	if want == access.TargetDisabled && t.DeleteAt != 0 && t.DeleteAt <= p.Now {
		want = access.TargetDeleted
	}
	last := p.last(func(o *Operation) bool { return o.Target == t.ID && o.life() != "" && !o.Undo })
	if last != nil && last.life() == want && (last.State != Cancelled || last.Since == t.Since) {
		return
	}
	o := Operation{System: t.System, Target: t.ID, Login: t.Login, Since: t.Since, Urgent: t.Urgent}
	if a != nil {
		o.Account = a.ID
	}
	switch {
	case a == nil && want == access.TargetEnabled:
		o.Kind = connector.CreateAccount
	case a == nil && (last == nil || last.Kind != connector.CreateAccount || !perhaps(last)):
		return // it is not there, and should not be
	case want == access.TargetEnabled:
		if o.Kind = connector.EnableAccount; p.is(a, access.Enabled) {
			o.State = Verified
		}
	case want == access.TargetDisabled:
		if o.Kind = connector.DisableAccount; a != nil && p.is(a, access.Disabled) {
			o.State = Verified
		}
	default:
		o.Kind = connector.DeleteAccount
	}
	p.add(o)
	if o.Kind == connector.DisableAccount && p.Systems[t.System].Can[connector.EndSessions] {
		o.Kind, o.State = connector.EndSessions, ""
		p.add(o)
	}
}

// is reports whether an account is known to be in a state.
func (p *planning) is(a *Account, s access.AccountStatus) bool {
	return p.status(a) == s && p.unsure(func(o *Operation) bool { return o.of(a) && o.life() != "" }) == nil
}

// update is an account having the attributes that its target says.
func (p *planning) update(t *Target, a *Account) {
	if t.State != access.TargetEnabled || a == nil {
		return // who is made is made with them
	}
	was := p.last(func(o *Operation) bool {
		return o.Target == t.ID && (o.Kind == connector.CreateAccount || o.Kind == connector.UpdateAccount) && (o.State != Cancelled || o.Since == t.Since)
	})
	if was != nil && was.Since == t.Since {
		return
	}
	var had map[string]string
	if was != nil {
		had = was.Set
	}
	set := settings(had, t.Attributes)
	maps.DeleteFunc(set, func(name, _ string) bool { return p.Systems[t.System].Fixed[name] })
	for name, value := range set {
		if had[name] != value {
			p.add(Operation{Kind: connector.UpdateAccount, System: t.System, Target: t.ID, Account: a.ID, Since: t.Since, Set: set})
			return
		}
	}
}

// settings is all that an account should have, and "" for what it had and should not.
func settings(had, attributes map[string]string) map[string]string {
	set := map[string]string{}
	for name := range had {
		set[name] = ""
	}
	maps.Copy(set, attributes)
	return set
}

// want is an identity having what is justified, and nothing that is not so any more.
func (p *planning) want(w *Wanted) {
	last := p.last(func(o *Operation) bool {
		return o.isGrant() && o.Entitlement == w.Entitlement && o.Resource == w.Resource && !o.Undo
	})
	o := Operation{System: w.System, Entitlement: w.Entitlement, Resource: w.Resource, Since: w.Since, Urgent: w.Urgent}
	if w.Live {
		p.give(w, last, o)
		return
	}
	p.take(w, last, o)
}

func (p *planning) give(w *Wanted, last *Operation, o Operation) {
	if last != nil && last.Kind == connector.AddGrant && (last.Since >= w.Since || last.State.Open()) {
		return
	}
	o.Kind = connector.AddGrant
	var account *Account
	if o.Target, account = p.bearer(w.System); account != nil {
		o.Account = account.ID
	}
	if list := p.holders(w); len(list) > 0 && p.doubtful(w) == nil {
		o.State, o.Account, o.Target = Verified, list[0].ID, list[0].Target
	} else if account == nil {
		o.State, o.Code = Waiting, codeNoAccount
	}
	p.add(o)
}

func (p *planning) take(w *Wanted, last *Operation, o Operation) {
	if last != nil && last.Kind == connector.RemoveGrant && last.Since >= w.Since {
		return
	}
	o.Kind = connector.RemoveGrant
	list := p.holders(w)
	for _, a := range list {
		o.Account, o.Target = a.ID, a.Target
		p.add(o)
	}
	if len(list) > 0 {
		return
	}
	if d := p.doubtful(w); d != nil {
		o.Account, o.Target = d.Account, d.Target
	} else {
		o.State = Verified
	}
	p.add(o)
}

// holders are the accounts that have an entitlement.
func (p *planning) holders(w *Wanted) (list []*Account) {
	for i := range p.Accounts {
		if a := &p.Accounts[i]; a.System == w.System && p.holds(a, w) {
			list = append(list, a)
		}
	}
	return list
}

// doubtful is what may have given or taken it since the last sync.
func (p *planning) doubtful(w *Wanted) *Operation {
	return p.unsure(func(o *Operation) bool {
		return o.isGrant() && o.Entitlement == w.Entitlement && o.Resource == w.Resource
	})
}

// open looks at what is under way: what waited goes on, what was done by hand shows, and
// what is no longer wanted is left.
func (p *planning) open() {
	for i := range p.Past {
		o := &p.Past[i]
		switch {
		case !o.State.Open() || o.State == Running:
		case !o.Undo && (!p.wanted(o) || p.overtaken(o)):
			p.Cancel = append(p.Cancel, o.ID)
		case o.State == Waiting && o.ByHand:
			p.byHand(o)
		case o.State == Waiting && o.Code == codeNoAccount:
			if target, a := p.bearer(o.System); a != nil {
				woken := *o
				woken.Target, woken.Account = target, a.ID
				p.Wake = append(p.Wake, woken)
			}
		}
	}
}

// wanted reports whether what caused an operation is still so.
func (p *planning) wanted(o *Operation) bool {
	if o.isGrant() {
		for i := range p.Wanted {
			if w := &p.Wanted[i]; w.Entitlement == o.Entitlement && w.Resource == o.Resource {
				return w.Live == (o.Kind == connector.AddGrant)
			}
		}
		return false
	}
	for i := range p.Targets {
		if t := &p.Targets[i]; t.ID == o.Target {
			return Fits(t.Target, o.Kind, p.Now)
		}
	}
	return false
}

// overtaken reports whether a later update says what the account should have.
func (p *planning) overtaken(o *Operation) bool {
	if o.Kind != connector.UpdateAccount {
		return false
	}
	later := func(x *Operation) bool {
		return x.Kind == o.Kind && x.Target == o.Target && !x.Undo && (x.ID == 0 || x.ID > o.ID)
	}
	return p.last(later) != nil || slices.ContainsFunc(p.New, func(x Operation) bool { return later(&x) })
}

// Fits reports whether an operation on an account is what its target asks for.
func Fits(t access.Target, kind connector.ChangeKind, now access.Time) bool {
	switch kind {
	case connector.DisableAccount, connector.EndSessions:
		return t.State != access.TargetEnabled
	case connector.DeleteAccount:
		return t.State == access.TargetDeleted || t.State == access.TargetDisabled && t.DeleteAt != 0 && t.DeleteAt <= now
	case connector.CreateAccount, connector.EnableAccount, connector.UpdateAccount:
		return t.State == access.TargetEnabled
	case connector.AddGrant, connector.RemoveGrant:
	}
	return true
}

// byHand looks whether the system shows by now what somebody was asked to do. Only a sync
// that began later proves it.
func (p *planning) byHand(o *Operation) {
	if !p.knows(o.System, o.Planned) {
		return
	}
	if a := p.shows(o); a != nil || o.Kind != connector.CreateAccount && p.gives(o) {
		p.Shown = append(p.Shown, o.ID)
		if o.Kind == connector.CreateAccount && a.Called {
			p.Links = append(p.Links, Link{o.Target, a.ID, p.Identity})
		}
	}
}

// shows is the account that somebody has made by hand.
func (p *planning) shows(o *Operation) *Account {
	if o.Kind != connector.CreateAccount {
		return nil
	}
	for i := range p.Accounts {
		if a := &p.Accounts[i]; a.Target == o.Target && a.ID != 0 {
			return a
		}
	}
	return nil
}

// gives reports whether the last sync saw what an operation should bring about.
func (p *planning) gives(o *Operation) bool {
	w := &Wanted{Entitlement: o.Entitlement, Resource: o.Resource}
	there, status, held := false, access.AccountStatus(""), false
	shows := true
	for i := range p.Accounts {
		a := &p.Accounts[i]
		if a.Called || a.System != o.System || a.ID == 0 || !o.of(a) && (o.Account != 0 || o.Target != 0) {
			continue
		}
		there, status, held = true, a.Status, held || p.saw(a, w)
		for name, value := range o.Set {
			shows = shows && a.Values[name] == value
		}
	}
	switch o.Kind {
	case connector.AddGrant:
		return held
	case connector.RemoveGrant:
		return !held
	case connector.EnableAccount:
		return there && status == access.Enabled
	case connector.DisableAccount, connector.EndSessions:
		return !there || status != access.Enabled
	case connector.DeleteAccount:
		return !there
	case connector.UpdateAccount:
		return there && shows
	case connector.CreateAccount:
	}
	return false
}
