package inventory_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// served is a world whose API is served to people who hold functions.
type served struct {
	*world
	runs    *inventory.Runs
	graph   *graph.Graph
	live    *policy.Live
	handler http.Handler
	who     map[string]access.IdentityID // by function; "nobody" holds none
}

type whoKey struct{}

// serve reads the company's people and has one hold each function.
func serve(t *testing.T, w *world) *served {
	t.Helper()
	ctx := asTest()
	if _, err := w.s.SyncSource(ctx, mustSource(ctx, w.s), inventory.SyncOptions{}); err != nil {
		t.Fatal(err)
	}
	s := &served{world: w, who: map[string]access.IdentityID{}}
	for n, f := range append([]access.Function{"nobody"}, access.Functions...) {
		id, err := w.s.ResolveIdentity(ctx, fmt.Sprintf("E%d", n+1))
		if err != nil {
			t.Fatal(err)
		}
		s.who[string(f)] = id
		if f == "nobody" {
			continue
		}
		if err := w.db.Policy().Assign(ctx, policy.Assignment{Identity: id, Held: policy.Held{Function: f}, Reason: "a test"}); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if s.graph, err = graph.Open(ctx, w.db.Graph()); err != nil {
		t.Fatal(err)
	}
	s.live = policy.NewLive(s.graph)
	s.follow(t)
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(policy.Config{Set: set, Facts: s.live.Facts})
	if err != nil {
		t.Fatal(err)
	}
	s.runs = running(t, w)
	mux := http.NewServeMux()
	api := &inventory.API{Service: w.s, Runs: s.runs, Gate: &policy.Gate{Engine: engine, Graph: s.graph}}
	api.Register(httpapi.New(mux, "test"))
	s.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if id, ok := r.Context().Value(whoKey{}).(access.IdentityID); ok {
			how := policy.Context{MFA: true, Address: netip.MustParseAddr("127.0.0.1")}
			r = r.WithContext(policy.WithCaller(r.Context(), policy.Caller{Identity: id, Context: how}))
		}
		mux.ServeHTTP(rw, r)
	})
	return s
}

// follow brings the index up to the store.
func (s *served) follow(t *testing.T) {
	t.Helper()
	ctx := asTest()
	if _, err := s.db.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.graph.Follow(ctx); err != nil {
		t.Fatal(err)
	}
	d, err := s.db.Policy().Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.live.Put(d)
}

// answer is what the API said.
type answer struct {
	status int
	etag   string
	text   string
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.text, err)
	}
}

// ask sends a request as whoever holds a function; of what lies behind it the etag.
func (s *served) ask(t *testing.T, as, method, path, etag string, body any) answer {
	t.Helper()
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	ctx := t.Context()
	if id, ok := s.who[as]; ok {
		ctx = context.WithValue(ctx, whoKey{}, id)
	}
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(text))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if etag != "" {
		r.Header.Set("If-Match", etag)
	}
	rw := httptest.NewRecorder()
	s.handler.ServeHTTP(rw, r)
	return answer{rw.Code, rw.Header().Get("ETag"), rw.Body.String()}
}

func (s *served) want(t *testing.T, status int, as, method, path, etag string, body any) answer {
	t.Helper()
	a := s.ask(t, as, method, path, etag, body)
	if a.status != status {
		t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, as, a.status, status, a.text)
	}
	return a
}

// carriedOut starts a run and waits until it has ended.
func (s *served) carriedOut(t *testing.T, as, path string, body any) inventory.RunItem {
	t.Helper()
	var r inventory.RunItem
	s.want(t, http.StatusAccepted, as, "POST", path, "", body).into(t, &r)
	deadline := time.Now().Add(time.Minute)
	for r.State == inventory.Running {
		if time.Now().After(deadline) {
			t.Fatalf("it does not end: %+v", r)
		}
		s.want(t, http.StatusOK, as, "GET", "/v1/runs/"+r.ID.String(), "", nil).into(t, &r)
	}
	return r
}

type obj map[string]any

