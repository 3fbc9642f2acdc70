package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/notify"
)

// A Mailer gives a message to a mail server; *notify.Sender is one.
type Mailer interface {
	Send(ctx context.Context, m notify.Message) error
}

const (
	mailLease = "mail"
	// mailTTL is longer than a mail takes: whoever sends one keeps the lease meanwhile.
	mailTTL = 2 * notify.SendTimeout
	// mailPoll is how long mail can lie that another process put there.
	mailPoll = 2 * time.Second
	// serverRest is how long a server is left alone that does not take mail.
	serverRest, longestRest = 5 * time.Second, 5 * time.Minute
	// lastWord is how long a mail that is being sent may still take when the node stops.
	lastWord = 5 * time.Second
)

// outgoing is this process's part in sending: the lease says whether it may.
type outgoing struct {
	db    *DB
	lease *lease
	rest  time.Duration // 0 where the server took the last mail
}

// Run sends what is due until ctx ends. Any number of nodes may run it: one has the
// lease. A mail's try is counted before it is sent, and what came of it is kept under
// that count: a node that dies in between has it sent again after a pause, under the
// same Message-ID; it is never lost.
func (s Mail) Run(ctx context.Context, to Mailer) error {
	o := &outgoing{db: s.db}
	defer o.end(context.WithoutCancel(ctx))
	for ctx.Err() == nil {
		due := s.db.seq.due.Rung()
		err := o.pass(ctx, to)
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrLeased) && !errors.Is(err, ErrFenced) {
			slog.ErrorContext(ctx, "sending mail", "error", err)
			o.rests()
		}
		pauseMail(ctx, due, o.rest)
	}
	return nil
}

// pauseMail waits for something new, or for what becomes due; where the server rests,
// for that alone.
func pauseMail(ctx context.Context, due <-chan struct{}, rest time.Duration) {
	if rest > 0 {
		due = nil
	}
	timer := time.NewTimer(max(rest, mailPoll))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-due:
	case <-timer.C:
	}
}

func (o *outgoing) rests() { o.rest = min(max(2*o.rest, serverRest), longestRest) }

// pass sends what is due, one mail after the other, until the server takes no more.
func (o *outgoing) pass(ctx context.Context, to Mailer) error {
	for ctx.Err() == nil {
		m, err := o.claim(ctx)
		if err != nil || m == nil {
			return err
		}
		sent := o.send(ctx, to, m.Message)
		if err := o.keep(context.WithoutCancel(ctx), m, sent); err != nil {
			return err
		}
		if sent != nil && !notify.Lasting(sent) && !errors.Is(sent, notify.ErrLater) {
			slog.WarnContext(ctx, "the mail server takes no mail", "error", sent)
			o.rests()
			return nil
		}
		o.rest = 0
	}
	return nil
}

// send gives one mail to the server. A node that stops lets it end, for a moment.
func (o *outgoing) send(ctx context.Context, to Mailer, m notify.Message) error {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), notify.SendTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		pause(sending, lastWord) //nolint:errcheck // it ends either way
		cancel()
	})()
	return to.Send(sending, m)
}

// claimed is a mail that is being sent.
type claimed struct {
	notify.Message
	id       access.MailID
	attempts int64
	left     int64
}

const (
	anyMailDue = `select count(*) from (select 1 from mail where state in ('waiting', 'failed') and next_at <= $1 limit 1) due`
	nextMail   = `
select id, key, name, address, subject, body, attempts, tries_left
  from mail where state in ('waiting', 'failed') and next_at <= $1 order by next_at, id limit 1`
	tryMail = `update mail set attempts = attempts + 1, tries_left = tries_left - 1, next_at = $2 where id = $1`
)

// claim counts a try of the next mail that is due, which is not due then for a pause.
func (o *outgoing) claim(ctx context.Context) (m *claimed, err error) {
	now := access.Time(o.db.clock.read(o.db.nowFn()))
	var due int
	if err := o.db.read(ctx, func(q *query) error { return q.row(ctx, anyMailDue, now).Scan(&due) }); err != nil || due == 0 {
		return nil, err
	}
	if o.lease == nil {
		l, err := o.db.takeLease(ctx, mailLease, mailTTL)
		if err != nil {
			return nil, err
		}
		o.lease = l
	}
	err = o.db.bookkeep(ctx, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		next := &claimed{}
		err := t.row(ctx, nextMail, now).Scan(&next.id, &next.Key, &next.To.Name, &next.To.Address, &next.Subject, &next.Body, &next.attempts, &next.left)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		next.attempts++
		next.left--
		m = next
		_, err = t.exec(ctx, tryMail, next.id, now+access.Time(notify.Pause(notify.Tries-int(next.left)).Microseconds()))
		return err
	})
	if errors.Is(err, ErrFenced) {
		o.lease = nil
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// keep keeps what came of a try. The server has the mail, or has said no: until that is
// kept nothing else is sent, for it would be sent again.
func (o *outgoing) keep(ctx context.Context, m *claimed, sent error) error {
	ctx, cancel := context.WithTimeout(ctx, mailTTL)
	defer cancel()
	for {
		err := o.result(ctx, m, sent)
		if err == nil || errors.Is(err, errNothingDue) {
			return nil
		}
		slog.ErrorContext(ctx, "keeping what became of a mail", "mail", m.id, "error", err)
		if pause(ctx, time.Second) != nil {
			return err
		}
	}
}

const (
	// What another try has begun of since is not this one's to say; what was sent was
	// sent, also where somebody cancelled it meanwhile.
	sentMail = `update mail set state = 'sent', ended_at = $3, code = '', error = '' where id = $1 and attempts = $2 and state <> 'sent'`
	deadMail = `
update mail set state = 'dead', ended_at = $3, code = $4, error = $5 where id = $1 and attempts = $2 and state in ('waiting', 'failed')`
	failedMail = `
update mail set state = 'failed', code = $3, error = $4 where id = $1 and attempts = $2 and state in ('waiting', 'failed')`
)

func (o *outgoing) result(ctx context.Context, m *claimed, sent error) error {
	facts := map[string]string{"attempts": strconv.FormatInt(m.attempts, 10)}
	if sent == nil {
		return o.ended(ctx, "mail.sent", m, facts, func(t *tx) (int64, error) {
			return t.exec(ctx, sentMail, m.id, m.attempts, t.At)
		})
	}
	code := notify.ErrServer.Code
	if f, ok := errors.AsType[*fault.Error](sent); ok {
		code = f.Code
	}
	if m.left > 0 && !notify.Lasting(sent) {
		return o.db.bookkeep(ctx, func(t *tx) error {
			_, err := t.exec(ctx, failedMail, m.id, m.attempts, code, sent.Error())
			return err
		})
	}
	facts["code"] = code
	return o.ended(ctx, "mail.dead", m, facts, func(t *tx) (int64, error) {
		return t.exec(ctx, deadMail, m.id, m.attempts, t.At, code, sent.Error())
	})
}

func (o *outgoing) ended(ctx context.Context, action string, m *claimed, facts map[string]string, do func(t *tx) (int64, error)) error {
	return o.db.change(ctx, audit.Event{Action: action, Object: m.id.Ref(), Facts: facts}, func(t *tx) error {
		n, err := do(t)
		if err == nil && n == 0 {
			return errNothingDue
		}
		return err
	})
}

// end gives the lease back. If it cannot be given back now it ends by itself.
func (o *outgoing) end(ctx context.Context) {
	if l := o.lease; l != nil {
		_ = o.db.bookkeep(ctx, func(t *tx) error { return l.end(ctx, t) })
	}
}
