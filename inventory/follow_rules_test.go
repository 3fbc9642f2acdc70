package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
)

// told is a system that says what it was given, and then what changed.
type told struct {
	scripted
	changes []connector.Record
	failed  error
	where   map[string]connector.Where
}

func (s *told) spec() connector.Spec {
	return connector.Spec{Kind: "csv", Open: func(context.Context, connector.Config) (connector.Connector, error) { return s, nil }}
}

func (s *told) Changes(context.Context, string, []string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		for _, r := range s.changes {
			if !yield(r, nil) {
				return
			}
		}
		if s.failed != nil {
			yield(connector.Record{}, s.failed)
		}
	}
}

func (s *told) Whereabouts(context.Context, []string) (map[string]connector.Where, error) {
	return s.where, nil
}

var (
	_ connector.Follower = (*told)(nil)
	_ connector.Locator  = (*told)(nil)
)

func acc(id string) connector.Target { return connector.Target{Kind: connector.OnAccount, ID: id} }

func accountRecord(id string) connector.Record {
	return connector.Record{Account: &connector.Account{ID: id, Login: id, Status: access.Enabled}}
}

func entRecord(id string) connector.Record {
	return connector.Record{Entitlement: &connector.Entitlement{ID: id, Kind: "group", Name: id}}
}

func grantRecord(holder, ent string) connector.Record {
	return connector.Record{Grant: &connector.Grant{Holder: acc(holder), Entitlement: ent}}
}

func allOf(ent string) connector.Record {
	return connector.Record{All: &connector.All{Entitlement: ent}}
}

func allHeldBy(id string) connector.Record {
	return connector.Record{All: &connector.All{Holder: acc(id)}}
}

func markRecord(listed bool) connector.Record {
	return connector.Record{Mark: &connector.Mark{Text: "here", Listed: listed}}
}

// newTold is a world whose system has twenty accounts, all in g; half are in h, too.
func newTold(t *testing.T, w *world) *told {
	t.Helper()
	s := &told{}
	s.records = []connector.Record{entRecord("g"), entRecord("h")}
	for i := range 20 {
		id := fmt.Sprintf("a%02d", i)
		s.records = append(s.records, accountRecord(id), grantRecord(id, "g"))
		if i%2 == 0 {
			s.records = append(s.records, grantRecord(id, "h"))
		}
	}
	s.records = append(s.records, markRecord(false))
	w.s.Connectors = map[string]connector.Spec{"csv": s.spec()}
	w.s.Members = members(w.db)
	if _, err := w.syncTold(t); err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) syncTold(t *testing.T) (inventory.Report, error) {
	t.Helper()
	y, err := w.s.System(asTest(), "app")
	if err != nil {
		t.Fatal(err)
	}
	return w.s.SyncSystem(asTest(), y.ID, inventory.SyncOptions{})
}

// Whatever is told of one membership twice counts where either says that it is; the
// rest is as the last word has it.
func TestChangesAreTaken(t *testing.T) {
	for name, test := range map[string]struct {
		changes []connector.Record
		changed int64
		want    string // memberships of a00, a01 and a20
	}{
		"nothing":                    {[]connector.Record{markRecord(false)}, 0, "a00 g h, a01 g"},
		"a holder loses all":         {[]connector.Record{allHeldBy("a00"), markRecord(false)}, 1, "a01 g"},
		"a group loses one":          {slices.Concat([]connector.Record{allOf("h")}, inH(2, 4, 6, 8, 10, 12, 14, 16, 18), []connector.Record{markRecord(false)}), 1, "a00 g, a01 g"},
		"a group takes one in":       {slices.Concat([]connector.Record{allOf("h")}, inH(0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18), []connector.Record{markRecord(false)}), 1, "a00 g h, a01 g h"},
		"the group says it, not him": {slices.Concat([]connector.Record{allHeldBy("a00"), grantRecord("a00", "g"), allOf("h")}, inH(0, 2, 4, 6, 8, 10, 12, 14, 16, 18), []connector.Record{markRecord(false)}), 0, "a00 g h, a01 g"},
		"he says it, not the group":  {slices.Concat([]connector.Record{allHeldBy("a00"), grantRecord("a00", "g"), grantRecord("a00", "h"), allOf("h")}, inH(2, 4, 6, 8, 10, 12, 14, 16, 18), []connector.Record{markRecord(false)}), 0, "a00 g h, a01 g"},
		"who is not known":           {[]connector.Record{accountRecord("a20"), allHeldBy("a20"), grantRecord("a20", "h"), markRecord(false)}, 2, "a00 g h, a01 g, a20 h"},
		"a member of nobody's":       {slices.Concat([]connector.Record{allOf("h")}, inH(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 77), []connector.Record{markRecord(false)}), 0, "a00 g h, a01 g"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			s := newTold(t, w)
			s.changes = test.changes
			r, err := w.syncTold(t)
			if err != nil || r.Reading != inventory.Changes || r.Changed != test.changed {
				t.Fatalf("%+v, %v", r, err)
			}
			if got := w.held(t, "a00", "a01", "a20"); got != test.want {
				t.Fatalf("got %q, want %q", got, test.want)
			}
		})
	}
}

func inH(list ...int) (out []connector.Record) {
	for _, i := range list {
		out = append(out, grantRecord(fmt.Sprintf("a%02d", i), "h"))
	}
	return out
}

