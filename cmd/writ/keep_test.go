package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs one command with standard input and checks its exit code.
func command(t *testing.T, want int, in string, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(in), &o, &e); code != want {
		t.Fatalf("writ %s: exit %d, not %d\n%s%s", strings.Join(args, " "), code, want, o.String(), e.String())
	}
	return o.String(), e.String()
}

// writ runs one command without input.
func writ(t *testing.T, want int, args ...string) (out, errs string) {
	t.Helper()
	return command(t, want, "", args...)
}

// keep makes a data directory with a source and some records.
func keep(t *testing.T) (data, dir string) {
	t.Helper()
	dir = t.TempDir()
	data = filepath.Join(dir, "data")
	hr := filepath.Join(dir, "hr.csv")
	if err := os.WriteFile(hr, []byte("number,name\n1,Ana Alvarez\n2,Ben Brandt\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	writ(t, exitOK, "--data", data, "source", "add", "hr", hr)
	writ(t, exitOK, "--data", data, "source", "sync", "hr")
	return data, dir
}

func TestAuditCommands(t *testing.T) {
	data, dir := keep(t)
	in := func(want int, args ...string) string {
		t.Helper()
		out, errs := writ(t, want, append([]string{"--data", data}, args...)...)
		return out + errs
	}
	if out := in(exitOK, "audit", "list", "--action", "inventory."); !strings.Contains(out, "inventory.sync") || strings.Contains(out, "finding.") {
		t.Error(out)
	}
	if out := in(exitOK, "audit", "verify"); !strings.Contains(out, "is intact") {
		t.Error(out)
	}
	if out := in(exitOK, "audit", "verify", "-o", "json"); !strings.Contains(out, `"intact": true`) {
		t.Error(out)
	}
	checkpoint, key, export := filepath.Join(dir, "checkpoint"), strings.TrimSpace(in(exitOK, "audit", "checkpoint", "--key")), filepath.Join(dir, "log.jsonl")
	if err := os.WriteFile(checkpoint, []byte(in(exitOK, "audit", "checkpoint")), 0o600); err != nil {
		t.Fatal(err)
	}
	in(exitOK, "audit", "export", export)
	in(exitFailed, "audit", "export", export)
	in(exitOK, "audit", "verify", export, "--verifier", key, "--checkpoint", checkpoint)

	b, err := os.ReadFile(export)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "Ana") || strings.Contains(string(b), "hr.csv") {
		t.Error("names are in the export")
	}
	tampered := filepath.Join(dir, "tampered.jsonl")
	if err := os.WriteFile(tampered, bytes.Replace(b, []byte("inventory.sync"), []byte("inventory.snyc"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := in(exitFailed, "audit", "verify", tampered); !strings.Contains(out, "NOT INTACT") || !strings.Contains(out, "are not those that the checkpoint") {
		t.Error(out)
	}
	cut := filepath.Join(dir, "cut.jsonl")
	lines := bytes.SplitAfter(b, []byte("\n"))
	if err := os.WriteFile(cut, bytes.Join(lines[:3], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	in(exitOK, "audit", "verify", cut) // it agrees with itself
	if out := in(exitFailed, "audit", "verify", cut, "--checkpoint", checkpoint); !strings.Contains(out, "cut off") {
		t.Error(out)
	}
	in(exitFailed, "audit", "verify", filepath.Join(dir, "nothing"))
	in(exitFailed, "audit", "verify", checkpoint)
	in(exitUsage, "audit", "erase", "Ana")
	in(exitUsage, "audit", "list", "--object", "Ana")

	db, err := sqliteOf(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`update audit_record set actor = 'operator:4711' where id = 2`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out := in(exitFailed, "audit", "verify"); !strings.Contains(out, "record 2 (leaf 1) was changed") {
		t.Error(out)
	}
	writ(t, exitFailed, "--data", filepath.Join(dir, "nowhere"), "audit", "verify")
}

func TestBackupAndRestoreCommands(t *testing.T) {
	data, dir := keep(t)
	t.Setenv("WRIT_TEST_PASSPHRASE", "correct horse")
	file, to := filepath.Join(dir, "one.backup"), filepath.Join(dir, "restored")
	writ(t, exitUsage, "--data", data, "backup", file)
	writ(t, exitOK, "--data", data, "backup", file, "--passphrase", "env:WRIT_TEST_PASSPHRASE")
	writ(t, exitFailed, "--data", data, "backup", file, "--without-keys")
	writ(t, exitFailed, "--data", data, "restore", file, "--passphrase", "env:WRIT_TEST_PASSPHRASE")
	if out, _ := writ(t, exitOK, "restore", "--check", file); !strings.Contains(out, "with the passphrase") {
		t.Error(out)
	}
	_, errs := writ(t, exitFailed, "--data", to, "restore", file)
	if !strings.Contains(errs, "passphrase") {
		t.Error(errs)
	}
	writ(t, exitOK, "--data", to, "restore", file, "--passphrase", "env:WRIT_TEST_PASSPHRASE")
	writ(t, exitOK, "--data", to, "audit", "verify")
	if out, _ := writ(t, exitOK, "--data", to, "source", "list"); !strings.Contains(out, "hr") {
		t.Error(out)
	}
	writ(t, exitOK, "--data", to, "migrate")

	// Without keys it comes back where the keys lie already.
	bare, third := filepath.Join(dir, "two.backup"), filepath.Join(dir, "third")
	writ(t, exitOK, "--data", data, "backup", bare, "--without-keys")
	_, errs = writ(t, exitFailed, "--data", third, "restore", bare)
	if !strings.Contains(errs, "node.key and log.key") {
		t.Error(errs)
	}
	for _, name := range []string{"node.key", "log.key"} {
		b, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(third, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writ(t, exitOK, "--data", third, "restore", bare)
	writ(t, exitOK, "--data", third, "audit", "verify")
}
