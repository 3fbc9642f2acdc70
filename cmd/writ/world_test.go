package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/signin"
)

const testOrigin = "https://writ.example.com"

// world is a whole server over a new store.
type world struct {
	t    *testing.T
	ctx  context.Context
	app  *app
	node *node
	url  string
	late atomic.Int64 // how far the door's clock is ahead
	ears *overheard

	mu   sync.Mutex
	seen []string // every answer's body
}

// eachWorld runs fn over both databases.
func eachWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newWorld(t)) })
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t)
		t.Setenv("WRIT_DATABASE", testkit.Database(t))
		fn(t, newWorld(t))
	})
}

func newWorld(t *testing.T) *world { return newWorldIn(t, t.TempDir()) }

func newWorldIn(t *testing.T, data string) *world {
	return newLoggedWorld(t, data, slog.DiscardHandler)
}

func newLoggedWorld(t *testing.T, data string, log slog.Handler) *world {
	return newConfiguredWorld(t, data, log, &serverConfig{Origin: testOrigin})
}

func newConfiguredWorld(t *testing.T, data string, log slog.Handler, c *serverConfig) *world {
	w := &world{t: t, app: &app{out: io.Discard, err: io.Discard, data: data}, ears: overhear(t)}
	ctx, cancel := context.WithCancel(t.Context())
	var err error
	if w.ctx, err = w.app.openGraph(ctx); err != nil {
		t.Fatal(err)
	}
	if w.node, err = w.app.newNode(w.ctx); err != nil {
		t.Fatal(err)
	}
	if c.Traces == "" {
		c.Traces = w.ears.collects()
	}
	s, traced, err := w.app.newServer(ctx, c, w.node, slog.New(w.ears.logs(log)))
	if err != nil {
		t.Fatal(err)
	}
	w.node.door.Now = func() time.Time { return time.Now().Add(time.Duration(w.late.Load())) }
	served := httptest.NewServer(w.ears.listens(s.Handler()))
	w.url = served.URL
	done := make(chan error, 1)
	go func() { done <- w.node.run(w.ctx) }()
	t.Cleanup(func() {
		served.Close()
		cancel()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		traced()
		w.ears.searched(w.app)
		if err := w.app.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// browser is a client with a key and cookies.
type browser struct {
	w      *world
	key    *signin.Key
	cookie string
}

func (w *world) browser() *browser {
	w.t.Helper()
	key, err := signin.NewKey()
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w: w, key: key}
}

// do sends a request and returns the status; a problem's code is in code.
func (b *browser) do(method, path string, body, into any) (status int, code string) {
	b.w.t.Helper()
	return b.send(b.request(method, path, body), into)
}

// request is one that proves whose it is.
func (b *browser) request(method, path string, body any) *http.Request {
	b.w.t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			b.w.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(b.w.ctx, method, b.w.url+path, &text)
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "a test browser")
	if b.key != nil {
		bare, _, _ := strings.Cut(path, "?")
		proof, err := b.key.Prove(method, testOrigin+bare, time.Now(), secret.Secret{})
		if err != nil {
			b.w.t.Fatal(err)
		}
		r.Header.Set("DPoP", proof)
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	return r
}

func (b *browser) send(r *http.Request, into any) (status int, code string) {
	b.w.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	b.w.mu.Lock()
	b.w.seen = append(b.w.seen, string(answer))
	b.w.mu.Unlock()
	for _, c := range res.Cookies() {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			b.w.t.Errorf("the cookie is %s", c)
		}
		b.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			b.cookie = ""
		}
	}
	if !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		b.w.t.Errorf("%s may be kept: %q", r.URL.Path, res.Header.Get("Cache-Control"))
	}
	var p struct{ Code string }
	if res.StatusCode >= http.StatusBadRequest {
		_ = json.Unmarshal(answer, &p) // no problem has no code
	} else if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			b.w.t.Fatalf("%s: %v", answer, err)
		}
	}
	return res.StatusCode, p.Code
}

// must is do that succeeds.
func (b *browser) must(method, path string, body, into any) {
	b.w.t.Helper()
	if status, code := b.do(method, path, body, into); status >= http.StatusBadRequest {
		b.w.t.Fatalf("%s %s: %d %s", method, path, status, code)
	}
}

// refused is do that fails with a code.
func (b *browser) refused(code, method, path string, body any) {
	b.w.t.Helper()
	if status, got := b.do(method, path, body, nil); got != code {
		b.w.t.Fatalf("%s %s: %d %q, not %q", method, path, status, got, code)
	}
}

func (b *browser) me() (m signin.Me) {
	b.w.t.Helper()
	b.must("GET", "/v1/me", nil, &m)
	return m
}

// secretOf is what a link carries where no server sees it.
func (w *world) secretOf(link secret.Secret) string {
	w.t.Helper()
	u, err := url.Parse(string(link.Reveal()))
	if err != nil || u.Path != "/welcome" || len(u.Fragment) != 43 {
		w.t.Fatalf("the link is %q, %v", link.Reveal(), err)
	}
	return u.Fragment
}

