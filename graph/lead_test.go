package graph

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

// What leads somewhere is what has it in effect, and ranks are told as distances.
func TestLeadingAndRankEqualOtherAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range 40 {
			w.mutate(dice{t})
		}
		v := open(t, w).View()
		defer v.Close()
		a, b := access.EntitlementID(dice{t}.key(maxEntitlements)), access.EntitlementID(dice{t}.key(maxEntitlements))
		for _, escalation := range []bool{false, true} {
			leading := v.Leading([]access.EntitlementID{a, b}, escalation)
			ranks, ranking := map[access.EntitlementID]int{}, v.Rank([][]access.EntitlementID{{a}, {b}}, escalation)
			for id, rank := range ranking.All() {
				ranks[id] = rank
			}
			first, second := w.distances([]access.EntitlementID{a}, escalation), w.distances([]access.EntitlementID{b}, escalation)
			for e := range v.Entitlements() {
				has := e.ID == a || e.ID == b || slices.ContainsFunc(v.Effective(e.ID.Ref(), Question{Escalation: escalation}), func(h Held) bool {
					return h.Entitlement == a || h.Entitlement == b
				})
				if leading.Contains(uint32(e.ID)) != has {
					t.Fatalf("escalation %v: %s leads to %s or %s: %v", escalation, e.ID, a, b, !has)
				}
				want := 0
				steps, leads := first[e.ID]
				if !leads {
					steps, leads = second[e.ID]
					want = 1
				}
				rank, ranked := ranks[e.ID]
				if ranked != leads || leads && (rank != want || len(ranking.Path(e.ID)) != steps) {
					t.Fatalf("%s has rank %d (%v) by %v, and is %d steps away (%v) of rank %d", e.ID, rank, ranked, ranking.Path(e.ID), steps, leads, want)
				}
			}
		}
	})
}

// Who could become an account is found with it, and who depends on whom is followed.
func TestTakersAndDependents(t *testing.T) {
	w := newWorld()
	host, guest := access.SystemID(1), access.SystemID(2)
	w.systems[host], w.systems[guest] = SystemNode{ID: host}, SystemNode{ID: guest, RunsOn: host}
	w.entitlements[1] = EntitlementNode{ID: 1, System: host, Capabilities: []access.Capability{{Right: access.BypassControls, On: host.Ref()}}}
	w.entitlements[2] = EntitlementNode{ID: 2, System: guest}
	for id, system := range map[access.AccountID]access.SystemID{1: host, 2: guest, 3: guest} {
		w.accounts[id] = AccountNode{ID: id, System: system, Kind: access.PersonAccount, Status: access.Enabled}
	}
	w.grants[1] = GrantEdge{ID: 1, Holder: access.AccountID(1).Ref(), Entitlement: 1}
	w.grants[2] = GrantEdge{ID: 2, Holder: access.AccountID(2).Ref(), Entitlement: 2}
	v := open(t, w).View()
	for _, ref := range []access.Ref{access.AccountID(3).Ref(), guest.Ref(), host.Ref()} {
		if got := v.Takers([]access.Ref{ref}).Accounts.ToArray(); !slices.Equal(got, []uint32{1}) {
			t.Errorf("%s is taken by %v", ref, got)
		}
	}
	if !v.Exposed(1) || !v.Exposed(3) || v.Exposed(9) {
		t.Error("who is exposed")
	}
	var d Dependents
	was := IdentityNode{ID: 1, Kind: access.Service, Owner: 7}
	d.Replace(IdentityNode{}, was)
	d.Replace(IdentityNode{}, IdentityNode{ID: 2, Kind: access.Human, Owner: 7, ThirdParty: true, Sponsor: 7})
	if got := d.On(7); !slices.Equal(got, []access.IdentityID{1, 2}) {
		t.Errorf("on 7 depend %v", got)
	}
	d.Replace(was, IdentityNode{ID: 1, Kind: access.Service, Owner: 8})
	if !slices.Equal(d.On(7), []access.IdentityID{2}) || !slices.Equal(d.On(8), []access.IdentityID{1}) {
		t.Errorf("afterwards on 7 depend %v, on 8 %v", d.On(7), d.On(8))
	}
}
