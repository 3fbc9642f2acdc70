package store

import (
	"context"
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

const dayLength = 24 * 3600 * 1_000_000

const coverageTrend = `
select r.at, c.control, sum(c.required), sum(c.in_place), sum(c.missing), sum(c.unknown), sum(c.excepted)
  from coverage c
  join coverage_run r on r.rev = c.rev
 where r.rev in (select max(rev) from coverage_run where at >= $1 group by at / $2)
 group by r.at, c.control
 order by r.at, c.control`

// Trend returns, per day, the last matrix summed by control.
func (s Coverage) Trend(ctx context.Context, since access.Time) (points []coverage.Point, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, coverageTrend, []any{since, dayLength}, func(scan func(...any) error) error {
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
