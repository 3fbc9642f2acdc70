package signin_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/signin"
)

// atProvider is a site at which people sign in at a provider.
func atProvider(t *testing.T, newSite func(...signin.Provider) *site) (*site, *idp) {
	t.Helper()
	p, writ := startIDP(t)
	s := newSite(writ)
	p.s = s
	p.is("sub-ana", "ana.sol@example.com")
	return s, p
}

// is makes the provider's next sign-in somebody's, with an email that it vouches for.
func (p *idp) is(subject, email string) {
	p.next = testkit.AtProvider{Subject: subject, Email: email, Verified: true, Methods: []string{"pwd", "mfa"}}
}

// sent follows one link of ours, and returns where it leads.
func (c *client) sent(path string) string {
	c.s.t.Helper()
	r, err := http.NewRequestWithContext(c.s.ctx, http.MethodGet, ours+path, nil)
	c.s.must(err)
	answer, err := c.http.Do(r)
	c.s.must(err)
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode != http.StatusSeeOther {
		text, _ := io.ReadAll(answer.Body)
		c.s.t.Fatalf("%s: %s %s", path, answer.Status, text)
	}
	return answer.Header.Get("Location")
}

func (c *client) begins() string {
	return c.sent("/signin/oidc/idp?back=%2Ffindings&key=" + c.key.Thumbprint())
}

const (
	signedInAt = ours + "/findings"
	refusedAt  = ours + "/signin?problem="
)

type whoAmI struct {
	Identity access.IdentityID
	Method   string
	MFA      bool
}

func TestPeopleSignInAtAProvider(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s, p := atProvider(t, newSite)
		browser := s.client()
		var ways signin.Ways
		browser.want(http.StatusOK, "", "GET", "/v1/signin", nil, &ways)
		if len(ways.Providers) != 1 || ways.Providers[0].Title != "The company" {
			t.Fatalf("shown %+v", ways)
		}
		if at := browser.sent(p.goes(browser.begins())); at != signedInAt {
			t.Fatalf("led to %s", at)
		}
		var me whoAmI
		browser.want(http.StatusOK, "", "GET", "/v1/me", nil, &me)
		if me != (whoAmI{s.identity("E1"), "oidc", true}) {
			t.Fatalf("signed in as %+v", me)
		}

		p.is("sub-ana", "ben.oak@example.com") // the email is another now, the subject is not
		again := s.client()
		if at := again.sent(p.goes(again.begins())); at != signedInAt {
			t.Fatalf("led to %s", at)
		}
		again.want(http.StatusOK, "", "GET", "/v1/me", nil, &me)
		if me.Identity != s.identity("E1") {
			t.Fatal("an email decided who somebody is whose subject was known")
		}

		thief := s.client()
		thief.http.Jar = browser.http.Jar
		thief.want(http.StatusUnauthorized, "wrong-client", "GET", "/v1/me", nil, nil)
	})
}

// However an email is spelled, it is one person's; a subject is taken as it is.
func TestLesson10_OneSpellingOfWhoSomebodyIs(t *testing.T) {
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	for _, tt := range []struct{ subject, email, number string }{
		{"sub-one", "Ana.Sol@EXAMPLE.com", "E1"},
		{"SUB-ONE", "ben.oak@example.com", "E2"},
		{"sub-one", "ben.oak@example.com", "E1"},
	} {
		p.is(tt.subject, tt.email)
		browser := s.client()
		browser.sent(p.goes(browser.begins()))
		var me whoAmI
		browser.want(http.StatusOK, "", "GET", "/v1/me", nil, &me)
		if me.Identity != s.identity(tt.number) {
			t.Errorf("%s, %s is not %s", tt.subject, tt.email, tt.number)
		}
	}
}

