package classify

import (
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// The shipped rules, as doc.go states them.
func TestRules(t *testing.T) {
	const (
		part      access.ResourceID = iota + 1 // of production
		secret                                 // restricted, of production
		inside                                 // in secret
		published                              // public, of sensitive
		trialPart                              // restricted, of trial
		loop                                   // inside itself
	)
	resources := []graph.ResourceNode{
		{ID: part, System: production},
		{ID: secret, System: production, DataClass: access.Restricted},
		{ID: inside, System: production, Parent: secret},
		{ID: published, System: sensitive, DataClass: access.Public},
		{ID: trialPart, System: trial, DataClass: access.Confidential},
		{ID: loop, System: production, Parent: loop},
	}
	tests := []struct {
		name   string
		system access.SystemID
		can    []access.Capability
		tier   access.Tier
		rule   string
	}{
		{"nothing", control, nil, 3, "ordinary"},
		{"granting in a system that controls others", control, []access.Capability{can(access.GrantAccess, control.Ref())}, 0, "control-system"},
		{"destroying one", control, []access.Capability{can(access.DestroyData, control.Ref())}, 0, "control-system"},
		{"reading one is not controlling it", control, []access.Capability{can(access.ReadSensitive, control.Ref())}, 1, "production-system"},
		{"one that is no production", trial, []access.Capability{can(access.GrantAccess, trial.Ref())}, 2, "other-system"},
		{"reading one that is no production", trial, []access.Capability{can(access.ReadSensitive, trial.Ref())}, 3, "ordinary"},
		{"a production system", production, []access.Capability{can(access.ChangeConfig, production.Ref())}, 1, "production-system"},
		{"reading all of one", production, []access.Capability{can(access.ReadSensitive, production.Ref())}, 1, "production-system"},
		{"destroying data of one", production, []access.Capability{can(access.DestroyData, production.Ref())}, 2, "production-data"},
		{"another system's", trial, []access.Capability{can(access.ChangeConfig, production.Ref())}, 1, "production-system"},
		{"a system that says nothing", unknown, []access.Capability{can(access.ChangeConfig, unknown.Ref())}, 1, "production-system"},
		{"a system that is not known", production, []access.Capability{can(access.ChangeConfig, absent.Ref())}, 1, "production-system"},
		{"granting on one that is not known", trial, []access.Capability{can(access.GrantAccess, absent.Ref())}, 1, "production-system"},
		{"a part of production", production, []access.Capability{can(access.ChangeConfig, part.Ref())}, 2, "production-data"},
		{"reading a part of no class", production, []access.Capability{can(access.ReadSensitive, part.Ref())}, 3, "ordinary"},
		{"reading restricted data", production, []access.Capability{can(access.ReadSensitive, secret.Ref())}, 1, "sensitive-data"},
		{"reading inside of it", production, []access.Capability{can(access.ReadSensitive, inside.Ref())}, 1, "sensitive-data"},
		{"reading public data of a restricted system", sensitive, []access.Capability{can(access.ReadSensitive, published.Ref())}, 3, "ordinary"},
		{"reading all of a restricted system", sensitive, []access.Capability{can(access.ReadSensitive, sensitive.Ref())}, 1, "sensitive-data"},
		{"reading data of no production", trial, []access.Capability{can(access.ReadSensitive, trialPart.Ref())}, 3, "ordinary"},
		{"resources in a circle", production, []access.Capability{can(access.ReadSensitive, loop.Ref())}, 3, "ordinary"},
		{"a resource that is not known", production, []access.Capability{can(access.ChangeConfig, access.ResourceID(99).Ref())}, 2, "production-data"},
		{"its worst capability counts", production, []access.Capability{
			can(access.DestroyData, production.Ref()), can(access.GrantAccess, control.Ref()), can(access.ReadSensitive, part.Ref()),
		}, 0, "control-system"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := world{systems: systems, resources: resources, entitlements: []graph.EntitlementNode{entitlement(1, tt.system, tt.can...)}}
			e, _ := w.view(t).Entitlement(1)
			tier, reason := own(w.view(t), e)
			if tier != tt.tier || reason.Rule != tt.rule || reason.Tier != tt.tier || reason.Text == "" {
				t.Errorf("tier %d by %+v, want %d by %s", tier, reason, tt.tier, tt.rule)
			}
		})
	}
}

