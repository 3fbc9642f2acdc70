package store

import (
	"context"
	"encoding/json"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
)

const findingVersions = `
select ` + listedColumns + `, f.accepted_by, s.at, s.actor, coalesce(e.at, 0), coalesce(e.actor, '')
  from finding f
  join change_set s on s.id = f.from_set
  left join change_set e on f.until_set > 0 and e.id = f.until_set
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
