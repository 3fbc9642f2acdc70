package vault

import (
	"context"
	"maps"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/remember"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

// ErrMoved is returned where something was changed since what was known was read. Nobody is
// told: it is read and decided again.
var ErrMoved = fault.New(fault.Conflict, "vault-moved", "something was changed just now: ask again")

// Known is a secret with all that showing its current value is decided on, and the value as it
// lies sealed. It is what is so as long as nothing that is followed was changed after At, which
// is asked in the transaction that records the showing, never here.
type Known struct {
	At access.Rev
	Looked
	Version Version
	Sealed  keys.Sealed
}

// knownBytes is how large a value may be that is kept sealed.
const knownBytes = 64 << 10

type called struct{ safe, name string }

// knownFor is what is known of a secret, and who was shown it since by the whole way.
type knownFor struct {
	Known
	who map[access.IdentityID]bool
}

// memory is what programs read again and again.
type memory struct {
	remember.Memory[access.Rev, called, knownFor]
}

// of returns what is known at a revision of a secret that somebody was shown since.
func (m *memory) of(at access.Rev, c called, who access.IdentityID) (Known, bool) {
	k, ok := m.Of(at, c)
	return k.Known, ok && k.who[who]
}

func (m *memory) keep(k Known, c called, who access.IdentityID) {
	if len(k.Sealed.Text) > knownBytes {
		return
	}
	m.Keep(k.At, c, func(was knownFor) knownFor {
		shown := map[access.IdentityID]bool{who: true}
		if was.Secret.ID == k.Secret.ID && was.Version.ID == k.Version.ID {
			maps.Copy(shown, was.who) // who reads the one before is not changed
		}
		return knownFor{k, shown}
	})
}

// fetchKnown shows somebody again what they were shown before, where nothing was changed
// since: the decision is made anew, on what is known, and only its record is written. False is
// that it has to go the whole way, which also says why something is refused.
func (s *Service) fetchKnown(ctx context.Context, who access.IdentityID, r Revealing, at access.Rev) (k Known, plain secret.Secret, ok bool) {
	k, ok = s.known.of(at, called{r.In, r.Name}, who)
	if !ok {
		return k, plain, false
	}
	h := held{Safe: k.Safe, secret: &k.Secret, who: who, view: s.view()}
	h.right, h.has = best(h.view, k.Rights, who)
	if s.maySee(ctx, h, fetching, r) != nil {
		return k, plain, false
	}
	o := Opening{By: who, Right: h.right, Safe: k.Safe, Secret: k.Secret, How: Fetched, Reason: r.Reason, Ticket: r.Ticket}
	plain, err := s.Store.OpenKnown(ctx, k, o, s.opener(ctx))
	return k, plain, err == nil
}

// learn keeps what is known of a secret that somebody was just shown, where it pays.
func (s *Service) learn(ctx context.Context, who access.IdentityID, r Revealing, at access.Rev) {
	if !s.known.Worth(at) {
		return
	}
	k, ok, err := s.Store.Known(ctx, r.In, r.Name, at)
	if err == nil && ok { // else it goes the whole way again
		s.known.keep(k, called{r.In, r.Name}, who)
	}
}

// settledAt is up to which revision everything is known that decisions are made on. False is
// that nobody says.
func (s *Service) settledAt() (access.Rev, bool) {
	if s.Settled == nil || s.Graph == nil {
		return 0, false
	}
	return s.Settled(), true
}
