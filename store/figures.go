package store

import (
	"context"

	"github.com/writhq/writ/access"
)

// Figures are how large the store is, and how far its revisions are behind.
type Figures struct {
	Rev     access.Rev
	Waiting int64       // change sets without a revision
	Oldest  access.Time // of the oldest of them; zero where none waits
	Now     access.Time
	Bytes   int64
	Records int64 // of the audit log

	MailWaiting int64 // for a first try or another
	MailDead    int64
}

const (
	waitingSets = `
select count(*), coalesce(min(at), 0) from change_set where rev is null and id not in (select id from open_set)`
	waitingMail   = `select count(*) from mail where state in ('waiting', 'failed')`
	deadMails     = `select count(*) from mail where state = 'dead'`
	auditRecords  = `select coalesce(max(id), 0) from audit_record`
	sqliteBytes   = `select page_count * page_size from pragma_page_count(), pragma_page_size()`
	postgresBytes = `select pg_database_size(current_database())`
)

// Figures returns them as they are now, without reading a table whole.
func (db *DB) Figures(ctx context.Context) (f Figures, err error) {
	bytes := sqliteBytes
	if db.d.name == postgresDialect.name {
		bytes = postgresBytes
	}
	err = db.read(ctx, func(q *query) error {
		if f.Now, err = db.storeTime(ctx, q); err != nil {
			return err
		}
		for _, ask := range []struct {
			text string
			into []any
		}{
			{newestRev, []any{&f.Rev}},
			{waitingSets, []any{&f.Waiting, &f.Oldest}},
			{auditRecords, []any{&f.Records}},
			{bytes, []any{&f.Bytes}},
			{waitingMail, []any{&f.MailWaiting}},
			{deadMails, []any{&f.MailDead}},
		} {
			if err := q.row(ctx, ask.text).Scan(ask.into...); err != nil {
				return err
			}
		}
		return nil
	})
	return f, err
}
