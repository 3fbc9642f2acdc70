package store

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// Approvals implements approval.Store.
func (s Approvals) Approvals(ctx context.Context, q approval.Query) (list []approval.Request, err error) {
	if q.Before == 0 {
		q.Before = 1<<63 - 1
	}
	where, args := "r.id < $1"+inSystems("r", q.System), []any{q.Before}
	also := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = fmt.Sprintf(condition, len(args))
		}
		where += " and " + condition
	}
	if q.State != "" {
		where += " and r.state = " + quoted([]approval.State{q.State}) // as text: there is an index of those that wait
	}
	if q.By != 0 {
		also("r.by_id = $%d", q.By)
	}
	if !q.About.IsZero() {
		also("r.about_kind = $%d", q.About.Kind)
		also("r.about = $%d", q.About.Key)
	}
	args = append(args, q.First)
	text := approvalColumns + where + fmt.Sprintf(" order by r.id desc limit $%d", len(args))
	err = s.db.read(ctx, func(r *query) error {
		list = nil
		err := r.eachMade(ctx, text, args, func(scan func(...any) error) error {
			one, err := scanApproval(scan)
			list = append(list, one)
			return err
		})
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Decisions, err = r.decisions(ctx, list[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

const newestAbout = `select id from approval where about_kind = $1 and about = $2 order by id desc limit 1`

// approvalOf is the newest request about an object, with what was said in it; false is none.
func (q *query) approvalOf(ctx context.Context, about access.Ref) (r approval.Request, there bool, err error) {
	var id access.ApprovalID
	err = q.each(ctx, newestAbout, []any{about.Kind, about.Key}, func(scan func(...any) error) error {
		there = true
		return scan(&id)
	})
	if err == nil && there {
		r, err = q.approval(ctx, id, "")
	}
	return r, there, err
}
