package elevate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
)

// The actions.
const (
	readEligibility   = "eligibility.read"
	changeEligibility = "eligibility.change"
	activateAction    = "elevation.activate"
	readAction        = "elevation.read"
	endAction         = "elevation.end"
	forceAction       = "elevation.force"
)

// Bearer says which account somebody would be given an entitlement on; package provision
// does.
type Bearer interface {
	Bearing(ctx context.Context, who access.IdentityID, system access.SystemID, what access.EntitlementID, on access.ResourceID) (provision.Bearing, error)
}

// Service gives eligibility and activates it. All of its fields but Tickets and Now are
// needed.
type Service struct {
	Store   Store
	Gate    *policy.Gate
	Bearer  Bearer
	Tickets Tickets          // nil: no ticket can be checked, and what asks for one is refused
	Now     func() time.Time // nil is time.Now
	// Names are what approvers are told of what they decide on.
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
}

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}

// Give says that somebody may activate something.
func (s *Service) Give(ctx context.Context, e Eligibility) (Eligibility, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return e, err
	}
	if e.Reason, err = access.Said(e.Reason); err != nil {
		return e, err
	}
	if err := e.Validate(s.now()); err != nil {
		return e, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	if _, ok := v.Entitlement(e.Entitlement); !ok {
		return e, ErrWhat
	}
	if err := holderOf(v, e.Holder, actor.Identity); err != nil {
		return e, err
	}
	e.Giver = actor.Identity
	return s.Store.Give(ctx, e)
}

// holderOf says what is wrong with making a holder eligible, by somebody.
func holderOf(v *graph.View, holder access.Ref, by access.IdentityID) error {
	there := false
	switch holder.Kind {
	case access.KindRole:
		_, there = v.Role(access.RoleID(holder.Key))
	case access.KindEntitlement:
		_, there = v.Entitlement(access.EntitlementID(holder.Key))
	default:
		n, ok := v.Identity(access.IdentityID(holder.Key))
		there = ok && n.State != access.Terminated
		if there && by != 0 && (n.ID == by || n.Kind != access.Human && n.Owner == by) {
			return ErrOwn
		}
	}
	switch {
	case !there:
		return ErrHolder
	case by != 0 && holder.Kind != access.KindIdentity && policy.Holds(v, holder, by):
		return ErrOwn
	}
	return nil
}

// Take ends an eligibility. What was activated by it ends at once.
func (s *Service) Take(ctx context.Context, id access.EligibilityID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason.With("say why they may not activate it any more")
	}
	return s.Store.Take(ctx, id, reason)
}

// object is an eligibility, as decisions about it need it; who is eligible by it only where
// the live graph says so.
func object(v *graph.View, e *Eligibility, who access.IdentityID) policy.Object {
	o := policy.Object{}
	o.Resource, _ = policy.ObjectOf(v, e.Entitlement.Ref())
	o.Ref, o.Subjects = e.ID.Ref(), []access.Ref{e.Holder}
	if policy.Holds(v, e.Holder, who) {
		o.Eligible = who
	}
	return o
}

// Request is what somebody asks to activate.
type Request struct {
	Entitlement access.EntitlementID
	Resource    access.ResourceID
	By          access.EligibilityID // zero: the one that asks for least
	For         time.Duration
	Reason      string
	Ticket      string
	Start       access.Time // zero is now
}

