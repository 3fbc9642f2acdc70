package lease

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/remember"
	"github.com/writhq/writ/internal/reserve"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// The actions that are asked of the gate.
const (
	readTemplate   = "template.read"
	changeTemplate = "template.change"
	grantTemplate  = "template.grant"
	issueAction    = "lease.issue"
	readAction     = "lease.read"
	endAction      = "lease.end"
	forceAction    = "lease.force"
)

// Names tells what things are called.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

// Service is the use cases. All of its fields are needed but Now, and the two that say what
// is known of who holds what: without them, what is decided on stands for that moment alone.
type Service struct {
	Store   Store
	Gate    *policy.Gate
	Names   Names
	Lenders *Lenders
	Keeper  *Keeper                     // who is told that there is something to take away
	Settle  func(context.Context) error // brings what is known up to what is committed
	Settled func() access.Rev           // up to which everything is known
	Now     func() time.Time            // nil is time.Now

	made   confirming
	memory remember.Memory[access.Rev, string, Known] // by the id of a template, and by its name
	ids    reserve.IDs[access.LeaseID, access.ChainID]
}

// makeWithin is how long a system may take to make an account. A lease that takes longer
// than abandoned was begun by a node that is no more.
const (
	makeWithin = 20 * time.Second
	abandoned  = time.Minute
	lastWord   = 10 * time.Second // for what is kept after whoever asked has gone
)

// Asking is what somebody wants an account for.
type Asking struct {
	Template access.TemplateID
	Lasts    time.Duration // zero is what the template says is usual
	Reason   string
	Ticket   string
}

// Issued is a lease, and what opens its account. That is there once: Value is empty where
// others have to agree first, and in every later answer.
type Issued struct {
	Lease
	Value secret.Secret
}

// right is one by which somebody may use an offer.
func right(v *graph.View, of Offer, who access.IdentityID) (Right, bool) {
	for _, r := range of.Rights {
		if policy.Holds(v, r.Holder, who) {
			return r, true
		}
	}
	return Right{}, false
}

// object is what decisions about a template are made on: it belongs where its system does.
func object(v *graph.View, of Offer, who access.IdentityID, reason string) policy.Object {
	o := policy.Object{Reason: reason}
	o.Resource, _ = policy.ObjectOf(v, of.System.Ref())
	o.Ref, o.System, o.Subjects = of.ID.Ref(), of.System, nil
	if _, may := right(v, of, who); may {
		o.Eligible = who
	}
	return o
}

// leaseObject is what decisions about a lease are made on: its creator is who has it.
func leaseObject(v *graph.View, l *Lease, reason string) policy.Object {
	o := policy.Object{Reason: reason}
	o.Resource, _ = policy.ObjectOf(v, l.System.Ref())
	o.Ref, o.System, o.Subjects, o.Creator = l.ID.Ref(), l.System, []access.Ref{l.Identity.Ref()}, l.Identity
	return o
}

func person(ctx context.Context) (access.IdentityID, error) {
	c, ok := policy.CallerOf(ctx)
	switch {
	case !ok:
		return 0, policy.ErrSignIn
	case c.Identity == 0:
		return 0, policy.ErrSomebody
	}
	return c.Identity, nil
}

// Issue has an account made for whoever calls, or asks those who have to agree.
func (s *Service) Issue(ctx context.Context, a Asking) (Issued, error) {
	who, err := person(ctx)
	if err != nil {
		return Issued{}, err
	}
	if a.Reason, err = access.Said(a.Reason); err != nil {
		return Issued{}, err
	}
	if a.Ticket, err = access.Said(a.Ticket); err != nil {
		return Issued{}, err
	}
	if x, made, err := s.issueKnown(ctx, who, a); made {
		return x, err
	}
	at := s.settled()
	of, err := s.Store.Offer(ctx, a.Template)
	if err != nil {
		return Issued{}, err
	}
	w, err := s.want(ctx, who, a, of)
	if err != nil {
		return Issued{}, err
	}
	u, err := s.ready(ctx, of.System)
	if err != nil {
		return Issued{}, err
	}
	defer u.end()
	given, err := s.Store.Ask(ctx, &w.l, of, w.by, w.ask)
	if err != nil || w.ask != nil {
		return Issued{Lease: w.l}, err
	}
	if err := s.stands(ctx, w.l, of, at); err != nil {
		return Issued{}, err
	}
	return s.make(ctx, u, w.l, of, given)
}

