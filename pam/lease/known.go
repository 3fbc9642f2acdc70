package lease

import (
	"context"
	"errors"
	"sync"

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

// mostKnown is how many templates are remembered.
const mostKnown = 256

// memory is what was read of templates at one revision; at another one it is empty. The zero
// value is ready.
type memory struct {
	mu     sync.Mutex
	at     access.Rev
	kept   map[access.TemplateID]Known
	called map[string]access.TemplateID
}

func (m *memory) of(at access.Rev, id access.TemplateID) (Known, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.kept[id]
	return k, ok && m.at == at
}

func (m *memory) named(at access.Rev, name string) (access.TemplateID, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.called[name]
	return id, ok && m.at == at
}

func (m *memory) keep(k Known) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at != k.At {
		return
	}
	if m.kept == nil || len(m.kept) >= mostKnown {
		m.kept, m.called = map[access.TemplateID]Known{}, map[string]access.TemplateID{}
	}
	m.kept[k.ID], m.called[k.Name] = k, k.ID
}

// worth reports whether it pays to keep what is known at a revision: not the first time that
// this one is met, as where every other request changes something.
func (m *memory) worth(at access.Rev) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == at {
		return true
	}
	m.at, m.kept, m.called = at, nil, nil
	return false
}

// known is an offer as it is known. False is that it is to be read.
func (s *Service) known(ctx context.Context, id access.TemplateID) (Known, bool) {
	at := s.settled()
	if at == 0 {
		return Known{}, false
	}
	if k, ok := s.memory.of(at, id); ok {
		return k, true
	}
	if !s.memory.worth(at) {
		return Known{}, false
	}
	k, ok, err := s.Store.Known(ctx, id, at)
	if err != nil || !ok {
		return Known{}, false
	}
	if k.Reach, err = s.Lenders.Systems.Reach(ctx, k.System); err != nil {
		return Known{}, false
	}
	s.memory.keep(k)
	return k, true
}

// issueKnown is Issue by what is known, where nothing was changed since that was read: it is
// decided anew, and nobody is woken. False is that it has to go the whole way, which also
// says why something is refused.
func (s *Service) issueKnown(ctx context.Context, who access.IdentityID, a Asking) (x Issued, made bool, err error) {
	k, ok := s.known(ctx, a.Template)
	if !ok {
		return x, false, nil
	}
	w, err := s.want(ctx, who, a, k.Offer)
	if err != nil || w.ask != nil {
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
	id, chain, prefix, err := s.ids.take(ctx, s.Store)
	if err != nil {
		return err
	}
	l.ID, l.Chain, l.Name, l.Mark = id, chain, Login(prefix, id), Mark(prefix, id)
	return s.Store.AskKnown(ctx, l, k, by)
}

// reserve hands out ids that were taken some at a time: the transaction that keeps a lease
// need not take one.
type reserve struct {
	mu     sync.Mutex
	left   int
	id     access.LeaseID
	chain  access.ChainID
	prefix string
}

// reserveSize is how many ids are taken at a time. Those of a process that stops are lost.
const reserveSize = 200

func (r *reserve) take(ctx context.Context, s Store) (id access.LeaseID, chain access.ChainID, prefix string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 {
		if r.id, r.chain, r.prefix, err = s.Reserve(ctx, reserveSize); err != nil {
			return 0, 0, "", err
		}
		r.left = reserveSize
	}
	id, chain, prefix = r.id, r.chain, r.prefix
	r.id, r.chain, r.left = r.id+1, r.chain+1, r.left-1
	return id, chain, prefix, nil
}
