package csv_test

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
)

// write makes a file and returns its path.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openPeople(t *testing.T, path string, options map[string]string) connector.PeopleReader {
	t.Helper()
	p, err := csv.OpenPeople(connector.Config{Name: "hr", Address: path, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// people reads an HR file to its end or first error.
func people(t *testing.T, path string, options map[string]string) ([]connector.Record, error) {
	t.Helper()
	return collect(openPeople(t, path, options).People(t.Context(), ""), func() {})
}

// collect reads to the end or first error, and does something behind the first
// record.
func collect(records iter.Seq2[connector.Record, error], behindFirst func()) (list []connector.Record, _ error) {
	for r, err := range records {
		if err != nil {
			return list, err
		}
		if list = append(list, r); len(list) == 1 {
			behindFirst()
		}
	}
	return list, nil
}

// folder makes a folder of files with just enough in it.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if _, ok := files["accounts.csv"]; !ok {
		write(t, dir, "accounts.csv", "id,login\na1,ana\na2,ben\n")
	}
	for name, content := range files {
		write(t, dir, name, content)
	}
	return dir
}

func system(t *testing.T, dir string, options map[string]string) connector.Connector {
	t.Helper()
	c, err := csv.Spec().Open(t.Context(), connector.Config{Name: "erp", Address: dir, Options: options})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// discover reads a folder to its end or first error.
func discover(t *testing.T, dir string, options map[string]string) ([]connector.Record, error) {
	t.Helper()
	return collect(system(t, dir, options).Discover(t.Context(), ""), func() {})
}

// discoverAnd does something once the first record was read.
func discoverAnd(t *testing.T, dir string, behindFirst func()) ([]connector.Record, error) {
	t.Helper()
	return collect(system(t, dir, nil).Discover(t.Context(), ""), behindFirst)
}

// refused fails unless err is the rule and says all that is wanted.
func refused(t *testing.T, err, rule error, wants ...string) {
	t.Helper()
	if !errors.Is(err, rule) {
		t.Fatalf("got %v, want %v", err, rule)
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

// rejects says where rows were rejected and why; the other records are counted.
func rejects(list []connector.Record) (where []string, others int) {
	for _, r := range list {
		switch {
		case r.Reject != nil:
			where = append(where, r.Reject.Where+" "+r.Reject.Reason)
		case r.Checkpoint == "":
			others++
		}
	}
	return where, others
}

const minimal = "number,name\nE1,Ana\nE2,Ben\n"
