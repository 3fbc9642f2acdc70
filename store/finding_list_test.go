package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/policy"
)

// manyFindings opens findings of several rules, systems, severities and owners.
func manyFindings(t *testing.T, db *DB, clock *stopwatch) []finding.Listed {
	t.Helper()
	ctx := asTester(t.Context())
	s := &finding.Service{Store: db.Findings(), Now: clock.now}
	var drafts []finding.Draft
	for i := range 120 {
		rule := finding.Rules()[i*7%len(finding.Rules())]
		drafts = append(drafts, finding.Draft{
			Rule: rule.ID, Subject: access.AccountID(i + 1).Ref(), System: access.SystemID(i * i % 6), Severity: access.Severities[i*5%4],
			Owner: access.IdentityID(i % 3), Evidence: []finding.Evidence{{Text: fmt.Sprint("fact ", i)}},
		})
		if i%40 == 39 {
			if _, err := s.Reconcile(ctx, drafts); err != nil {
				t.Fatal(err)
			}
			clock.at = clock.at.Add(9 * 24 * time.Hour)
		}
	}
	list, err := db.Findings().Page(ctx, finding.Query{Reach: policy.Reach{All: true}, Order: finding.Latest, Limit: 1000})
	if err != nil || len(list) != len(drafts) {
		t.Fatalf("%d of %d, %v", len(list), len(drafts), err)
	}
	for i := 0; i < len(list); i += 10 {
		if err := s.Accept(ctx, list[i].ID, list[i].Version, "for a time", clock.at.Add(time.Duration(1+i%70)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if list, err = db.Findings().Page(ctx, finding.Query{Reach: policy.Reach{All: true}, Order: finding.Latest, Limit: 1000}); err != nil {
		t.Fatal(err)
	}
	return list
}

// fits is what a query asks for, said again in Go.
func fits(q finding.Query, f finding.Listed) bool {
	matches := q.Match == nil || slices.Contains(q.Match.Rules, f.Rule) || slices.Contains(q.Match.Subjects, f.Subject)
	return (q.Rule == "" || q.Rule == f.Rule) && (q.Severity == "" || q.Severity == f.Severity) && (q.Function == "" || q.Function == f.Function) &&
		(q.System == 0 || q.System == f.System) && (q.Status == "" || q.Status == f.Status) && (q.Owner == 0 || q.Owner == f.Owner) &&
		(q.Subject.IsZero() || q.Subject == f.Subject) && (q.DueBefore == 0 || f.Due < q.DueBefore) && matches &&
		(q.EndsBefore == 0 || f.Status == finding.Accepted && f.AcceptedUntil < q.EndsBefore) &&
		(q.Order != finding.Ending || f.Status == finding.Accepted) &&
		(q.Reach.Has(f.System) || q.Reach.Own != 0 && q.Reach.Own == f.Owner)
}

func inOrderOf(o finding.Order) func(a, b finding.Listed) int {
	return func(a, b finding.Listed) int {
		severity := slices.Index(access.Severities, a.Severity) - slices.Index(access.Severities, b.Severity)
		switch o {
		case finding.Latest:
			return cmp.Or(cmp.Compare(b.Opened, a.Opened), cmp.Compare(b.ID, a.ID))
		case finding.Ending:
			return cmp.Or(cmp.Compare(a.AcceptedUntil, b.AcceptedUntil), cmp.Compare(a.ID, b.ID))
		case finding.Due:
			severity = 0
		case finding.Worst:
		}
		return cmp.Or(severity, cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID))
	}
}

// TestLesson14_FindingPages: whatever is asked for, and however far the caller reaches,
// the pages together are what a look at each finding says, in order, and so are counts.
func TestLesson14_FindingPages(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		clock := &stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
		cfg := fresh(t)
		cfg.Now = clock.now
		db := openStore(t, cfg)
		all := manyFindings(t, db, clock)
		some := map[access.SystemID]bool{1: true, 4: true, 99: true}
		wide := map[access.SystemID]bool{}
		for i := range access.SystemID(60) {
			wide[2+i] = true
		}
		reaches := []policy.Reach{{}, {All: true}, {Systems: some}, {Systems: some, Own: 2}, {Own: 1}, {Systems: wide, Own: 1}}
		queries := []finding.Query{
			{},
			{Severity: access.High},
			{Rule: all[5].Rule},
			{System: 4},
			{System: 3, Severity: access.Low},
			{Owner: 2},
			{Subject: all[9].Subject},
			{Function: access.IAM, Status: finding.Open},
			{Status: finding.Accepted},
			{DueBefore: all[50].Due},
			{EndsBefore: 1}, // none ends that early
			{EndsBefore: access.TimeOf(clock.at.AddDate(2, 0, 0)), System: 4},
			{Owner: 1, System: 1, Rule: all[3].Rule},
			{Match: &finding.Match{}},
			{Match: &finding.Match{Rules: []string{all[0].Rule, all[1].Rule}, Subjects: []access.Ref{all[0].Subject, all[7].Subject, access.IdentityID(3).Ref()}}},
			{System: 4, Match: &finding.Match{Rules: []string{all[0].Rule}}},
		}
		for _, reach := range reaches {
			for _, q := range queries {
				for _, order := range []finding.Order{finding.Worst, finding.Due, finding.Latest, finding.Ending} {
					q.Reach, q.Order = reach, order
					pagesAre(t, db, q, all)
				}
			}
		}
	})
}

