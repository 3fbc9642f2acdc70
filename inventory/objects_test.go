package inventory

import (
	"hash/maphash"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A table of objects is a map by native id that keeps the order in which they came.
func TestObjectsAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table Objects
		want := map[string]Object{}
		var order []string
		long, most := strings.Repeat("long", arenaBlock/3), 8 // each is looked at whole
		for range rapid.IntRange(0, 400).Draw(t, "n") {
			native := rapid.OneOf(rapid.StringN(0, 3, -1), rapid.SampledFrom([]string{"", "a", long})).Draw(t, "native")
			if native == long {
				if most--; most < 0 {
					native = "b"
				}
			}
			o := Object{Key: rapid.Int64Range(1, 1<<32-1).Draw(t, "key"), Live: rapid.Bool().Draw(t, "live"), Used: -1}
			o.Digest[3] = rapid.Byte().Draw(t, "digest")
			if _, ok := want[native]; !ok {
				order = append(order, native)
			}
			want[native] = o
			table.Put(native, o)
		}
		if table.Len() != len(want) {
			t.Fatalf("%d objects, want %d", table.Len(), len(want))
		}
		for native, o := range want {
			if got, ok := table.At(native); !ok || got != o {
				t.Fatalf("%q is %v, want %v", native, got, o)
			}
		}
		if _, ok := table.At("none of them"); ok {
			t.Fatal("there is one that was never put")
		}
		i := 0
		for x := range table.all() {
			if got := string(table.names.get(x.name)); got != order[i] {
				t.Fatalf("the %d-th is %q, want %q", i, got, order[i])
			}
			i++
		}
	})
}

// Two ids of one hash are two objects: a name is compared, not believed.
func TestObjectsOfOneHash(t *testing.T) {
	var table Objects
	table.add("the first makes the table")
	mask := uint64(len(table.slots) - 1)
	seen := map[uint64]string{}
	for i := 0; ; i++ {
		native := strconv.Itoa(i)
		h := maphash.String(table.seed, native)
		same := h<<32 | h>>32&mask // what a slot keeps, and where it is
		other, ok := seen[same]
		if !ok {
			seen[same] = native
			continue
		}
		table.Put(native, Object{Key: 1})
		table.Put(other, Object{Key: 2})
		if a, _ := table.At(native); a.Key != 1 {
			t.Fatalf("%s and %s are one object", native, other)
		}
		return
	}
}

// Many ids keep their objects while the table grows, and an object never moves.
func TestObjectsStayWhereTheyAre(t *testing.T) {
	var table Objects
	first := table.add("first")
	for i := range 50_000 {
		table.add(strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/1000)).key = uint32(i)
	}
	if table.find("first") != first {
		t.Fatal("the first object moved")
	}
}
