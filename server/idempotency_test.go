package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
	"github.com/writhq/writ/store"
)

// counter counts what was really done.
type counter struct {
	mu    sync.Mutex
	done  map[string]int
	began chan struct{}
	end   chan struct{}
	down  bool
}

type countInput struct {
	Body struct {
		Name string `json:"name"`
	}
}

type countOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Count int `json:"count"`
	}
}

func (c *counter) do(_ context.Context, in *countInput) (*countOutput, error) {
	if in.Body.Name == "slow" {
		c.began <- struct{}{}
		<-c.end
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return nil, fault.New(fault.Unavailable, "down", "try later")
	}
	if in.Body.Name == "bad" {
		c.done["bad"]++
		return nil, fault.New(fault.Invalid, "bad", "not this")
	}
	if in.Body.Name == "broken" {
		panic("in the middle")
	}
	c.done[in.Body.Name]++
	out := &countOutput{ETag: httpapi.Tag(4)}
	out.Body.Count = c.done[in.Body.Name]
	return out, nil
}

func (c *counter) Register(api huma.API) {
	httpapi.Register(api, huma.Operation{OperationID: "count", Method: http.MethodPost, Path: "/v1/counts", DefaultStatus: 201}, policy.Known[countInput](), c.do)
	httpapi.Register(api, huma.Operation{
		OperationID: "count-secretly", Method: http.MethodPost, Path: "/v1/secrets",
		Extensions: map[string]any{httpapi.SecretExtension: true},
	}, policy.Known[countInput](), c.do)
}

// door believes a header.
type door struct{}

func (door) Authenticate(r *http.Request) (c policy.Caller, err error) {
	switch r.Header.Get("Authorization") {
	case "ana":
		c.Identity = 1
	case "ben":
		c.Identity = 2
	case "ana, limited":
		c.Identity, c.Limits = 1, []string{}
	}
	return c, nil
}

func TestARequestThatComesAgainIsDoneOnce(t *testing.T) {
	db, err := store.Open(audit.WithActor(t.Context(), audit.Actor{Node: "test"}), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &counter{done: map[string]int{}, began: make(chan struct{}), end: make(chan struct{})}
	s, err := server.New(server.Config{
		Origin: "http://localhost:7400", Door: door{}, Ready: func(context.Context) error { return nil },
		Features: []server.Feature{c}, Answers: db.Idempotency(), Limits: server.Limits{AddressRate: 10000, IdentityRate: 10000},
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(who, path, key, name string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"name":"`+name+`"}`))
		r.Header.Set("Authorization", who)
		r.Header.Set("Content-Type", "application/json")
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w
	}
	wants := func(what string, w *httptest.ResponseRecorder, status int, want string) {
		t.Helper()
		if w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
	wants("first", ask("ana", "/v1/counts", "k1", "x"), 201, `"count":1`)
	again := ask("ana", "/v1/counts", "k1", "x")
	wants("again", again, 201, `"count":1`)
	if again.Header().Get("ETag") != `"4"` || again.Header().Get("Idempotency-Replayed") != "true" || again.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v", again.Header())
	}
	wants("another body", ask("ana", "/v1/counts", "k1", "y"), 422, "idempotency-key-reused")
	wants("another route", ask("ana", "/v1/secrets", "k1", "x"), 422, "idempotency-key-reused")
	wants("somebody else", ask("ben", "/v1/counts", "k1", "x"), 201, `"count":2`)
	wants("a narrower token", ask("ana, limited", "/v1/counts", "k1", "x"), 201, `"count":3`)
	wants("nobody", ask("", "/v1/counts", "k1", "x"), 401, "sign-in-required")
	wants("no key", ask("ana", "/v1/counts", "", "x"), 201, `"count":4`)
	wants("no good key", ask("ana", "/v1/counts", strings.Repeat("k", 201), "x"), 422, "bad-idempotency-key")
	wants("a key with a space", ask("ana", "/v1/counts", "k 1", "x"), 422, "bad-idempotency-key")

	wants("a secret", ask("ana", "/v1/secrets", "k2", "s"), 200, `"count":1`)
	wants("a secret again", ask("ana", "/v1/secrets", "k2", "s"), 409, "already-done")

	wants("refused", ask("ana", "/v1/counts", "k3", "bad"), 422, `"bad"`)
	wants("refused again", ask("ana", "/v1/counts", "k3", "bad"), 422, `"bad"`)
	if c.done["bad"] != 2 {
		t.Errorf("what was refused is remembered")
	}
	c.down = true
	wants("down", ask("ana", "/v1/counts", "k4", "d"), 503, `"down"`)
	c.down = false
	wants("up again", ask("ana", "/v1/counts", "k4", "d"), 201, `"count":1`)
	wants("broken", ask("ana", "/v1/counts", "k5", "broken"), 500, "internal")
	wants("broken again", ask("ana", "/v1/counts", "k5", "broken"), 409, "still-running")

	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- ask("ana", "/v1/counts", "k6", "slow") }()
	<-c.began
	wants("while it runs", ask("ana", "/v1/counts", "k6", "slow"), 409, "still-running")
	close(c.end)
	wants("it ends", <-first, 201, `"count":1`)
	wants("then", ask("ana", "/v1/counts", "k6", "slow"), 201, `"count":1`)
	var doc map[string]any
	if err := json.Unmarshal(ask("ana", "/v1/counts", "k1", "x").Body.Bytes(), &doc); err != nil {
		t.Error(err)
	}
}
