package graph

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

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
		if id%700 == 3 {
			continue // somebody whom no source knows any more; the accounts are there
		}
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
	if id%300 == 0 {
		n.Identities = append(n.Identities, access.IdentityID(id/300))
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
	r := rand.New(rand.NewPCG(uint64(id), 0))
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
		if bumped := w.bumped[id]; i == 1 && bumped > 0 { // one grant replaced by another
			g.Entitlement = access.EntitlementID(w.someEntitlement(rand.New(rand.NewPCG(uint64(id), bumped)), system))
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

// change replaces one grant of each of n random accounts.
func (w *town) change(r *rand.Rand, n int) {
	w.rev++
	w.pending = w.pending[:0]
	for range n {
		id := 1 + r.IntN(w.accounts())
		w.bumped[id]++
		w.pending = append(w.pending, id)
	}
}

// TestForwardEqualsBackward asks a company of some thousands both ways round, so
// that the sets are large enough to be bitmaps, and again after following.
func TestForwardEqualsBackward(t *testing.T) {
	w := &town{identities: 9000, bumped: map[int]uint64{}}
	g := open(t, w)
	compareDirections(t, w, g.View())
	r := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		w.change(r, 2000)
		if _, err := g.Follow(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	compareDirections(t, w, g.View())
	fresh := open(t, w).View()
	for id := access.EntitlementID(1); int(id) <= w.entitlements(); id++ {
		expect(t, "after following", slices.Collect(g.View().DirectHolders(id)), slices.Collect(fresh.DirectHolders(id)))
	}
}

func compareDirections(t *testing.T, w *town, v *View) {
	t.Helper()
	for _, q := range []Question{{}, {Modes: uint8(standing)}, {Modes: uint8(eligible), Escalation: true}} {
		identities := map[access.EntitlementID][]access.IdentityID{}
		orphans := map[access.EntitlementID][]access.AccountID{}
		for n := range v.Identities() {
			for _, h := range v.Effective(n.ID.Ref(), q) {
				identities[h.Entitlement] = append(identities[h.Entitlement], n.ID)
			}
		}
		for n := range v.Accounts() {
			if n.Status == access.Enabled && !slices.ContainsFunc(n.Identities, func(id access.IdentityID) bool { _, ok := v.Identity(id); return ok }) {
				for _, h := range v.Effective(n.ID.Ref(), q) {
					orphans[h.Entitlement] = append(orphans[h.Entitlement], n.ID)
				}
			}
		}
		q.First = 2 * w.accounts()
		for id := access.EntitlementID(1); int(id) <= w.entitlements(); id++ {
			h := v.WhoCan(id.Ref(), q)
			expect(t, "identities", h.Identities, identities[id])
			expect(t, "orphans", h.Accounts, orphans[id])
		}
	}
}
