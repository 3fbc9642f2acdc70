package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

// glassPassword opens the emergency role of the cluster. It is looked for everywhere.
const glassPassword = "Canary: as it was sealed, 7"

// glass is a company that is served, with an emergency role of a real cluster in a safe.
// Persons 1, 2 and 6 are to hold shares; 3 is of identity and access management, 4 of
// security operations, 5 a platform owner, 7 owns the safe.
type glass struct {
	*served
	cluster *testkit.PostgresServer
	mail    *testkit.MailServer
	logged  *journal
	data    string
	stop    func()
	unseal  []secret.Secret
	id      access.SecretID
	kit     string // its file
	shares  map[string]string
}

func newGlass(t *testing.T) *glass {
	t.Helper()
	g := &glass{cluster: testkit.NewPostgres(t), mail: testkit.Mail(t), logged: &journal{}, stop: func() {}, shares: map[string]string{}}
	g.cluster.Exec(t, "postgres", `create role breakglass superuser login password '`+glassPassword+`'`)
	asksForPasswords(t, g.cluster)
	p := newPlant(t, 7)
	system := p.system("cluster", postgres.Kind, inventory.Config{Address: g.cluster.URL("postgres")}, secret.Secret{})
	for n, f := range map[int]access.Function{3: access.IAM, 4: access.SecurityOperations, 5: access.PlatformOwner} {
		p.must(p.app.db.Policy().Assign(p.ctx, policy.Assignment{Identity: p.person(n), Held: policy.Held{Function: f}, Reason: "a test"}))
	}
	ring, err := p.app.newVault(p.ctx)
	p.must(err)
	g.unseal, err = ring.Init(p.ctx, keys.Request{Kind: keys.Shares, Shares: 2, Threshold: 2}, "a test")
	p.must(err)
	v := p.app.db.Vault()
	safe, err := v.NewSafeID(p.ctx)
	p.must(err)
	key, err := ring.NewSafe(p.ctx, safe)
	p.must(err)
	p.must(v.AddSafe(p.ctx, vault.Safe{ID: safe, Name: "ledger", Owner: p.person(7), Sharing: vault.Shared, Terms: access.Terms{Most: time.Hour}}, key, "a test"))
	account, err := p.app.inventory().ResolveAccount(p.ctx, "cluster/breakglass")
	p.must(err)
	x := vault.Secret{Safe: safe, Name: "root", Kind: vault.Password, System: system, Account: account}
	g.id, err = v.AddSecret(p.ctx, x, vault.Value{}, func(at keys.Place) (keys.Sealed, error) {
		return ring.Seal(p.ctx, at, secret.New([]byte(glassPassword)))
	})
	p.must(err)
	_, err = p.app.db.Sequence(p.ctx)
	p.must(err)
	g.data = p.app.data
	p.must(p.app.close())
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(g.logged, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(old) })
	t.Cleanup(func() { g.stop() })
	g.start(t)
	return g
}

