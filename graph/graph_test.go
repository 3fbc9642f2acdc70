package graph

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
)

// draft builds worlds by hand.
type draft struct {
	*world
	grantID access.GrantID
}

func newDraft() *draft { return &draft{world: newWorld()} }

func (d *draft) system(id, host access.SystemID) {
	d.systems[id] = SystemNode{ID: id, RunsOn: host}
	d.touched(id.Ref())
}

func (d *draft) identity(ids ...access.IdentityID) {
	for _, id := range ids {
		d.identities[id] = IdentityNode{ID: id, Kind: access.Human, State: access.Active}
		d.touched(id.Ref())
	}
}

func (d *draft) account(id access.AccountID, system access.SystemID, status access.AccountStatus, owners ...access.IdentityID) {
	d.accounts[id] = AccountNode{ID: id, System: system, Kind: access.PersonAccount, Status: status, Identities: owners}
	d.touched(id.Ref())
}

func (d *draft) entitlement(id access.EntitlementID, system access.SystemID, can ...access.Capability) {
	d.entitlements[id] = EntitlementNode{ID: id, System: system, Kind: "group", Capabilities: can}
	d.touched(id.Ref())
}

func (d *draft) grant(holder access.Ref, e access.EntitlementID, mode access.Mode) {
	d.grantID++
	d.grants[d.grantID] = GrantEdge{ID: d.grantID, Holder: holder, Entitlement: e, Mode: mode}
	d.touched(holder)
}

func bypasses(on access.Ref) access.Capability {
	return access.Capability{Right: access.BypassControls, On: on}
}

func acc(id access.AccountID) access.Ref     { return id.Ref() }
func ent(id access.EntitlementID) access.Ref { return id.Ref() }
func idn(id access.IdentityID) access.Ref    { return id.Ref() }
func sys(id access.SystemID) access.Ref      { return id.Ref() }

