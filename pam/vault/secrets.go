package vault

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// Found is a secret, and what a decision about using it is made on.
type Found struct {
	Secret
	Object policy.Object
}

// Secrets are those of the safes that whoever calls may see, by safe and name.
func (s *Service) Secrets(ctx context.Context, q Query) (list []Found, err error) {
	all, err := s.Store.Secrets(ctx, q)
	if err != nil {
		return nil, err
	}
	safes := map[access.SafeID]held{}
	for i := range all {
		x := &all[i]
		h, known := safes[x.Safe]
		if !known {
			if h, err = s.safe(ctx, x.Safe); err != nil {
				return nil, err
			}
			safes[x.Safe] = h
		}
		h.secret = x
		if s.Gate.Permit(ctx, "secret.read", h.object("", "")) == nil {
			list = append(list, Found{*x, h.object(Use, "")})
		}
	}
	return list, nil
}

// sealer seals a value with the ring.
func (s *Service) sealer(ctx context.Context, plain secret.Secret) Sealer {
	return func(at keys.Place) (keys.Sealed, error) { return s.Ring.Seal(ctx, at, plain) }
}

// add keeps a new secret; it is sealed again where the safe's key was changed meanwhile.
func (s *Service) add(ctx context.Context, x Secret, v Value, plain secret.Secret) (id access.SecretID, err error) {
	if err := s.Ring.Usable(); err != nil {
		return 0, err
	}
	err = s.Ring.Again(x.Safe, func() error {
		id, err = s.Store.AddSecret(ctx, x, v, s.sealer(ctx, plain))
		return err
	})
	return id, err
}

func (s *Service) put(ctx context.Context, x Secret, v Value, plain secret.Secret) (made Version, err error) {
	if err := s.Ring.Usable(); err != nil {
		return made, err
	}
	err = s.Ring.Again(x.Safe, func() error {
		made, err = s.Store.Put(ctx, x, v, s.sealer(ctx, plain))
		return err
	})
	return made, err
}

// opener opens with the ring. What does not open at its place is told to whoever runs the
// node: somebody may have changed it.
func (s *Service) opener(ctx context.Context) Opener {
	return func(at keys.Place, sealed keys.Sealed) (secret.Secret, error) {
		plain, err := s.Ring.Open(ctx, at, sealed)
		if err != nil && !errors.Is(err, keys.ErrVaultSealed) {
			slog.ErrorContext(ctx, "a version of a secret was not opened", "safe", at.Safe, "secret", at.Secret, "version", at.Version, "error", err)
		}
		return plain, err
	}
}

// AddSecret keeps a new secret. Plain is wiped.
func (s *Service) AddSecret(ctx context.Context, x Secret, plain secret.Secret) (access.SecretID, error) {
	defer plain.Wipe()
	if err := x.Validate(); err != nil {
		return 0, err
	}
	if err := x.Kind.Check(plain); err != nil {
		return 0, err
	}
	return s.add(ctx, x, Value{Public: x.public(plain), Written: true}, plain)
}

// Put keeps the next value of a secret. Plain is wiped.
func (s *Service) Put(ctx context.Context, id access.SecretID, base int, plain secret.Secret) (Version, error) {
	defer plain.Wipe()
	h, err := s.secret(ctx, id)
	if err != nil {
		return Version{}, err
	}
	return s.PutIn(ctx, *h.secret, base, plain)
}

// PutIn is Put for a secret that Called returned.
func (s *Service) PutIn(ctx context.Context, x Secret, base int, plain secret.Secret) (Version, error) {
	defer plain.Wipe()
	if err := x.Kind.Check(plain); err != nil {
		return Version{}, err
	}
	return s.put(ctx, x, Value{Base: base, Public: x.public(plain), Written: true}, plain)
}

func (x *Secret) public(plain secret.Secret) string {
	if x.Kind != SSHKey {
		return ""
	}
	return generate.PublicOf(plain)
}

