package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
)

// about is a resource in pat's and sol's scope that is about somebody else's access.
func about(who access.IdentityID) Resource {
	return Resource{Scope: 4, Subjects: []access.Ref{who.Ref()}}
}

// onType is a resource of the action's type in a scope, about rick.
func onType(a Action, scope access.ScopeID) Resource {
	r := about(rick)
	r.Scope = scope
	if kind, ok := refKinds[a.On]; ok {
		r.Ref = access.Ref{Kind: kind, Key: 1}
	}
	switch a.On {
	case IdentityType:
		r.Ref = rick.Ref()
	case AccountType:
		r.Ref = ricksAccount.Ref()
	default:
	}
	return r
}

// The matrix of functions and actions: who may, and so who may not. An action that
// is not named for a function is refused to it.
var matrix = map[string]string{
	"iam": `identity.read account.read entitlement.read resource.read system.read source.read role.read finding.read
		coverage.read analytics.read scope.read policy.read policy.simulate request.read review.read identity.change identity.owner
		entitlement.owner account.disable link.decide source.add source.change source.sync scope.change system.add
		system.sync role.change role.owner role.assign review.open review.certify classification.override finding.assign
		policy.change policy.publish function.assign correlation.read correlation.change mail.read role.review role.publish
		mining.read mining.run
		birthright.read birthright.change lifecycle.read lifecycle.release lifecycle.guard lifecycle.order lifecycle.emergency identity.match
		exception.change mapping.read mapping.change
		provisioning.read provisioning.operate provisioning.approve provisioning.limit
		approval.read safe.read secret.read checkout.read eligibility.read elevation.read eligibility.change
		template.read template.grant lease.read authority.read certificate.read breakglass.read breakglass.merge breakglass.review share.read`,
	"security_operations": `identity.read account.read entitlement.read resource.read system.read finding.read
		coverage.read analytics.read session.read audit.read audit.verify audit.export session.watch session.lock account.disable
		recording.play finding.assign provisioning.read lifecycle.read lifecycle.emergency approval.read safe.read secret.read
		checkout.read eligibility.read elevation.read vault.read checkout.force elevation.force secret.rotate
		template.read lease.read lease.force authority.read certificate.read certificate.revoke breakglass.read breakglass.merge breakglass.review share.read share.force`,
	"platform_owner": `account.read entitlement.read resource.read system.read scope.read finding.read coverage.read
		analytics.read request.read review.read session.read system.add system.change system.owner system.sync
		entitlement.owner account.disable review.decide store.backup provisioning.read provisioning.operate approval.read safe.read
		secret.read checkout.read eligibility.read elevation.read vault.read vault.operate safe.add secret.rotate account.keep
		checkout.force elevation.force template.read template.change lease.read lease.force authority.read authority.add authority.rotate certificate.read breakglass.read breakglass.make breakglass.renew breakglass.retire breakglass.merge share.read share.force`,
	"audit": `identity.read account.read entitlement.read resource.read system.read source.read role.read finding.read
		coverage.read analytics.read scope.read policy.read policy.simulate request.read review.read session.read audit.read
		audit.verify audit.export recording.play comment.create correlation.read mail.read provisioning.read
		birthright.read lifecycle.read mapping.read mining.read approval.read vault.read safe.read secret.read checkout.read
		eligibility.read elevation.read template.read lease.read authority.read certificate.read breakglass.read share.read`,
	"requester": ``,
}

// TestLesson14_FunctionsCountWithinTheirScope also asks outside the scope, and over
// the whole organisation, where every answer is no.
func TestLesson14_FunctionsCountWithinTheirScope(t *testing.T) {
	const someone access.IdentityID = 50
	for _, f := range append([]access.Function{access.Requester}, access.Functions...) {
		may := strings.Fields(matrix[string(f)])
		c := smallCompany()
		c.identities[someone] = IdentityFacts{Kind: access.Human, State: access.Active, Scope: 2}
		c.functions[someone] = []Held{{f, 2}}
		e := engine(t, c, Shipped()...)
		for _, a := range Actions {
			within := e.Decide(t.Context(), Request{Principal: someone.Ref(), Action: a.Name, Resource: onType(a, 4)})
			if want := slices.Contains(may, a.Name); within.Permitted() != want {
				t.Errorf("%s %s: %s", f, a.Name, within.Explain())
			}
			outside := onType(a, 3)
			if a.On == IdentityType { // where an identity lies is a fact
				c.identities[rick] = IdentityFacts{Kind: access.Human, State: access.Active, Scope: 3}
			}
			if d := e.Decide(t.Context(), Request{Principal: someone.Ref(), Action: a.Name, Resource: outside}); d.Permitted() {
				t.Errorf("%s %s outside its scope: %s", f, a.Name, d.Explain())
			}
			whole := onType(a, 0)
			if a.On == IdentityType {
				whole.Ref = access.Ref{}
			}
			if d := e.Decide(t.Context(), Request{Principal: someone.Ref(), Action: a.Name, Resource: whole}); d.Permitted() {
				t.Errorf("%s %s over the whole organisation: %s", f, a.Name, d.Explain())
			}
			c.identities[rick] = IdentityFacts{Kind: access.Human, State: access.Active, Scope: 4}
		}
	}
	for f, words := range matrix {
		for _, word := range strings.Fields(words) {
			if !slices.ContainsFunc(Actions, func(a Action) bool { return a.Name == word }) {
				t.Errorf("%s may %s, which is no action", f, word)
			}
		}
	}
}

