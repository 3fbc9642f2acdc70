package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

const (
	consumerColumns = `
select c.id, c.secret_id, c.name, c.hook, c.reader_id, c.owner_id, c.place, c.state,
       coalesce((select v.number from secret_version v where v.id = c.wants_id), 0), coalesce((select v.number from secret_version v where v.id = c.uses_id), 0),
       c.uses_since, c.due_since, c.told_at, c.next_at, c.attempts, c.code, c.error
  from secret_consumer c`
	allConsumers = consumerColumns + ` order by c.secret_id, c.place, c.name`
	consumersOf  = consumerColumns + ` where c.secret_id = $1 order by c.place, c.name`
	oneConsumer  = consumerColumns + ` where c.id = $1`

	consumerThere  = `select count(*), coalesce(sum(case when c.name = $2 then 1 else 0 end), 0) from secret_consumer c where c.secret_id = $1`
	insertConsumer = `insert into secret_consumer (id, secret_id, name, hook, reader_id, owner_id, place, state) values ($1, $2, $3, $4, $5, $6, $7, 'current')`

	changeConsumer = `update secret_consumer set name = $3, hook = $4, reader_id = $5, owner_id = $6, place = $7, next_at = $8 where id = $1 and secret_id = $2`
	nameElsewhere  = `select count(*) from secret_consumer c where c.secret_id = $1 and c.name = $2 and c.id <> $3`

	// tellOf has the consumers of a secret told of a version.
	tellOf = `
update secret_consumer set state = 'due', wants_id = $2, due_since = $3, told_at = 0, next_at = $3, attempts = 0, code = '', error = ''
 where secret_id = $1`
	tellOne = tellOf + ` and id = $4`

	// toTell are those that it is the turn of: all of a lower place have confirmed. Of what is
	// deleted nobody is told.
	toTell = `
select c.id from secret_consumer c
  join secret_version v on v.id = c.wants_id and v.state = 'current'
  join secret x on x.id = c.secret_id and x.until_set = 0 and x.state = 'live'
 where c.state <> 'current' and c.next_at <= $1
   and not exists (select 1 from secret_consumer e where e.secret_id = c.secret_id and e.place < c.place and e.state <> 'current')
 order by c.next_at, c.id limit $2`

	// haveRead are those that have read the version that they are told of.
	haveRead = `
select c.id, c.secret_id, c.wants_id from secret_consumer c
 where c.state <> 'current' and c.reader_id <> 0
   and exists (select 1 from secret_seen n where n.secret_id = c.secret_id and n.version_id = c.wants_id and n.identity_id = c.reader_id)
 order by c.next_at, c.id limit $1`

	confirmed = `
update secret_consumer set state = 'current', uses_id = wants_id, uses_since = $3, code = '', error = ''
 where id = $1 and wants_id = $2 and state <> 'current'`
	unconfirmed = `select count(*) from secret_consumer c where c.secret_id = $1 and c.state <> 'current'`
)

func scanConsumer(scan func(...any) error) (c rotate.Consumer, err error) {
	err = scan(&c.ID, &c.Secret, &c.Name, &c.Hook, &c.Reader, &c.Owner, &c.Place, &c.Stage, &c.Wants, &c.Uses,
		&c.Since, &c.Due, &c.ToldAt, &c.Next, &c.Attempts, &c.Code, &c.Error)
	return c, err
}

func (q *query) consumers(ctx context.Context, of access.SecretID) (list []rotate.Consumer, err error) {
	text, args := allConsumers, []any(nil)
	if of != 0 {
		text, args = consumersOf, []any{of}
	}
	err = q.each(ctx, text, args, func(scan func(...any) error) error {
		c, err := scanConsumer(scan)
		list = append(list, c)
		return err
	})
	return list, err
}

func (q *query) consumer(ctx context.Context, id access.ConsumerID) (rotate.Consumer, error) {
	c, err := scanConsumer(q.row(ctx, oneConsumer, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = rotate.ErrNoConsumer
	}
	return c, err
}

// Consumers implements rotate.ConsumerStore.
func (s Rotate) Consumers(ctx context.Context, of access.SecretID) (list []rotate.Consumer, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = q.consumers(ctx, of)
		return err
	})
	return list, err
}

