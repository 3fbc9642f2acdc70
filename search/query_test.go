package search

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/fold"
)

func TestParse(t *testing.T) {
	word := func(w string) Term { return Term{Words: []string{w}} }
	tests := []struct {
		text string
		want Query
	}{
		{"", Query{}},
		{"Ana SÓL", Query{Terms: []Term{word("ana"), word("sol")}}},
		{"ana.sol@example.com", Query{Terms: []Term{word("ana"), word("sol"), word("example"), word("com")}}},
		{`"Van  Aken" x`, Query{Terms: []Term{{Words: []string{"van", "aken"}, Phrase: true}, word("x")}}},
		{`-ana -"van aken"`, Query{Terms: []Term{{Words: []string{"ana"}, Not: true}, {Words: []string{"van", "aken"}, Phrase: true, Not: true}}}},
		{`"not closed`, Query{Terms: []Term{{Words: []string{"not", "closed"}, Phrase: true}}}},
		{"a - b", Query{Terms: []Term{word("a"), word("b")}}},
		{"kind:service owner:none TIER:T0", Query{Asks: []Ask{{"kind", "service", false}, {"owner", none, false}, {"tier", "0", false}}}},
		{`system:"Payroll DB" -state:active`, Query{Asks: []Ask{{"system", "Payroll DB", false}, {"state", "active", true}}}},
		{"third_party:yes Orphan -dormant", Query{Asks: []Ask{{"third-party", yes, false}, {orphan, yes, false}, {"dormant", yes, true}}}},
		{`"orphan"`, Query{Terms: []Term{word("orphan")}}},
		{"10.0.0.1:22", Query{Terms: []Term{word("10"), word("0"), word("0"), word("1"), word("22")}}},
	}
	for _, x := range tests {
		got, err := Parse(x.text)
		if err != nil || !reflect.DeepEqual(got, x.want) {
			t.Errorf("%q: %+v, %v", x.text, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"colour:red", ErrOperator},
		{"http://x", ErrOperator},
		{"tier:9", ErrQuery},
		{"kind:", ErrQuery},
		{"owner:", ErrQuery},
		{"system:--", ErrQuery},
		{"mode:sometimes", ErrQuery},
		{strings.Repeat("a ", 30), ErrQuery},
		{strings.Repeat("a", 2000), ErrQuery},
		{"\xff", ErrQuery},
	}
	for _, x := range tests {
		if _, err := Parse(x.text); !errors.Is(err, x.want) {
			t.Errorf("%.20q: %v", x.text, err)
		}
	}
	if _, err := Parse("colour:red"); err == nil || !strings.Contains(err.Error(), "kind:, state:, owner:, tier:, system:") {
		t.Errorf("it does not say which operators there are: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{`ana -"van aken" kind:human`, `owner:"Ana Sol" orphan`, `-`, `"`, `-"`, `a:b:c`, "tier:\u00a00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			return
		}
		if len(q.Terms)+len(q.Asks) > maxTerms {
			t.Fatalf("%d parts", len(q.Terms)+len(q.Asks))
		}
		for _, term := range q.Terms {
			if len(term.Words) == 0 {
				t.Fatal("a term without words is everything")
			}
			for _, word := range term.Words {
				if word == "" || len(word) > maxWord || len(fold.Words(word)) != 1 {
					t.Fatalf("%q is no word", word)
				}
			}
		}
	})
}
