package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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

func newWorld(t *testing.T) *world {
	w := &world{t: t, app: &app{out: io.Discard, err: io.Discard, data: t.TempDir()}}
	ctx, cancel := context.WithCancel(t.Context())
	var err error
	if w.ctx, err = w.app.openGraph(ctx); err != nil {
		t.Fatal(err)
	}
	if w.node, err = w.app.newNode(w.ctx); err != nil {
		t.Fatal(err)
	}
	s, _, err := w.app.newServer(ctx, &serverConfig{Origin: testOrigin}, w.node)
	if err != nil {
		t.Fatal(err)
	}
	w.node.door.Now = func() time.Time { return time.Now().Add(time.Duration(w.late.Load())) }
	served := httptest.NewServer(s.Handler())
	w.url = served.URL
	done := make(chan error, 1)
	go func() { done <- w.node.run(w.ctx) }()
	t.Cleanup(func() {
		served.Close()
		cancel()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
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
		proof, err := b.key.Prove(method, testOrigin+path, time.Now(), secret.Secret{})
		if err != nil {
			b.w.t.Fatal(err)
		}
		r.Header.Set("DPoP", proof)
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	return b.send(r, into)
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
func (b *browser) addPasskey(name string) *authenticator {
	b.w.t.Helper()
	a := newAuthenticator(b.w.t, testOrigin, "writ.example.com")
	var ask askedBody
	b.must("POST", "/v1/passkeys/begin", nil, &ask)
	b.must("POST", "/v1/passkeys/finish", map[string]any{"name": name, "credential": a.register(ask.PublicKey)}, nil)
	return a
}

// answer begins something and returns what the passkey answers.
func (b *browser) answer(path string, a *authenticator) map[string]any {
	b.w.t.Helper()
	var ask askedBody
	b.must("POST", path+"/begin", nil, &ask)
	return map[string]any{"credential": a.sign(ask.PublicKey)}
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

// The owner comes by the link of the first start, adds a passkey, and signs in by it
// ever after.
func TestFirstOwner(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, link := w.owner()
		me := b.me()
		if me.Name != "Olga Orlova" || me.Email != "olga@example.com" || me.MFA || me.Method != signin.ByLink || len(me.Functions) != 3 || me.Passkeys != 0 {
			t.Fatalf("%+v", me)
		}
		for _, action := range []string{"identity.read", "finding.accept", "policy.change", "request.create"} {
			if slices.Contains(me.May, action) != (action != "request.create") {
				t.Errorf("may %s: %v", action, me.May)
			}
		}
		if slices.ContainsFunc(me.Functions, func(f signin.FunctionView) bool { return f.Function == access.AuditFunction }) {
			t.Error("the owner audits themself")
		}
		key := b.addPasskey("a laptop")
		if me := b.me(); !me.MFA || me.Passkeys != 1 {
			t.Fatalf("%+v", me)
		}
		b.must("POST", "/v1/signout", nil, nil)
		if status, _ := b.do("GET", "/v1/me", nil, nil); status != http.StatusUnauthorized || b.cookie != "" {
			t.Fatal(status, b.cookie)
		}
		other := w.browser()
		other.must("POST", "/v1/signin/passkey/finish", other.answer("/v1/signin/passkey", key), nil)
		if me := other.me(); me.Method != signin.ByPasskey || !me.MFA || me.Identity == 0 {
			t.Fatalf("%+v", me)
		}
		if again, err := w.node.door.FirstLink(w.ctx); err != nil || !again.Empty() {
			t.Error("there is a second first owner", err)
		}
		want := []string{"signin.first_link", "signin.first_owner", "passkey.add", "signin.end signed_out", "signin.begin"}
		if got := w.actions(); !slices.Equal(got, want) {
			t.Errorf("the log has %q", got)
		}
		w.hides(link, strings.TrimPrefix(other.cookie, "__Host-writ="))
	})
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

// A link is good once, however many try at once, and nobody learns why one is not.
func TestLesson11_ALinkIsGoodOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		first, err := w.node.door.FirstLink(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		body := map[string]string{"secret": w.secretOf(first), "name": "Olga Orlova", "email": "olga@example.com"}
		var in atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			b := w.browser()
			all.Go(func() {
				if status, code := b.do("POST", "/v1/signin/link", body, nil); status == http.StatusOK {
					in.Add(1)
				} else if code != "link-not-good" {
					t.Errorf("%d %s", status, code)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Fatalf("%d came in by one link", in.Load())
		}
		held, err := w.app.db.Policy().Functions(w.ctx)
		if err != nil || len(held) != 3 {
			t.Fatal(held, err)
		}
		var answers []string
		for _, s := range []string{body["secret"], strings.Repeat("A", 43), "short"} {
			r := w.browser()
			_, _ = r.do("POST", "/v1/signin/link", map[string]string{"secret": s}, nil)
			answers = append(answers, detailOf(w.seen[len(w.seen)-1]))
		}
		if answers[0] == "" || answers[0] != answers[1] || answers[1] != answers[2] {
			t.Errorf("the answers tell one from another: %q", answers)
		}
		// Ten that fail from one address, and even a good one has to wait.
		link, err := w.node.door.Link(w.ctx, held[0].Identity)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, _ = w.browser().do("POST", "/v1/signin/link", map[string]string{"secret": strings.Repeat("B", 43)}, nil)
		}
		w.browser().refused("too-many-requests", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(link)})
	})
}

func detailOf(problem string) string {
	var p struct{ Code, Detail string }
	_ = json.Unmarshal([]byte(problem), &p)
	return p.Code + ": " + p.Detail
}

// A first link needs a name and an email, and is not used up by their absence; a newer
// one takes its place.
func TestFirstLinkDetails(t *testing.T) {
	w := newWorld(t)
	old, err := w.node.door.FirstLink(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	first, err := w.node.door.FirstLink(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.refused("link-not-good", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(old), "name": "O", "email": "o@example.com"})
	b.refused("owner-details", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(first)})
	b.refused("owner-details", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(first), "name": "O", "email": "nobody"})
	keyless := &browser{w: w}
	keyless.refused("proof-required", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(first), "name": "O", "email": "o@example.com"})
	var ways signin.Ways
	b.must("GET", "/v1/signin", nil, &ways)
	if !ways.FirstOwner {
		t.Error(ways)
	}
	b.must("POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(first), "name": "O", "email": "o@example.com"}, nil)
	if b.must("GET", "/v1/signin", nil, &ways); ways.FirstOwner {
		t.Error(ways)
	}
}