// What everybody may do for themself, and what they may not.
func TestRequester(t *testing.T) {
	e := engine(t, smallCompany(), Shipped()...)
	tests := []struct {
		name     string
		who      access.IdentityID
		action   string
		resource Resource
		want     bool
	}{
		{"sees no colleague", rick, "identity.read", Resource{Ref: pat.Ref()}, false},
		{"asks for nobody else", rick, "request.create", about(pat), false},
		{"asks for nothing without a subject", rick, "request.create", Resource{Scope: 4}, false},
		{"withdraws no other's request", rick, "request.cancel", Resource{Scope: 4, Creator: pat}, false},
		{"decides nothing unasked", rick, "approval.decide", about(pat), false},
		{"sees no foreign system", rick, "system.read", Resource{Ref: access.SystemID(1).Ref(), Scope: 4, Owner: pat}, false},
		{"not even iam withdraws another's request", ana, "request.cancel", Resource{Scope: 4, Creator: pat}, false},
		{"sees themself", rick, "identity.read", Resource{Ref: rick.Ref()}, true},
		{"sees the service they own", rick, "identity.read", Resource{Ref: robot.Ref()}, true},
		{"asks for themself", rick, "request.create", about(rick), true},
		{"asks for the service they own", rick, "request.create", about(robot), true},
		{"withdraws their request", rick, "request.cancel", Resource{Scope: 4, Creator: rick}, true},
		{"decides what they are asked to", rick, "approval.decide", Resource{Scope: 4, Creator: pat, Assignee: rick, Subjects: []access.Ref{pat.Ref()}}, true},
		{"sees their system", rick, "system.read", Resource{Ref: access.SystemID(1).Ref(), Scope: 4, Owner: rick}, true},
		{"sees no entitlement", rick, "entitlement.read", Resource{Ref: ricksGroup, Scope: 4, Subjects: []access.Ref{ricksGroup}}, false},
		{"sees nothing that another holds", rick, "entitlement.read", Resource{Ref: ricksGroup, Scope: 4, Subjects: []access.Ref{pat.Ref()}}, false},
		{"sees what they hold", rick, "entitlement.read", Resource{Ref: ricksGroup, Scope: 4, Subjects: []access.Ref{rick.Ref()}}, true},
		{"sees what the service they own holds", rick, "entitlement.read", Resource{Ref: ricksGroup, Scope: 4, Subjects: []access.Ref{robot.Ref()}}, true},
		{"sees their account", rick, "account.read", Resource{Ref: ricksAccount.Ref(), Scope: 4, Subjects: []access.Ref{ricksAccount.Ref()}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := e.Decide(t.Context(), Request{Principal: tt.who.Ref(), Action: tt.action, Resource: tt.resource})
			if d.Permitted() != tt.want {
				t.Fatal(d.Explain())
			}
		})
	}
}

// A first password is for whoever was named alone, with a second factor; what policies of
// the house permit does not give it to others.
func TestFirstPasswordsAreForWhoeverWasNamed(t *testing.T) {
	all := Document{Name: "house", Default: Enforce, Text: `@id("all") @reason("everything") permit (principal, action, resource);`}
	for _, docs := range [][]Document{Shipped(), append(Shipped(), all)} {
		e := engine(t, smallCompany(), docs...)
		for _, who := range []access.IdentityID{ana, sol, pat, ada, rick, gone, robot, stray, eve, stranger} {
			for _, r := range []Resource{{Key: "tgt_1", Scope: 4}, {Key: "tgt_1", Scope: 4, Owner: who, Creator: who, Assignee: 77, Subjects: []access.Ref{who.Ref()}}} {
				if d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: "credential.pick_up", Resource: r}); d.Permitted() {
					t.Errorf("%d: %s", who, d.Explain())
				}
			}
			d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: "credential.pick_up", Resource: Resource{Key: "tgt_1", Scope: 4, Assignee: who}})
			if want := who != gone && who != stray && who != stranger; d.Permitted() != want || want && (!d.Obligations.MFA || !d.Obligations.Record) {
				t.Errorf("%d, whom it is for: %s %+v", who, d.Explain(), d.Obligations)
			}
		}
	}
}