// start starts a node over the data directory, and opens its vault.
func (g *glass) start(t *testing.T) {
	t.Helper()
	s := &served{t: t, app: &app{data: g.data, in: strings.NewReader(""), out: io.Discard, err: io.Discard}}
	var err error
	s.ctx, err = s.app.openGraph(t.Context())
	must(t, err)
	s.node, err = s.app.newNode(s.ctx)
	must(t, err)
	s.node.mailer, err = notify.New(notify.Config{Server: g.mail.Clear, Security: "none", From: "Writ <writ@example.com>", Origin: testOrigin})
	must(t, err)
	for _, x := range g.unseal {
		_, err = s.app.vault.Unseal(s.ctx, x, "a test")
		must(t, err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	s.start(func(context.Context) error { ended <- s.node.run(ctx); return nil })
	g.served, g.stop = s, func() {
		g.stop = func() {}
		cancel()
		<-ended //nolint:errcheck // it says that it was told to end
		s.ears.searched(s.app)
		must(t, s.app.close())
	}
}

// makeKit has a platform owner make a kit, and its holders pick up their shares.
func (g *glass) makeKit(t *testing.T) (k breakglass.KitShown) {
	t.Helper()
	holders := []access.IdentityID{g.identity("E1"), g.identity("E2"), g.identity("E6")}
	body := map[string]any{"name": "production", "secrets": []access.SecretID{g.id}, "holders": holders, "threshold": 2, "reason": "a test"}
	g.as("E5").want(http.StatusCreated, "POST", "/v1/break-glass", body, &k)
	g.kit = filepath.Join(t.TempDir(), "production.kit")
	must(t, os.WriteFile(g.kit, []byte(k.Kit), 0o600))
	for _, who := range []string{"E1", "E2", "E6"} {
		var got struct {
			Text string
		}
		g.as(who).want(http.StatusOK, "POST", "/v1/break-glass/"+k.ID.String()+"/share", nil, &got)
		g.shares[who] = filepath.Join(t.TempDir(), "share.txt")
		must(t, os.WriteFile(g.shares[who], []byte(got.Text+"\n"), 0o600))
	}
	return k
}

// signsIn asks the cluster itself, with the client that people use.
func (g *glass) signsIn(t *testing.T, password string) bool {
	t.Helper()
	cfg, err := pgx.ParseConfig(g.cluster.URL("postgres"))
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "psql", "-X", "-w", "-At", "-h", cfg.Host, "-p", fmt.Sprint(cfg.Port), "-U", "breakglass", "-d", "postgres", "-c", "select current_user") //nolint:gosec // a test's own server
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	out, err := cmd.CombinedOutput()
	return err == nil && strings.TrimSpace(string(out)) == "breakglass"
}

// waits until something is so.
func (g *glass) waits(t *testing.T, what string, is func() bool) {
	t.Helper()
	within, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !is() {
		if within.Err() != nil {
			t.Fatal(what)
		}
		wait(within, 20*time.Millisecond)
	}
}

// The worst day, with a real cluster, the program as people have it, and nothing else: the
// node is stopped and its data is gone. Two of three holders open the kit, and the cluster
// lets them in. Then the node is back from a backup, and what has to follow follows.
func TestBreakGlassWithEveryNodeGone(t *testing.T) {
	writ := builtWrit(t)
	g := newGlass(t)
	k := g.makeKit(t)
	backup := filepath.Join(t.TempDir(), "writ.backup")
	_, err := g.app.db.Backup(g.ctx, backup, secret.New([]byte("a passphrase of the backup")))
	must(t, err)
	g.stop()
	must(t, os.RemoveAll(g.data))

	dir := t.TempDir()
	record := filepath.Join(dir, "the.record")
	open := func(kit string, args ...string) (out, said string, code int) {
		cmd := exec.CommandContext(t.Context(), writ, append([]string{"break-glass", "open", kit, "--by", "Ana Sol", "--by", "Ben Ito", "--reason", "INC-7: all of Writ is down", "--secret", "ledger/root"}, args...)...) //nolint:gosec // the program that this test built
		cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "WRIT_DATA=" + filepath.Join(dir, "nowhere"), "WRIT_DATABASE=postgres://nobody@127.0.0.1:1/nothing"}
		var o, e bytes.Buffer
		cmd.Stdout, cmd.Stderr = &o, &e
		_ = cmd.Run()
		return o.String(), e.String(), cmd.ProcessState.ExitCode()
	}
	refused := func(what, says, kit string, args ...string) {
		t.Helper()
		out, said, code := open(kit, args...)
		if code == 0 || out != "" || !strings.Contains(said, says) || strings.Contains(said, glassPassword) {
			t.Errorf("%s: exit %d, %q %q", what, code, out, said)
		}
	}
	forged := filepath.Join(dir, "forged.kit")
	must(t, os.WriteFile(forged, bytes.Replace([]byte(k.Kit), []byte(`"persons":2`), []byte(`"persons":1`), 1), 0o600))
	wrong := filepath.Join(dir, "wrong.txt")
	must(t, os.WriteFile(wrong, []byte("writ-glass-nothing"), 0o600))
	refused("a lost quorum", "1 more holders", g.kit, "--share", g.shares["E1"])
	refused("a wrong share", "no share of a break-glass kit", g.kit, "--share", g.shares["E1"], "--share", wrong)
	refused("one share twice", "given already", g.kit, "--share", g.shares["E1"], "--share", g.shares["E1"])
	refused("a forged kit", "changed or forged", forged, "--share", g.shares["E1"], "--share", g.shares["E2"])
	refused("a record that is nowhere", "record cannot be written", g.kit, "--share", g.shares["E1"], "--share", g.shares["E2"], "--record", filepath.Join(dir, "no", "record"))

	out, said, code := open(g.kit, "--share", g.shares["E1"], "--share", g.shares["E6"], "--record", record)
	if code != 0 || !strings.Contains(said, "breakglass on cluster") {
		t.Fatalf("exit %d: %s", code, said)
	}
	if !g.signsIn(t, strings.TrimSpace(out)) || g.signsIn(t, "another") {
		t.Fatal("the cluster does not let in whoever has what the kit shows")
	}
	if _, err := os.Stat(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("opening a kit made a data directory")
	}

	_, err = store.Restore(audit.WithActor(t.Context(), operator()), store.Config{Dir: g.data, Postgres: new(app).postgres()}, backup, secret.New([]byte("a passphrase of the backup")))
	must(t, err)
	g.start(t)
	g.merges(t, k, record)
	g.reviews(t, k)
	g.searched(t, record)
}