// Consumer implements rotate.ConsumerStore.
func (s Rotate) Consumer(ctx context.Context, id access.ConsumerID) (c rotate.Consumer, err error) {
	err = s.db.read(ctx, func(q *query) error {
		c, err = q.consumer(ctx, id)
		return err
	})
	return c, err
}

// consumerFacts are what the log keeps of a consumer for ever.
func consumerFacts(c rotate.Consumer) map[string]string {
	return map[string]string{"secret": c.Secret.String(), "reader": c.Reader.String(), "owner": c.Owner.String(), "place": strconv.Itoa(c.Place)}
}

// AddConsumer implements rotate.ConsumerStore.
func (s Rotate) AddConsumer(ctx context.Context, c rotate.Consumer) (access.ConsumerID, error) {
	e := audit.Event{Action: "consumer.add", Facts: consumerFacts(c), Personal: map[string]string{"name": c.Name, "hook": c.Hook}}
	err := s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.liveSecret(ctx, c.Secret); err != nil {
			return err
		}
		var all, called int
		if err := t.row(ctx, consumerThere, c.Secret, c.Name).Scan(&all, &called); err != nil {
			return err
		}
		switch {
		case called > 0:
			return rotate.ErrConsumerName
		case all >= rotate.MaxConsumers:
			return rotate.ErrConsumer.With("a secret has up to %d consumers", rotate.MaxConsumers)
		}
		key, err := t.newKeys(ctx, access.KindConsumer, 1)
		if err != nil {
			return err
		}
		c.ID = access.ConsumerID(key)
		t.Event.Object = c.ID.Ref()
		if _, err := t.exec(ctx, insertConsumer, c.ID, c.Secret, c.Name, c.Hook, c.Reader, c.Owner, c.Place); err != nil {
			return err
		}
		var current access.VersionID
		err = t.row(ctx, `select v.id from secret_version v where v.secret_id = $1 and v.state = 'current'`, c.Secret).Scan(&current)
		if err == nil {
			_, err = t.exec(ctx, tellOne, c.Secret, current, t.At, c.ID)
		}
		if errors.Is(err, sql.ErrNoRows) {
			return nil // there is nothing to tell yet
		}
		return err
	})
	return c.ID, err
}

// ChangeConsumer implements rotate.ConsumerStore.
func (s Rotate) ChangeConsumer(ctx context.Context, c rotate.Consumer) error {
	e := audit.Event{Action: "consumer.change", Object: c.ID.Ref(), Facts: consumerFacts(c), Personal: map[string]string{"name": c.Name, "hook": c.Hook}}
	return s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.liveSecret(ctx, c.Secret); err != nil {
			return err
		}
		var called int
		if err := t.row(ctx, nameElsewhere, c.Secret, c.Name, c.ID).Scan(&called); err != nil {
			return err
		}
		if called > 0 {
			return rotate.ErrConsumerName
		}
		n, err := t.exec(ctx, changeConsumer, c.ID, c.Secret, c.Name, c.Hook, c.Reader, c.Owner, c.Place, t.At)
		if err == nil && n == 0 {
			err = rotate.ErrNoConsumer
		}
		return err
	})
}

// RemoveConsumer implements rotate.ConsumerStore.
func (s Rotate) RemoveConsumer(ctx context.Context, c rotate.Consumer) error {
	e := audit.Event{Action: "consumer.remove", Object: c.ID.Ref(), Facts: consumerFacts(c)}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, `delete from secret_consumer where id = $1 and secret_id = $2`, c.ID, c.Secret)
		if err != nil || n == 0 {
			return errors.Join(err, rotate.ErrNoConsumer)
		}
		return t.settled(ctx, c.Secret)
	})
}

// Confirm implements rotate.ConsumerStore.
func (s Rotate) Confirm(ctx context.Context, id access.ConsumerID, number int) error {
	e := audit.Event{Action: "consumer.confirm", Object: id.Ref(), Facts: map[string]string{"number": strconv.Itoa(number)}}
	return s.db.change(ctx, e, func(t *tx) error {
		c, err := t.consumer(ctx, id)
		switch {
		case err != nil:
			return err
		case c.Wants != number && (c.Wants != 0 || c.Uses != number):
			return rotate.ErrNotCurrent.With("the secret has version %d by now: read it again, then confirm", c.Wants)
		case c.Stage == rotate.InUse:
			return nil
		}
		var wants access.VersionID
		if err := t.row(ctx, `select c.wants_id from secret_consumer c where c.id = $1`, id).Scan(&wants); err != nil {
			return err
		}
		return t.keepUse(ctx, id, c.Secret, wants)
	})
}

