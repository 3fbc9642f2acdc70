package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// keyed is a door that knows tokens.
type keyed map[string]policy.Caller

func (k keyed) Authenticate(r *http.Request) (policy.Caller, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return policy.Caller{}, nil
	}
	c, ok := k[token]
	if !ok {
		return c, policy.ErrSignIn
	}
	return c, nil
}

// shop is a feature to try the chain with.
type shop struct {
	began, end chan struct{} // of an operation that takes its time
}

type thing struct {
	Name   string   `json:"name" minLength:"1"`
	Parts  []string `json:"parts,omitempty"`
	Nested any      `json:"nested,omitempty"`
}

type thingBody struct{ Body thing }

func (s *shop) Register(api huma.API) {
	httpapi.Register(api, huma.Operation{OperationID: "make-thing", Method: http.MethodPost, Path: "/v1/things"}, policy.Known[thingBody](),
		func(_ context.Context, in *thingBody) (*thingBody, error) { return &thingBody{in.Body}, nil })
	httpapi.Register(api, huma.Operation{OperationID: "break", Method: http.MethodPost, Path: "/v1/broken"}, policy.Anybody[struct{}](),
		func(context.Context, *struct{}) (*thingBody, error) { panic("secret 4711 of package server") })
	httpapi.Register(api, huma.Operation{OperationID: "take-time", Method: http.MethodGet, Path: "/v1/slow/{id}"}, policy.Anybody[slowInput](),
		func(context.Context, *slowInput) (*thingBody, error) {
			close(s.began)
			<-s.end
			return &thingBody{thing{Name: "late"}}, nil
		})
}

type slowInput struct {
	ID string `path:"id"`
}

