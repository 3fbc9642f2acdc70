package e2e

import (
	"strings"
	"testing"
)

// What the page on correlation shows works as shown.
func TestHowToCorrelation(t *testing.T) {
	d := newDesk(t)
	d.write(t, "hr.csv", "number,name,email,login\n1,Jonas Reed,j.reed@example.com,jonasr\n2,Jonas Reed,,\n3,Ana Sol,,ana\n")
	d.write(t, "erp/accounts.csv", "id,login,display_name,email\na1,reed,Jonas Reed,j.red@example.com\na2,u7,Anna Sol,\na3,c_ana,,\n")
	d.write(t, "erp/grants.csv", "holder_kind,holder,entitlement\n")
	d.run(t, "writ source add hr hr.csv; writ source sync; writ system add erp=csv=erp; writ system sync")
	blocks := page(t, "correlation").blocks(t, "sh", "writ")
	if len(blocks) != 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for i, want := range []string{
		"email       j.red@example.com  ~ j.reed@example.com (0.94)",
		"nothing is left to decide",
		"rule contractors links accounts from now on; 1 account changed (1 newly linked)",
	} {
		if out := d.run(t, blocks[i]); !strings.Contains(out, want) {
			t.Errorf("block %d does not say %q:\n%s", i, want, out)
		}
	}
}
