package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/signin"
)

// site is a whole server as commands call it, with an owner in its console.
type site struct {
	t      *testing.T
	app    *app
	node   *node
	http   *http.Client
	url    string
	key    *signin.Key // of the owner's browser
	cookie string
	said   bytes.Buffer // what all commands printed
}

func newServed(t *testing.T) *site {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv(tokenVariable, "")
	a := &app{out: io.Discard, err: io.Discard, data: t.TempDir()}
	ctx, cancel := context.WithCancel(t.Context())
	ctx, err := a.openGraph(ctx)
	must(t, err)
	n, err := a.newNode(ctx)
	must(t, err)
	var h http.Handler
	listens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	s := &site{t: t, app: a, node: n, http: listens.Client(), url: strings.Replace(listens.URL, "127.0.0.1", "localhost", 1)}
	ears := overhear(t)
	srv, _, err := a.newServer(ctx, &serverConfig{Origin: s.url}, n, slog.New(ears.logs(slog.DiscardHandler)))
	must(t, err)
	n.door.Pause = time.Second // or each login would take five
	h = ears.listens(srv.Handler())
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	t.Cleanup(func() {
		listens.Close()
		cancel()
		<-done //nolint:errcheck // it says that it was told to end
		ears.searched(a)
		must(t, a.close())
	})
	link, err := n.door.FirstLink(ctx)
	must(t, err)
	s.key, err = signin.NewKey()
	must(t, err)
	_, plain, _ := strings.Cut(string(link.Reveal()), "#")
	s.browse("POST", "/v1/signin/link", map[string]string{"secret": plain, "name": "Olga Orlova", "email": "olga@example.com"})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// browse is what the owner does in the console.
func (s *site) browse(method, path string, body any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	must(s.t, err)
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(text))
	must(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	if s.cookie != "" {
		r.Header.Set("Cookie", s.cookie)
	}
	proof, err := s.key.Prove(method, s.url+path, time.Now(), secret.Secret{})
	must(s.t, err)
	r.Header.Set("DPoP", proof)
	answer, err := s.http.Do(r)
	must(s.t, err)
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(answer.Body)
		s.t.Fatalf("%s %s: %s %s", method, path, answer.Status, text)
	}
	for _, c := range answer.Cookies() {
		s.cookie = c.Name + "=" + c.Value
	}
}

// run runs a command and returns what it prints.
func (s *site) run(code int, args ...string) string {
	s.t.Helper()
	var out, errw bytes.Buffer
	got := run(s.t.Context(), args, strings.NewReader(`{"name":"from a pipe"}`), &out, &errw)
	s.said.Write(out.Bytes())
	s.said.Write(errw.Bytes())
	if got != code {
		s.t.Fatalf("%v: exit %d, want %d\n%s%s", args, got, code, out.Bytes(), errw.Bytes())
	}
	return out.String()
}

var shownCode = regexp.MustCompile(`compare the code: ([A-Z]{4}-[A-Z]{4})`)

// logIn logs in as the owner, who says yes.
func (s *site) logIn(verb string) int {
	s.t.Helper()
	told, tells := io.Pipe()
	done := make(chan int, 1)
	var out bytes.Buffer
	go func() {
		code := run(s.t.Context(), []string{"login", s.url + "/"}, strings.NewReader(""), &out, tells)
		_ = tells.Close()
		done <- code
	}()
	var seen bytes.Buffer
	buf := make([]byte, 1024)
	for {
		n, err := told.Read(buf)
		seen.Write(buf[:n])
		if m := shownCode.FindStringSubmatch(seen.String()); m != nil {
			s.browse("POST", "/v1/device/"+m[1]+"/"+verb, nil)
			break
		}
		if err != nil {
			s.t.Fatalf("no code is shown: %s", seen.String())
		}
	}
	rest, _ := io.ReadAll(told)
	s.said.WriteString(seen.String() + string(rest))
	return <-done
}

// kept is the login file, for what tests look at and change.
func (s *site) kept() (f loginFile, path string) {
	s.t.Helper()
	path, err := loginPath()
	must(s.t, err)
	text, err := os.ReadFile(path)
	must(s.t, err)
	must(s.t, json.Unmarshal(text, &f))
	return f, path
}

func (s *site) rewrite(change func(*loginFile)) {
	s.t.Helper()
	f, path := s.kept()
	change(&f)
	text, err := json.Marshal(f)
	must(s.t, err)
	must(s.t, os.WriteFile(path, text, 0o600))
}

