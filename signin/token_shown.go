package signin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// The schemes of the Authorization header. What is bound to a key comes with DPoP only:
// as a bearer it would be worth as much to a thief as to its owner.
const (
	bearerScheme = "Bearer "
	boundScheme  = "DPoP "
)

// authorization is what a request shows in its header, and whether it is said to be
// bound; false is nothing.
func authorization(r *http.Request) (text string, bound, ok bool) {
	given := r.Header.Values("Authorization")
	if len(given) != 1 {
		return "", false, len(given) > 0
	}
	if text, bound = cutScheme(given[0], boundScheme); bound {
		return text, true, true
	}
	text, _ = cutScheme(given[0], bearerScheme)
	return text, false, true
}

// cutScheme cuts the name of a scheme, which has no case (RFC 9110).
func cutScheme(header, scheme string) (rest string, ok bool) {
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return header[len(scheme):], true
}

// token returns who sent a request that shows a token; the zero Caller shows none.
func (s *Service) token(r *http.Request) (policy.Caller, error) {
	text, bound, ok := authorization(r)
	switch {
	case !ok:
		return policy.Caller{}, nil
	case isToken(text):
		return s.apiToken(r, secret.New([]byte(text)), bound)
	case bound && len(text) == secretChars:
		return s.deviceToken(r, secret.New([]byte(text)))
	}
	return policy.Caller{}, ErrEnded
}

// apiToken returns whose token of the API a request shows.
func (s *Service) apiToken(r *http.Request, text secret.Secret, bound bool) (policy.Caller, error) {
	k, err := look(r.Context(), s, &s.shown.tokens, HashOf(text), s.Store.TokenByHash)
	if err != nil {
		return policy.Caller{}, err
	}
	at, _ := policy.CallerOf(r.Context())
	switch now := access.TimeOf(s.Now()); {
	case k.Ends <= now:
		return policy.Caller{}, ErrEnded
	case !k.State.MayHoldAccess():
		return policy.Caller{}, ErrPerson
	case !k.from(at.Context.Address):
		return policy.Caller{}, errors.Join(s.refuseToken(r, k, WrongNetwork), ErrTokenAddress)
	case bound != (k.Key != ""):
		return policy.Caller{}, errors.Join(s.refuseToken(r, k, WrongClient), ErrNeedsKey)
	case bound:
		if _, err := s.proofs.verify(r, text, k.Key); err != nil {
			return policy.Caller{}, err
		}
	}
	s.used(k, s.Now())
	return policy.Caller{Identity: k.Owner, Via: k.ID.Ref(), Key: k.Key, Agent: r.UserAgent(), Limits: k.Limits}, nil
}

// deviceToken returns whose sign-in a program's short token is of.
func (s *Service) deviceToken(r *http.Request, text secret.Secret) (policy.Caller, error) {
	d, err := look(r.Context(), s, &s.shown.devices, HashOf(text), s.Store.ByDeviceToken)
	if err != nil {
		return policy.Caller{}, err
	}
	now := access.TimeOf(s.Now())
	switch {
	case d.Ends <= now || d.Signin.Ends <= now:
		return policy.Caller{}, ErrEnded
	case !d.Signin.State.MayHoldAccess():
		return policy.Caller{}, ErrPerson
	}
	if _, err := s.proofs.verify(r, text, d.Signin.Key); err != nil {
		return policy.Caller{}, err
	}
	c := policy.Caller{Identity: d.Signin.Identity, Via: d.Signin.ID.Ref(), Key: d.Signin.Key, Agent: r.UserAgent()}
	if d.Signin.MFAAt != 0 {
		c.Context.MFA, c.Context.MFAAge = true, now.Time().Sub(d.Signin.MFAAt.Time())
	}
	return c, nil
}

// refuseToken keeps that a token was not taken: somebody may have stolen it.
func (s *Service) refuseToken(r *http.Request, k Token, why Reason) error {
	return s.refuse(r.Context(), Refusal{Identity: k.Owner, Object: k.ID.Ref(), Method: ByToken, Why: why})
}

// used notes that a token is in use, once a minute, while the request goes on: it does
// not wait for whoever writes at the moment.
func (s *Service) used(k Token, now time.Time) {
	if !s.noted.Allow(k.ID.String(), now) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Store.UseToken(ctx, k.ID); err != nil {
			slog.WarnContext(ctx, "noting that a token was used", "token", k.ID.String(), "error", err)
		}
	}()
}

// shown is what was looked up lately of what programs showed. The zero value is empty.
type shown struct {
	mu      sync.RWMutex
	age     uint64 // counts what made it forget
	tokens  map[Hash]looked[Token]
	devices map[Hash]looked[DeviceToken]
}

type looked[T any] struct {
	what T
	read time.Time
}

// drop forgets everything, also what is being read at this moment.
func (w *shown) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.age++
	w.tokens, w.devices = nil, nil
}

// look returns what has a hash, from memory or else from the store.
func look[T any](ctx context.Context, s *Service, in *map[Hash]looked[T], h Hash, read func(context.Context, Hash) (T, error)) (T, error) {
	w, now := &s.shown, s.Now()
	w.mu.RLock()
	got, ok := (*in)[h]
	age := w.age
	w.mu.RUnlock()
	if ok && now.Sub(got.read) < believed {
		return got.what, nil
	}
	what, err := read(ctx, h)
	if err != nil {
		return what, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.age != age {
		return what, nil // it may have ended since
	}
	if *in == nil || len(*in) >= maxKept {
		*in = map[Hash]looked[T]{}
	}
	(*in)[h] = looked[T]{what, now}
	return what, nil
}
