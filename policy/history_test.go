package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// past is a history of records, kept in a slice.
type past struct {
	records []audit.Record
	held    []HeldOver
}

func (p past) Records(_ context.Context, actions []string, from, to access.Time, take func(audit.Record) error) error {
	for _, r := range p.records {
		if _, known := recordedAs[r.Action]; known && r.At >= from && r.At < to {
			if err := take(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p past) HeldOver(context.Context) ([]HeldOver, error) { return p.held, nil }

func (p past) FindingOf(_ context.Context, id access.FindingID) (Finding, bool, error) {
	return Finding{ID: id, Rule: "orphan-account", Subject: access.AccountID(2).Ref(), System: 2, Function: access.IAM}, id == 1, nil
}

func TestReplay(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, _ := directoryOfTwoScopes(g)
	system1, system2 := access.SystemID(1).Ref(), access.SystemID(2).Ref()
	h := past{
		records: []audit.Record{
			{ID: 1, At: 10, Actor: access.IdentityID(pat).String(), Action: "inventory.update_system", Object: system1},
			{ID: 2, At: 11, Actor: access.IdentityID(pat).String(), Action: "inventory.update_system", Object: system2}, // not their scope
			{ID: 3, At: 12, Actor: "operator:0", Action: "inventory.update_system", Object: system1},
			{ID: 4, At: 13, Actor: access.IdentityID(gone).String(), Action: "inventory.update_system", Object: system2}, // has left since
			{ID: 5, At: 14, Actor: access.IdentityID(ana).String(), Action: "inventory.run", Object: access.SourceID(1).Ref()},
			{ID: 6, At: 15, Actor: access.IdentityID(ana).String(), Action: "signin.begin"},
			{ID: 7, At: 16, Actor: access.IdentityID(ana).String(), Action: "finding.accept", Object: access.FindingID(1).Ref()},
			{ID: 8, At: 17, Actor: access.IdentityID(77).String(), Action: "inventory.add_system", Object: system1},    // nobody knows them any more
			{ID: 11, At: 25, Actor: access.IdentityID(77).String(), Action: "inventory.add_system", Object: system1},   // no more, then
			{ID: 12, At: 26, Actor: access.IdentityID(rick).String(), Action: "inventory.add_system", Object: system1}, // not yet, then
			{ID: 9, At: 30, Actor: access.IdentityID(pat).String(), Action: "inventory.update_system", Object: system1},
			{ID: 13, At: 27, Actor: access.IdentityID(sol).String(), Action: "approval.decide", Object: access.ApprovalID(1).Ref()},
			{ID: 14, At: 28, Actor: access.IdentityID(rick).String(), Action: "approval.delegate", Object: access.DelegationID(1).Ref()},
			{ID: 10, At: 99, Actor: access.IdentityID(pat).String(), Action: "inventory.update_system", Object: system1}, // later
		},
		held: []HeldOver{
			{pat, Held{access.PlatformOwner, 2}, 1, 0},
			{gone, Held{access.PlatformOwner, 0}, 1, 20},
			{ana, Held{access.IAM, 0}, 1, 0},
			{77, Held{access.PlatformOwner, 0}, 1, 18},
			{rick, Held{access.PlatformOwner, 0}, 27, 0},
		},
	}
	text := `@id("x") @reason("x") forbid (principal, action in [Action::"system.change", Action::"system.add", Action::"source.sync"], resource);`
	r, err := g.Engine.Replay(t.Context(), h, trying(t, text), g.Graph.View(), d, ReplayQuestion{From: 10, To: 50, Most: 3})
	if err != nil {
		t.Fatal(err)
	}
	if r.Decided != 11 || fmt.Sprint(r.Refused) != "map[source.sync:1 system.add:1 system.change:3]" || fmt.Sprint(r.Unclear) != "map[system.add:2 system.change:1]" || len(r.Obliged) != 0 {
		t.Errorf("%+v", r)
	}
	var ids []int64
	for _, x := range r.List {
		ids = append(ids, x.Record.ID)
		if x.After.Policies[0].ID != "x" {
			t.Errorf("%+v", x)
		}
	}
	if fmt.Sprint(ids) != "[9 8 5]" {
		t.Errorf("the newest refused are %v", ids)
	}
}

// What would still be permitted, with more to bear, is told apart.
func TestReplayTellsObligations(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, _ := directoryOfTwoScopes(g)
	h := past{
		records: []audit.Record{{ID: 1, At: 10, Actor: access.IdentityID(ana).String(), Action: "inventory.add_source", Object: access.SourceID(1).Ref()}},
		held:    []HeldOver{{ana, Held{access.IAM, 0}, 1, 0}},
	}
	text := `@id("x") @reason("x") @obligation("approve=1") permit (principal, action == Action::"source.add", resource);`
	r, err := g.Engine.Replay(t.Context(), h, trying(t, text), g.Graph.View(), d, ReplayQuestion{From: 1, To: 50})
	if err != nil || r.Obliged["source.add"] != 1 || len(r.Refused) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	r, err = g.Engine.Replay(t.Context(), h, trying(t, ""), g.Graph.View(), d, ReplayQuestion{From: 1, To: 50})
	if err != nil || len(r.Obliged) != 0 || r.Decided != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestReplayTakesAPeriod(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, _ := directoryOfTwoScopes(g)
	for _, q := range []ReplayQuestion{{}, {From: 5, To: 5}, {From: 1, To: 2 + longestReplay}} {
		if _, err := g.Engine.Replay(t.Context(), past{}, trying(t, ""), g.Graph.View(), d, q); !errors.Is(err, ErrPeriod) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// undecided are records of what is somebody's own, or follows from facts, or only a node
// does: no policy decides it.
var undecided = regexp.MustCompile(`^(signin|passkey|token|coverage|clock|vault_keys)\.|^(lifecycle\.(reconcile|hold|unhold|enforce)|mail\.(test|forget)|elevation\.(begin|refuse|over|on|off|late)|lease\.(made|fail|over|gone|orphan)|onboarding\.take|rotation\.(due|doubt|pend|promote|settle|fail)|consumer\.(tell|confirm)|provision\.(plan|prepare|verified|end_due|end_credentials)|classify\.run|finding\.refresh|store\.restore|approval\.expire|role\.mined|checkout\.(expire|refuse|begin)|share\.(open|refuse|expire)|authority\.retire|certificate\.leaver|inventory\.(sync|sync_batch|sync_failed|usage|run_ended|correlate))$`)

// Whatever is recorded is either replayed or known to be decided by no policy: a new
// action of the log is put into one of the two lists.
func TestEveryRecordIsReplayedOrUndecided(t *testing.T) {
	said := regexp.MustCompile(`audit\.Event\{\s*Action:\s*"([a-z_.]+)"`)
	n := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return cmp.Or(err, fs.SkipDir)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range said.FindAllStringSubmatch(string(text), -1) {
			n++
			if _, replayed := recordedAs[m[1]]; !replayed && !undecided.MatchString(m[1]) {
				t.Errorf("%s records %s, which is neither in recordedAs nor undecided", path, m[1])
			}
		}
		return err
	})
	if err != nil || n < 30 {
		t.Fatalf("%d found: %v", n, err)
	}
}

// Every action that a record is of is one that policies know.
func TestRecordsAreOfActions(t *testing.T) {
	for name, action := range recordedAs {
		if _, ok := actionOf(action); !ok || audit.CheckAction(name) != nil {
			t.Errorf("%s is recorded as %s", action, name)
		}
	}
}
