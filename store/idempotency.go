package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/writhq/writ/internal/once"
)

// Idempotency keeps what was answered to requests that may come again.
type Idempotency struct{ db *DB }

// Idempotency returns the store of such answers.
func (db *DB) Idempotency() Idempotency { return Idempotency{db} }

const (
	forgetKey = `delete from idempotency where key = $1 and at < $2`
	countKeys = `select count(*) from (select 1 from idempotency where who = $1 limit $2) keys`
	insertKey = `insert into idempotency (key, who, request, at) values ($1, $2, $3, $4) on conflict (key) do nothing`
	selectKey = `select request, at, status, header, body from idempotency where key = $1`
	answerKey = `update idempotency set status = $1, header = $2, body = $3 where key = $4 and status = 0`
	dropKey   = `delete from idempotency where key = $1 and status = 0`
	oldKeys   = `delete from idempotency where key in (select key from idempotency where at < $1 order by at limit $2)`
)

// Begin notes that a request runs under a key, or says what came of the one that did.
// Of two at once one begins: the row is who was first.
func (s Idempotency) Begin(ctx context.Context, who int64, key, request string) (a once.Answer, ran bool, err error) {
	now := s.db.clock.read(s.db.nowFn())
	err = s.db.bookkeep(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, forgetKey, key, now-once.Lasts.Microseconds()); err != nil {
			return err
		}
		n, err := t.exec(ctx, insertKey, key, who, request, now)
		if err != nil {
			return err
		}
		if n == 0 {
			ran = true
			a, err = t.answered(ctx, key, request, now)
			return err
		}
		var has int
		if err := t.row(ctx, countKeys, who, once.MaxKeys+1).Scan(&has); err != nil {
			return err
		}
		if has > once.MaxKeys {
			return once.ErrMany
		}
		return nil
	})
	if err != nil {
		return a, ran, fmt.Errorf("looking for an earlier request: %w", err)
	}
	return a, ran, nil
}

func (t *tx) answered(ctx context.Context, key, request string, now int64) (a once.Answer, err error) {
	var was, header string
	var at int64
	err = t.row(ctx, selectKey, key).Scan(&was, &at, &a.Status, &header, &a.Body)
	switch {
	case errors.Is(err, sql.ErrNoRows): // it was given back just now
		return a, once.ErrRunning
	case err != nil:
		return a, err
	case was != request:
		return a, once.ErrOther
	case a.Status == 0 && now-at < once.Runs.Microseconds():
		return a, once.ErrRunning
	case a.Status == 0:
		return a, once.ErrUnknown
	case header == "":
		a.Withheld = true
		return a, nil
	}
	return a, json.Unmarshal([]byte(header), &a.Header)
}

// Done keeps what was answered.
func (s Idempotency) Done(ctx context.Context, key string, a once.Answer) error {
	var header string
	if !a.Withheld {
		text, err := json.Marshal(a.Header)
		if err != nil {
			return err
		}
		header = string(text)
	} else {
		a.Body = nil
	}
	return s.db.bookkeep(ctx, func(t *tx) error {
		_, err := t.exec(ctx, answerKey, a.Status, header, a.Body, key)
		return err
	})
}

// Drop gives a key back: nothing was done under it.
func (s Idempotency) Drop(ctx context.Context, key string) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		_, err := t.exec(ctx, dropKey, key)
		return err
	})
}

const keysPerSweep = 1000

// Sweep forgets what is older than a day, and returns how many there were.
func (s Idempotency) Sweep(ctx context.Context) (n int64, err error) {
	before := s.db.clock.read(s.db.nowFn()) - once.Lasts.Microseconds()
	for {
		var gone int64
		err = s.db.bookkeep(ctx, func(t *tx) error {
			gone, err = t.exec(ctx, oldKeys, before, keysPerSweep)
			return err
		})
		n += gone
		if err != nil || gone < keysPerSweep {
			return n, err
		}
	}
}
