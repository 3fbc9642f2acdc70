package inventory_test

import (
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// What the first reading of a system finds is its baseline; what appears later is
// late, keeps its id whatever else of it changes, and is another grant once it was
// away.
func TestLateGrants(t *testing.T) {
	onEach(t, 20, func(t *testing.T, w *world) {
		w.accountsOf(t, "a1,a1,,,,\na2,a2,,,,\n")
		text := w.read(t, "app/entitlements.csv")
		ent, _, _ := strings.Cut(strings.Split(text, "\n")[1], ",")
		grants := func(rows ...string) []inventory.GrantRow {
			t.Helper()
			w.write(t, "app/grants.csv", "holder_kind,holder,entitlement,usage_known,last_used\n"+strings.Join(rows, "\n")+"\n")
			w.mustSync(t)
			y, err := w.s.System(asTest(), "app")
			if err != nil {
				t.Fatal(err)
			}
			var all []inventory.GrantRow
			for _, login := range []string{"a1", "a2"} {
				id, err := w.s.ResolveAccount(asTest(), "app/"+login)
				if err != nil {
					t.Fatal(err)
				}
				list, _, err := w.db.Inventory().HolderGrants(asTest(), y.ID, id.Ref())
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, list...)
			}
			return all
		}
		first := grants("account,a1," + ent + ",,")
		if len(first) != 1 || first[0].Late {
			t.Fatalf("the baseline: %+v", first)
		}
		both := grants("account,a1,"+ent+",true,2026-01-02", "account,a2,"+ent+",,")
		if len(both) != 2 || both[0].Late || both[0].ID != first[0].ID || !both[1].Late {
			t.Fatalf("one of the baseline that was used, and a late one: %+v", both)
		}
		used := grants("account,a1,"+ent+",true,2026-01-02", "account,a2,"+ent+",true,2026-01-03")
		if len(used) != 2 || !used[1].Late || used[1].ID != both[1].ID || used[1].LastUsed == both[1].LastUsed {
			t.Fatalf("the late one was used: %+v", used)
		}
		ref := used[1].ID.Ref()
		names, err := w.db.Inventory().Names(asTest(), []access.Ref{ref, used[0].ID.Ref()})
		if err != nil || !strings.HasPrefix(names[ref].Name, "a2 has ") || names[ref].System != "app" {
			t.Fatalf("%+v, %v", names, err)
		}
		if left := grants("account,a2," + ent + ",true,2026-01-03"); len(left) != 1 || left[0].ID != used[1].ID {
			t.Fatalf("the first is gone: %+v", left)
		}
		back := grants("account,a1,"+ent+",true,2026-01-02", "account,a2,"+ent+",true,2026-01-03")
		if len(back) != 2 || !back[0].Late || back[0].ID == first[0].ID {
			t.Fatalf("it is back, and late now: %+v", back)
		}
	})
}
