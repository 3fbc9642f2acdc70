package audit

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

func TestLesson13_FactsAreAnAllowListByType(t *testing.T) {
	for _, ok := range []string{
		"", "0", "-12", "10000000", "0.25", "true", "postgres", "leaver-active", "break_glass", "2026-01-02", "2026-01-02T15:04:05Z",
		"1.2.3", access.IdentityID(7).String(), access.CredentialID(7).String(), strings.Repeat("0af", 21) + "1",
		"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	} {
		if err := CheckFact("fact", ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for _, no := range []string{
		"Ana", "Ana Alvarez", "ana alvarez", "ana@example.org", "hunter2", "correct horse", "Xy7kQ-", "postgres://u:p@h/d",
		"-----BEGIN", "ghp_16C7e42F292c6912E7", "a\nb", "10%", "0001-", strings.Repeat("9", 21), strings.Repeat("word-", 50) + "x",
		"dead0beefdead0beef", "idn_000000000000", "<b>", "é",
	} {
		err := CheckFact("fact", no)
		if !errors.Is(err, ErrFact) {
			t.Errorf("%q was let into the log: %v", no, err)
			continue
		}
		if strings.Contains(err.Error(), no) {
			t.Errorf("the error shows what it refused: %v", err)
		}
	}
	for _, name := range []string{"", "Name", "a b", "x-y", strings.Repeat("n", 41)} {
		if err := CheckFact(name, "1"); !errors.Is(err, ErrFact) {
			t.Errorf("fact name %q: %v", name, err)
		}
	}
}

func TestLeafReadsBackAsItself(t *testing.T) {
	word := rapid.StringMatching(`[a-z]{1,8}`)
	rapid.Check(t, func(t *rapid.T) {
		facts, err := CanonicalFacts(rapid.MapOfN(word, word, 0, 5).Draw(t, "facts"))
		if err != nil {
			t.Fatal(err)
		}
		r := Record{
			ID: rapid.Int64Min(1).Draw(t, "id"), Set: rapid.Int64Min(1).Draw(t, "set"), Rev: access.Rev(rapid.Int64Min(1).Draw(t, "rev")), Leaf: -1,
			At: access.Time(rapid.Int64Min(1).Draw(t, "at")), Actor: "operator:" + word.Draw(t, "actor"), Action: "test." + word.Draw(t, "action"),
			Object: access.IdentityID(rapid.Int64Min(0).Draw(t, "object")).Ref(), Facts: facts,
			Commitment: rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "commitment"),
		}
		if r.Object.IsZero() {
			r.Object = access.Ref{}
		}
		leaf := r.AppendLeaf(nil)
		got, err := ParseLeaf(leaf)
		if err != nil {
			t.Fatalf("%s: %v", leaf, err)
		}
		if string(got.AppendLeaf(nil)) != string(leaf) {
			t.Fatalf("%s became %s", leaf, got.AppendLeaf(nil))
		}
	})
}

// The form of a leaf is for ever: this text must never have to change.
func TestLeafForm(t *testing.T) {
	r := Record{
		ID: 7, Set: 5, Rev: 4, At: 1767366245000000, Actor: "idn_0000000000001", Action: "inventory.sync", Object: access.SystemID(2).Ref(),
		Facts: `{"accounts":"12"}`, Commitment: []byte{1, 2, 3},
	}
	const want = `{"v":1,"id":7,"set":5,"rev":4,"at":1767366245000000,"actor":"idn_0000000000001","action":"inventory.sync",` +
		`"object":"sys_0000000000002","facts":{"accounts":"12"},"commitment":"AQID"}`
	if got := string(r.AppendLeaf(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, no := range []string{"", "{}", strings.Replace(want, `"v":1`, `"v":2`, 1), want + " ", strings.Replace(want, `":12`, `": 12`, 1), strings.Replace(want, `"12"`, `"Ana A"`, 1)} {
		if no == want {
			continue
		}
		if _, err := ParseLeaf([]byte(no)); !errors.Is(err, ErrLeaf) {
			t.Errorf("%s was read as a leaf: %v", no, err)
		}
	}
}

func TestCheckpointIsOfItsLogAndKey(t *testing.T) {
	key, kept, err := NewLogKey()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseLogKey(kept)
	if err != nil || again.Verifier() != key.Verifier() {
		t.Fatal(err)
	}
	other, _, err := NewLogKey()
	if err != nil {
		t.Fatal(err)
	}
	want := Checkpoint{Size: 3, Rev: 2, At: 5}
	text, err := key.Sign(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenCheckpoint(text, key.Verifier()); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := OpenCheckpoint(text, other.Verifier()); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("another key accepts it: %v", err)
	}
	for i := range text {
		b := []byte(text)
		b[i] ^= 1
		if got, err := OpenCheckpoint(string(b), key.Verifier()); err == nil {
			t.Errorf("byte %d may change: %+v", i, got)
		}
	}
}
