package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// The worst day: every process is killed and the data is gone. Two holders open the kit at a
// desk that has nothing of Writ but the program, and work. Then what has to follow follows.
// What a kit, a share or a record that is wrong meets is in cmd/writ.
func everyNodeIsGone(t *testing.T, f *firm) {
	f.run(t, "writ safe add emergency --owner olga@example.com --most 1h --reason 'the worst day'")
	f.keep(t, "emergency/root", "db/emergency")
	f.run(t, `writ break-glass make production --secret emergency/root --holder ana@example.com --holder ben@example.com --holder ida@example.com \
  --threshold 2 --to production.kit --reason 'yearly'`)
	away := newDesk(t, "WRIT_DATABASE=", "WRIT_TOKEN=")
	for _, who := range []string{"ana", "ben", "ida"} {
		var share struct{ Text string }
		f.at[who].json(t, "writ break-glass share production -o json", &share)
		away.write(t, who+".txt", share.Text+"\n")
	}
	f.run(t, "writ backup writ.backup --passphrase env:PASSPHRASE")
	f.run(t, "cp production.kit "+away.dir)
	key := f.vaultKeys(t)
	f.kill()
	if err := os.Rename(filepath.Join(f.dir, "data"), filepath.Join(f.dir, "gone")); err != nil {
		t.Fatal(err)
	}

	f.at["ana"].refused(t, "writ secret get ledger/app --reason 'all is down'", "does not answer")
	if says := away.run(t, "writ break-glass inspect production.kit"); !strings.Contains(says, "Ana Sol") || !strings.Contains(says, "emergency") {
		t.Errorf("the kit says %s", says)
	}
	const open = "writ break-glass open production.kit --by 'Ana Sol' --by 'Ben Roy' --reason 'INC-7: all of Writ is down' --secret emergency/root"
	shown := strings.TrimSpace(away.run(t, open+" --share ana.txt --share ben.txt --record the.record"))
	if !f.opensDB(t, "emergency", shown) {
		t.Fatal("the database does not let in whoever opened the kit")
	}

	f.run(t, "writ restore writ.backup --passphrase env:PASSPHRASE")
	for name, text := range key {
		f.write(t, filepath.Join("data", name), text)
	}
	f.starts(t)
	f.comeIn(t, "ana", "sol")
	sol := f.at["sol"]
	sol.run(t, "writ break-glass merge "+filepath.Join(away.dir, "the.record"))
	if _, err := f.mail.Wait(t.Context(), func(list []testkit.Caught) bool {
		to := map[string]bool{}
		for _, m := range list {
			if strings.Contains(m.Header("Subject"), "production was opened") {
				to[m.To] = true
			}
		}
		return to["sol@example.com"] && to["ida@example.com"] && to["olga@example.com"] && to["ana@example.com"] && to["ben@example.com"]
	}); err != nil {
		t.Errorf("not everybody is alarmed: %v", err)
	}
	waits(t, func() bool { return !f.opensDB(t, "emergency", shown) }, func() string { return f.run(t, "writ rotate list") })
	if seen := f.run(t, "writ secret seen emergency/root"); !strings.Contains(seen, "Ana Sol") || !strings.Contains(seen, "Ben Roy") || strings.Contains(seen, "Ida Moe") {
		t.Errorf("who knew it: %s", seen)
	}
	review := idOf(t, "apr", sol.run(t, "writ break-glass show production"))
	if said, _, err := f.at["ana"].try(sol.agreeing(t, review)); err == nil {
		t.Errorf("who opened the kit closes its review: %s", said)
	}
	sol.agrees(t, review)
	if kit := sol.run(t, "writ break-glass show production"); !strings.Contains(kit, "approved") {
		t.Errorf("after the review: %s", kit)
	}
}

// vaultKeys are the files that open the vault, which are in no backup.
func (f *firm) vaultKeys(t *testing.T) map[string]string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(f.dir, "data", "vault-*.key"))
	if err != nil || len(list) == 0 {
		t.Fatalf("the vault has no key: %v", err)
	}
	keys := map[string]string{}
	for _, file := range list {
		text, err := os.ReadFile(file) //nolint:gosec // of the test's own node
		if err != nil {
			t.Fatal(err)
		}
		keys[filepath.Base(file)] = string(text)
	}
	return keys
}
