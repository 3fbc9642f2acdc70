package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
)

// firm is a company whose HR file changes, with rules, mappings and provisioning.
type firm struct {
	*plant
	at     time.Time
	file   string
	source access.SourceID
}

func newFirm(t testing.TB, guard lifecycle.Guard) *firm {
	f := &firm{at: time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)}
	f.plant = newPlantAt(t, 12, func() time.Time { return f.at })
	list, err := f.app.inventory().Sources(f.ctx)
	f.must(err)
	f.source, f.file = list[0].ID, list[0].Config.Address
	dir := t.TempDir()
	f.write(filepath.Join(dir, "entitlements.csv"), "id,kind,name\ne1,role,Desk\ne2,role,Books\ne3,role,Plans\ne4,role,Guest\n")
	accounts := "id,login,display_name,email,number,status\n"
	for n := range 8 {
		accounts += fmt.Sprintf("a%d,p%d,Person %d,,E%d,enabled\n", n+1, n+1, n+1, n+1)
	}
	f.write(filepath.Join(dir, "accounts.csv"), accounts)
	f.write(filepath.Join(dir, "grants.csv"), "holder_kind,holder,entitlement\naccount,a1,e1\naccount,a2,e2\n")
	system := f.system("erp", "csv", inventory.Config{Address: dir}, secret.Secret{})
	s := f.app.lifecycle()
	s.Now = func() time.Time { return f.at }
	for _, r := range []lifecycle.Rule{
		{Name: "all", When: `identity.kind == "human"`, Entitlements: []access.EntitlementID{f.entitlement("erp/Desk")}},
		{Name: "books", When: `identity.unit == "Treasury"`, Entitlements: []access.EntitlementID{f.entitlement("erp/Books")}},
		{Name: "plans", When: `identity.unit == "Works" && identity.attributes["site"] != "Bern"`, Entitlements: []access.EntitlementID{f.entitlement("erp/Plans")}, Grace: 3},
		{Name: "guests", When: `identity.third_party || identity.manager == "E1"`, Entitlements: []access.EntitlementID{f.entitlement("erp/Guest")}},
	} {
		f.must(s.AddRule(f.ctx, r, "test"))
		f.must(s.SetMode(f.ctx, r.Name, policy.Enforce, "test"))
	}
	f.must(s.SetMapping(f.ctx, lifecycle.Mapping{
		System: system, Logins: []string{`identity.name.words().join(".")`}, Attributes: map[string]string{"email": `identity.email`}, Retention: 30, Mode: policy.Enforce,
	}, "test"))
	f.must(s.SetGuard(audit.WithActor(f.ctx, audit.Actor{Node: "guards"}), guard, "test"))
	f.settle()
	return f
}

func (f *firm) write(path, text string) {
	f.t.Helper()
	f.must(os.WriteFile(path, []byte(text), 0o600))
}

// settle brings everything behind what is known, and plans for it.
func (f *firm) settle() {
	f.t.Helper()
	f.reconcile()
	_, err := f.s.Step(f.ctx)
	f.must(err)
	_, err = f.app.db.Sequence(f.ctx)
	f.must(err)
}

func (f *firm) reconcile() {
	f.t.Helper()
	_, err := f.app.db.Sequence(f.ctx)
	f.must(err)
	_, err = f.app.db.Sweep(f.ctx)
	f.must(err)
	for range 2 { // what is ordered counts after the first
		_, err = f.app.db.Sequence(f.ctx)
		f.must(err)
		_, turn, err := f.app.reconciler().Once(f.ctx)
		f.must(err)
		if !turn {
			f.t.Fatal("no turn")
		}
	}
	_, err = f.app.db.Sequence(f.ctx)
	f.must(err)
}

func (f *firm) preview(text string) lifecycle.Reorganisation {
	f.t.Helper()
	p := f.app.previewer()
	p.Inventory.Now = func() time.Time { return f.at }
	r, err := p.Upload(f.ctx, "hr", strings.NewReader(text), 1000)
	f.must(err)
	return r
}

// load reads the file for real.
func (f *firm) load(text string) (inventory.Report, error) {
	f.t.Helper()
	f.write(f.file, text)
	s := f.app.inventory()
	s.Now = func() time.Time { return f.at }
	return s.SyncSource(f.ctx, f.source, inventory.SyncOptions{})
}

