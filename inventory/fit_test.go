package inventory

import (
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

var fitPeople = []Person{
	{ID: 1, Kind: access.Human, Number: "E1", Login: "asol", Email: "ana.sol@example.com", Name: "Ana Sol"},
	{ID: 2, Kind: access.Human, Number: "E2", Login: "smith", Name: "John Smith"},
	{ID: 3, Kind: access.Human, Number: "E3", Name: "Anna Smith"},
	{ID: 4, Kind: access.Human, Number: "E4", Name: "Ben Olsen"},
	{ID: 5, Kind: access.Human, Number: "E5", Login: "rhill", Name: "Robert Hill"},
	{ID: 6, Kind: access.Human, Number: "E6", Login: "jmueller", Name: "Jörg Müller"},
	{ID: 7, Kind: access.Human, Number: "E7", Login: "gabo", Name: "Gabriel García Márquez"},
	{ID: 8, Kind: access.Human, Number: "E8", Name: "Ana Maria Lind"},
	{ID: 9, Kind: access.Human, Number: "E9", Login: "kzhou", Name: "Xiao Ming Zhou"},
	{ID: 10, Kind: access.Human, Number: "E10", Login: "dfoxe", Name: "Featherstonehaugh, Joe"},
	{ID: 11, Kind: access.Service, Number: "nightly", Name: "Nightly run"},
	{ID: 12, Kind: access.Human, Number: "E12", Login: "two", Name: "Rosa Lind"},
	{ID: 13, Kind: access.Human, Number: "E13", Login: "two", Name: "Ruth Lind"},
}

// Invariant 12: whoever may choose a login may choose another's: it says whose the account is only
// where the account's name does not say otherwise.
func TestALoginNeedsTheNameToFit(t *testing.T) {
	own, err := OwnRule{Name: "own", By: ByLogin, Expression: `account.login.startsWith("c_") ? account.login.substring(2) : ""`, Score: 70}.compiled()
	if err != nil {
		t.Fatal(err)
	}
	m := newMatcher(indexOf(fitPeople), Rules{own})
	for _, tt := range []struct {
		login, name string
		identity    access.IdentityID // zero: disputed
		between     []int32           // places in fitPeople
	}{
		{"asol", "", 1, nil},
		{"asol", "Ana Sol", 1, nil},
		{"asol", "Sol, Ana", 1, nil},
		{"asol", "Ana Sol (admin)", 1, nil},
		{"asol", "Admin Ana Sol", 1, nil},
		{"adm-asol", "Sol, Ana (T0)", 1, nil},
		{"asol", "A. Sol", 1, nil},
		{"asol", "Ana Maria Sol", 1, nil},
		{"asol", "Ana Berg", 1, nil}, // married
		{"asol", "Anna Sol", 1, nil}, // a slip
		{"rhill", "Bob Hill", 5, nil},
		{"rhill", "Bob Berg", 5, nil},
		{"jmueller", "Joerg Berg", 6, nil},
		{"kzhou", "Xiaoming Zhou", 9, nil},
		{"asol", "asol", 1, nil},
		{"asol", "ASOL", 1, nil},
		{"asol", "backup", 1, nil},
		{"asol", "Backup Operator", 1, nil},
		{"asol", "Test account 2", 1, nil},
		{"asol", "Sol", 1, nil},

		{"asol", "Mark Olsen", 0, []int32{0}},
		{"asol", "Mark Sol", 0, []int32{0}}, // a last name is many people's
		{"asol", "Alma Sol", 0, []int32{0}},
		{"asol", "A. Olsen", 0, []int32{0}}, // so is an initial
		{"adm-asol", "Olsen, Mark (T0)", 0, []int32{0}},
		{"adm_asol", "Mark Sol", 0, []int32{0}},
		{"c_asol", "Mark Sol", 0, []int32{0}},
		{"ana.sol", "Mark Sol", 0, []int32{0}},
		{"asol", "Mark Olsen (admin)", 0, []int32{0}},
		{"dfoxe", "Jon Featherstonehaugh", 0, []int32{9}},

		{"asol", "Anna Smith", 0, []int32{0, 2}}, // another's, whatever it has in common
		{"smith", "Anna Smith", 0, []int32{1, 2}},
		{"adm-smith", "Smith, Anna", 0, []int32{1, 2}},
		{"a_smith", "Anna Smith", 0, []int32{1, 2}},
		{"asol", "Olsen Ben", 0, []int32{0, 3}},
		{"asol", "Joerg Mueller", 0, []int32{0, 5}},
		{"asol", "García Márquez Gabriel", 0, []int32{0, 6}},
		{"asol", "Anna Smith Admin", 0, []int32{0, 2}},
		{"asol", "Ana Lind", 0, []int32{0, 7}}, // nearer to hers than a changed last name
		{"c_asol", "Anna Smith", 0, []int32{0, 2}},
		{"two", "Anna Smith", 0, []int32{11, 12, 2}},
		{"nightly", "Anna Smith", 0, []int32{10, 2}},

		{"two", "Lind, Ruth", 13, nil},
		{"nightly", "Run of the night", 11, nil},
		{"nightly", "Anna Olsen", 11, nil}, // nobody's whom a source knows
	} {
		o := m.match(&Candidate{Kind: access.PersonAccount, Login: tt.login, Name: tt.name}, nil)
		checkOutcome(t, tt.login+" "+tt.name, o, tt.identity, tt.between)
	}
}

// checkOutcome wants the account to be somebody's, or disputed between some of
// fitPeople who are all named.
func checkOutcome(t *testing.T, what string, o outcome, identity access.IdentityID, between []int32) {
	t.Helper()
	state := Confirmed
	if identity == 0 {
		state = Disputed
	}
	if o.link.State != state || o.link.Identity != identity {
		t.Errorf("%s: %+v", what, o.link)
		return
	}
	for _, i := range between {
		if !slices.Contains(o.found, i) || !strings.Contains(o.link.Evidence, fitPeople[i].Name) {
			t.Errorf("%s: %s is not named: %v, %+v", what, fitPeople[i].Name, o.found, o.link)
		}
	}
}

// Number and email say more than a name.
func TestANumberNeedsNoName(t *testing.T) {
	m := newMatcher(indexOf(fitPeople), nil)
	for _, a := range []Candidate{
		{Kind: access.PersonAccount, Login: "asol", Name: "Anna Smith", Number: "E1"},
		{Kind: access.PersonAccount, Login: "asol", Name: "Anna Smith", Email: "Ana.Sol@example.com"},
	} {
		checkOutcome(t, a.Number+a.Email, m.match(&a, nil), 1, nil)
	}
	// ſ is another letter than s, though they are each other's in another case.
	long := Candidate{Kind: access.PersonAccount, Login: "asol", Name: "Mark Olsen", Email: "ana.ſol@example.com"}
	checkOutcome(t, long.Email, m.match(&long, nil), 0, []int32{0})
}

// An initial and a last name are not what marks a second account and a login.
func TestInitialsAreNoAffixes(t *testing.T) {
	people := []Person{
		{ID: 1, Kind: access.Human, Login: "smith", Name: "John Smith"},
		{ID: 2, Kind: access.Human, Name: "Anna Smith"},
		{ID: 3, Kind: access.Human, Login: "bray7", Name: "Ben Ray"},
		{ID: 4, Kind: access.Human, Login: "silva", Name: "Rui Silva"},
		{ID: 5, Kind: access.Human, Name: "Davi Silva"},
		{ID: 6, Kind: access.Human, Login: "mia", Name: "Mia Holm"},
		{ID: 7, Kind: access.Human, Login: "x.west", Name: "Xenia West"},
		{ID: 8, Kind: access.Human, Login: "garcialopez", Name: "Eva García López"},
	}
	m := newMatcher(indexOf(people), nil)
	for _, tt := range []struct {
		login, name string
		identity    access.IdentityID
		state       LinkState
	}{
		{"a.smith", "Anna Smith", 2, Confirmed},
		{"a.smith", "", 2, Confirmed},
		{"smith.a", "Anna Smith", 2, Confirmed},
		{"x.smith", "", 0, Disputed}, // of an x. Smith, or John's second one
		{"x.smith", "John Smith", 1, Confirmed},
		{"x.smith", "Xaver Smith", 0, Disputed},
		{"x.smith", "John Berg", 0, Disputed},
		{"a_smith", "", 1, Confirmed},
		{"smith-x", "", 1, Confirmed},
		{"adm.smith", "", 1, Confirmed},
		{"t0.smith", "", 1, Confirmed},
		{"x.bray7", "", 3, Confirmed}, // no initial and name
		{"bray7.sa", "", 3, Confirmed},
		{"bray7.a", "Mark Olsen", 0, Disputed},
		{"da.silva", "", 0, Disputed},
		{"da.silva", "Davi Silva", 0, Disputed}, // Rui's login, were it one, and Davi's name
		{"mia.sa", "", 0, Disputed},             // Sá is a last name
		{"x.garcialopez", "", 0, Disputed},
		{"x.garcialopez", "Eva García", 8, Confirmed},
		{"west", "", 0, ""}, // x.west is no second account of West
		{"x.west", "", 7, Confirmed},
	} {
		l := m.match(&Candidate{Kind: access.PersonAccount, Login: tt.login, Name: tt.name}, nil).link
		if l.Identity != tt.identity || l.State != tt.state {
			t.Errorf("%s %q: %+v", tt.login, tt.name, l)
		}
	}
}

// What a login is asked beside it is kept: whoever comes to bear the account's name
// touches the account.
func TestANameThatDecidedIsKept(t *testing.T) {
	ana, lind := fitPeople[0], Person{ID: 99, Kind: access.Human, Name: "Lindqvist, Ana Maria"}
	a := Candidate{ID: 7, Kind: access.PersonAccount, Login: "asol", Name: "Ana Lindqvist"}
	m := newMatcher(indexOf([]Person{ana}), nil)
	before := m.match(&a, nil)
	m = newMatcher(indexOf([]Person{ana, lind}), nil)
	after := m.match(&a, nil)
	if before.link.State != Confirmed || after.link.State != Disputed {
		t.Fatalf("%+v, then %+v", before.link, after.link)
	}
	traces := tracesOf([]Person{lind})
	if !slices.ContainsFunc(before.keys, func(k AccountKey) bool { return slices.Contains(traces.Keys, k.Key) && k.Account == a.ID }) {
		t.Errorf("%v shares nothing with what %s leaves", before.keys, lind.Name)
	}
}

// Letters of another script that look alike are others.
func TestLettersThatLookAlike(t *testing.T) {
	people := []Person{
		{ID: 1, Kind: access.Human, Login: "astone", Name: "Alexander Featherstone"},
		{ID: 2, Kind: access.Human, Login: "asol", Email: "ana.sol@example.com", Name: "Ana Sol"},
		{ID: 3, Kind: access.Human, Login: "ipetrov", Name: "Иван Петров"},
	}
	own, err := OwnRule{Name: "own", By: ByLogin, Expression: `account.login.replace("c_", "")`, Score: 70, Mode: policy.Enforce}.compiled()
	if err != nil {
		t.Fatal(err)
	}
	m := newMatcher(indexOf(people), Rules{own})
	for _, tt := range []struct {
		login, name string
		sure        access.IdentityID
	}{
		{"afeatherstone7", "Аlexander Featherstone", 0}, // Cyrillic А
		{"astone", "Аlexander Featherstone", 0},
		{"u1", "Αlexander Featherstone", 0}, // Greek
		{"afeatherstone7", "Alexander Fеatherstone", 0},
		{"asol", "Аna Sol", 0},
		{"asol", "Αna Berg", 0},
		{"аsol", "", 0},
		{"adm_аsol", "", 0},
		{"АSOL", "", 0},
		{"c_аsol", "", 0},
		{"anа.sol", "", 0},
		{"ｘ", "Аna Sol", 0},
		{"afeatherstone7", "Alexandr Featherstone", 1}, // a slip within a script
		{"ipetrov", "Иван Берг", 3},
	} {
		l := m.match(&Candidate{Kind: access.PersonAccount, Login: tt.login, Name: tt.name}, nil).link
		if l.Identity != tt.sure {
			t.Errorf("%s %q: %+v", tt.login, tt.name, l)
		}
	}
}