// merges brings the record, and looks at all that follows by itself.
func (g *glass) merges(t *testing.T, k breakglass.KitShown, record string) {
	text, err := os.ReadFile(record)
	must(t, err)
	bring := func(text string) map[string]any { return map[string]any{"record": text} }
	g.as("E7").want(http.StatusNotFound, "POST", "/v1/break-glass/merge", bring(string(text)), nil)
	g.as("E4").refused("break-glass-record", "/v1/break-glass/merge", bring(strings.Replace(string(text), "INC-7", "INC-8", 1)))
	var b breakglass.Break
	g.as("E4").want(http.StatusOK, "POST", "/v1/break-glass/merge", bring(string(text)), &b)
	if !slices.Equal(b.Openers, []access.IdentityID{g.identity("E1"), g.identity("E6")}) || !slices.Equal(b.Exposed, []access.SecretID{g.id}) || !b.Closed || b.Drill || b.Approval == 0 {
		t.Fatalf("merged as %+v", b)
	}
	g.as("E5").refused("break-glass-record-merged", "/v1/break-glass/merge", bring(string(text)))

	// Everybody who has to know is mailed: the two functions, the owner of the safe, the holders.
	alarmed := func(caught []testkit.Caught) bool {
		to := map[string]bool{}
		for _, m := range caught {
			if strings.Contains(m.Header("Subject"), "production was opened") {
				to[m.To] = true
			}
		}
		for _, n := range []int{1, 2, 3, 4, 6, 7} {
			if !to[fmt.Sprintf("p%d@example.com", n)] {
				return false
			}
		}
		return len(to) == 6
	}
	within, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	caught, err := g.mail.Wait(within, alarmed)
	must(t, err)
	for _, m := range caught {
		if bytes.Contains(m.Raw, []byte("Canary")) {
			t.Error("a mail has the password")
		}
	}

	// What was shown is changed, on the cluster, and opens nothing any more.
	g.waits(t, "what was shown is not changed", func() bool {
		queue, err := g.node.rotate.Store.Queue(g.ctx, rotate.Query{Secret: g.id})
		must(t, err)
		return len(queue) == 0 && !g.signsIn(t, glassPassword)
	})
	var seen seenAnswer
	g.as("E3").get("/v1/secrets/"+g.id.String()+"/seen?limit=10", &seen)
	knew := map[access.IdentityID]bool{}
	for _, x := range seen.Items {
		knew[x.By] = true
	}
	if len(knew) != 2 || !knew[g.identity("E1")] || !knew[g.identity("E6")] {
		t.Errorf("who knew it: %+v", seen.Items)
	}
	var shown breakglass.KitShown
	g.as("E1").get("/v1/break-glass/"+k.ID.String(), &shown)
	if shown.State != breakglass.Used || len(shown.Opens) != 1 || shown.Opens[0].ID != b.ID {
		t.Errorf("the kit is %s, opened %d times", shown.State, len(shown.Opens))
	}
	g.as("E5").refused("break-glass-over", "/v1/break-glass/"+k.ID.String()+"/renew", map[string]any{"reason": "a test"})
	g.finds(t, "break-glass-kit-stale")
}

