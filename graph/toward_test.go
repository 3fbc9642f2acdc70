package graph

import (
	"slices"
	"testing"

	"github.com/writhq/writ/access"
)

// TestTheWayThroughALargeDirectory: whoever controls a directory can become each of
// its accounts and have each of its groups, more of both than are kept as lists. Few
// lead to the host; the way is found past the others, and all shortest ways are counted.
func TestTheWayThroughALargeDirectory(t *testing.T) {
	const many = 2 * fewIDs
	const root, helpdesk = access.EntitlementID(5000), access.EntitlementID(5001)
	d := newDraft()
	d.system(1, 0)
	d.system(2, 0)
	d.entitlement(root, 2)
	d.entitlement(helpdesk, 1, bypasses(sys(1)))
	for id := range access.AccountID(many) {
		d.account(id+1, 1, access.Enabled)
	}
	for id := range access.EntitlementID(many) {
		d.entitlement(id+1, 1)
		d.grant(acc(access.AccountID(id+1)), id+1, access.Standing)
	}
	d.grant(acc(1), helpdesk, access.Standing)
	for _, id := range []access.EntitlementID{700, 900} {
		d.grant(ent(id), root, access.Standing)
	}
	d.grant(acc(444), root, access.Eligible)
	v := open(t, d).View()

	for _, q := range []Question{{Escalation: true}, {Escalation: true, Modes: uint8(standing)}} {
		for _, target := range []access.Ref{ent(root), sys(2), sys(1), ent(900)} {
			for _, holder := range []access.Ref{acc(1), acc(444), acc(2), ent(700), ent(helpdesk)} {
				length, count := d.why(holder, target, q)
				if p := v.Why(holder, target, q); p.Length != length || p.Count.Cmp(count) != 0 {
					t.Errorf("why %v %v with %+v: %d paths of length %d, want %d of %d", holder, target, q, p.Count, p.Length, count, length)
				}
			}
		}
	}
	w := search{s: v.s, escalation: true, want: anyMode, lead: v.s.leadTo(ent(root), anyMode)}
	if edges := slices.Collect(v.s.fromToward(at(control, 1), true, w.lead)); len(edges) != 3 {
		t.Errorf("from the directory %d edges are looked at, want those to two groups and one account: %v", len(edges), edges)
	}
}

// TestOpenersAreNotLostOnTheWay: an account opens one that somebody could become, which
// leads to the target the long way round, and one that nobody could become, which has
// it. The short way is found, and one that is held all the time beside one that is not.
func TestOpenersAreNotLostOnTheWay(t *testing.T) {
	const target, onHost, root = access.EntitlementID(1), access.EntitlementID(2), access.EntitlementID(3)
	const opener, exposed, quiet = access.AccountID(1), access.AccountID(2), access.AccountID(3)
	for _, mode := range []access.Mode{access.Standing, access.Eligible} {
		d := newDraft()
		for id := range access.SystemID(3) {
			d.system(id+1, 0)
		}
		d.entitlement(root, 2, bypasses(sys(2)))
		d.entitlement(onHost, 2)
		d.entitlement(target, 3)
		d.account(opener, 1, access.Enabled)
		d.account(exposed, 2, access.Enabled)
		d.account(quiet, 3, access.Enabled)
		d.grant(acc(exposed), onHost, access.Standing)
		d.grant(ent(onHost), target, mode)
		d.grant(acc(quiet), target, access.Standing)
		for _, id := range []access.AccountID{exposed, quiet} {
			d.openings = append(d.openings, OpeningEdge{Account: id, By: opener})
		}
		v := open(t, d).View()
		for _, q := range []Question{{Escalation: true}, {Escalation: true, Modes: uint8(standing)}} {
			length, count := d.why(acc(opener), ent(target), q)
			if p := v.Why(acc(opener), ent(target), q); length != 2 || p.Length != length || p.Count.Cmp(count) != 0 {
				t.Errorf("%v, %+v: %v paths of length %d, want %v of %d", mode, q, p.Count, p.Length, count, length)
			}
		}
	}
}
