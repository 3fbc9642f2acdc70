package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/testkit"
)

// mailTo is a message that tests send.
func mailTo(key, address string) notify.Message {
	return notify.Message{Key: key, To: notify.Recipient{Name: "Zoë", Address: address}, Subject: "About " + key, Body: "Something about somebody.\n"}
}

// mailed puts messages into the outbox with a change of their own.
func mailed(t *testing.T, db *DB, about access.IdentityID, list ...notify.Message) []access.MailID {
	t.Helper()
	var ids []access.MailID
	err := db.change(asTester(t.Context()), audit.Event{Action: "test.mail"}, func(t *tx) error {
		for _, m := range list {
			if err := t.mail(context.Background(), m, about); err != nil {
				return err
			}
		}
		ids = t.mails
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func mailSender(t *testing.T, server *testkit.MailServer) *notify.Sender {
	t.Helper()
	s, err := notify.New(notify.Config{Server: server.Clear, Security: notify.Clear, From: "writ@example.com", Origin: "https://writ.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sending runs the outbox until the test, or stop, ends it.
func sending(t *testing.T, db *DB, to Mailer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(asTester(context.Background()))
	done := make(chan error, 1)
	go func() { done <- db.Mail().Run(ctx, to) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// reached waits until a mail is in a state.
func reached(t *testing.T, db *DB, id access.MailID, state notify.State) notify.Kept {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		due := db.seq.due.Rung()
		m, err := db.Mail().One(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if m.State == state {
			return m
		}
		timer := time.NewTimer(20 * time.Millisecond) // a failed try is no change of its own
		select {
		case <-ctx.Done():
			t.Fatalf("%s is %s, not %s: %s", id, m.State, state, m.Error)
		case <-due:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func records(t *testing.T, db *DB, action string) []audit.Entry {
	t.Helper()
	page, err := db.Audit().List(t.Context(), audit.Filter{Actions: []string{action}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

func TestMailIsSentOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		server := testkit.Mail(t)
		first := mailed(t, db, 7, mailTo("a/1", "zoe@example.com"), mailTo("a/2", "ana@example.com"))
		if again := mailed(t, db, 7, mailTo("a/1", "other@example.com")); len(first) != 2 || len(again) != 0 {
			t.Fatalf("%v, then %v", first, again)
		}
		if list, _, err := db.Mail().Mails(t.Context(), notify.Filter{State: notify.Waiting, First: 10}); err != nil || len(list) != 2 {
			t.Fatalf("without a sender they wait: %+v, %v", list, err)
		}
		sending(t, db, mailSender(t, server))
		for _, id := range first {
			if m := reached(t, db, id, notify.Sent); m.Attempts != 1 || m.Ended.IsZero() || m.Error != "" || !m.Next.IsZero() {
				t.Errorf("%+v", m)
			}
		}
		var to []string
		for _, c := range server.Caught() {
			to = append(to, c.To)
		}
		if slices.Sort(to); fmt.Sprint(to) != "[ana@example.com zoe@example.com]" {
			t.Errorf("sent to %v", to)
		}
		// The record has ids and counts.
		if got := records(t, db, "mail.sent"); len(got) != 2 || got[0].AllFacts()["attempts"] != "1" || got[0].Object.Kind != access.KindMail || len(got[0].Personal) > 0 {
			t.Errorf("%+v", got)
		}
		put := records(t, db, "test.mail")
		if len(put) != 2 || put[1].AllFacts()["mails"] != "2" || len(put[0].AllFacts()) != 0 {
			t.Errorf("%+v", put)
		}
	})
}

// Nothing is left of a mail whose cause was undone.
func TestMailGoesWithItsCause(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		undone := errors.New("undone")
		err := db.change(asTester(t.Context()), audit.Event{Action: "test.mail"}, func(t *tx) error {
			return errors.Join(t.mail(context.Background(), mailTo("a/1", "zoe@example.com"), 7), undone)
		})
		list, _, listErr := db.Mail().Mails(t.Context(), notify.Filter{First: 10})
		if !errors.Is(err, undone) || listErr != nil || len(list) != 0 {
			t.Errorf("%v, %v, %v", list, err, listErr)
		}
		bad := mailTo("a/1", "zoe@example.com")
		bad.Subject = "a\r\nBcc: x@example.com"
		err = db.change(asTester(t.Context()), audit.Event{Action: "test.mail"}, func(t *tx) error { return t.mail(context.Background(), bad) })
		if !errors.Is(err, notify.ErrMessage) {
			t.Errorf("a header in a subject: %v", err)
		}
	})
}

func TestWhatBecomesOfAMailThatIsNotTaken(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		watch := &stopwatch{time.Now()}
		var mu sync.Mutex
		cfg := fresh(t)
		cfg.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return watch.now()
		}
		later := func(d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			watch.at = watch.at.Add(d)
		}
		db := openStore(t, cfg)
		server := testkit.Mail(t)
		server.Fail(testkit.MailFaults{Refuse: "gone@example.com", Later: true})
		ids := mailed(t, db, 7, mailTo("a/1", "gone@example.com"), mailTo("a/2", "busy@example.com"), mailTo("a/3", "nobody"))
		if m := reached(t, db, ids[2], notify.Dead); m.Code != notify.ErrAddress.Code || m.Attempts != 0 {
			t.Errorf("an address that is none: %+v", m)
		}
		sending(t, db, mailSender(t, server))
		if m := reached(t, db, ids[0], notify.Dead); m.Code != notify.ErrRefused.Code || !strings.Contains(m.Error, "nobody of that name") || m.Attempts != 1 {
			t.Errorf("refused for good: %+v", m)
		}
		if got := records(t, db, "mail.dead"); len(got) != 1 || got[0].AllFacts()["code"] != notify.ErrRefused.Code {
			t.Errorf("%+v", got)
		}
		m := reached(t, db, ids[1], notify.Failed)
		if m.Code != notify.ErrLater.Code || m.Attempts != 1 || m.Next.Sub(m.At) < notify.Pause(1) {
			t.Errorf("refused for now: %+v", m)
		}
		if f, err := db.Figures(t.Context()); err != nil || f.MailWaiting != 1 || f.MailDead != 2 {
			t.Errorf("%+v, %v", f, err)
		}
		server.Fail(testkit.MailFaults{})
		later(notify.Pause(1))
		if m := reached(t, db, ids[1], notify.Sent); m.Attempts != 2 {
			t.Errorf("tried again: %+v", m)
		}
		ctx := asTester(t.Context())
		if err := db.Mail().Retry(ctx, ids[0]); err != nil {
			t.Fatal(err)
		}
		if m := reached(t, db, ids[0], notify.Sent); m.Attempts != 2 {
			t.Errorf("a person had it tried again: %+v", m)
		}
		for _, err := range []error{db.Mail().Retry(ctx, ids[0]), db.Mail().Cancel(ctx, ids[0])} {
			if !errors.Is(err, notify.ErrEnded) {
				t.Errorf("it was sent: %v", err)
			}
		}
		if err := db.Mail().Cancel(ctx, 4711); !errors.Is(err, notify.ErrNoMail) {
			t.Errorf("there is none: %v", err)
		}
	})
}

// A mail is given up in the end, which takes days, and is there to be seen.
func TestAMailIsGivenUp(t *testing.T) {
	var all time.Duration
	for n := range notify.Tries {
		all += notify.Pause(n + 1)
	}
	if all < 4*24*time.Hour || all > 7*24*time.Hour {
		t.Errorf("after %s", all)
	}
	db := openStore(t, emptySQLite(t))
	ids := mailed(t, db, 7, mailTo("a/1", "zoe@example.com"))
	o := &outgoing{db: db}
	defer o.end(t.Context())
	for n := range notify.Tries {
		if _, err := db.w.Exec(`update mail set next_at = 0`); err != nil {
			t.Fatal(err)
		}
		m, err := o.claim(t.Context())
		if err != nil || m == nil {
			t.Fatalf("try %d: %v, %v", n+1, m, err)
		}
		if err := o.keep(asTester(t.Context()), m, notify.ErrServer); err != nil {
			t.Fatal(err)
		}
	}
	m, err := db.Mail().One(t.Context(), ids[0])
	if err != nil || m.State != notify.Dead || m.Attempts != notify.Tries || m.Code != notify.ErrServer.Code {
		t.Errorf("%+v, %v", m, err)
	}
}

// hanging is a server that takes a mail and never answers, until it is let go.
type hanging struct{ begun, end chan struct{} }

func (h hanging) Send(ctx context.Context, _ notify.Message) error {
	h.begun <- struct{}{}
	select {
	case <-h.end:
	case <-ctx.Done():
	}
	return notify.ErrServer
}

// While a mail server hangs everything else goes on: changes, more mail, and stopping.
func TestLesson27_AHangingMailServerHoldsNothingUp(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	h := hanging{make(chan struct{}, 10), make(chan struct{})}
	stop := sending(t, db, h)
	ids := mailed(t, db, 7, mailTo("a/1", "zoe@example.com"))
	<-h.begun
	ids = append(ids, mailed(t, db, 7, mailTo("a/2", "zoe@example.com"))...)
	if err := db.Mail().Cancel(asTester(t.Context()), ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Sequence(asTester(t.Context())); err != nil {
		t.Fatal(err)
	}
	close(h.end)
	stop()
	if m := reached(t, db, ids[0], notify.Cancelled); m.Attempts != 1 {
		t.Errorf("cancelled while it was sent, and not: %+v", m)
	}
}

// One node sends; another waits for it, and goes on where it stopped.
func TestOneNodeSends(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		cfg := fresh(t)
		db := openStore(t, cfg)
		cfg.Beside = true
		other := openStore(t, cfg)
		ids := mailed(t, db, 7, mailTo("a/1", "zoe@example.com"), mailTo("a/2", "ana@example.com"))
		one, two := &outgoing{db: db}, &outgoing{db: other}
		m, err := one.claim(t.Context())
		if err != nil || m == nil || m.id != ids[0] {
			t.Fatalf("%+v, %v", m, err)
		}
		if got, err := two.claim(t.Context()); !errors.Is(err, ErrLeased) {
			t.Fatalf("%+v, %v", got, err)
		}
		if err := endLeases(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		next, err := two.claim(t.Context())
		if err != nil || next == nil || next.id != ids[1] {
			t.Fatalf("what another sends is not due: %+v, %v", next, err)
		}
		if got, err := one.claim(t.Context()); err != nil || got != nil {
			t.Errorf("nothing is due: %+v, %v", got, err)
		}
		// It has lost the lease, and yet it alone knows what became of its mail.
		if err := one.keep(asTester(t.Context()), m, nil); err != nil {
			t.Fatal(err)
		}
		reached(t, db, ids[0], notify.Sent)
		one.end(t.Context())
		two.end(t.Context())
	})
}

func TestWhatMailSaysGoes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		watch := &stopwatch{time.Now()}
		cfg := fresh(t)
		cfg.Now = watch.now
		db := openStore(t, cfg)
		ctx := asTester(t.Context())
		ids := mailed(t, db, 7, mailTo("a/1", "zoe@example.com"), mailTo("a/2", "nobody"), mailTo("a/3", "zoe@example.com"))
		other := mailed(t, db, 8, mailTo("b/1", "ana@example.com"))
		if err := db.Mail().Cancel(ctx, ids[0]); err != nil {
			t.Fatal(err)
		}
		texts := func() (list []string) {
			for _, id := range append(slices.Clone(ids), other...) {
				m, err := db.Mail().One(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, m.To.Address+m.To.Name+m.Subject+m.Error)
			}
			return list
		}
		gone := func(want ...bool) {
			t.Helper()
			for i, text := range texts() {
				if (text == "") != want[i] {
					t.Errorf("mail %d: %q", i, text)
				}
			}
		}
		forget := func(d time.Duration, want int64) {
			t.Helper()
			watch.at = watch.at.Add(d)
			if n, err := db.Mail().Forget(ctx); err != nil || n != want {
				t.Errorf("%d forgotten, %v", n, err)
			}
		}
		forget(notify.SentKept-time.Hour, 0)
		gone(false, false, false, false)
		forget(2*time.Hour, 1)
		gone(true, false, false, false)
		forget(notify.DeadKept-notify.SentKept, 1)
		gone(true, true, false, false)
		// Whoever is erased is erased here too, and what waits about them is not sent.
		if _, err := db.Audit().Erase(ctx, 7); err != nil {
			t.Fatal(err)
		}
		gone(true, true, true, false)
		reached(t, db, ids[2], notify.Cancelled)
		reached(t, db, other[0], notify.Waiting)
		if err := db.Mail().Retry(ctx, ids[1]); !errors.Is(err, notify.ErrEnded) {
			t.Errorf("there is nothing left to send: %v", err)
		}
		if again := mailed(t, db, 7, mailTo("a/1", "zoe@example.com")); len(again) != 0 {
			t.Error("its key was used, and is again")
		}
		var n int
		if err := db.r.QueryRow(`select count(*) from mail_person`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d persons of mails, %v", n, err)
		}
	})
}

func TestMailsByPage(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		var list []notify.Message
		for n := range 5 {
			list = append(list, mailTo(fmt.Sprintf("a/%d", n), "zoe@example.com"))
		}
		mailed(t, db, 7, list...)
		var seen []string
		for f := (notify.Filter{First: 2}); ; {
			page, next, err := db.Mail().Mails(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				seen = append(seen, m.Key)
			}
			if next == 0 {
				break
			}
			f.Before = next
		}
		if want := "[a/4 a/3 a/2 a/1 a/0]"; fmt.Sprint(seen) != want {
			t.Errorf("%v", seen)
		}
	})
}
