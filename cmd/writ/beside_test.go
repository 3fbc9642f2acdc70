package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/store"
)

// Beside a server that owns the data directory what reads works, and what changes
// something says what to do.
func TestCommandsBesideAServer(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	ctx, dir := context.Background(), t.TempDir()
	say := func(args ...string) (int, string) {
		var out, wrong said
		code := run(ctx, append([]string{"--data", dir}, args...), strings.NewReader(""), &out, &wrong)
		return code, out.String() + wrong.String()
	}
	server := &app{out: io.Discard, err: io.Discard, data: dir, alone: true}
	if err := server.prepareDemo(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := server.db.Sequence(ctx); err != nil { // as a node goes on doing
		t.Fatal(err)
	}
	defer server.close() //nolint:errcheck // the directory goes too
	for args, want := range map[string]string{
		"findings --severity critical": "critical", "coverage": "Coverage", "search ana": "hits", "who-can payroll-db/payroll_owner": "payroll",
		"access E0000041": "holds", "system list": "payroll-db", "account disputes": "disputed", "audit tail -n 2": "function.assign", "audit verify": "intact", "function list": "iam",
	} {
		if code, text := say(strings.Fields(args)...); code != exitOK || !strings.Contains(text, want) {
			t.Errorf("%s: exit %d: %s", args, code, text)
		}
	}
	for _, args := range []string{"system sync payroll-db", "system set payroll-db --every 2h", "function assign E0000100 iam --reason x", "signin link E0000041"} {
		if code, text := say(strings.Fields(args)...); code != exitFailed || !strings.Contains(text, "ask the server") {
			t.Errorf("%s: exit %d: %s", args, code, text)
		}
	}
	saved := filepath.Join(t.TempDir(), "saved")
	if code, text := say("backup", saved, "--without-keys"); code != exitOK {
		t.Errorf("backup: exit %d: %s", code, text)
	}
	if code, text := say("restore", "--check", saved); code != exitOK {
		t.Errorf("restore --check: exit %d: %s", code, text)
	}
	if _, err := server.db.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	if code, text := say("audit", "list", "--action", "store.backup"); code != exitOK || !strings.Contains(text, "operator:") {
		t.Errorf("a backup beside a server is recorded so: exit %d: %s", code, text)
	}
	another := &app{data: dir, alone: true}
	if _, err := another.open(ctx); err == nil || !strings.Contains(err.Error(), store.ErrLocked.Error()) {
		t.Errorf("a second server: %v", err)
	}
}
