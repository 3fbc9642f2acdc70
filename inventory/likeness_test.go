package inventory

import (
	"strings"
	"testing"

	"github.com/writhq/writ/access"
)

// An umlaut may be written as two letters; two letters are not always an umlaut.
func TestSamePartsWhereThereIsAnUmlaut(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"Jörg Müller", "Joerg Mueller", true},
		{"Jörg Müller", "Mueller, Joerg", true},
		{"Jörg Müller", "Jorg Muller", true}, // as accents are left out
		{"Bjørn Østergård", "Bjoern Oestergaard", true},
		{"Bjørn Holm", "Björn Holm", true},
		{"Åsa Käthe", "Aasa Kaethe", true},
		{"ÅSA LIND", "AASA LIND", true},
		{"Jo\u0308rg Lind", "Joerg Lind", true}, // written as two characters
		{"Michał Nowak", "Michael Nowak", false},
		{"Rafał Nowak", "Rafael Nowak", false},
		{"Ana Baur", "Ana Bauer", false},
		{"Samul Lind", "Samuel Lind", false},
		{"Jorg Lind", "Joerg Lind", false},
		{"Asa Lind", "Aasa Lind", false},
		{"René Lind", "Renee Lind", false},
		{"Zoë Lind", "Zo Lind", false},
	} {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := sameParts(spell(pair[0]), spell(pair[1])); got != tt.same {
				t.Errorf("%q and %q: %v", pair[0], pair[1], got)
			}
		}
	}
}

// A name that is only nearly somebody's is a question.
func TestTwoLettersAreNoUmlaut(t *testing.T) {
	m := newMatcher(indexOf([]Person{
		{ID: 1, Kind: access.Human, Name: "Michael Nowak"},
		{ID: 2, Kind: access.Human, Name: "Ana Baur"},
		{ID: 3, Kind: access.Human, Name: "Jörg Lind"},
		{ID: 4, Kind: access.Human, Name: "Bjoern Kjær"},
	}), nil)
	for name, want := range map[string]access.IdentityID{
		"Michał Nowak": 0, "Ana Bauer": 0, "Joerg Lind": 3, "Bjørn Kjær": 4, "Michael Nowak": 1,
	} {
		l := m.match(&Candidate{Kind: access.PersonAccount, Login: "u1", Name: name}, nil).link
		if l.Identity != want || want == 0 && l.State != Disputed {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// Whatever an account is called, both spellings of it have as many parts.
func FuzzSpelling(f *testing.F) {
	for _, name := range []string{"Jörg Müller", "Sol, Ana", "a\u030a \u0308 -", "\u212b,İ (T0)", "\xff ö", ",ö"} {
		f.Add(name, "Ana Sol")
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		if len(name)+len(other) > 1000 {
			return // how like long names are takes long to say
		}
		s := spell(name)
		if len(strings.Fields(s.plain)) != len(strings.Fields(s.spelled)) {
			t.Errorf("%q is %q and %q", name, s.plain, s.spelled)
		}
		if p := personIn(name); len(strings.Fields(p.plain)) != len(strings.Fields(p.spelled)) {
			t.Errorf("%q names %q and %q", name, p.plain, p.spelled)
		}
		o := spell(other)
		if sameParts(s, o) != sameParts(o, s) || sameGiven(s, o) != sameGiven(o, s) {
			t.Errorf("%q and %q are the same one way only", name, other)
		}
		fitOf(personIn(name), o)
		outerKeys(s.plain)
	})
}