// A cookie opens nothing without the key of the browser that it was given to, and that
// somebody tried is kept.
func TestLesson33_AStolenCookieOpensNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		thief := w.browser()
		thief.cookie = b.cookie
		for range 3 {
			thief.refused("wrong-client", "GET", "/v1/me", nil)
		}
		thief.key = nil
		thief.refused("wrong-client", "POST", "/v1/passkeys/begin", nil)
		thief.refused("wrong-client", "DELETE", "/v1/signins", nil)
		b.me() // its owner goes on
		refused := 0
		for _, r := range w.records() {
			if r.Action == "signin.refuse" {
				refused++
				if r.Fact("reason") != string(signin.WrongClient) || r.Object != b.me().Identity.Ref() {
					t.Errorf("%+v", r)
				}
			}
		}
		if refused != 1 {
			t.Errorf("%d refusals are kept, not one a minute", refused)
		}
		stale := w.browser()
		stale.cookie = "__Host-writ=" + strings.Repeat("A", 43)
		stale.refused("sign-in-ended", "GET", "/v1/me", nil)
		stale.cookie = b.cookie + "; " + b.cookie
		stale.refused("sign-in-ended", "GET", "/v1/me", nil)
		// Who signs in anew is a stranger, whatever an old cookie says.
		stale.must("GET", "/v1/signin", nil, nil)
	})
}

