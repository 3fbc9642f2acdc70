package fold

import (
	"slices"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"Ana SÓL", []string{"ana", "sol"}},
		{"Anne-Marie d'Arc", []string{"anne", "marie", "d", "arc"}},
		{"uid=bøe7,ou=People", []string{"uid", "boe7", "ou", "people"}},
		{"Straße Łódź İzmir", []string{"strasse", "lodz", "izmir"}},
		{"Жуков 李小龍", []string{"жуков", "李小龍"}},
	}
	for _, x := range tests {
		if got := Words(x.text); !slices.Equal(got, x.want) {
			t.Errorf("%q: %q", x.text, got)
		}
	}
}

func TestSpelled(t *testing.T) {
	if s, has := Spelled("Jörg Müller"); s != "joerg mueller" || !has {
		t.Errorf("%q, %v", s, has)
	}
	if s, has := Spelled("Joerg"); s != "Joerg" || has {
		t.Errorf("%q, %v", s, has)
	}
}

// Folding twice is folding once, and no word has what folding takes away.
func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		once := Plain(s)
		if twice := Plain(once); twice != once {
			t.Fatalf("%q, then %q", once, twice)
		}
		for _, word := range Words(s) {
			for _, r := range word {
				if unicode.IsSpace(r) || unicode.IsPunct(r) {
					t.Fatalf("%q of %q", word, s)
				}
			}
		}
	})
}
