package signin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// cookieName has the prefix by which browsers keep every other host and path from
// setting it. They take it on http://localhost too.
const cookieName = "__Host-writ"

// cookie carries a sign-in's secret; an empty one takes it away.
func cookie(plain secret.Secret) http.Cookie {
	c := http.Cookie{ //nolint:gosec // all three are set below
		Name: cookieName, Value: string(plain.Reveal()), Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if plain.Empty() {
		c.MaxAge = -1
	}
	return c
}

// Authenticate tells who sent a request: by its token, else by its cookie. The door's
// own operations take nobody's word for who they are: whoever signs in is a stranger,
// whatever an old cookie says.
func (s *Service) Authenticate(r *http.Request) (policy.Caller, error) {
	if r.Header.Get("Authorization") != "" {
		return s.token(r)
	}
	shown := r.CookiesNamed(cookieName)
	if len(shown) == 0 || atTheDoor(r.URL.Path) {
		return s.stranger(r)
	}
	if len(shown) > 1 || len(shown[0].Value) != secretChars {
		return policy.Caller{}, ErrEnded
	}
	g, err := s.find(r.Context(), HashOf(secret.New([]byte(shown[0].Value))))
	if err != nil {
		return policy.Caller{}, err
	}
	return s.known(r, g)
}

// door is the path of the operations by which one signs in.
const door = "/v1/signin"

func atTheDoor(path string) bool {
	rest, ok := strings.CutPrefix(path, door)
	return ok && (rest == "" || rest[0] == '/')
}

// stranger is somebody who has not signed in. A proof that they send must hold: what
// begins next is bound to its key.
func (s *Service) stranger(r *http.Request) (c policy.Caller, err error) {
	c.Agent = r.UserAgent()
	if len(r.Header.Values(proofHeader)) > 0 {
		c.Key, err = s.proofs.verify(r, secret.Secret{}, "")
	}
	return c, err
}

// known is whoever a sign-in names, where the request comes from its own client. A
// cookie is not named in the proof: the page that makes proofs cannot read it.
func (s *Service) known(r *http.Request, g Signin) (policy.Caller, error) {
	if _, err := s.proofs.verify(r, secret.Secret{}, g.Key); err != nil {
		return policy.Caller{}, s.notTheClient(r, g, err)
	}
	now := s.Now()
	c := policy.Caller{Identity: g.Identity, Via: g.ID.Ref(), Key: g.Key, Agent: r.UserAgent()}
	if g.MFAAt != 0 {
		c.Context.MFA, c.Context.MFAAge = true, max(0, now.Sub(g.MFAAt.Time()))
	}
	return c, nil
}

// notTheClient tells a cookie that has come into other hands from a proof that came
// late, and keeps it.
func (s *Service) notTheClient(r *http.Request, g Signin, err error) error {
	if !errors.Is(err, ErrProof) {
		return err
	}
	given := r.Header.Values(proofHeader)
	if len(given) == 1 && len(given[0]) <= maxProof {
		if _, _, wrong := openProof(given[0], g.Key); wrong == nil {
			return err
		}
	}
	return errors.Join(s.refuse(r.Context(), Refusal{Identity: g.Identity, Object: g.ID.Ref(), Method: g.Method, Why: WrongClient}), ErrClient)
}

// refuse keeps that the door stayed shut, once a minute for each thing that was shown:
// whoever tries often fills no log.
func (s *Service) refuse(ctx context.Context, r Refusal) error {
	if !s.noted.Allow(r.Object.String()+string(r.Why), s.Now()) {
		return nil
	}
	if c, _ := policy.CallerOf(ctx); c.Context.Address.IsValid() {
		r.Address = c.Context.Address.String()
	}
	return s.Store.Refuse(atDoor(ctx), r)
}

// atDoor is a context in which the door itself makes the changes.
func atDoor(ctx context.Context) context.Context {
	return audit.WithActor(ctx, audit.Actor{Node: "door"})
}

// find returns a sign-in that has not ended, of somebody who may have access.
func (s *Service) find(ctx context.Context, h Hash) (Signin, error) {
	now := s.Now()
	g, age, ok := s.cache.look(h, now)
	if ok {
		return g, nil
	}
	g, err := s.Store.BySecret(ctx, h)
	if err != nil {
		return g, err
	}
	if !g.State.MayHoldAccess() {
		_, err := s.Store.End(atDoor(ctx), g.Identity, 0, Inactive)
		if errors.Is(err, ErrNoSignin) {
			err = nil
		}
		s.cache.drop()
		return g, errors.Join(err, ErrEnded)
	}
	if at := access.TimeOf(now); at-g.Seen > access.Time(time.Minute.Microseconds()) {
		if err := s.Store.Touch(ctx, g.ID); err != nil {
			return g, err
		}
		g.Seen = at
	}
	s.cache.put(h, g, now, age)
	return g, nil
}

// Refresh forgets what was read before: a revision may have ended it.
func (s *Service) Refresh(context.Context) {
	s.cache.drop()
	s.shown.drop()
}

// believed is how long what was read is taken for true without a revision: a node that
// hears of none asks anyhow.
const believed = 10 * time.Second

// maxKept bounds the cache; beyond it everything is read again.
const maxKept = 1 << 16

// cache keeps what was read since the last revision. The zero value is empty.
type cache struct {
	mu   sync.RWMutex
	age  uint64 // counts what made it forget
	kept map[Hash]kept
}

type kept struct {
	signin Signin
	read   time.Time
}

// look returns what is kept, and the age of the cache, for put.
func (c *cache) look(h Hash, now time.Time) (g Signin, age uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k, ok := c.kept[h]
	ok = ok && now.Sub(k.read) < believed && access.TimeOf(now) < k.signin.endsBy()
	return k.signin, c.age, ok
}

// put keeps what was read, unless it may have changed since.
func (c *cache) put(h Hash, g Signin, now time.Time, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	if c.kept == nil || len(c.kept) >= maxKept {
		c.kept = map[Hash]kept{}
	}
	c.kept[h] = kept{g, now}
}

func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	c.kept = nil
}

// short is what a client calls itself, cut to what is worth showing.
func short(agent string) string {
	agent = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(agent, ""))
	const most = 200
	if runes := []rune(agent); len(runes) > most {
		return string(runes[:most])
	}
	return agent
}