// try builds a server; edit may change its configuration.
func try(t *testing.T, edit func(*Config)) *Server {
	t.Helper()
	cfg := Config{
		Address: "127.0.0.1:0", Origin: "https://writ.example.com", Version: "test",
		Door:     keyed{"ana": {Identity: access.IdentityID(7)}, "ben": {Identity: access.IdentityID(8)}},
		Ready:    func(context.Context) error { return nil },
		Features: []Feature{&shop{make(chan struct{}), make(chan struct{})}},
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run serves until the test ends or stop is called; done is closed when it has stopped.
func run(t *testing.T, s *Server) (address string, stop func(), done chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	at := make(chan net.Addr, 1)
	done = make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx, func(a net.Addr) { at <- a }); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return (<-at).String(), cancel, done
}

// raw sends text as it is and returns the answer.
func raw(t *testing.T, address, text string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// problem reads a problem document.
func problem(t *testing.T, res *http.Response) httpapi.Problem {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p httpapi.Problem
	if err := json.Unmarshal(body, &p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d is no problem document: %s %q", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	return p
}

func post(path, token string, headers ...string) string {
	text := "POST " + path + " HTTP/1.1\r\nHost: writ.example.com\r\nConnection: close\r\nContent-Type: application/json\r\n"
	if token != "" {
		text += "Authorization: Bearer " + token + "\r\n"
	}
	body := headers[len(headers)-1]
	for _, h := range headers[:len(headers)-1] {
		text += h + "\r\n"
	}
	return text + "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestWhatIsRefusedBeforeAnythingLooksAtIt(t *testing.T) {
	address, _, _ := run(t, try(t, nil))
	large := `{"name":"` + strings.Repeat("x", httpapi.MaxBody) + `"}`
	tests := []struct {
		name, request string
		status        int
		code          string
	}{
		{"nobody", post("/v1/things", "", `{"name":"x"}`), 401, "sign-in-required"},
		{"a token that is none", post("/v1/things", "eve", `{"name":"x"}`), 401, "sign-in-required"},
		{"no JSON", post("/v1/things", "ana", `{"name":`), 400, "invalid-input"},
		{"too large", post("/v1/things", "ana", large), 413, "request-too-large"},
		{"packed", post("/v1/things", "ana", "Content-Encoding: gzip", "\x1f\x8b"), 415, "unsupported-content"},
		{"deep", post("/v1/things", "ana", `{"name":"x","nested":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`), 400, "invalid-input"},
		{"very deep", post("/v1/things", "ana", strings.Repeat(`{"nested":`, 200_000)), 400, "invalid-input"},
		{"no such route", post("/v1/nowhere", "ana", `{}`), 404, "no-such-route"},
		{"another site", post("/v1/things", "ana", "Sec-Fetch-Site: cross-site", `{"name":"x"}`), 403, "cross-origin"},
		{"a neighbour", post("/v1/things", "ana", "Sec-Fetch-Site: same-site", `{"name":"x"}`), 403, "cross-origin"},
		{"another origin", post("/v1/things", "ana", "Origin: https://evil.example", `{"name":"x"}`), 403, "cross-origin"},
		{"another key", post("/v1/things", "ana", "Sec-Fetch-Site: cross-site", "Idempotency-Key: a", `{"name":"x"}`), 403, "cross-origin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := raw(t, address, tt.request)
			p := problem(t, res)
			if res.StatusCode != tt.status || p.Code != tt.code || p.Instance == "" {
				t.Errorf("%d %+v", res.StatusCode, p)
			}
		})
	}
	if res := raw(t, address, post("/v1/things", "ana", "Sec-Fetch-Site: same-origin", `{"name":"x"}`)); res.StatusCode != 200 {
		t.Errorf("one's own page is refused: %d", res.StatusCode)
	}
	if res := raw(t, address, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("y", 64<<10)+"\r\n\r\n"); res.StatusCode != 431 {
		t.Errorf("a header of 64 KiB: %d", res.StatusCode)
	}
}

// TestLesson33_NoPageIsFramedOrRunsInlineCode: the headers are on every answer, also
// on one that refuses.
func TestLesson33_NoPageIsFramedOrRunsInlineCode(t *testing.T) {
	address, _, _ := run(t, try(t, nil))
	data := raw(t, address, "GET /v1/nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").Header
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
	} {
		if got := data.Get(name); got != want {
			t.Errorf("what the API answers: %s is %q", name, got)
		}
	}
	for _, path := range []string{"/", "/healthz", "/openapi.json", "//", "/docs", "/manual"} {
		res := raw(t, address, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		csp := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: %q", path, csp)
		}
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	plain := try(t, func(c *Config) { c.Origin = "http://localhost:7400" })
	address, _, _ = run(t, plain)
	if got := raw(t, address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("without TLS it asks for it: %q", got)
	}
}

// TestLesson19_PathsAreParsedNeverCleaned: another spelling of a path is no path.
func TestLesson19_PathsAreParsedNeverCleaned(t *testing.T) {
	address, _, _ := run(t, try(t, nil))
	for _, path := range []string{
		"//v1/things", "/v1//things", "/v1/./things", "/v1/../v1/things", "/v1/%2e%2e/v1/things", "/v1/%2E/things",
		"/v1%2fthings", "/v1/x%2F..%2Fthings", `/v1\things`, "/v1/%5cthings", "/v1/things%00", "/v1/things%0a", "/v1/things/..", "/assets/../index.html", "/%2e%2e/%2e%2e/etc/passwd",
	} {
		for _, method := range []string{"GET", "POST"} {
			res := raw(t, address, method+" "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ana\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			if p := problem(t, res); res.StatusCode != 404 || p.Code != "bad-path" {
				t.Errorf("%s %s: %d %s", method, path, res.StatusCode, p.Code)
			}
		}
	}
}

func TestPanicIsOneRequestsProblem(t *testing.T) {
	var out safeBuffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	address, _, _ := run(t, try(t, nil))
	res := raw(t, address, post("/v1/broken", "ana", ``))
	p := problem(t, res)
	if res.StatusCode != 500 || p.Code != "internal" || strings.Contains(p.Detail, "4711") || strings.Contains(p.Detail, "server") {
		t.Errorf("%d %+v", res.StatusCode, p)
	}
	if !strings.Contains(out.String(), "4711") || !strings.Contains(out.String(), p.Instance) {
		t.Errorf("the log does not have it: %s", out.String())
	}
	if res := raw(t, address, post("/v1/things", "ana", `{"name":"x"}`)); res.StatusCode != 200 {
		t.Errorf("afterwards: %d", res.StatusCode)
	}
}

// Invariant 4.
func TestStoppingLetsARequestEnd(t *testing.T) {
	feature := &shop{make(chan struct{}), make(chan struct{})}
	s := try(t, func(c *Config) { c.Features = []Feature{feature} })
	address, stop, done := run(t, s)
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + address + "/v1/slow/1")
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		got <- string(b)
	}()
	<-feature.began
	stop()
	waitUntil(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	close(feature.end)
	if body := <-got; !strings.Contains(body, "late") {
		t.Errorf("the request was cut off: %s", body)
	}
	<-done
}

func TestStoppingDoesNotWaitForEver(t *testing.T) {
	feature := &shop{make(chan struct{}), make(chan struct{})}
	defer close(feature.end)
	s := try(t, func(c *Config) { c.Features = []Feature{feature} })
	s.times.stop = 50 * time.Millisecond
	address, stop, done := run(t, s)
	go func() {
		if res, err := http.Get("http://" + address + "/v1/slow/1"); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-feature.began
	stop()
	<-done
}

// waitUntil waits for a condition.
func waitUntil(t *testing.T, met func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(20 * time.Second); !met(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it does not come")
		}
	}
}

// safeBuffer is a buffer that several write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
