package graph_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// A walk comes to what Effective and Members answer, in the same modes.
func TestWalksComeToWhatAnswersSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := graphtest.NewChanging(t, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 60)
		v := w.Graph().View()
		defer v.Close()
		q := graph.Question{Escalation: rapid.Bool().Draw(t, "escalation")}
		for i := range v.Identities() {
			walksFrom(t, v, i.ID, q)
		}
		for e := range v.Entitlements() {
			walksInto(t, v, e.ID, q)
		}
	})
}

func walksFrom(t *rapid.T, v *graph.View, id access.IdentityID, q graph.Question) {
	want := map[access.Ref]graph.Held{}
	for _, h := range v.Effective(id.Ref(), q) {
		sum := want[h.Entitlement.Ref()]
		if sum.Modes == 0 {
			sum.Escalated = true
		}
		sum.Modes, sum.Escalated = sum.Modes|h.Modes, sum.Escalated && h.Escalated
		want[h.Entitlement.Ref()] = sum
	}
	walk := v.From(id.Ref(), q, 1<<20)
	for n, p := range walk.Places {
		if p.Ref.Kind != access.KindEntitlement {
			continue
		}
		h, ok := want[p.Ref]
		if !ok || h.Modes != p.Modes || h.Escalated != p.Escalated {
			t.Fatalf("%s comes to %+v, and effectively has %+v", id, p, h)
		}
		delete(want, p.Ref)
		if n == 0 || p.Depth == 0 {
			t.Fatalf("%+v is no step away", p)
		}
	}
	if len(want) > 0 {
		t.Fatalf("%s has what a walk does not come to: %v", id, want)
	}
	for _, l := range walk.Links {
		if walk.Places[l.To].Depth > walk.Places[l.From].Depth+1 {
			t.Fatalf("%+v is a shorter way", l)
		}
	}
}

func walksInto(t *rapid.T, v *graph.View, id access.EntitlementID, q graph.Question) {
	m := v.Members([]access.Ref{id.Ref()}, q)
	var identities, accounts uint64
	for _, p := range v.Into(id.Ref(), q, 1<<20).Places {
		key := uint32(p.Ref.Key)
		switch p.Ref.Kind {
		case access.KindIdentity:
			identities++
			if !m.Identities.Contains(key) {
				t.Fatalf("%s does not reach %s", p.Ref, id)
			}
		case access.KindAccount:
			a, _ := v.Account(access.AccountID(p.Ref.Key))
			if a.Status != access.Enabled {
				continue // somebody could become it
			}
			accounts++
			if !m.Accounts.Contains(key) {
				t.Fatalf("%s does not reach %s", p.Ref, id)
			}
		default:
		}
	}
	if identities != m.Identities.GetCardinality() || accounts != m.Accounts.GetCardinality() {
		t.Fatalf("%d identities and %d accounts come to %s, of %d and %d", identities, accounts, id, m.Identities.GetCardinality(), m.Accounts.GetCardinality())
	}
}

// A walk stops at the most places, and says so.
func TestWalkIsBounded(t *testing.T) {
	f := &graphtest.Facts{Identities: []graph.IdentityNode{{ID: 1, Kind: access.Human}}}
	for id := access.EntitlementID(1); id <= 20; id++ {
		f.Entitlements = append(f.Entitlements, graph.EntitlementNode{ID: id, System: 1})
		f.Grants = append(f.Grants, graph.GrantEdge{ID: access.GrantID(id), Holder: access.IdentityID(1).Ref(), Entitlement: id})
	}
	v := f.View(t)
	w := v.From(access.IdentityID(1).Ref(), graph.Question{}, 10)
	if len(w.Places) != 10 || !w.Cut || len(w.Links) != 9 {
		t.Errorf("%d places, %d links, cut %v", len(w.Places), len(w.Links), w.Cut)
	}
	if w = v.From(access.IdentityID(1).Ref(), graph.Question{}, 21); len(w.Places) != 21 || w.Cut {
		t.Errorf("%d places, cut %v", len(w.Places), w.Cut)
	}
	if w = v.From(access.IdentityID(2).Ref(), graph.Question{}, 21); len(w.Places) != 0 {
		t.Errorf("nobody comes to %v", w.Places)
	}
}
