package store

import (
	"testing"

	"github.com/writhq/writ/audit"
)

func TestFigures(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx := asTester(t.Context())
		before, err := db.Figures(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if before.Bytes < 10_000 || before.Now == 0 {
			t.Errorf("%+v", before)
		}
		if err := db.change(ctx, audit.Event{Action: "test.plain"}, func(*tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		waiting, err := db.Figures(ctx)
		if err != nil || waiting.Waiting != before.Waiting+1 || waiting.Oldest == 0 || waiting.Records != before.Records+1 {
			t.Errorf("%+v, %v", waiting, err)
		}
		if _, err := db.Sequence(ctx); err != nil {
			t.Fatal(err)
		}
		after, err := db.Figures(ctx)
		if err != nil || after.Waiting != 0 || after.Oldest != 0 || after.Rev <= before.Rev {
			t.Errorf("%+v, %v", after, err)
		}
	})
}
