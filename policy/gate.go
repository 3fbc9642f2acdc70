package policy

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// ErrNoObject is the answer about what is not there, and about what may not be seen.
var ErrNoObject = fault.New(fault.NotFound, "not-found", "there is no such object, or it is not yours to see")

// StepUp is how long a second factor counts for what needs one.
const StepUp = 10 * time.Minute

// Gate is where an operation asks before it runs: the one way from who calls to a
// decision.
type Gate struct {
	Engine *Engine
	Graph  *graph.Graph
}

// Object is what an operation acts on, and the reason that the caller gave.
type Object struct {
	Resource
	Reason string
	// InsteadOf is in whose place the caller decides, who has delegated that.
	InsteadOf access.IdentityID
}

// Permit returns nil where the caller may do action to o and has met what the
// decision obliges to.
func (g *Gate) Permit(ctx context.Context, action string, o Object) error {
	c, ok := CallerOf(ctx)
	switch {
	case !ok:
		return ErrSignIn
	case c.Node != "":
		return nil
	}
	if err := c.Within(action); err != nil {
		return err
	}
	need, err := g.permit(ctx, c, action, o, Obligations{})
	if err == nil && need.Approve > 0 {
		return ErrApprove
	}
	return err
}

// Ask is Permit for what can wait until others agree, and for what takes more than
// policies oblige to: more is that. It returns what is obliged to in all; that others have
// to agree is left to whoever asks.
func (g *Gate) Ask(ctx context.Context, action string, o Object, more Obligations) (Obligations, error) {
	c, ok := CallerOf(ctx)
	switch {
	case !ok:
		return Obligations{}, ErrSignIn
	case c.Identity == 0:
		return Obligations{}, ErrSomebody
	}
	if err := c.Within(action); err != nil {
		return Obligations{}, err
	}
	return g.permit(ctx, c, action, o, more)
}

// permit decides, and asks for what is obliged to and whoever calls can give at once.
func (g *Gate) permit(ctx context.Context, c Caller, action string, o Object, more Obligations) (Obligations, error) {
	d := g.decide(ctx, c, action, o)
	if !d.Permitted() {
		return Obligations{}, g.refused(ctx, c, action, o, d)
	}
	need := d.Obligations
	need.add(more)
	switch {
	case need.Reason && strings.TrimSpace(o.Reason) == "":
		return need, ErrReason
	case need.MFA && (!c.Context.MFA || c.Context.MFAAge > StepUp):
		return need, ErrStepUp
	}
	return need, nil
}

// Still reports whether somebody may do action to o by what is so now, whatever it obliged
// to: that was met before. It is asked again before what waited happens.
func (g *Gate) Still(ctx context.Context, who access.IdentityID, action string, o Object) error {
	return g.decide(ctx, Caller{Identity: who}, action, o).Err()
}

func (g *Gate) decide(ctx context.Context, c Caller, action string, o Object) Decision {
	how := c.Context
	how.Reason = o.Reason
	if o.InsteadOf != 0 {
		how.OnBehalfOf = o.InsteadOf
	}
	return g.Engine.Decide(ctx, Request{Principal: c.Identity.Ref(), Action: action, Resource: o.Resource, Context: how})
}

// refused says that something is not there where the caller may not even see it.
func (g *Gate) refused(ctx context.Context, c Caller, action string, o Object, d Decision) error {
	a, ok := actionOf(action)
	if !ok || o.Ref.IsZero() && o.Key == "" {
		return d.Err()
	}
	see := strings.ToLower(string(a.On)) + ".read"
	if action == see {
		return ErrNoObject
	}
	if _, ok := actionOf(see); ok && !g.decide(ctx, c, see, o).Permitted() {
		return ErrNoObject
	}
	return d.Err()
}

// See returns nil where the caller may see o, whatever it is.
func (g *Gate) See(ctx context.Context, o Object) error {
	if o.Ref.IsZero() {
		return ErrNoObject
	}
	return g.Permit(ctx, o.Ref.Kind.String()+".read", o)
}

// Verdict says whether somebody may do a thing, and if not, why not.
type Verdict struct {
	Allowed bool   `json:"allowed"`
	Why     string `json:"why,omitempty" doc:"Why not, or what it takes"`
}

// Verdicts answers, for whoever calls, which of some actions they may do to an
// object. What is allowed may still take a reason or a second factor.
func (g *Gate) Verdicts(ctx context.Context, o Object, actions ...string) map[string]Verdict {
	list := make(map[string]Verdict, len(actions))
	for _, action := range actions {
		err := g.Permit(ctx, action, o)
		switch {
		case err == nil:
			list[action] = Verdict{Allowed: true}
		case errors.Is(err, ErrReason), errors.Is(err, ErrStepUp):
			list[action] = Verdict{Allowed: true, Why: err.Error()}
		default:
			list[action] = Verdict{Why: err.Error()}
		}
	}
	return list
}

// Reach is in which systems somebody may do something.
type Reach struct {
	// All is every system, those to come too, and what belongs to none.
	All     bool
	Systems map[access.SystemID]bool
	// Own is whose things it reaches beside, wherever they are: the caller's, where
	// WithinOrOwn guards and they may do it to what they answer for.
	Own access.IdentityID
}

// None reports whether it reaches nothing.
func (r Reach) None() bool { return !r.All && len(r.Systems) == 0 && r.Own == 0 }

// Has reports whether it reaches a system; zero stands for what belongs to none.
func (r Reach) Has(id access.SystemID) bool { return r.All || r.Systems[id] }

// Reach returns where the caller may do something to all things of a kind. Nowhere
// is a denial. Each system is decided by itself: a policy may name one.
func (g *Gate) Reach(ctx context.Context, action string) (Reach, error) {
	c, ok := CallerOf(ctx)
	switch {
	case !ok:
		return Reach{}, ErrSignIn
	case c.Node != "":
		return Reach{All: true}, nil
	}
	if err := c.Within(action); err != nil {
		return Reach{}, err
	}
	everywhere := g.decide(ctx, c, action, Object{})
	if everywhere.Permitted() {
		return Reach{All: true}, nil
	}
	a, _ := actionOf(action)
	r := Reach{Systems: map[access.SystemID]bool{}}
	v := g.Graph.View()
	for n := range v.Systems() {
		o := Object{}
		o.in(v, n.ID)
		if a.On == SystemType {
			o.Ref = n.ID.Ref()
		}
		if g.decide(ctx, c, action, o).Permitted() {
			r.Systems[n.ID] = true
		}
	}
	if r.None() {
		return r, everywhere.Err()
	}
	return r, nil
}

// ReachOrOwn is Reach with what the caller answers for beside.
func (g *Gate) ReachOrOwn(ctx context.Context, action string) (Reach, error) {
	r, err := g.Reach(ctx, action)
	c, ok := CallerOf(ctx)
	if !ok || c.Node != "" || c.Within(action) != nil {
		return r, err
	}
	own := Object{Resource: Resource{Owner: c.Identity}}
	if g.decide(ctx, c, action, own).Permitted() {
		r.Own, err = c.Identity, nil
	}
	return r, err
}
