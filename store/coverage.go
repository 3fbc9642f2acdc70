package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/audit"
)

// Coverage is the store of package assurance/coverage.
type Coverage struct{ db *DB }

// Coverage returns the store of package assurance/coverage.
func (db *DB) Coverage() Coverage { return Coverage{db} }

var _ coverage.Store = Coverage{}

// Keep keeps a matrix.
func (s Coverage) Keep(ctx context.Context, m coverage.Matrix) error {
	return s.db.change(ctx, audit.Event{Action: "coverage.keep", Facts: map[string]string{"revision": strconv.FormatInt(int64(m.Rev), 10), "cells": strconv.Itoa(len(m.Rows))}}, func(t *tx) error {
		n, err := t.exec(ctx, `insert into coverage_run (rev, at) values ($1, $2) on conflict do nothing`, m.Rev, t.At)
		if err != nil || n == 0 {
			return err
		}
		rows := make([][]any, len(m.Rows))
		for i, r := range m.Rows {
			rows[i] = []any{m.Rev, r.System, r.Tier, string(r.IdentityKind), r.ThirdParty, string(r.Control), r.Required, r.InPlace, r.Missing, r.Unknown, r.Excepted}
		}
		return t.insertMany(ctx, "coverage", []string{"rev", "system_id", "tier", "identity_kind", "third_party", "control", "required", "in_place", "missing", "unknown", "excepted"}, rows)
	})
}

const unresolved = `
select f.rule, f.subject_kind, f.subject_key, case when f.status = 'accepted' then f.accepted_until else 0 end
  from finding f
 where ` + findingNow

// Gaps returns the findings of rules that are not resolved.
func (s Coverage) Gaps(ctx context.Context, rules []string) (gaps []coverage.Gap, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, unresolved, nil, func(scan func(...any) error) error {
			var g coverage.Gap
			if err := scan(&g.Rule, &g.Subject.Kind, &g.Subject.Key, &g.Until); err != nil {
				return err
			}
			if slices.Contains(rules, g.Rule) {
				gaps = append(gaps, g)
			}
			return nil
		})
	})
	return gaps, err
}

// cellsAsked narrows coverage c by $1 to $3. What the columns are compared with
// comes first: it says of which type a parameter is.
const cellsAsked = `(c.system_id = $1 or $1 = 0) and (c.tier = $2 or $2 = -1) and (c.control = $3 or $3 = '')`

func askedOf(f coverage.Filter) []any {
	tier := access.Unclassified // no cell is of it
	if f.Tier != nil {
		tier = *f.Tier
	}
	return []any{f.System, tier, string(f.Control)}
}

const lastCoverage = `
select c.system_id, c.tier, c.identity_kind, c.third_party, c.control, c.required, c.in_place, c.missing, c.unknown, c.excepted
  from coverage c
 where c.rev = $4 and ` + cellsAsked

// Last returns the matrix that was kept last.
func (s Coverage) Last(ctx context.Context, f coverage.Filter) (k coverage.Kept, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.row(ctx, `select rev, at from coverage_run order by rev desc limit 1`).Scan(&k.Rev, &k.At)
		if errors.Is(err, sql.ErrNoRows) {
			return coverage.ErrNone
		} else if err != nil {
			return err
		}
		return q.each(ctx, lastCoverage, append(askedOf(f), k.Rev), func(scan func(...any) error) error {
			var r coverage.Row
			if err := scan(&r.System, &r.Tier, &r.IdentityKind, &r.ThirdParty, &r.Control, &r.Required, &r.InPlace, &r.Missing, &r.Unknown, &r.Excepted); err != nil {
				return err
			}
			k.Rows = append(k.Rows, r)
			return nil
		})
	})
	return k, err
}

const dayLength = 24 * 3600 * 1_000_000

const coverageTrend = `
select r.at, c.control, sum(c.required), sum(c.in_place), sum(c.missing), sum(c.unknown), sum(c.excepted)
  from coverage c
  join coverage_run r on r.rev = c.rev
 where r.rev in (select max(rev) from coverage_run where at >= $4 group by at / $5)
   and ` + cellsAsked + `
 group by r.at, c.control
 order by r.at, c.control`

// Trend returns, per day, the last matrix summed by control.
func (s Coverage) Trend(ctx context.Context, since access.Time, f coverage.Filter) (points []coverage.Point, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, coverageTrend, append(askedOf(f), since, dayLength), func(scan func(...any) error) error {
			var p coverage.Point
			if err := scan(&p.At, &p.Control, &p.Required, &p.InPlace, &p.Missing, &p.Unknown, &p.Excepted); err != nil {
				return err
			}
			points = append(points, p)
			return nil
		})
	})
	return points, err
}