// keepUse keeps that a consumer uses a version, where that is what it was told of still.
func (t *tx) keepUse(ctx context.Context, id access.ConsumerID, secret access.SecretID, version access.VersionID) error {
	n, err := t.exec(ctx, confirmed, id, version, t.At)
	if err != nil || n == 0 {
		return err
	}
	return t.settled(ctx, secret)
}

// settled lets the account that was live before a switch go, once nobody uses it any more.
func (t *tx) settled(ctx context.Context, id access.SecretID) error {
	var left int
	if err := t.row(ctx, unconfirmed, id).Scan(&left); err != nil || left > 0 {
		return err
	}
	n, err := t.exec(ctx, `update secret_pair set former_until = $2 where secret_id = $1 and former_until > $2`, id, t.At)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(ctx, `update secret_due set next_at = $2 where secret_id = $1 and state = 'due' and cause <> 'doubt' and next_at > $2`, id, t.At)
	return err
}

// sweepConsumers keeps that consumers use what they have read.
func (s Rotate) sweepConsumers(ctx context.Context) error {
	type read struct {
		id      access.ConsumerID
		secret  access.SecretID
		version access.VersionID
	}
	var list []read
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, haveRead, []any{sweepAtOnce}, func(scan func(...any) error) error {
			var r read
			defer func() { list = append(list, r) }()
			return scan(&r.id, &r.secret, &r.version)
		})
	})
	if err != nil || len(list) == 0 {
		return err
	}
	e := audit.Event{Action: "consumer.confirm", Facts: map[string]string{"consumers": strconv.Itoa(len(list)), "by": "read"}}
	if len(list) == 1 {
		e.Object = list[0].id.Ref()
	}
	return s.db.change(ctx, e, func(t *tx) error {
		for _, r := range list {
			if err := t.keepUse(ctx, r.id, r.secret, r.version); err != nil {
				return err
			}
		}
		return nil
	})
}

// NextTold implements rotate.ConsumerStore.
func (s Rotate) NextTold(ctx context.Context, most int) (list []access.ConsumerID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, toTell, []any{at, most}, func(scan func(...any) error) error {
			var id access.ConsumerID
			defer func() { list = append(list, id) }()
			return scan(&id)
		})
	})
	return list, err
}

// mailLate tells the owner of a consumer that it is late, once for a version.
func (t *tx) mailLate(ctx context.Context, c rotate.Consumer, secretName, why string) error {
	name, email, works, err := t.answers(ctx, c.Owner)
	if err != nil || !works || email == "" {
		return err
	}
	m, err := rotate.LateMail(c, secretName, why, notify.Recipient{Name: name, Address: email}, fmt.Sprintf("consumer/late/%s/%d", c.ID, c.Wants))
	if err != nil {
		return err
	}
	return t.mail(ctx, m, c.Owner)
}

const cutOff = `update secret_consumer set state = 'late', code = $2, error = $3 where secret_id = $1 and state <> 'current'`

// cutOff shows those who had not confirmed when what they may still use was changed.
func (t *tx) cutOff(ctx context.Context, id access.SecretID) error {
	const code, text = "consumer-cut-off", "it had not confirmed when its grace was over, and the account that it may have used was changed"
	list, err := t.consumers(ctx, id)
	if err != nil {
		return err
	}
	name, err := t.secretName(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Stage == rotate.InUse {
			continue
		}
		if err := t.mailLate(ctx, c, name, text); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, cutOff, id, code, text)
	return err
}

// secretName is what a secret is called, with its safe.
func (q *query) secretName(ctx context.Context, id access.SecretID) (name string, err error) {
	var safe string
	err = q.row(ctx, `select f.name, x.name from secret x join safe f on f.id = x.safe_id and f.until_set = 0 where x.id = $1 and x.until_set = 0`, id).Scan(&safe, &name)
	if errors.Is(err, sql.ErrNoRows) {
		err = vault.ErrNoSecret
	}
	return safe + "/" + name, err
}
