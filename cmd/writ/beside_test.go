package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

// Beside a server that owns the data directory every command works, and the server sees
// what it did. Only another server, or what needs the directory to itself, is refused.
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
		"access E0000041": "holds", "system list": "payroll-db", "account disputes": "disputed", "audit tail -n 2": "function.assign", "audit verify": "intact", "function list": "iam", "export --kind source": "name: hr",
	} {
		if code, text := say(strings.Fields(args)...); code != exitOK || !strings.Contains(text, want) {
			t.Errorf("%s: exit %d: %s", args, code, text)
		}
	}
	scope := filepath.Join(t.TempDir(), "scope.yaml")
	must(t, os.WriteFile(scope, []byte("kind: scope\nname: Europe\nspec: {}\n"), 0o600))
	before, err := server.db.Rev(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"system set payroll-db --every 2h": "payroll-db", "function assign E0000100 iam --reason x": "holds iam",
		"apply --reason x --yes -f " + scope: "did all of plan", "signin link E0000041": "/welcome#", "backup " + dir + "/../besides.backup --without-keys": "besides.backup",
	} {
		if code, text := say(strings.Fields(args)...); code != exitOK || !strings.Contains(text, want) {
			t.Errorf("%s: exit %d: %s", args, code, text)
		}
	}
	if rev, err := server.db.Sequence(ctx); err != nil || rev < before+5 {
		t.Errorf("after revision %d the server is at %d: %v", before, rev, err)
	}
	if list, err := server.db.Policy().Functions(ctx); err != nil || !slices.ContainsFunc(list, func(f policy.Assignment) bool { return f.Function == access.IAM && f.Reason == "x" }) {
		t.Errorf("the server does not know who holds what: %v, %v", list, err)
	}
	another := &app{data: dir, alone: true}
	if _, err := another.open(ctx); err == nil || !strings.Contains(err.Error(), store.ErrLocked.Error()) {
		t.Errorf("a second server: %v", err)
	}
}
