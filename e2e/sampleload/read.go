package sampleload

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
)

// row is one line of a file by its header.
type row map[string]string

// files is one system of a sample.
type files struct {
	name                                                   string
	resources, entitlements, accounts, credentials, grants []row
}

func read(tb testing.TB, dir, system string) files {
	tb.Helper()
	at := filepath.Join(dir, "systems", system)
	return files{
		name:         system,
		resources:    readTable(tb, filepath.Join(at, "resources.csv")),
		entitlements: readTable(tb, filepath.Join(at, "entitlements.csv")),
		accounts:     readTable(tb, filepath.Join(at, "accounts.csv")),
		credentials:  readTable(tb, filepath.Join(at, "credentials.csv")),
		grants:       readTable(tb, filepath.Join(at, "grants.csv")),
	}
}

func readTable(tb testing.TB, path string) []row {
	tb.Helper()
	f, err := os.Open(path) //nolint:gosec // the test's own sample
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	var rows []row
	for _, line := range lines[1:] {
		r := row{}
		for i, name := range lines[0] {
			r[name] = line[i]
		}
		rows = append(rows, r)
	}
	return rows
}
