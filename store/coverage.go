package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/finding"
)

// Coverage is the store of package assurance/coverage.
type Coverage struct{ db *DB }

// Coverage returns the store of package assurance/coverage.
func (db *DB) Coverage() Coverage { return Coverage{db} }

var _ coverage.Store = Coverage{}

const lastRun = `select rev, at, case when reached > rev then reached else rev end as newest from coverage_run order by rev desc limit 1`

// Keep keeps a matrix as that of its day: the trend needs one a day, and most cells
// are what they were, so that only those that differ are written. Where none does, how
// far it was measured is bookkeeping: else each revision would bring a record that says
// nothing.
func (s Coverage) Keep(ctx context.Context, m coverage.Matrix) error {
	if same, err := s.measuredAgain(ctx, m); err != nil || same {
		return err
	}
	return s.db.change(ctx, audit.Event{Action: "coverage.keep"}, func(t *tx) error {
		if t.d.lockRuns != "" {
			if _, err := t.exec(ctx, t.d.lockRuns); err != nil {
				return err
			}
		}
		var run, reached access.Rev
		var at access.Time
		err := t.row(ctx, lastRun).Scan(&run, &at, &reached)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var written int
		switch {
		case err == nil && m.Rev <= reached:
		case err == nil && at/dayLength == t.At/dayLength:
			written, err = t.renewCoverage(ctx, run, m)
		default:
			written, err = len(m.Rows), t.newCoverage(ctx, m)
		}
		if err == nil && m.Rev > reached {
			if run == 0 || at/dayLength != t.At/dayLength {
				run = m.Rev
			}
			err = t.keepHeld(ctx, run, m.Held)
		}
		t.Event.Facts = map[string]string{"revision": strconv.FormatInt(int64(m.Rev), 10), "cells": strconv.Itoa(written)}
		return err
	})
}

var coverageColumns = []string{"rev", "system_id", "tier", "identity_kind", "third_party", "control", "required", "in_place", "missing", "unknown", "excepted"}

func (t *tx) newCoverage(ctx context.Context, m coverage.Matrix) error {
	if _, err := t.exec(ctx, `insert into coverage_run (rev, at) values ($1, $2)`, m.Rev, t.At); err != nil {
		return err
	}
	return t.insertCells(ctx, m.Rev, m.Rows)
}

func (t *tx) insertCells(ctx context.Context, run access.Rev, cells []coverage.Row) error {
	rows := make([][]any, len(cells))
	for i, r := range cells {
		rows[i] = []any{run, r.System, r.Tier, string(r.IdentityKind), r.ThirdParty, string(r.Control), r.Required, r.InPlace, r.Missing, r.Unknown, r.Excepted}
	}
	return t.insertMany(ctx, "coverage", coverageColumns, rows)
}

const dropCell = `
delete from coverage where rev = $1 and system_id = $2 and tier = $3 and identity_kind = $4 and third_party = $5 and control = $6`

// renewCoverage makes the day's matrix what it is now.
func (t *tx) renewCoverage(ctx context.Context, run access.Rev, m coverage.Matrix) (written int, err error) {
	if _, err := t.exec(ctx, `update coverage_run set reached = $1, at = $2 where rev = $3`, m.Rev, t.At, run); err != nil {
		return 0, err
	}
	was := map[coverage.Cell]coverage.Counts{}
	rows, err := t.coverageRows(ctx, run, coverage.Filter{})
	for _, r := range rows {
		was[r.Cell] = r.Counts
	}
	if err != nil {
		return 0, err
	}
	var fresh []coverage.Row
	for _, r := range m.Rows {
		if before, had := was[r.Cell]; !had || before != r.Counts {
			fresh = append(fresh, r)
		} else {
			delete(was, r.Cell)
		}
	}
	for c := range was { // gone, or replaced
		if _, err := t.exec(ctx, dropCell, run, c.System, c.Tier, string(c.IdentityKind), c.ThirdParty, string(c.Control)); err != nil {
			return 0, err
		}
	}
	return len(fresh), t.insertCells(ctx, run, fresh)
}

const unresolved = `
select f.rule, f.subject_kind, f.subject_key, case when f.status = 'accepted' then f.accepted_until else 0 end
  from finding f
 where ` + findingNow

// Gaps returns the findings of rules that are not resolved.
func (s Coverage) Gaps(ctx context.Context, rules []string) (gaps []coverage.Gap, rev access.Rev, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
			return err
		}
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
	return gaps, rev, err
}

