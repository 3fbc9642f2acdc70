package lifecycle

import (
	"context"
	"maps"
	"regexp"
	"slices"

	"github.com/writhq/writ/access"
)

// Outcome is what an event brings one person: what would follow, or what has.
type Outcome struct {
	From     access.IdentityState `json:"from,omitempty" doc:"The state that they are in"`
	To       access.IdentityState `json:"to,omitempty" doc:"The state that they would be in"`
	Gains    []Part               `json:"gains"`
	Loses    []Part               `json:"loses"`
	Accounts []AccountTurn        `json:"accounts" doc:"The accounts that become otherwise"`
	Held     bool                 `json:"held,omitempty" doc:"They are in a held step, and stay as they are until somebody decides"`
	Failures []string             `json:"failures,omitempty" doc:"Of which systems the mapping says nothing that could be an account"`
}

// Part is an entitlement that somebody gains or loses.
type Part struct {
	Entitlement access.Named `json:"entitlement"`
	Because     string       `json:"because,omitempty" doc:"What gives it, or gave it"`
	Until       access.Time  `json:"until,omitzero" doc:"Kept until then, by a grace"`
}

// AccountTurn is an account that becomes otherwise.
type AccountTurn struct {
	System  access.Named       `json:"system"`
	Account access.Named       `json:"account,omitzero" doc:"None is one that is still to be made"`
	Login   string             `json:"login,omitempty"`
	Was     access.TargetState `json:"was,omitempty" enum:"enabled,disabled,deleted" doc:"None is that there was none"`
	Is      access.TargetState `json:"is" enum:"enabled,disabled,deleted"`
	Because string             `json:"because,omitempty"`
	Deleted access.Time        `json:"delete_at,omitzero" doc:"When it is deleted"`
}

// Turned is what changes of somebody's access, and how it was and stays.
type Turned struct {
	Step
	Was   []access.Target               // the targets, and the accounts of which none says anything
	Stays map[access.EntitlementID]bool // what they have by something else, too
}

// Foretell is what an order would bring somebody, by what is known and the rules as they
// stand. It changes nothing.
func (s *Service) Foretell(ctx context.Context, who access.IdentityID, kind EventKind, urgent bool) (o Outcome, err error) {
	if orders[kind] == "" {
		return o, ErrEventKind.With("%q cannot be ordered: take hire, leave, suspend, return, terminate or rehire", kind)
	}
	d, err := s.alone(ctx, who, kind.State())
	if err != nil {
		return o, err
	}
	var t Turned
	err = s.Store.Holdings(ctx, []access.IdentityID{who}, func(h Holding, now access.Time) (err error) {
		o.From, o.To, o.Held = h.State, kind.State(), h.Hold == Held && !urgent
		h.State, h.Urgent, h.Hold = o.To, urgent, Free
		t, err = d.turned(h, now)
		return err
	})
	if err != nil {
		return o, err
	}
	return o, s.tell(ctx, &o, t)
}

// turned is a step, and what stays as it is.
func (d *Desired) turned(h Holding, now access.Time) (t Turned, err error) {
	if t.Step, err = d.step(h, now, nil); err != nil {
		return t, err
	}
	t.Was = slices.Clone(h.Targets)
	for _, a := range h.Accounts {
		t.Was = append(t.Was, access.Target{Account: a.ID, State: enabledAs(a)})
	}
	touched := map[access.JustificationID]bool{}
	for _, j := range slices.Concat(t.End, t.Redate) {
		touched[j.ID] = true
	}
	t.Stays = map[access.EntitlementID]bool{}
	for _, j := range h.Justified {
		if !touched[j.ID] {
			t.Stays[j.Entitlement] = true
		}
	}
	return t, nil
}

