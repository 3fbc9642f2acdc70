package finding

import (
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What somebody has again that was taken from them is worse than what is missing; each is
// told by what was done, and both are one finding of whom it is about.
func TestDrift(t *testing.T) {
	kinds := []connector.ChangeKind{
		connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.DeleteAccount, connector.EnableAccount,
	}
	for n := range kinds {
		f := spotless()
		own := map[access.EntitlementID]access.Tier{}
		for _, e := range f.Entitlements {
			own[e.ID] = e.Tier
		}
		d := derive(f.View(t), own, access.TimeOf(today), DefaultLimits)
		var list []Drift
		for _, k := range kinds[:n+1] {
			list = append(list, Drift{Operation: 1, System: db, Kind: k, Account: anas, Entitlement: group})
		}
		d.facts.drift = map[access.IdentityID][]Drift{ana: list}
		var found []Draft
		for f := range d.all() {
			for _, m := range f.drafts {
				found = append(found, m.Draft)
			}
		}
		want := access.Severity("")
		if n > 0 {
			want = access.High
		}
		if len(found) != 1 || found[0].Rule != "drift" || found[0].Subject != ana.Ref() || len(found[0].Evidence) != n+1 || want != "" && found[0].Severity != want {
			t.Errorf("%v: %+v", kinds[:n+1], found)
		}
		for _, e := range found[0].Evidence {
			if strings.Count(e.Text, "{}") != len(e.Refs) {
				t.Errorf("%q has %d objects", e.Text, len(e.Refs))
			}
		}
	}
}
