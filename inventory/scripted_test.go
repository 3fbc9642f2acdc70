package inventory_test

import (
	"context"
	"iter"
	"strconv"
	"testing"

	"github.com/writhq/writ/connector"
)

// scripted is a system that yields what it was given, with a checkpoint after
// every tenth record, and can stop half-way.
type scripted struct {
	records []connector.Record
	stopAt  int
	goesOn  bool // behind a cursor; otherwise it starts over
	resumed int
}

func (s *scripted) spec() connector.Spec {
	return connector.Spec{Kind: "csv", Open: func(context.Context, connector.Config) (connector.Connector, error) { return s, nil }}
}

func (s *scripted) Describe(context.Context) (connector.Description, error) {
	return connector.Description{}, nil
}

func (s *scripted) Close() error { return nil }

func (s *scripted) Discover(_ context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		from := 0
		if cursor != "" && s.goesOn {
			s.resumed++
			from, _ = strconv.Atoi(cursor)
			if !yield(connector.Record{Checkpoint: cursor}, nil) {
				return
			}
		}
		for i, r := range s.records[from:] {
			if s.stopAt > 0 && i == s.stopAt {
				yield(connector.Record{}, connector.ErrIncomplete)
				return
			}
			if !yield(r, nil) || (i%10 == 9 && !yield(connector.Record{Checkpoint: strconv.Itoa(from + i + 1)}, nil)) {
				return
			}
		}
	}
}

// collect reads a system's records.
func collect(t *testing.T, spec connector.Spec, w *world) (list []connector.Record) {
	t.Helper()
	y, err := w.s.System(asTest(), "app")
	if err != nil {
		t.Fatal(err)
	}
	c, err := spec.Open(asTest(), connector.Config{Name: "app", Address: y.Config.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was only read
	for r, err := range c.Discover(asTest(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Checkpoint == "" {
			list = append(list, r)
		}
	}
	return list
}

var _ connector.Connector = (*scripted)(nil)