// The whole way of a system: a draft, a test, a dry run, what it foretells, active,
// read, in maintenance.
func TestAddingASystemOverHTTP(t *testing.T) {
	onEach(t, 60, func(t *testing.T, w *world) {
		s := serve(t, w)
		w.s.Declared = inventory.Declared{Paths: map[string]string{"erp": w.files + "/app"}}
		const as = "platform_owner"
		draft := obj{"name": "erp", "kind": "csv", "address": "erp", "environment": "production", "options": obj{"encoding": "utf-8"}}
		var y inventory.SystemDetail
		a := s.want(t, http.StatusCreated, as, "POST", "/v1/systems", "", draft)
		a.into(t, &y)
		if y.Stage != inventory.Draft || y.Address != w.files+"/app" || y.Credential.Kind != "none" || y.Health.State != "draft" || a.etag == "" {
			t.Fatalf("%s %+v", a.etag, y)
		}
		path := "/v1/systems/" + y.ID.String()
		if r := s.carriedOut(t, as, path+"/test", nil); r.State != inventory.Done || r.Outcome.Test == nil || r.Outcome.Test.Said == "" || r.What.Name != "erp" {
			t.Errorf("%+v", r)
		}
		s.want(t, http.StatusConflict, as, "GET", path+"/correlation", "", nil)
		before := dumpOf(t, w.db)
		r := s.carriedOut(t, as, path+"/dry-run", nil)
		if p := r.Outcome.Preview; r.State != inventory.Done || p == nil || p.Accounts.Added != 60 || r.Outcome.Preview.Refused != "" {
			t.Fatalf("%+v", r)
		}
		if len(before) != len(dumpOf(t, w.db)) {
			t.Error("a dry run changed what is known")
		}
		var c inventory.CorrelationPreview
		s.want(t, http.StatusOK, as, "GET", path+"/correlation", "", nil).into(t, &c)
		if c.Counts.Linked != 60 || c.Counts.ByRule["email"] != 60 || len(c.People) != 50 {
			t.Errorf("%+v", c)
		}
		s.want(t, http.StatusOK, as, "GET", path+"/classification", "", nil)
		s.ownerSeesTheSystemAlone(t, y.ID, r.ID)
		a = s.want(t, http.StatusOK, as, "GET", path, "", nil)
		s.want(t, http.StatusConflict, as, "POST", path+"/sync", "", obj{})
		s.want(t, http.StatusUnprocessableEntity, as, "POST", path+"/activate", a.etag, nil)
		s.want(t, http.StatusPreconditionRequired, as, "PATCH", path, "", obj{"every": "1h"})
		a = s.want(t, http.StatusOK, as, "PATCH", path, a.etag, obj{"business_owner": s.who["nobody"].String(), "every": "2h", "hours": "22:00-06:00 Europe/Berlin"})
		s.want(t, http.StatusPreconditionFailed, as, "PATCH", path, `"1"`, obj{"every": "1h"})
		a = s.want(t, http.StatusOK, as, "POST", path+"/activate", a.etag, nil)
		a.into(t, &y)
		if y.Stage != inventory.Active || y.Every != "2h" || y.Hours != "22:00-06:00 Europe/Berlin" || y.Health.State != "never_read" || y.Owner == nil {
			t.Errorf("%+v", y)
		}
		s.want(t, http.StatusConflict, as, "DELETE", path, a.etag, nil)
		if r := s.carriedOut(t, as, path+"/sync", obj{}); r.State != inventory.Done || r.Outcome.Report.Counts.Accounts != 60 {
			t.Errorf("%+v", r)
		}
		s.follow(t)
		s.want(t, http.StatusOK, as, "GET", path+"/classification", "", nil)
		a = s.want(t, http.StatusOK, as, "POST", path+"/maintenance", s.want(t, http.StatusOK, as, "GET", path, "", nil).etag,
			obj{"until": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "reason": "an upgrade"})
		a.into(t, &y)
		if y.Health.State != "maintenance" || y.PausedReason != "an upgrade" {
			t.Errorf("%+v", y)
		}
		s.want(t, http.StatusConflict, as, "POST", path+"/sync", "", obj{})
		s.want(t, http.StatusOK, as, "DELETE", path+"/maintenance", a.etag, nil).into(t, &y)
		if y.Health.State != "good" || y.Drift.Baseline == 0 || len(y.Runs) != 3 || !y.May["system.change"].Allowed {
			t.Errorf("%+v", y)
		}
	})
}

