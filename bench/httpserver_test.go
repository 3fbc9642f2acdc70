package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
	"github.com/writhq/writ/store"
)

const (
	serveEnv      = "WRIT_BENCH_SERVE" // the data directory; set where this process is the server
	questionsFile = "questions.jsonl"
)

// benchToken is what the client shows; the server knows its digest only.
const benchToken = "writ_bench_0123456789abcdefghijklmnopqrstuvwxyz"

// decidingCompany is the medium company in a data directory of its own.
func decidingCompany(b *testing.B) string {
	b.Helper()
	writ := program(b)
	dir := b.TempDir()
	size := os.Getenv("WRIT_BENCH_SIZE")
	if size == "" {
		size = "medium"
	}
	data := filepath.Join(dir, "data")
	for _, args := range [][]string{
		{"sample", "--size", size, "--out", filepath.Join(dir, "sample")},
		{"assess", "--sample", filepath.Join(dir, "sample"), "--keep", data, "-o", "json"},
	} {
		if out, err := exec.CommandContext(b.Context(), writ, args...).CombinedOutput(); err != nil {
			b.Fatalf("writ %s: %v: %s", args[0], err, out)
		}
	}
	return data
}

// tokens is a door that knows tokens by their digest, as they are kept.
type tokens map[[sha256.Size]byte]tokenRow

type tokenRow struct {
	caller policy.Caller
	ends   time.Time
}

func (t tokens) Authenticate(r *http.Request) (policy.Caller, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return policy.Caller{}, nil
	}
	row, ok := t[sha256.Sum256([]byte(text))]
	if !ok || time.Now().After(row.ends) {
		return policy.Caller{}, policy.ErrSignIn
	}
	return row.caller, nil
}

// TestServeForBench is the server of BenchmarkHTTP: it is run as a process of its own,
// and skipped otherwise. Each line that it reads it answers with what it has spent.
func TestServeForBench(t *testing.T) {
	data := os.Getenv(serveEnv)
	if data == "" {
		t.Skip("it is the benchmark's server")
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	s := benchServer(t, data)
	full := make(chan net.Addr, 1)
	go func() {
		if err := s.Run(t.Context(), func(a net.Addr) { full <- a }); err != nil {
			slog.Error("serving", "error", err)
		}
	}()
	bare, same := listen(t, emptyHandler()), listen(t, emptyRoute())
	_, _ = fmt.Fprintf(os.Stdout, "%s\n%s\n%s\n", <-full, bare, same)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintln(os.Stdout, (u.Utime.Nano()+u.Stime.Nano())/1000)
	}
}

func listen(t *testing.T, h http.Handler) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = (&http.Server{Handler: h, ReadHeaderTimeout: time.Minute}).Serve(l) }()
	return l.Addr()
}

// emptyHandler takes the same request, and does nothing with it.
func emptyHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/decisions", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}\n")
	})
	return mux
}

// emptyRoute is the route as it is registered: it checks and decodes the question, and
// answers nothing.
func emptyRoute() http.Handler {
	type question struct {
		Body struct {
			Principal string `json:"principal" minLength:"5" maxLength:"40"`
			Action    string `json:"action" minLength:"3" maxLength:"60"`
			Object    string `json:"object,omitempty" maxLength:"40"`
			Reason    string `json:"reason,omitempty" maxLength:"2000"`
			MFA       bool   `json:"mfa,omitempty"`
		}
	}
	type nothing struct{ Body struct{} }
	mux := http.NewServeMux()
	httpapi.Register(httpapi.New(mux, "bench"), huma.Operation{OperationID: "decide", Method: http.MethodPost, Path: "/v1/decisions"},
		policy.Anybody[question](), func(context.Context, *question) (*nothing, error) { return &nothing{}, nil })
	return mux
}

// benchServer is the server as 'writ server' wires it, with a door that needs no
// sign-in.
func benchServer(t *testing.T, data string) *server.Server {
	t.Helper()
	ctx := audit.WithActor(t.Context(), audit.Actor{Node: "bench"})
	db, err := store.Open(ctx, store.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.Open(ctx, db.Graph())
	if err != nil {
		t.Fatal(err)
	}
	asker := ask(t, g, data)
	if err := db.Policy().Assign(ctx, policy.Assignment{Identity: asker, Held: policy.Held{Function: access.IAM}, Reason: "the benchmark"}); err != nil {
		t.Fatal(err)
	}
	directory, err := db.Policy().Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	live := policy.NewLive(g)
	live.Put(directory)
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(policy.Config{Set: set, Facts: live.Facts})
	if err != nil {
		t.Fatal(err)
	}
	known := tokens{sha256.Sum256([]byte(benchToken)): {policy.Caller{Identity: asker}, time.Now().Add(time.Hour)}}
	for range 10_000 { // others have tokens too
		known[sha256.Sum256([]byte(rand.Text()))] = tokenRow{ends: time.Now()}
	}
	s, err := server.New(server.Config{
		Address: "127.0.0.1:0", Origin: "http://localhost:7400", Version: "bench",
		Door: known, Ready: func(context.Context) error { return nil }, Answers: db.Idempotency(), Access: slog.New(slog.NewJSONHandler(server.NewLines(os.Stderr), nil)),
		Features: []server.Feature{&server.Decisions{Gate: &policy.Gate{Engine: engine, Graph: g}}},
		Limits:   server.Limits{AddressRate: 1e6, IdentityRate: 1e6},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask writes a thousand questions, and returns who asks them.
func ask(t *testing.T, g *graph.Graph, data string) access.IdentityID {
	t.Helper()
	v := g.View()
	defer v.Close()
	var people []access.IdentityID
	for i := range v.Identities() {
		if i.Kind == access.Human && i.State == access.Active {
			people = append(people, i.ID)
		}
	}
	var things []access.Ref
	for s := range v.Systems() {
		things = append(things, s.ID.Ref())
	}
	for e := range v.Entitlements() {
		if len(things) < 1000 {
			things = append(things, e.ID.Ref())
		}
	}
	actions := map[access.ObjectKind][]string{
		access.KindSystem:      {"system.read", "system.sync", "system.change"},
		access.KindEntitlement: {"entitlement.read", "classification.override", "entitlement.owner"},
	}
	f, err := os.Create(filepath.Join(data, questionsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // what is missing is noticed
	for i := range 1000 {
		thing := things[i*31%len(things)]
		list := actions[thing.Kind]
		line, err := json.Marshal(map[string]string{
			"principal": people[i*17%len(people)].String(), "action": list[i%len(list)], "object": thing.String(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(f, "%s\n", line); err != nil {
			t.Fatal(err)
		}
	}
	return people[0]
}
