package store

import (
	"context"
	"encoding/json"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
)

// The change sets are looked up one by one: joined, PostgreSQL may read all of them.
const findingVersions = `
select ` + listedColumns + `, f.accepted_by,
       (select s.at from change_set s where s.id = f.from_set),
       (select s.actor from change_set s where s.id = f.from_set),
       coalesce((select e.at from change_set e where e.id = f.until_set), 0),
       coalesce((select e.actor from change_set e where e.id = f.until_set), '')
  from finding f
 where f.id = $1
 order by f.from_set`

// Versions returns every version of a finding, the oldest first.
func (s Findings) Versions(ctx context.Context, id access.FindingID) (list []finding.Version, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, findingVersions, []any{id}, func(scan func(...any) error) error {
			var x finding.Version
			var evidence string
			err := scan(&x.ID, &x.Number, &x.Rule, &x.Subject.Kind, &x.Subject.Key, &x.System, &x.Severity, &x.Function, &x.Owner, &x.Status,
				&x.Opened, &x.Due, &x.AcceptedUntil, &x.Reason, &evidence, &x.AcceptedBy, &x.At, &x.Actor, &x.Ended, &x.EndedBy)
			if err != nil {
				return err
			}
			list = append(list, x)
			return json.Unmarshal([]byte(evidence), &list[len(list)-1].Evidence)
		})
	})
	if err == nil && len(list) == 0 {
		err = finding.ErrNotFound
	}
	return list, err
}
