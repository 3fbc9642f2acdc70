package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

// sharedDirs are the folders of the companies that tests share.
var sharedDirs []string

// sharedCompany makes a company once for all tests, which get copies of it.
func sharedCompany(fill func(dir string) error) func() (dir string, err error) {
	return sync.OnceValues(func() (dir string, err error) {
		if dir, err = os.MkdirTemp("", "writ-company-"); err != nil {
			return "", err
		}
		sharedDirs = append(sharedDirs, dir)
		return dir, fill(dir)
	})
}

// cleaning removes the companies that the tests shared.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	code := c.M.Run()
	if list := unseen(); code == 0 && ranWhole() && len(list) > 0 {
		fmt.Fprintln(os.Stderr, "what flows says of where each is searched is not so:\n"+strings.Join(list, "\n"))
		code = 1
	}
	for _, dir := range sharedDirs {
		_ = os.RemoveAll(dir)
	}
	return code
}

// ranWhole reports whether each test that ran did all that it does.
func ranWhole() bool {
	return !testing.Short() && !strings.Contains(flag.Lookup("test.run").Value.String(), "/") && flag.Lookup("test.skip").Value.String() == ""
}

// demoCompany is a folder whose data is the demo's company, read and assessed; made as
// 'make demo' does, in a folder that is named from where one is.
var demoCompany = sharedCompany(func(dir string) error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	data, err := filepath.Rel(here, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	a := &app{data: data, out: io.Discard, err: io.Discard}
	if err := a.prepareDemo(context.Background()); err != nil {
		return err
	}
	return a.close()
})

// served is the real server over a copy of a company.
type served struct {
	t      *testing.T
	app    *app
	node   *node
	ctx    context.Context // of the operator
	api    *server.Server
	server *httptest.Server
	ears   *overheard
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
	s := openCopy(t, demoCompany)
	s.start(s.node.run)
	return s
}

// openCopy opens a copy of a company, and serves nothing yet.
func openCopy(t *testing.T, company func() (string, error)) *served {
	t.Helper()
	dir, err := company()
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
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // thousands of requests
	t.Cleanup(func() { slog.SetDefault(old) })
	s := &served{t: t, app: &app{data: data, in: strings.NewReader(""), out: io.Discard, err: io.Discard}}
	if s.ctx, err = s.app.openGraph(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.ears != nil {
			s.ears.searched(s.app)
		}
		if err := s.app.close(); err != nil {
			t.Error(err)
		}
	})
	if s.node, err = s.app.newNode(s.ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// start serves it, with what goes on behind until the test ends.
func (s *served) start(behind func(context.Context) error) {
	s.t.Helper()
	cfg, err := readServerConfig("", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := s.app.served(cfg, s.node)
	if err != nil {
		s.t.Fatal(err)
	}
	config.Door, config.Limits = testDoor{}, server.Limits{AddressRate: 1e6, IdentityRate: 1e6}
	if s.api, err = server.New(config); err != nil {
		s.t.Fatal(err)
	}
	s.ears = overhear(s.t)
	s.server = httptest.NewServer(s.ears.listens(s.api.Handler()))
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- behind(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		<-ended //nolint:errcheck // it says that it was told to end
		s.server.Close()
	})
}

// alone is some of what goes on behind the server, with no more than what has a change seen.
func (s *served) alone(work func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return s.app.db.RunSequencer(ctx) })
		g.Go(func() error { return s.node.know(ctx) })
		g.Go(func() error { return work(ctx) })
		return g.Wait()
	}
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

// as asks as somebody, who has confirmed a second factor just now; "" is nobody.
func (s *served) as(who string) *asker {
	s.t.Helper()
	if who == "" {
		return s.caller(policy.Caller{})
	}
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

// request is one as this caller; body is sent as JSON unless it is nil, headers are name,
// value, ….
func (a *asker) request(ctx context.Context, method, path string, body any, headers ...string) *http.Request {
	a.s.t.Helper()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			a.s.t.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.s.server.URL+path, sent)
	if err != nil {
		a.s.t.Fatal(err)
	}
	calledBy(a.s.t, r, a.caller)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// calledBy says at the test's door who calls.
func calledBy(t *testing.T, r *http.Request, c policy.Caller) {
	t.Helper()
	caller, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(callerHeader, string(caller))
}

// do sends a request.
func (a *asker) do(method, path string, body any, headers ...string) answered {
	a.s.t.Helper()
	r := a.request(a.s.t.Context(), method, path, body, headers...)
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
func (a *asker) get(path string, into any) answered {
	a.s.t.Helper()
	return a.want(http.StatusOK, "GET", path, nil, into)
}

// holds gives somebody a function.
func (s *served) holds(who access.IdentityID, f access.Function) {
	s.t.Helper()
	a := policy.Assignment{Identity: who, Held: policy.Held{Function: f}, Reason: "the test needs it"}
	if err := s.app.db.Policy().Assign(s.ctx, a); err != nil && !errors.Is(err, policy.ErrHasFunction) {
		s.t.Fatal(err)
	}
	s.settle()
}

// settle waits until the node has seen every change and computed what follows from it.
func (s *served) settle() {
	s.t.Helper()
	if _, err := s.app.db.Sequence(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	for behind := true; behind; runtime.Gosched() {
		var err error
		if behind, err = s.app.db.ChangedAfter(s.ctx, access.Rev(s.node.settled.Load())); err != nil {
			s.t.Fatal(err)
		}
		if err := s.t.Context().Err(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// owns makes somebody the owner of a system.
func (s *served) owns(who access.IdentityID, id access.SystemID) {
	s.t.Helper()
	list, err := s.app.inventory().Systems(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, y := range list {
		if y.ID == id {
			y.TechnicalOwner = who
			if err := s.app.inventory().UpdateSystem(s.ctx, y, nil); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.settle()
}
