package bench

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/classify"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// BenchmarkDerivedLarge is everything that follows from the facts of the large
// company, from a loaded graph and the store: first anew, then after rounds of 1,000
// changes. At the end it checks that what was followed is what anew is found.
func BenchmarkDerivedLarge(b *testing.B) {
	d := &derived{b: b, ctx: asBench(b), dice: rand.New(rand.NewPCG(1, 2))}
	d.open(largeCopy(b))
	for b.Loop() {
		d.anew()
		d.rounds(8)
		d.compare()
	}
}

// derived is what the benchmark works on.
type derived struct {
	b    *testing.B
	ctx  context.Context //nolint:containedctx // one benchmark
	db   *store.DB
	g    *graph.Graph
	dice *rand.Rand

	classify classify.Service
	finding  finding.Service
	coverage coverage.Service
	matrix   coverage.Matrix

	accounts   int64 // the highest key
	identities int64
	groups     []graph.EntitlementNode // of the system with most of them, none with more than smallGroup
}

func (d *derived) fatal(err error) {
	d.b.Helper()
	if err != nil {
		d.b.Fatal(err)
	}
}

func (d *derived) open(dir string) {
	db, err := store.Open(d.ctx, store.Config{Dir: dir})
	d.fatal(err)
	d.b.Cleanup(func() { _ = db.Close() })
	d.db = db
	_, err = db.Sequence(d.ctx)
	d.fatal(err)
	d.took("loading the graph", func() {
		d.g, err = graph.Open(d.ctx, db.Graph())
		d.fatal(err)
	})
	d.b.Logf("heap with the graph: %d MB", heap())
	d.classify = classify.Service{Store: db.Classify(), Graph: d.g}
	d.finding = finding.Service{Store: db.Findings(), Graph: d.g}
	d.coverage = coverage.Service{Store: db.Coverage(), Graph: d.g}
	d.take()
}

// take notes what there is to change.
func (d *derived) take() {
	view := d.g.View()
	defer view.Close()
	for a := range view.Accounts() {
		d.accounts = max(d.accounts, int64(a.ID))
	}
	for i := range view.Identities() {
		d.identities = max(d.identities, int64(i.ID))
	}
	most := map[access.SystemID][]graph.EntitlementNode{}
	for e := range view.Entitlements() {
		if view.WhoCan(e.ID.Ref(), graph.Question{First: 1}).Count > smallGroup {
			continue
		}
		if most[e.System] = append(most[e.System], e); len(most[e.System]) > len(d.groups) {
			d.groups = most[e.System]
		}
	}
}

// smallGroup is how many may have an entitlement whose capabilities change: what a
// larger one comes to mean for each of its members is not one change any more.
const smallGroup = 1000

// took says how long something took, and how much of a processor.
func (d *derived) took(what string, do func()) time.Duration {
	d.b.Helper()
	cpu, start := processor(), time.Now()
	do()
	wall := time.Since(start)
	d.b.Logf("%-28s %8.3f s, of a processor %.3f s", what, wall.Seconds(), (processor() - cpu).Seconds())
	return wall
}

func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// peak is the most memory that the process has had resident, in megabytes.
func peak() int {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // read only
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(text)[0])
			return n >> 10
		}
	}
	return 0
}

func (d *derived) follow() {
	_, err := d.db.Sequence(d.ctx)
	d.fatal(err)
	_, err = d.g.Follow(d.ctx)
	d.fatal(err)
}

// anew is what the first run of a process costs.
func (d *derived) anew() {
	before := heap()
	all := d.took("classification anew", func() { _, err := d.classify.Run(d.ctx); d.fatal(err) })
	d.follow()
	all += d.took("findings anew", func() { _, err := d.finding.Refresh(d.ctx); d.fatal(err) })
	d.follow()
	all += d.took("coverage anew", func() { _, err := d.coverage.Refresh(d.ctx); d.fatal(err) })
	d.b.Logf("in all %.3f s; they remember %d MB; peak %d MB", all.Seconds(), int64(heap())-int64(before), peak()) //nolint:gosec // megabytes
	d.b.ReportMetric(all.Seconds(), "s-anew")
}

