package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// AuditLog is the view of the log's readers and administrators.
type AuditLog struct{ db *DB }

// Audit returns the log.
func (db *DB) Audit() *AuditLog { return &AuditLog{db: db} }

// Verifier implements audit.Log.
func (l *AuditLog) Verifier() string { return l.db.logKey.Verifier() }

const listRecords = `
select ` + recordColumns + `, coalesce(p.key_id, 0), p.ciphertext, coalesce(k.subject, 0), k.wrapped
  from audit_record r
  join change_set s on s.id = r.set_id
  left join audit_payload p on p.record_id = r.id
  left join audit_subject_key k on k.id = p.key_id
 where `

// shownRecord is the condition that a record counts already.
const shownRecord = `r.set_id not in (select id from open_set)`

// List implements audit.Log.
func (l *AuditLog) List(ctx context.Context, f audit.Filter) (page audit.Page, err error) {
	if f.First <= 0 {
		f.First = 100
	}
	text, args := listText(f)
	err = l.db.read(ctx, func(q *query) error {
		return q.eachMade(ctx, text, args, func(scan func(...any) error) error {
			e, err := l.entry(scan)
			page.Entries = append(page.Entries, e)
			return err
		})
	})
	if err != nil {
		return audit.Page{}, fmt.Errorf("reading the audit log: %w", err)
	}
	if len(page.Entries) > f.First {
		page.Entries = page.Entries[:f.First]
		page.Next = page.Entries[f.First-1].ID
	}
	return page, nil
}

// recordsAsked puts a query of records together.
type recordsAsked struct {
	args       []any
	conditions []string
}

// condition has a ? for each of its values.
func (a *recordsAsked) condition(text string, values ...any) string {
	for _, v := range values {
		a.args = append(a.args, v)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(a.args)), 1)
	}
	return text
}

func (a *recordsAsked) add(text string, values ...any) {
	a.conditions = append(a.conditions, a.condition(text, values...))
}

// of are the conditions that a record is of an action, or of a feature's.
func (a *recordsAsked) of(actions []string) (list []string) {
	for _, action := range actions {
		feature, whole := strings.CutSuffix(action, ".")
		switch {
		case whole: // the character after a dot is a slash
			list = append(list, a.condition("r.action >= ? and r.action < ?", action, feature+"/"))
		case action != "":
			list = append(list, a.condition("r.action = ?", action))
		}
	}
	return list
}

func listText(f audit.Filter) (text string, args []any) {
	a := &recordsAsked{conditions: []string{shownRecord}}
	a.narrow(f)
	newest := " order by r.id desc limit " + strconv.Itoa(f.First+1)
	switch actions := a.of(f.Actions); len(actions) {
	case 0:
	case 1:
		a.conditions = append(a.conditions, actions[0])
	default: // the newest of each are looked up: read in one, all others' records may lie between them
		for i, action := range actions {
			actions[i] = fmt.Sprintf("select * from (select r.id from audit_record r where %s and %s%s) s%d", strings.Join(a.conditions, " and "), action, newest, i)
		}
		a.conditions = []string{"r.id in (" + strings.Join(actions, "\nunion all ") + ")"}
	}
	return listRecords + strings.Join(a.conditions, " and ") + newest, a.args
}

// narrow adds what is asked for but actions.
func (a *recordsAsked) narrow(f audit.Filter) {
	if f.Actor != "" {
		a.add("r.actor = ?", f.Actor)
	}
	if !f.Object.IsZero() {
		a.add("r.object_kind = ? and r.object_key = ?", f.Object.Kind, f.Object.Key)
	}
	if f.Subject != 0 {
		a.add(`r.id in (select o.id from audit_record o where o.object_kind = ? and o.object_key = ?
		   union all select sp.record_id from audit_subject_key sk join audit_payload sp on sp.key_id = sk.id where sk.subject = ?)`, access.KindIdentity, f.Subject, f.Subject)
	}
	if f.From != 0 {
		a.add("r.at >= ?", f.From)
	}
	if f.To != 0 {
		a.add("r.at < ?", f.To)
		a.add(notLater, f.To+longestRecord)
	}
	if f.Before != 0 {
		a.add("r.id < ?", f.Before)
	}
}

// longestRecord is more than a transaction takes from its time to its record. Records
// have numbers in the order of their times but for that, so that what was before a time
// is looked for from a number on.
const longestRecord = access.Time(time.Hour / time.Microsecond)

const notLater = `r.id < coalesce((select b.id from audit_record b where b.at >= ? order by b.at, b.id limit 1), 9223372036854775807)`

