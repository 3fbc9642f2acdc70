package store

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// ErrLog is returned when the log itself is damaged; verify says how.
var ErrLog = fault.New(fault.Internal, "audit-log-damaged", "the audit log is damaged: run 'writ audit verify'")

const insertAuditRecord = `
insert into audit_record (set_id, at, actor, action, object_kind, object_key, facts, commitment)
values ($1, $2, $3, $4, $5, $6, $7, $8)
returning id`

const insertPayload = `insert into audit_payload (record_id, key_id, ciphertext) values ($1, $2, $3)`

// record writes the transaction's audit record, unsequenced, and beside it what
// is personal, encrypted under the key of the first subject.
func (db *DB) record(ctx context.Context, t *tx, actor audit.Actor) error {
	e := t.Event
	if e.Object.IsZero() {
		e.Object = access.Ref{}
	}
	if err := errors.Join(audit.CheckAction(e.Action), audit.CheckActor(actor.String())); err != nil {
		return err
	}
	all := mailFacts(t.mails)
	if len(all) > 0 {
		maps.Copy(all, e.Facts)
		e.Facts = all
	}
	facts, err := audit.CanonicalFacts(e.Facts)
	if err != nil {
		return err
	}
	payload, err := audit.NewPayload(e.Personal)
	if err != nil {
		return err
	}
	var commitment any // null when there is nothing to commit to
	if payload != nil {
		commitment = payload.Commitment()
	}
	var id int64
	err = t.row(ctx, insertAuditRecord, t.Set, t.At, actor.String(), e.Action, e.Object.Kind, e.Object.Key, facts, commitment).Scan(&id)
	if err != nil || payload == nil {
		return err
	}
	var subject access.IdentityID
	if len(e.Subjects) > 0 {
		subject = e.Subjects[0]
	}
	key, keyID, err := db.subjectKey(ctx, t, subject)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(payload.Text(), payloadPlace(id))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, insertPayload, id, keyID, sealed)
	return err
}

func encodeBytes(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func decodeBytes(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
