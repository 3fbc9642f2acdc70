package signin_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
	"github.com/writhq/writ/store"
	"github.com/writhq/writ/store/storetest"
)

// site is a Writ that is served, with people in it.
type site struct {
	t         testing.TB
	ctx       context.Context // of the test, which makes changes
	files     string
	db        *store.DB
	inventory *inventory.Service
	graph     *graph.Graph
	live      *policy.Live
	door      *signin.Service
	server    *httptest.Server
	now       atomic.Int64
}

// ours is where the test's server is found by its own client.
const ours = "https://writ.example.com"

const everybody = `number,name,email,state
E1,Ana Sol,ana.sol@example.com,active
E2,Ben Oak,ben.oak@example.com,active
E3,Cleo Ash,same@example.com,active
E4,Dara Elm,same@example.com,active
`

// eachSite runs fn on a site with either database.
func eachSite(t *testing.T, fn func(t *testing.T, newSite func(providers ...signin.Provider) *site)) {
	t.Run("sqlite", func(t *testing.T) {
		fn(t, func(p ...signin.Provider) *site { return newSite(t, storetest.SQLite(t), p) })
	})
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t) // skips where no servers may be started
		fn(t, func(p ...signin.Provider) *site {
			return newSite(t, storetest.Postgres(t), p)
		})
	})
}

func newSite(t testing.TB, cfg store.Config, providers []signin.Provider) *site {
	t.Helper()
	s := &site{t: t, ctx: audit.WithActor(t.Context(), audit.Actor{Node: "test"}), files: t.TempDir()}
	s.now.Store(time.Now().UnixMicro())
	cfg.Now = s.time
	var err error
	s.db, err = store.Open(s.ctx, cfg)
	s.must(err)
	t.Cleanup(func() { _ = s.db.Close() })
	s.inventory = &inventory.Service{
		Store: s.db.Inventory(), Dir: s.db.Dir(), Connectors: map[string]connector.Spec{csv.Kind: csv.Spec()},
		People: map[string]func(connector.Config) (connector.PeopleReader, error){csv.Kind: csv.OpenPeople},
	}
	_, err = s.inventory.AddSource(s.ctx, inventory.Source{Name: "hr", Kind: csv.Kind, Config: inventory.Config{Address: filepath.Join(s.files, "hr.csv")}})
	s.must(err)
	s.people(everybody)
	s.serve(providers)
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) time() time.Time { return time.UnixMicro(s.now.Load()) }

func (s *site) later(d time.Duration) { s.now.Add(d.Microseconds()) }

// people makes the HR file what it is, and everything follow.
func (s *site) people(text string) {
	s.t.Helper()
	s.must(os.WriteFile(filepath.Join(s.files, "hr.csv"), []byte(text), 0o600))
	source, err := s.inventory.Source(s.ctx, "hr")
	s.must(err)
	_, err = s.inventory.SyncSource(s.ctx, source.ID, inventory.SyncOptions{AcceptRemovals: true})
	s.must(err)
	s.settle()
}

// settle follows the revisions, as a node does.
func (s *site) settle() {
	s.t.Helper()
	_, err := s.db.Sequence(s.ctx)
	s.must(err)
	if s.graph == nil {
		s.graph, err = graph.Open(s.ctx, s.db.Graph())
		s.must(err)
		s.live = policy.NewLive(s.graph)
	} else {
		_, err = s.graph.Follow(s.ctx)
		s.must(err)
	}
	d, err := s.db.Policy().Directory(s.ctx)
	s.must(err)
	s.live.Put(d)
	if s.door != nil {
		s.door.Refresh(s.ctx)
	}
}

// serve serves the door, and one operation that takes a decision.
func (s *site) serve(providers []signin.Provider) {
	s.t.Helper()
	set, err := policy.NewSet(1, policy.Shipped()...)
	s.must(err)
	engine, err := policy.New(policy.Config{Set: set, Facts: s.live.Facts})
	s.must(err)
	mux := http.NewServeMux()
	s.server = httptest.NewUnstartedServer(s.chain(mux))
	s.server.StartTLS()
	s.t.Cleanup(s.server.Close)
	gate := &policy.Gate{Engine: engine, Graph: s.graph}
	s.door, err = signin.New(signin.Config{
		Store: s.db.Signin(), Gate: gate, Facts: s.live.Facts, People: s.db.Signin(), Origin: ours, Now: s.time, Providers: providers,
	})
	s.must(err)
	s.door.Register(httpapi.New(mux, "test"))
	for pattern, h := range s.door.Raw() {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("GET /v1/try/{action}", func(w http.ResponseWriter, r *http.Request) {
		if err := gate.Permit(r.Context(), r.PathValue("action"), policy.Object{}); err != nil {
			httpapi.WriteProblem(w, r, err)
		}
	})
}

// fromHeader stands for where a request comes from.
const fromHeader = "X-Test-From"

// chain is what package server does for the door.
func (s *site) chain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := netip.MustParseAddr("127.0.0.1")
		if text := r.Header.Get(fromHeader); text != "" {
			at = netip.MustParseAddr(text)
		}
		r = r.WithContext(policy.WithCaller(r.Context(), policy.Caller{Context: policy.Context{Address: at}}))
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			c, err := s.door.Authenticate(r)
			if err != nil {
				httpapi.WriteProblem(w, r, err)
				return
			}
			c.Context.Address = at
			r = r.WithContext(policy.WithCaller(r.Context(), c))
		}
		next.ServeHTTP(w, r)
	})
}

