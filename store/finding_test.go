package store

import (
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
)

// gap is a draft of one rule about one account that names what it is of.
func gap(severity access.Severity, of ...access.Ref) *finding.Draft {
	return &finding.Draft{
		Rule: "standing-privilege", Subject: access.AccountID(7).Ref(), Severity: severity,
		Evidence: []finding.Evidence{{Text: "holds {}", Refs: of}},
	}
}

// What is accepted stays accepted until its end, and as long as it is what was
// accepted: a gap that has grown is open again.
func TestAcceptedFindings(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		clock := &stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
		cfg := fresh(t)
		cfg.Now = clock.now
		db := openStore(t, cfg)
		s := &finding.Service{Store: db.Findings(), Now: clock.now}
		one, two := access.EntitlementID(1).Ref(), access.EntitlementID(2).Ref()
		reconcile := func(d *finding.Draft) finding.Finding {
			t.Helper()
			if _, err := s.Reconcile(ctx, []finding.Draft{*d}); err != nil {
				t.Fatal(err)
			}
			list, err := s.List(ctx, finding.Filter{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0]
		}
		accept := func(f finding.Finding) {
			t.Helper()
			if err := s.Accept(ctx, f.ID, 0, "until the move", clock.now().Add(30*24*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		f := reconcile(gap(access.High, one, two))
		accept(f)
		if err := s.Accept(ctx, f.ID, 0, "again", clock.now().Add(time.Hour)); !errors.Is(err, finding.ErrNotFound) {
			t.Errorf("accepting what is accepted: %v", err)
		}
		for _, d := range []*finding.Draft{gap(access.High, one, two), gap(access.High, one), gap(access.Medium, one)} {
			if f := reconcile(d); f.Status != finding.Accepted || f.Reason != "until the move" {
				t.Errorf("the same or less than what was accepted: %+v", f)
			}
		}
		if f := reconcile(gap(access.High, one)); f.Status != finding.Open || f.Reason != "" {
			t.Errorf("worse than what was accepted: %+v", f)
		}
		accept(f)
		if f := reconcile(gap(access.High, two, one)); f.Status != finding.Open {
			t.Errorf("more than what was accepted: %+v", f)
		}
		accept(f)
		clock.at = clock.at.Add(31 * 24 * time.Hour)
		if f := reconcile(gap(access.High, two, one)); f.Status != finding.Open || f.AcceptedUntil != 0 {
			t.Errorf("past its end: %+v", f)
		}
		if _, err := s.Reconcile(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if list, err := s.List(ctx, finding.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("the cause is gone: %+v, %v", list, err)
		}
	})
}

// What is looked up is what there is, and what somebody has changed since it was
// read is left to them.
func TestFindingsOfOthers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		ctx := asTester(t.Context())
		clock := &stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
		cfg := fresh(t)
		cfg.Now = clock.now
		db := openStore(t, cfg)
		store := db.Findings()
		s := &finding.Service{Store: store, Now: clock.now}
		d := gap(access.High, access.EntitlementID(1).Ref())
		if _, err := s.Reconcile(ctx, []finding.Draft{*d}); err != nil {
			t.Fatal(err)
		}
		key := finding.Key{Rule: d.Rule, Subject: d.Subject}
		keys := []finding.Key{key, {Rule: d.Rule, Subject: access.AccountID(8).Ref()}, {Rule: "dormant-account", Subject: d.Subject}}
		kept, err := store.KeptOf(ctx, keys)
		if err != nil || len(kept) != 1 || kept[key].Status != finding.Open {
			t.Fatalf("%+v, %v", kept, err)
		}
		end := clock.now().Add(24 * time.Hour)
		if err := s.Accept(ctx, kept[key].ID, 0, "until the move", end); err != nil {
			t.Fatal(err)
		}
		for _, change := range []finding.Change{
			{Key: key, ID: kept[key].ID, Version: kept[key].Version},
			{Key: key, ID: kept[key].ID, Version: kept[key].Version, Draft: gap(access.Critical), Reopen: true},
		} {
			if lost, err := store.Reconcile(ctx, []finding.Change{change}); err != nil || len(lost) != 1 || lost[0] != key {
				t.Errorf("lost %v, %v", lost, err)
			}
		}
		if list, err := s.List(ctx, finding.Filter{}); err != nil || len(list) != 1 || list[0].Status != finding.Accepted || list[0].Severity != access.High {
			t.Errorf("what was accepted meanwhile: %+v, %v", list, err)
		}
		if ended, err := store.Ended(ctx, access.TimeOf(end)-1); err != nil || len(ended) != 0 {
			t.Errorf("before the end: %+v, %v", ended, err)
		}
		ended, err := store.Ended(ctx, access.TimeOf(end))
		if err != nil || len(ended) != 1 || ended[key].Accepted == nil || len(ended[key].Accepted.Evidence) != 1 || ended[key].Accepted.Severity != access.High {
			t.Errorf("at the end: %+v, %v", ended, err)
		}
	})
}
