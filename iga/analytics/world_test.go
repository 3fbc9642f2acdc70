package analytics

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// today is the day on which tests look.
var today = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func ago(n int) access.Time { return access.TimeOf(today.AddDate(0, 0, -n)) }

// world is the facts of a test, and what a store would tell of them.
type world struct {
	graphtest.Facts

	traits map[access.IdentityID][]Trait
	young  map[access.GrantID]bool
	movers []Mover
	rev    access.Rev
}

func (w *world) Follow(_ context.Context, rev access.Rev, _ graph.Sink) (access.Rev, error) {
	return max(rev, w.rev), nil
}

func (w *world) People(_ context.Context, take func(access.IdentityID, []Trait) error) error {
	for _, id := range slices.Sorted(maps.Keys(w.traits)) {
		if err := take(id, w.traits[id]); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) Young(context.Context, access.Time) (map[access.GrantID]bool, error) {
	return w.young, nil
}

func (w *world) Movers(_ context.Context, some []access.IdentityID, take func(Mover) error) error {
	for _, m := range w.movers {
		if some == nil || slices.Contains(some, m.ID) {
			if err := take(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// person adds somebody with one account of the same number, in use, and its grants.
func (w *world) person(id access.IdentityID, unit, title string, has ...access.EntitlementID) {
	if w.traits == nil {
		w.traits = map[access.IdentityID][]Trait{}
	}
	w.Identities = append(w.Identities, graph.IdentityNode{ID: id, Kind: access.Human, State: access.Active})
	w.traits[id] = []Trait{{"unit", unit}, {"title", title}}
	w.Accounts = append(w.Accounts, graph.AccountNode{
		ID: access.AccountID(id), System: 1, Kind: access.PersonAccount, Status: access.Enabled, Identities: []access.IdentityID{id},
	})
	for _, e := range has {
		w.grant(access.AccountID(id).Ref(), e)
	}
}

// grant adds one, and returns it to be told more of.
func (w *world) grant(holder access.Ref, e access.EntitlementID) *graph.GrantEdge {
	w.Grants = append(w.Grants, graph.GrantEdge{ID: access.GrantID(len(w.Grants) + 1), Holder: holder, Entitlement: e})
	return &w.Grants[len(w.Grants)-1]
}

func (w *world) service(t *testing.T) *Service {
	t.Helper()
	g, err := graph.Open(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return &Service{Store: w, Graph: g, Now: func() time.Time { return today }}
}

// company is two systems, five entitlements, and three units: 41 clerks of the treasury
// who have 1 and 2, 40 engineers who have 1 and 3, and 4 lawyers who have 1. Of the
// treasury, number 41 has 4 (tier 0) as well, directly, and 5 through it.
func company() *world {
	w := &world{Facts: graphtest.Facts{
		Systems: []graph.SystemNode{{ID: 1}, {ID: 2}},
		Entitlements: []graph.EntitlementNode{
			{ID: 1, System: 1, Tier: access.Tier3},
			{ID: 2, System: 1, Tier: access.Tier2},
			{ID: 3, System: 2, Tier: access.Tier1},
			{ID: 4, System: 2, Tier: access.Tier0},
			{ID: 5, System: 2, Tier: access.Tier0},
		},
	}}
	for id := access.IdentityID(1); id <= 41; id++ {
		w.person(id, "Treasury", "Clerk", 1, 2)
	}
	for id := access.IdentityID(51); id <= 90; id++ {
		w.person(id, "Platform", "Engineer", 1, 3)
	}
	for id := access.IdentityID(101); id <= 104; id++ {
		w.person(id, "Legal", "Counsel", 1)
	}
	w.grant(access.AccountID(41).Ref(), 4)
	w.grant(access.EntitlementID(4).Ref(), 5)
	return w
}