// A proof that was sent before is refused, and is no theft.
func TestReplayedRequest(t *testing.T) {
	w := newWorld(t)
	b, _ := w.owner()
	proof, err := b.key.Prove("GET", testOrigin+"/v1/me", time.Now(), secret.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "bad-proof"} {
		r, err := http.NewRequestWithContext(w.ctx, "GET", w.url+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("DPoP", proof)
		r.Header.Set("Cookie", b.cookie)
		if _, code := b.send(r, nil); code != want {
			t.Fatalf("time %d: %q", i, code)
		}
	}
	if got := w.actions(); slices.Contains(got, "signin.refuse wrong_client") {
		t.Errorf("%q", got)
	}
}

// A copy of a passkey is noticed by its count: it is locked, and everybody is out.
func TestCopiedPasskey(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		key := b.addPasskey("a key")
		twin := key.copyOf()
		for range 2 {
			b.must("POST", "/v1/signin/passkey/finish", b.answer("/v1/signin/passkey", key), nil)
		}
		thief := w.browser()
		thief.refused("passkey-copied", "POST", "/v1/signin/passkey/finish", thief.answer("/v1/signin/passkey", twin))
		b.refused("sign-in-ended", "GET", "/v1/me", nil)
		b.refused("passkey-locked", "POST", "/v1/signin/passkey/finish", b.answer("/v1/signin/passkey", key))
		got := w.actions()
		if !slices.Contains(got, "passkey.lock counter_went_back") || !slices.Contains(got, "signin.refuse passkey_locked") {
			t.Errorf("%q", got)
		}
		// A link lets its owner in again, to add another.
		link, err := w.node.door.Link(w.ctx, w.someone("olga@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		b.must("POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(link)}, nil)
		b.addPasskey("another")
	})
}

func (w *world) someone(text string) access.IdentityID {
	w.t.Helper()
	id, err := w.app.inventory().ResolveIdentity(w.ctx, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// A challenge is good once, for the client and the purpose that it was made for, and an
// answer without the owner's verification is none.
func TestLesson11_AChallengeIsGoodOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		key := b.addPasskey("a key")
		const finish = "/v1/signin/passkey/finish"
		one := b.answer("/v1/signin/passkey", key)
		b.must("POST", finish, one, nil)
		b.refused("challenge-not-good", "POST", finish, one)
		w.browser().refused("challenge-not-good", "POST", finish, b.answer("/v1/signin/passkey", key))
		b.refused("challenge-not-good", "POST", "/v1/stepup/finish", b.answer("/v1/signin/passkey", key))
		b.refused("challenge-not-good", "POST", finish, b.answer("/v1/stepup", key))

		weak := key.copyOf()
		weak.flags = userPresent
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", weak))
		elsewhere := key.copyOf()
		elsewhere.origin = "https://writ.example.net"
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", elsewhere))
		unknown := newAuthenticator(t, testOrigin, "writ.example.com")
		unknown.handle = key.handle
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", unknown))
		forged := key.copyOf()
		forged.key = unknown.key
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", forged))
		for _, text := range []string{`{}`, `"x"`, `null`, `{"id":"AA"}`} {
			b.refused("passkey-not-good", "POST", finish, map[string]any{"credential": json.RawMessage(text)})
		}
		if got := w.actions(); !slices.Contains(got, "signin.refuse bad_answer") {
			t.Errorf("%q", got)
		}
	})
}

// What has grown old needs confirming before passkeys change, and confirming it is.
func TestStepUp(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		key := b.addPasskey("the first")
		w.late.Store(int64(11 * time.Minute))
		b.refused("step-up-required", "POST", "/v1/passkeys/begin", nil)
		w.late.Store(0)
		b.must("POST", "/v1/stepup/finish", b.answer("/v1/stepup", key), nil)
		b.addPasskey("the second")

		var list struct{ Items []signin.PasskeyView }
		b.must("GET", "/v1/passkeys", nil, &list)
		if len(list.Items) != 2 || list.Items[0].Name != "the first" || list.Items[0].Used == 0 {
			t.Fatalf("%+v", list)
		}
		b.must("DELETE", "/v1/passkeys/"+list.Items[0].ID.String(), nil, nil)
		b.refused("last-passkey", "DELETE", "/v1/passkeys/"+list.Items[1].ID.String(), nil)
		b.refused("passkey-not-found", "DELETE", "/v1/passkeys/"+list.Items[0].ID.String(), nil)
		b.refused("passkey-not-good", "POST", "/v1/signin/passkey/finish", b.answer("/v1/signin/passkey", key))
	})
}

