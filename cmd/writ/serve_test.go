package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

// demoDir is where the demo's company lies, once a test has asked for it.
var demoDir string

// demoCompany is a folder whose data is the demo's company, read and assessed once for
// all tests; each gets a copy.
var demoCompany = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "writ-demo-"); err != nil {
		return "", err
	}
	demoDir = dir
	a := &app{data: filepath.Join(dir, "data"), out: io.Discard, err: io.Discard}
	if err := a.prepareDemo(context.Background()); err != nil {
		return dir, err
	}
	return dir, a.close()
})

// served is the real server over the demo's company.
type served struct {
	t      *testing.T
	app    *app
	node   *node
	ctx    context.Context // of the operator
	server *httptest.Server
}

// callerHeader is how a test says at its door who calls.
const callerHeader = "X-Test-Caller"

// testDoor believes what a test says.
type testDoor struct{}

func (testDoor) Authenticate(r *http.Request) (c policy.Caller, err error) {
	if text := r.Header.Get(callerHeader); text != "" {
		err = json.Unmarshal([]byte(text), &c)
	}
	return c, err
}

// serve starts the server over a copy of the demo's company, with everything that goes
// on behind it.
func serve(t *testing.T) *served {
	t.Helper()
	dir, err := demoCompany()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(filepath.Join(dir, "data"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "node.key", "log.key"} {
		mode := os.FileMode(0o600)
		if name == "." {
			mode = 0o700
		}
		if err := os.Chmod(filepath.Join(data, name), mode); err != nil { //nolint:gosec // the test's own
			t.Fatal(err)
		}
	}
	s := &served{t: t, app: &app{data: data, out: io.Discard, err: io.Discard}}
	if s.ctx, err = s.app.openGraph(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.node, err = s.app.newNode(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.start()
	return s
}

func (s *served) start() {
	cfg, err := readServerConfig("", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := s.app.served(cfg, s.node)
	if err != nil {
		s.t.Fatal(err)
	}
	config.Door = testDoor{}
	built, err := server.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = httptest.NewServer(built.Handler())
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.node.run(ctx) }()
	s.t.Cleanup(func() {
		s.server.Close()
		cancel()
		<-ended //nolint:errcheck // it says that it was told to end
		if err := s.app.close(); err != nil {
			s.t.Error(err)
		}
	})
}

// identity finds somebody of the company by number, email, login or name.
func (s *served) identity(text string) access.IdentityID {
	s.t.Helper()
	id, err := s.app.inventory().ResolveIdentity(s.ctx, text)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// target finds a system, entitlement or resource of the company.
func (s *served) target(text string) access.Ref {
	s.t.Helper()
	ref, err := s.app.inventory().ResolveTarget(s.ctx, text)
	if err != nil {
		s.t.Fatal(err)
	}
	return ref
}

// as asks as somebody, who has confirmed a second factor just now.
func (s *served) as(who string) *asker {
	return s.caller(policy.Caller{Identity: s.identity(who), Context: policy.Context{MFA: true}})
}

// caller asks as any caller; the zero one is nobody.
func (s *served) caller(c policy.Caller) *asker { return &asker{s: s, caller: c} }

// asker sends requests as one caller.
type asker struct {
	s      *served
	caller policy.Caller
}

// answered is what came back.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; body is sent as JSON unless it is nil, headers are name, value, ….
func (a *asker) do(method, path string, body any, headers ...string) answered {
	a.s.t.Helper()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			a.s.t.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(a.s.t.Context(), method, a.s.server.URL+path, sent)
	if err != nil {
		a.s.t.Fatal(err)
	}
	caller, err := json.Marshal(a.caller)
	if err != nil {
		a.s.t.Fatal(err)
	}
	r.Header.Set(callerHeader, string(caller))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := a.s.server.Client().Do(r)
	if err != nil {
		a.s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.s.t.Fatal(err)
	}
	return answered{res.StatusCode, res.Header, text}
}

// want sends a request and fails the test unless it is answered with a status. The
// answer is read into into, unless that is nil.
func (a *asker) want(status int, method, path string, body, into any, headers ...string) answered {
	a.s.t.Helper()
	got := a.do(method, path, body, headers...)
	if got.status != status {
		a.s.t.Fatalf("%s %s: %d, not %d: %s", method, path, got.status, status, got.body)
	}
	if into != nil {
		if err := json.Unmarshal(got.body, into); err != nil {
			a.s.t.Fatalf("%s %s: %v: %s", method, path, err, got.body)
		}
	}
	return got
}

// get reads what must be there.
func (a *asker) get(path string, into any) {
	a.s.t.Helper()
	a.want(http.StatusOK, "GET", path, nil, into)
}
