package inventory

import (
	"slices"
	"strings"
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
	if got := o.reached([]access.AccountID{10, 99, 10}); !slices.Equal(got, []access.AccountID{10, 20, 30, 40, 41, 42, 43, 99}) {
		t.Errorf("it opens, by way of others too, %v", got)
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
		{"its number", Candidate{Kind: access.PersonAccount, Login: "u1", Number: "E1"}, by(1), 1, Confirmed, signIn},
		{"another's number", Candidate{Kind: access.PersonAccount, Login: "u1", Number: "E2"}, by(1), 0, Disputed, signIn},
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

// Invariant 12: opening is access, not ownership; whoever writes the file that says who is let in
// as whom must not make his account another's.
func TestWhatSpeaksForAnotherThanTheOpener(t *testing.T) {
	people := []Person{
		{ID: 1, Kind: access.Human, Number: "E1", Name: "Ana Sol", Login: "asol"},
		{ID: 2, Kind: access.Human, Number: "E2", Name: "Ben Ray", Login: "mal", Email: "ben@example.com"},
		{ID: 3, Kind: access.Human, Number: "E3", Name: "Jonas Reed"},
		{ID: 4, Kind: access.Human, Number: "E4", Name: "Jonas Reed"},
		{ID: 5, Kind: access.Service, Number: "S1", Name: "payroll"},
		{ID: 6, Kind: access.Service, Number: "S2", Name: "billing"},
	}
	m := newMatcher(indexOf(people), nil)
	for _, tt := range []struct {
		name     string
		account  Candidate
		opener   access.IdentityID
		identity access.IdentityID // zero: disputed
		with     string            // in the evidence
		between  []int32
	}{
		{"nothing", Candidate{Login: "u1"}, 1, 1, "", nil},
		{"nobody's number", Candidate{Login: "u1", Number: "E9"}, 1, 1, "", nil},
		{"number", Candidate{Login: "u1", Number: "E2"}, 1, 0, `number "E2"`, []int32{0, 1}},
		{"email", Candidate{Login: "u1", Email: "ben@example.com"}, 1, 0, `email "ben@example.com"`, []int32{0, 1}},
		{"login", Candidate{Login: "mal"}, 1, 0, `login "mal"`, []int32{0, 1}},
		{"login in another form", Candidate{Login: "adm_mal"}, 1, 0, `login "mal"`, []int32{0, 1}},
		{"login such as a name has", Candidate{Login: "bray"}, 1, 0, `login "bray"`, []int32{0, 1}},
		{"name", Candidate{Login: "u1", Name: "Ben Ray"}, 1, 0, `name "Ben Ray"`, []int32{0, 1}},
		{"a name of two", Candidate{Login: "u1", Name: "Jonas Reed"}, 1, 0, `name "Jonas Reed"`, []int32{0, 2, 3}},
		{"a name of two, one of whom opens it", Candidate{Login: "jreed", Name: "Jonas Reed"}, 3, 3, "", nil},
		{"a login of two, one of whom opens it", Candidate{Login: "jreed"}, 4, 4, "", nil},
		{"its own login", Candidate{Login: "asol"}, 1, 1, "", nil},
		{"its own login and another's name", Candidate{Login: "asol", Name: "Ben Ray"}, 1, 0, "Ben Ray", []int32{0, 1}},
		{"its own login and the name of somebody unknown", Candidate{Login: "asol", Name: "Mark Olsen"}, 1, 0, "Mark Olsen", []int32{0}},
		{"its own login and no name", Candidate{Login: "anasol", Name: "Backup"}, 1, 1, "", nil},
		{"its own login and a word", Candidate{Login: "asol", Name: "Zorro"}, 1, 1, "", nil},
		{"its own login and another last name", Candidate{Login: "anasol", Name: "Ana Berg"}, 1, 1, "", nil},
		{"the login of another and the name of whom it is opened by", Candidate{Login: "mal", Name: "Ana Sol"}, 1, 0, `login "mal"`, []int32{0, 1}},
		{"a service's", Candidate{Login: "billing", Kind: access.ServiceAccount}, 5, 0, `login "billing"`, []int32{4, 5}},
		{"the same service's", Candidate{Login: "payroll", Kind: access.ServiceAccount}, 5, 5, "", nil},
	} {
		if tt.account.Kind == "" {
			tt.account.Kind = access.PersonAccount
		}
		o := m.match(&tt.account, []Opener{{Account: 10, System: "corp", Login: "ana", Identity: tt.opener}})
		l := o.link
		if l.Identity != tt.identity || l.Rule != signIn || (l.State == Disputed) != (tt.identity == 0) || !strings.Contains(l.Evidence, tt.with) {
			t.Errorf("%s: %+v", tt.name, l)
		}
		for _, i := range tt.between {
			if !slices.Contains(o.found, i) || !strings.Contains(l.Evidence, people[i].Name) {
				t.Errorf("%s: %s is not named: %v, %+v", tt.name, people[i].Name, o.found, l)
			}
		}
		if l.State == Disputed && !strings.Contains(l.Evidence, `signs in with account "ana" of system "corp"`) {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
}