// People see and end their own sign-ins, and nobody else's; what is ended is over at once.
func TestOwnSignins(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		key := b.addPasskey("a key")
		other := w.browser()
		other.must("POST", "/v1/signin/passkey/finish", other.answer("/v1/signin/passkey", key), nil)
		var list struct{ Items []signin.SigninView }
		b.must("GET", "/v1/signins", nil, &list)
		if len(list.Items) != 2 || list.Items[0].Current || !list.Items[1].Current || list.Items[0].Agent != "a test browser" || list.Items[0].Address == "" {
			t.Fatalf("%+v", list)
		}
		other.me()
		b.must("DELETE", "/v1/signins/"+list.Items[0].ID.String(), nil, nil)
		other.refused("sign-in-ended", "GET", "/v1/me", nil)
		b.refused("signin-not-found", "DELETE", "/v1/signins/"+list.Items[0].ID.String(), nil)

		w.people("number,name,email,end\n7,Ana Sol,ana@example.com,\n")
		ana := w.comes("ana@example.com")
		var hers struct{ Items []signin.SigninView }
		ana.must("GET", "/v1/signins", nil, &hers)
		b.refused("signin-not-found", "DELETE", "/v1/signins/"+hers.Items[0].ID.String(), nil)
		ana.me()
		old := b.cookie
		b.must("DELETE", "/v1/signins", nil, nil)
		b.cookie = old
		b.refused("sign-in-ended", "GET", "/v1/me", nil)
		ana.me()
	})
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
	if _, err := w.app.inventory().SyncSource(w.ctx, id, inventory.SyncOptions{}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.node.settle(w.ctx); err != nil {
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

// Whoever leaves is out with the revision that says so, and no link brings them back.
func TestLesson03_WhoLeavesIsOut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.people("number,name,email,end\n7,Ana Sol,ana@example.com,\n8,Ben Brandt,ben@example.com,\n")
		ana := w.comes("ana@example.com")
		link, err := w.node.door.Link(w.ctx, w.someone("ana@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		if me := ana.me(); me.Name != "Ana Sol" || len(me.Functions) != 0 {
			t.Fatalf("%+v", me)
		}
		w.people("number,name,email,end\n7,Ana Sol,ana@example.com,2020-01-01\n8,Ben Brandt,ben@example.com,\n")
		w.until(func() bool { status, _ := ana.do("GET", "/v1/me", nil, nil); return status == http.StatusUnauthorized })
		if got := w.actions(); !slices.Contains(got, "signin.end identity_not_active") {
			t.Errorf("%q", got)
		}
		ana.refused("not-active", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(link)})
		if _, err := w.node.door.Link(w.ctx, w.someone("7")); err == nil {
			t.Error("there is a link for who has left")
		}
	})
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

// The owner who was there first is the person whom an HR file names by the same email,
// and an owner who comes later is the one who was there.
func TestOwnerIsOnePerson(t *testing.T) {
	for _, first := range []string{"owner", "file"} {
		t.Run(first+" first", func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				file := func() { w.people("number,name,email,end\n1,Olga Ivanovna Orlova,olga@example.com,\n") }
				if first == "file" {
					file()
				}
				b, _ := w.owner()
				id := b.me().Identity
				if first == "owner" {
					file()
				}
				if me := b.me(); me.Name != "Olga Ivanovna Orlova" || me.Identity != id || len(me.Functions) != 3 {
					t.Fatalf("%+v", me)
				}
				if got := w.someone("1"); got != id {
					t.Errorf("the file makes her %s, she is %s", got, id)
				}
				totals, err := w.app.db.Inventory().Totals(w.ctx)
				if err != nil || totals.Identities[access.Human] != 1 {
					t.Errorf("%+v, %v", totals, err)
				}
			})
		})
	}
}