// Activate activates what whoever calls may, now or at a time, or has others asked first.
func (s *Service) Activate(ctx context.Context, r Request) (Elevation, error) {
	c, ok := policy.CallerOf(ctx)
	switch {
	case !ok:
		return Elevation{}, policy.ErrSignIn
	case c.Identity == 0:
		return Elevation{}, policy.ErrSomebody
	}
	var err error
	if r.Reason, err = access.Said(r.Reason); err != nil {
		return Elevation{}, err
	}
	if r.Ticket, err = access.Said(r.Ticket); err != nil {
		return Elevation{}, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	by, err := s.choose(ctx, v, c.Identity, &r)
	if err != nil {
		return Elevation{}, err
	}
	o := object(v, &by, c.Identity)
	o.Reason = r.Reason
	need, err := s.Gate.Ask(ctx, activateAction, o, policy.ObligationsOf(by.Terms))
	if err != nil {
		return Elevation{}, err
	}
	e := Elevation{
		Eligibility: by.ID, Identity: c.Identity, Entitlement: by.Entitlement, Resource: by.Resource, System: o.System, Tier: o.Tier,
		Reason: r.Reason, Ticket: r.Ticket, Terms: by.Terms, Lasts: r.For, Start: r.Start,
	}
	if err := s.fits(v, &e, &by, need); err != nil {
		return e, err
	}
	if err := s.ready(ctx, &e); err != nil {
		return e, err
	}
	return s.ask(ctx, v, e, by, need)
}

func (s *Service) ask(ctx context.Context, v *graph.View, e Elevation, by Eligibility, need policy.Obligations) (Elevation, error) {
	var approve *approval.Case
	switch {
	case len(by.Terms.Stages) > 0:
		asked, err := s.shown(ctx, v, &e)
		if err != nil {
			return e, err
		}
		approve = &asked
	case need.Approve > 0:
		return e, policy.ErrApprove.With("a policy asks for approval, and the terms name nobody who could give it: have stages added to the terms")
	}
	err := s.Store.Ask(ctx, &e, by, approve)
	return e, err
}

// choose is the eligibility by which somebody may activate it: of several the one that asks
// for least.
func (s *Service) choose(ctx context.Context, v *graph.View, who access.IdentityID, r *Request) (Eligibility, error) {
	list, err := s.Store.Eligibilities(ctx, EligibilityQuery{Entitlement: r.Entitlement})
	if err != nil {
		return Eligibility{}, err
	}
	now := s.now()
	list = slices.DeleteFunc(list, func(e Eligibility) bool {
		return e.Resource != r.Resource || r.By != 0 && e.ID != r.By || !e.In(max(now, r.Start)) || !policy.Holds(v, e.Holder, who)
	})
	if len(list) == 0 {
		return Eligibility{}, ErrNotEligible
	}
	return slices.MinFunc(list, func(a, b Eligibility) int {
		long := func(e Eligibility) int {
			if e.Terms.Most < r.For {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(long(a), long(b)), cmp.Compare(len(a.Terms.Stages), len(b.Terms.Stages)), cmp.Compare(a.ID, b.ID))
	}), nil
}

// fits holds what is asked for to its terms.
func (s *Service) fits(v *graph.View, e *Elevation, by *Eligibility, need policy.Obligations) error {
	now := s.now()
	start := max(e.Start, now)
	end := start + access.Time(e.Lasts.Microseconds())
	n, _ := v.Identity(e.Identity)
	switch {
	case e.Start > now+access.Time(longestAhead.Microseconds()):
		return ErrStart
	case e.Lasts < time.Second:
		return ErrTooLong.With("say for how long: a second at least")
	case need.MaxDuration > 0 && e.Lasts > need.MaxDuration:
		return ErrTooLong.With("it lasts %s at most, and that is %s", need.MaxDuration, e.Lasts)
	case by.End != 0 && end > by.End:
		return ErrTooLong.With("you are eligible until %s, and it would last until %s", by.End.Time().Format(time.RFC3339), end.Time().Format(time.RFC3339))
	case n.ThirdParty && n.ContractEnd != 0 && end > n.ContractEnd:
		return ErrTooLong.With("your contract ends on %s, before the elevation would", n.ContractEnd.Time().Format(time.DateOnly))
	}
	return nil
}

// ready finds what would keep it from working, before anybody is asked to approve it.
func (s *Service) ready(ctx context.Context, e *Elevation) error {
	if !s.Store.Trusted() {
		return ErrClock
	}
	if err := s.ticket(ctx, e, max(e.Start, s.now())); err != nil {
		return err
	}
	open, err := s.Store.Elevations(ctx, Query{Identity: e.Identity, Entitlement: e.Entitlement, States: States[:5], First: 100})
	if err != nil {
		return err
	}
	for _, x := range open {
		switch {
		case x.Resource != e.Resource:
		case x.State == Ending:
			return ErrNotOff
		default:
			return ErrOpen
		}
	}
	b, err := s.Bearer.Bearing(ctx, e.Identity, e.System, e.Entitlement, e.Resource)
	if err != nil {
		return err
	}
	e.Account = b.Account
	return bears(b)
}

// bears says what is wrong with the account that would be given it.
func bears(b provision.Bearing) error {
	switch {
	case !b.ByItself:
		return ErrByHand
	case b.Doubt:
		return ErrNotOff.With("what you hold there is being changed: wait until that is done")
	case b.Held:
		return ErrHeld
	case b.Several:
		return ErrNoAccount.With("you have several accounts there, and nothing says which one is meant")
	case b.ToMake:
		return ErrNoAccount.With("your account there is still to be made")
	case b.Account == 0 && b.Login == "":
		return ErrNoAccount
	case b.Status != access.Enabled && b.Status != "":
		return ErrDisabled.With("your account %s there is %s: have it enabled first", b.Login, b.Status)
	}
	return nil
}

// Extend has an elevation last longer, within its terms: everything that activating takes
// is asked for again.
func (s *Service) Extend(ctx context.Context, id access.ElevationID, by time.Duration, reason string) (Elevation, error) {
	e, err := s.Store.Elevation(ctx, id)
	if err != nil {
		return e, err
	}
	c, _ := policy.CallerOf(ctx)
	switch {
	case c.Identity == 0 || c.Identity != e.Identity:
		return e, ErrNotFound
	case e.State != Active:
		return e, ErrState.With("only what is active is extended, and this is %s", e.State)
	case by <= 0:
		return e, ErrNotExtending
	case len(e.Terms.Stages) > 0:
		return e, ErrTooLong.With("others agreed to how long it lasts: activate it anew afterwards")
	case !s.Store.Trusted():
		return e, ErrClock
	}
	g, err := s.Store.Eligibility(ctx, e.Eligibility)
	if errors.Is(err, ErrNoEligibility) {
		return e, ErrNotEligible
	}
	if err != nil {
		return e, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	o := object(v, &g, c.Identity)
	if o.Reason, err = access.Said(reason); err != nil {
		return e, err
	}
	need, err := s.Gate.Ask(ctx, activateAction, o, policy.ObligationsOf(g.Terms))
	if err != nil {
		return e, err
	}
	until := e.End + access.Time(by.Microseconds())
	longer := e
	longer.Lasts = time.Duration(until-e.Start) * time.Microsecond
	if until > e.latestEnd(min(g.Terms.Most, e.Terms.Most)) {
		return e, ErrTooLong.With("from its start to its end it lasts %s at most, extensions included", min(g.Terms.Most, e.Terms.Most))
	}
	if err := s.extends(v, &longer, &g, need, until); err != nil {
		return e, err
	}
	if err := s.Store.Extend(ctx, id, until, o.Reason); err != nil {
		return e, err
	}
	return s.Store.Elevation(ctx, id)
}

// extends holds an extension to what else ends.
func (s *Service) extends(v *graph.View, e *Elevation, by *Eligibility, need policy.Obligations, until access.Time) error {
	n, _ := v.Identity(e.Identity)
	switch {
	case need.MaxDuration > 0 && e.Lasts > need.MaxDuration:
		return ErrTooLong.With("from its start to its end it lasts %s at most, extensions included", need.MaxDuration)
	case by.End != 0 && until > by.End:
		return ErrTooLong.With("you are eligible until %s", by.End.Time().Format(time.RFC3339))
	case n.ThirdParty && n.ContractEnd != 0 && until > n.ContractEnd:
		return ErrTooLong.With("your contract ends before that")
	}
	return nil
}

// End ends what whoever calls has activated, at once.
func (s *Service) End(ctx context.Context, id access.ElevationID) error {
	return s.Store.End(ctx, id, CodeSelf, "")
}

// Force ends what somebody else has activated, at once.
func (s *Service) Force(ctx context.Context, id access.ElevationID, reason string) error {
	reason, err := access.Said(reason)
	switch {
	case err != nil:
		return err
	case reason == "":
		return ErrReason.With("say why it is ended")
	}
	return s.Store.End(ctx, id, CodeForced, reason)
}
