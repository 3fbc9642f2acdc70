package main

import (
	"bufio"
	"context"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

// twoNodes are two servers on one database, with the keys of one.
func twoNodes(t *testing.T) (one, two *world) {
	t.Helper()
	testkit.Postgres(t)
	t.Setenv("WRIT_DATABASE", testkit.Database(t))
	one = newWorld(t)
	data := t.TempDir()
	for _, name := range []string{"node.key", "log.key"} {
		key, err := os.ReadFile(filepath.Join(one.app.data, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, name), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return one, newWorldIn(t, data)
}

// at is the same browser, which a proxy has sent to another node.
func (b *browser) at(w *world) *browser {
	other := *b
	other.w = w
	return &other
}

// ask is a request with its proof, to change and to send.
func (b *browser) ask(ctx context.Context, method, path, body string) *http.Request {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, b.w.url+path, strings.NewReader(body))
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	bare, _, _ := strings.Cut(path, "?")
	proof, err := b.key.Prove(method, testOrigin+bare, time.Now(), secret.Secret{})
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("DPoP", proof)
	r.Header.Set("Cookie", b.cookie)
	return r
}

// soon is within what following a revision takes, and long before anything ends by itself.
func (w *world) soon(ok func() bool) {
	w.t.Helper()
	began := time.Now()
	w.until(ok)
	if took := time.Since(began); took > 5*time.Second {
		w.t.Errorf("it took %s, as without a revision", took)
	}
}

// Who signs in at one node is known at the other, steps up for both, and is out at both.
func TestLesson03_OneSigninForTwoNodes(t *testing.T) {
	one, two := twoNodes(t)
	here, _ := one.owner()
	there := here.at(two)
	if me := there.me(); me.Identity != here.me().Identity || me.MFA {
		t.Fatalf("%+v", me)
	}
	here.addPasskey("a key") // which steps up
	two.soon(func() bool { return there.me().MFA })
	cookie := there.cookie
	there.must("DELETE", "/v1/signins", nil, nil)
	there.cookie = cookie
	there.refused("sign-in-ended", "GET", "/v1/me", nil)
	one.soon(func() bool { _, code := here.do("GET", "/v1/me", nil, nil); return code == "sign-in-ended" })
}

// A token that is ended at one node is ended at the other.
func TestLesson03_ATokenEndsOnEveryNode(t *testing.T) {
	one, two := twoNodes(t)
	b, _ := one.owner()
	me := b.me()
	ctx := policy.WithCaller(one.ctx, policy.Caller{Identity: me.Identity, Via: me.Via})
	k, text, err := one.node.door.MakeToken(ctx, signin.Token{
		Owner: me.Identity, Name: "a script", Limits: []string{"read"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	by := func(w *world) (int, string) {
		r, err := http.NewRequestWithContext(w.ctx, "GET", w.url+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+string(text.Reveal()))
		return w.browser().send(r, nil)
	}
	for _, w := range []*world{one, two} {
		w.soon(func() bool { status, _ := by(w); return status == http.StatusOK })
	}
	if err := one.node.door.EndToken(ctx, me.Identity, k.ID); err != nil {
		t.Fatal(err)
	}
	if _, code := by(one); code != "sign-in-ended" {
		t.Errorf("where it was ended: %q", code)
	}
	two.soon(func() bool { _, code := by(two); return code == "sign-in-ended" })
}

// Who follows the log at one node is told no more when they are put out at the other.
func TestLesson03_AStreamEndsWithASigninOfAnotherNode(t *testing.T) {
	one, two := twoNodes(t)
	here, _ := one.owner()
	there := here.at(two)
	two.soon(func() bool {
		status, _ := there.do("GET", "/v1/audit?limit=1", nil, nil)
		return status == http.StatusOK
	})
	res, err := http.DefaultClient.Do(there.ask(two.ctx, "GET", "/v1/audit/stream?after=1", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	lines := bufio.NewScanner(res.Body)
	said := func(prefix string) bool {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), prefix) {
				return true
			}
		}
		return false
	}
	if res.StatusCode != http.StatusOK || !said("event: record") {
		t.Fatalf("nothing is told: %s", res.Status)
	}
	began := time.Now()
	here.must("DELETE", "/v1/signins", nil, nil)
	if !said("event: end") || !said(`data: {`) || !strings.Contains(lines.Text(), `"sign-in-ended"`) {
		t.Errorf("it ends with %q, %v", lines.Text(), lines.Err())
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// What is good once is good once for both nodes together.
func TestLesson11_GoodOnceOnTwoNodes(t *testing.T) {
	one, two := twoNodes(t)
	here, _ := one.owner()
	there := here.at(two)
	there.me()

	proof := here.ask(one.ctx, "POST", "/v1/signout", "").Header.Get("DPoP")
	replay := func(w *world, cookie string) string {
		r := here.at(w).ask(w.ctx, "POST", "/v1/signout", "")
		r.Header.Set("DPoP", proof)
		r.Header.Set("Cookie", cookie)
		_, code := here.at(w).send(r, nil)
		return code
	}
	// The same key has two sign-ins: the proof of the one request is not good for another.
	second := &browser{w: one, key: here.key}
	link, err := one.node.door.Link(one.ctx, here.me().Identity)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]string{"secret": one.secretOf(link)}
	var in atomic.Int64
	var all sync.WaitGroup
	for _, w := range []*world{one, two, one, two} {
		b := &browser{w: w, key: here.key}
		all.Go(func() {
			if status, code := b.do("POST", "/v1/signin/link", body, nil); status == http.StatusOK {
				in.Add(1)
				second.cookie = b.cookie
			} else if code != "link-not-good" {
				t.Errorf("%d %s", status, code)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Fatalf("%d came in by one link", in.Load())
	}
	if code := replay(one, second.cookie); code != "" {
		t.Fatalf("the first time: %q", code)
	}
	if code := replay(two, here.cookie); code != "bad-proof" {
		t.Errorf("a proof that the other node has seen: %q", code)
	}
	there.me()
}

// A request that comes again at another node is done once.
func TestARequestThatComesAgainAtAnotherNode(t *testing.T) {
	one, two := twoNodes(t)
	here, _ := one.owner()
	me := here.me()
	two.soon(func() bool {
		status, _ := here.at(two).do("GET", "/v1/identities/"+me.Identity.String(), nil, nil)
		return status == http.StatusOK
	})
	send := func(w *world, reason string) *http.Response {
		r := here.at(w).ask(w.ctx, "POST", "/v1/decisions", `{"principal":"`+me.Identity.String()+`","action":"system.read","reason":"`+reason+`"}`)
		r.Header.Set("Idempotency-Key", "one-intention")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	if res := send(one, "x"); res.StatusCode != http.StatusOK || res.Header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("%s %v", res.Status, res.Header)
	}
	if res := send(two, "x"); res.StatusCode != http.StatusOK || res.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	if res := send(two, "y"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another request under its key: %s", res.Status)
	}
}