func pagesAre(t *testing.T, db *DB, q finding.Query, all []finding.Listed) {
	t.Helper()
	ctx := asTester(t.Context())
	var want []finding.Listed
	for _, f := range all {
		if fits(q, f) {
			want = append(want, f)
		}
	}
	slices.SortFunc(want, inOrderOf(q.Order))
	q.Limit = 17
	total := int64(0)
	totals, err := db.Findings().Totals(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range totals {
		total += n.Count
	}
	if total != int64(len(want)) {
		t.Fatalf("%+v: %d in all, not %d", q, total, len(want))
	}
	for at := 0; ; {
		page, err := db.Findings().Page(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page {
			if at == len(want) || f.ID != want[at].ID {
				t.Fatalf("%+v: at %d of %d is %s", q, at, len(want), f.ID)
			}
			at++
		}
		if len(page) < q.Limit {
			if at != len(want) {
				t.Fatalf("%+v: %d of %d", q, at, len(want))
			}
			return
		}
		q.After = &page[len(page)-1].Place
	}
}

// What happened to a finding is told by its versions; who acts names the one they saw.
func TestFindingVersions(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		clock := &stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
		cfg := fresh(t)
		cfg.Now = clock.now
		db := openStore(t, cfg)
		store := db.Findings()
		s := &finding.Service{Store: store, Now: clock.now}
		keep := func(d *finding.Draft) {
			t.Helper()
			if _, err := s.Reconcile(ctx, []finding.Draft{*d}); err != nil {
				t.Fatal(err)
			}
		}
		keep(gap(access.High, access.EntitlementID(1).Ref()))
		list, err := s.List(ctx, finding.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		id := list[0].ID
		last := func() finding.Version {
			t.Helper()
			v, err := store.Versions(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return v[len(v)-1]
		}
		first := last()
		until := access.TimeOf(clock.at.Add(time.Hour))
		if err := store.Accept(ctx, id, first.Number+1, "no", until); !errors.Is(err, finding.ErrChanged) {
			t.Errorf("a version that there is not: %v", err)
		}
		if err := store.Reopen(ctx, id, first.Number, "no"); !errors.Is(err, finding.ErrNotFound) && !errors.Is(err, finding.ErrChanged) {
			t.Errorf("reopening what is open: %v", err)
		}
		if err := store.Assign(ctx, id, first.Number, 42); err != nil {
			t.Fatal(err)
		}
		keep(gap(access.High, access.EntitlementID(2).Ref()))
		if is := last(); is.Owner != 42 || is.Evidence[0].Refs[0] != access.EntitlementID(2).Ref() {
			t.Errorf("whom a person named does not answer any more: %+v", is)
		}
		if err := store.Accept(ctx, id, first.Number, "late", until); !errors.Is(err, finding.ErrChanged) {
			t.Errorf("a version that was: %v", err)
		}
		if err := store.Accept(ctx, id, last().Number, "for a time", until); err != nil {
			t.Fatal(err)
		}
		if err := store.Reopen(ctx, id, last().Number, "enough"); err != nil {
			t.Fatal(err)
		}
		if is := last(); is.Status != finding.Open || is.Owner != 42 || is.Reason != "enough" || is.AcceptedUntil != 0 || is.AcceptedBy != 0 {
			t.Errorf("reopened: %+v", is)
		}
		if _, err := s.Reconcile(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if is := last(); is.Ended == 0 || is.EndedBy == "" {
			t.Errorf("resolved: %+v", is)
		}
		if err := store.Assign(ctx, id, 0, 1); !errors.Is(err, finding.ErrNotFound) {
			t.Errorf("giving what is resolved an owner: %v", err)
		}
		if _, err := store.Versions(ctx, id+1); !errors.Is(err, finding.ErrNotFound) {
			t.Errorf("a finding that there is not: %v", err)
		}
	})
}