// finds waits until there is a finding of a rule.
func (g *glass) finds(t *testing.T, rule string) {
	t.Helper()
	g.waits(t, "there is no finding of "+rule, func() bool {
		var list struct {
			Items []json.RawMessage `json:"items"`
		}
		g.as("E3").get("/v1/findings?rule="+rule, &list)
		return len(list.Items) > 0
	})
}

// reviews has everybody try to close the review who may not, and then somebody who may.
func (g *glass) reviews(t *testing.T, k breakglass.KitShown) {
	breaks, err := g.app.db.BreakGlass(nil).Breaks(g.ctx, k.ID)
	must(t, err)
	path := "/v1/approvals/" + breaks[0].Approval.String()
	r, err := g.app.db.Approvals().Approval(g.ctx, breaks[0].Approval)
	must(t, err)
	say := func(comment string) map[string]any {
		return map[string]any{"verdict": "approve", "comment": comment, "version": r.Now.Version, "digest": r.Now.Digest}
	}
	for _, who := range []string{"E1", "E6", "E5", "E7"} {
		if a := g.as(who).do("POST", path+"/decision", say("fine")); a.status < http.StatusBadRequest {
			t.Errorf("%s closes the review: %s", who, a.body)
		}
	}
	g.as("E4").refused("approval-comment", path+"/decision", say(""))
	g.as("E4").want(http.StatusOK, "POST", path+"/decision", say("seen with both of them"), nil)
	breaks, err = g.app.db.BreakGlass(nil).Breaks(g.ctx, k.ID)
	must(t, err)
	if breaks[0].Verdict != string(approval.Approved) || breaks[0].Reviewed == 0 {
		t.Errorf("after the review: %+v", breaks[0])
	}
}

// searched looks for the password everywhere but where it was asked for.
func (g *glass) searched(t *testing.T, record string) {
	places := map[string]string{"the log": g.logged.all()}
	g.settle()
	export := g.as("E4").want(http.StatusOK, "GET", "/v1/audit?action=breakglass.&limit=100", nil, nil)
	places["the audit log"] = string(export.body)
	for _, does := range []string{"breakglass.make", "breakglass.share", "breakglass.open", "breakglass.show", "breakglass.close"} {
		if !bytes.Contains(export.body, []byte(does)) {
			t.Errorf("the audit log has no %s", does)
		}
	}
	for _, path := range []string{record, g.kit, filepath.Join(g.data, "writ.db"), filepath.Join(g.data, "writ.db-wal")} {
		text, err := os.ReadFile(path)
		must(t, err)
		places[filepath.Base(path)] = string(text)
	}
	for where, text := range places {
		for form, value := range formsOf(glassPassword) {
			if strings.Contains(text, value) {
				t.Errorf("%s has it (%s)", where, form)
			}
		}
		if where != "the audit log" && strings.Contains(text, "writ-glass-") && where != g.kit {
			t.Errorf("%s has a share", where)
		}
	}
}