// held is what stands of birthrights, by person.
func (f *firm) held() map[access.IdentityID]map[access.EntitlementID]bool {
	f.t.Helper()
	all := map[access.IdentityID]map[access.EntitlementID]bool{}
	var ids []access.IdentityID
	_, err := f.app.db.Lifecycle().People(f.ctx, nil, func(p lifecycle.Person) error {
		ids = append(ids, p.ID)
		return nil
	})
	f.must(err)
	f.must(f.app.db.Lifecycle().Holdings(f.ctx, ids, func(h lifecycle.Holding, _ access.Time) error {
		all[h.Identity] = map[access.EntitlementID]bool{}
		for _, j := range h.Justified {
			if j.End == 0 {
				all[h.Identity][j.Entitlement] = true
			}
		}
		return nil
	}))
	return all
}

// outcome is what loading a file did, in the words of a preview.
type outcome struct {
	Happens       map[lifecycle.EventKind]int
	Gaining       int
	Losing        int
	Entitlements  map[string][2]int
	Operations    map[connector.ChangeKind]int
	Holds         bool
	Held          int
	Changed, Gone int64
	Rejected      int64
}

func (f *firm) did(ctx context.Context, before map[access.IdentityID]map[access.EntitlementID]bool, since access.Time, r inventory.Report, holds []lifecycle.Hold) outcome {
	f.t.Helper()
	x := outcome{Happens: map[lifecycle.EventKind]int{}, Entitlements: map[string][2]int{}, Operations: map[connector.ChangeKind]int{}, Changed: r.Changed, Gone: r.Removed, Rejected: r.Counts.Rejected}
	after := f.held()
	for id, has := range after {
		had, gains, loses := before[id], false, false
		for _, side := range []struct {
			from, to map[access.EntitlementID]bool
			at       int
			any      *bool
		}{{had, has, 0, &gains}, {has, had, 1, &loses}} {
			for e := range side.to {
				if !side.from[e] {
					n := x.Entitlements[e.String()]
					n[side.at]++
					x.Entitlements[e.String()], *side.any = n, true
				}
			}
		}
		if gains {
			x.Gaining++
		}
		if loses {
			x.Losing++
		}
	}
	ordered := false
	events, _, err := f.app.lifecycle().Life(ctx, lifecycle.LifeQuery{Ordered: &ordered, Since: since, First: 1000})
	f.must(err)
	for _, e := range events {
		if max(e.At, e.Kept) >= since { // what is in force from before is among them
			x.Happens[e.Kind]++
		}
	}
	plans, err := f.s.Plans(ctx, provision.Units{Identities: slices.Sorted(maps.Keys(after))})
	f.must(err)
	for _, p := range plans {
		for _, o := range p.New {
			if o.State != provision.Verified {
				x.Operations[o.Kind]++
			}
		}
	}
	list, err := f.app.lifecycle().Holds(ctx)
	f.must(err)
	for _, h := range list {
		if !slices.ContainsFunc(holds, func(was lifecycle.Hold) bool { return was.ID == h.ID }) {
			x.Holds, x.Held = true, h.People
		}
	}
	return x
}

// inWords is a preview in the same words. Who would be held gains and loses nothing yet.
func inWords(r lifecycle.Reorganisation) outcome {
	x := outcome{
		Happens: maps.Clone(r.Happens), Gaining: r.Gaining, Losing: r.Losing, Entitlements: map[string][2]int{}, Operations: map[connector.ChangeKind]int{},
		Holds: r.Guard.Holds, Changed: r.File.Changed, Gone: r.File.Removed, Rejected: r.File.Counts.Rejected,
	}
	if r.Guard.Holds {
		x.Held = r.Guard.Losing
	}
	for _, e := range r.Entitlements {
		x.Entitlements[e.Entitlement.ID.String()] = [2]int{e.Gain, e.Lose}
	}
	for _, p := range r.First {
		if !p.Held {
			continue
		}
		for i, list := range [][]access.Named{p.Gains, p.Loses} {
			for _, e := range list {
				n := x.Entitlements[e.ID.String()]
				if n[i]--; n == [2]int{} {
					delete(x.Entitlements, e.ID.String())
				} else {
					x.Entitlements[e.ID.String()] = n
				}
			}
		}
		if len(p.Gains) > 0 {
			x.Gaining--
		}
		if len(p.Loses) > 0 {
			x.Losing--
		}
	}
	for _, y := range r.Systems {
		for kind, n := range y.Operations {
			x.Operations[kind] += n
		}
	}
	return x
}

