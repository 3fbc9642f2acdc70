package signin

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// What may be wrong with a link, or with what is given with it.
var (
	ErrLink  = fault.New(fault.Denied, "link-not-good", "this link is good no more, or never was: each is good once, for an hour; ask whoever runs Writ for a new one, with 'writ signin link'")
	ErrOwned = fault.New(fault.Conflict, "has-owner", "somebody holds a function already: they give others theirs")
	ErrOwner = fault.New(fault.Invalid, "owner-details", "give your name and your email, as your organisation writes them")
)

// LinkStore keeps links.
type LinkStore interface {
	// Ownerless reports whether nobody holds any function.
	Ownerless(ctx context.Context) (bool, error)
	// KeepFirstLink keeps the first owner's link in place of any before, or returns ErrOwned.
	KeepFirstLink(ctx context.Context, h Hash) error
	// KeepLink keeps a link of an identity, or returns ErrPerson.
	KeepLink(ctx context.Context, id access.IdentityID, h Hash) error
	// Redeem uses a link up and begins a sign-in: of the link's identity, or of the
	// owner, whom it makes in the same transaction. It returns ErrLink for one that is
	// not good, and keeps whose it was.
	Redeem(ctx context.Context, h Hash, o Owner, b Beginning) (Signin, error)
}

// Owner is what the first owner says of themself.
type Owner struct{ Name, Email string }

const (
	maxName  = 200
	maxEmail = 254
)

// Validate reports the first rule that the details break.
func (o Owner) Validate() error {
	user, domain, _ := strings.Cut(o.Email, "@")
	for _, text := range []string{o.Name, user, domain} {
		if strings.TrimSpace(text) != text || text == "" || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return ErrOwner
		}
	}
	if utf8.RuneCountInString(o.Name) > maxName || len(o.Email) > maxEmail || strings.ContainsAny(o.Email, " ,;<>\"") || strings.Contains(domain, "@") {
		return ErrOwner
	}
	return nil
}

// welcome is the page of the console that takes a link's secret, from where no log
// has it: browsers do not send what follows the "#".
const welcome = "/welcome#"

// FirstLink returns the link that makes the first owner, or nothing where somebody
// holds a function already. An earlier one is good no more.
func (s *Service) FirstLink(ctx context.Context) (secret.Secret, error) {
	none, err := s.Store.Ownerless(ctx)
	if err != nil || !none {
		return secret.Secret{}, err
	}
	plain := newSecret()
	switch err := s.Store.KeepFirstLink(ctx, HashOf(plain)); {
	case errors.Is(err, ErrOwned):
		return secret.Secret{}, nil
	case err != nil:
		return secret.Secret{}, err
	}
	return s.linkOf(plain), nil
}

// Link returns a link that signs an identity in, once.
func (s *Service) Link(ctx context.Context, id access.IdentityID) (secret.Secret, error) {
	plain := newSecret()
	if err := s.Store.KeepLink(ctx, id, HashOf(plain)); err != nil {
		return secret.Secret{}, err
	}
	return s.linkOf(plain), nil
}

func (s *Service) linkOf(plain secret.Secret) secret.Secret {
	return secret.New(append([]byte(s.Origin+welcome), plain.Reveal()...))
}

// redeem begins a sign-in by a link.
func (s *Service) redeem(ctx context.Context, plain secret.Secret, o Owner) (Signin, secret.Secret, error) {
	c, _ := policy.CallerOf(ctx)
	from := c.Context.Address.String()
	switch {
	case c.Key == "":
		return Signin{}, secret.Secret{}, ErrNeedsKey
	case !s.tries.Left(from, s.Now()):
		return Signin{}, secret.Secret{}, ErrBusy
	case len(plain.Reveal()) != secretChars:
		return Signin{}, secret.Secret{}, ErrLink
	}
	b, cookie := s.beginning(ctx, 0, ByLink, false, c.Key)
	g, err := s.Store.Redeem(atDoor(ctx), HashOf(plain), o, b)
	if errors.Is(err, ErrLink) {
		s.tries.Allow(from, s.Now())
	}
	if err == nil && s.Settle != nil {
		err = s.Settle(ctx)
	}
	return g, cookie, err
}