// AddGenerated keeps a new secret that nobody knows.
func (s *Service) AddGenerated(ctx context.Context, x Secret) (access.SecretID, error) {
	if err := x.Validate(); err != nil {
		return 0, err
	}
	plain, public, err := x.draw()
	if err != nil {
		return 0, err
	}
	defer plain.Wipe()
	return s.add(ctx, x, Value{Public: public}, plain)
}

// Generate keeps a next value that nobody knows.
func (s *Service) Generate(ctx context.Context, id access.SecretID, base int, pending bool) (Version, error) {
	h, err := s.secret(ctx, id)
	if err != nil {
		return Version{}, err
	}
	plain, public, err := h.secret.draw()
	if err != nil {
		return Version{}, err
	}
	defer plain.Wipe()
	return s.put(ctx, *h.secret, Value{Base: base, Public: public, Pending: pending}, plain)
}

// draw is a value by the rules of a secret.
func (x *Secret) draw() (plain secret.Secret, public string, err error) {
	switch x.Kind {
	case Password, APIKey:
		plain, err = generate.Password(x.Rules)
		return plain, "", err
	case SSHKey:
		return generate.SSHKey(x.Name)
	case Certificate, Database, JSON, File:
	}
	return secret.Secret{}, "", ErrSecret.With("a secret of the kind %s is given, not generated", x.Kind)
}

// ChangeSecret keeps what is known of a secret but for its value.
func (s *Service) ChangeSecret(ctx context.Context, x Secret) error {
	if err := x.Validate(); err != nil {
		return err
	}
	return s.Store.ChangeSecret(ctx, x)
}

// Versions are the values that a secret had, the newest first.
func (s *Service) Versions(ctx context.Context, id access.SecretID) ([]Version, error) {
	return s.Store.Versions(ctx, id)
}

// Step does what a step says to a version, or to the secret where number is zero.
func (s *Service) Step(ctx context.Context, id access.SecretID, number int, step Step, reason string) error {
	h, err := s.secret(ctx, id)
	if err != nil {
		return err
	}
	return s.Store.Step(ctx, *h.secret, number, step, reason)
}

// Revealing is that somebody wants to see a value.
type Revealing struct {
	Secret   access.SecretID
	In, Name string // the safe and the secret by their names, in place of Secret
	Number   int    // of the version; zero is the current one
	Checkout access.CheckoutID
	Reason   string
	Ticket   string
}

// person is who calls, where that is somebody: the node sees and uses nothing.
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

// Reveal shows a value to who may see it. Whoever calls wipes it.
func (s *Service) Reveal(ctx context.Context, r Revealing) (Version, secret.Secret, error) {
	who, err := person(ctx)
	if err != nil {
		return Version{}, secret.Secret{}, err
	}
	_, v, plain, err := s.show(ctx, who, r, "secret.reveal", Revealed)
	return v, plain, err
}

const fetching = "secret.fetch"

// Fetch shows a value by its names to a program of somebody who may see it, by a token that is
// for that. Whoever calls wipes it. With ErrNoVersion comes the secret that has none.
func (s *Service) Fetch(ctx context.Context, r Revealing) (Secret, Version, secret.Secret, error) {
	who, err := person(ctx)
	if err != nil {
		return Secret{}, Version{}, secret.Secret{}, err
	}
	at, settled := s.settledAt()
	again := settled && r.Number == 0 && r.Checkout == 0
	if again {
		if k, plain, ok := s.fetchKnown(ctx, who, r, at); ok {
			return k.Secret, k.Version, plain, nil
		}
	}
	x, v, plain, err := s.show(ctx, who, r, fetching, Fetched)
	if again && err == nil {
		s.learn(ctx, who, r, at)
	}
	return x, v, plain, err
}