// ready is the connector of a system in which accounts may be made now.
func (s *Service) ready(ctx context.Context, id access.SystemID) (use, error) {
	r, err := s.Lenders.Systems.Reach(ctx, id)
	if err != nil {
		return use{}, err
	}
	return s.Lenders.ready(ctx, id, r)
}

// wanted is a lease that somebody may have: by which right, and whom to ask first; nil is
// nobody.
type wanted struct {
	l   Lease
	by  Right
	ask *approval.Case
}

// want decides on what is asked for by an offer.
func (s *Service) want(ctx context.Context, who access.IdentityID, a Asking, of Offer) (w wanted, err error) {
	w.l = Lease{Template: of.ID, System: of.System, Identity: who, Successor: of.Successor, Reason: a.Reason, Ticket: a.Ticket, Lasts: a.Lasts, Most: of.Terms.Most}
	if w.l.Lasts == 0 {
		w.l.Lasts = of.Usual
	}
	w.by, w.ask, err = s.decide(ctx, &w.l, of)
	return w, err
}

func (s *Service) settled() access.Rev {
	if s.Settled == nil {
		return 0
	}
	return s.Settled()
}

// stands decides anew where anything was changed since a lease was decided on, and ends one
// that is not to be. Whoever looks at all leases after a change may have looked before this
// one was there; after the next change they find it.
func (s *Service) stands(ctx context.Context, l Lease, of Offer, at access.Rev) error {
	err := s.decidedAgain(ctx, l, of, at)
	if err == nil {
		return nil
	}
	code := CodeNotMade
	if k := fault.KindOf(err); k == fault.Denied || k == fault.NotFound {
		code = CodeLost
	}
	return errors.Join(err, s.undo(ctx, l, code, err))
}

func (s *Service) decidedAgain(ctx context.Context, l Lease, of Offer, at access.Rev) error {
	if s.Settled == nil {
		return nil
	}
	changed, err := s.Store.ChangedAfter(ctx, at)
	if err != nil || !changed {
		return err
	}
	if err := s.Settle(ctx); err != nil {
		return err
	}
	_, _, err = s.decide(ctx, &l, of)
	return err
}

// decide asks the gate whether somebody may lease what they ask for, and holds it to its
// terms. It says by which right they may, and whom to ask first; nil is nobody.
func (s *Service) decide(ctx context.Context, l *Lease, of Offer) (by Right, ask *approval.Case, err error) {
	v := s.Gate.Graph.View()
	defer v.Close()
	by, _ = right(v, of, l.Identity)
	need, err := s.Gate.Ask(ctx, issueAction, object(v, of, l.Identity, l.Reason), policy.ObligationsOf(of.Terms))
	if err != nil {
		return by, nil, err
	}
	if err := s.fits(l, of, need); err != nil {
		return by, nil, err
	}
	if len(of.Terms.Stages) == 0 {
		return by, nil, nil
	}
	c, err := s.shown(ctx, v, l, of)
	return by, &c, err
}

// fits holds what is asked for to its terms.
func (s *Service) fits(l *Lease, of Offer, need policy.Obligations) error {
	switch {
	case of.Terms.Ticket && l.Ticket == "":
		return ErrTicket
	case need.Approve > len(of.Terms.Stages):
		return policy.ErrApprove.With("a policy wants somebody to agree, and the terms of the template say nobody who does: have stages added to them")
	case l.Lasts < shortest:
		return ErrTooLong.With("say for how long: a second at least")
	case l.Lasts > of.Terms.Most:
		return ErrTooLong.With("it lasts %s at most, and that is %s", access.Lasting(of.Terms.Most), access.Lasting(l.Lasts))
	case need.MaxDuration > 0 && l.Lasts > need.MaxDuration:
		return ErrTooLong.With("a policy lets it last %s at most, and that is %s", access.Lasting(need.MaxDuration), access.Lasting(l.Lasts))
	case !s.Store.Trusted():
		return ErrClock
	}
	if need.MaxDuration > 0 {
		l.Most = min(l.Most, need.MaxDuration)
	}
	return nil
}

