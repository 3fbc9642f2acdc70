package store

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/pam/rotate"
)

// planFor is makeDueFor for a day: what is due before it stays so, and so does an earlier day.
const planFor = `
insert into secret_due (secret_id, since, cause, urgency, next_at, state) values ($1, $2, $3, $4, $5, 'planned')
on conflict (secret_id) do update
   set since = excluded.since, next_at = {{least}}(secret_due.next_at, excluded.next_at),
       cause = case when excluded.urgency >= secret_due.urgency then excluded.cause else secret_due.cause end,
       urgency = {{greatest}}(secret_due.urgency, excluded.urgency)`

// dueForLeaver makes a secret due that a leaver knows: at once, unless somebody uses it who
// would stand still, and there is no second account for them. Those have until a day, of
// which they are told; the leaver is shut out meanwhile.
func (t *tx) dueForLeaver(ctx context.Context, id access.SecretID) error {
	_, paired, err := t.paired(ctx, id)
	if err != nil {
		return err
	}
	users, err := t.consumers(ctx, id)
	if err != nil {
		return err
	}
	if paired || len(users) == 0 {
		return t.dueFor(ctx, id, rotate.OnLeaver, t.At)
	}
	on := t.At + access.Time(rotate.LeaverNotice.Microseconds())
	if _, err := t.exec(ctx, t.d.pieces.Replace(planFor), id, t.At, string(rotate.OnLeaver), urgency(rotate.OnLeaver), on); err != nil {
		return err
	}
	if err := t.row(ctx, `select d.next_at from secret_due d where d.secret_id = $1`, id).Scan(&on); err != nil {
		return err
	}
	return t.mailPlan(ctx, id, users, on)
}

// mailPlan tells those who look after the consumers of a secret on which day it is changed.
func (t *tx) mailPlan(ctx context.Context, id access.SecretID, users []rotate.Consumer, on access.Time) error {
	called, err := t.secretName(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range users {
		name, email, works, err := t.answers(ctx, c.Owner)
		if err != nil {
			return err
		}
		if !works || email == "" {
			continue
		}
		m, err := rotate.PlanMail(c, called, on, notify.Recipient{Name: name, Address: email}, fmt.Sprintf("consumer/plan/%s/%d", c.ID, int64(on)))
		if err != nil {
			return err
		}
		if err := t.mail(ctx, m, c.Owner); err != nil {
			return err
		}
	}
	return nil
}
