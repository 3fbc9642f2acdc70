package declare_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/writhq/writ/declare"
)

// checked is a test or a check of a property.
type checked interface {
	Context() context.Context
	Fatal(args ...any)
}

// exported is what there is as one stream of documents.
func exported(t checked, w *world, kinds ...string) string {
	files, err := w.Export(t.Context(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		b.WriteString("---\n")
		b.Write(f.Text)
	}
	return b.String()
}

// Texts that YAML would take for something else, and any others.
func texts(most int) *rapid.Generator[string] {
	odd := []string{
		"no", "on", "null", "~", "0042", "1e3", "0x1F", "2027-03-31", ": ", "- a", "#b", "a #b", "&a", "*a", "!a", "|", ">", "%", "@", "`", "'", `"`, "{", "[", "a: b",
		" a", "a ", "\n", "a\n", "\na", "a\n\nb", "a\n b", "\ta", "a\tb", "a\r\nb", "\r", "\u0085", "\u2028", "\ufeff", "a\ufeff", "é", "\u202e", "<<", "=", "---", "...", "\\", "a\\nb", "😀",
	}
	return rapid.OneOf(rapid.SampledFrom(odd), rapid.StringN(1, most, -1)).Filter(func(s string) bool {
		return len([]rune(s)) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r == '\uFFFD' })
	})
}

// Invariant 2.
func TestWhatIsExportedPlansToNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		names := rapid.SliceOfNDistinct(texts(20).Filter(func(s string) bool { return strings.TrimSpace(s) != "" }), 1, 5, rapid.ID).Draw(t, "shelves")
		for i, n := range names {
			s := shelf{}
			if i > 0 && rapid.Bool().Draw(t, "on") {
				s.On = names[rapid.IntRange(0, i-1).Draw(t, "which")]
			}
			w.shelves.things[n] = declare.Thing[shelf]{Name: n, Spec: s, Version: int64(i + 1)}
		}
		for i, n := range rapid.SliceOfNDistinct(texts(200).Filter(func(s string) bool { return strings.TrimSpace(s) != "" }), 0, 5, rapid.ID).Draw(t, "boxes") {
			b := box{
				Shelf:  rapid.SampledFrom(names).Draw(t, "shelf"),
				Colour: rapid.SampledFrom([]string{"red", "green", "grey"}).Draw(t, "colour"),
				Weight: rapid.IntRange(0, 50).Draw(t, "weight"),
				Notes:  rapid.MapOfN(texts(20), rapid.OneOf(texts(100), rapid.Just("")), 0, 3).Draw(t, "notes"),
				Things: rapid.SliceOfN(texts(50), 0, 3).Draw(t, "things"),
				Open:   rapid.Bool().Draw(t, "open"),
				Lock:   lock{rapid.SampledFrom([]string{"", "iron"}).Draw(t, "lock")},
			}
			w.boxes.things[n] = declare.Thing[box]{Name: n, Spec: b, Version: int64(i + 1)}
		}
		text := exported(t, w)
		list, err := w.Read("-", strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		p, err := w.Plan(t.Context(), list, true)
		if err != nil || !p.Empty() || p.Same != len(w.shelves.things)+len(w.boxes.things) {
			t.Fatalf("%v, %+v\n%s", err, p, text)
		}
		if again := exported(t, w); again != text {
			t.Fatalf("exported otherwise the second time\n%s\n%s", text, again)
		}
		other := newWorld()
		list, err = other.Read("-", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if p, err = other.Plan(t.Context(), list, false); err != nil {
			t.Fatal(err)
		}
		if err := other.Apply(t.Context(), p, "a test", func(declare.Step) {}); err != nil {
			t.Fatal(err)
		}
		if got := exported(t, other); got != text {
			t.Fatalf("what was applied elsewhere is exported otherwise\n%s\n%s", text, got)
		}
	})
}