// ownerSeesTheSystemAlone makes somebody a draft's owner for a moment, who may see it
// and not what is in it.
func (s *served) ownerSeesTheSystemAlone(t *testing.T, id access.SystemID, run access.RunID) {
	t.Helper()
	own := func(who access.IdentityID) {
		y, err := s.s.System(asTest(), id.String())
		if err != nil {
			t.Fatal(err)
		}
		y.BusinessOwner = who
		if err := s.s.UpdateSystem(asTest(), y, nil); err != nil {
			t.Fatal(err)
		}
	}
	own(s.who["nobody"])
	defer own(0)
	var r inventory.RunItem
	s.want(t, http.StatusOK, "nobody", "GET", "/v1/runs/"+run.String(), "", nil).into(t, &r)
	if p := r.Outcome.Preview; p.Accounts.Added != 60 || len(p.Accounts.First)+len(p.Correlation.First) != 0 {
		t.Errorf("an owner sees %+v", p)
	}
	for _, of := range []string{"correlation", "classification"} {
		s.want(t, http.StatusForbidden, "nobody", "GET", "/v1/systems/"+id.String()+"/"+of, "", nil)
	}
}

// A path, a variable or a password is never set over the API, nor another address for
// what the node declares.
func TestLesson12_NoPathIsSetOverHTTP(t *testing.T) {
	w := newWorld(t, 20)
	s := serve(t, w)
	w.s.Credential = func(context.Context, string, string) (secret.Secret, error) { return secret.New([]byte("canary")), nil }
	w.s.Connectors["remote"] = (&scripted{}).spec()
	w.s.Declared = inventory.Declared{
		Paths:       map[string]string{"erp": w.files + "/app"},
		Credentials: map[string]inventory.DeclaredCredential{"payroll": {From: "env:PAYROLL", Address: "postgres://auditor@db1/postgres"}},
	}
	add := func(name string, more obj) obj {
		for k, v := range (obj{"name": name, "kind": "csv", "address": "erp"}) {
			if _, given := more[k]; !given {
				more[k] = v
			}
		}
		return more
	}
	for name, body := range map[string]obj{
		"a path":                     {"address": w.files + "/app"},
		"a path of the machine":      {"address": "/etc"},
		"a socket":                   {"kind": "remote", "address": "postgres://auditor@/db?host=/run/postgresql"},
		"a socket beside a host":     {"kind": "remote", "address": "postgres://auditor@h/db?host=/run/postgresql"},
		"a password in the address":  {"kind": "remote", "address": "postgres://auditor:canary@h/db"},
		"no such kind":               {"kind": "teapot"},
		"no such option":             {"options": obj{"colour": "red"}},
		"no such credential":         {"credential": obj{"name": "other"}},
		"a variable":                 {"credential": obj{"name": "env:PATH"}},
		"another address":            {"kind": "remote", "address": "postgres://auditor@evil/postgres", "credential": obj{"name": "payroll"}},
		"other options":              {"kind": "remote", "address": "postgres://auditor@db1/postgres", "options": obj{"tls": "off"}, "credential": obj{"name": "payroll"}},
		"two credentials":            {"credential": obj{"name": "payroll", "secret": "x"}},
		"no credential at all":       {"credential": obj{}},
		"a stage":                    {"stage": "active"},
		"a secret where none may be": {"credential": obj{"secret": "x", "none": true}},
	} {
		if a := s.ask(t, "platform_owner", "POST", "/v1/systems", "", add(name, body)); a.status != http.StatusUnprocessableEntity || strings.Contains(a.text, "canary") {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	s.want(t, http.StatusCreated, "platform_owner", "POST", "/v1/systems", "", add("payroll", obj{"kind": "remote", "address": "postgres://auditor@db1/postgres", "credential": obj{"name": "payroll"}}))
}

// A sealed credential never comes back, and goes to no other address.
func TestASealedCredentialStays(t *testing.T) {
	onEach(t, 20, func(t *testing.T, w *world) {
		s := serve(t, w)
		w.s.Credential = func(ctx context.Context, system, _ string) (secret.Secret, error) {
			return w.db.Inventory().SystemSecret(ctx, system)
		}
		w.s.Connectors["remote"] = (&scripted{}).spec()
		const as = "platform_owner"
		var y inventory.SystemDetail
		a := s.want(t, http.StatusCreated, as, "POST", "/v1/systems", "", obj{"name": "r", "kind": "remote", "address": "x://one/", "credential": obj{"secret": "canary-typed"}})
		a.into(t, &y)
		path := "/v1/systems/" + y.ID.String()
		for _, body := range []obj{{"address": "x://two/"}, {"address": "x://one/?trust=all"}} {
			s.want(t, http.StatusUnprocessableEntity, as, "PATCH", path, a.etag, body)
		}
		if all := a.text + s.want(t, http.StatusOK, as, "GET", path, "", nil).text; strings.Contains(all, "canary") || !strings.Contains(all, `"kind":"sealed"`) {
			t.Error(all)
		}
		a = s.want(t, http.StatusOK, as, "PATCH", path, a.etag, obj{"address": "x://two/", "credential": obj{"secret": "canary-2"}})
		if plain, err := w.db.Inventory().SystemSecret(asTest(), "r"); err != nil || string(plain.Reveal()) != "canary-2" {
			t.Errorf("the credential was not replaced: %v", err)
		}
		s.want(t, http.StatusNoContent, as, "DELETE", path, a.etag, nil)
		if _, err := w.db.Inventory().SystemSecret(asTest(), "r"); err == nil {
			t.Error("the secret of a removed draft is kept")
		}
		// What a command gave on the node stays with its address too.
		if _, err := w.s.AddSystem(asTest(), inventory.System{
			System: access.System{Name: "e", Kind: "remote"}, Config: inventory.Config{Address: "x://one/", Credential: "env:E"},
		}, nil); err != nil {
			t.Fatal(err)
		}
		e, err := w.s.System(asTest(), "e")
		if err != nil {
			t.Fatal(err)
		}
		path = "/v1/systems/" + e.ID.String()
		a = s.want(t, http.StatusOK, as, "GET", path, "", nil)
		if strings.Contains(a.text, "env:E") {
			t.Error("the reference is shown")
		}
		s.want(t, http.StatusUnprocessableEntity, as, "PATCH", path, a.etag, obj{"address": "x://evil/"})
	})
}

// Each operation as each function, refusals first.
func TestWhoMayOverHTTP(t *testing.T) {
	w := newWorld(t, 20)
	s := serve(t, w)
	y := mustSystem(t, w)
	path := "/v1/systems/" + y.ID.String()
	account := func() string {
		w.mustSync(t)
		s.follow(t)
		id, err := w.s.ResolveAccount(asTest(), "app/p3")
		if err != nil {
			t.Fatal(err)
		}
		return id.String()
	}()
	all := []string{"", "nobody", "iam", "security_operations", "platform_owner", "audit"}
	for _, tt := range []struct {
		method, path string
		body         any
		may          string
	}{
		{"GET", "/v1/systems", nil, "iam security_operations platform_owner audit"},
		{"GET", "/v1/systems/export", nil, "iam security_operations platform_owner audit"},
		{"GET", path, nil, "iam security_operations platform_owner audit"},
		{"POST", "/v1/systems", obj{"name": "x", "kind": "teapot"}, "iam platform_owner"},
		{"PATCH", path, obj{}, "platform_owner"},
		{"DELETE", path, nil, "iam platform_owner"},
		{"POST", path + "/test", nil, "iam platform_owner"},
		{"POST", path + "/dry-run", nil, "iam platform_owner"},
		{"POST", path + "/sync", obj{}, "iam platform_owner"},
		{"GET", path + "/correlation", nil, "iam security_operations platform_owner audit"},
		{"GET", path + "/classification", nil, "iam security_operations platform_owner audit"},
		{"POST", path + "/activate", nil, "iam platform_owner"},
		{"POST", path + "/maintenance", obj{"until": "2026-01-01T00:00:00Z", "reason": "x"}, "platform_owner"},
		{"DELETE", path + "/maintenance", nil, "platform_owner"},
		{"GET", "/v1/runs", nil, "iam security_operations platform_owner audit"},
		{"GET", "/v1/runs/run_0000000000001", nil, "iam security_operations platform_owner audit"},
		{"DELETE", "/v1/runs/run_0000000000001", nil, "iam platform_owner"},
		{"GET", "/v1/sources", nil, "iam audit"},
		{"POST", "/v1/sources/src_0000000000001/sync", obj{}, "iam"},
		{"GET", "/v1/disputes", nil, "iam security_operations audit"},
		{"POST", "/v1/accounts/" + account + "/link", obj{"nobody": true, "reason": "x"}, "iam"},
		{"GET", "/v1/correlation/rules", nil, "iam audit"},
		{"POST", "/v1/correlation/rules", obj{"name": "X", "by": "login", "expression": "1", "reason": "x"}, "iam"},
		{"GET", "/v1/correlation/rules/x/effect", nil, "iam audit"},
		{"PUT", "/v1/correlation/rules/x/mode", obj{"mode": "enforce", "reason": "x"}, "iam"},
		{"DELETE", "/v1/correlation/rules/x?reason=x", nil, "iam"},
		{"GET", "/v1/kinds", nil, "nobody iam security_operations platform_owner audit"},
	} {
		for _, as := range all {
			a := s.ask(t, as, tt.method, tt.path, "", tt.body)
			refused := a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status == http.StatusNotFound && strings.Contains(a.text, "not yours to see")
			switch may := as != "" && strings.Contains(tt.may, as); {
			case !may && !refused:
				t.Errorf("%s %s as %q: %d %s", tt.method, tt.path, as, a.status, a.text)
			case may && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500):
				t.Errorf("%s %s as %q is refused: %d %s", tt.method, tt.path, as, a.status, a.text)
			}
		}
	}
}

// Nobody gives an account to themself, nor decides about their own.
func TestNobodyDecidesAboutTheirOwnAccount(t *testing.T) {
	w := newWorld(t, 20)
	s := serve(t, w)
	w.mustSync(t)
	if _, err := w.s.Correlate(asTest()); err != nil {
		t.Fatal(err)
	}
	s.follow(t)
	link := func(login string, body obj) answer {
		id, err := w.s.ResolveAccount(asTest(), "app/"+login)
		if err != nil {
			t.Fatal(err)
		}
		body["reason"], body["replace"] = "asked", true
		return s.ask(t, "iam", "POST", "/v1/accounts/"+id.String()+"/link", "", body)
	}
	if a := link("p9", obj{"identity": s.who["iam"].String()}); a.status != http.StatusForbidden {
		t.Errorf("somebody else's account was taken: %d %s", a.status, a.text)
	}
	if a := link("p2", obj{"nobody": true}); a.status != http.StatusForbidden {
		t.Errorf("one's own account was given away: %d %s", a.status, a.text)
	}
	if a := link("p9", obj{"identity": s.who["nobody"].String()}); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// Systems sort, filter and page, and only those that one reaches are there.
func TestListingSystems(t *testing.T) {
	w := newWorld(t, 10)
	s := serve(t, w)
	for n := range 7 {
		y := inventory.System{System: access.System{Name: fmt.Sprintf("s%d", n), Kind: "csv", Environment: access.Production}, Config: inventory.Config{Address: "/nowhere"}}
		if _, err := w.s.AddSystem(asTest(), y, nil); err != nil {
			t.Fatal(err)
		}
	}
	type page struct {
		Items []inventory.SystemItem `json:"items"`
		Next  string                 `json:"next"`
		Total int                    `json:"total"`
	}
	for sort, want := range map[string]string{"name": "s0 s1 s2 s3 s4 s5 s6", "-name": "s6 s5 s4 s3 s2 s1 s0"} {
		var names []string
		next := ""
		for range 4 {
			var p page
			s.want(t, http.StatusOK, "iam", "GET", "/v1/systems?limit=3&q=s&sort="+sort+"&cursor="+next, "", nil).into(t, &p)
			for _, x := range p.Items {
				names = append(names, x.Name)
			}
			if next = p.Next; next == "" {
				break
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("by %s pages have %s", sort, got)
		}
		a := s.want(t, http.StatusOK, "iam", "GET", "/v1/systems/export?q=s&sort="+sort, "", nil)
		rows, err := csv.NewReader(strings.NewReader(a.text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		names = nil
		for _, row := range rows[1:] {
			names = append(names, row[1])
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("by %s the export has %s", sort, got)
		}
	}
	var p page
	s.want(t, http.StatusOK, "iam", "GET", "/v1/systems?environment=production&state=never_read&sort=state", "", nil).into(t, &p)
	if p.Total != 7 || p.Items[0].Health.State != "never_read" {
		t.Errorf("%+v", p)
	}
	s.want(t, http.StatusUnprocessableEntity, "iam", "GET", "/v1/systems?sort=colour", "", nil)
	s.want(t, http.StatusUnprocessableEntity, "iam", "GET", "/v1/systems?cursor=nonsense", "", nil)
	// An owner sees what they answer for, and nothing else.
	change(t, w, func(y *inventory.System) { y.BusinessOwner = s.who["nobody"] })
	s.follow(t)
	s.want(t, http.StatusOK, "nobody", "GET", "/v1/systems", "", nil).into(t, &p)
	if p.Total != 1 || p.Items[0].Name != "app" {
		t.Errorf("an owner sees %+v", p)
	}
	if a := s.want(t, http.StatusOK, "nobody", "GET", "/v1/systems/export", "", nil); strings.Count(a.text, "\n") != 2 || !strings.Contains(a.text, ",app,") {
		t.Errorf("an owner exports %s", a.text)
	}
}

// Whoever may add a system may change it while it is a draft, and not once it is read.
func TestADraftIsChangedByWhoeverAddsIt(t *testing.T) {
	w := newWorld(t, 20)
	s := serve(t, w)
	w.s.Declared = inventory.Declared{Paths: map[string]string{"erp": w.files + "/app"}}
	var y inventory.SystemDetail
	a := s.want(t, http.StatusCreated, "iam", "POST", "/v1/systems", "", obj{"name": "erp", "kind": "csv", "address": "erp"})
	a.into(t, &y)
	if path := "/v1/systems/" + y.ID.String(); y.May["system.change"].Allowed && y.May["system.owner"].Allowed {
		s.want(t, http.StatusForbidden, "audit", "PATCH", path, a.etag, obj{"every": "1h"})
		a = s.want(t, http.StatusOK, "iam", "PATCH", path, a.etag, obj{"every": "1h", "technical_owner": s.who["nobody"].String()})
		a = s.want(t, http.StatusOK, "iam", "POST", path+"/activate", a.etag, nil)
		y = inventory.SystemDetail{}
		if a.into(t, &y); y.May["system.change"].Allowed || y.May["system.owner"].Allowed {
			t.Errorf("%+v", y.May)
		}
		s.want(t, http.StatusForbidden, "iam", "PATCH", path, a.etag, obj{"every": "2h"})
	} else {
		t.Errorf("%+v", y.May)
	}
}

// The description of the API says what each operation asks of whom, and ids and times
// are text in it.
func TestTheAPIIsDescribed(t *testing.T) {
	w := newWorld(t, 1)
	api := httpapi.New(http.NewServeMux(), "test")
	(&inventory.API{Service: w.s, Runs: inventory.NewRuns(w.s), Gate: &policy.Gate{}}).Register(api)
	text, err := json.Marshal(api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string   `json:"operationId"`
			Rule        string   `json:"x-writ-rule"`
			Tags        []string `json:"tags"`
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type any `json:"type"`
				}
			}
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	n := 0
	for path, methods := range d.Paths {
		for method, op := range methods {
			if n++; op.OperationID == "" || op.Rule == "" || len(op.Tags) != 1 || op.Tags[0] != "inventory" {
				t.Errorf("%s %s: %+v", method, path, op)
			}
		}
	}
	if n != 29 {
		t.Errorf("%d operations", n)
	}
	for of, names := range map[string][]string{"SystemItem": {"id"}, "Run": {"id", "on", "started_at"}, "SystemHealth": {"synced_at"}, "DisputeItem": {"since"}} {
		for _, name := range names {
			if got := d.Components.Schemas["Inventory"+of].Properties[name].Type; got != "string" {
				t.Errorf("%s.%s is described as %v", of, name, got)
			}
		}
	}
}
