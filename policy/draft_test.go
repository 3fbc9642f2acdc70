package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
)

// own is a set with one document of the organisation's own.
func own(name, text string) (*Set, error) {
	return SetOf(2, []Published{{Name: name, Written: Written{Text: text}}})
}

// houses that somebody could try to get more by, or to break something with, and what they
// are told.
func TestWhatNoOwnPolicyMay(t *testing.T) {
	const head = "@id(\"house.a\") @reason(\"why\") @mode(\"enforce\")\n"
	like := head + `forbid (principal, action == Action::"system.read", resource) when { ` + strings.TrimSuffix(strings.Repeat(`context.reason like "*a*a*b" || `, 60), " || ") + " };"
	long := head + `forbid (principal, action, resource) when { context.reason like "*` + strings.Repeat("a", 2_000) + `b" };`
	many := func(of string) string {
		var b strings.Builder
		for i := range 120 {
			_, _ = fmt.Fprintf(&b, "@id(\"house.p%d\") @reason(\"why\") forbid (principal, action, resource) when { %s };\n", i, of)
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ text, want string }{
		"a guard's id":                   {strings.Replace(head, "house.a", "guard.active", 1) + "permit (principal, action, resource);", `house:1:1: only a guard's @id begins with "guard."`},
		"an id like a guard's":           {strings.Replace(head, "house.a", "guard.house", 1) + "permit (principal, action, resource);", `house:1:1: only a guard's @id begins with "guard."`},
		"a shipped policy's id":          {strings.Replace(head, "house.a", "iam.policy", 1) + "permit (principal, action, resource);", `house:1:1: its @id begins with the document's name: "house."`},
		"the id of another's":            {strings.Replace(head, "house.a", "houses.a", 1) + "permit (principal, action, resource);", `house:1:1: its @id begins`},
		"an attribute that is not there": {"// a line\n" + head + `permit (principal, action == Action::"system.read", resource) when { principal.admin };`, "house:2:1: "},
		"an action that is not there":    {head + `permit (principal, action == Action::"system.explode", resource);`, "house:1:1: "},
		"a mistake in the middle":        {head + "forbid (principal, action, resource) wen { true };", "house:2:42: "},
		"10 MB":                          {strings.Repeat(head+"\n", 10<<20/len(head)), "house: longer than 262144 bytes"},
		"patterns that take long":        {like, "house:1:1: with this policy, those that are asked on system.read have too much in all"},
		"a pattern that takes long":      {long, "house:1:1: with this policy, those that are asked on identity.read have too much in all"},
		"many that take a little":        {many(strings.Repeat("context.mfa && ", 15) + "context.own"), ": with this policy, those that are asked on"},
	} {
		set, err := own("house", tt.text)
		if set != nil || !errors.Is(err, ErrPolicy) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "guards", "guard", "functions", "iam", "everyone", "platform", "House", "a b", "a.b", "-", "h\u00e4user", strings.Repeat("a", 41)} {
		if err := checkName(name); !errors.Is(err, ErrName) {
			t.Errorf("a document is called %q: %v", name, err)
		}
	}
	for _, name := range []string{"house", "eu-2", strings.Repeat("a", 40)} {
		if err := checkName(name); err != nil {
			t.Error(err)
		}
	}
}

// Invariants 5 and 11: what permits everything to its author permits nothing that a guard
// forbids, and takes away nothing that changing policies obliges to.
func TestAPolicyForItsAuthorGoesNoFurtherThanTheGuards(t *testing.T) {
	set, err := own("house", `@id("house.all") @reason("mine") @mode("enforce") permit (principal == Identity::"`+rick.String()+`", action, resource);`)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Set: set, Facts: func() Facts { return smallCompany() }})
	if err != nil {
		t.Fatal(err)
	}
	document := access.PolicyID(9).Ref()
	for _, a := range Actions {
		r := onType(a, 4)
		d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: a.Name, Resource: r})
		own := a.Group == Decides && (len(r.Subjects) > 0 || a.On == IdentityType) // onType is about rick
		foreign := slices.Contains([]string{
			"request.cancel", "credential.pick_up", "approval.withdraw", "approval.decide", "secret.use", "secret.reveal", "secret.share", "secret.fetch",
			"checkout.end", "share.end", "elevation.activate", "elevation.end", "lease.issue", "lease.end", "certificate.sign", "breakglass.share",
		}, a.Name)
		if d.Permitted() == (own || foreign) {
			t.Errorf("%s: %s", a.Name, d.Explain())
		}
	}
	for who, want := range map[access.IdentityID]bool{rick: true, ana: true, pat: false, ada: false, gone: false} {
		for _, action := range []string{"policy.change", "policy.publish"} {
			d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: action, Resource: Resource{Ref: document}})
			if d.Permitted() != want || want && (!d.Obligations.MFA || !d.Obligations.Reason || !d.Obligations.Record) {
				t.Errorf("%d %s: %s", who, action, d.Explain())
			}
		}
		d := e.Decide(t.Context(), Request{Principal: who.Ref(), Action: "policy.publish", Resource: Resource{Ref: document, Creator: who}})
		if d.Permitted() {
			t.Errorf("%d publishes what they wrote: %s", who, d.Explain())
		}
	}
}

