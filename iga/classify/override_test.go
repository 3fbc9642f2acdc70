package classify

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

const (
	day  = access.Time(24 * time.Hour / time.Microsecond)
	noon = access.Time(1_790_000_000_000_000)
)

// ladder: 4 leads to 3, which leads to 2, which leads to 1; of itself 2 is of tier
// 1, 1 is of tier 0 if top, and the others are ordinary.
func ladder(top bool) world {
	w := world{
		systems: systems,
		entitlements: []graph.EntitlementNode{
			entitlement(1, control), entitlement(2, production, can(access.ChangeConfig, production.Ref())), entitlement(3, trial), entitlement(4, trial),
		},
		grants: []graph.GrantEdge{nested(1, 2, 1), nested(2, 3, 2), nested(3, 4, 3)},
	}
	if top {
		w.entitlements[0] = entitlement(1, control, can(access.GrantAccess, control.Ref()))
	}
	return w
}

func tiers(t *testing.T, got map[access.EntitlementID]Classification, want ...access.Tier) {
	t.Helper()
	for i, tier := range want {
		if c := got[access.EntitlementID(i+1)]; c.Tier != tier {
			t.Errorf("entitlement %d has tier %d, want %d: %+v", i+1, c.Tier, tier, c.Reasons)
		}
	}
}

// Invariants 1 and 2.
func TestOverride(t *testing.T) {
	w := ladder(false)
	tiers(t, w.classified(t), 3, 1, 1, 1)

	raised := w.classified(t, Override{Entitlement: 3, Tier: 0, Facts: 3, By: "operator:7", Reason: "it opens the safe"})
	tiers(t, raised, 3, 1, 0, 0)
	if c := raised[3]; !c.Overridden || c.Own != 0 || c.Facts != 3 || len(c.Reasons) != 2 || c.Reasons[0].Rule != "override" ||
		c.Reasons[0].Text != "set to tier 0 by operator:7: it opens the safe" || c.Reasons[1].Rule != "ordinary" {
		t.Errorf("%+v", c)
	}
	if c := raised[4]; c.Overridden || c.Own != 3 || c.Reasons[0].Rule != "leads-to" {
		t.Errorf("what leads to it is overridden too: %+v", c)
	}

	lowered := w.classified(t, Override{Entitlement: 2, Tier: 3, Facts: 1, Until: noon, By: "operator:7", Reason: "switched off"})
	tiers(t, lowered, 3, 3, 3, 3)
	if text := lowered[2].Reasons[0].Text; text != "set to tier 3 by operator:7 until 2026-09-21: switched off" {
		t.Error(text)
	}
}

// Invariant 2: a lower own tier hides nothing that it leads to.
func TestOverrideHidesNoEscalation(t *testing.T) {
	got := ladder(true).classified(t, Override{Entitlement: 2, Tier: 3, Facts: 1, Until: noon}, Override{Entitlement: 3, Tier: 3, Facts: 3})
	tiers(t, got, 0, 0, 0, 0)
	if c := got[2]; !c.Overridden || c.Own != 3 || len(c.Reasons) != 3 || c.Reasons[0].Rule != "override" || c.Reasons[1].Rule != "leads-to" || c.Reasons[2].Rule != "production-system" {
		t.Errorf("%+v", c)
	}
}

// Invariant 1: a lowering was decided upon facts; worse ones it does not cover.
func TestOverrideNeverCoversWorseFacts(t *testing.T) {
	tests := []struct {
		name  string
		o     Override
		tier  access.Tier
		holds bool
	}{
		{"raised without an end", Override{Tier: 1, Facts: 3}, 0, false},
		{"raised with an end", Override{Tier: 1, Facts: 3, Until: noon}, 0, false},
		{"lowered when the facts gave tier 1", Override{Tier: 2, Facts: 1, Until: noon}, 0, false},
		{"lowered when they gave tier 0", Override{Tier: 2, Facts: 0, Until: noon}, 2, true},
		{"the same tier", Override{Tier: 0, Facts: 3}, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Entitlement = 1
			c := ladder(true).classified(t, tt.o)[1]
			if c.Own != tt.tier || c.Overridden != tt.holds {
				t.Errorf("%+v", c)
			}
			if says := strings.HasPrefix(c.Reasons[0].Text, "does not count"); says == tt.holds {
				t.Errorf("it says %q", c.Reasons[0].Text)
			}
		})
	}
}

func TestOverrideValidate(t *testing.T) {
	tests := []struct {
		name string
		o    Override
		want error
	}{
		{"raised for ever", Override{Tier: 0, Facts: 3}, nil},
		{"raised for two years", Override{Tier: 0, Facts: 3, Until: noon + 730*day}, nil},
		{"raised until the past", Override{Tier: 0, Facts: 3, Until: noon}, ErrEnd},
		{"lowered for a year", Override{Tier: 3, Facts: 0, Until: noon + 366*day}, nil},
		{"lowered for longer", Override{Tier: 3, Facts: 0, Until: noon + 366*day + 1}, ErrEnd},
		{"lowered for ever", Override{Tier: 3, Facts: 2}, ErrEnd},
		{"lowered until the past", Override{Tier: 3, Facts: 2, Until: noon - day}, ErrEnd},
		{"no such tier", Override{Tier: 4, Facts: 3, Until: noon + day}, ErrTier},
		{"no tier", Override{Tier: access.Unclassified, Facts: 3}, ErrTier},
	}
	for _, tt := range tests {
		tt.o.Reason = "because"
		if got := tt.o.validate(noon); !errors.Is(got, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	for text, good := range map[string]bool{
		"": false, " \u00a0": false, "a\nb": false, "a\x1b[2J": false, "\u202eevil": false, "\xff": false,
		strings.Repeat("x", 500): true, strings.Repeat("x", 501): false, "größer": true,
	} {
		if err := (Override{Tier: 0, Facts: 3, Reason: text}).validate(noon); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		} else if err != nil && !errors.Is(err, ErrReason) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
