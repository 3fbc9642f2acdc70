package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
)

// exampleDir is where the example company lies, once a test has asked for it.
var exampleDir string

// exampleCompany is the sample company, read and assessed once for all tests.
var exampleCompany = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "writ-example-")
	if err != nil {
		return "", err
	}
	exampleDir = dir
	a := &app{data: filepath.Join(dir, "data"), out: io.Discard, err: io.Discard, format: asJSON}
	if err := a.demo(context.Background()); err != nil {
		return "", err
	}
	return dir, a.close()
})

// cleaning removes the companies that the tests shared.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	code := c.M.Run()
	for _, dir := range []string{exampleDir, demoDir} {
		if dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	return code
}

// office is the real server over a copy of the example company, and people in it.
type office struct {
	t      *testing.T
	app    *app
	node   *node
	ctx    context.Context
	server *httptest.Server

	iam, security, platform, audit, employee access.IdentityID
}

const sayer = "X-Test-Caller"

// sayingDoor believes what a test says.
type sayingDoor struct{}

func (sayingDoor) Authenticate(r *http.Request) (c policy.Caller, err error) {
	if text := r.Header.Get(sayer); text != "" {
		err = json.Unmarshal([]byte(text), &c)
	}
	return c, err
}

func openOffice(t *testing.T) *office {
	t.Helper()
	dir, err := exampleCompany()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(filepath.Join(dir, "data"))); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, app: &app{data: data, out: io.Discard, err: io.Discard}}
	for _, name := range []string{".", "node.key", "log.key"} {
		mode := os.FileMode(0o600)
		if name == "." {
			mode = 0o700
		}
		if err := os.Chmod(filepath.Join(data, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if o.ctx, err = o.app.openGraph(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.appoint()
	if o.node, err = o.app.newNode(o.ctx); err != nil {
		t.Fatal(err)
	}
	cfg, err := readServerConfig("", nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := o.app.served(cfg, o.node)
	if err != nil {
		t.Fatal(err)
	}
	c.Door = sayingDoor{}
	built, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	o.server = httptest.NewServer(built.Handler())
	ctx, cancel := context.WithCancel(o.ctx)
	ended := make(chan error, 1)
	go func() { ended <- o.node.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended //nolint:errcheck // it says that it was told to end
		o.server.Close()
		if err := o.app.close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// appoint gives the functions to five people about whom nothing was found.
func (o *office) appoint() {
	o.t.Helper()
	list, err := o.app.findings().List(o.ctx, finding.Filter{})
	if err != nil {
		o.t.Fatal(err)
	}
	about := map[access.Ref]bool{}
	for _, f := range list {
		about[f.Subject], about[f.Owner.Ref()] = true, true
		for _, e := range f.Evidence {
			for _, r := range e.Refs {
				about[r] = true
			}
		}
	}
	v := o.app.graph.View()
	defer v.Close()
	busy := func(id access.IdentityID) bool {
		for _, a := range v.AccountsOf(id) {
			if about[a.Ref()] {
				return true
			}
		}
		return about[id.Ref()]
	}
	places := []*access.IdentityID{&o.iam, &o.security, &o.platform, &o.audit, &o.employee}
	functions := []access.Function{access.IAM, access.SecurityOperations, access.PlatformOwner, access.AuditFunction}
	for n := range v.Identities() {
		if n.Kind != access.Human || n.State != access.Active || len(v.AccountsOf(n.ID)) == 0 || busy(n.ID) || o.employee != 0 {
			continue
		}
		i := 0
		for *places[i] != 0 {
			i++
		}
		*places[i] = n.ID
		if i < len(functions) {
			a := policy.Assignment{Identity: n.ID, Held: policy.Held{Function: functions[i]}, Reason: "the test needs one"}
			if err := o.app.db.Policy().Assign(o.ctx, a); err != nil {
				o.t.Fatal(err)
			}
		}
	}
	if o.employee == 0 {
		o.t.Fatal("the example has not enough people about whom nothing was found")
	}
	if err := o.app.follow(o.ctx); err != nil {
		o.t.Fatal(err)
	}
}

// got is what came back.
type got struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request as somebody, and checks the status of the answer.
func (o *office) ask(who access.IdentityID, want int, method, path string, body any, headers ...string) got {
	o.t.Helper()
	return o.askAs(policy.Caller{Identity: who, Context: policy.Context{MFA: true}}, want, method, path, body, headers...)
}

func (o *office) askAs(c policy.Caller, want int, method, path string, body any, headers ...string) got {
	o.t.Helper()
	r := o.request(o.t.Context(), c, method, path, body, headers...)
	res, err := o.server.Client().Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	if res.StatusCode != want {
		o.t.Fatalf("%s %s: %d, not %d: %s", method, path, res.StatusCode, want, text)
	}
	return got{res.StatusCode, res.Header, text}
}

func (o *office) request(ctx context.Context, c policy.Caller, method, path string, body any, headers ...string) *http.Request {
	o.t.Helper()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			o.t.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, o.server.URL+path, sent)
	if err != nil {
		o.t.Fatal(err)
	}
	caller, err := json.Marshal(c)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set(sayer, string(caller))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// read asks for what must be there.
func (o *office) read(who access.IdentityID, path string, into any) got {
	o.t.Helper()
	g := o.ask(who, http.StatusOK, "GET", path, nil)
	if err := json.Unmarshal(g.body, into); err != nil {
		o.t.Fatalf("%s: %v: %s", path, err, g.body)
	}
	return g
}

// holds gives somebody a function.
func (o *office) holds(who access.IdentityID, f access.Function) {
	o.t.Helper()
	a := policy.Assignment{Identity: who, Held: policy.Held{Function: f}, Reason: "the test needs it"}
	if err := o.app.db.Policy().Assign(o.ctx, a); err != nil && !errors.Is(err, policy.ErrHasFunction) {
		o.t.Fatal(err)
	}
	o.settle()
}

// settle waits until the node has seen every change and computed what follows from it.
func (o *office) settle() {
	o.t.Helper()
	if _, err := o.app.db.Sequence(o.ctx); err != nil {
		o.t.Fatal(err)
	}
	rev, err := o.app.db.Rev(o.ctx)
	if err != nil {
		o.t.Fatal(err)
	}
	for o.node.settled.Load() < int64(rev) {
		if err := o.t.Context().Err(); err != nil {
			o.t.Fatal(err)
		}
		runtime.Gosched()
	}
}

// owns makes somebody the owner of a system.
func (o *office) owns(who access.IdentityID, id access.SystemID) {
	o.t.Helper()
	list, err := o.app.inventory().Systems(o.ctx)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, y := range list {
		if y.ID == id {
			y.TechnicalOwner = who
			if err := o.app.inventory().UpdateSystem(o.ctx, y, nil); err != nil {
				o.t.Fatal(err)
			}
		}
	}
	o.settle()
}
