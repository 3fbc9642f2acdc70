package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	cedar "github.com/cedar-policy/cedar-go"
	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

// randomPolicy draws policy text in every form of scope that the index looks at, for
// some actions.
func randomPolicy(t *rapid.T, id int, some []Action) string {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	action := rapid.SampledFrom(some).Draw(t, "action")
	other := rapid.SampledFrom(Actions).Draw(t, "other")
	on := resourceUID(action.On, onTypeRef(action.On)).String()
	who := pick("principal", "principal", "principal is Identity", `principal == `+identityUID(rick).String(),
		`principal in Function::"iam"`, `principal in Function::"requester"`, `principal is Identity in Function::"audit"`)
	does := pick("does", "action", fmt.Sprintf("action == Action::%q", action.Name), fmt.Sprintf("action in Action::%q", action.Group),
		fmt.Sprintf("action in [Action::%q, Action::%q]", action.Name, other.Group), fmt.Sprintf("action in Action::%q", action.Name))
	what := pick("resource", "resource", "resource is "+string(action.On), "resource == "+on,
		`resource in Scope::"`+access.ScopeID(2).String()+`"`, fmt.Sprintf("resource is %s in Scope::%q", action.On, access.ScopeID(1).String()))
	when := pick("when", "", "when { context.mfa }", "unless { context.mfa }", overflow, `when { principal has owner }`,
		`when { principal in Scope::"`+access.ScopeID(2).String()+`" }`, `when { resource has owner && resource.owner == principal }`,
		`when { context.own || context has address }`, `unless { resource == principal }`, `when { [context].contains(context) && context has on_behalf_of }`,
		`when { (if context.mfa then context else context).mfa_age > 50 }`, `when { (if context.mfa then resource else resource) has owner }`,
		`when { principal in Function::"iam" || action in Action::"read" }`, `when { principal in resource }`, `unless { principal is Identity in resource }`)
	return fmt.Sprintf("@id(\"p-%d\") @reason(\"r\") %s (%s, %s, %s) %s;", id, pick("effect", "permit", "permit", "forbid"), who, does, what, when)
}

// onTypeRef is one thing of each type.
func onTypeRef(t Type) *Resource {
	r := onType(Action{On: t}, 4)
	return &r
}

// Invariant 3: the selection gives what evaluating every policy gives.
func TestSelectionEqualsAll(t *testing.T) {
	c := smallCompany()
	decided := map[Effect]int{}
	rapid.Check(t, func(t *rapid.T) {
		var texts []string
		some := rapid.SliceOfN(rapid.SampledFrom(Actions), 1, 3).Draw(t, "some") // so that policies and questions meet
		for i := range rapid.IntRange(0, 12).Draw(t, "policies") {
			text := randomPolicy(t, i, some)
			if _, err := NewSet(1, house(text)); err == nil { // the validator refuses what can never apply
				texts = append(texts, text)
			}
		}
		set, err := NewSet(1, house(texts...))
		if err != nil {
			t.Fatal(err)
		}
		e, err := New(Config{Set: set, Facts: func() Facts { return c }})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			a := rapid.SampledFrom(some).Draw(t, "asked")
			r := Request{
				Principal: rapid.SampledFrom([]access.IdentityID{ana, sol, pat, ada, rick, gone, robot, stray, eve}).Draw(t, "who").Ref(),
				Action:    a.Name,
				Resource:  onType(a, rapid.SampledFrom([]access.ScopeID{0, 1, 2, 3, 4}).Draw(t, "scope")),
				Context:   Context{MFA: rapid.Bool().Draw(t, "mfa"), MFAAge: 1e9 * 100},
			}
			r.Resource.Owner = rapid.SampledFrom([]access.IdentityID{0, rick, ana}).Draw(t, "owner")
			got := e.Decide(t.Context(), r)
			if want := decideByAll(set, c, r); want != summary(got) {
				t.Fatalf("%+v\nselected: %s\nall:      %s\n%s", r, summary(got), want, strings.Join(texts, "\n"))
			}
			decided[got.Effect]++
		}
	})
	if decided[Permit] == 0 || decided[Forbid] == 0 {
		t.Fatalf("one-sided: %v", decided)
	}
}

// decideByAll is the answer without any selection, by cedar's own policy set.
func decideByAll(set *Set, f Facts, r Request) string {
	w := world{facts: f, request: r}
	d := Decision{}
	if d.Cause = w.prepare(context.Background(), set); d.Cause != "" {
		return summary(d)
	}
	if w.c.action.Group == Decides {
		if d.own, d.Cause = ownAccess(f, &r, w.c.action.On); d.Cause != "" {
			return summary(d)
		}
	}
	all := cedar.NewPolicySet()
	for id, p := range set.byID {
		all.Add(id, p.cedar)
	}
	everything := *w.c
	everything.scoped, everything.resource, everything.context = true, resourceAttributes, contextAttributes
	w.c, w.own = &everything, d.own
	_, said := cedar.Authorize(all, &w, cedar.Request{
		Principal: w.identity, Action: w.c.uid, Resource: w.resource, Context: w.record(contextAttributes),
	})
	set.enforce(&d, said)
	return summary(d)
}

func summary(d Decision) string {
	var ids []string
	for _, p := range slices.Concat(d.Policies, d.errors) {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return fmt.Sprintf("%s %q %v %v", d.Effect, d.Cause, ids, d.own)
}
