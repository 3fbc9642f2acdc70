package keys

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/share"
)

const (
	attemptFor = 10 * time.Minute // how long shares that were given are kept, and wrong ones counted
	mostWrong  = 10
)

// attempt is what was given so far of what opens one seal.
type attempt struct {
	shares map[byte]share.Share
	until  time.Time
}

func (a *attempt) forget() {
	for _, s := range a.shares {
		s.Forget()
	}
	clear(a.shares)
}

// Progress is how far opening the vault is.
type Progress struct {
	Open       bool
	Have, Need int
	Until      time.Time // when what was given is forgotten
}

// Unseal takes a passphrase, or one share; a seal that needs nobody takes nothing. What is
// wrong is told at once. Whoever calls has made sure who it is, and that they may.
func (r *Ring) Unseal(ctx context.Context, given secret.Secret, reason string) (Progress, error) {
	r.unsealing.Lock()
	defer r.unsealing.Unlock()
	if r.opened() {
		return Progress{Open: true}, ErrVaultOpen
	}
	v, err := r.store.Vault(ctx)
	if err != nil {
		return Progress{}, err
	}
	return r.give(ctx, &v, v.Seal, given, func(o *opened, facts map[string]string) error {
		if err := r.store.Record(ctx, "unseal", facts, reason); err != nil {
			o.close()
			return err
		}
		return r.take(ctx, o)
	}, reason)
}

func (r *Ring) opened() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.open != nil
}

// give takes what somebody gives for a seal. When it is enough, done has the root key.
func (r *Ring) give(ctx context.Context, v *Vault, id int64, given secret.Secret, done func(o *opened, facts map[string]string) error, reason string) (Progress, error) {
	s, ok := v.seal(id)
	if !ok {
		return Progress{}, ErrTampered
	}
	if r.wrong >= mostWrong && r.now().Before(r.wrongUntil) {
		return Progress{}, ErrTries
	}
	o := newOpened(v.Instance)
	facts := map[string]string{"seal": string(s.Kind)}
	p, err := r.unlock(ctx, o, v, s, given, facts)
	if err == nil && o.lock == nil { // more are needed
		o.close()
		return p, r.store.Record(ctx, "unseal", facts, reason)
	}
	if err == nil {
		o.seal, o.rootAt = id, v.Root
		o.root, err = o.unsealRoot(v, v.Root)
		if errors.Is(err, ErrTampered) && s.Kind == Passphrase {
			err = ErrPassphrase
		}
	}
	if err != nil {
		o.close()
		if s.Kind.opensItself() {
			return p, err
		}
		return p, errors.Join(err, r.wasWrong(ctx, facts, err, reason))
	}
	if err := done(o, facts); err != nil {
		return p, err
	}
	r.wrong = 0
	r.forgetAttempt(id)
	p.Open = true
	return p, nil
}

// unlock makes the lock of a seal of what is given, or keeps what is not enough yet.
func (r *Ring) unlock(ctx context.Context, o *opened, v *Vault, s SealRow, given secret.Secret, facts map[string]string) (p Progress, err error) {
	switch s.Kind {
	case Passphrase:
		o.lock, err = openPassphrase(o, s, given)
		return Progress{Need: 1}, err
	case Shares:
		return r.feed(o, v, s, given, facts)
	case File, PKCS11, KMS:
	}
	o.lock, err = r.openBySelf(ctx, o, s)
	return p, err
}

// wasWrong counts a wrong one and records it.
func (r *Ring) wasWrong(ctx context.Context, facts map[string]string, err error, reason string) error {
	if now := r.now(); r.wrong == 0 || !now.Before(r.wrongUntil) {
		r.wrong, r.wrongUntil = 0, now.Add(attemptFor)
	}
	if errors.Is(err, ErrShareThere) {
		return nil
	}
	r.wrong++
	facts["refused"] = "yes"
	return r.store.Record(ctx, "unseal", facts, reason)
}

// feed takes one share.
func (r *Ring) feed(o *opened, v *Vault, s SealRow, given secret.Secret, facts map[string]string) (Progress, error) {
	p, err := readSharing(s)
	if err != nil {
		return Progress{}, err
	}
	a := r.attempt(s.ID)
	now := Progress{Have: len(a.shares), Need: p.Threshold, Until: a.until}
	got, err := readShare(p, given)
	if err != nil {
		return now, err
	}
	if _, there := a.shares[got.Index]; there {
		return now, ErrShareThere
	}
	if len(a.shares) == 0 {
		a.until = r.now().Add(attemptFor)
	}
	a.shares[got.Index] = got
	now.Have, now.Until = len(a.shares), a.until
	facts["share"], facts["have"], facts["need"] = strconv.Itoa(int(got.Index)), strconv.Itoa(now.Have), strconv.Itoa(now.Need)
	if now.Have < now.Need {
		return now, nil
	}
	list := make([]share.Share, 0, len(a.shares))
	for _, s := range a.shares {
		list = append(list, s)
	}
	shared, err := share.Join(p, list)
	if err != nil {
		return now, err
	}
	defer clear(shared)
	o.lock, err = lockOf(p, o, v.Instance, shared)
	return now, err
}

// attempt is what was given for a seal, and is not forgotten yet.
func (r *Ring) attempt(id int64) *attempt {
	a := r.attempts[id]
	if a == nil || !r.now().Before(a.until) {
		r.forgetAttempt(id)
		a = &attempt{shares: map[byte]share.Share{}}
		r.attempts[id] = a
	}
	return a
}

func (r *Ring) forgetAttempt(id int64) {
	if a := r.attempts[id]; a != nil {
		a.forget()
		delete(r.attempts, id)
	}
}

// Forget lets go of the shares that were given: whoever began gives up.
func (r *Ring) Forget(ctx context.Context, reason string) error {
	r.unsealing.Lock()
	defer r.unsealing.Unlock()
	if err := r.store.Record(ctx, "unseal", map[string]string{"forgotten": "yes"}, reason); err != nil {
		return err
	}
	r.forgetAttempts()
	return nil
}

func (r *Ring) forgetAttempts() {
	for id := range r.attempts {
		r.forgetAttempt(id)
	}
}
