package store

import (
	"context"
	"net/url"
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

// A commit is on the disk before anybody is told of it, whatever the cluster says: a target
// has been given a secret then that only this database knows.
func TestCommitsOutliveTheMachine(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		cfg := fresh(t)
		ask, want := "pragma synchronous", "2" // full
		if cfg.Postgres != "" {
			ask, want = "show synchronous_commit", "local"
			at, err := url.Parse(cfg.Postgres)
			if err != nil {
				t.Fatal(err)
			}
			q := at.Query()
			q.Set("synchronous_commit", "off")
			at.RawQuery = q.Encode()
			cfg.Postgres = at.String()
		}
		db := openStore(t, cfg)
		var is string
		if err := db.w.QueryRow(ask).Scan(&is); err != nil || is != want {
			t.Errorf("%s says %q, not %q: %v", ask, is, want, err)
		}
	})
}
