package declare_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/writhq/writ/declare"
)

// What is wrong with a document is told with its place and what to do, and nothing is
// planned.
func TestWhatIsWrongIsToldWithItsPlace(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "holds no document"},
		{"only comments", "# nothing\n", "holds no document"},
		{"only lines between documents", "---\n---\n", "holds no document"},
		{"no YAML", "kind: box\nname: [\n", "standard input:2: it is not YAML"},
		{"a tab", "kind: box\n\tname: x\n", "it is not YAML"},
		{"a list", "- kind: box\n", "standard input:1: a document is made of fields"},
		{"one word", "box\n", "standard input:1: a document is made of fields"},
		{"no kind", "name: x\nspec: {}\n", "standard input:1: the document has no kind"},
		{"no spec", "kind: box\nname: x\n", "the document has no spec"},
		{"another kind", "kind: bx\nname: x\nspec: {}\n", `standard input:1: "bx" is no kind of thing that is declared; there are: box, shelf: did you mean "box"?`},
		{"nothing like a kind", "kind: elephant\nname: x\nspec: {}\n", "there are: box, shelf"},
		{"a field too much", "kind: box\nname: x\nspecs: {}\nspec: {shelf: a}\n", `standard input:3: a document has kind, name and spec, and no "specs": did you mean "spec"?`},
		{"an unknown field", "kind: box\nname: x\nspec:\n  shelf: a\n  color: red\n", `standard input:5: spec has no field "color": did you mean "colour"?`},
		{"a field in other letters", "kind: box\nname: x\nspec: {shelf: a, Colour: red}\n", `spec has no field "Colour": did you mean "colour"?`},
		{"an unknown field within", "kind: box\nname: x\nspec:\n  shelf: a\n  lock:\n    knd: x\n", `standard input:6: spec.lock has no field "knd": did you mean "kind"?`},
		{"a field twice", "kind: box\nname: x\nspec:\n  shelf: a\n  shelf: b\n", `standard input:5: spec has the field "shelf" twice`},
		{"a document's field twice", "kind: box\nkind: box\nname: x\nspec: {}\n", `standard input:2: a document has the field "kind" twice`},
		{"a field that is missing", "kind: box\nname: x\nspec: {}\n", "standard input:3: spec has no shelf, which it needs"},
		{"a field that is empty", "kind: box\nname: x\nspec:\n  shelf:\n", "standard input:4: spec.shelf is empty"},
		{"a number for text", "kind: box\nname: x\nspec: {shelf: 0042}\n", `spec.shelf is text: write "0042" in quotes`},
		{"a name that is a number", "kind: box\nname: 12\nspec: {shelf: a}\n", `name is text: write "12" in quotes`},
		{"no name", "kind: box\nname: ' '\nspec: {shelf: a}\n", "a name has 1 to 200 characters"},
		{"a long name", "kind: box\nname: " + strings.Repeat("n", 201) + "\nspec: {shelf: a}\n", "a name has 1 to 200 characters"},
		{"text for a number", "kind: box\nname: x\nspec: {shelf: a, weight: '3'}\n", "spec.weight is a whole number such as 90, without quotes"},
		{"a number with a fraction", "kind: box\nname: x\nspec: {shelf: a, weight: 1.5}\n", "spec.weight is a whole number"},
		{"a number that is too large", "kind: box\nname: x\nspec: {shelf: a, weight: 51}\n", "spec.weight is 51, which is not within what it may be: at least 1, at most 50"},
		{"a number beyond all", "kind: box\nname: x\nspec: {shelf: a, weight: 99999999999999999999}\n", "spec.weight is a whole number"},
		{"text for a truth", "kind: box\nname: x\nspec: {shelf: a, open: 'true'}\n", "spec.open is true or false"},
		{"a word that is none of some", "kind: box\nname: x\nspec: {shelf: a, colour: gray}\n", `spec.colour is one of red, green, grey, and not "gray": did you mean "grey"?`},
		{"text that is too long", "kind: box\nname: x\nspec: {shelf: " + strings.Repeat("a", 21) + "}\n", "spec.shelf has 21 characters, and may have 20"},
		{"text that is written otherwise", "kind: box\nname: x\nspec: {shelf: a, code: A1}\n", "spec.code is not written as ^[a-z]+$"},
		{"a list for one value", "kind: box\nname: x\nspec: {shelf: [a]}\n", "spec.shelf is one value"},
		{"one value for a list", "kind: box\nname: x\nspec: {shelf: a, things: saw}\n", "spec.things is a list"},
		{"a list that is too long", "kind: box\nname: x\nspec: {shelf: a, things: [a, b, c, d]}\n", "spec.things has 4 entries, and may have 3"},
		{"a value of a list", "kind: box\nname: x\nspec: {shelf: a, things: [a, {b: c}]}\n", "spec.things[1] is one value"},
		{"a value for fields", "kind: box\nname: x\nspec: {shelf: a, lock: iron}\n", "spec.lock is made of fields"},
		{"a field's name that is no text", "kind: box\nname: x\nspec: {shelf: a, notes: {1: b}}\n", "a field of spec.notes has a name that is text"},
		{"binary", "kind: box\nname: x\nspec: {shelf: !!binary YQ==}\n", "spec.shelf is text"},
		{"a tag", "kind: box\nname: x\nspec: {shelf: !secret a}\n", "spec.shelf is text"},
		{"what the kind refuses", "kind: shelf\nname: a\nspec: {}\n---\nkind: box\nname: x\nspec: {shelf: a, code: forbidden}\n", `standard input:5: box "x": box x: its code is forbidden`},
		{"what refers to nothing", "kind: shelf\nname: middle\nspec: {}\n---\nkind: box\nname: x\nspec: {shelf: midle}\n", `standard input:5: box "x" refers to shelf "midle", which is neither there nor declared: did you mean "middle"?`},
		{"a circle", "kind: shelf\nname: a\nspec: {on: b}\n---\nkind: shelf\nname: b\nspec: {on: a}\n", "each refers to the next: a, b, a"},
		{"itself", "kind: shelf\nname: a\nspec: {on: a}\n", "each refers to the next: a, a"},
		{"two of a name", "kind: shelf\nname: a\nspec: {}\n---\nkind: shelf\nname: a\nspec: {}\n", `standard input:5: shelf "a" is declared at standard input:1 already`},
		{"an alias", "kind: &k box\nname: x\nspec: {shelf: *k}\n", "standard input:3: spec.shelf: an alias (*k) is not read"},
		{"a merge", "kind: box\nname: x\nspec:\n  <<: {shelf: a}\n", "standard input:4: a field of spec has a name that is text"},
		{"a whole document that is an alias of itself", "&a {kind: box, name: x, spec: *a}\n", "an alias (*a) is not read"},
		{"no UTF-8", "kind: box\nname: caf\xe9\nspec: {shelf: a}\n", "standard input:2: the file is not in UTF-8"},
		{"UTF-16", "\xff\xfek\x00i\x00n\x00d\x00", "standard input:1: the file is not in UTF-8"},
		{"a control character", "kind: box\nname: \"a\x07b\"\nspec: {shelf: a}\n", "it is not YAML"},
		{"too large", "# " + strings.Repeat("x", 1<<20) + "\n", "larger than 1024 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			_, err := w.plan(t, tt.text, false)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// Many mistakes are told at once, and not without end.
func TestManyMistakesAreToldAtOnce(t *testing.T) {
	var b strings.Builder
	for i := range 30 {
		_, _ = fmt.Fprintf(&b, "kind: box\nname: b%d\nspec: {shelf: a, colour: blue}\n---\n", i)
	}
	_, err := newWorld().plan(t, b.String(), false)
	if got := strings.Count(fmt.Sprint(err), "spec.colour"); got != 20 || !strings.Contains(err.Error(), "and 10 more") || !errors.Is(err, declare.ErrDocument) {
		t.Fatalf("%d mistakes are told: %v", got, err)
	}
}

// Limits of SECURITY.md: what grows when it is read is refused, and so is what is deep.
func TestLesson07_WhatGrowsIsRefused(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 20 {
		_, _ = fmt.Fprintf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	for name, text := range map[string]string{
		"aliases of aliases": "kind: box\nname: x\nspec:\n  " + strings.ReplaceAll(bomb.String(), "\n", "\n  "),
		"deep lists":         "kind: box\nname: x\nspec: {shelf: a, things: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}\n",
		"deep fields":        "kind: box\nname: x\nspec: {shelf: a, notes: " + strings.Repeat("{a: ", 5000) + strings.Repeat("}", 5000) + "}\n",
		"deeper than any":    strings.Repeat("[", 400_000),
		"deep blocks":        strings.Repeat("- ", 400_000),
		"many documents":     strings.Repeat("---\nkind: shelf\nname: x\nspec: {}\n", 30_000),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newWorld().plan(t, text, false); err == nil {
				t.Fatal("it was planned")
			}
		})
	}
}