// alone is desired state as if there were nobody but one person, in another state.
func (s *Service) alone(ctx context.Context, who access.IdentityID, state access.IdentityState) (*Desired, error) {
	crowd, there := NewCrowd(), false
	_, err := s.Store.People(ctx, []access.IdentityID{who}, func(p Person) error {
		there = true
		p.State, p.Values["identity.state"] = state, string(state)
		crowd.Put(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, ErrNoPerson.With("there is no identity %s", who)
	}
	rules, err := s.Store.Rules(ctx)
	if err != nil {
		return nil, err
	}
	roles, err := s.Store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	d, err := NewDesired(crowd, rules, roles)
	if err != nil {
		return nil, err
	}
	return d, s.remap(ctx, d)
}

// tell puts what changes into an outcome, by name.
func (s *Service) tell(ctx context.Context, o *Outcome, t Turned) error {
	name, err := s.namer(ctx, t.refs())
	if err != nil {
		return err
	}
	o.Gains, o.Loses, o.Accounts = []Part{}, []Part{}, []AccountTurn{}
	lapses, stands := split(t.Redate)
	seen := maps.Clone(t.Stays)
	for _, j := range t.Begin { // given by something else from now on
		seen[j.Entitlement] = seen[j.Entitlement] || slices.ContainsFunc(slices.Concat(t.End, lapses), func(o access.Justification) bool { return o.Entitlement == j.Entitlement })
	}
	add := func(to *[]Part, list []access.Justification, until bool) {
		for _, j := range list {
			if !until {
				j.End = 0
			}
			if !seen[j.Entitlement] { // rules and roles may give the same
				*to = append(*to, Part{name(j.Entitlement.Ref()), worded(j.Reason, name), j.End})
			}
			seen[j.Entitlement] = true
		}
	}
	add(&o.Gains, t.Begin, false)
	add(&o.Gains, stands, false)
	add(&o.Loses, t.End, false)
	add(&o.Loses, lapses, true)
	for _, y := range t.Targets {
		if a := turnOf(y, t.Was, name); a.Was != a.Is || a.Is == access.TargetEnabled {
			o.Accounts = append(o.Accounts, a)
		}
	}
	for _, f := range t.Failures {
		o.Failures = append(o.Failures, name(f.System.Ref()).Name+": "+f.Text)
	}
	return nil
}

// split parts what is given an end from what is given none any more.
func split(redated []access.Justification) (lapses, stands []access.Justification) {
	for _, j := range redated {
		if j.End != 0 {
			lapses = append(lapses, j)
			continue
		}
		stands = append(stands, j)
	}
	return lapses, stands
}

func (t Turned) refs() (refs []access.Ref) {
	for _, j := range slices.Concat(t.Begin, t.End, t.Redate) {
		refs = append(append(refs, j.Entitlement.Ref()), mentioned(j.Reason)...)
	}
	for _, y := range t.Targets {
		refs = append(refs, y.System.Ref())
		if y.Account != 0 {
			refs = append(refs, y.Account.Ref())
		}
	}
	for _, f := range t.Failures {
		refs = append(refs, f.System.Ref())
	}
	return refs
}

func turnOf(y access.Target, was []access.Target, name func(access.Ref) access.Named) AccountTurn {
	a := AccountTurn{System: name(y.System.Ref()), Login: y.Login, Is: y.State, Because: y.Reason, Deleted: y.DeleteAt}
	if a.Is == "" {
		a.Is = access.TargetEnabled // which login it has is told when it is kept
	}
	if y.Account != 0 {
		a.Account = name(y.Account.Ref())
	}
	same := func(o access.Target) bool {
		return o.ID != 0 && o.ID == y.ID || o.Account != 0 && o.Account == y.Account
	}
	if i := slices.IndexFunc(was, same); i >= 0 {
		a.Was = was[i].State
	}
	return a
}

// A reason names rules by their names, and roles by their ids.
var mention = regexp.MustCompile(`\brol_[0-9a-z]+`)

func mentioned(reason string) (refs []access.Ref) {
	for _, text := range mention.FindAllString(reason, -1) {
		if r, err := access.ParseRef(text); err == nil {
			refs = append(refs, r)
		}
	}
	return refs
}

func worded(reason string, name func(access.Ref) access.Named) string {
	return mention.ReplaceAllStringFunc(reason, func(text string) string {
		r, err := access.ParseRef(text)
		if err != nil {
			return text
		}
		return "role " + name(r).Name
	})
}

// Follows is what followed from an event that happened, until the next in the same life.
func (s *Service) Follows(ctx context.Context, e Event, next access.Time) (o Outcome, err error) {
	t, err := s.Store.Followed(ctx, e.Identity, max(e.At, e.Kept), next)
	if err != nil {
		return o, err
	}
	return o, s.tell(ctx, &o, t)
}

// Brings is what an event changes of what is known of somebody, and of their access: what it
// would, where it is coming. What was cancelled before it happened brought nothing.
func (s *Service) Brings(ctx context.Context, e Event, next access.Time) (list []Alteration, o Outcome, err error) {
	switch {
	case e.State == Coming:
		if o, err = s.Foretell(ctx, e.Identity, e.Kind, e.Urgent); err == nil && o.From != o.To {
			list = append(list, Alteration{Name: "state", Was: string(o.From), Is: string(o.To)})
		}
	case e.State == Cancelled && e.Ended < e.At:
		o = Outcome{Gains: []Part{}, Loses: []Part{}, Accounts: []AccountTurn{}}
	default:
		if list, err = s.altered(ctx, e); err != nil {
			return nil, o, err
		}
		if e.Ended != 0 && (next == 0 || e.Ended < next) && e.State == Cancelled {
			next = e.Ended
		}
		o, err = s.Follows(ctx, e, next)
	}
	return append([]Alteration{}, list...), o, err
}

// altered is what an event changed, with whoever is meant by name.
func (s *Service) altered(ctx context.Context, e Event) ([]Alteration, error) {
	list, err := s.Store.Altered(ctx, e)
	if err != nil {
		return nil, err
	}
	var refs []access.Ref
	for _, x := range list {
		for _, r := range []access.Ref{x.From, x.To} {
			if !r.IsZero() {
				refs = append(refs, r)
			}
		}
	}
	name, err := s.namer(ctx, refs)
	if err != nil {
		return nil, err
	}
	for i, x := range list {
		if !x.From.IsZero() {
			list[i].WasOne = name(x.From)
			list[i].Was = list[i].WasOne.Name
		}
		if !x.To.IsZero() {
			list[i].IsOne = name(x.To)
			list[i].Is = list[i].IsOne.Name
		}
	}
	return list, nil
}
