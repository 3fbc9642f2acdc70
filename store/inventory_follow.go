package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// What time alone may have changed: a lock that passed, and an end that came.
const againAccounts = `
select a.native_id
  from account a
 where a.system_id = $1 and (a.status = 'locked' or a.status = 'enabled' and a.expires_at <> 0 and a.expires_at <= $2) and `

// Followed returns where following a system stands.
func (s Inventory) Followed(ctx context.Context, system access.SystemID, limit int) (f inventory.Followed, err error) {
	on := system.Ref()
	err = s.db.read(ctx, func(q *query) error {
		strayed := ""
		err := q.row(ctx, `select mark, completed_at, strayed from sync_state where kind = $1 and object = $2`, on.Kind, on.Key).Scan(&f.Mark, &f.Completed, &strayed)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(strayed), &f.Strayed); err != nil {
			return fmt.Errorf("reading what is out of sight: %w", err)
		}
		text := againAccounts + now("a") + ` order by a.id limit ` + strconv.Itoa(limit)
		return q.each(ctx, text, []any{system, s.db.clock.read(s.db.nowFn())}, func(scan func(...any) error) error {
			var native string
			if err := scan(&native); err != nil {
				return err
			}
			f.Again = append(f.Again, native)
			return nil
		})
	})
	return f, err
}

// followed keeps where following stands from now on; whatever is not followed has no
// mark.
func (t *tx) followed(ctx context.Context, on access.Ref, r inventory.Report) error {
	strayed, err := json.Marshal(orEmpty(r.Strayed))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `update sync_state set mark = $3, strayed = $4 where kind = $1 and object = $2`, on.Kind, on.Key, r.Mark, string(strayed))
	if err != nil || r.Reading != inventory.Complete {
		return err
	}
	_, err = t.exec(ctx, `update sync_state set completed_at = $3 where kind = $1 and object = $2`, on.Kind, on.Key, t.At)
	return err
}

// readingFacts add to a sync's facts how the system was read, and what became of what
// it no longer yields.
func readingFacts(r inventory.Report, facts map[string]string) map[string]string {
	if r.Reading == "" {
		return facts // a source
	}
	facts["reading"] = r.Reading
	facts["deleted"] = strconv.FormatInt(r.Deleted, 10)
	facts["out_of_sight"] = strconv.FormatInt(r.OutOfSight, 10)
	return facts
}
