package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/notify"
)

// Mail is the outbox: mail is put there in the transaction of what causes it, and waits
// there until a mail server took it.
type Mail struct{ db *DB }

// Mail returns the outbox.
func (db *DB) Mail() Mail { return Mail{db} }

const (
	insertMail = `
insert into mail (id, key, name, address, subject, body, state, tries_left, at, next_at, ended_at, code, error)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12)
on conflict (key) do nothing`
	insertMailPerson = `
insert into mail_person (identity_id, mail_id) values ($1, $2) on conflict do nothing`
)

// mail puts a message into the outbox, as part of what this transaction does. Under a key
// that has been used nothing is added. About are whom it goes to and tells about: what it
// says goes when one of them is erased. An address that is none does not undo what caused
// the mail: it lies there dead, for a person to see.
func (t *tx) mail(ctx context.Context, m notify.Message, about ...access.IdentityID) error {
	if err := m.Check(); err != nil {
		return err
	}
	key, err := t.newKeys(ctx, access.KindMail, 1)
	if err != nil {
		return err
	}
	state, code, says := notify.Waiting, "", ""
	var ended access.Time
	if err := notify.CheckAddress(m.To.Address); err != nil {
		state, code, says, ended = notify.Dead, notify.ErrAddress.Code, err.Error(), t.At
	}
	n, err := t.exec(ctx, insertMail, key, m.Key, m.To.Name, m.To.Address, m.Subject, m.Body, state, notify.Tries, t.At, ended, code, says)
	if err != nil {
		return fmt.Errorf("putting mail %s into the outbox: %w", m.Key, err)
	}
	if n == 0 {
		return nil
	}
	t.mails = append(t.mails, access.MailID(key))
	for _, who := range about {
		if _, err := t.exec(ctx, insertMailPerson, who, key); err != nil {
			return err
		}
	}
	return nil
}

// mailFacts tell in a record what mail the change has caused.
func mailFacts(mails []access.MailID) map[string]string {
	if len(mails) == 0 {
		return nil
	}
	facts := map[string]string{"mails": strconv.Itoa(len(mails))}
	if len(mails) == 1 {
		facts["mail"] = mails[0].String()
	}
	return facts
}

// Test puts a mail into the outbox that a person asked for, to see one arrive.
func (s Mail) Test(ctx context.Context, m notify.Message) (id access.MailID, err error) {
	err = s.db.change(ctx, audit.Event{Action: "mail.test"}, func(t *tx) error {
		if err := t.mail(ctx, m); err != nil {
			return err
		}
		if len(t.mails) == 0 {
			return notify.ErrEnded
		}
		id = t.mails[0]
		t.Event.Object = id.Ref()
		return nil
	})
	return id, err
}

const (
	mailColumns = `
select id, key, name, address, subject, state, attempts, at, case when state in ('waiting', 'failed') then next_at else 0 end, ended_at, code, error
  from mail`
	listMails   = mailColumns + ` where id < $1 order by id desc limit $2`
	listInState = mailColumns + ` where id < $1 and state = $3 order by id desc limit $2`
	selectMail  = mailColumns + ` where id = $1`
)

func scanMail(scan func(...any) error) (m notify.Kept, key access.MailID, err error) {
	var at, next, ended access.Time
	err = scan(&key, &m.Key, &m.To.Name, &m.To.Address, &m.Subject, &m.State, &m.Attempts, &at, &next, &ended, &m.Code, &m.Error)
	m.ID, m.At = key.String(), at.Time()
	if next != 0 {
		m.Next = next.Time()
	}
	if ended != 0 {
		m.Ended = ended.Time()
	}
	return m, key, err
}

// Mails implements notify.Outbox.
func (s Mail) Mails(ctx context.Context, f notify.Filter) (list []notify.Kept, next int64, err error) {
	if f.First <= 0 {
		f.First = 100
	}
	if f.Before == 0 {
		f.Before = math.MaxInt64
	}
	text, args := listMails, []any{f.Before, f.First + 1}
	if f.State != "" {
		text, args = listInState, append(args, f.State)
	}
	var last access.MailID
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			m, key, err := scanMail(scan)
			if len(list) == f.First {
				next = int64(last)
				return err
			}
			list, last = append(list, m), key
			return err
		})
	})
	return list, next, err
}

