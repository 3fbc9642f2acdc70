package csv_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
)

// Rows name things of other systems: who holds, what opens, whom one can become.
func TestThingsOfOtherSystems(t *testing.T) {
	list, err := discover(t, folder(t, map[string]string{
		"entitlements.csv": "id,kind,name,capabilities\ng1,group,admins,\nkeys,file,keys,impersonate@account@db1:svc:pay;change_config@system:\n",
		"accounts.csv":     "id,login,opened_by\na1,ana,corp:ana; db1:a:na\na2,ben,\n",
		"grants.csv":       "holder_kind,holder,entitlement,holder_system\nentitlement,admins,g1,corp\naccount,a1,g1,\n",
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	of := func(kind connector.TargetKind, id, system string) connector.Target {
		return connector.Target{Kind: kind, ID: id, System: system}
	}
	want := [][]connector.Target{
		{of(connector.OnAccount, "svc:pay", "db1"), of(connector.OnSystem, "", "")},
		{of(connector.OnAccount, "ana", "corp"), of(connector.OnAccount, "a:na", "db1")},
		nil,
		{of(connector.OnEntitlement, "admins", "corp")},
		{of(connector.OnAccount, "a1", "")},
	}
	var got [][]connector.Target
	for _, r := range list {
		switch {
		case r.Entitlement != nil && r.Entitlement.ID == "keys":
			var on []connector.Target
			for _, c := range r.Entitlement.Capabilities {
				on = append(on, c.On)
			}
			got = append(got, on)
		case r.Account != nil:
			got = append(got, r.Account.OpenedBy)
		case r.Grant != nil:
			got = append(got, []connector.Target{r.Grant.Holder})
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestNamesOfOtherSystemsThatAreNone(t *testing.T) {
	for file, rows := range map[string]map[string]string{
		"entitlements.csv": {
			"e1,group,g,read_sensitive@system@db1:": "only an account or an entitlement", "e1,group,g,impersonate@account@:ana": "only an account",
			"e1,group,g,impersonate@account@db1:": "only an account", "e1,group,g,impersonate@account@db1": "impersonate@account@db1",
		},
		"accounts.csv": {"a1,ana,corp": `opened_by "corp"`, "a1,ana,:ana": `opened_by ":ana"`, "a1,ana,corp:": `opened_by "corp:"`},
		"grants.csv":   {"identity,E1,e1,corp": "an identity is of no system"},
	} {
		header := map[string]string{
			"entitlements.csv": "id,kind,name,capabilities\n", "accounts.csv": "id,login,opened_by\n", "grants.csv": "holder_kind,holder,entitlement,holder_system\n",
		}[file]
		for row, says := range rows {
			list, err := discover(t, folder(t, map[string]string{file: header + row + "\n"}), nil)
			if where, _ := rejects(list); err != nil || len(where) != 1 || !strings.Contains(where[0], says) {
				t.Errorf("%s: got %q, %v, want %q", row, where, err, says)
			}
		}
	}
}