// A subject that was linked to the wrong person is unlinked: what it began ends, and the
// email decides anew.
func TestASubjectIsUnlinked(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s, p := atProvider(t, newSite)
		ana, store := s.identity("E1"), s.db.Signin()
		browser := s.client()
		browser.sent(p.goes(browser.begins()))
		list, err := store.Linked(s.ctx, ana)
		if err != nil || len(list) != 1 || list[0].Subject != "sub-ana" || list[0].Since == 0 {
			t.Fatal(list, err)
		}
		if _, _, err := store.Unlink(s.ctx, ana, "https://another.example.com"); !errors.Is(err, signin.ErrNotLinked) {
			t.Errorf("of another provider: %v", err)
		}
		passkey := s.signedIn("E1")
		subjects, ended, err := store.Unlink(s.ctx, ana, list[0].Issuer)
		if err != nil || subjects != 1 || ended != 1 {
			t.Fatal(subjects, ended, err)
		}
		s.settle()
		browser.want(http.StatusUnauthorized, "sign-in-ended", "GET", "/v1/me", nil, nil)
		passkey.want(http.StatusOK, "", "GET", "/v1/me", nil, nil)
		got := s.records("signin.unlink")
		if len(got) != 1 || got[0].Fact("subjects") != "1" || got[0].Fact("ended") != "1" || got[0].Object != ana.Ref() || !strings.Contains(got[0].Personal["subject"], "sub-ana") {
			t.Errorf("the log has %+v", got)
		}
		p.is("sub-ana", "ben.oak@example.com")
		again := s.client()
		again.sent(p.goes(again.begins()))
		var me whoAmI
		again.want(http.StatusOK, "", "GET", "/v1/me", nil, &me)
		if me.Identity != s.identity("E2") {
			t.Errorf("it is %s now", me.Identity)
		}
	})
}

func TestWhoIsNotLetInByAProvider(t *testing.T) {
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	tests := []struct {
		name, subject, email string
		unverified           bool
		code                 string
	}{
		{"an email that nobody vouches for", "s1", "ana.sol@example.com", true, "email-not-verified"},
		{"no email", "s2", "", false, "email-not-verified"},
		{"nobody", "s3", "nobody@example.com", false, "not-active"},
		{"two people", "s4", "same@example.com", false, "email-of-two"},
		{"letters that only look alike", "s5", "ana.sol@example.\u212aom", false, "not-active"},
	}
	for _, tt := range tests {
		p.is(tt.subject, tt.email)
		p.next.Verified = !tt.unverified
		browser := s.client()
		if at := browser.sent(p.goes(browser.begins())); at != refusedAt+tt.code {
			t.Errorf("%s: led to %s", tt.name, at)
		}
		browser.want(http.StatusUnauthorized, "sign-in-required", "GET", "/v1/me", nil, nil)
	}
	p.is("s6", "ANA.sol@Example.com")
	browser := s.client()
	if at := browser.sent(p.goes(browser.begins())); at != signedInAt {
		t.Errorf("capitals: led to %s", at)
	}
}

func TestLesson03_ALeaverIsNotLetInByAProvider(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s, p := atProvider(t, newSite)
		browser := s.client()
		browser.sent(p.goes(browser.begins()))
		s.people(strings.Replace(everybody, "ana.sol@example.com,active", "ana.sol@example.com,terminated", 1))
		browser = s.client()
		if at := browser.sent(p.goes(browser.begins())); at != refusedAt+"not-active" {
			t.Fatalf("led to %s", at)
		}
	})
}

func TestASecondFactorIsOneThatTheProviderTellsOf(t *testing.T) {
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	tests := []struct {
		name    string
		class   string
		methods []string
		ago     time.Duration
		mfa     bool
	}{
		{"a method", "", []string{"pwd", "mfa"}, 0, true},
		{"a class", "gold", nil, 0, true},
		{"neither", "silver", []string{"pwd"}, 0, false},
		{"nothing", "", nil, 0, false},
		{"long ago", "gold", nil, time.Hour, false},
	}
	for _, tt := range tests {
		p.is("sub-ana", "ana.sol@example.com")
		p.next.Class, p.next.Methods, p.next.At = tt.class, tt.methods, time.Now().Add(-tt.ago)
		browser := s.client()
		browser.sent(p.goes(browser.begins()))
		var me whoAmI
		browser.want(http.StatusOK, "", "GET", "/v1/me", nil, &me)
		if me.MFA != tt.mfa {
			t.Errorf("%s: a second factor is %t", tt.name, me.MFA)
		}
	}
}