// One returns a mail of the outbox.
func (s Mail) One(ctx context.Context, id access.MailID) (m notify.Kept, err error) {
	err = s.db.read(ctx, func(q *query) error {
		m, _, err = scanMail(q.row(ctx, selectMail, id).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return m, notify.ErrNoMail
	}
	return m, err
}

const (
	retryMail = `
update mail set state = 'waiting', tries_left = $2, next_at = $3, ended_at = 0
 where id = $1 and state in ('waiting', 'failed', 'dead') and body <> ''`
	cancelMail = `
update mail set state = 'cancelled', ended_at = $2 where id = $1 and state in ('waiting', 'failed', 'dead')`
	thereIsMail = `select count(*) from mail where id = $1`
)

// Retry has a mail tried again at once, and as often as a new one.
func (s Mail) Retry(ctx context.Context, id access.MailID) error {
	return s.decide(ctx, "mail.retry", id, func(t *tx) (int64, error) {
		return t.exec(ctx, retryMail, id, notify.Tries, t.At)
	})
}

// Cancel keeps a mail from being sent. One that is being sent at this moment may go out.
func (s Mail) Cancel(ctx context.Context, id access.MailID) error {
	return s.decide(ctx, "mail.cancel", id, func(t *tx) (int64, error) {
		return t.exec(ctx, cancelMail, id, t.At)
	})
}

func (s Mail) decide(ctx context.Context, action string, id access.MailID, do func(t *tx) (int64, error)) error {
	return s.db.change(ctx, audit.Event{Action: action, Object: id.Ref()}, func(t *tx) error {
		n, err := do(t)
		if err != nil || n > 0 {
			return err
		}
		var there int
		if err := t.row(ctx, thereIsMail, id).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return notify.ErrNoMail
		}
		return notify.ErrEnded
	})
}

// What goes of a mail whose texts are no longer kept; its key stays.
const noTexts = `name = '', address = '', subject = '', body = '', error = ''`

const (
	forgetMails = `
update mail set ` + noTexts + `
 where id in (select id from mail where ended_at <> 0 and body <> '' and ended_at < $1
                 and (state <> 'dead' or ended_at < $2) order by ended_at limit $3)`
	eraseMails = `
update mail set ` + noTexts + `,
       state = case when state in ('waiting', 'failed') then 'cancelled' else state end,
       ended_at = case when ended_at = 0 then $2 else ended_at end
 where id in (select mail_id from mail_person where identity_id = $1) and body <> ''`
	lonelyMailPersons = `
delete from mail_person where mail_id in (select p.mail_id from mail_person p join mail m on m.id = p.mail_id where m.body = '')`
)

const mailsPerSweep = 1000

// Forget takes the texts of mails away that ended a while ago, and returns how many
// there were.
func (s Mail) Forget(ctx context.Context) (n int64, err error) {
	err = s.db.change(ctx, audit.Event{Action: "mail.forget"}, func(t *tx) error {
		sent, dead := before(t.At, notify.SentKept), before(t.At, notify.DeadKept)
		if n, err = t.exec(ctx, forgetMails, sent, dead, mailsPerSweep); err != nil {
			return err
		}
		if n == 0 {
			return errNothingDue
		}
		t.Event.Facts = map[string]string{"forgotten": strconv.FormatInt(n, 10)}
		_, err := t.exec(ctx, lonelyMailPersons)
		return err
	})
	if err == errNothingDue { //nolint:errorlint // it is returned as it is
		return 0, nil
	}
	return n, err
}

func before(at access.Time, d time.Duration) access.Time { return at - access.Time(d.Microseconds()) }

// eraseMail takes away what mails say that go to somebody or tell about them. What waits
// is not sent any more.
func (t *tx) eraseMail(ctx context.Context, who access.IdentityID) error {
	if _, err := t.exec(ctx, eraseMails, who, t.At); err != nil {
		return err
	}
	_, err := t.exec(ctx, `delete from mail_person where identity_id = $1`, who)
	return err
}
