package approval

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// The actions, each on an approval.
const (
	readAction     = "approval.read"
	decideAction   = "approval.decide"
	withdrawAction = "approval.withdraw"
	delegateAction = "approval.delegate"
)

// Deciding makes a decision of what somebody says, with the request under lock, what is
// delegated to them, and the store's time; or says why they may not.
type Deciding func(r Request, delegated []Delegation, at access.Time) (Decision, error)

// Query asks for requests, the newest first.
type Query struct {
	State  State             // any where it is empty
	By     access.IdentityID // who asked; anybody where it is zero
	About  access.Ref        // anything where it is zero
	System []access.SystemID // nil is everywhere
	Before access.ApprovalID // older than that one; zero begins with the newest
	First  int               // how many
}

// Store is what this package needs from a database, and no more.
type Store interface {
	// Approval returns a request, or policy.ErrNoObject.
	Approval(ctx context.Context, id access.ApprovalID) (Request, error)
	Approvals(ctx context.Context, q Query) ([]Request, error)
	// Decide loads a request under lock, asks rule and Rule, and keeps the decision with
	// what follows from it and its audit record, or nothing. It sets Decision.By and At.
	Decide(ctx context.Context, id access.ApprovalID, rule Deciding) (State, error)
	// Withdraw ends a request that waits, where rule returns nil for it.
	Withdraw(ctx context.Context, id access.ApprovalID, rule func(Request) error) error
	// Candidates are who might be asked at a stage, by what the database says: more than
	// may decide, never fewer. No more than MostTold of them.
	Candidates(ctx context.Context, id access.ApprovalID) ([]Candidate, error)

	// Delegations are those from or to somebody that have not ended, the newest first.
	Delegations(ctx context.Context, of access.IdentityID) ([]Delegation, error)
	// DelegatedTo are those that count now.
	DelegatedTo(ctx context.Context, who access.IdentityID) ([]Delegation, access.Time, error)
	// Delegate keeps one. It asks Validate in the same transaction, and returns
	// ErrDelegate where who is to decide is not an active human.
	Delegate(ctx context.Context, d Delegation) (access.DelegationID, error)
	// Undelegate ends one that From gave, or returns policy.ErrNoObject.
	Undelegate(ctx context.Context, id access.DelegationID, from access.IdentityID) error

	// Chain returns what is in the chain of an object; none where it is in none.
	Chain(ctx context.Context, of access.Ref, most int) (Chain, error)
}

// Service is how people decide.
type Service struct {
	Store Store
	Gate  *policy.Gate
	// Facts are those of now.
	Facts func() policy.Facts
}

// Said is what somebody says of what they were shown.
type Said struct {
	Verdict   Verdict
	Comment   string
	Version   int
	Digest    string
	InsteadOf access.IdentityID // zero: for themself, or where there is one way only
}

// Decide keeps what whoever calls says of a request, and returns what became of it.
func (s *Service) Decide(ctx context.Context, id access.ApprovalID, said Said) (State, error) {
	comment, err := access.Said(said.Comment)
	if err != nil {
		return "", err
	}
	return s.Store.Decide(ctx, id, func(r Request, delegated []Delegation, at access.Time) (Decision, error) {
		now := s.view(ctx, r, delegated, at)
		by, whose := choose(r, now.who, said.InsteadOf, now.standings)
		if err := now.may(decideAction, by, comment); err != nil {
			return Decision{}, err
		}
		return Decision{
			InsteadOf: by.InsteadOf, Stage: r.Stage, Seats: by.Seats, Verdict: said.Verdict, Comment: comment,
			Version: said.Version, Digest: said.Digest,
		}, whose
	})
}

// Withdraw ends what whoever calls has asked for.
func (s *Service) Withdraw(ctx context.Context, id access.ApprovalID) error {
	return s.Store.Withdraw(ctx, id, func(r Request) error {
		return s.view(ctx, r, nil, 0).may(withdrawAction, Standing{}, "")
	})
}

// view is a request as it stands to whoever calls, by the facts of now.
type view struct {
	s         *Service
	ctx       context.Context //nolint:containedctx // it lives as long as the call
	r         Request
	place     Place
	who       access.IdentityID
	standings []Standing
}

func (s *Service) view(ctx context.Context, r Request, delegated []Delegation, at access.Time) *view {
	c, _ := policy.CallerOf(ctx)
	v := &view{s: s, ctx: ctx, r: r, place: s.place(r.Case), who: c.Identity}
	if f := s.Facts(); f != nil && c.Identity != 0 {
		v.standings = standings(f, r, v.place, c.Identity, delegated, at, v.might)
	}
	return v
}

// might reports whether somebody might decide by themself, whatever it obliges to.
func (v *view) might(who access.IdentityID) bool {
	o := v.object()
	o.Assignee = who
	return v.s.Gate.Still(v.ctx, who, decideAction, o) == nil
}

// object is the request as decisions about it need it.
func (v *view) object() policy.Object {
	return policy.Object{Resource: policy.Resource{
		Ref: v.r.ID.Ref(), Scope: v.place.Scope, System: v.place.System, Owner: v.place.Owner,
		Creator: v.r.By, Subjects: v.r.Subjects(),
	}}
}

// asked is the object with whoever calls as who is asked, where they are.
func (v *view) asked() policy.Object {
	o := v.object()
	if len(v.standings) > 0 {
		o.Assignee = v.who
	}
	return o
}

// may is nil where whoever calls may do something to the request, by one way to stand.
func (v *view) may(action string, by Standing, reason string) error {
	o := v.asked()
	o.InsteadOf, o.Reason = by.InsteadOf, reason
	need, err := v.s.Gate.Ask(v.ctx, action, o, policy.Obligations{})
	if err == nil && need.Approve > 0 {
		return policy.ErrApprove
	}
	return err
}

// place is where and whose the thing of a case is now.
func (s *Service) place(c Case) Place {
	p := Place{c.Scope, c.System, c.Owner}
	if s.Gate.Graph == nil || c.Thing.IsZero() {
		return p
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	if is, ok := policy.ObjectOf(v, c.Thing); ok {
		p = Place{is.Scope, is.System, is.Owner}
	}
	return p
}