func TestLesson11_AStateIsGoodOnceInItsOwnBrowser(t *testing.T) {
	eachSite(t, func(t *testing.T, newSite func(...signin.Provider) *site) {
		s, p := atProvider(t, newSite)
		browser := s.client()
		back := p.goes(browser.begins())
		if at := browser.sent(back); at != signedInAt {
			t.Fatalf("led to %s", at)
		}
		if at := browser.sent(back); at != refusedAt+"sign-in-not-begun" {
			t.Errorf("once more: %s", at)
		}

		many := s.client()
		back = p.goes(many.begins())
		if good := atOnce(8, func() bool { return many.sent(back) == signedInAt }); good != 1 {
			t.Errorf("%d of 8 were signed in", good)
		}

		victim, thief := s.client(), s.client()
		back = p.goes(victim.begins())
		thief.begins()
		for _, c := range []*client{s.client(), thief} {
			if at := c.sent(back); at != refusedAt+"sign-in-not-begun" {
				t.Errorf("in another browser: %s", at)
			}
		}

		// A code that somebody else was given, with a state of one's own.
		back = p.goes(victim.begins())
		stolen, err := url.Parse(back)
		s.must(err)
		own, err := url.Parse(p.goes(thief.begins()))
		s.must(err)
		q := own.Query()
		q.Set("code", stolen.Query().Get("code"))
		if at := thief.sent(own.Path + "?" + q.Encode()); at != refusedAt+"provider-answer" {
			t.Errorf("with a stolen code: %s", at)
		}
		late := s.client()
		back = p.goes(late.begins())
		s.later(signin.StateLasts + time.Second)
		if at := late.sent(back); at != refusedAt+"sign-in-not-begun" {
			t.Errorf("too late: %s", at)
		}
	})
}

func TestACodeIsGoodOnce(t *testing.T) {
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	browser := s.client()
	back, err := url.Parse(p.goes(browser.begins()))
	s.must(err)
	browser.sent(back.String())
	again, err := url.Parse(p.goes(browser.begins()))
	s.must(err)
	q := again.Query()
	q.Set("code", back.Query().Get("code"))
	if at := browser.sent(again.Path + "?" + q.Encode()); at != refusedAt+"provider-answer" {
		t.Fatalf("led to %s", at)
	}
}

func TestLesson09_AnAnswerOfAProviderIsWhatWasAskedFor(t *testing.T) {
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	lies := map[string]func(map[string]any){
		"another issuer":         set("iss", "https://idp.example.org"),
		"another audience":       set("aud", []string{"other"}),
		"another party":          set("azp", "other"),
		"of two, and no party":   func(c map[string]any) { c["aud"] = []string{testkit.ProviderClient, "other"}; delete(c, "azp") },
		"another nonce":          set("nonce", "another"),
		"no nonce":               func(c map[string]any) { delete(c, "nonce") },
		"no subject":             func(c map[string]any) { delete(c, "sub") },
		"it has ended":           set("exp", time.Now().Add(-time.Hour).Unix()),
		"it is signed otherwise": func(map[string]any) {},
	}
	for name, lie := range lies {
		p.mu.Lock()
		p.lie, p.other = lie, nil
		if name == "it is signed otherwise" {
			var err error
			p.other, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			s.must(err)
		}
		p.mu.Unlock()
		browser := s.client()
		if at := browser.sent(p.goes(browser.begins())); at != refusedAt+"provider-answer" {
			t.Errorf("%s: led to %s", name, at)
		}
	}
	p.mu.Lock()
	p.lie, p.other = func(map[string]any) {}, nil
	p.mu.Unlock()
	browser := s.client()
	if at := browser.sent(p.goes(browser.begins())); at != signedInAt {
		t.Errorf("no lie: led to %s", at)
	}
	back, err := url.Parse(p.goes(browser.begins()))
	s.must(err)
	q := back.Query()
	q.Set("iss", "https://idp.example.org")
	if at := browser.sent(back.Path + "?" + q.Encode()); at != refusedAt+"sign-in-not-begun" {
		t.Errorf("the answer of another issuer: %s", at)
	}
}

