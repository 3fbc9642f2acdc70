package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // to look into a database of ours as anybody would who has it

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/internal/testkit/canary"
	"github.com/writhq/writ/pam/vault/keys"
)

// overheard is what goes in and out of one server that is tested: each secret that is given
// to it or asked of it, and all that may hold none. When the test is over, what it left
// behind is searched for every secret that it had to do with, so that each test of a flow is
// a test of where that flow leaves its secrets.
type overheard struct {
	t       testing.TB
	mu      sync.Mutex
	search  canary.Search
	log     *journal
	answers map[string][]byte // by what was asked, without what was asked for
	size    int
	traced  bool   // spans come to us
	spans   []byte // that came
	deaf    bool   // in a benchmark, which measures the server alone
}

func overhear(t testing.TB) *overheard {
	sees(t, "")
	_, deaf := os.LookupEnv(vaultBenchEnv)
	return &overheard{t: t, log: &journal{}, answers: map[string][]byte{}, deaf: deaf}
}

// logs is a log at its most talkative, beside another one.
func (o *overheard) logs(beside slog.Handler) slog.Handler {
	if o.deaf {
		return beside
	}
	return slog.NewMultiHandler(beside, slog.NewJSONHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// collects is the address of a collector of traces.
func (o *overheard) collects() string {
	if o.deaf {
		return ""
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.spans = append(o.spans, body...)
	}))
	o.t.Cleanup(s.Close)
	o.traced = true
	return s.URL + "/v1/traces"
}

// knows has a secret searched for.
func (o *overheard) knows(what, plain string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.search.Add(what, plain)
}

// mostAnswers is how many bytes of answers are kept.
const mostAnswers = 8 << 20

// listens stands before a server.
func (o *overheard) listens(next http.Handler) http.Handler {
	if o.deaf {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := operationOf(r.Method, r.URL.Path)
		flow := flows[op]
		o.shown(r)
		if len(flow.given) > 0 {
			body, _ := io.ReadAll(r.Body) // what is wrong with it, whoever reads the rest is told
			o.without(op, body, flow.given)
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
		}
		answer := &heard{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		for _, c := range (&http.Response{Header: w.Header()}).Cookies() {
			o.knows("a session of "+op, c.Value)
		}
		if answer.status < http.StatusBadRequest {
			sees(o.t, op)
		}
		rest := o.without(op, answer.body.Bytes(), flow.told)
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.size += len(rest); o.size < mostAnswers {
			o.answers[fmt.Sprintf("answer %d, to %s %s", len(o.answers), r.Method, r.URL.Path)] = rest
		}
	})
}

// heard is an answer that is being written.
type heard struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap is for what follows a stream.
func (h *heard) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *heard) WriteHeader(status int) {
	h.status = status
	h.ResponseWriter.WriteHeader(status)
}

func (h *heard) Write(b []byte) (int, error) {
	if h.body.Len() < mostAnswers {
		h.body.Write(b)
	}
	return h.ResponseWriter.Write(b)
}

// shown are the secrets that somebody calls with.
func (o *overheard) shown(r *http.Request) {
	for _, text := range []string{r.Header.Get("Authorization"), "Bearer " + r.Header.Get("X-Vault-Token")} {
		if _, token, ok := strings.Cut(text, " "); ok {
			o.knows("a token", token)
		}
	}
}

// without is a body without the secrets that some of its fields are, which are searched for
// from now on. One that is no JSON is what it is.
func (o *overheard) without(op string, body []byte, fields []string) []byte {
	var all any
	if len(fields) == 0 || json.Unmarshal(body, &all) != nil {
		return body
	}
	for _, path := range fields {
		all = o.cut(op+": "+path, all, strings.Split(path, "."))
	}
	rest, err := json.Marshal(all)
	if err != nil {
		return body
	}
	return rest
}

// cut takes the texts out that are at a path; "*" is each of a list, or of an object.
func (o *overheard) cut(what string, from any, path []string) any {
	if text, ok := from.(string); ok && len(path) == 0 {
		o.knows(what, text)
		return nil
	}
	if len(path) == 0 {
		return from
	}
	switch x := from.(type) {
	case map[string]any:
		for name := range x {
			if path[0] == name || path[0] == "*" {
				x[name] = o.cut(what, x[name], path[1:])
			}
		}
	case []any:
		for i := range x {
			if path[0] == "*" {
				x[i] = o.cut(what, x[i], path[1:])
			}
		}
	}
	return from
}

// searched fails the test where a secret can be read in what the server left. It is called
// while the server has its database open, so that there is a log of writes to look into.
func (o *overheard) searched(a *app) {
	o.t.Helper()
	if o.deaf || o.t.Failed() || a.db == nil {
		return
	}
	hits, err := o.found(context.WithoutCancel(o.t.Context()), a)
	if err != nil {
		o.t.Error(err)
	}
	for _, h := range hits {
		o.t.Errorf("a secret can be read: %s", h)
	}
	if o.traced && len(o.answers) > 0 && len(o.spans) == 0 {
		o.t.Error("no trace came: nothing was searched for in them")
	}
}