func (s *Service) show(ctx context.Context, who access.IdentityID, r Revealing, action string, how How) (x Secret, v Version, plain secret.Secret, err error) {
	if err := s.settle(ctx); err != nil {
		return x, v, plain, err
	}
	h, err := s.lookFor(ctx, Query{ID: r.Secret, In: r.In, Name: r.Name})
	switch {
	case err != nil:
		return x, v, plain, err
	case r.Name != "" && h.secret.State != Live:
		return x, v, plain, ErrNoSecret
	}
	if err := s.maySee(ctx, h, action, r); err != nil {
		return x, v, plain, err
	}
	o := Opening{
		By: who, Right: h.right, Safe: h.Safe, Secret: *h.secret, Number: r.Number, How: how,
		Checkout: r.Checkout, Alone: r.Checkout == 0, Reason: r.Reason, Ticket: r.Ticket,
	}
	v, plain, err = s.Store.Open(ctx, o, s.opener(ctx))
	return *h.secret, v, plain, err
}

// maySee refuses what whoever calls may not see now: by their right, with what the terms ask
// for. What others have to agree to, and what one at a time has, is opened in a check-out.
func (s *Service) maySee(ctx context.Context, h held, action string, r Revealing) error {
	if h.has && !h.right.Level.covers(Reveal) {
		if err := s.Gate.See(ctx, h.object("", "")); err != nil {
			return ErrNoSecret
		}
		return ErrMayNot
	}
	need, err := s.Gate.Ask(ctx, action, h.object(Reveal, r.Reason), policy.ObligationsOf(h.Terms))
	switch {
	case err != nil:
		return err
	case r.Checkout != 0: // in which the rest was met
		return nil
	case need.Approve > 0 || h.secret.exclusive(&h.Safe):
		return ErrCheckOut
	case h.Terms.Ticket && strings.TrimSpace(r.Ticket) == "":
		return ErrTicket
	}
	return nil
}

// Lend opens the current value of a secret for a feature of this process, which uses it in
// somebody's place and shows it to nobody. Who that is the feature knows; ctx says who they
// are. Whoever calls wipes it.
func (s *Service) Lend(ctx context.Context, who access.IdentityID, id access.SecretID, out access.CheckoutID, purpose string) (Version, secret.Secret, error) {
	fail := func(err error) (Version, secret.Secret, error) { return Version{}, secret.Secret{}, err }
	c, _ := policy.CallerOf(ctx)
	if who == 0 || c.Identity != who {
		return fail(policy.ErrSomebody)
	}
	if err := s.settle(ctx); err != nil {
		return fail(err)
	}
	h, err := s.secret(ctx, id)
	if err != nil {
		return fail(err)
	}
	if err := s.Gate.Still(ctx, who, "secret.use", h.object(Use, purpose)); err != nil {
		return fail(err)
	}
	if out == 0 && (len(h.Terms.Stages) > 0 || h.Terms.Ticket || h.Terms.Reason || h.Terms.MFA || h.secret.exclusive(&h.Safe)) {
		return fail(ErrCheckOut)
	}
	return s.Store.Open(ctx, Opening{By: who, Right: h.right, Safe: h.Safe, Secret: *h.secret, Checkout: out, Alone: out == 0, Reason: purpose}, s.opener(ctx))
}

// Seen tells who knew which values. Whoever calls may see the secret, or asks about
// themself.
func (s *Service) Seen(ctx context.Context, q SeenQuery) ([]Seen, int64, error) {
	list, next, err := s.Store.Seen(ctx, q)
	if err != nil || q.Secret != 0 {
		return list, next, err
	}
	c, _ := policy.CallerOf(ctx)
	if c.Identity == q.By && c.Identity != 0 {
		return list, next, nil
	}
	may := map[access.SecretID]bool{}
	var shown []Seen
	for _, x := range list {
		ok, known := may[x.Secret]
		if !known {
			h, err := s.secret(ctx, x.Secret)
			ok = err == nil && s.Gate.Permit(ctx, "secret.read", h.object("", "")) == nil
			may[x.Secret] = ok
		}
		if ok {
			shown = append(shown, x)
		}
	}
	return shown, next, nil
}
