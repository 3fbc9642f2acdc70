package graph

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
)

// town is a synthetic company that makes up its facts as it is asked for them:
// one directory with an account for every identity and groups of all sizes, some
// nested, and many systems with accounts for half of the identities. About ten
// grants for each identity. It takes no memory worth measuring.
type town struct {
	identities int
	rev        access.Rev
	bumped     map[int]uint64 // account: how often its grants were changed
	pending    []int
}

const accountsPerSystem = 250

func (w *town) accounts() int     { return w.identities * 3 / 2 }
func (w *town) entitlements() int { return max(w.identities/10, 100) }
func (w *town) groups() int       { return w.entitlements() / 2 } // the directory's
func (w *town) systems() int      { return 1 + (w.accounts()-w.identities)/accountsPerSystem + 1 }

// systemOf is the directory for the first account of everybody.
func (w *town) systemOf(account int) int {
	if account <= w.identities {
		return 1
	}
	return 2 + (account-w.identities-1)/accountsPerSystem
}

func (w *town) Load(_ context.Context, sink Sink) (access.Rev, error) {
	for id := 1; id <= w.systems(); id++ {
		n := SystemNode{ID: access.SystemID(id), Environment: access.Production}
		if id > 2 && id%10 != 0 {
			n.RunsOn = access.SystemID(id / 10 * 10) // every tenth is a host
		}
		if err := sink.System(n); err != nil {
			return 0, err
		}
	}
	for id := 1; id <= w.entitlements(); id++ {
		if err := sink.Entitlement(w.entitlement(id)); err != nil {
			return 0, err
		}
	}
	for id := 1; id <= w.identities; id++ {
		if err := sink.Identity(IdentityNode{ID: access.IdentityID(id), Kind: access.Human, State: access.Active, Manager: access.IdentityID(id/10 + 1)}); err != nil {
			return 0, err
		}
	}
	for id := 1; id <= w.accounts(); id++ {
		if err := sink.Account(w.account(id)); err != nil {
			return 0, err
		}
	}
	for id := 1; id <= w.accounts(); id++ {
		if err := w.edges(id, sink); err != nil {
			return 0, err
		}
	}
	return w.rev, w.nesting(sink)
}

func (w *town) entitlement(id int) EntitlementNode {
	n := EntitlementNode{ID: access.EntitlementID(id), System: 1, Kind: "group", Tier: access.Tier3}
	if id > w.groups() {
		n.System = access.SystemID(2 + (id-w.groups())%(w.systems()-1))
		if id%50 == 0 {
			n.Capabilities = []access.Capability{{Right: access.BypassControls, On: n.System.Ref()}}
		}
	}
	if id%200 == 0 {
		n.Capabilities = append(n.Capabilities, access.Capability{Right: access.GrantAccess, On: access.EntitlementID(id/2 + 1).Ref()})
	}
	return n
}

func (w *town) account(id int) AccountNode {
	n := AccountNode{
		ID: access.AccountID(id), System: access.SystemID(w.systemOf(id)), Kind: access.PersonAccount,
		Status: access.Enabled, Interactive: true, UsageKnown: true, LastUsed: access.Time(1_790_000_000_000_000 + id*1_000_000),
		Identities: []access.IdentityID{access.IdentityID((id-1)%w.identities + 1)},
	}
	if id%25 == 0 {
		n.Status = access.Disabled
	}
	if id%400 == 0 {
		n.Identities = nil
	}
	return n
}

// edges delivers an account's grants and its password.
func (w *town) edges(id int, sink Sink) error {
	err := sink.Credential(CredentialEdge{ID: access.CredentialID(id), Account: access.AccountID(id), Kind: access.Password, Changed: 1_780_000_000_000_000})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(uint64(id), w.bumped[id]))
	system := w.systemOf(id)
	for i := range 6 + id%3 {
		g := GrantEdge{ID: access.GrantID(id*8 + i), Holder: access.AccountID(id).Ref(), Entitlement: 1, Justified: i%2 == 0}
		if i > 0 {
			g.Entitlement = access.EntitlementID(w.someEntitlement(r, system))
		}
		if i%3 == 0 {
			g.UsageKnown, g.LastUsed = true, access.Time(1_780_000_000_000_000+int64(r.IntN(1e7))*1_000_000)
		}
		if i == 5 {
			g.Mode = access.Eligible
		}
		if err := sink.Grant(g); err != nil {
			return err
		}
	}
	return nil
}

// someEntitlement prefers a system's first ones, as people do: few large groups,
// many small ones.
func (w *town) someEntitlement(r *rand.Rand, system int) int {
	skew := r.Float64() * r.Float64() * r.Float64()
	if system == 1 {
		return 1 + int(skew*float64(w.groups()))
	}
	own := (w.entitlements() - w.groups()) / (w.systems() - 1)
	id := w.groups() + (system - 2) + int(skew*float64(max(own, 1)))*(w.systems()-1)
	return min(id, w.entitlements())
}