func TestLoginLetsCommandsCallTheServer(t *testing.T) {
	s := newServed(t)
	s.run(exitFailed, "api", "GET", "/v1/me")
	s.run(exitDenied, "api", "GET", "/v1/me", "--server", s.url)
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	f, path := s.kept()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	var me struct{ Name, Method string }
	must(t, json.Unmarshal([]byte(s.run(exitOK, "api", "get", "/v1/me")), &me))
	if me.Name != "Olga Orlova" || me.Method != "device" {
		t.Fatalf("called as %+v", me)
	}
	if out := s.run(exitFailed, "api", "GET", "/v1/nothing"); !strings.Contains(out, `"code":"no-such-route"`) {
		t.Errorf("a problem is not printed: %s", out)
	}
	if out := s.run(exitFailed, "api", "POST", "/v1/tokens", "--data", "-"); !strings.Contains(out, "invalid-input") {
		t.Errorf("what was piped in was not sent: %s", out)
	}
	for _, args := range [][]string{{"BREW", "/"}, {"GET", "v1/me"}, {"GET", "https://x/"}, {"GET", "//x/y"}, {"GET", "/v1/me", "--data", "x"}} {
		s.run(exitUsage, append([]string{"api"}, args...)...)
	}
	s.run(exitDenied, "api", "GET", "/v1/me", "--server", "http://127.0.0.1:1")
	s.run(exitOK, "logout")
	s.run(exitDenied, "api", "GET", "/v1/me", "--server", s.url)
	for _, text := range []string{f.Access, f.Renew} {
		if strings.Contains(s.said.String(), text) {
			t.Error("a token was printed")
		}
	}
}

// A script sends what it is piped with the login's key, and sees by the exit how it went.
func TestAScriptAfterALogin(t *testing.T) {
	s := newServed(t)
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	var me struct{ Identity string }
	must(t, json.Unmarshal([]byte(s.run(exitOK, "api", "GET", "/v1/me")), &me))
	piped := func(code int, body string, args ...string) (out string) {
		t.Helper()
		var o, e bytes.Buffer
		if got := run(t.Context(), append([]string{"api"}, args...), strings.NewReader(body), &o, &e); got != code {
			t.Fatalf("%v: exit %d, want %d\n%s%s", args, got, code, &o, &e)
		}
		return o.String()
	}
	ask := `{"principal":"` + me.Identity + `","action":"system.read"}`
	if out := piped(exitOK, ask, "POST", "/v1/decisions", "--data", "-"); !strings.Contains(out, `"explanation"`) {
		t.Errorf("answered %s", out)
	}
	file := filepath.Join(t.TempDir(), "ask.json")
	must(t, os.WriteFile(file, []byte(ask), 0o600))
	piped(exitOK, "", "POST", "/v1/decisions", "--data", "@"+file)
	piped(exitFailed, `{`, "POST", "/v1/decisions", "--data", "-")                                                               // 422
	piped(exitFailed, `{"reason":"x"}`, "POST", "/v1/findings/fnd_0000000000001/accept", "--data", "-")                          // 404 or 428
	piped(exitDenied, `{"name":"x","limits":["read"],"days":1,"networks":["127.0.0.0/8"]}`, "POST", "/v1/tokens", "--data", "-") // 403: no second factor
}

func TestALoginThatIsRefused(t *testing.T) {
	s := newServed(t)
	if code := s.logIn("deny"); code != exitDenied {
		t.Fatalf("login: exit %d", code)
	}
	s.run(exitFailed, "api", "GET", "/v1/me")
}

