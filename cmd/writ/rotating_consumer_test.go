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
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/rotate"
)

// service is one that cannot stand still: it signs in all the time, with what a hook wrote
// for it last.
type service struct {
	r        *strongroom
	file     string
	signins  atomic.Int64
	refusals atomic.Int64
}

// uses is the login and password that the service has, as the hook wrote them.
func (s *service) uses() (login, password string) {
	s.r.t.Helper()
	text, err := os.ReadFile(s.file)
	s.r.must(err)
	var m struct{ Login, Value string }
	s.r.must(json.Unmarshal(text, &m))
	return m.Login, m.Value
}

func (s *service) run(ctx context.Context) {
	for ctx.Err() == nil {
		login, password := s.uses()
		cfg, err := pgx.ParseConfig(s.r.cluster.URL("postgres"))
		if err != nil {
			return
		}
		cfg.User, cfg.Password = login, password
		conn, err := pgx.ConnectConfig(ctx, cfg)
		switch {
		case err == nil:
			_ = conn.Close(ctx)
			s.signins.Add(1)
		case ctx.Err() == nil:
			s.refusals.Add(1)
		}
	}
}

// keeps is a program that keeps what it is told in a file, in one step.
func keeps(t *testing.T, file string) *hook.Hook {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keep")
	text := "#!/bin/sh\ncat > '" + file + ".new' && mv '" + file + ".new' '" + file + "'\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	h, err := hook.New(hook.Config{Run: hook.Program{path}, Value: true})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// paired makes a pair of the strongroom's account and another role of the cluster.
func (r *strongroom) paired() {
	r.t.Helper()
	ids := map[string]access.AccountID{}
	for _, login := range []string{"ledger", "ledger_b"} {
		id, err := r.app.inventory().ResolveAccount(r.ctx, "cluster/"+login)
		r.must(err)
		ids[login] = id
	}
	r.must(r.s.Store.SetPair(r.ctx, rotate.Pair{Secret: r.id, First: ids["ledger"], Other: ids["ledger_b"], Grace: time.Hour}))
}

func (r *strongroom) consumer(name, hook string, place int) access.ConsumerID {
	r.t.Helper()
	id, err := r.s.Store.AddConsumer(r.ctx, rotate.Consumer{Secret: r.id, Name: name, Hook: hook, Owner: r.person(1), Place: place})
	r.must(err)
	return id
}

// told tells all whose turn it is, until nobody's is.
func (r *strongroom) told() {
	r.t.Helper()
	for {
		list, err := r.s.Store.NextTold(r.ctx, 10)
		r.must(err)
		if len(list) == 0 {
			return
		}
		for _, id := range list {
			r.must(r.s.Tell(r.ctx, id))
		}
	}
}

// stages is how far each consumer has come.
func (r *strongroom) stages() map[string]rotate.Consumer {
	r.t.Helper()
	list, err := r.s.Store.Consumers(r.ctx, r.id)
	r.must(err)
	m := map[string]rotate.Consumer{}
	for _, c := range list {
		m[c.Name] = c
	}
	return m
}

// A service that cannot stand still never does: the idle account is changed, the service is
// told, then those after it, and only then the account that it used before.
func TestRotationOfAPairWhileItIsUsed(t *testing.T) {
	r := newStrongroom(t)
	s := &service{r: r, file: filepath.Join(t.TempDir(), "secret")}
	key := secret.New([]byte("a key that is long enough"))
	var heard atomic.Pointer[string]
	after := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		text := string(body)
		heard.Store(&text)
		if q.Header.Get("Webhook-Signature") != "v1,"+hook.Sign(key, q.Header.Get("Webhook-Id"), q.Header.Get("Webhook-Timestamp"), body) {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer after.Close()
	called, err := hook.New(hook.Config{URL: after.URL, Key: key})
	r.must(err)
	r.s.Hooks = map[string]*hook.Hook{"service": keeps(t, s.file), "after": called}
	r.paired()
	r.consumer("service", "service", 0)
	r.consumer("after", "after", 1)
	r.told()
	if login, password := s.uses(); login != "ledger" || password != foundPassword {
		t.Fatalf("a new consumer is told of %s", login)
	}
	ctx, stop := context.WithCancel(r.ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); s.run(ctx) }()

	r.demand()
	r.must(r.s.Rotate(r.ctx, r.id))
	if q := r.queue(); len(q) != 1 || q[0].Cause != rotate.OnSwitch || !r.signsIn(foundPassword) {
		t.Fatalf("the account in use was touched: %+v", q)
	}
	r.must(r.s.Rotate(r.ctx, r.id)) // too early
	if !r.signsIn(foundPassword) {
		t.Fatal("the account in use was changed before anybody was told")
	}
	r.told()
	if text := *heard.Load(); strings.Contains(text, "value") || !strings.Contains(text, `"version":2`) {
		t.Errorf("a call has %s", text)
	}
	for name, c := range r.stages() {
		if c.Stage != rotate.InUse || c.Uses != 2 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if login, _ := s.uses(); login != "ledger_b" {
		t.Errorf("the service uses %s", login)
	}
	r.must(r.s.Rotate(r.ctx, r.id))
	if q := r.queue(); len(q) != 0 || r.signsIn(foundPassword) {
		t.Errorf("the former account opens as before; due %+v", q)
	}
	stop()
	<-ended
	if n := s.refusals.Load(); n > 0 || s.signins.Load() == 0 {
		t.Errorf("of %d sign-ins %d were refused", s.signins.Load()+n, n)
	}
}

// A consumer that cannot be told holds nothing up but those after it, and is shown.
func TestAConsumerThatCannotBeTold(t *testing.T) {
	r := newStrongroom(t)
	file := filepath.Join(t.TempDir(), "secret")
	r.s.Hooks = map[string]*hook.Hook{"keeps": keeps(t, file)}
	r.consumer("first", "nowhere", 0)
	r.consumer("second", "keeps", 1)
	r.demand()
	r.must(r.s.Rotate(r.ctx, r.id))
	r.told()
	list := r.stages()
	if c := list["first"]; c.Stage != rotate.NotTold || c.Code != rotate.ErrNoHook.Code {
		t.Errorf("%+v", c)
	}
	if c := list["second"]; c.Stage != rotate.ToTell {
		t.Errorf("it is told before its turn: %+v", c)
	}
	r.must(r.s.Store.Confirm(r.ctx, list["first"].ID, 2))
	r.told()
	text, err := os.ReadFile(file)
	r.must(err)
	if current, _ := r.held(); !bytes.Contains(text, []byte(`"version":2`)) || !strings.Contains(string(text), current) || !r.signsIn(current) {
		t.Error("the second was not told what opens")
	}
}

// What a leaver knew and a service uses is changed by the pair at once.
func TestRotationOfAPairThatALeaverKnew(t *testing.T) {
	r := newStrongroom(t)
	s := &service{r: r, file: filepath.Join(t.TempDir(), "secret")}
	r.s.Hooks = map[string]*hook.Hook{"service": keeps(t, s.file)}
	r.paired()
	r.consumer("service", "service", 0)
	r.told()
	_, err := r.app.lifecycle().Emergency(audit.WithActor(r.ctx, audit.Actor{Identity: r.person(1)}), r.person(2), "a test")
	r.must(err)
	_, err = r.app.db.Sequence(r.ctx)
	r.must(err)
	ctx, stop := context.WithTimeout(audit.WithActor(r.ctx, rotating), 2*time.Minute)
	defer stop()
	ended := make(chan error)
	go func() { ended <- r.s.Run(ctx) }()
	for r.signsIn(foundPassword) {
		if wait(ctx, 50*time.Millisecond); ctx.Err() != nil {
			t.Fatalf("they know it still: %+v, %+v", r.queue(), r.stages())
		}
	}
	stop()
	r.must(<-ended)
	if login, _ := s.uses(); login != "ledger_b" {
		t.Errorf("the service uses %s", login)
	}
}
