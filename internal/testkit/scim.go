package testkit

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/writhq/writ/internal/secret"
)

// SCIMDialect is whose requests a SCIM service was built for. It refuses what that one
// would not send.
type SCIMDialect string

// The dialects.
const (
	SCIMStrict SCIMDialect = "strict" // RFC 7644
	SCIMEntra  SCIMDialect = "entra"
	SCIMOkta   SCIMDialect = "okta"
)

// What a SCIMServer has registered of its one OAuth client.
const (
	SCIMClient       = "writ"
	SCIMClientSecret = "a-client-secret-canary" //nolint:gosec // of a server that ends with the test
)

// SCIMOptions say what a SCIM service is like.
type SCIMOptions struct {
	Dialect SCIMDialect // zero is SCIMStrict
	ETags   bool
	Cursor  bool // pages by the service's own marks (RFC 9865)
	Page    int  // the most of one page; zero is 100
	// What the service cannot do, and says that it cannot.
	NoPatch, NoFilter bool
	// Lax lets two users have one userName, and Forgetful keeps no externalId.
	Lax, Forgetful bool
	// Latency is how long each answer takes.
	Latency time.Duration
	// Wrap, if not nil, is between the service and its clients.
	Wrap func(http.Handler) http.Handler
}

// SCIMServer is a real SCIM 2.0 service over TLS on loopback, with its store in memory.
type SCIMServer struct {
	SCIMOptions

	URL   string // of the service: https://127.0.0.1:PORT/scim
	CA    string // the authority's file
	Token secret.Secret

	store *scimStore
	inner http.Handler

	mu    sync.Mutex
	lies  bool
	loses int
	busy  int
	after string
	once  func()
	calls map[string]int
	given map[string]bool // access tokens
}

// SCIM starts a service; it ends with the test.
func SCIM(tb testing.TB, o SCIMOptions) *SCIMServer {
	tb.Helper()
	needServers(tb)
	if o.Dialect == "" {
		o.Dialect = SCIMStrict
	}
	if o.Page == 0 {
		o.Page = 100
	}
	s := &SCIMServer{SCIMOptions: o, Token: secret.New([]byte("token-" + rand.Text())), store: newSCIMStore(), calls: map[string]int{}, given: map[string]bool{}}
	s.store.lax, s.store.forgetful, s.store.etags, s.store.nested = o.Lax, o.Forgetful, o.ETags, o.Dialect == SCIMStrict
	var err error
	if s.inner, err = s.library(); err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	if err := writeCertificate(dir, "127.0.0.1", "localhost"); err != nil {
		tb.Fatal(err)
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
	if err != nil {
		tb.Fatal(err)
	}
	var handler http.Handler = http.HandlerFunc(s.serve)
	if o.Wrap != nil {
		handler = o.Wrap(handler)
	}
	listening := httptest.NewUnstartedServer(handler)
	listening.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	listening.EnableHTTP2 = true
	listening.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // tests break lines on purpose
	listening.StartTLS()
	tb.Cleanup(listening.Close)
	s.URL, s.CA = listening.URL+"/scim", filepath.Join(dir, caFile)
	return s
}

// library is the service as the library has it.
func (s *SCIMServer) library() (http.Handler, error) {
	return scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{MaxResults: s.Page, SupportFiltering: !s.NoFilter, SupportPatch: !s.NoPatch},
		ResourceTypes: []scim.ResourceType{
			{
				ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(),
				SchemaExtensions: []scim.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}}, Handler: scimHandler{s, s.store.users},
			},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Schema: schema.CoreGroupSchema(), Handler: scimHandler{s, s.store.groups}},
		},
	})
}

// Addr is where the service listens.
func (s *SCIMServer) Addr() string {
	return strings.TrimSuffix(strings.TrimPrefix(s.URL, "https://"), "/scim")
}

// TokenURL is where its client gets access tokens.
func (s *SCIMServer) TokenURL() string { return strings.TrimSuffix(s.URL, "/scim") + "/token" }

// Lie has the service answer changes as if they were made, and make none.
func (s *SCIMServer) Lie(lies bool) { s.set(func() { s.lies = lies }) }

