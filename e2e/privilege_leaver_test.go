package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// told is what a service was told last: the version, and what opens its account.
func (f *firm) told(t *testing.T) (version int, value string) {
	t.Helper()
	var m struct {
		Version int
		Value   string
	}
	text, err := os.ReadFile(filepath.Join(f.dir, "told"))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return m.Version, m.Value
}

// finances are two secrets that Ana and Eva may see: one of a host, and one of a database
// that a service uses.
func (f *firm) finances(t *testing.T) {
	t.Helper()
	f.run(t, "writ safe add finance --owner olga@example.com --most 1h --reason 'figures'")
	for _, who := range []string{"ana", "eva"} {
		f.run(t, "writ safe grant finance "+who+"@example.com reveal --reason 'makes the figures'")
	}
	f.keep(t, "finance/batch", "host/batch")
	f.keep(t, "finance/reports", "db/reports")
	f.run(t, "writ consumer add finance/reports report --hook report --owner pia@example.com")
	waits(t, func() bool { n, _ := f.told(t); return n == 1 }, func() string { return f.run(t, "writ consumer list") })
}

// Eva knows what opens two systems, and HR says that she has left. What nobody else uses is
// another value at once; what a service uses has a day, and is no longer to be had by her.
func aLeaver(t *testing.T, f *firm) {
	ana, eva := f.at["ana"], f.at["eva"]
	f.finances(t)
	for _, name := range []string{"batch", "reports"} {
		if got := strings.TrimSpace(eva.run(t, "writ secret get finance/"+name+" --reason 'figures of March'")); got != found {
			t.Fatalf("she sees %q", got)
		}
	}
	out := idOf(t, "chk", eva.run(t, "writ checkout finance/reports --reason 'figures of March'"))
	if !f.opensHost(t, found) || !f.opensDB(t, "reports", found) {
		t.Fatal("what she knows opens nothing")
	}

	f.people(t, "2026-11-01")
	f.run(t, "writ source sync hr")
	seen := f.run(t, "writ secret seen --by eva@example.com")
	if !strings.Contains(seen, "finance/batch") || !strings.Contains(seen, "finance/reports") || strings.Contains(seen, "ledger/app") {
		t.Errorf("she knew %s", seen)
	}
	waits(t, func() bool { return !f.opensHost(t, found) }, func() string { return f.run(t, "writ rotate list") })
	waits(t, func() bool {
		got, _, err := ana.try("writ secret get finance/batch --reason 'is it good?'")
		return err == nil && f.opensHost(t, strings.TrimSpace(got))
	}, func() string { return "what is kept does not open the host: " + f.run(t, "writ rotate list") })

	// The service goes on with what it has until a day that its owner was told.
	waits(t, func() bool {
		return strings.Contains(f.run(t, "writ rotate list --state planned"), "finance/reports")
	}, func() string { return f.run(t, "writ rotate list") })
	if !f.opensDB(t, "reports", found) {
		t.Error("the service stands still")
	}
	eva.refused(t, "writ secret get finance/reports --reason 'once more'", "nobody who works here")
	waits(t, func() bool { return !strings.Contains(f.run(t, "writ checkout list"), out) }, func() string { return "she has it out still" })
	caught, err := f.mail.Wait(t.Context(), func(list []testkit.Caught) bool {
		for _, m := range list {
			if m.To == "pia@example.com" && strings.Contains(m.Header("Subject"), "reports") {
				return true
			}
		}
		return false
	})
	if err != nil {
		t.Errorf("the owner of the service is not told: %v, %d mails", err, len(caught))
	}
	f.run(t, "writ rotate finance/reports --reason 'the report runs at night'")
	waits(t, func() bool { _, value := f.told(t); return value != found && f.opensDB(t, "reports", value) }, func() string { return f.run(t, "writ rotate list; writ consumer list") })
	if f.opensDB(t, "reports", found) {
		t.Error("what she knew opens the database")
	}
}