// What is published observes until it says otherwise, and is counted on where it stays as
// it is.
func TestAnOwnPolicyObservesFirst(t *testing.T) {
	c := smallCompany()
	e := engine(t, c, Shipped()...)
	ask := Request{Principal: ana.Ref(), Action: "system.add", Resource: Resource{Scope: 4}}
	const frozen = `@id("house.frozen") @reason("why") forbid (principal, action == Action::"system.add", resource);`
	all := []Published{{Name: "house", Written: Written{Text: frozen}}}
	for rev := access.Rev(2); rev < 4; rev++ {
		set, err := SetOf(rev, all)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Swap(set); err != nil {
			t.Fatal(err)
		}
		d := e.Decide(t.Context(), ask)
		if !d.Permitted() || d.PolicyRevision != rev {
			t.Fatalf("at %d: %s", rev, d.Explain())
		}
		if list := set.Observed("house"); len(list) != 1 || list[0].Count != int64(rev-1) {
			t.Errorf("%+v", list)
		}
		all = append(all, Published{Name: "other", Written: Written{Text: ""}})
	}
	set, err := SetOf(4, []Published{{Name: "house", Written: Written{Text: strings.Replace(frozen, "@reason", `@mode("enforce") @reason`, 1)}}, {Name: "gone", Retired: true, Written: Written{Text: "nonsense"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Swap(set); err != nil {
		t.Fatal(err)
	}
	if d := e.Decide(t.Context(), ask); d.Permitted() || d.Policies[0].ID != "house.frozen" {
		t.Error(d.Explain())
	}
	if err := e.Swap(set); !errors.Is(err, ErrOlder) {
		t.Error(err)
	}
}

// Invariant 12: whoever wrote any of a draft does not publish it, and what was published
// meanwhile is not written over.
func TestADraftIsPublishedBySomebodyElse(t *testing.T) {
	d := Draft{Name: "house", Base: 2}.edited("ana", Written{Text: "a"}, false).edited("ben", Written{Text: "b"}, false).edited("ana", Written{Text: "c"}, true)
	if !slices.Equal(d.Authors, []string{"ana", "ben"}) || d.Text != "c" || !d.Retires {
		t.Fatalf("%+v", d)
	}
	for _, tt := range []struct {
		by   string
		is   *Published
		want error
	}{
		{"ana", &Published{Number: 2}, ErrAuthor},
		{"ben", &Published{Number: 2}, ErrAuthor},
		{"cleo", nil, ErrOutdated},
		{"cleo", &Published{Number: 3}, ErrOutdated},
		{"cleo", &Published{Number: 2}, nil},
	} {
		p, err := d.published(tt.by, "read", tt.is)
		if !errors.Is(err, tt.want) || err == nil && (p.Number != 3 || p.Publisher != tt.by || !p.Retired) {
			t.Errorf("%s: %+v, %v", tt.by, p, err)
		}
	}
	if _, err := (Draft{Name: "house"}).published("cleo", "read", nil); !errors.Is(err, ErrAuthor) {
		t.Errorf("a draft that nobody wrote: %v", err)
	}
	w := Written{Description: " a ", Text: "permit\r\n\r\n", Reason: "\t"}
	if w.tidy(); w.Text != "permit\n" || w.Description != "a" {
		t.Errorf("%+v", w)
	}
	for _, bad := range []Written{w, {Reason: "x", Text: "\xff"}, {Reason: "x", Description: "a\x1b[2J"}, {Reason: strings.Repeat("x", maxWhy+1)}, {Reason: "x", Description: strings.Repeat("x", maxDescription+1)}} {
		if bad.check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}