func TestExportingSomeKinds(t *testing.T) {
	w := newWorld()
	must[[]string](t)(w.apply(t, rack, false))
	if text := exported(t, w, "box"); !strings.Contains(text, "# yaml-language-server: $schema=https://") || strings.Contains(text, "kind: shelf") {
		t.Fatal(text)
	}
	if _, err := w.Export(t.Context(), []string{"bax"}); !errors.Is(err, declare.ErrDocument) || !strings.Contains(err.Error(), `did you mean "box"?`) {
		t.Fatal(err)
	}
	w.shelves.things["other"] = w.shelves.things["middle"]
	if _, err := w.Export(t.Context(), nil); !strings.Contains(fmt.Sprint(err), "two of kind shelf") {
		t.Fatal(err)
	}
}

// asJSON is a document as an editor's schema sees it.
func asJSON(text string) (any, error) {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return nil, err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(b))
}

func compiled(t *testing.T, w *world) *jsonschema.Schema {
	t.Helper()
	doc := must[any](t)(jsonschema.UnmarshalJSON(bytes.NewReader(must[[]byte](t)(w.Schema()))))
	c := jsonschema.NewCompiler()
	if err := c.AddResource(declare.SchemaAddress, doc); err != nil {
		t.Fatal(err)
	}
	return must[*jsonschema.Schema](t)(c.Compile(declare.SchemaAddress))
}

// What an editor says by the schema is what reading says.
func TestTheSchemaRefusesWhatReadingRefuses(t *testing.T) {
	w := newWorld()
	schema := compiled(t, w)
	rapid.Check(t, func(t *rapid.T) {
		fields := map[string][]string{
			"shelf": {"a", "'12'", "12", "", "[]", strings.Repeat("a", 21), "''"}, "colour": {"red", "blue", "'red'", "1"},
			"weight": {"1", "50", "51", "0", "'1'", "1.5", "true"}, "code": {"abc", "A", "''"}, "notes": {"{a: b}", "{a: 1}", "{}", "[]", "a"},
			"things": {"[]", "[a]", "[a, b, c, d]", "[1]", "a"}, "open": {"true", "false", "'true'", "1"}, "lock": {"{}", "{kind: a}", "{other: a}", "a"},
			"colr": {"red"}, "Open": {"true"},
		}
		names := make([]string, 0, len(fields))
		for name := range fields {
			names = append(names, name)
		}
		slices.Sort(names)
		text := "kind: " + rapid.SampledFrom([]string{"box", "box", "box", "shelf", "bx"}).Draw(t, "kind") + "\nname: " + rapid.SampledFrom([]string{"a", "'1'", "1", "''"}).Draw(t, "name") + "\nspec:"
		used := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "fields")
		if rapid.IntRange(0, 3).Draw(t, "whole") > 0 && !slices.Contains(used, "shelf") {
			used = append(used, "shelf")
		}
		for _, name := range used {
			text += "\n  " + name + ": " + rapid.SampledFrom(fields[name]).Draw(t, name)
		}
		if len(used) == 0 {
			text += " {}"
		}
		doc, err := asJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		_, read := w.Read("-", strings.NewReader(text))
		if says := schema.Validate(doc); (says == nil) != (read == nil) {
			t.Fatalf("%s\nthe schema says %v\nreading says %v", text, says, read)
		}
	})
}

// FuzzRead looks for documents that break reading, or that are not read as exported.
func FuzzRead(f *testing.F) {
	for _, text := range []string{rack, "a: &a [*a]\n", "kind: box\nname: x\nspec: {shelf: a, notes: {<<: b}}\n", "%YAML 1.2\n---\nkind: shelf\nname: a\nspec: {}\n...\n", "? a\n: b\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		w := newWorld()
		list, err := w.Read("-", bytes.NewReader(text))
		if err != nil {
			return
		}
		if _, err := w.Plan(t.Context(), list, true); err != nil {
			return
		}
	})
}
