package csv

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

// checkpointEvery is how many rows lie between two places to resume at.
const checkpointEvery = 10000

// attributes are Writ's own names for what an HR file says; other columns are
// taken as they are called.
var attributes = []string{
	"number", "name", "email", "kind", "state", "login", "employer", "unit", "title", "manager", "start", "end",
	"organisation", "sponsor", "contract_end", "owner", "deputy",
}

// people is one HR file.
type people struct {
	cfg connector.Config
	now *file // while it is read
}

// OpenPeople opens an HR file. Options: column.ATTRIBUTE=HEADER, delimiter, encoding.
func OpenPeople(cfg connector.Config) (connector.PeopleReader, error) {
	for name := range cfg.Options {
		attribute, ok := strings.CutPrefix(name, "column.")
		if (!ok || !slices.Contains(attributes, attribute)) && name != "delimiter" && name != "encoding" {
			return nil, connector.ErrInput.With("source %s: %q is not an option of an HR file; there are: encoding, delimiter, and column.X with X one of %s", cfg.Name, name, strings.Join(attributes, ", "))
		}
	}
	return &people{cfg: cfg}, nil
}

// Close has nothing open.
func (p *people) Close() error { return nil }

// Measure implements connector.Measured.
func (p *people) Measure() (done, total int64) {
	if p.now == nil {
		return 0, 0
	}
	return p.now.position(), sizeOf(p.now.info)
}

// People yields every row.
func (p *people) People(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		opened, err := os.OpenFile(p.cfg.Address, readOnly, 0)
		f, err := newFile(opened, err, filepath.Base(p.cfg.Address), p.cfg.Options["encoding"], p.cfg.Options["delimiter"])
		if err != nil {
			yield(connector.Record{}, connector.ErrInput.With("the HR file %s cannot be read", p.cfg.Address).Because(err))
			return
		}
		p.now = f
		defer func() {
			p.now = nil
			_ = f.close() // it was only read
		}()
		if err := p.mapColumns(f); err != nil {
			yield(connector.Record{}, err)
			return
		}
		stamp := stampOf(p.cfg.Address, f.info)
		skip := 0
		if row, ok := strings.CutSuffix(cursor, "@"+stamp); ok {
			skip, _ = strconv.Atoi(row)
		}
		if skip > 0 && !yield(connector.Record{Checkpoint: cursor}, nil) {
			return
		}
		for n := 1; ; n++ {
			rec, err := f.record(readPerson)
			if errors.Is(err, io.EOF) {
				if n-1 > skip {
					yield(connector.Record{Checkpoint: strconv.Itoa(n-1) + "@" + stamp}, nil)
				}
				return
			}
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				yield(connector.Record{}, err)
				return
			}
			if n <= skip {
				continue
			}
			if rec.Reject != nil {
				rec.Reject.Object = connector.Target{Kind: connector.OnIdentity, ID: f.get("number")}
			}
			if !yield(rec, nil) || (n%checkpointEvery == 0 && !yield(connector.Record{Checkpoint: strconv.Itoa(n) + "@" + stamp}, nil)) {
				return
			}
		}
	}
}

// mapColumns renames headers to attributes. All headers are looked up before any is
// renamed, so that two can change places.
func (p *people) mapColumns(f *file) error {
	columns := maps.Clone(f.column)
	mapped := map[string]int{}
	for _, attribute := range attributes {
		header, ok := p.cfg.Options["column."+attribute]
		if !ok {
			continue
		}
		header = strings.TrimSpace(header)
		i, ok := f.column[header]
		if !ok {
			return connector.ErrInput.With("%s has no column %q; it has: %s", f.name, header, f.headers())
		}
		delete(columns, header)
		mapped[attribute] = i
	}
	maps.Copy(columns, mapped)
	f.column = columns
	for _, name := range []string{"number", "name"} {
		if _, ok := f.column[name]; !ok {
			return connector.ErrInput.With("%s has no column %q: say which one it is, as in column.%s=HEADER; the headers are: %s", f.name, name, name, f.headers())
		}
	}
	return nil
}

func readPerson(f *file) (connector.Record, error) {
	a := make(map[string]string, len(f.column))
	for name := range f.column {
		if v := f.get(name); v != "" {
			a[name] = v
		}
	}
	if a["number"] == "" {
		return connector.Record{}, errRow{"the row has no number"}
	}
	return connector.Record{Person: &connector.Person{ID: a["number"], Line: f.line, Attributes: a}}, nil
}