// Only the accountable function accepts a finding's risk.
func TestFindingIsAcceptedByItsFunction(t *testing.T) {
	e := engine(t, smallCompany(), Shipped()...)
	for who, own := range map[access.IdentityID]access.Function{ana: access.IAM, sol: access.SecurityOperations, pat: access.PlatformOwner, ada: access.AuditFunction} {
		for _, f := range access.Functions {
			r := about(rick)
			r.Function = f
			d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: "finding.accept", Resource: r})
			if want := f == own && f != access.AuditFunction; d.Permitted() != want {
				t.Errorf("%s accepts a finding of %s: %s", own, f, d.Explain())
			}
		}
	}
}

// Invariant 5 of the design: nobody decides on their own access, in any of the
// ways in which it can be their own, whatever policies permit.
func TestNobodyDecidesOnTheirOwn(t *testing.T) {
	all := Document{Name: "house", Default: Enforce, Text: `@id("all") @reason("everything") permit (principal, action, resource);`}
	e := engine(t, smallCompany(), append(Shipped(), all)...)
	tests := []struct {
		name     string
		who      access.IdentityID
		resource Resource
		behalf   access.IdentityID
		way      ownWay
		cause    Cause
		want     bool
	}{
		{"their access", rick, about(rick), 0, ownSelf, "", false},
		{"their account", rick, Resource{Subjects: []access.Ref{ricksAccount.Ref()}}, 0, ownSelf, "", false},
		{"an account that they share", rick, Resource{Subjects: []access.Ref{sharedAccount.Ref()}}, 0, ownSelf, "", false},
		{"one of many", rick, Resource{Subjects: []access.Ref{pat.Ref(), sol.Ref(), rick.Ref()}}, 0, ownSelf, "", false},
		{"their request for somebody", rick, Resource{Creator: rick, Subjects: []access.Ref{pat.Ref()}}, 0, ownAsked, "", false},
		{"by delegation from the one it is about", rick, about(pat), pat, ownSelf, "", false},
		{"by delegation, their own", rick, about(rick), pat, ownSelf, "", false},
		{"by delegation from the one who asked", rick, Resource{Creator: sol, Subjects: []access.Ref{pat.Ref()}}, sol, ownAsked, "", false},
		{"their group", rick, Resource{Subjects: []access.Ref{ricksGroup}}, 0, ownGroup, "", false},
		{"their service", rick, about(robot), 0, ownService, "", false},
		{"their service's account", rick, Resource{Subjects: []access.Ref{robotsAccount.Ref()}}, 0, ownService, "", false},
		{"nobody known", rick, about(stranger), 0, notOwn, UnknownSubject, false},
		{"an unknown account", rick, Resource{Subjects: []access.Ref{access.AccountID(77).Ref()}}, 0, notOwn, UnknownSubject, false},
		{"a thing that has no access", rick, Resource{Subjects: []access.Ref{access.GrantID(1).Ref()}}, 0, notOwn, UnknownSubject, false},
		{"nobody said whose", rick, Resource{}, 0, notOwn, UnknownSubject, false},
		{"a colleague's", rick, about(pat), 0, notOwn, "", true},
		{"a group of others", pat, Resource{Subjects: []access.Ref{ricksGroup}}, 0, notOwn, "", true},
		{"by delegation from a third", rick, about(pat), ana, notOwn, "", true},
	}
	for _, tt := range tests {
		for _, action := range []string{"approval.decide", "review.decide", "review.certify", "finding.accept"} {
			t.Run(tt.name+" "+action, func(t *testing.T) {
				tt.resource.Assignee = tt.who // that they are asked does not help
				d := e.Decide(t.Context(), Request{
					Principal: tt.who.Ref(), Action: action, Resource: tt.resource, Context: Context{OnBehalfOf: tt.behalf},
				})
				if d.Permitted() != tt.want || d.own != tt.way || d.Cause != tt.cause {
					t.Fatalf("%q %q: %s", d.own, d.Cause, d.Explain())
				}
				if tt.way != notOwn && !strings.Contains(d.Explain(), string(tt.way)) {
					t.Fatalf("does not say why: %s", d.Explain())
				}
			})
		}
	}
}

// Whoever decides the privileges of a service identity does not report to its owner.
func TestWhoReportsToTheOwnerDoesNotDecide(t *testing.T) {
	c := smallCompany()
	c.identities[robot] = IdentityFacts{Kind: access.Service, State: access.Active, Owner: pat, Scope: 4}
	all := Document{Name: "house", Default: Enforce, Text: `@id("all") @reason("everything") permit (principal, action, resource);`}
	e := engine(t, c, all)
	for who, want := range map[access.IdentityID]bool{pat: false, rick: false, sol: true} {
		d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: "review.decide", Resource: about(robot)})
		if d.Permitted() != want {
			t.Errorf("%d: %s", who, d.Explain())
		}
	}
}

