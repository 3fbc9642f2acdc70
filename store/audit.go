package store

import (
	"context"
	"encoding/json"

	"github.com/writhq/writ/audit"
)

const insertAuditRecord = `
insert into audit_record (set_id, at, actor, action, object_kind, object_key, facts)
values ($1, $2, $3, $4, $5, $6, $7)`

// record writes the transaction's audit record, unsequenced.
func (db *DB) record(ctx context.Context, t *tx, actor audit.Actor) error {
	facts, err := json.Marshal(t.Event.Facts)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, insertAuditRecord, t.Set, t.At, actor.String(), t.Event.Action, t.Event.Object.Kind, t.Event.Object.Key, string(facts))
	return err
}