// Invariant 2: what leads to a tier has it, over every way there is.
func TestEscalation(t *testing.T) {
	admin := entitlement(1, control, can(access.GrantAccess, control.Ref())) // tier 0
	tests := []struct {
		name  string
		world world
		kinds []graph.StepKind // of the way from entitlement 10
	}{
		{"nesting", world{
			entitlements: []graph.EntitlementNode{entitlement(10, trial), entitlement(11, trial)},
			grants:       []graph.GrantEdge{nested(1, 10, 11), nested(2, 11, 1)},
		}, []graph.StepKind{graph.ByNesting, graph.ByNesting}},
		{"impersonation", world{
			entitlements: []graph.EntitlementNode{entitlement(10, trial, can(access.Impersonate, access.AccountID(5).Ref()))},
			accounts:     []graph.AccountNode{{ID: 5, System: control, Kind: access.AdminAccount, Status: access.Enabled}},
			grants:       []graph.GrantEdge{{ID: 1, Holder: access.AccountID(5).Ref(), Entitlement: 1}},
		}, []graph.StepKind{graph.ByImpersonate, graph.ByGrant}},
		{"granting it to oneself", world{
			entitlements: []graph.EntitlementNode{entitlement(10, trial, can(access.GrantAccess, access.EntitlementID(1).Ref()))},
		}, []graph.StepKind{graph.ByGrantAccess}},
		{"the host", world{
			entitlements: []graph.EntitlementNode{entitlement(10, host, can(access.BypassControls, host.Ref())), entitlement(12, guest, can(access.GrantAccess, guest.Ref()))},
		}, []graph.StepKind{graph.ByHost, graph.ByHost, graph.ByHost}},
		{"a circle", world{
			entitlements: []graph.EntitlementNode{entitlement(10, trial), entitlement(11, trial)},
			grants:       []graph.GrantEdge{nested(1, 10, 11), nested(2, 11, 10), nested(3, 11, 1)},
		}, []graph.StepKind{graph.ByNesting, graph.ByNesting}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := tt.world
			w.systems = systems
			w.entitlements = append([]graph.EntitlementNode{admin}, w.entitlements...)
			got := w.classified(t)
			c := got[10]
			if c.Tier != access.Tier0 || c.Own == access.Tier0 || c.Facts != c.Own || c.Overridden {
				t.Fatalf("%+v", c)
			}
			if r := c.Reasons[0]; r.Rule != "leads-to" || r.Tier != 0 || len(c.Reasons) != 2 || c.Reasons[1].Tier != c.Own {
				t.Errorf("reasons %+v", c.Reasons)
			} else {
				checkPath(t, r, tt.kinds)
			}
			if got[1].Tier != 0 || len(got[1].Reasons) != 1 {
				t.Errorf("what it leads to: %+v", got[1])
			}
		})
	}
}

func checkPath(t *testing.T, r Reason, kinds []graph.StepKind) {
	t.Helper()
	var got []graph.StepKind
	for _, s := range r.Path {
		got = append(got, s.Kind)
	}
	if len(got) != len(kinds) {
		t.Fatalf("the way is %v, not %v", got, kinds)
	}
	for i := range got {
		if got[i] != kinds[i] {
			t.Fatalf("the way is %v, not %v", got, kinds)
		}
	}
	if r.Path[0].From != access.EntitlementID(10).Ref() || r.From != r.Path[len(r.Path)-1].To {
		t.Errorf("the way goes from %s to %s, and the reason says %s", r.Path[0].From, r.Path[len(r.Path)-1].To, r.From)
	}
}

// A circle of what is ordinary stays ordinary, and what is led to is not raised by
// what leads to it.
func TestEscalationGoesOneWay(t *testing.T) {
	got := world{
		systems: systems,
		entitlements: []graph.EntitlementNode{
			entitlement(1, control, can(access.GrantAccess, control.Ref())),
			entitlement(2, trial), entitlement(3, trial), entitlement(4, trial),
		},
		grants: []graph.GrantEdge{nested(1, 2, 3), nested(2, 3, 2), nested(3, 1, 4)},
	}.classified(t)
	for id, want := range map[access.EntitlementID]access.Tier{1: 0, 2: 3, 3: 3, 4: 3} {
		if got[id].Tier != want {
			t.Errorf("%s has tier %d, want %d", id, got[id].Tier, want)
		}
	}
}

// The worst of what an entitlement leads to counts, and the next worst is what an
// entitlement has that leads only there.
func TestEscalationTakesTheWorst(t *testing.T) {
	got := world{
		systems: systems,
		entitlements: []graph.EntitlementNode{
			entitlement(1, control, can(access.GrantAccess, control.Ref())),
			entitlement(2, production, can(access.ChangeConfig, production.Ref())),
			entitlement(3, trial), entitlement(4, trial),
		},
		grants: []graph.GrantEdge{nested(1, 3, 2), nested(2, 3, 1), nested(3, 4, 2)},
	}.classified(t)
	if got[3].Tier != 0 || got[4].Tier != 1 || got[4].Reasons[0].Text != "leads to tier 1" {
		t.Errorf("%+v and %+v", got[3], got[4])
	}
}

// Only tiers 0 and 1 need privilege's controls beside governance's.
func TestDisciplines(t *testing.T) {
	for tier, want := range map[access.Tier]string{0: "governance and privilege", 1: "governance and privilege", 2: "governance", 3: "governance"} {
		if got := Disciplines(tier); got != want {
			t.Errorf("tier %d: %s", tier, got)
		}
	}
	if strings.Contains(Disciplines(access.Tier3), "privilege") {
		t.Error("ordinary access needs no privilege")
	}
}
