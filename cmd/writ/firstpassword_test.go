package main

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
)

// journal is a log that several goroutines write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.text.String(), text)
}

// An account that is made in a real cluster, whose first password waits for somebody.
func (w *world) makes(server *testkit.PostgresServer, login string, whose, recipient access.IdentityID) access.TargetID {
	w.t.Helper()
	ctx := audit.WithActor(w.ctx, audit.Actor{Node: "test"})
	id, err := w.app.inventory().AddSystem(ctx, inventory.System{System: access.System{Name: "ledger-" + login, Kind: postgres.Kind}, Config: inventory.Config{Address: server.URL("postgres")}}, nil)
	must(w.t, err)
	w.reads(func() error {
		_, err := w.app.inventory().SyncSystem(ctx, id, inventory.SyncOptions{})
		return err
	})
	y := access.Target{Identity: whose, System: id, Login: login, State: access.TargetEnabled, Recipient: recipient}
	must(w.t, w.app.db.Provision().Decide(ctx, audit.Event{Action: "test.decide"}, provision.Decision{Targets: []*access.Target{&y}}))
	w.until(func() bool {
		list, err := w.app.db.Provision().Credentials(ctx, recipient)
		must(w.t, err)
		return len(list) > 0
	})
	return y.ID
}

// A first password is picked up by whom it is for, once, with a second factor that is
// fresh; to everybody else it is not there, and it lies nowhere.
func TestLesson25_FirstPasswordsNeedASecondFactor(t *testing.T) {
	server := testkit.NewPostgres(t)
	logged := &journal{}
	w := newLoggedWorld(t, t.TempDir(), slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	head, _ := w.owner()
	w.people("number,name,email,kind,start\n1,Ana Example,ana@example.com,human,2020-01-01\n2,Ben Example,ben@example.com,human,2020-01-01\n")
	id := w.makes(server, "ana", w.someone("ana@example.com"), w.someone("ben@example.com"))
	path := "/v1/me/first-credentials/" + id.String()

	for _, b := range []*browser{head, w.comes("ana@example.com")} { // whoever holds all functions, and whose account it is
		key := b.addPasskey("mine")
		b.must("POST", "/v1/stepup/finish", b.answer("/v1/stepup", key), nil)
		var list struct{ Items []provision.FirstCredential }
		b.must("GET", "/v1/me/first-credentials", nil, &list)
		if len(list.Items) != 0 {
			t.Errorf("somebody else sees %+v", list.Items)
		}
		b.refused("credential-gone", "POST", path, nil)
	}

	ben := w.comes("ben@example.com")
	ben.refused("step-up-required", "POST", path, nil)
	key := ben.addPasskey("mine")
	ben.must("POST", "/v1/stepup/finish", ben.answer("/v1/stepup", key), nil)
	w.late.Store(int64(policy.StepUp + time.Minute))
	ben.refused("step-up-required", "POST", path, nil)
	w.late.Store(0)
	var got struct{ Login, Password string }
	ben.must("POST", path, nil, &got)
	if got.Login != "ana" || len(got.Password) < 20 {
		t.Fatalf("picked up %q for %q", got.Password, got.Login)
	}
	ben.refused("credential-gone", "POST", path, nil)
	w.mu.Lock()
	before := len(w.seen)
	w.seen = slices.DeleteFunc(w.seen, func(body string) bool { return strings.Contains(body, got.Password) })
	if before-len(w.seen) != 1 {
		t.Errorf("the password is in %d answers", before-len(w.seen))
	}
	w.mu.Unlock()
	w.hides(got.Password)
	if !logged.has("/v1/me/first-credentials/{target}") || logged.has(got.Password) {
		t.Error("the password is in the log, or the log has nothing of it being picked up")
	}

	for range 9 { // one was missed already: it had been picked up
		ben.refused("credential-gone", "POST", "/v1/me/first-credentials/tgt_0000000000099", nil)
	}
	ben.refused("too-many-requests", "POST", path, nil)
	head.refused("credential-gone", "POST", path, nil)
}

// A command has no passkey: it says how to show one, and picks up with it.
func TestFirstPasswordsFromTheCommandLine(t *testing.T) {
	server := testkit.NewPostgres(t)
	s := newServed(t)
	w := &world{t: t, app: s.app, node: s.node, ctx: t.Context()}
	olga := w.someone("olga@example.com")
	id := w.makes(server, "ana", olga, olga)
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	if out := s.run(exitOK, "provision", "credential"); !strings.Contains(out, id.String()) {
		t.Errorf("listed:\n%s", out)
	}
	s.run(exitDenied, "provision", "credential", id.String())
	if said := s.said.String(); !strings.Contains(said, "sign in again with 'writ login "+s.url+"', with your passkey") {
		t.Errorf("it says:\n%s", said)
	}
	s.confirms()
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	if out := s.run(exitOK, "provision", "credential", id.String()); !strings.Contains(out, "shown this once") {
		t.Errorf("picked up:\n%s", out)
	}
	s.run(exitFailed, "provision", "credential", id.String())
}
