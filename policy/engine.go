package policy

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	cedar "github.com/cedar-policy/cedar-go"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrOlder is returned for a set that would replace a newer one.
var ErrOlder = fault.New(fault.Conflict, "older-policy", "a newer set of policies is in force")

// Constraint forbids for reasons that a feature knows, such as separation of
// duties. It is asked after policies have permitted.
type Constraint interface {
	// Check returns the rules that the request would break. An error forbids.
	Check(ctx context.Context, f Facts, r Request) ([]Violation, error)
}

// Config is what an engine needs. Set and Facts are required.
type Config struct {
	Set *Set
	// Facts returns one consistent view for one decision; nil is a denial.
	Facts       func() Facts
	Constraints []Constraint
}

// Engine decides. A nil engine denies.
type Engine struct {
	set              atomic.Pointer[Set]
	facts            func() Facts
	constraints      []Constraint
	permits, forbids atomic.Int64
}

// New returns an engine, or an error where what it needs is missing.
func New(cfg Config) (*Engine, error) {
	if cfg.Set == nil || cfg.Facts == nil {
		return nil, errors.New("a policy engine needs a set and facts")
	}
	if slices.Contains(cfg.Constraints, nil) {
		return nil, errors.New("a constraint of the policy engine is nil")
	}
	e := &Engine{facts: cfg.Facts, constraints: slices.Clone(cfg.Constraints)}
	e.set.Store(cfg.Set)
	return e, nil
}

// Set returns the set in force.
func (e *Engine) Set() *Set { return e.set.Load() }

// Swap puts a newer set in force; decisions that have begun end on the old one.
func (e *Engine) Swap(s *Set) error {
	if s == nil {
		return errors.New("no set to put in force")
	}
	for {
		now := e.set.Load()
		if s.Revision <= now.Revision {
			return ErrOlder.With("the set at revision %d cannot replace the one at revision %d", s.Revision, now.Revision)
		}
		s.goOnCounting(now)
		if e.set.CompareAndSwap(now, s) {
			return nil
		}
	}
}

// Counts returns how many decisions have permitted and forbidden since the start.
func (e *Engine) Counts() (permits, forbids int64) { return e.permits.Load(), e.forbids.Load() }

// Decide answers one request. It never fails: doubt is denial.
func (e *Engine) Decide(ctx context.Context, r Request) Decision {
	if e == nil {
		return Decision{Cause: NoEngine, request: r}
	}
	set := e.set.Load()
	d := e.decide(ctx, set, e.facts(), r)
	if d.Permitted() {
		e.permits.Add(1)
	} else {
		e.forbids.Add(1)
	}
	for _, p := range d.would {
		p.count.Add(1)
	}
	return d
}

// decide is Decide on a given set and view; it counts nothing.
func (e *Engine) decide(ctx context.Context, set *Set, facts Facts, r Request) Decision {
	d := Decision{request: r, PolicyRevision: set.Revision}
	if facts == nil {
		d.Cause = NoFacts
		return d
	}
	d.GraphRevision = facts.Rev()
	w := world{facts: facts, request: r}
	if d.Cause = w.prepare(ctx, set); d.Cause != "" {
		return d
	}
	d.request = w.request // with the scope that it is decided in
	if w.c.action.Group == Decides {
		if d.own, d.Cause = ownAccess(facts, &w.request, w.c.action.On); d.Cause != "" {
			return d
		}
		w.own = d.own
	}
	request := cedar.Request{Principal: w.identity, Action: w.c.uid, Resource: w.resource, Context: w.record(w.c.context)}
	chosen := selection{&w, w.c.enforced}
	_, said := cedar.Authorize(&chosen, &w, request)
	set.enforce(&d, said)
	if d.Permitted() {
		d.Obligations.add(w.c.floor)
		e.constrain(ctx, facts, &d)
	}
	switch {
	case d.Permitted():
		chosen.from = w.c.wouldForbid
	case d.Cause == NoPolicy:
		chosen.from = w.c.wouldPermit
	default:
		chosen.from = nil
	}
	if len(chosen.from) > 0 {
		_, said := cedar.Authorize(&chosen, &w, request)
		set.observe(&d, said)
	}
	if ctx.Err() != nil {
		return Decision{Cause: Ended, request: r, GraphRevision: d.GraphRevision, PolicyRevision: d.PolicyRevision}
	}
	return d
}