// identity is whose number it is.
func (s *site) identity(number string) access.IdentityID {
	s.t.Helper()
	found, err := s.db.Inventory().FindIdentities(s.ctx, number, 2)
	s.must(err)
	if len(found) != 1 {
		s.t.Fatalf("%d identities are %s", len(found), number)
	}
	return found[0]
}

// client is a browser or a program, with its key.
type client struct {
	s    *site
	key  *signin.Key
	http *http.Client
	from string
	show func(r *http.Request) // adds a token, with its proof
}

func (s *site) client() *client {
	s.t.Helper()
	key, err := signin.NewKey()
	s.must(err)
	jar, err := cookiejar.New(nil)
	s.must(err)
	h := *s.server.Client()
	h.Jar = jar
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{s: s, key: key, http: &h}
}

// signedIn is the browser of somebody who has signed in by a passkey.
func (s *site) signedIn(number string) *client {
	s.t.Helper()
	c := s.client()
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	plain := base64.RawURLEncoding.EncodeToString(b)
	_, err := s.db.Signin().Begin(s.ctx, signin.Beginning{
		Identity: s.identity(number), Method: signin.ByPasskey, MFA: true, Key: c.key.Thumbprint(), Secret: signin.HashOf(secret.New([]byte(plain))),
	})
	s.must(err)
	at, err := url.Parse(ours)
	s.must(err)
	c.http.Jar.SetCookies(at, []*http.Cookie{{Name: "__Host-writ", Value: plain, Path: "/", Secure: true}})
	return c
}

// proven adds a proof to a request.
func (c *client) proven(r *http.Request, shown string) {
	c.s.t.Helper()
	text, err := c.key.Prove(r.Method, ours+r.URL.EscapedPath(), c.s.time(), secret.New([]byte(shown)))
	c.s.must(err)
	r.Header.Set("DPoP", text)
}

// do sends a request with its proof, and reads the answer into a value, if there is one.
func (c *client) do(method, path string, body, into any) (status int, code string) {
	c.s.t.Helper()
	var sent io.Reader
	kind := "application/json"
	switch body := body.(type) {
	case nil:
	case url.Values:
		sent, kind = strings.NewReader(body.Encode()), "application/x-www-form-urlencoded"
	default:
		text, err := json.Marshal(body)
		c.s.must(err)
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(c.s.ctx, method, ours+path, sent)
	c.s.must(err)
	r.Header.Set("Content-Type", kind)
	if c.from != "" {
		r.Header.Set(fromHeader, c.from)
	}
	if c.show != nil {
		c.show(r)
	} else {
		c.proven(r, "")
	}
	answer, err := c.http.Do(r)
	c.s.must(err)
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	c.s.must(err)
	var problem struct{ Code, Error string }
	if answer.StatusCode >= 400 {
		c.s.must(json.Unmarshal(text, &problem))
		return answer.StatusCode, problem.Code + problem.Error
	}
	if into != nil {
		c.s.must(json.Unmarshal(text, into))
	}
	return answer.StatusCode, ""
}

// want is do for a request of which the answer is known.
func (c *client) want(status int, code, method, path string, body, into any) {
	c.s.t.Helper()
	if got, said := c.do(method, path, body, into); got != status || said != code {
		c.s.t.Fatalf("%s %s: %d %q, want %d %q", method, path, got, said, status, code)
	}
}

// bearer is a program that shows a token of the API.
func (s *site) bearer(text string) *client {
	c := s.client()
	c.show = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) }
	return c
}

// bound is a program that shows a token which is bound to its key.
func (c *client) bound(text string) *client {
	other := *c
	other.show = func(r *http.Request) {
		r.Header.Set("Authorization", "DPoP "+text)
		c.proven(r, text)
	}
	return &other
}

// records are the actions of the audit log since it began, newest first, with facts.
func (s *site) records(action string) (list []audit.Entry) {
	s.t.Helper()
	_, err := s.db.Sequence(s.ctx)
	s.must(err)
	page, err := s.db.Audit().List(s.ctx, audit.Filter{Actions: []string{action}, First: 100})
	s.must(err)
	return page.Entries
}

func storeConfig(t testing.TB) store.Config { return storetest.SQLite(t) }