// rounds changes, follows, and brings everything up to it.
func (d *derived) rounds(n int) {
	var times, cpus []time.Duration
	for range n {
		d.follow()
		d.change()
		d.follow()
		var part [3]time.Duration
		var cpu time.Duration
		var wrote [2]int
		for i, refresh := range []func() error{
			func() (err error) { wrote[0], err = d.classify.Run(d.ctx); return err },
			func() (err error) { wrote[1], err = d.finding.Refresh(d.ctx); return err },
			func() (err error) { d.matrix, err = d.coverage.Refresh(d.ctx); return err },
		} {
			start, used := time.Now(), processor()
			d.fatal(refresh())
			part[i] = time.Since(start)
			cpu += processor() - used
			if i == 0 {
				d.follow() // tiers are facts of the graph; its own work is not counted
			}
		}
		times, cpus = append(times, part[0]+part[1]+part[2]), append(cpus, cpu)
		d.b.Logf("after 1,000 changes: %v, of a processor %v (classification %v, %d written; findings %v, %d written; coverage %v)",
			times[len(times)-1], cpu, part[0], wrote[0], part[1], wrote[1], part[2])
	}
	slices.Sort(times)
	slices.Sort(cpus)
	d.b.ReportMetric(float64(cpus[len(cpus)/2].Microseconds())/1000, "ms-cpu-p50")
	d.b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-p50")
	d.b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, "ms-max")
	d.b.ReportMetric(float64(peak()), "MB-peak")
}

// compare computes everything anew beside what was followed, at the same instant:
// facts grow old while it counts.
func (d *derived) compare() {
	d.follow()
	began := time.Now()
	d.coverage.Now = func() time.Time { return began }
	matrix, err := d.coverage.Refresh(d.ctx)
	d.fatal(err)
	n, err := (&classify.Service{Store: d.db.Classify(), Graph: d.g}).Run(d.ctx)
	d.fatal(err)
	if n != 0 {
		d.b.Errorf("classified anew, %d entitlements are otherwise", n)
	}
	if n, err = (&finding.Service{Store: d.db.Findings(), Graph: d.g}).Refresh(d.ctx); n != 0 || err != nil {
		d.b.Errorf("found anew, %d findings are otherwise, %v", n, err)
	}
	anew, err := (&coverage.Service{Store: d.db.Coverage(), Graph: d.g, Now: d.coverage.Now}).Refresh(d.ctx)
	d.fatal(err)
	if !reflect.DeepEqual(anew, matrix) {
		d.b.Error("counted anew, the coverage is otherwise")
	}
}

// batches are the changes of one round, by system as syncs bring them.
type batches map[access.SystemID]*inventory.Batch

func (m batches) of(id access.SystemID) *inventory.Batch {
	if m[id] == nil {
		m[id] = &inventory.Batch{System: id}
	}
	return m[id]
}