func (l *AuditLog) entry(scan func(...any) error) (e audit.Entry, err error) {
	p := storedPayload{record: &e.Record}
	err = scan(&e.ID, &e.Set, &e.Rev, &e.Leaf, &e.At, &e.Actor, &e.Action, &e.Object.Kind, &e.Object.Key, &e.Facts, &e.Commitment,
		&p.keyID, &p.ciphertext, &p.subject, &p.wrapped)
	if err != nil || p.keyID == 0 {
		return e, err
	}
	if e.Erased = p.wrapped == nil; e.Erased {
		return e, nil
	}
	payload, err := p.open(l.db)
	if err != nil {
		return e, fmt.Errorf("the payload of record %d: %w", e.ID, err)
	}
	e.Personal = payload.Personal
	return e, nil
}

// storedPayload is a payload as it lies in the database, with its key's row.
type storedPayload struct {
	record     *audit.Record
	keyID      int64
	ciphertext []byte
	subject    access.IdentityID
	wrapped    []byte
}

func (p storedPayload) open(db *DB) (*audit.Payload, error) {
	key, err := db.openSubjectKey(p.subject, p.wrapped)
	if err != nil {
		return nil, fmt.Errorf("the key of its subject: %w", err)
	}
	text, err := key.Open(p.ciphertext, payloadPlace(p.record.ID))
	if err != nil {
		return nil, err
	}
	defer text.Wipe()
	return audit.OpenPayload(text, p.record.Commitment)
}

// Erase implements audit.Log. The key's bytes are overwritten before the row
// goes, so that the database file does not keep them; backups made earlier do.
func (l *AuditLog) Erase(ctx context.Context, subject access.IdentityID) (n int64, err error) {
	err = l.db.change(ctx, audit.Event{Action: actionErase, Object: subject.Ref()}, func(t *tx) error {
		if err := t.eraseMail(ctx, subject); err != nil {
			return err
		}
		var key int64
		err := t.row(ctx, `select id from audit_subject_key where subject = $1`+t.d.forUpdate, subject).Scan(&key)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.row(ctx, `select count(*) from audit_payload where key_id = $1`, key).Scan(&n); err != nil {
			return err
		}
		t.Event.Facts = map[string]string{factErasedKey: strconv.FormatInt(key, 10), "payloads": strconv.FormatInt(n, 10)}
		if _, err := t.exec(ctx, `update audit_subject_key set wrapped = $2 where id = $1`, key, make([]byte, wrappedKeySize)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `delete from audit_subject_key where id = $1`, key); err != nil {
			return err
		}
		_, err = t.exec(ctx, `update signin set agent = '', address = '' where identity_id = $1`, subject)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erasing what the audit log tells about %s: %w", subject, err)
	}
	return n, l.db.flushWAL(ctx)
}

const (
	actionErase    = "audit.erase"
	factErasedKey  = "key"
	wrappedKeySize = 128
)

// flushWAL moves everything from SQLite's log into the database and empties the
// log, which still holds what was overwritten.
func (db *DB) flushWAL(ctx context.Context) error {
	if db.d.name != sqliteDialect.name {
		return nil
	}
	_, err := db.w.ExecContext(ctx, `pragma wal_checkpoint(truncate)`)
	return err
}

// Checkpoint implements audit.Log.
func (l *AuditLog) Checkpoint(ctx context.Context) (text string, err error) {
	err = l.db.read(ctx, func(q *query) error {
		err := q.row(ctx, `select note from audit_checkpoint order by size desc limit 1`).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return audit.ErrCheckpoint.With("the log has no checkpoint yet")
		}
		return err
	})
	return text, err
}

// Inclusion implements audit.Log.
func (l *AuditLog) Inclusion(ctx context.Context, leaf, size int64) (proof tlog.RecordProof, err error) {
	err = l.db.read(ctx, func(q *query) error {
		if err := inTree(ctx, q, size); err != nil || leaf < 0 || leaf >= size {
			return errors.Join(err, audit.ErrCheckpoint.With("leaf %d is not in a tree of size %d", leaf, size))
		}
		proof, err = tlog.ProveRecord(size, leaf, newTreeHashes(ctx, q))
		return err
	})
	return proof, err
}

// Consistency implements audit.Log.
func (l *AuditLog) Consistency(ctx context.Context, from, to int64) (proof tlog.TreeProof, err error) {
	err = l.db.read(ctx, func(q *query) error {
		if err := inTree(ctx, q, to); err != nil || from < 1 || from > to {
			return errors.Join(err, audit.ErrCheckpoint.With("there is no proof from size %d to size %d", from, to))
		}
		proof, err = tlog.ProveTree(to, from, newTreeHashes(ctx, q))
		return err
	})
	return proof, err
}

func inTree(ctx context.Context, q *query, size int64) error {
	var has int64
	if err := q.row(ctx, treeSize).Scan(&has); err != nil {
		return err
	}
	if size > has {
		return audit.ErrCheckpoint.With("the tree has %d leaves, not %d", has, size)
	}
	return nil
}