// Nobody gives themself a function or a role.
func TestNobodyRaisesThemself(t *testing.T) {
	e := engine(t, smallCompany(), Shipped()...)
	for who, want := range map[access.IdentityID]bool{ana: false, rick: true} {
		d := e.Decide(t.Context(), Request{Principal: ana.Ref(), Action: "function.assign", Resource: Resource{Ref: who.Ref()}})
		if d.Permitted() != want {
			t.Errorf("%d: %s", who, d.Explain())
		}
		d = e.Decide(t.Context(), Request{Principal: ana.Ref(), Action: "role.assign", Resource: about(who)})
		if d.Permitted() != want {
			t.Errorf("role for %d: %s", who, d.Explain())
		}
	}
}

// The guards hold against a policy that permits everything.
func TestGuards(t *testing.T) {
	all := Document{Name: "house", Default: Enforce, Text: `@id("all") @reason("everything") permit (principal, action, resource);`}
	c := smallCompany()
	e := engine(t, c, append(Shipped(), all)...)
	for _, a := range Actions {
		refused := map[access.IdentityID]string{
			gone: "guard.active", stray: "guard.non-human-has-owner",
		}
		if a.Group == Decides {
			refused[robot] = "guard.humans-decide"
		}
		if a.Group == Write {
			refused[eve], refused[ada] = "guard.audit-writes-nothing", "guard.audit-writes-nothing"
		}
		for who, guard := range refused {
			r := onType(a, 4)
			r.Creator = who
			if a.Group == Decides {
				r.Creator = 0
			}
			d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: a.Name, Resource: r})
			if d.Permitted() || !slices.ContainsFunc(d.Policies, func(p Decided) bool { return p.ID == guard }) {
				t.Errorf("%d %s: %s", who, a.Name, d.Explain())
			}
		}
	}
	for _, state := range access.IdentityStates {
		c.identities[rick] = IdentityFacts{Kind: access.Human, State: state, Scope: 4}
		d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "system.read"})
		if d.Permitted() != state.MayHoldAccess() {
			t.Errorf("%s: %s", state, d.Explain())
		}
	}
	if d := e.Decide(t.Context(), Request{Principal: robot.Ref(), Action: "system.read"}); !d.Permitted() {
		t.Errorf("a service that somebody answers for: %s", d.Explain())
	}
}

// TestLesson10_NamesAreComparedAsTheyAre: another spelling of a name is another name.
func TestLesson10_NamesAreComparedAsTheyAre(t *testing.T) {
	c := smallCompany()
	e := engine(t, c, Shipped()...)
	for _, action := range []string{"Identity.read", "identity.read ", "identity.read\x00", "ìdentity.read", "read", ""} {
		if d := e.Decide(t.Context(), Request{Principal: ana.Ref(), Action: action, Resource: Resource{Ref: rick.Ref()}}); d.Cause != UnknownAction {
			t.Errorf("%q: %s", action, d.Explain())
		}
	}
	for _, f := range []access.Function{"IAM", "iam ", "admin", "root", "*", ""} {
		c.functions[rick] = []Held{{f, 0}}
		if d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "policy.read"}); d.Permitted() {
			t.Errorf("function %q: %s", f, d.Explain())
		}
	}
}

// TestLesson03_DisablingEndsEverything: a leaver's functions count for nothing at
// the next decision, though the assignment is still there.
func TestLesson03_DisablingEndsEverything(t *testing.T) {
	c := smallCompany()
	e := engine(t, c, Shipped()...)
	ask := Request{Principal: ana.Ref(), Action: "policy.read"}
	if d := e.Decide(t.Context(), ask); !d.Permitted() {
		t.Fatal(d.Explain())
	}
	c.identities[ana] = IdentityFacts{Kind: access.Human, State: access.Suspended}
	if d := e.Decide(t.Context(), ask); d.Permitted() {
		t.Fatal(d.Explain())
	}
}

// TestLesson22_RecordingsHaveTheirOwnDecision: seeing a session does not play it.
func TestLesson22_RecordingsHaveTheirOwnDecision(t *testing.T) {
	e := engine(t, smallCompany(), Shipped()...)
	for who, want := range map[access.IdentityID]bool{pat: false, rick: false, ana: false, sol: true, ada: true} {
		d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: "recording.play", Resource: Resource{Scope: 4}})
		if d.Permitted() != want {
			t.Errorf("%d: %s", who, d.Explain())
		}
		if want && (!d.Obligations.Record || !d.Obligations.MFA || !d.Obligations.Reason) {
			t.Errorf("%d plays without %s", who, fmt.Sprintf("%+v", d.Obligations))
		}
	}
}
