package inventory_test

import (
	"testing"

	"github.com/writhq/writ/inventory"
)

// What a sync tells of its progress is true: within a stage nothing is undone, the
// total is what it was once it is known, and the end is the end.
func TestProgressIsTrue(t *testing.T) {
	w := newWorld(t, 3000)
	type told struct{ done, total int64 }
	stages := map[string][]told{}
	var order []string
	w.s.Progress = func(what string, done, total int64) {
		if len(order) == 0 || order[len(order)-1] != what {
			order = append(order, what)
		}
		stages[what] = append(stages[what], told{done, total})
	}
	w.mustSync(t)
	for _, stage := range []string{"reading app", "storing app"} { // files are read by bytes
		list := stages[stage]
		if len(list) < 4 {
			t.Fatalf("%s told only %v", stage, list)
		}
		for i, now := range list[1:] {
			was := list[i]
			if now.done < was.done || now.done > now.total || was.total != 0 && now.total != was.total {
				t.Errorf("%s: after %v it told %v", stage, was, now)
			}
		}
		if last := list[len(list)-1]; last.done != last.total || last.total == 0 {
			t.Errorf("%s ended at %v", stage, last)
		}
	}
	if last := order[len(order)-1]; last != "storing app" {
		t.Errorf("the stages were %v", order)
	}
	stages = map[string][]told{}
	if _, err := w.s.SyncSystem(asTest(), mustSystem(t, w).ID, inventory.SyncOptions{}); err != nil {
		t.Fatal(err)
	}
	if list := stages["storing app"]; list[len(list)-1].done != list[len(list)-1].total || list[len(list)-1].total == 0 {
		t.Errorf("unchanged, it ended at %v", list)
	}
}

func mustSystem(t *testing.T, w *world) inventory.System {
	t.Helper()
	y, err := w.s.System(asTest(), "app")
	if err != nil {
		t.Fatal(err)
	}
	return y
}
