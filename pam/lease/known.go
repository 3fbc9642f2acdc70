package lease

import (
	"context"
	"errors"

	"github.com/writhq/writ/access"
)

// ErrMoved is returned where something was changed since what was known was read. Nobody is
// told: it is read and decided again.
var ErrMoved = errors.New("something was changed since what is known was read")

// Known is an offer, what accounts of it are given, by native id, and how their system is
// reached. It is what is so as long as nothing that is followed was changed after At, which is
// asked in the transaction that keeps a lease by it, never here.
type Known struct {
	At access.Rev
	Offer
	Given []string
	Reach Reach
}

// known is an offer as it is known. False is that it is to be read.
func (s *Service) known(ctx context.Context, id access.TemplateID) (Known, bool) {
	at := s.settled()
	if at == 0 {
		return Known{}, false
	}
	if k, ok := s.memory.Of(at, id.String()); ok {
		return k, true
	}
	if !s.memory.Worth(at) {
		return Known{}, false
	}
	k, ok, err := s.Store.Known(ctx, id, at)
	if err != nil || !ok {
		return Known{}, false
	}
	if k.Reach, err = s.Lenders.Systems.Reach(ctx, k.System); err != nil {
		return Known{}, false
	}
	for _, text := range []string{id.String(), k.Name} {
		s.memory.Keep(at, text, func(Known) Known { return k })
	}
	return k, true
}

// issueKnown is Issue by what is known, where nothing was changed since that was read: it is
// decided anew, and nobody is woken. False is that it has to go the whole way, which also
// says why something is refused.
func (s *Service) issueKnown(ctx context.Context, who access.IdentityID, a Asking) (x Issued, made bool, err error) {
	k, ok := s.known(ctx, a.Template)
	if !ok || len(k.Terms.Stages) > 0 { // who asks others is followed
		return x, false, nil
	}
	w, err := s.want(ctx, who, a, k.Offer)
	if err != nil {
		return x, false, nil //nolint:nilerr // the whole way says it
	}
	u, err := s.Lenders.ready(ctx, k.System, k.Reach)
	if err != nil {
		return x, false, nil //nolint:nilerr // as above
	}
	defer u.end()
	if s.askKnown(ctx, &w.l, k, w.by) != nil {
		return x, false, nil
	}
	x, err = s.make(ctx, u, w.l, k.Offer, k.Given)
	return x, true, err
}

// askKnown keeps a lease that was decided on by what is known.
func (s *Service) askKnown(ctx context.Context, l *Lease, k Known, by Right) error {
	id, chain, err := s.ids.Take(ctx, s.Store.Reserve)
	if err != nil {
		return err
	}
	prefix, err := s.Store.Prefix(ctx)
	if err != nil {
		return err
	}
	l.ID, l.Chain, l.Name, l.Mark = id, chain, Login(prefix, id), Mark(prefix, id)
	return s.Store.AskKnown(ctx, l, k, by)
}
