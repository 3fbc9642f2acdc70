package inventory

import (
	"slices"
	"testing"

	"github.com/writhq/writ/access"
)

// Invariant 10: an account comes after all that open it; those that open one another in a circle
// come together and say nothing of each other.
func TestOpenersComeFirst(t *testing.T) {
	o := newOpenings([]Opening{
		{Account: 20, Opener: 10},
		{Account: 30, Opener: 20},
		{Account: 30, Opener: 10}, // a chain
		{Account: 40, Opener: 41},
		{Account: 41, Opener: 42},
		{Account: 42, Opener: 40},
		{Account: 41, Opener: 10}, // a circle with a way in
		{Account: 43, Opener: 42},
		{Account: 50, Opener: 51},
		{Account: 51, Opener: 50},
		{Account: 52, Opener: 52}, // circles of their own
	})
	for id, want := range map[access.AccountID]int{10: 0, 20: 1, 30: 2, 40: 1, 41: 1, 42: 1, 43: 2, 50: 0, 51: 0, 52: 0, 99: 0} {
		if got := o.level(id); got != want {
			t.Errorf("account %d is of level %d, want %d", id, got, want)
		}
	}
	if o.levels != 2 {
		t.Errorf("%d levels", o.levels)
	}
	if got := o.opens(10); !slices.Equal(got, []access.AccountID{20, 30, 41}) {
		t.Errorf("it opens %v", got)
	}
	if got := o.all(); !slices.Equal(got, []access.AccountID{20, 30, 40, 41, 42, 43}) {
		t.Errorf("opened are %v", got)
	}
	outer := o.outer(41, []Opener{{Account: 10}, {Account: 42}})
	if len(outer) != 1 || outer[0].Account != 10 {
		t.Errorf("within a circle: %+v", outer)
	}
	if outer := o.outer(52, []Opener{{Account: 52}}); len(outer) != 0 {
		t.Errorf("it opens itself: %+v", outer)
	}
}

// A long chain takes no stack.
func TestALongChain(t *testing.T) {
	var list []Opening
	for i := range access.AccountID(200_000) {
		list = append(list, Opening{Account: i + 2, Opener: i + 1})
	}
	if o := newOpenings(list); o.level(200_001) != 200_000 {
		t.Errorf("the last is of level %d", o.level(200_001))
	}
}

func TestTheSignInRule(t *testing.T) {
	m := newMatcher(indexOf([]Person{
		{ID: 1, Kind: access.Human, Number: "E1", Name: "Ana Sol", Login: "asol"},
		{ID: 2, Kind: access.Human, Number: "E2", Name: "Ben Ray"},
		{ID: 3, Kind: access.Service, Number: "S1", Name: "payroll"},
	}), nil)
	by := func(ids ...access.IdentityID) (list []Opener) {
		for i, id := range ids {
			list = append(list, Opener{Account: access.AccountID(i + 10), System: "corp", Login: "x", Identity: id})
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		account  Candidate
		openers  []Opener
		identity access.IdentityID
		state    LinkState
		rule     string
	}{
		{"one opener", Candidate{Kind: access.PersonAccount, Login: "u1"}, by(1), 1, Confirmed, signIn},
		{"before the number", Candidate{Kind: access.PersonAccount, Login: "u1", Number: "E2"}, by(1), 1, Confirmed, signIn},
		{"two of one person", Candidate{Kind: access.AdminAccount, Login: "u1"}, by(1, 1), 1, Confirmed, signIn},
		{"two people", Candidate{Kind: access.PersonAccount, Login: "u1"}, by(1, 2), 0, Disputed, signIn},
		{"two people, and another rule decides", Candidate{Kind: access.PersonAccount, Login: "asol"}, by(1, 2), 1, Confirmed, "login"},
		{"one of the openers is nobody's", Candidate{Kind: access.PersonAccount, Login: "u1"}, by(1, 0), 0, "", ""},
		{"nobody's, and another rule decides", Candidate{Kind: access.PersonAccount, Login: "asol"}, by(0), 1, Confirmed, "login"},
		{"a service's by a service's", Candidate{Kind: access.ServiceAccount, Login: "u1"}, by(3), 3, Confirmed, signIn},
		{"a service's by a person's", Candidate{Kind: access.ServiceAccount, Login: "u1"}, by(1), 0, "", ""},
		{"an admin's by a service's", Candidate{Kind: access.AdminAccount, Login: "u1"}, by(3), 0, "", ""},
		{"a shared account is nobody's", Candidate{Kind: access.SharedAccount, Login: "u1"}, by(1), 0, "", ""},
	} {
		l := m.match(&tt.account, tt.openers).link
		if l.Identity != tt.identity || l.State != tt.state || l.Rule != tt.rule {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
}
