package store

import (
	"context"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func asTester(ctx context.Context) context.Context {
	return audit.WithActor(ctx, audit.Actor{Node: "test"})
}

func TestSequenceFollowsClosedSetsOnly(t *testing.T) {
	eachDatabase(t, testSequenceFollowsClosedSetsOnly)
}

func testSequenceFollowsClosedSetsOnly(t *testing.T, fresh func(*testing.T) Config) {
	ctx := asTester(t.Context())
	db := openStore(t, fresh(t))
	note := func(e audit.Event) {
		t.Helper()
		if err := db.change(ctx, e, func(t *tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	note(audit.Event{Action: "test.first"})
	s, err := db.stage(ctx, access.SystemID(1).Ref())
	if err != nil {
		t.Fatal(err)
	}
	note(audit.Event{Action: "test.second", Personal: map[string]string{"reason": "because"}})
	if rev, err := db.Sequence(ctx); err != nil || rev != 2 {
		t.Fatalf("rev %d, %v", rev, err)
	}
	err = db.stageBatch(ctx, s, audit.Event{Action: "test.batch"}, func(t *tx) error {
		return t.changed(ctx, access.IdentityID(4).Ref())
	})
	if err != nil {
		t.Fatal(err)
	}
	if rev, err := db.Sequence(ctx); err != nil || rev != 2 {
		t.Fatalf("an open set was given a revision: %d, %v", rev, err)
	}
	if err := db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil); err != nil {
		t.Fatal(err)
	}
	if rev, err := db.Sequence(ctx); err != nil || rev != 3 {
		t.Fatalf("rev %d, %v", rev, err)
	}
	var leaves int
	if err := db.r.QueryRow("select max(leaf_index) + 1 from audit_record").Scan(&leaves); err != nil || leaves != 4 {
		t.Fatal(leaves, err)
	}
}
