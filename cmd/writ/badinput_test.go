package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

// script gives whoever is signed in a token that reads.
func (b *browser) script() string {
	b.w.t.Helper()
	me := b.me()
	ctx := policy.WithCaller(b.w.ctx, policy.Caller{Identity: me.Identity, Via: me.Via})
	_, text, err := b.w.node.door.MakeToken(ctx, signin.Token{
		Owner: me.Identity, Name: "a script", Limits: []string{"read"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, 1)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return string(text.Reveal())
}

// An export whose connection is lost on the way is not taken for a whole one, and is
// whole the next time.
func TestAConnectionLostInAnExport(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	b, _ := w.owner()
	var rows strings.Builder
	rows.WriteString("number,name,email,end\n")
	for i := range 2000 {
		fmt.Fprintf(&rows, "%d,Somebody %d,nobody%d@example.com,\n", i, i, i)
	}
	w.people(rows.String())
	t.Setenv(tokenVariable, b.script())
	proxy := testkit.NewProxy(t, strings.TrimPrefix(w.url, "http://"))
	export := func() (code int, out, wrong string) {
		var o, e bytes.Buffer
		code = run(t.Context(), []string{"api", "GET", "/v1/identities/export", "--server", "http://" + proxy.Addr}, strings.NewReader(""), &o, &e)
		return code, o.String(), e.String()
	}
	w.until(func() bool { code, out, _ := export(); return code == exitOK && strings.Count(out, "\n") == 2002 })
	proxy.Break(testkit.Cut, 50_000)
	code, out, wrong := export()
	if code != exitFailed || out == "" || !strings.Contains(wrong, "broke off") || !strings.Contains(wrong, "call again") {
		t.Errorf("exit %d, %d bytes: %s", code, len(out), wrong)
	}
	proxy.Break(testkit.Pass, 0)
	if code, out, wrong = export(); code != exitOK || strings.Count(out, "\n") != 2002 {
		t.Errorf("again: exit %d, %d lines: %s", code, strings.Count(out, "\n"), wrong)
	}
}

// holdsBack is a reverse proxy that sends nothing on before an answer has ended.
func holdsBack(t *testing.T, to string) *httptest.Server {
	at, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := httputil.NewSingleHostReverseProxy(at)
	p.ModifyResponse = func(r *http.Response) error {
		all, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(all))
		return err
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s
}

var (
	lastID      = regexp.MustCompile(`(?m)^id: ([0-9]+)$`)
	streamLines = regexp.MustCompile(`(?m)^event: record$`)
)

// Behind a proxy that holds everything back, short streams are whole: each goes on where
// the one before has ended, and none of what came between is missed.
func TestAProxyThatBuffers(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	b, _ := w.owner()
	text := b.script()
	proxy := holdsBack(t, w.url)
	stream := func(after string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(w.ctx, "GET", proxy.URL+"/v1/audit/stream?lasts=1"+after, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+text)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // read only
		all, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("X-Accel-Buffering") != "no" || res.Header.Get("Cache-Control") != "no-store, no-transform" {
			t.Fatalf("%s %v, %v: %s", res.Status, res.Header, err, all)
		}
		return string(all)
	}
	w.until(func() bool {
		_, code := b.do("GET", "/v1/audit?limit=1", nil, nil)
		return code == ""
	})
	first := lastID.FindAllStringSubmatch(stream(""), -1)
	if len(first) == 0 {
		t.Fatal("it does not say where it began")
	}
	b.addPasskey("between two streams")
	after := first[len(first)-1][1]
	w.until(func() bool {
		got := stream("&after=" + after)
		return streamLines.MatchString(got) && strings.Contains(got, "passkey.add")
	})
	// Whole answers go through it as through any.
	began := time.Now()
	r, err := http.NewRequestWithContext(w.ctx, "GET", proxy.URL+"/v1/audit?limit=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+text)
	if status, code := b.send(r, nil); status != http.StatusOK || time.Since(began) > 5*time.Second {
		t.Errorf("%d %s", status, code)
	}
}

// What refuses a request says in the header, too, what it asks for (RFC 9449 section 7.1,
// RFC 6750 section 3).
func TestARefusalSaysWhatItAsksFor(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	b, _ := w.owner()
	text := b.script()
	good := func() string { return b.ask(w.ctx, "GET", "/v1/me", "").Header.Get("DPoP") }
	used := good()
	for i, tt := range []struct {
		cookie, proof, authorization string
		status                       int
		asks                         []string
	}{
		{status: 401, asks: []string{`DPoP algs="ES256 EdDSA"`, `Bearer realm="Writ"`}},
		{cookie: b.cookie, proof: used, status: 200},
		{cookie: b.cookie, proof: used, status: 401, asks: []string{`DPoP error="invalid_dpop_proof", algs="ES256 EdDSA"`}},
		{cookie: b.cookie, status: 401, asks: []string{`DPoP error="invalid_dpop_proof", algs="ES256 EdDSA"`}},
		{cookie: b.cookie, proof: "x", status: 401, asks: []string{`DPoP error="invalid_dpop_proof", algs="ES256 EdDSA"`}},
		{authorization: "Bearer " + text + "x", status: 401, asks: []string{`DPoP error="invalid_token", algs="ES256 EdDSA"`, `Bearer error="invalid_token"`}},
		{authorization: "DPoP " + text, proof: good(), status: 401, asks: []string{`DPoP error="invalid_dpop_proof", algs="ES256 EdDSA"`}},
		{authorization: "Bearer " + text, status: 200},
	} {
		r, err := http.NewRequestWithContext(w.ctx, "GET", w.url+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Cookie": tt.cookie, "DPoP": tt.proof, "Authorization": tt.authorization} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Values("WWW-Authenticate"); res.StatusCode != tt.status || fmt.Sprint(got) != fmt.Sprint(tt.asks) {
			t.Errorf("%d: %d %q", i, res.StatusCode, got)
		}
	}
	r := b.ask(w.ctx, "POST", "/v1/tokens", `{"name":"x","limits":["read"],"days":1,"networks":["127.0.0.0/8"]}`)
	r.Header.Del("Cookie")
	r.Header.Del("DPoP")
	r.Header.Set("Authorization", "Bearer "+text)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != http.StatusForbidden || got != `Bearer error="insufficient_scope"` {
		t.Errorf("%d %q", res.StatusCode, got)
	}
}

// Nobody changes anything but at the door, whatever a route is called. What opens a share is
// a link alone: who has it is somebody outside.
func TestLesson19_NobodyChangesAnythingButAtTheDoor(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("testdata", "routes.table"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, entry := range strings.Split(strings.TrimSpace(string(table)), "\n\n") {
		route, rest, _ := strings.Cut(entry, "\n")
		method, path, _ := strings.Cut(route, " ")
		if route[0] == '#' || method == http.MethodGet || method == http.MethodHead || strings.HasPrefix(path, "/v1/signin/") || strings.HasPrefix(path, "/v1/shares/open ") {
			continue
		}
		n++
		if refused, _, _ := strings.Cut(rest, "\n"); !strings.HasPrefix(strings.TrimSpace(refused), "refused: nobody 401") {
			t.Errorf("%s: %s", route, refused)
		}
	}
	if n < 20 {
		t.Errorf("only %d routes change something", n)
	}
}

// What one signs in with is in no answer, no record and no table: the cookie is out of
// reach of scripts, a token is shown once, and to whoever made it.
func TestLesson24_NoAnswerShowsWhatOneSignsInWith(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		b, link := w.owner()
		b.addPasskey("a key")
		text := b.script()
		for _, path := range []string{"/v1/me", "/v1/signins", "/v1/tokens", "/v1/passkeys", "/v1/signin", "/v1/audit?limit=50"} {
			b.must("GET", path, nil, nil)
		}
		_, cookie, _ := strings.Cut(b.cookie, "=")
		w.hides(link, cookie, text)
	})
}