// change commits 1,000 changes: 900 accounts whose grants differ, 60 whose status
// does, 20 people who leave, 15 nestings, 5 entitlements that can do something else.
func (d *derived) change() {
	view := d.g.View()
	defer view.Close()
	m := batches{}
	seen := map[int64]bool{}
	for range 900 {
		a, g := d.account(view, seen)
		b := m.of(a.System)
		b.EndedGrants = append(b.EndedGrants, inventory.GrantRow{Grant: access.Grant{ID: g.ID, Holder: g.Holder, Entitlement: g.Entitlement, Resource: g.Resource, Mode: g.Mode}})
		d.grant(view, b, a.ID.Ref(), a.System)
	}
	for range 60 {
		a, _ := d.account(view, seen)
		status := access.Disabled
		if a.Status != access.Enabled {
			status = access.Enabled
		}
		b := m.of(a.System)
		b.Ended = append(b.Ended, a.ID.Ref())
		name := fmt.Sprint("changed", a.ID)
		b.Accounts = append(b.Accounts, inventory.AccountRow{Account: access.Account{
			ID: a.ID, System: a.System, NativeID: name, Login: name, Kind: a.Kind, Status: status, Interactive: a.Interactive, Created: a.Created, Expires: a.Expires,
		}})
	}
	groups := d.dice.Perm(len(d.groups))
	for i := range 15 {
		from, to := d.groups[groups[i]], d.groups[groups[15+i]]
		b := m.of(from.System)
		b.Grants = append(b.Grants, inventory.GrantRow{Grant: access.Grant{Holder: from.ID.Ref(), Entitlement: to.ID}, LastUsed: -1, Late: true})
	}
	for _, n := range groups[30:35] {
		e := d.groups[n]
		b := m.of(e.System)
		b.Ended = append(b.Ended, e.ID.Ref())
		name := fmt.Sprint("changed", e.ID)
		b.Entitlements = append(b.Entitlements, inventory.EntitlementRow{Entitlement: access.Entitlement{
			ID: e.ID, System: e.System, NativeID: name, Kind: e.Kind, Name: name, Resource: e.Resource,
			Capabilities: []access.Capability{{Right: access.ChangeConfig, On: e.System.Ref()}},
		}})
	}
	for id, b := range m {
		y, _ := view.System(id)
		d.commit(id.Ref(), y.Synced, b)
	}
	sources, err := d.db.Inventory().Sources(d.ctx)
	d.fatal(err)
	d.commit(sources[0].ID.Ref(), sources[0].State.Synced, d.leavers(view))
}

// account is one that has a grant of its own system, each once.
func (d *derived) account(view *graph.View, seen map[int64]bool) (graph.AccountNode, graph.GrantEdge) {
	for {
		id := 1 + d.dice.Int64N(d.accounts)
		a, ok := view.Account(access.AccountID(id))
		if !ok || seen[id] {
			continue
		}
		for g := range view.DirectGrants(a.ID.Ref()) {
			seen[id] = true
			return a, g
		}
	}
}

// grant gives a holder something of its system that it does not have.
func (d *derived) grant(view *graph.View, b *inventory.Batch, holder access.Ref, system access.SystemID) {
	has := map[access.EntitlementID]bool{}
	for g := range view.DirectGrants(holder) {
		has[g.Entitlement] = true
	}
	all := slices.Collect(view.EntitlementsOf(system))
	for range 10 {
		if e := all[d.dice.IntN(len(all))]; !has[e] {
			b.Grants = append(b.Grants, inventory.GrantRow{Grant: access.Grant{Holder: holder, Entitlement: e}, LastUsed: -1, Late: true})
			return
		}
	}
}

func (d *derived) leavers(view *graph.View) *inventory.Batch {
	b := &inventory.Batch{}
	for len(b.People) < 20 {
		i, ok := view.Identity(access.IdentityID(1 + d.dice.Int64N(d.identities)))
		if ok && i.Kind == access.Human && i.State == access.Active {
			b.People = append(b.People, inventory.PersonRow{Source: 1, Gone: true, Identity: access.Identity{ID: i.ID}})
		}
	}
	return b
}

// commit makes a batch visible as a sync does that comes after the last.
func (d *derived) commit(on access.Ref, synced access.Time, b *inventory.Batch) {
	s, err := d.db.Inventory().Stage(d.ctx, on, synced)
	d.fatal(err)
	d.fatal(s.Write(d.ctx, b))
	var told []inventory.Told
	for _, g := range slices.Concat(b.Grants, b.EndedGrants) {
		told = append(told, inventory.Told{Ref: g.Holder, OnlyGrants: true})
	}
	for _, ref := range b.Ended {
		told = append(told, inventory.Told{Ref: ref})
	}
	for _, p := range b.People {
		told = append(told, inventory.Told{Ref: p.Identity.ID.Ref()})
	}
	d.fatal(s.Flip(d.ctx, inventory.Report{}, told, false))
}