// Looking at a file says what loading it then does, whatever the file says.
func TestLookingAtAFileSaysWhatLoadingItDoes(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
	f := newFirm(t, lifecycle.Guard{Share: 0.2, Count: 3})
	for round := range 12 {
		text := drawFile(draw, round, f.at)
		r := f.preview(text)
		before := f.held()
		holds, err := f.app.lifecycle().Holds(f.ctx)
		f.must(err)
		f.at = f.at.Add(time.Minute)
		report, err := f.load(text)
		f.must(err)
		since := access.TimeOf(f.at)
		f.reconcile()
		if got, want := f.did(f.ctx, before, since, report, holds), inWords(r); !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d: %s\nforetold %+v\ndid      %+v", round, text, want, got)
		}
		f.at = f.at.Add(time.Duration(1+draw.IntN(100)) * time.Hour)
		f.settle()
	}
}

// drawFile is some version of the company's HR file.
func drawFile(draw *rand.Rand, round int, at time.Time) string {
	var b strings.Builder
	b.WriteString("number,name,email,kind,unit,manager,state,organisation,sponsor,contract_end,site,start\n")
	pick := func(of ...string) string { return of[draw.IntN(len(of))] }
	wild := draw.IntN(3) // how much changes
	for n := 1; n <= 15; n++ {
		calm := draw.IntN(3) > wild
		choose := func(first string, of ...string) string {
			if calm {
				return first
			}
			return pick(append(of, first)...)
		}
		if n > 2 && choose("yes", "yes", "yes", "yes", "yes", "no") == "no" {
			continue
		}
		organisation, end, state := choose("", "", "", "Acme"), "", choose("", "", "", "suspended", "leave_of_absence", "terminated")
		if state == "terminated" {
			organisation = "" // else who was suspended for a contract's end may be terminated in a second step, which the guard looks at alone
		}
		if organisation != "" {
			end = at.AddDate(0, 0, draw.IntN(12)-3).Format(time.DateOnly)
		}
		name := choose(fmt.Sprintf("Person %d", n), fmt.Sprintf("Somebody %d", round))
		fmt.Fprintf(&b, "E%d,%s,p%d@example.com,human,%s,%s,%s,%s,E1,%s,%s,2020-01-01\n", n, name, n, choose("Works", "Treasury", ""),
			choose("E1", "E2", ""), state, organisation, end, choose("", "Bern"))
	}
	return b.String()
}

// A file that was uploaded says who works here: nothing of it is left when it was looked at,
// nor, where the node was killed meanwhile, when a server starts.
func TestNothingIsLeftOfUploads(t *testing.T) {
	data := t.TempDir()
	left := filepath.Join(data, "upload", "upload-1.csv")
	must(t, os.MkdirAll(filepath.Dir(left), 0o700))
	must(t, os.WriteFile(left, []byte("number,name\n1,Ana Sol\n"), 0o600))
	w := newWorldIn(t, data)
	gone := func(when string) {
		t.Helper()
		if _, err := os.Stat(filepath.Dir(left)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s there is still a folder of uploads: %v", when, err)
		}
	}
	gone("after a start")
	w.people("number,name,email,kind,start\n1,Ana Sol,ana@example.com,human,2020-01-01\n")
	list, err := w.app.inventory().Sources(w.ctx)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	p := w.app.previewer()
	if _, err := p.Upload(w.ctx, list[0].Name, strings.NewReader("number,name,email,kind,start\n1,Ana Ray,ana@example.com,human,2020-01-01\n"), 10); err != nil {
		t.Fatal(err)
	}
	gone("after a preview")
	if _, err := p.Upload(w.ctx, list[0].Name, strings.NewReader(""), 10); err == nil || strings.Contains(err.Error(), data) {
		t.Errorf("an empty file: %v", err)
	}
	gone("after one that failed")
}