// shown is what others decide by.
func (s *Service) shown(ctx context.Context, v *graph.View, l *Lease, of Offer) (approval.Case, error) {
	c := approval.Case{
		Action: issueAction, By: l.Identity, For: []access.Ref{l.Identity.Ref()}, System: of.System, Thing: of.ID.Ref(),
		Stages: of.Terms.Stages, Reason: l.Reason, Ticket: l.Ticket,
	}
	o := object(v, of, l.Identity, "")
	c.Scope, c.Owner = o.Scope, o.Owner
	refs := []access.Ref{l.Identity.Ref(), of.System.Ref()}
	for _, id := range of.Entitlements {
		refs = append(refs, id.Ref())
	}
	names, err := s.Names.Names(ctx, refs)
	if err != nil {
		return c, err
	}
	c.Shown = map[string]string{
		"who": called(names, refs[0]), "system": called(names, refs[1]), "template": of.Name,
		"for": access.Lasting(l.Lasts), "at most": access.Lasting(l.Most), "given": "nothing",
	}
	for i, r := range refs[2:] {
		if i == 0 {
			c.Shown["given"] = called(names, r)
		} else {
			c.Shown["given"] += ", " + called(names, r)
		}
	}
	return c, nil
}

func called(names map[access.Ref]access.Label, r access.Ref) string {
	if l := names[r]; l.Name != "" {
		return l.Name
	}
	return r.String()
}

// Take makes the account of a lease that others have agreed to, for whoever asked for it.
// It is decided again, by what is so now.
func (s *Service) Take(ctx context.Context, id access.LeaseID) (Issued, error) {
	l, err := s.own(ctx, id)
	if err != nil {
		return Issued{}, err
	}
	if l.State != Waiting || l.Agreed == 0 {
		return Issued{Lease: l}, ErrState.With("what others have agreed to is taken, and this is %s", l.State)
	}
	at := s.settled()
	of, err := s.Store.Offer(ctx, l.Template)
	if err != nil {
		return Issued{}, err
	}
	by, _, err := s.decide(ctx, &l, of)
	if err != nil {
		return Issued{}, err
	}
	u, err := s.ready(ctx, of.System)
	if err != nil {
		return Issued{}, err
	}
	defer u.end()
	l, entitlements, err := s.Store.Take(ctx, id, of, by)
	if err != nil {
		return Issued{}, err
	}
	if err := s.stands(ctx, l, of, at); err != nil {
		return Issued{}, err
	}
	return s.make(ctx, u, l, of, entitlements)
}

// make makes the account of a lease whose row is there, and keeps that it did. What did not
// come about, or nobody is there to be told, is taken away.
func (s *Service) make(ctx context.Context, u use, l Lease, of Offer, entitlements []string) (Issued, error) {
	s.made.coming.Add(1)
	defer s.made.coming.Add(-1)
	value, err := lend(ctx, u, l, of, entitlements)
	if err == nil {
		err = s.made.confirm(ctx, s.Store, l.ID)
	}
	code := CodeNotMade
	if err == nil && ctx.Err() != nil {
		err, code = ctx.Err(), CodeUnanswered
	}
	if err != nil {
		value.Wipe()
		return Issued{}, errors.Join(err, s.undo(ctx, l, code, err))
	}
	l.State = Active
	return Issued{l, value}, nil
}

// undo has an account taken away that nobody was given. Where its lease has ended already,
// that may have been before the account was there.
func (s *Service) undo(ctx context.Context, l Lease, code string, why error) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	_, err := s.Store.End(last, l.ID, code, said(why))
	if !errors.Is(err, ErrState) {
		s.Keeper.Wake()
		return err
	}
	u, err := s.Lenders.use(last, l.System)
	if err != nil {
		return err
	}
	defer u.end()
	return u.lender.Recall(last, connector.Lent{Name: l.Name, Mark: l.Mark}, l.Successor)
}

// said is what a row may tell of an error.
func said(err error) string {
	if e, known := errors.AsType[*fault.Error](err); known && e.Kind != fault.Internal {
		return fault.Line(e)
	}
	return ""
}

func lend(ctx context.Context, u use, l Lease, of Offer, entitlements []string) (secret.Secret, error) {
	within, cancel := context.WithTimeout(ctx, makeWithin)
	defer cancel()
	value, err := generate.Password(fitting(u.spec.Takes))
	if err != nil {
		return value, err
	}
	return value, u.lender.Lend(within, connector.Loan{
		Lent: connector.Lent{Name: l.Name, Mark: l.Mark}, Value: value, Until: l.End.Time(), Entitlements: entitlements, Inherit: of.Inherit,
	})
}

// usualLength is how long a password is that nobody types.
const usualLength = 32

// fitting are rules that a system takes.
func fitting(p connector.SecretPolicy) generate.Rules {
	r := generate.Rules{Length: max(usualLength, p.Length), Refuse: p.Without}
	if p.Most > 0 {
		r.Length = min(r.Length, p.Most)
	}
	return r
}
