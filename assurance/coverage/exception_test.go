package coverage

import (
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

var exceptionCases = []struct {
	name     string
	change   func(f *graphtest.Facts)
	accepted []string
	control  access.Control
	want     access.ControlState
}{
	{"a system of nobody", unowned, []string{unownedEntitlement}, access.ControlOwner, access.Excepted},
	{"a system of nobody, open", unowned, nil, access.ControlOwner, access.Missing},
	{"an owner who left", leftOwner, []string{unownedEntitlement}, access.ControlOwner, access.Excepted},
	{"a service of nobody", ownerless, []string{unownedNonhuman}, access.ControlOwner, access.Excepted},
	{"an unknown service", both(service, func(f *graphtest.Facts) { f.Accounts[0].Identities = nil }), []string{unownedNonhuman}, access.ControlOwner, access.Excepted},
	{"half of what is missing", both(ownerless, unowned), []string{unownedNonhuman}, access.ControlOwner, access.Missing},
	{"the other half", both(ownerless, unowned), []string{unownedEntitlement}, access.ControlOwner, access.Missing},
	{"both halves", both(ownerless, unowned), []string{unownedEntitlement, unownedNonhuman}, access.ControlOwner, access.Excepted},
	{"no sponsor is nobody's exception", both(unowned, thirdParty, func(f *graphtest.Facts) { f.Identities[0].Sponsor = 9 }), []string{unownedEntitlement}, access.ControlOwner, access.Missing},

	{"a conflict is held", toxic, []string{toxicCombination}, access.ControlSoD, access.Excepted},
	{"a conflict is held, open", toxic, []string{standingPrivilege}, access.ControlSoD, access.Missing},

	{"an old password", changed(ago(400 * days)), []string{notRotated}, access.ControlRotate, access.Excepted},
	{"an old password, open", changed(ago(400 * days)), nil, access.ControlRotate, access.Missing},
	{"and one that the rule does not find", changed(ago(400*days), ago(100*days)), []string{notRotated}, access.ControlRotate, access.Missing},
	{"and a fresh one", changed(ago(400*days), ago(days)), []string{notRotated}, access.ControlRotate, access.Excepted},
	{"and one of unknown age", changed(ago(400*days), 0), []string{notRotated}, access.ControlRotate, access.Missing},
	{"and a key that the rule does not find", both(changed(ago(400*days), ago(400*days)), func(f *graphtest.Facts) { f.Credentials[1].Kind = access.SSHKey }), []string{notRotated}, access.ControlRotate, access.Missing},
	{"an old key", both(changed(ago(800*days)), func(f *graphtest.Facts) { f.Credentials[0].Kind = access.SSHKey }), []string{notRotated}, access.ControlRotate, access.Excepted},

	{"privilege all the time", none, []string{standingPrivilege}, access.ControlElevate, access.Excepted},
	{"privilege all the time, open", none, nil, access.ControlElevate, access.Missing},
	{"what everybody has", public, []string{publicGrant}, access.ControlElevate, access.Excepted},
	{"what everybody has, open", public, nil, access.ControlElevate, access.Missing},

	{"accepting one control's gap", none, []string{standingPrivilege}, access.ControlVault, access.Missing},
	{"accepting all of them", unowned, []string{standingPrivilege, unownedEntitlement}, access.ControlReview, access.Missing},
	{"what is in place", none, []string{standingPrivilege}, access.ControlOwner, access.InPlace},
}

func unowned(f *graphtest.Facts)   { f.Systems[0].BusinessOwner = 0 }
func leftOwner(f *graphtest.Facts) { f.Entitlements[0].Owner = 9 }
func public(f *graphtest.Facts)    { f.Grants[0].Flags = access.Implicit }

func ownerless(f *graphtest.Facts) {
	service(f)
	f.Identities[0].Owner = 0
}

// What is accepted is what the rules find of the same facts, so that subjects are
// compared as they are kept. It holds until its end, and of facts that are known.
func TestExceptions(t *testing.T) {
	for _, c := range exceptionCases {
		t.Run(string(c.control)+": "+c.name, func(t *testing.T) {
			f := company()
			c.change(f)
			got := stateOf(t, Compute(f.View(t), today, gapsOf(t, f, ago(0)+1, c.accepted...)), c.control)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.want != access.Excepted {
				return
			}
			if got := stateOf(t, Compute(f.View(t), today, gapsOf(t, f, ago(0), c.accepted...)), c.control); got != access.Missing {
				t.Errorf("past its end: %q", got)
			}
			gaps := gapsOf(t, f, ago(-days), c.accepted...)
			f.Systems[0].Synced = ago(2 * days)
			if got := stateOf(t, Compute(f.View(t), today, gaps), c.control); got != access.Unknown {
				t.Errorf("of stale facts: %q", got)
			}
		})
	}
}

// An acceptance is of its own subject and of nothing beside it.
func TestExceptionsOfOthers(t *testing.T) {
	tomorrow := ago(-days)
	tests := []struct {
		name    string
		change  func(f *graphtest.Facts)
		gaps    []Gap
		control access.Control
		want    access.ControlState
	}{
		{"another account's", none, []Gap{{standingPrivilege, access.AccountID(2).Ref(), tomorrow}}, access.ControlElevate, access.Missing},
		{"an open way up beside it", none, []Gap{{standingPrivilege, anas.Ref(), tomorrow}, {escalationPath, anas.Ref(), 0}}, access.ControlElevate, access.Missing},
		{"a way up beside it, past its end", none, []Gap{{standingPrivilege, anas.Ref(), tomorrow}, {escalationPath, anas.Ref(), ago(1)}}, access.ControlElevate, access.Missing},
		{"both", none, []Gap{{standingPrivilege, anas.Ref(), tomorrow}, {escalationPath, anas.Ref(), tomorrow}}, access.ControlElevate, access.Excepted},
		{"the way up alone", none, []Gap{{escalationPath, anas.Ref(), tomorrow}}, access.ControlElevate, access.Excepted},
		{"one account's, for what everybody has", public, []Gap{{standingPrivilege, anas.Ref(), tomorrow}}, access.ControlElevate, access.Missing},
		{"an identity has no account", func(f *graphtest.Facts) { f.Grants[0].Holder = ana.Ref() }, []Gap{{standingPrivilege, anas.Ref(), tomorrow}}, access.ControlElevate, access.Missing},
		{"the system's, for an entitlement whose owner left", leftOwner, []Gap{{unownedEntitlement, erp.Ref(), tomorrow}}, access.ControlOwner, access.Missing},
		{"the entitlement's, for a system of nobody", unowned, []Gap{{unownedEntitlement, admins.Ref(), tomorrow}}, access.ControlOwner, access.Missing},
		{"a conflict elsewhere", func(f *graphtest.Facts) { f.Entitlements[0].Conflicts = nil }, []Gap{{toxicCombination, ana.Ref(), tomorrow}}, access.ControlSoD, access.Missing},
		{"a password that is too old, and not that old", changed(ago(100 * days)), []Gap{{notRotated, anas.Ref(), tomorrow}}, access.ControlRotate, access.Missing},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := company()
			c.change(f)
			if got := stateOf(t, Compute(f.View(t), today, c.gaps), c.control); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A rule that package finding does not have would except nothing for ever.
func TestGapRules(t *testing.T) {
	for _, id := range gapRules {
		if _, ok := finding.RuleOf(id); !ok {
			t.Errorf("no rule is called %s", id)
		}
	}
}

// A service may hold a grant without an account: the finding is of the service.
func TestExceptionWithoutAccount(t *testing.T) {
	f := company()
	ownerless(f)
	f.Grants = []graph.GrantEdge{{ID: 1, Holder: ana.Ref(), Entitlement: admins}}
	gaps := gapsOf(t, f, ago(-days), unownedNonhuman)
	if got := stateOf(t, Compute(f.View(t), today, gaps), access.ControlOwner); got != access.Excepted {
		t.Errorf("got %q", got)
	}
}
