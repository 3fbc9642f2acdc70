package linux

import (
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
)

// TestPeopleOfOtherDomains: with sssd or winbind a partner's ana stands beside the
// directory's; neither her account nor her group is taken for the directory's.
func TestPeopleOfOtherDomains(t *testing.T) {
	h := &Host{directory: "corp", domains: connector.ParseDomains("example.test,EXAMPLE")}
	f := newFacts()
	f.names.passwd = []string{"sss"}
	for name, want := range map[string]string{
		"ana": "ana", "ana@example.test": "ana", `EXAMPLE\ana`: "ana", "ana@partner.test": "", `PARTNER\ana`: "",
	} {
		a := &account{name: name, foreign: true}
		f.accounts = append(f.accounts, a)
		got := ""
		for _, by := range h.openedBy(a, f) {
			got = by.ID
		}
		if got != want {
			t.Errorf("%s is opened by %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"admins@partner.test", "admins@example.test"} {
		f.groups = append(f.groups, &group{name: name, foreign: true})
	}
	if list := h.fromDirectory(f); len(list) != 1 || list[0].Holder.ID != "admins" || list[0].Entitlement != groupID("admins@example.test") {
		t.Errorf("the directory's groups hold %+v", list)
	}
	if w := strings.Join(h.directoryWarnings(f), " "); !strings.Contains(w, "domains PARTNER, partner.test are not taken") {
		t.Errorf("warned of %q", w)
	}
}