func heldIDs(list []Held) []access.EntitlementID {
	var ids []access.EntitlementID
	for _, h := range list {
		ids = append(ids, h.Entitlement)
	}
	return ids
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// TestEscalationThroughTheHost: a sudo rule on the host that runs the database
// is control of the database, and of what the database's accounts may elsewhere.
func TestEscalationThroughTheHost(t *testing.T) {
	d := newDraft()
	d.system(1, 0) // hypervisor
	d.system(2, 1) // host
	d.system(3, 2) // database
	d.system(4, 0) // payroll, where an account of the database has a group
	d.entitlement(1, 1, bypasses(sys(1)))
	d.entitlement(2, 3)
	d.entitlement(3, 4)
	d.identity(1, 2)
	d.account(1, 1, access.Enabled, 1)
	d.account(2, 3, access.Locked) // a locked account can still be become
	d.grant(acc(1), 1, access.Eligible)
	d.grant(acc(2), 3, access.Standing)
	v := open(t, d).View()

	expect(t, "without escalation", heldIDs(v.Effective(idn(1), Question{})), []access.EntitlementID{1})
	expect(t, "with escalation", v.Effective(idn(1), Question{Escalation: true}), []Held{
		{Entitlement: 1, Modes: uint8(eligible), Direct: true},
		{Entitlement: 2, Modes: uint8(eligible), Escalated: true},
		{Entitlement: 3, Modes: uint8(eligible), Escalated: true},
	})
	expect(t, "who can payroll's group", v.WhoCan(ent(3), Question{Escalation: true}).Identities, []access.IdentityID{1})
	expect(t, "who can the database", v.WhoCan(sys(3), Question{Escalation: true}).Identities, []access.IdentityID{1})
	expect(t, "who can now", v.WhoCan(ent(3), Question{Escalation: true, Modes: uint8(standing)}).Count, 0)

	p := v.Why(idn(1), ent(3), Question{Escalation: true})
	expect(t, "the way", p.First, [][]Step{{
		{Kind: ByAccount, From: idn(1), To: acc(1)},
		{Kind: ByGrant, From: acc(1), To: ent(1), Mode: access.Eligible},
		{Kind: ByHost, From: ent(1), To: sys(1)},
		{Kind: ByHost, From: sys(1), To: sys(2)},
		{Kind: ByHost, From: sys(2), To: sys(3)},
		{Kind: ByImpersonate, From: sys(3), To: acc(2)},
		{Kind: ByGrant, From: acc(2), To: ent(3)},
	}})
	ranking := v.Rank([][]access.EntitlementID{{3}}, true)
	expect(t, "what can grant it", ranking.Path(1), p.First[0][2:])
	expect(t, "its own capabilities", v.Controls(1), []Step{{Kind: ByHost, From: ent(1), To: sys(1)}})
}

// TestUnusableAccounts is invariant 4.
func TestUnusableAccounts(t *testing.T) {
	for _, status := range []access.AccountStatus{access.Disabled, access.Locked, access.Expired} {
		t.Run(string(status), func(t *testing.T) {
			d := newDraft()
			d.system(1, 0)
			d.entitlement(1, 1)
			d.identity(1)
			d.account(1, 1, status, 1)
			d.account(2, 1, status)
			d.grant(acc(1), 1, access.Standing)
			d.grant(acc(2), 1, access.Standing)
			g := open(t, d)
			v := g.View()
			expect(t, "identity", len(v.Effective(idn(1), Question{})), 0)
			expect(t, "account itself", heldIDs(v.Effective(acc(1), Question{})), []access.EntitlementID{1})
			h := v.WhoCan(ent(1), Question{})
			expect(t, "who can", []int{h.Count, h.Orphans}, []int{0, 0})
			expect(t, "direct holders", len(slices.Collect(v.DirectHolders(1))), 2)

			d.account(1, 1, access.Enabled, 1)
			d.account(2, 1, access.Enabled)
			changed, err := g.Follow(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			expect(t, "changed", changed, []access.Ref{acc(1), acc(2)})
			h = g.View().WhoCan(ent(1), Question{})
			expect(t, "who can, enabled", []int{h.Count, h.Orphans}, []int{1, 1})
		})
	}
}

// TestManyPaths: thousands of parallel ways are counted, not walked.
func TestManyPaths(t *testing.T) {
	const wide, deep = 60, 40
	d := newDraft()
	d.system(1, 0)
	d.identity(1)
	d.account(1, 1, access.Enabled, 1)
	id := func(layer, i int) access.EntitlementID { return access.EntitlementID(1 + layer*wide + i) }
	for layer := range deep {
		for i := range wide {
			d.entitlement(id(layer, i), 1)
			if layer == 0 {
				d.grant(acc(1), id(0, i), access.Standing)
				continue
			}
			for from := range wide {
				d.grant(ent(id(layer-1, from)), id(layer, i), access.Standing)
			}
		}
	}
	v := open(t, d).View()
	p := v.Why(idn(1), ent(id(deep-1, 0)), Question{})
	expect(t, "count", p.Count, new(big.Int).Exp(big.NewInt(wide), big.NewInt(deep-1), nil))
	expect(t, "length", p.Length, deep+1)
	expect(t, "listed", len(p.First), firstPaths)
	expect(t, "first goes over the lowest keys", p.First[0][1].To, ent(id(0, 0)))
	expect(t, "all of the lists differ", p.First[1][deep-1].To, ent(id(deep-2, 1)))
}

// TestLongChains: depth costs no recursion.
func TestLongChains(t *testing.T) {
	const n = 20_000
	d := newDraft()
	d.system(1, 0)
	d.identity(1)
	d.account(1, 1, access.Enabled, 1)
	for id := access.EntitlementID(1); id <= n; id++ {
		d.entitlement(id, 1)
		d.grant(ent(id), id%n+1, access.Standing) // the last holds the first
	}
	d.grant(acc(1), 1, access.Standing)
	v := open(t, d).View()
	expect(t, "has", len(v.Effective(idn(1), Question{})), n)
	expect(t, "who can", v.WhoCan(ent(n), Question{}).Count, 1)
	expect(t, "length", v.Why(idn(1), ent(n), Question{}).Length, n+1)
	cycles := v.Cycles()
	expect(t, "cycles", len(cycles), 1)
	expect(t, "size of the cycle", len(cycles[0]), n)
}

func TestPagesOfWhoCan(t *testing.T) {
	d := newDraft()
	d.system(1, 0)
	d.entitlement(1, 1)
	for i := 1; i <= 10; i++ {
		d.identity(access.IdentityID(i))
		d.account(access.AccountID(i), 1, access.Enabled, access.IdentityID(i))
		d.account(access.AccountID(10+i), 1, access.Enabled)
		d.grant(acc(access.AccountID(i)), 1, access.Standing)
		d.grant(acc(access.AccountID(10+i)), 1, access.Standing)
	}
	v := open(t, d).View()
	for size := 1; size <= 25; size++ {
		var identities []access.IdentityID
		var accounts []access.AccountID
		q := Question{First: size}
		for pages := 1; ; pages++ {
			h := v.WhoCan(ent(1), q)
			expect(t, "counts", []int{h.Count, h.Orphans}, []int{10, 10})
			if len(h.Identities)+len(h.Accounts) > size || pages > 30 {
				t.Fatalf("page %d of size %d: %v", pages, size, h)
			}
			identities, accounts = append(identities, h.Identities...), append(accounts, h.Accounts...)
			if h.Next == 0 {
				break
			}
			q.After = h.Next
		}
		expect(t, fmt.Sprint("identities by ", size), len(slices.Compact(identities)), 10)
		expect(t, fmt.Sprint("accounts by ", size), len(slices.Compact(accounts)), 10)
	}
}

// TestFollowStaysPutOnFailure: a source that fails half-way leaves the index as it was.
func TestFollowStaysPutOnFailure(t *testing.T) {
	d := newDraft()
	d.system(1, 0)
	d.entitlement(1, 1)
	g := open(t, d)
	before := answers(g.View(), Question{})
	d.identity(1)
	d.grant(idn(1), 1, access.Standing)
	d.err = errors.New("disk full")
	if _, err := g.Follow(context.Background()); !errors.Is(err, d.err) {
		t.Fatalf("got %v", err)
	}
	same(t, before, answers(g.View(), Question{}))
	d.err = nil
	if _, err := g.Follow(context.Background()); err != nil {
		t.Fatal(err)
	}
	expect(t, "after all", g.View().WhoCan(ent(1), Question{}).Count, 1)
	changed, err := g.Follow(context.Background())
	if changed != nil || err != nil {
		t.Fatalf("following nothing: %v, %v", changed, err)
	}
}

func TestFactsThatDoNotFit(t *testing.T) {
	tests := map[string]func(d *draft){
		"negative key":   func(d *draft) { d.identity(-1) },
		"key too large":  func(d *draft) { d.identity(1 << 31) },
		"unknown kind":   func(d *draft) { d.identities[1] = IdentityNode{ID: 1, Kind: "ghost"} },
		"unknown status": func(d *draft) { d.account(1, 0, "asleep") },
		"unknown mode":   func(d *draft) { d.identity(1); d.grant(idn(1), 1, 3) },
		"system holds":   func(d *draft) { d.system(1, 0); d.grant(sys(1), 1, access.Standing) },
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDraft()
			make(d)
			if _, err := Open(context.Background(), d); !errors.Is(err, ErrFact) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestQuestionsAboutNothing(t *testing.T) {
	v := open(t, newWorld()).View()
	for _, ref := range []access.Ref{{}, idn(0), idn(-5), idn(1 << 40), ent(1), sys(9), access.SourceID(1).Ref()} {
		expect(t, "effective", len(v.Effective(ref, Question{Escalation: true})), 0)
		expect(t, "who can", v.WhoCan(ref, Question{Escalation: true, After: -1 << 63}).Count, 0)
		expect(t, "why", v.Why(ref, ref, Question{}).Count.Sign(), 0)
		expect(t, "grants", len(slices.Collect(v.DirectGrants(ref))), 0)
	}
	expect(t, "holders", len(slices.Collect(v.DirectHolders(-1))), 0)
	expect(t, "rank", len(v.Rank([][]access.EntitlementID{{-1, 0, 5}}, true).Path(7)), 0)
}

// TestReadersBesideFollowing asks while the index moves; the race detector
// watches, and each view's answers must belong together.
func TestReadersBesideFollowing(t *testing.T) {
	d := newDraft()
	d.system(1, 0)
	d.entitlement(1, 1)
	d.entitlement(2, 1, bypasses(sys(1)))
	const n = 600
	for i := 1; i <= n; i++ {
		d.identity(access.IdentityID(i))
		d.account(access.AccountID(i), 1, access.Enabled, access.IdentityID(i))
		d.grant(acc(access.AccountID(i)), 1, access.Standing)
	}
	g := open(t, d)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				v := g.View()
				// Every change takes access from one and gives it to nobody.
				want := n - (int(v.Rev()) - 3*n - 3)
				if got := v.WhoCan(ent(1), Question{Escalation: true}).Count; got != want {
					t.Errorf("at revision %d %d can, want %d", v.Rev(), got, want)
				}
				v.Effective(idn(access.IdentityID(n)), Question{Escalation: true})
				v.Why(idn(access.IdentityID(n)), ent(1), Question{})
				v.Close()
			}
		})
	}
	for i := 1; i < 200; i++ {
		delete(d.grants, access.GrantID(i))
		d.touched(acc(access.AccountID(i)))
		if _, err := g.Follow(context.Background()); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}

// TestHeldKeepsWhatGrantsSay reads grants back with everything that they say.
func TestHeldKeepsWhatGrantsSay(t *testing.T) {
	d := newDraft()
	d.system(1, 0)
	d.identity(1)
	d.entitlement(1, 1)
	d.resources[3] = ResourceNode{ID: 3, System: 1, DataClass: access.Restricted}
	want := GrantEdge{
		ID: 9, Holder: idn(1), Entitlement: 1, Resource: 3, Mode: access.Activated,
		Flags: access.Implicit | access.NoPassword, End: 1_790_000_000_123_456, UsageKnown: true, LastUsed: 1_780_000_000_000_000, Justified: true, Late: true,
	}
	d.grants[9] = want
	v := open(t, d).View()
	expect(t, "grants", slices.Collect(v.DirectGrants(idn(1))), []GrantEdge{want})
	expect(t, "holders", slices.Collect(v.DirectHolders(1)), []GrantEdge{want})
	expect(t, "held", v.Effective(idn(1), Question{}), []Held{{Entitlement: 1, Resource: 3, Modes: uint8(active), Direct: true}})
	expect(t, "who can the resource", v.WhoCan(access.ResourceID(3).Ref(), Question{}).Identities, []access.IdentityID{1})
}
