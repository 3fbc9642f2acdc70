package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// ErrLog is returned when the log itself is damaged; verify says how.
var ErrLog = fault.New(fault.Internal, "audit-log-damaged", "the audit log is damaged: run 'writ audit verify'")

const (
	insertRecords = `
insert into audit_record (set_id, at, actor, action, object_kind, object_key, facts, commitment)
values %s
returning id`
	insertPayload = `insert into audit_payload (record_id, key_id, ciphertext) values ($1, $2, $3)`
)

var (
	insertAuditRecord = fmt.Sprintf(insertRecords, valuesText(8, 1))
	payloadColumns    = []string{"record_id", "key_id", "ciphertext"}
)

// entry is a record up to where and when it is.
type entry struct {
	actor, action string
	object        access.Ref
	facts         string
	payload       *audit.Payload // nil is that nothing in it is personal
	commitment    any            // null when there is nothing to commit to
	subject       access.IdentityID
}

func entryOf(e audit.Event, actor audit.Actor) (w entry, err error) {
	w = entry{actor: actor.String(), action: e.Action, object: e.Object}
	if e.Object.IsZero() {
		w.object = access.Ref{}
	}
	if err := errors.Join(audit.CheckAction(e.Action), audit.CheckActor(w.actor)); err != nil {
		return w, err
	}
	if w.facts, err = audit.CanonicalFacts(e.Facts); err != nil {
		return w, err
	}
	if w.payload, err = audit.NewPayload(e.Personal); err != nil {
		return w, err
	}
	if w.payload != nil {
		w.commitment = w.payload.Commitment()
	}
	if len(e.Subjects) > 0 {
		w.subject = e.Subjects[0]
	}
	return w, nil
}

// record writes the transaction's audit record, unsequenced, and beside it what
// is personal, encrypted under the key of the first subject.
func (db *DB) record(ctx context.Context, t *tx, actor audit.Actor) error {
	e := t.Event
	if all := mailFacts(t.mails); len(all) > 0 {
		maps.Copy(all, e.Facts)
		e.Facts = all
	}
	w, err := entryOf(e, actor)
	if err != nil {
		return err
	}
	var id int64
	err = t.row(ctx, insertAuditRecord, t.Set, t.At, w.actor, w.action, w.object.Kind, w.object.Key, w.facts, w.commitment).Scan(&id)
	if err != nil {
		return err
	}
	row, err := db.sealedPayload(ctx, t, id, w)
	if err != nil || row == nil {
		return err
	}
	_, err = t.exec(ctx, insertPayload, row...)
	return err
}

// sealedPayload is the row of what is personal in a record, encrypted under the key of its
// subject; nil is that there is nothing.
func (db *DB) sealedPayload(ctx context.Context, t *tx, record int64, w entry) ([]any, error) {
	if w.payload == nil {
		return nil, nil
	}
	key, keyID, err := db.subjectKey(ctx, t, w.subject)
	if err != nil {
		return nil, err
	}
	sealed, err := key.Seal(w.payload.Text(), payloadPlace(record))
	if err != nil {
		return nil, err
	}
	return []any{record, keyID, sealed}, nil
}

func encodeBytes(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func decodeBytes(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