func TestALoginIsRenewedOnceByCommandsThatRunTogether(t *testing.T) {
	s := newServed(t)
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	before, path := s.kept()
	s.rewrite(func(f *loginFile) { f.Ends = time.Now().Add(-time.Hour) })
	var all sync.WaitGroup
	codes := make([]int, 4)
	for i := range codes {
		all.Go(func() {
			codes[i] = run(t.Context(), []string{"api", "GET", "/v1/me"}, strings.NewReader(""), io.Discard, io.Discard)
		})
	}
	all.Wait()
	if fmt.Sprint(codes) != "[0 0 0 0]" {
		t.Fatalf("exits %v", codes)
	}
	after, _ := s.kept()
	if after.Renew == before.Renew || after.Access == before.Access || !after.Ends.After(time.Now()) {
		t.Fatal("it was not renewed")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".login-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// A copy of the file from before is good for nothing, and ends the login.
	s.rewrite(func(f *loginFile) { f.Renew, f.Ends = before.Renew, time.Now().Add(-time.Hour) })
	s.run(exitDenied, "api", "GET", "/v1/me")
	s.rewrite(func(f *loginFile) { *f = after })
	s.run(exitDenied, "api", "GET", "/v1/me")
}

func TestLesson18_ALoginIsNothingWithoutItsKey(t *testing.T) {
	s := newServed(t)
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	other, err := signin.NewKey()
	must(t, err)
	private, err := other.Private()
	must(t, err)
	good, path := s.kept()
	s.rewrite(func(f *loginFile) { f.Key = private.Reveal() })
	s.run(exitDenied, "api", "GET", "/v1/me")
	s.rewrite(func(f *loginFile) { f.Ends = time.Now().Add(-time.Hour) })
	s.run(exitDenied, "api", "GET", "/v1/me")
	s.rewrite(func(f *loginFile) { *f = good })
	s.run(exitOK, "api", "GET", "/v1/me")
	must(t, os.Chmod(path, 0o644))
	s.run(exitFailed, "api", "GET", "/v1/me")
}

// A token that is bound to a key goes with proofs by it, and is nothing as a bearer's.
func TestATokenThatIsBoundGoesWithItsKey(t *testing.T) {
	s := newServed(t)
	s.confirms()
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	dir := t.TempDir()
	private, public := filepath.Join(dir, "report.key"), filepath.Join(dir, "report.pub")
	must(t, os.WriteFile(public, []byte(s.run(exitOK, "token", "key", private)), 0o600))
	create := func(key string) (made madeToken) {
		t.Helper()
		must(t, json.Unmarshal([]byte(s.run(exitOK, "token", "create", "--name", "report", "--limit", "read", "--network", "127.0.0.0/8", "--key", key, "-o", "json")), &made))
		return made
	}
	made, same := create(public), create(private)
	if made.Key == "" || made.Key != same.Key {
		t.Errorf("bound to %q by the public half, and to %q by both", made.Key, same.Key)
	}
	t.Setenv(tokenVariable, made.Text)
	s.run(exitDenied, "api", "GET", "/v1/me", "--server", s.url)
	t.Setenv(keyVariable, public)
	s.run(exitFailed, "api", "GET", "/v1/me", "--server", s.url)
	t.Setenv(keyVariable, private)
	s.run(exitOK, "api", "GET", "/v1/me", "--server", s.url)
}

// confirms gives the owner's browser a sign-in by a second factor.
func (s *site) confirms() {
	s.t.Helper()
	ctx := audit.WithActor(s.t.Context(), audit.Actor{Node: "test"})
	found, err := s.app.db.Inventory().FindIdentities(ctx, "olga@example.com", 1)
	must(s.t, err)
	plain := rand.Text() + rand.Text()[:17]
	_, err = s.app.db.Signin().Begin(ctx, signin.Beginning{
		Identity: found[0], Method: signin.ByPasskey, MFA: true, Key: s.key.Thumbprint(), Secret: signin.HashOf(secret.New([]byte(plain))),
	})
	must(s.t, err)
	s.cookie = "__Host-writ=" + plain
}

func TestTokensFromTheCommandLine(t *testing.T) {
	s := newServed(t)
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	s.run(exitUsage, "token", "create", "--name", "x")
	create := []string{"token", "create", "--name", "report", "--limit", "read", "--network", "127.0.0.0/8", "-o", "json"}
	s.run(exitDenied, create...) // whoever approved had shown no second factor
	s.confirms()
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	s.run(exitFailed, append(create, "--limit", "everything")...)
	var made madeToken
	must(t, json.Unmarshal([]byte(s.run(exitOK, create...)), &made))
	if out := s.run(exitOK, "token", "list"); !strings.Contains(out, made.ID.String()) || strings.Contains(out, made.Text) {
		t.Fatalf("listed:\n%s", out)
	}
	t.Setenv(tokenVariable, made.Text)
	s.run(exitOK, "api", "GET", "/v1/me", "--server", s.url)
	s.run(exitDenied, "api", "GET", "/v1/tokens", "--server", s.url)
	s.run(exitFailed, "api", "GET", "/v1/me")
	t.Setenv(tokenVariable, "")
	s.run(exitUsage, "token", "revoke", "x")
	s.run(exitOK, "token", "revoke", made.ID.String())
	t.Setenv(tokenVariable, made.Text)
	s.run(exitDenied, "api", "GET", "/v1/me", "--server", s.url)
}