// nesting puts every third group into a larger one, and a few into themselves.
func (w *town) nesting(sink Sink) error {
	r := rand.New(rand.NewPCG(7, 7))
	for id := 4; id <= w.groups(); id += 3 {
		into := 1 + r.IntN(id-1)
		if id%3000 == 1 {
			into = min(id+3, w.groups())
		}
		g := GrantEdge{ID: access.GrantID(w.accounts()*8 + 8 + id), Holder: access.EntitlementID(id).Ref(), Entitlement: access.EntitlementID(into)}
		if err := sink.Grant(g); err != nil {
			return err
		}
	}
	return nil
}

func (w *town) Follow(_ context.Context, rev access.Rev, sink Sink) (access.Rev, error) {
	for _, id := range w.pending {
		sink.Forget(access.AccountID(id).Ref())
		if err := sink.Account(w.account(id)); err != nil {
			return 0, err
		}
		if err := w.edges(id, sink); err != nil {
			return 0, err
		}
	}
	return max(rev, w.rev), nil
}

// change gives n random accounts other grants.
func (w *town) change(r *rand.Rand, n int) {
	w.rev++
	w.pending = w.pending[:0]
	for range n {
		id := 1 + r.IntN(w.accounts())
		w.bumped[id]++
		w.pending = append(w.pending, id)
	}
}

// BenchmarkGraph loads a company of WRIT_BENCH_IDENTITIES (100,000 unless set)
// with ten times as many grants and measures each kind of answer. Run it with
// -benchtime=1x: each figure is already taken over many questions.
func BenchmarkGraph(b *testing.B) {
	w := &town{identities: 100_000, bumped: map[int]uint64{}}
	if n, err := strconv.Atoi(os.Getenv("WRIT_BENCH_IDENTITIES")); err == nil {
		w.identities = n
	}
	begin := time.Now()
	g := open(b, w)
	loading := time.Since(begin)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)

	b.Run("load", func(b *testing.B) {
		for range b.N {
			b.ReportMetric(loading.Seconds(), "s")
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
			b.ReportMetric(highWater(), "hwm-MiB")
		}
	})
	r := rand.New(rand.NewPCG(1, 2))
	someIdentity := func() access.Ref { return access.IdentityID(1 + r.IntN(w.identities)).Ref() }
	someEntitlement := func() access.Ref { return access.EntitlementID(1 + r.IntN(w.entitlements())).Ref() }
	v := g.View()
	b.Run("size", func(b *testing.B) {
		held, holders := 0, 0
		for range 1000 {
			held += len(v.Effective(someIdentity(), Question{}))
			holders += v.WhoCan(someEntitlement(), Question{}).Count
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(held)/1000, "held/identity")
		b.ReportMetric(float64(holders)/1000, "holders/entitlement")
	})
	for _, q := range []Question{{First: 100}, {First: 100, Escalation: true}} {
		suffix := ""
		if q.Escalation {
			suffix = "-escalation"
		}
		b.Run("who-can"+suffix, measured(2000, func() { v.s.remembered = memory{}; v.WhoCan(someEntitlement(), q) }))
		b.Run("effective"+suffix, measured(5000, func() { v.Effective(someIdentity(), q) }))
		b.Run("why"+suffix, measured(1000, func() { v.Why(someIdentity(), someEntitlement(), q) }))
		b.Run("both-500"+suffix, measured(5, func() {
			v.s.remembered = memory{}
			pairs := make([][2]access.EntitlementID, 500)
			for i := range pairs {
				pairs[i] = [2]access.EntitlementID{access.EntitlementID(someEntitlement().Key), access.EntitlementID(someEntitlement().Key)}
			}
			v.Both(pairs, q)
		}))
	}
	b.Run("who-can-everybody", measured(20, func() { v.s.remembered = memory{}; v.WhoCan(access.EntitlementID(1).Ref(), Question{}) }))
	b.Run("reachable-backward", measured(3, func() {
		v.ReachableBackward([]access.EntitlementID{1, access.EntitlementID(w.groups() + 1)}, true)
	}))
	b.Run("cycles", measured(3, func() { v.Cycles() }))
	v.Close()
	b.Run("follow-1000", measured(20, func() {
		w.change(r, 1000)
		if _, err := g.Follow(context.Background()); err != nil {
			b.Fatal(err)
		}
	}))
	b.Run("follow-1", measured(200, func() {
		w.change(r, 1)
		if _, err := g.Follow(context.Background()); err != nil {
			b.Fatal(err)
		}
	}))
	b.Run("after", func(b *testing.B) {
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(g)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
		b.ReportMetric(highWater(), "hwm-MiB")
	})
}

// measured asks n times and reports the median and the 99th percentile.
func measured(n int, ask func()) func(*testing.B) {
	return func(b *testing.B) {
		times := make([]time.Duration, n)
		for i := range times {
			begin := time.Now()
			ask()
			times[i] = time.Since(begin)
		}
		slices.Sort(times)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ms(times[n/2]), "p50-ms")
		b.ReportMetric(ms(times[n*99/100]), "p99-ms")
	}
}

// highWater is the most memory that the process ever had, in MiB; 0 where the
// system does not say.
func highWater() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return kib / 1024
		}
	}
	return 0
}
