package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// A SCIM service is added, tried and read by hand, and what goes wrong on the way says
// what to do.
func TestSCIMByHand(t *testing.T) {
	s := testkit.SCIM(t, testkit.SCIMOptions{})
	ids := make([]any, 12)
	for i := range ids {
		ids[i] = s.AddUser(t, fmt.Sprintf(`{"userName": "u%02d@example.test", "active": true, "roles": [{"value": "viewer"}]}`, i))
	}
	s.AddGroup(t, fmt.Sprintf(`{"displayName": "editors", "members": [{"value": %q}, {"value": %q}, {"value": "who-left"}]}`, ids[:2]...))
	dir := t.TempDir()
	token, wrong := filepath.Join(dir, "token"), filepath.Join(dir, "wrong")
	if os.WriteFile(token, append(s.Token.Reveal(), '\n'), 0o600) != nil || os.WriteFile(wrong, []byte("not-the-token"), 0o600) != nil {
		t.Fatal("the token cannot be kept")
	}
	d := &directoryDesk{data: filepath.Join(dir, "data"), dir: dir}
	d.writ(t, exitOK, "system", "add", "app=scim=http://app.example.com/scim", "--credential", "app=file:"+token)
	d.says(t, d.writ(t, exitFailed, "system", "test", "app"), `app.*must look like https://app.example.com/scim/v2`)
	d.writ(t, exitOK, "system", "set", "app", "--address", s.URL, "--option", "dialect=azure")
	d.says(t, d.writ(t, exitFailed, "system", "test", "app"), `option dialect: it must be one of auto, strict, entra, okta`)
	d.writ(t, exitOK, "system", "set", "app", "--option", "dialect=")
	d.says(t, d.writ(t, exitFailed, "system", "test", "app"), `app.*does not answer; check the address and, where its certificate is not trusted, option ca`)
	d.writ(t, exitOK, "system", "set", "app", "--option", "ca="+s.CA, "--option", "admins=role:admin")
	out := d.writ(t, exitOK, "system", "test", "app")
	d.says(t, out, `SCIM 2.0 service \(says that it can: patch, filter, read\)`)
	d.says(t, out, `last used is not known`)
	d.writ(t, exitOK, "system", "set", "app", "--credential", "file:"+wrong)
	d.says(t, d.writ(t, exitFailed, "system", "sync", "app"), `app.*the service refused the token; make a new one`)
	d.writ(t, exitOK, "system", "set", "app", "--credential", "file:"+token)
	d.says(t, d.writ(t, exitOK, "system", "dry-run", "app"), `12`)
	out = d.writ(t, exitOK, "system", "sync", "app")
	d.says(t, out, `app +0 +12 +2 +14 `)
	d.says(t, out, `app: 1 rows rejected, see `)
	rejects, err := filepath.Glob(filepath.Join(d.data, "rejects", "app-*.csv"))
	if err != nil || len(rejects) != 1 {
		t.Fatalf("%v, %v", rejects, err)
	}
	text, err := os.ReadFile(rejects[0])
	if err != nil {
		t.Fatal(err)
	}
	d.says(t, string(text), `group editors .*1 of its members are gone`)
	d.says(t, d.writ(t, exitOK, "who-can", "app/editors"), `u00@example.test`)
	if said := d.writ(t, exitOK, "system", "show", "app") + d.writ(t, exitOK, "audit", "list", "-o", "json"); strings.Contains(said, string(s.Token.Reveal())) {
		t.Error("the token shows")
	}
}