// findingNews finds what began or ended in the few change sets after a revision, or
// in those that have none yet; %s is a list of rules. What is there now and began in
// one of them comes with how it stands. What ended in one and did not begin again is
// gone: a version that replaces another begins in the same change set.
const findingNews = `
select f.rule, f.subject_kind, f.subject_key, f.status, f.accepted_until
  from change_set s cross join finding f where s.rev > $1 and f.from_set = s.id and f.until_set = 0 and f.rule in (%[1]s)
union all
select f.rule, f.subject_kind, f.subject_key, f.status, f.accepted_until
  from change_set s cross join finding f where s.rev is null and f.from_set = s.id and f.until_set = 0 and f.rule in (%[1]s)
union all
select f.rule, f.subject_kind, f.subject_key, 'resolved', 0
  from change_set s cross join finding f where s.rev > $1 and f.until_set = s.id and f.until_set > 0 and f.rule in (%[1]s)
union all
select f.rule, f.subject_kind, f.subject_key, 'resolved', 0
  from change_set s cross join finding f where s.rev is null and f.until_set = s.id and f.until_set > 0 and f.rule in (%[1]s)`

// News returns what happened to findings of rules after a revision.
func (s Coverage) News(ctx context.Context, rules []string, after access.Rev) (news []coverage.News, rev access.Rev, err error) {
	heard := map[finding.Key]coverage.News{}
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&rev); err != nil {
			return err
		}
		args := []any{after}
		for _, rule := range rules {
			args = append(args, rule)
		}
		return q.each(ctx, fmt.Sprintf(findingNews, placeholders(2, len(rules))), args, func(scan func(...any) error) error {
			var n coverage.News
			var status finding.Status
			if err := scan(&n.Rule, &n.Subject.Kind, &n.Subject.Key, &status, &n.Until); err != nil {
				return err
			}
			key := finding.Key{Rule: n.Rule, Subject: n.Subject}
			if _, there := heard[key]; status != finding.Resolved || !there {
				n.Gone = status == finding.Resolved
				heard[key] = n
			}
			return nil
		})
	})
	return slices.Collect(maps.Values(heard)), rev, err
}

// cellsAsked narrows coverage c by $1 to $3. What the columns are compared with
// comes first: it says of which type a parameter is.
const cellsAsked = `(c.system_id = $1 or $1 = 0) and (c.tier = $2 or $2 = -1) and (c.control = $3 or $3 = '')`

// within narrows to the systems that whoever asks may know of.
func within(f coverage.Filter) string {
	switch {
	case f.Within == nil:
		return "true"
	case len(*f.Within) == 0:
		return "false"
	}
	keys := make([]int64, len(*f.Within))
	for i, id := range *f.Within {
		keys[i] = int64(id)
	}
	return "c.system_id in (" + keyList(keys) + ")"
}

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
 where c.rev = $4 and ` + cellsAsked + ` and %s`

// Last returns the matrix that was kept last.
func (s Coverage) Last(ctx context.Context, f coverage.Filter) (k coverage.Kept, err error) {
	err = s.db.read(ctx, func(q *query) error {
		var run access.Rev
		err := q.row(ctx, lastRun).Scan(&run, &k.At, &k.Rev)
		if errors.Is(err, sql.ErrNoRows) {
			return coverage.ErrNone
		} else if err != nil {
			return err
		}
		k.Rows, err = q.coverageRows(ctx, run, f)
		return err
	})
	return k, err
}

func (q *query) coverageRows(ctx context.Context, run access.Rev, f coverage.Filter) (rows []coverage.Row, err error) {
	err = q.eachListed(ctx, lastCoverage, within(f), append(askedOf(f), run), func(scan func(...any) error) error {
		var r coverage.Row
		if err := scan(&r.System, &r.Tier, &r.IdentityKind, &r.ThirdParty, &r.Control, &r.Required, &r.InPlace, &r.Missing, &r.Unknown, &r.Excepted); err != nil {
			return err
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

const dayLength = 24 * 3600 * 1_000_000

const coverageTrend = `
select r.at, c.control, sum(c.required), sum(c.in_place), sum(c.missing), sum(c.unknown), sum(c.excepted)
  from coverage c
  join coverage_run r on r.rev = c.rev
 where r.rev in (select max(rev) from coverage_run where at >= $4 group by at / $5)
   and ` + cellsAsked + ` and %s
 group by r.at, c.control
 order by r.at, c.control`

// Trend returns, per day, the last matrix summed by control.
func (s Coverage) Trend(ctx context.Context, since access.Time, f coverage.Filter) (points []coverage.Point, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.eachListed(ctx, coverageTrend, within(f), append(askedOf(f), since, dayLength), func(scan func(...any) error) error {
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

func placeholders(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(list, ", ")
}
