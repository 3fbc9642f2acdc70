package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
)

const (
	insertMining = `
insert into role_mining (id, actor, state, question, systems, people, asked_at, alive_until)
values ($1, $2, $3, $4, $5, $6, $7, {{clock}} + $8)`
	dropOldMinings = `
delete from role_mining where ended_at <> 0
   and id not in (select m.id from role_mining m order by m.id desc limit $1)`
	endDeadMinings    = `update role_mining set state = 'interrupted', ended_at = $1 where ended_at = 0 and alive_until < {{clock}}`
	dropOldCandidates = `delete from role_candidate where run_id not in (select m.id from role_mining m)`
	keepMining        = `update role_mining set state = $2, phase = $3, began_at = $4, alive_until = {{clock}} + $5 where id = $1 and ended_at = 0 returning cancelled`
	endMining         = `update role_mining set state = $2, phase = '', began_at = $3, totals = $4, code = $5, error = $6, ended_at = $7 where id = $1 and ended_at = 0`
	insertCandidate   = `insert into role_candidate (run_id, place, digest, line, members, entitlements, rest) values ($1, $2, $3, $4, $5, $6, $7)`
	adoptCandidate    = `update role_candidate set role_id = $3 where run_id = $1 and place = $2 and role_id = 0`
	selectMinings     = `
select m.id, m.actor, case when m.ended_at = 0 and m.alive_until < {{clock}} then 'interrupted' else m.state end,
       m.question, m.systems, m.people, m.phase, m.asked_at, m.began_at, m.ended_at, m.totals, m.code, m.error
  from role_mining m
 where ($1 = 0 or m.id = $1)
 order by m.id desc`
	selectFoundLines = `select c.place, c.digest, c.line, c.role_id, c.entitlements from role_candidate c where c.run_id = $1 order by c.place`
	selectFound      = `select c.place, c.digest, c.line, c.role_id, c.entitlements, c.members, c.rest from role_candidate c where c.run_id = $1 and c.place = $2`
)

// BeginMining keeps that a run is asked for, with its record: who holds what is read.
func (s Roles) BeginMining(ctx context.Context, r role.MiningRun, alive time.Duration) (role.MiningRun, error) {
	e := audit.Event{Action: "role.mine", Facts: map[string]string{"systems": strconv.Itoa(len(r.Systems)), "people": strconv.FormatBool(r.People)}}
	err := s.db.change(ctx, e, func(t *tx) error {
		key, err := t.newKeys(ctx, access.KindRun, 1)
		if err != nil {
			return err
		}
		r.ID, r.Asked = access.RunID(key), t.At
		t.Event.Object = r.ID.Ref()
		text, err := jsonOf(r.Question, orEmpty(r.Systems))
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, t.d.pieces.Replace(insertMining), key, r.By, string(r.State), text[0], text[1], r.People, t.At, alive.Microseconds()); err != nil {
			return err
		}
		if _, err := t.exec(ctx, t.d.pieces.Replace(endDeadMinings), t.At); err != nil {
			return err
		}
		if _, err := t.exec(ctx, dropOldMinings, role.MiningsKept); err != nil {
			return err
		}
		_, err = t.exec(ctx, dropOldCandidates)
		return err
	})
	return r, err
}

// KeepMining keeps where a run stands. It is no change of anything that counts.
func (s Roles) KeepMining(ctx context.Context, r role.MiningRun, alive time.Duration) (cancelled bool, err error) {
	err = s.db.bookkeep(ctx, func(t *tx) error {
		return t.row(ctx, t.d.pieces.Replace(keepMining), r.ID, string(r.State), r.Phase, r.Began, alive.Microseconds()).Scan(&cancelled)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil // it was taken for dead
	}
	return cancelled, err
}

// foundRest is what of a candidate lists do not tell, beside its members and what it gives.
type foundRest struct {
	Near            []role.FoundNear
	Lacking, Beyond []access.IdentityID
	Traits          []role.FoundTrait
}

// EndMining keeps how a run ended, and what it found.
func (s Roles) EndMining(ctx context.Context, r role.MiningRun, found []role.Found) error {
	e := audit.Event{Action: "role.mined", Object: r.ID.Ref(), Facts: map[string]string{"state": string(r.State), "candidates": strconv.Itoa(len(found))}}
	if r.Code != "" {
		e.Facts["code"] = r.Code
	}
	return s.db.change(ctx, e, func(t *tx) error {
		text, err := jsonOf(r.Totals)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, endMining, r.ID, string(r.State), r.Began, text[0], r.Code, r.Error, t.At)
		if err != nil || n == 0 {
			return err // it was taken for dead
		}
		for _, f := range found {
			text, err := jsonOf(f.FoundLine, keysOf(f.Members), keysOf(f.Entitlements), foundRest{f.Near, f.Lacking, f.Beyond, f.Traits})
			if err != nil {
				return err
			}
			if _, err := t.exec(ctx, insertCandidate, r.ID, f.Place, f.ID, text[0], text[1], text[2], text[3]); err != nil {
				return err
			}
		}
		return nil
	})
}