// owner makes the first owner, signed in by the first link.
func (w *world) owner() (b *browser, link string) {
	w.t.Helper()
	first, err := w.node.door.FirstLink(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	link, b = w.secretOf(first), w.browser()
	b.must("POST", "/v1/signin/link", map[string]string{"secret": link, "name": "Olga Orlova", "email": "Olga@example.com"}, nil)
	return b, link
}

type askedBody struct {
	PublicKey json.RawMessage `json:"public_key"`
}

// addPasskey registers a new passkey of whoever is signed in.
func (b *browser) addPasskey(name string) *testkit.Passkey {
	b.w.t.Helper()
	a := testkit.NewPasskey(b.w.t, testOrigin, "writ.example.com")
	var ask askedBody
	b.must("POST", "/v1/passkeys/begin", nil, &ask)
	b.must("POST", "/v1/passkeys/finish", map[string]any{"name": name, "credential": a.Register(ask.PublicKey)}, nil)
	return a
}

// answer begins something and returns what the passkey answers.
func (b *browser) answer(path string, a *testkit.Passkey) map[string]any {
	b.w.t.Helper()
	var ask askedBody
	b.must("POST", path+"/begin", nil, &ask)
	return map[string]any{"credential": a.Sign(ask.PublicKey)}
}

// actions lists what the log has of sign-ins, oldest first.
func (w *world) actions() (list []string) {
	w.t.Helper()
	for _, r := range w.records() {
		if strings.HasPrefix(r.Action, "signin.") || strings.HasPrefix(r.Action, "passkey.") {
			list = append(list, r.Action)
			if why := r.Fact("reason"); why != "" {
				list[len(list)-1] += " " + why
			}
		}
	}
	return list
}

func (w *world) records() []audit.Record {
	w.t.Helper()
	if _, err := w.app.db.Sequence(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	page, err := w.app.db.Audit().List(w.ctx, audit.Filter{First: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	var list []audit.Record
	for _, e := range page.Entries {
		list = append(list, e.Record)
	}
	slices.SortFunc(list, func(a, b audit.Record) int { return int(a.ID - b.ID) })
	return list
}

// hides fails where a secret is in an answer, a record or the database.
func (w *world) hides(secrets ...string) {
	w.t.Helper()
	var all strings.Builder
	for _, r := range w.records() {
		all.Write(r.AppendLeaf(nil))
	}
	w.mu.Lock()
	for _, body := range w.seen {
		all.WriteString(body)
	}
	w.mu.Unlock()
	if os.Getenv("WRIT_DATABASE") == "" {
		for _, name := range []string{"writ.db", "writ.db-wal"} {
			text, err := os.ReadFile(filepath.Join(w.app.data, name))
			if err != nil {
				w.t.Fatal(err)
			}
			all.Write(text)
		}
	}
	for _, s := range secrets {
		if s == "" || strings.Contains(all.String(), s) {
			w.t.Errorf("the secret %.4s… can be read", s)
		}
	}
}

func (w *world) someone(text string) access.IdentityID {
	w.t.Helper()
	id, err := w.app.inventory().ResolveIdentity(w.ctx, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// people reads an HR file of these rows, as a sync beside the server would.
func (w *world) people(rows string) {
	w.t.Helper()
	hr := filepath.Join(w.app.data, "hr.csv")
	if err := os.WriteFile(hr, []byte(rows), 0o600); err != nil {
		w.t.Fatal(err)
	}
	sources, err := w.app.inventory().Store.Sources(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	var id access.SourceID
	if len(sources) > 0 {
		id = sources[0].ID
	} else if id, err = w.app.inventory().AddSource(w.ctx, inventory.Source{Name: "hr", Kind: csv.Kind, Config: inventory.Config{Address: hr}, Precedence: 10}); err != nil {
		w.t.Fatal(err)
	}
	w.reads(func() error {
		_, err := w.app.inventory().SyncSource(w.ctx, id, inventory.SyncOptions{})
		return err
	})
}

// reads syncs something, after the node's schedule where that reads the same at the moment.
func (w *world) reads(sync func() error) {
	w.t.Helper()
	var err error
	w.until(func() bool {
		err = sync()
		return !errors.Is(err, inventory.ErrBusy) && !errors.Is(err, inventory.ErrOvertaken)
	})
	if err == nil {
		err = w.node.settle(w.ctx)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// comes signs somebody in by a link.
func (w *world) comes(who string) *browser {
	w.t.Helper()
	link, err := w.node.door.Link(w.ctx, w.someone(who))
	if err != nil {
		w.t.Fatal(err)
	}
	b := w.browser()
	b.must("POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(link)}, nil)
	return b
}

// until waits for what the follower brings about.
func (w *world) until(ok func() bool) {
	w.t.Helper()
	end := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(end) {
			w.t.Fatal("it does not come about")
		}
		wait(w.ctx, 10*time.Millisecond)
	}
}
