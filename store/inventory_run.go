package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

// runsKept is how many runs of each system or source stay.
const runsKept = 50

const (
	// A run whose node died is over before the next one begins.
	endDeadRuns = `
update run set state = 'interrupted', ended_at = $3
 where object_kind = $1 and object = $2 and ended_at = 0 and alive_until < {{clock}}`
	insertRun = `
insert into run (id, kind, object_kind, object, actor, state, started_at, alive_until)
values ($1, $2, $3, $4, $5, $6, $7, {{clock}} + $8)
on conflict (object_kind, object) where ended_at = 0 do nothing`
	dropOldRuns = `
delete from run where object_kind = $1 and object = $2 and ended_at <> 0
   and id not in (select r.id from run r where r.object_kind = $1 and r.object = $2 order by r.id desc limit $3)`
)

// BeginRun keeps that a run begins, with its record: Writ signs in to a system.
func (s Inventory) BeginRun(ctx context.Context, r inventory.Run, alive time.Duration) (inventory.Run, error) {
	e := audit.Event{Action: "inventory.run", Object: r.On, Facts: map[string]string{"kind": string(r.Kind)}}
	if r.Confirmed {
		e.Facts["confirm_removal"] = "true"
	}
	err := s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.exec(ctx, t.d.pieces.Replace(endDeadRuns), r.On.Kind, r.On.Key, t.At); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindRun, 1)
		if err != nil {
			return err
		}
		r.ID, r.Started = access.RunID(key), t.At
		t.Event.Facts["run"] = r.ID.String()
		n, err := t.exec(ctx, t.d.pieces.Replace(insertRun), key, r.Kind, r.On.Kind, r.On.Key, r.By, r.State, t.At, alive.Microseconds())
		if err != nil {
			return err
		}
		if n == 0 {
			return inventory.ErrBusy
		}
		_, err = t.exec(ctx, dropOldRuns, r.On.Kind, r.On.Key, runsKept)
		return err
	})
	return r, err
}

const keepRun = `
update run set stage = $2, done = $3, total = $4, alive_until = {{clock}} + $5
 where id = $1 and ended_at = 0
returning cancelled`

// KeepRun keeps where a run stands. It is no change of anything that counts.
func (s Inventory) KeepRun(ctx context.Context, r inventory.Run, alive time.Duration) (cancelled bool, err error) {
	err = s.db.bookkeep(ctx, func(t *tx) error {
		return t.row(ctx, t.d.pieces.Replace(keepRun), r.ID, r.Stage, r.Done, r.Total, alive.Microseconds()).Scan(&cancelled)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil // it was taken for dead
	}
	return cancelled, err
}

const endRun = `
update run set state = $2, stage = $3, done = $4, total = $5, outcome = $6, code = $7, error = $8, ended_at = $9
 where id = $1 and ended_at = 0`

// EndRun keeps how a run ended.
func (s Inventory) EndRun(ctx context.Context, r inventory.Run) error {
	outcome, err := json.Marshal(r.Outcome)
	if err != nil {
		return err
	}
	facts := map[string]string{"kind": string(r.Kind), "run": r.ID.String(), "state": string(r.State)}
	if r.Code != "" {
		facts["code"] = r.Code
	}
	return s.db.change(ctx, audit.Event{Action: "inventory.run_ended", Object: r.On, Facts: facts}, func(t *tx) error {
		_, err := t.exec(ctx, endRun, r.ID, r.State, r.Stage, r.Done, r.Total, string(outcome), r.Code, r.Error, t.At)
		return err
	})
}

// CancelRun keeps that a run is to stop.
func (s Inventory) CancelRun(ctx context.Context, id access.RunID) error {
	e := audit.Event{Action: "inventory.cancel_run", Facts: map[string]string{"run": id.String()}}
	return s.db.change(ctx, e, func(t *tx) error {
		var ended access.Time
		err := t.row(ctx, `select object_kind, object, ended_at from run where id = $1`+t.d.forUpdate, id).Scan(&t.Event.Object.Kind, &t.Event.Object.Key, &ended)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return inventory.ErrNotFound
		case err != nil:
			return err
		case ended != 0:
			return inventory.ErrRunEnded
		}
		_, err = t.exec(ctx, `update run set cancelled = true where id = $1`, id)
		return err
	})
}

const runColumns = `
select r.id, r.kind, r.object_kind, r.object, r.actor,
       case when r.ended_at = 0 and r.alive_until < {{clock}} then 'interrupted' else r.state end,
       r.stage, r.done, r.total, r.started_at, r.ended_at, r.code, r.error`

func scanRun(scan func(...any) error, r *inventory.Run, more ...any) error {
	return scan(append([]any{&r.ID, &r.Kind, &r.On.Kind, &r.On.Key, &r.By, &r.State, &r.Stage, &r.Done, &r.Total, &r.Started, &r.Ended, &r.Code, &r.Error}, more...)...)
}

// Run returns a run with its outcome.
func (s Inventory) Run(ctx context.Context, id access.RunID) (r inventory.Run, err error) {
	var outcome string
	err = s.db.read(ctx, func(q *query) error {
		return scanRun(q.row(ctx, q.d.pieces.Replace(runColumns)+`, r.outcome from run r where r.id = $1`, id).Scan, &r, &outcome)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return r, inventory.ErrNotFound.With("there is no run %s; only the last of each system are kept", id)
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(outcome), &r.Outcome)
}

// Runs lists runs, the newest first, without their outcomes.
func (s Inventory) Runs(ctx context.Context, f inventory.RunFilter) (list []inventory.Run, err error) {
	if f.On != nil && len(f.On) == 0 {
		return nil, nil
	}
	text := s.db.d.pieces.Replace(runColumns) + ` from run r where (cast($1 as bigint) = 0 or r.id < $1) and (cast($2 as text) = '' or r.kind = $2)%s order by r.id desc limit $3`
	err = s.db.read(ctx, func(q *query) error {
		return q.eachListed(ctx, text, onOf(f.On), []any{f.Before, f.Kind, f.First}, func(scan func(...any) error) error {
			var r inventory.Run
			defer func() { list = append(list, r) }()
			return scanRun(scan, &r)
		})
	})
	return list, err
}

// onOf is the condition that a run is of one of some systems and sources.
func onOf(on []access.Ref) string {
	keys := map[access.ObjectKind][]int64{}
	for _, ref := range on {
		keys[ref.Kind] = append(keys[ref.Kind], ref.Key)
	}
	var either []string
	for _, kind := range []struct {
		kind access.ObjectKind
		text string
	}{{access.KindSystem, "5"}, {access.KindSource, "6"}} {
		if list := keys[kind.kind]; len(list) > 0 {
			either = append(either, `r.object_kind = `+kind.text+` and r.object in (`+keyList(list)+`)`)
		}
	}
	if len(either) == 0 {
		return ""
	}
	return " and (" + strings.Join(either, " or ") + ")"
}
