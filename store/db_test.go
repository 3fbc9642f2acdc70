package store

import (
	"context"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func TestOpenChange(t *testing.T) {
	ctx := audit.WithActor(context.Background(), audit.Actor{Node: "test"})
	db, err := Open(ctx, Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the directory goes too
	for range 3 {
		err = db.change(ctx, audit.Event{Action: "test.change"}, func(t *tx) error {
			if _, err := t.newKeys(ctx, access.KindIdentity, 3); err != nil {
				return err
			}
			return t.changed(ctx, access.Ref{Kind: access.KindIdentity, Key: 1})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := db.r.QueryRow("select count(*) from audit_record").Scan(&n); err != nil || n != 3 {
		t.Fatal(n, err)
	}
}