// prepare finds the candidates, the principal and the functions held over the
// resource, or the cause to deny.
func (w *world) prepare(ctx context.Context, set *Set) Cause {
	r := &w.request
	w.c = set.index[r.Action]
	switch {
	case ctx.Err() != nil:
		return Ended
	case w.c == nil:
		return UnknownAction
	case !w.c.action.On.takes(r.Resource.Ref.Kind):
		return WrongType
	case r.Principal.Kind != access.KindIdentity || r.Principal.Key <= 0:
		return UnknownIdentity
	}
	id := access.IdentityID(r.Principal.Key)
	var ok bool
	if w.who, ok = w.facts.Identity(id); !ok {
		return UnknownIdentity
	}
	scope := r.Resource.Scope
	if w.c.action.On == IdentityType && !r.Resource.Ref.IsZero() {
		subject, ok := w.facts.Identity(access.IdentityID(r.Resource.Ref.Key))
		if !ok {
			return UnknownSubject
		}
		scope = subject.Scope
		r.Resource.Scope = scope
	}
	if w.held, ok = functionsOver(w.facts, id, scope); !ok {
		return UnknownScope
	}
	w.identity, w.resource = identityUID(id), resourceUID(w.c.action.On, &r.Resource)
	return ""
}

// functionsOver returns the functions that an identity holds over a scope:
// within it or within one that it lies in.
func functionsOver(f Facts, id access.IdentityID, scope access.ScopeID) (functionMask, bool) {
	above, ok := f.Ancestors(scope)
	if !ok && scope != 0 {
		return 0, false
	}
	mask := requesterBit
	for _, h := range f.Functions(id) {
		bit, known := maskOf(h.Function)
		if known && (h.Scope == 0 || slices.Contains(above, h.Scope)) {
			mask |= bit
		}
	}
	return mask, true
}

// HoldsOver reports whether an identity holds a function over a scope, as decisions about
// something in it see it.
func HoldsOver(f Facts, id access.IdentityID, function access.Function, scope access.ScopeID) bool {
	bit, known := maskOf(function)
	held, ok := functionsOver(f, id, scope)
	return known && ok && held&bit != 0
}

// takes reports whether a resource of type t may have a reference of kind k.
func (t Type) takes(k access.ObjectKind) bool {
	kind, ok := refKinds[t]
	return k == access.KindNone || ok && k == kind
}

// enforce turns what the policies in enforce said into the decision.
func (s *Set) enforce(d *Decision, said cedar.Diagnostic) {
	var forbids []Decided
	for _, err := range said.Errors {
		p := s.byID[err.PolicyID]
		line := p.decided()
		line.Error = err.Message
		if p.Effect == Forbid {
			forbids = append(forbids, line)
		} else {
			d.errors = append(d.errors, line)
		}
	}
	lines := make([]Decided, 0, len(said.Reasons))
	permitted := len(said.Reasons) > 0
	for _, why := range said.Reasons {
		p := s.byID[why.PolicyID]
		permitted = permitted && p.Effect == Permit
		lines = append(lines, p.decided())
	}
	switch {
	case len(forbids) > 0 && permitted:
		d.Policies = forbids
	case len(forbids) > 0:
		d.Policies = append(forbids, lines...)
	case permitted:
		d.Effect, d.Policies = Permit, lines
		for _, why := range said.Reasons {
			d.Obligations.add(s.byID[why.PolicyID].obligations)
		}
	case len(lines) > 0:
		d.Policies = lines
	default:
		d.Cause = NoPolicy
	}
}

// observe finds what policies without effect would have changed: forbids where it
// is permitted, permits where no policy spoke.
func (s *Set) observe(d *Decision, said cedar.Diagnostic) {
	note := func(id cedar.PolicyID, failed string) {
		p := s.byID[id]
		if failed != "" && p.Effect == Permit {
			return
		}
		d.would = append(d.would, p)
		if p.Mode == Warn {
			line := p.decided()
			line.Error = failed
			d.Warnings = append(d.Warnings, line)
		}
	}
	for _, why := range said.Reasons {
		note(why.PolicyID, "")
	}
	for _, err := range said.Errors {
		note(err.PolicyID, err.Message)
	}
}

func (p *Policy) decided() Decided {
	return Decided{ID: p.ID, Effect: p.Effect, Mode: p.Mode, Reason: p.Reason}
}

// constrain asks the features, once policies have permitted.
func (e *Engine) constrain(ctx context.Context, f Facts, d *Decision) {
	for _, c := range e.constraints {
		broken, err := c.Check(ctx, f, d.request)
		if err != nil {
			broken = append(broken, Violation{Rule: "constraint-failed", Reason: "a constraint could not be checked", Mode: Enforce})
		}
		for _, v := range broken {
			switch v.Mode {
			case Enforce:
				d.Violations = append(d.Violations, v)
			case Warn:
				d.Warnings = append(d.Warnings, Decided{ID: v.Rule, Effect: Forbid, Mode: Warn, Reason: v.Reason})
			case Observe:
			}
		}
	}
	if len(d.Violations) > 0 {
		d.Effect, d.Obligations = Forbid, Obligations{}
	}
}
