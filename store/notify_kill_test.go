package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/testkit"
)

// What tells a process of this test binary which store to send the mail of, and to whom.
const (
	killedMailStore  = "WRIT_TEST_MAIL_STORE"
	killedMailServer = "WRIT_TEST_MAIL_SERVER"
	killedMailRound  = "WRIT_TEST_MAIL_ROUND"
)

// TestSendsMailUntilKilled is the process that TestLesson27_AKillLosesNoMail kills: it puts
// mail into an outbox, says each key that was committed, and sends meanwhile.
func TestSendsMailUntilKilled(t *testing.T) {
	dir := os.Getenv(killedMailStore)
	if dir == "" {
		t.Skip("it is run by the test that kills it")
	}
	db := openStore(t, Config{Dir: dir})
	to, err := notify.New(notify.Config{Server: os.Getenv(killedMailServer), Security: notify.Clear, From: "writ@example.com", Origin: "https://writ.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	sending(t, db, to)
	for n := 0; ; n++ {
		key := fmt.Sprintf("kill/%s/%d", os.Getenv(killedMailRound), n)
		err := db.change(asTester(t.Context()), audit.Event{Action: "test.mail"}, func(t *tx) error {
			return t.mail(context.Background(), mailTo(key, "zoe@example.com"))
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintln(os.Stdout, "committed", key)
	}
}

// A kill at any moment loses no mail. What was being sent may arrive twice, as the same.
func TestLesson27_AKillLosesNoMail(t *testing.T) {
	server := testkit.Mail(t)
	dir := t.TempDir()
	committed := map[string]bool{}
	rounds := testkit.Rounds(2, 6, 50)
	for round := range rounds {
		for _, key := range killedWhileSending(t, dir, server, round) {
			committed[key] = true
		}
	}
	if len(committed) < rounds {
		t.Fatalf("only %d mails", len(committed))
	}
	db := openStore(t, Config{Dir: dir})
	if err := endLeases(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.w.Exec(`update mail set next_at = 0 where state <> 'sent'`); err != nil { // as time would
		t.Fatal(err)
	}
	sending(t, db, mailSender(t, server))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for waiting := int64(1); waiting > 0; {
		f, err := db.Figures(ctx)
		if err != nil || f.MailDead > 0 {
			t.Fatalf("%+v, %v", f, err)
		}
		waiting = f.MailWaiting
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			t.Fatalf("%d mails are not sent: %v", waiting, err)
		}
	}
	copies, ids := map[string]int{}, map[string]string{}
	for _, c := range server.Caught() {
		key := strings.TrimPrefix(c.Header("Subject"), "About ")
		if id := c.Header("Message-Id"); ids[key] != "" && ids[key] != id {
			t.Errorf("%s was sent as %s and as %s", key, ids[key], id)
		}
		ids[key] = c.Header("Message-Id")
		copies[key]++
	}
	twice := 0
	for key := range committed {
		if copies[key] == 0 {
			t.Errorf("%s was lost", key)
		}
		twice += max(copies[key], 1) - 1
	}
	if twice > rounds {
		t.Errorf("%d mails were sent twice, with %d kills", twice, rounds)
	}
	t.Logf("%d mails, %d kills, %d sent twice", len(committed), rounds, twice)
}

// killedWhileSending runs the process, kills it after a random mail, and returns the keys
// that it said were committed.
func killedWhileSending(t *testing.T, dir string, server *testkit.MailServer, round int) (keys []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSendsMailUntilKilled$", "-test.v") //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), killedMailStore+"="+dir, killedMailServer+"="+server.Clear, fmt.Sprintf("%s=%d", killedMailRound, round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It is killed when the server has taken a mail and not yet said so, or when it has
	// committed one, whatever it sends at that moment.
	taken, said := len(server.Caught())+1+rand.IntN(20), 1+rand.IntN(60)
	ctx, cancel := context.WithCancel(t.Context())
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		if round%2 == 0 {
			_, _ = server.Wait(ctx, func(c []testkit.Caught) bool { return len(c) >= taken })
		} else {
			<-ctx.Done()
		}
		_ = cmd.Process.Kill()
	}()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if key, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
			keys = append(keys, key)
		}
		if round%2 == 1 && len(keys) >= said {
			cancel()
		}
	}
	cancel()
	<-killed
	if err := cmd.Wait(); err == nil {
		t.Fatal("it ended by itself")
	}
	return keys
}