// CancelMining keeps that a run is to stop.
func (s Roles) CancelMining(ctx context.Context, id access.RunID) error {
	return s.db.change(ctx, audit.Event{Action: "role.cancel_mining", Object: id.Ref()}, func(t *tx) error {
		var ended access.Time
		err := t.row(ctx, `select ended_at from role_mining where id = $1`+t.d.forUpdate, id).Scan(&ended)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return role.ErrMining
		case err != nil:
			return err
		case ended != 0:
			return role.ErrMiningEnded
		}
		_, err = t.exec(ctx, `update role_mining set cancelled = true where id = $1`, id)
		return err
	})
}

// Mining returns a run.
func (s Roles) Mining(ctx context.Context, id access.RunID) (role.MiningRun, error) {
	list, err := s.minings(ctx, id)
	if err == nil && (id == 0 || len(list) == 0) {
		err = role.ErrMining
	}
	if err != nil {
		return role.MiningRun{}, err
	}
	return list[0], nil
}

// Minings lists the runs, the newest first.
func (s Roles) Minings(ctx context.Context) ([]role.MiningRun, error) { return s.minings(ctx, 0) }

func (s Roles) minings(ctx context.Context, id access.RunID) (list []role.MiningRun, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, q.d.pieces.Replace(selectMinings), []any{id}, func(scan func(...any) error) error {
			var r role.MiningRun
			err := scan(&r.ID, &r.By, &r.State, asJSON{&r.Question}, asJSON{&r.Systems}, &r.People, &r.Phase, &r.Asked, &r.Began, &r.Ended, asJSON{&r.Totals}, &r.Code, &r.Error)
			list = append(list, r)
			return err
		})
	})
	return list, err
}

// FoundIn lists what a run found, without who is in it.
func (s Roles) FoundIn(ctx context.Context, id access.RunID) (list []role.Found, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectFoundLines, []any{id}, func(scan func(...any) error) error {
			f, err := scanFound(scan)
			list = append(list, f)
			return err
		})
	})
	return list, err
}

// scanFound reads a candidate; what columns say counts above what its line does.
func scanFound(scan func(...any) error, more ...any) (f role.Found, err error) {
	var line role.FoundLine
	var gives []int64
	err = scan(append([]any{&f.Place, &f.ID, asJSON{&line}, &f.Role, asJSON{&gives}}, more...)...)
	line.Place, line.ID, line.Role = f.Place, f.ID, f.Role
	f.FoundLine, f.Entitlements = line, idsOf[access.EntitlementID](gives)
	return f, err
}

func idsOf[K ~int64](keys []int64) []K {
	ids := make([]K, len(keys))
	for i, key := range keys {
		ids[i] = K(key)
	}
	return ids
}

// Found returns a candidate with all that there is to it.
func (s Roles) Found(ctx context.Context, id access.RunID, place int) (f role.Found, err error) {
	var members []int64
	var rest foundRest
	err = s.db.read(ctx, func(q *query) error {
		f, err = scanFound(q.row(ctx, selectFound, id, place).Scan, asJSON{&members}, asJSON{&rest})
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return f, role.ErrCandidate
	}
	f.Members, f.Near, f.Lacking, f.Beyond, f.Traits = idsOf[access.IdentityID](members), rest.Near, rest.Lacking, rest.Beyond, rest.Traits
	return f, err
}

// Adopt keeps the draft of a new role, and from which candidate it was made.
func (s Roles) Adopt(ctx context.Context, e audit.Event, run access.RunID, place int, rule func(*role.Catalog) (role.Draft, error)) (id access.RoleID, err error) {
	err = s.db.change(ctx, e, func(t *tx) error {
		c, _, err := t.draft(ctx, 0, 0)
		if err != nil {
			return err
		}
		d, err := rule(c)
		if err != nil {
			return err
		}
		if id, err = t.putDraft(ctx, 0, &d); err != nil {
			return err
		}
		n, err := t.exec(ctx, adoptCandidate, run, place, id)
		if err == nil && n == 0 {
			err = role.ErrAdopted
		}
		return err
	})
	return id, err
}