// A drill signs in with all of a kit on the real cluster, alarms nobody and changes nothing;
// one that fails makes the kit stale. Who may not make a kit, or see a share, does not.
func TestBreakGlassDrill(t *testing.T) {
	g := newGlass(t)
	for _, who := range []string{"E1", "E3", "E4", "E7"} {
		body := map[string]any{"name": "production", "secrets": []access.SecretID{g.id}, "holders": []access.IdentityID{g.identity("E1"), g.identity("E2")}, "threshold": 2, "reason": "a test"}
		if a := g.as(who).do("POST", "/v1/break-glass", body); a.status < http.StatusBadRequest {
			t.Errorf("%s makes a kit: %s", who, a.body)
		}
	}
	own := map[string]any{"name": "own", "secrets": []access.SecretID{g.id}, "holders": []access.IdentityID{g.identity("E5"), g.identity("E2")}, "threshold": 2, "reason": "a test"}
	g.as("E5").refused("denied", "/v1/break-glass", own)
	k := g.makeKit(t)
	one := "/v1/break-glass/" + k.ID.String()
	g.as("E1").refused("break-glass-share-picked", one+"/share", nil)
	for _, who := range []string{"E3", "E4", "E5", "E7", ""} {
		if a := g.as(who).do("POST", one+"/share", nil); a.status < http.StatusBadRequest {
			t.Errorf("%s sees a share: %s", who, a.body)
		}
	}
	drill := func(want int) breakglass.KitShown {
		t.Helper()
		record := filepath.Join(t.TempDir(), "drill.record")
		out, said := writ(t, want, "--data", g.data, "break-glass", "drill", g.kit, "--by", "Ana Sol", "--by", "Ben Ito", "--reason", "spring",
			"--share", g.shares["E2"], "--share", g.shares["E6"], "--record", record)
		if strings.Contains(out+said, "Canary") {
			t.Error("a drill shows something")
		}
		var now breakglass.KitShown
		g.as("E5").get(one, &now)
		return now
	}
	if now := drill(exitOK); now.State != breakglass.Ready || now.Drilled == 0 || now.Failed || len(now.Opens) != 1 || !now.Opens[0].Drill || now.Opens[0].Approval != 0 ||
		!slices.Equal(now.Opens[0].Tried, []breakglass.Tried{{Secret: g.id, Opens: true}}) || now.Drill <= now.Drilled || now.Names[g.id.String()] == "" {
		t.Errorf("after a drill: %+v", now)
	}
	queue, err := g.node.rotate.Store.Queue(g.ctx, rotate.Query{})
	must(t, err)
	if caught := g.mail.Caught(); len(queue) != 0 || len(caught) != 0 {
		t.Errorf("a drill has %d secrets changed and mails %d times", len(queue), len(caught))
	}

	// Another value makes the kit stale; the next edition opens with the same shares.
	g.as("E5").want(http.StatusAccepted, "POST", "/v1/rotations", map[string]any{"secrets": []access.SecretID{g.id}, "reason": "a test"}, nil)
	g.finds(t, "break-glass-kit-stale")
	if now := drill(exitFailed); now.State != breakglass.Stale || !now.Failed || len(now.Opens) != 2 || len(now.Opens[0].Tried) != 1 || now.Opens[0].Tried[0].Opens {
		t.Errorf("after a drill of what has changed: %+v", now)
	}
	g.as("E5").want(http.StatusOK, "POST", one+"/renew", map[string]any{"reason": "a test"}, &k)
	must(t, os.WriteFile(g.kit, []byte(k.Kit), 0o600))
	if now := drill(exitOK); now.State != breakglass.Ready || now.Edition != 2 || now.Failed {
		t.Errorf("after a drill of the next edition: %+v", now)
	}

	// A leaver's share is dead: it is found.
	_, err = g.app.lifecycle().Emergency(policy.WithCaller(g.ctx, policy.Caller{Identity: g.identity("E3")}), g.identity("E2"), "a test")
	must(t, err)
	g.settle()
	g.finds(t, "break-glass-share-lost")
	g.as("E5").want(http.StatusOK, "POST", one+"/retire", map[string]any{"reason": "a test"}, nil)
}
