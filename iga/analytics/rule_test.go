package analytics

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
)

// fixed says the same of every condition.
type fixed struct{ members, doubtful []access.IdentityID }

func (f fixed) Matching(context.Context, string) (members, doubtful []access.IdentityID, err error) {
	return f.members, f.doubtful, nil
}

func TestWhatARuleWouldHaveTaken(t *testing.T) {
	w := company()
	for i, id := range []access.AccountID{101, 102, 103, 104} {
		g := w.grant(id.Ref(), 3)
		g.UsageKnown, g.LastUsed = i < 3, []access.Time{ago(2), ago(30), ago(300), 0}[i]
	}
	s := w.service(t)
	var engineers []access.IdentityID
	for id := access.IdentityID(51); id <= 90; id++ {
		engineers = append(engineers, id)
	}
	s.Rules = fixed{members: append(engineers, 1), doubtful: []access.IdentityID{102}}
	answers, _, err := s.RuleWhatIf(t.Context(), RuleQuestion{Condition: "x", Entitlements: []access.EntitlementID{5, 3, 3}, Days: 90})
	if err != nil || len(answers) != 2 {
		t.Fatal(answers, err)
	}
	got := answers[0]
	want := RuleAnswer{
		Entitlement: 3, Tier: access.Tier1, Holders: 44, Keep: 40, Doubtful: 1, Lose: 3,
		UseCounts: UseCounts{Grants: 3, Used: 1, Unused: 1, Unknown: 1},
	}
	if !slices.Equal(got.InUse, []InUse{{101, ago(2)}}) {
		t.Errorf("in use: %+v", got.InUse)
	}
	got.InUse = nil
	if got.Entitlement != want.Entitlement || got.UseCounts != want.UseCounts || got.Holders != 44 || got.Keep != 40 || got.Doubtful != 1 || got.Lose != 3 {
		t.Errorf("%+v", got)
	}
	// Through a group: how it is used is not known.
	if got := answers[1]; got.Holders != 1 || got.Lose != 1 || got.Unknown != 1 {
		t.Errorf("%+v", got)
	}
}

func TestARuleIsAskedForSomething(t *testing.T) {
	s := company().service(t)
	s.Rules = fixed{}
	for want, q := range map[error]RuleQuestion{
		ErrNothing:   {Condition: "x", Days: 90},
		ErrNoSuchOne: {Condition: "x", Days: 90, Entitlements: []access.EntitlementID{77}},
		ErrDays:      {Condition: "x", Days: 0, Entitlements: []access.EntitlementID{1}},
	} {
		if _, _, err := s.RuleWhatIf(t.Context(), q); !errors.Is(err, want) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// What is remembered is good while nothing changes, and a while longer.
func TestAnswersAreRemembered(t *testing.T) {
	w := company()
	s := w.service(t)
	clock := today
	s.Now = func() time.Time { return clock }
	ask := func() access.Rev {
		t.Helper()
		p, err := s.Outliers(t.Context(), OutlierFilter{Reach: everywhere})
		if err != nil {
			t.Fatal(err)
		}
		return p.Rev
	}
	if ask() != 1 {
		t.Fatal("not at the first revision")
	}
	w.rev = 2
	if _, err := s.Graph.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ask() != 1 {
		t.Error("it was worked out anew at once")
	}
	clock = clock.Add(time.Hour)
	if ask() != 2 {
		t.Error("it was never worked out anew")
	}
}