// found is where secrets can be read.
func (o *overheard) found(ctx context.Context, a *app) (hits []canary.Hit, err error) {
	db, err := openAnyway(a)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	if err := o.vaulted(ctx, a, db); err != nil {
		return nil, err
	}
	record, err := o.exported(ctx, a)
	if err != nil {
		return nil, err
	}
	var dump []byte
	if a.postgres() != "" {
		if dump, err = dumped(ctx, db); err != nil {
			return nil, err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if hits, err = o.search.InDir(a.data, nil); err == nil && a.postgres() != "" {
		var ahead []canary.Hit
		ahead, err = o.search.InDir(testkit.Postgres(o.t).WAL(), nil)
		hits = append(hits, ahead...)
	}
	hits = append(hits, o.search.In("the database", dump)...)
	hits = append(hits, o.search.In("the log", []byte(o.log.all()))...)
	hits = append(hits, o.search.In("the audit log's export", record)...)
	hits = append(hits, o.search.In("traces", o.spans)...)
	for where, body := range o.answers {
		hits = append(hits, o.search.In(where, body)...)
	}
	return hits, err
}

func openAnyway(a *app) (*sql.DB, error) {
	if url := a.postgres(); url != "" {
		return sql.Open("pgx", url)
	}
	return sqliteOf(a.data)
}

// sqliteOf opens the database of a data directory past the store. A server may be at it: it
// waits for its turn, as the store does.
func sqliteOf(data string) (*sql.DB, error) {
	return sql.Open("sqlite", filepath.Join(data, "writ.db")+"?_pragma=busy_timeout(10000)")
}

// vaulted has everything searched for that lies in the vault, where that is open.
func (o *overheard) vaulted(ctx context.Context, a *app, db *sql.DB) error {
	ring := a.vault
	if ring == nil {
		var err error
		if ring, err = keys.New(keys.Config{Store: a.db.VaultKeys(), Dir: a.db.Dir(), Now: a.now}); err != nil {
			return err
		}
		defer ring.Wipe()
		if err := ring.OpenItself(ctx); err != nil {
			return nil //nolint:nilerr // it opens with what people give
		}
	}
	if ring.Usable() != nil {
		return nil
	}
	rows, err := db.QueryContext(ctx, `select version, safe, secret, authority, generation, data_key, ciphertext from vault_sealed`)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // read only
	for rows.Next() {
		var at keys.Place
		var x keys.Sealed
		if err := rows.Scan((*int64)(&at.Version), (*int64)(&at.Safe), (*int64)(&at.Secret), (*int64)(&at.Authority), &x.Generation, &x.Key, &x.Text); err != nil {
			return err
		}
		plain, err := ring.Open(ctx, at, x)
		if err != nil {
			continue // a test has tampered with it, or it is of no secret
		}
		o.knows(fmt.Sprintf("version %d in the vault", at.Version), string(plain.Reveal()))
		plain.Wipe()
	}
	return rows.Err()
}

// exported is the audit log as it leaves: as the export writes it, and as it is listed.
func (o *overheard) exported(ctx context.Context, a *app) ([]byte, error) {
	var b bytes.Buffer
	if err := audit.Export(&b, a.db.Audit().Evidence(ctx), a.db.Verifier()); err != nil {
		return nil, err
	}
	for q := (audit.Filter{First: 1000}); ; {
		page, err := a.db.Audit().List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			_, _ = fmt.Fprintf(&b, "%s %+v\n", e.AppendLeaf(nil), e)
			sees(o.t, recorded(e.Action))
		}
		if q.Before = page.Next; q.Before == 0 {
			return b.Bytes(), nil
		}
	}
}

// dumped is every row of a database on PostgreSQL, as text.
func dumped(ctx context.Context, db *sql.DB) ([]byte, error) {
	var b bytes.Buffer
	tables, err := texts(ctx, db, `select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)
	for _, name := range tables {
		var list []string
		if list, err = texts(ctx, db, `select t::text from `+name+` t`); err != nil {
			break
		}
		for _, row := range list {
			b.WriteString(row + "\n")
		}
	}
	return b.Bytes(), err
}

func texts(ctx context.Context, db *sql.DB, text string) (list []string, err error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read only
	for rows.Next() {
		var x string
		if err := rows.Scan(&x); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

// sweeps has what a data directory holds searched when the test is over, for what lies in
// its vault: of a store that nothing serves.
func sweeps(t testing.TB, a *app) {
	o := overhear(t)
	t.Cleanup(func() { o.searched(a) })
}