// Lose has the line cut after each of the next n changes, whose answers are lost.
func (s *SCIMServer) Lose(n int) { s.set(func() { s.loses = n }) }

// Busy has the next n requests answered by 429, with a Retry-After if that is not "".
func (s *SCIMServer) Busy(n int, after string) { s.set(func() { s.busy, s.after = n, after }) }

// Between has something happen once, right before the next change is made.
func (s *SCIMServer) Between(f func()) { s.set(func() { s.once = f }) }

// Revoke takes back all access tokens that were given.
func (s *SCIMServer) Revoke() { s.set(func() { clear(s.given) }) }

// Calls is how many requests of a method there were, and forgets them.
func (s *SCIMServer) Calls(method string) (n int) {
	s.set(func() { n, s.calls[method] = s.calls[method], 0 })
	return n
}

func (s *SCIMServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// serve answers one request.
func (s *SCIMServer) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		s.giveToken(w, r)
		return
	}
	if s.Latency > 0 {
		timer := time.NewTimer(s.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	change := r.Method != http.MethodGet
	var busy, lies, loses bool
	var after string
	var once func()
	s.set(func() {
		s.calls[r.Method]++
		if busy = s.busy > 0; busy {
			s.busy--
			after = s.after
			return
		}
		if lies = s.lies && change; change {
			once, s.once = s.once, nil
			if loses = s.loses > 0; loses {
				s.loses--
			}
		}
	})
	switch {
	case !s.knows(r):
		scimRefuse(w, http.StatusUnauthorized, "", "who are you")
		return
	case busy:
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		scimRefuse(w, http.StatusTooManyRequests, "", "too many requests")
		return
	case lies:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if once != nil {
		once()
	}
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/scim")
	if loses {
		s.answer(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	s.answer(w, r)
}

func (s *SCIMServer) knows(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given[token] || secret.New([]byte(token)).Equal(s.Token)
}

// giveToken is the client credentials grant (RFC 6749 section 4.4).
func (s *SCIMServer) giveToken(w http.ResponseWriter, r *http.Request) {
	id, password, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodPost || r.FormValue("grant_type") != "client_credentials" || id != SCIMClient || password != SCIMClientSecret {
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_client", "error_description": "not " + password})
		return
	}
	token := "given-" + rand.Text()
	s.set(func() { s.given[token] = true })
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
}

// answer is the service itself, in its dialect.
func (s *SCIMServer) answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ServiceProviderConfig" {
		s.describe(w)
		return
	}
	if !s.accepts(w, r) {
		return
	}
	q := r.URL.Query()
	if !s.Cursor || !q.Has("cursor") {
		s.inner.ServeHTTP(w, r)
		return
	}
	start, err := strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "mark-"))
	if q.Get("cursor") == "" {
		start, err = 1, nil
	}
	if err != nil {
		scimRefuse(w, http.StatusBadRequest, "invalidCursor", "no such cursor")
		return
	}
	q.Del("cursor")
	q.Set("startIndex", strconv.Itoa(start))
	r.URL.RawQuery = q.Encode()
	kept := httptest.NewRecorder()
	s.inner.ServeHTTP(kept, r)
	var list map[string]any
	if err := json.Unmarshal(kept.Body.Bytes(), &list); err != nil {
		scimRefuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	got, _ := list["Resources"].([]any)
	delete(list, "startIndex")
	if total, _ := list["totalResults"].(float64); start+len(got) <= int(total) {
		list["nextCursor"] = "mark-" + strconv.Itoa(start+len(got))
	}
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(kept.Code)
	_ = json.NewEncoder(w).Encode(list)
}

// describe says what the service can do; the library knows of no versions and cursors.
func (s *SCIMServer) describe(w http.ResponseWriter) {
	can := func(can bool) map[string]any { return map[string]any{"supported": can} }
	w.Header().Set("Content-Type", "application/scim+json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   can(!s.NoPatch), "bulk": can(false), "changePassword": can(false), "sort": can(false), "etag": can(s.ETags),
		"filter":     map[string]any{"supported": !s.NoFilter, "maxResults": s.Page},
		"pagination": map[string]any{"cursor": s.Cursor, "index": true},
	})
}

func scimRefuse(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(status), "scimType": kind, "detail": detail,
	})
}
