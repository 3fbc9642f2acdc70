package policy

import (
	"context"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// locksOut reports that publishing would leave nobody who can change policies, where
// somebody can now.
func (s *Documents) locksOut(ctx context.Context, p proposal) error {
	documents := []access.PolicyID{p.draft.ID}
	for _, x := range p.all {
		documents = append(documents, x.ID)
	}
	for _, id := range documents {
		is, err := s.administered(ctx, p.then, id)
		if err != nil {
			return err
		}
		if is {
			continue
		}
		if was, err := s.administered(ctx, p.now, id); err != nil || was {
			return firstOf(err, ErrLocksOut)
		}
	}
	return nil
}

func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// administered reports whether by a set one person could write a document, and another
// could publish that. Where they are to be is where who asks is.
func (s *Documents) administered(ctx context.Context, set *Set, id access.PolicyID) (bool, error) {
	if set == nil {
		return false, nil
	}
	e, d, err := s.asking(set)
	if err != nil {
		return false, err
	}
	c, _ := CallerOf(ctx)
	f := s.Live.Facts()
	how := Context{MFA: true, Reason: "what if", Address: c.Context.Address}
	may := func(who access.IdentityID, action string) bool {
		r := Request{Principal: who.Ref(), Action: action, Resource: Resource{Ref: id.Ref()}, Context: how}
		return e.decide(ctx, set, f, r).Permitted()
	}
	writers, publishers := map[access.IdentityID]bool{}, map[access.IdentityID]bool{}
	for who := range d.Functions {
		writers[who], publishers[who] = may(who, changePolicy), may(who, publishPolicy)
	}
	for w, writes := range writers {
		for p, publishes := range publishers {
			if writes && publishes && w != p {
				return true, ctx.Err()
			}
		}
	}
	return false, ctx.Err()
}

// Rescue takes a document out of force at once, by one person alone. It is for the operator
// of a node, and only where nobody can do it in the other way: where what is published
// locks out whoever changes policies, or cannot be compiled.
func (s *Documents) Rescue(ctx context.Context, name, reason string) error {
	by, err := author(ctx)
	if err != nil {
		return err
	}
	why := Written{Reason: strings.TrimSpace(reason)}
	if err := why.check(); err != nil {
		return err
	}
	k, err := s.Find(ctx, name)
	if err != nil {
		return err
	}
	if !k.InForce() {
		return ErrRetired
	}
	seen, err := s.Store.Published(ctx)
	if err != nil {
		return err
	}
	set, _ := SetOf(1, seen) // nil where it cannot be
	if can, err := s.administered(ctx, set, k.ID()); err != nil || can {
		return firstOf(err, ErrNotLocked)
	}
	e := audit.Event{Action: "policy.rescue", Personal: map[string]string{"name": k.Name(), "reason": why.Reason}}
	return s.Store.Publish(ctx, e, k.Name(), 0, func(all []Published, _ *Draft) (Published, error) {
		if !same(seen, all) {
			return Published{}, ErrChanged
		}
		p := *of(all, k.ID())
		p.Number, p.Retired, p.Authors, p.Publisher, p.Reason, p.Note = p.Number+1, true, []string{by}, by, why.Reason, why.Reason
		return p, nil
	})
}
