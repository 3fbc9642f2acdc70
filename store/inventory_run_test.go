package store

import (
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// A node that died leaves a run that is shown as interrupted, and the next one begins.
func TestARunWhoseNodeDied(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx, s := asTester(t.Context()), db.Inventory()
		r := inventory.Run{Kind: inventory.SyncRun, On: access.SystemID(1).Ref(), By: "test", State: inventory.Running}
		first, err := s.BeginRun(ctx, r, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.BeginRun(ctx, r, time.Hour); !errors.Is(err, inventory.ErrBusy) {
			t.Fatalf("two at once: %v", err)
		}
		first.Stage, first.Done, first.Total = "reading", 5, 10
		if cancelled, err := s.KeepRun(ctx, first, -time.Second); err != nil || cancelled { // its last word
			t.Fatal(cancelled, err)
		}
		if now, err := s.Run(ctx, first.ID); err != nil || now.State != inventory.Interrupted || now.Done != 5 || now.Stage != "reading" {
			t.Errorf("%+v, %v", now, err)
		}
		second, err := s.BeginRun(ctx, r, time.Hour)
		if err != nil {
			t.Fatalf("the next one: %v", err)
		}
		if now, err := s.Run(ctx, first.ID); err != nil || now.State != inventory.Interrupted || now.Ended == 0 {
			t.Errorf("%+v, %v", now, err)
		}
		// What was taken for dead stops, and its end does not count.
		if cancelled, err := s.KeepRun(ctx, first, time.Hour); err != nil || !cancelled {
			t.Errorf("the dead goes on: %v, %v", cancelled, err)
		}
		first.State = inventory.Done
		if err := s.EndRun(ctx, first); err != nil {
			t.Fatal(err)
		}
		if now, err := s.Run(ctx, first.ID); err != nil || now.State != inventory.Interrupted {
			t.Errorf("%+v, %v", now, err)
		}
		if err := s.CancelRun(ctx, second.ID); err != nil {
			t.Fatal(err)
		}
		if cancelled, err := s.KeepRun(ctx, second, time.Hour); err != nil || !cancelled {
			t.Errorf("it does not hear that it is to stop: %v, %v", cancelled, err)
		}
	})
}

// Only the last runs of each system stay.
func TestRunsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx, s := asTester(t.Context()), db.Inventory()
		var last inventory.Run
		for range runsKept + 5 {
			for _, on := range []access.Ref{access.SystemID(1).Ref(), access.SourceID(1).Ref()} {
				r, err := s.BeginRun(ctx, inventory.Run{Kind: inventory.TestRun, On: on, By: "test", State: inventory.Running}, time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				r.State, r.Outcome = inventory.Done, inventory.Outcome{Test: &inventory.Tested{Said: "well"}}
				if err := s.EndRun(ctx, r); err != nil {
					t.Fatal(err)
				}
				last = r
			}
		}
		list, err := s.Runs(ctx, inventory.RunFilter{First: 1000})
		if err != nil || len(list) != 2*runsKept {
			t.Errorf("%d runs, %v", len(list), err)
		}
		if r, err := s.Run(ctx, last.ID); err != nil || r.Outcome.Test == nil || r.Outcome.Test.Said != "well" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
