package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/store"
)

// What is configured is used, or nothing starts.
func TestLesson20_ConfiguredDatabaseIsUsed(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	dir := t.TempDir()
	file := filepath.Join(dir, "writ.yaml")
	text := "data: " + filepath.Join(dir, "data") + "\naddress: 127.0.0.1:0\ndatabase: postgres://nobody@127.0.0.1:1/none\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log said
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if code := run(ctx, []string{"server", "--config", file}, strings.NewReader(""), &out, &log); code != exitFailed || !strings.Contains(log.String(), "PostgreSQL database does not answer") {
		t.Errorf("exit %d: %q %q", code, out.String(), log.String())
	}
	if store.Exists(filepath.Join(dir, "data")) {
		t.Error("another database was made in its place")
	}
}
