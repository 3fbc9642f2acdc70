package csv_test

import (
	"errors"
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

// people reads an HR file to its end or first error.
func people(t *testing.T, path string, options map[string]string) ([]connector.Record, error) {
	t.Helper()
	p, err := csv.OpenPeople(connector.Config{Name: "hr", Address: path, Options: options})
	if err != nil {
		return nil, err
	}
	var list []connector.Record
	for r, err := range p.People(t.Context(), "") {
		if err != nil {
			return list, err
		}
		list = append(list, r)
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
	var list []connector.Record
	for r, err := range system(t, dir, options).Discover(t.Context(), "") {
		if err != nil {
			return list, err
		}
		list = append(list, r)
	}
	return list, nil
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

const minimal = "number,name\nE1,Ana\nE2,Ben\n"