func TestLesson33_ABrowserIsSentNowhereElse(t *testing.T) {
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	for _, back := range []string{"https://evil.example", "//evil.example", "/\\evil.example", ".evil.example", "@evil.example", "/x\r\nSet-Cookie: a=b", "findings", ""} {
		browser := s.client()
		at := browser.sent("/signin/oidc/idp?" + url.Values{"back": {back}, "key": {browser.key.Thumbprint()}}.Encode())
		if led := browser.sent(p.goes(at)); led != ours+"/" {
			t.Errorf("%q: led to %s", back, led)
		}
	}
	browser := s.client()
	to, err := url.Parse(browser.begins())
	s.must(err)
	q := to.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != ours+"/signin/oidc/idp/callback" || q.Get("max_age") != "600" {
		t.Errorf("asked with %v", q)
	}
	for path, code := range map[string]string{
		"/signin/oidc/other?key=" + browser.key.Thumbprint(): "provider-not-found", "/signin/oidc/idp": "bad-key", "/signin/oidc/idp?key=x": "bad-key",
		"/signin/oidc/idp/callback?error=access_denied&state=x": "sign-in-not-begun",
	} {
		if at := browser.sent(path); at != refusedAt+code {
			t.Errorf("%s: led to %s", path, at)
		}
	}
}

func TestAProviderThatIsDownIsAskedAgain(t *testing.T) {
	up := false
	var h http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !up {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	h = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"issuer":"`+front.URL+`","authorization_endpoint":"`+front.URL+`/a","token_endpoint":"`+front.URL+`/t","jwks_uri":"`+front.URL+`/k"}`)
	})
	s := newSite(t, storeConfig(t), []signin.Provider{{Name: "idp", Issuer: front.URL, ClientID: testkit.ProviderClient}})
	browser := s.client()
	for range 2 {
		if at := browser.begins(); at != refusedAt+"provider-down" {
			t.Fatalf("led to %s", at)
		}
	}
	up = true
	s.later(time.Minute)
	if at := browser.begins(); !strings.HasPrefix(at, front.URL+"/a?") {
		t.Fatalf("led to %s", at)
	}
}

func TestAProviderIsConfiguredAsOne(t *testing.T) {
	s := newSite(t, storeConfig(t), nil)
	good := signin.Provider{Name: "idp", Issuer: "https://idp.example.com", ClientID: "writ"}
	for name, change := range map[string]func(*signin.Provider){
		"no name": func(p *signin.Provider) { p.Name = "" }, "a path": func(p *signin.Provider) { p.Name = "../x" },
		"no issuer": func(p *signin.Provider) { p.Issuer = "" }, "no client": func(p *signin.Provider) { p.ClientID = "" },
		"without TLS": func(p *signin.Provider) { p.Issuer = "http://idp.example.com" },
	} {
		p := good
		change(&p)
		c := s.door.Config
		c.Providers = []signin.Provider{p}
		if _, err := signin.New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestLesson13_NothingThatAProviderGivesIsInALog(t *testing.T) {
	var log bytes.Buffer
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(was)
	s, p := atProvider(t, func(list ...signin.Provider) *site { return newSite(t, storeConfig(t), list) })
	browser := s.client()
	back, err := url.Parse(p.goes(browser.begins()))
	s.must(err)
	browser.sent(back.String())
	again, err := url.Parse(p.goes(browser.begins()))
	s.must(err)
	q := again.Query()
	q.Set("code", back.Query().Get("code"))
	browser.sent(again.Path + "?" + q.Encode())
	p.mu.Lock()
	p.lie = func(c map[string]any) { c["nonce"] = "x" }
	p.mu.Unlock()
	browser.sent(p.goes(browser.begins()))
	records, err := json.Marshal(s.records(""))
	s.must(err)
	at, err := url.Parse(ours)
	s.must(err)
	canaries := []string{testkit.ProviderSecret, back.Query().Get("code"), back.Query().Get("state"), again.Query().Get("state")}
	for _, c := range browser.http.Jar.Cookies(at) {
		canaries = append(canaries, c.Value)
	}
	for i, canary := range canaries {
		if canary == "" || strings.Contains(log.String()+string(records), canary) {
			t.Errorf("canary %d is in a log", i)
		}
	}
	if !strings.Contains(log.String(), "provider") {
		t.Error("the log says nothing of what went wrong")
	}
}