// held are memberships by login.
func (w *world) held(t *testing.T, logins ...string) string {
	t.Helper()
	var out []string
	y, err := w.s.System(asTest(), "app")
	if err != nil {
		t.Fatal(err)
	}
	for _, login := range logins {
		id, err := w.s.ResolveAccount(asTest(), "app/"+login)
		if errors.Is(err, inventory.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		grants, _, err := w.db.Inventory().HolderGrants(asTest(), y.ID, id.Ref())
		if err != nil {
			t.Fatal(err)
		}
		text := login
		for _, g := range grants {
			names, err := w.db.Inventory().Names(asTest(), []access.Ref{g.Entitlement.Ref()})
			if err != nil {
				t.Fatal(err)
			}
			text += " " + names[g.Entitlement.Ref()].Native
		}
		if len(grants) > 0 {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// What a list names and nobody knows, what ends without a mark, and a connector that
// says so lead to a complete reading; a failure to none.
func TestChangesThatCannotBeTaken(t *testing.T) {
	w := newWorld(t, 1)
	s := newTold(t, w)
	present := func(id string) connector.Record {
		target := acc(id)
		return connector.Record{Present: &target}
	}
	for name, test := range map[string]struct {
		changes []connector.Record
		failed  error
		because string
	}{
		"a stranger":   {[]connector.Record{present("a99"), markRecord(true)}, nil, `"a99" is there, is not known`},
		"no mark":      {[]connector.Record{allHeldBy("a00")}, nil, "without a mark"},
		"it says so":   {nil, connector.ErrMark.With("it is another server"), "it is another server"},
		"an identity":  {[]connector.Record{allOf("g"), {Grant: &connector.Grant{Holder: connector.Target{Kind: connector.OnIdentity, ID: "E1"}, Entitlement: "g"}}, markRecord(false)}, nil, "holders elsewhere"},
		"a part first": {[]connector.Record{allHeldBy("a00")}, connector.ErrMark.With("then it could not"), "then it could not"},
	} {
		s.changes, s.failed = test.changes, test.failed
		r, err := w.syncTold(t)
		if err != nil || r.Reading != inventory.Complete || !strings.Contains(r.Because, test.because) || r.Changed+r.Removed != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	s.changes, s.failed = []connector.Record{allHeldBy("a00")}, connector.ErrIncomplete.With("it stopped")
	if _, err := w.syncTold(t); !errors.Is(err, connector.ErrIncomplete) {
		t.Errorf("it stopped: %v", err)
	}
	if got := w.held(t, "a00"); got != "a00 g h" {
		t.Errorf("after it stopped: %s", got)
	}
	for name, changes := range map[string][]connector.Record{
		"a grant of nothing":     {grantRecord("a00", "g"), markRecord(false)},
		"a grant of another":     {allOf("g"), grantRecord("a00", "h"), markRecord(false)},
		"one that may be called": {allOf("g"), {Grant: &connector.Grant{Holder: acc("a00"), Entitlement: "g", Mode: access.Eligible}}, markRecord(false)},
	} {
		s.changes, s.failed = changes, nil
		if _, err := w.syncTold(t); !errors.Is(err, inventory.ErrInconsistent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Invariant 4 holds for changes, too, and the guard's refusal keeps the mark.
func TestTheGuardLooksAtChanges(t *testing.T) {
	w := newWorld(t, 1)
	s := newTold(t, w)
	before := dumpOf(t, w.db)
	s.changes = []connector.Record{markRecord(true)} // nobody is there
	if _, err := w.syncTold(t); !errors.Is(err, inventory.ErrGuard) {
		t.Fatalf("all gone: %v", err)
	}
	s.changes = nil
	for i := range 15 {
		s.changes = append(s.changes, allHeldBy(fmt.Sprintf("a%02d", i)))
	}
	s.changes = append(s.changes, markRecord(false))
	if _, err := w.syncTold(t); !errors.Is(err, inventory.ErrGuard) {
		t.Fatalf("all grants gone: %v", err)
	}
	before = slices.DeleteFunc(before, func(l string) bool { return strings.HasPrefix(l, "system ") })
	after := slices.DeleteFunc(dumpOf(t, w.db), func(l string) bool { return strings.HasPrefix(l, "system ") })
	if !slices.Equal(before, after) {
		t.Fatal(difference(after, before))
	}
	s.changes = []connector.Record{markRecord(false)}
	if r, err := w.syncTold(t); err != nil || r.Reading != inventory.Changes {
		t.Fatalf("after it was refused: %+v, %v", r, err)
	}
}

// An index that is behind the store would compare with members of another time.
func TestAnIndexThatIsBehindIsRefused(t *testing.T) {
	w := newWorld(t, 1)
	s := newTold(t, w)
	w.s.Members = func(ctx context.Context, system access.SystemID, of access.EntitlementID) (iter.Seq[access.Ref], access.Time, error) {
		list, synced, err := members(w.db)(ctx, system, of)
		return list, synced - 1, err
	}
	s.changes = []connector.Record{allOf("h"), markRecord(false)}
	if _, err := w.syncTold(t); !errors.Is(err, inventory.ErrOvertaken) {
		t.Fatalf("got %v", err)
	}
	if got := w.held(t, "a00"); got != "a00 g h" {
		t.Fatal(got)
	}
}
