package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/signin"
)

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
		twin := key.Copy()
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

// Answers of one passkey that overtake each other are nobody's copy: none locks it, and
// whoever was late begins again.
func TestPasskeyInTwoTabs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		key := b.addPasskey("a key")
		const finish = "/v1/signin/passkey/finish"
		first, second := w.browser(), w.browser()
		one, two := first.answer("/v1/signin/passkey", key), second.answer("/v1/signin/passkey", key)
		second.must("POST", finish, two, nil)
		first.refused("challenge-not-good", "POST", finish, one)
		tabs := make([]*browser, 6)
		answers := make([]map[string]any, len(tabs))
		for i := range tabs {
			tabs[i] = w.browser()
			answers[i] = tabs[i].answer("/v1/signin/passkey", key)
		}
		var all sync.WaitGroup
		for i, tab := range tabs {
			all.Go(func() {
				if status, code := tab.do("POST", finish, answers[i], nil); status != http.StatusOK && code != "challenge-not-good" {
					t.Errorf("%d %s", status, code)
				}
			})
		}
		all.Wait()
		first.must("POST", finish, first.answer("/v1/signin/passkey", key), nil)
		b.me()
		second.me()
		if got := w.actions(); slices.Contains(got, "passkey.lock counter_went_back") || !slices.Contains(got, "signin.refuse answer_overtaken") {
			t.Errorf("%q", got)
		}
	})
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

		weak := key.Copy()
		weak.Flags = testkit.UserPresent
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", weak))
		elsewhere := key.Copy()
		elsewhere.Origin = "https://writ.example.net"
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", elsewhere))
		unknown := testkit.NewPasskey(t, testOrigin, "writ.example.com")
		unknown.Handle = key.Handle
		b.refused("passkey-not-good", "POST", finish, b.answer("/v1/signin/passkey", unknown))
		forged := key.Copy()
		forged.Key = unknown.Key
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
		for _, text := range []string{`{}`, `"x"`, `null`, `{"id":"AA"}`} {
			b.refused("passkey-not-good", "POST", "/v1/passkeys/finish", map[string]any{"name": "x", "credential": json.RawMessage(text)})
		}
		b.refused("passkey-name", "POST", "/v1/passkeys/finish", map[string]any{"name": " ", "credential": nil})

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

// What another node ends has ended here with the revision.
func TestEndedElsewhere(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, _ := w.owner()
		me := b.me()
		if _, err := w.app.db.Signin().End(w.ctx, me.Identity, 0, signin.Revoked); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		w.until(func() bool { _, code := b.do("GET", "/v1/me", nil, nil); return code == "sign-in-ended" })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s, as without a revision", took)
		}
	})
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
		key := ana.addPasskey("a key")
		if me := ana.me(); me.Name != "Ana Sol" || len(me.Functions) != 0 {
			t.Fatalf("%+v", me)
		}
		w.people("number,name,email,end\n7,Ana Sol,ana@example.com,2020-01-01\n8,Ben Brandt,ben@example.com,\n")
		w.until(func() bool { status, _ := ana.do("GET", "/v1/me", nil, nil); return status == http.StatusUnauthorized })
		if got := w.actions(); !slices.Contains(got, "signin.end identity_not_active") {
			t.Errorf("%q", got)
		}
		ana.refused("not-active", "POST", "/v1/signin/link", map[string]string{"secret": w.secretOf(link)})
		ana.refused("not-active", "POST", "/v1/signin/passkey/finish", ana.answer("/v1/signin/passkey", key))
		if got := w.actions(); !slices.Equal(got[len(got)-2:], []string{"signin.refuse identity_not_active", "signin.refuse identity_not_active"}) {
			t.Errorf("%q", got)
		}
		if _, err := w.node.door.Link(w.ctx, w.someone("7")); err == nil {
			t.Error("there is a link for who has left")
		}
	})
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

// said is what a command has printed so far.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// The server prints the first link until there is an owner, and writes it nowhere else.
func TestServerPrintsTheFirstLink(t *testing.T) {
	t.Setenv("WRIT_ADDRESS", "127.0.0.1:0")
	data := t.TempDir()
	start := func() (out, log string) {
		ctx, stop := context.WithCancel(t.Context())
		var o, e said
		done := make(chan int, 1)
		go func() { done <- run(ctx, []string{"--data", data, "server"}, strings.NewReader(""), &o, &e) }()
		w := &world{t: t, ctx: ctx}
		w.until(func() bool { return strings.Contains(o.String(), "Writ is at http://localhost:0") || len(done) > 0 })
		stop()
		if code := <-done; code != exitOK {
			t.Fatalf("exit %d: %s", code, e.String())
		}
		return o.String(), e.String()
	}
	out, log := start()
	_, link, found := strings.Cut(out, "/welcome#")
	if link = strings.TrimSpace(link); !found || len(link) != 43 || strings.Contains(log, link) {
		t.Fatalf("printed %q, logged %q", out, log)
	}
	if again, _ := start(); !strings.Contains(again, "/welcome#") || strings.Contains(again, link) {
		t.Errorf("started again it prints %q", again)
	}
}
