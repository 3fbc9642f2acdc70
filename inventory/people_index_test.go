package inventory

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
)

// Invariant 11: the index finds exactly who has a key, and gives people back as they came, also
// where hashes are the same.
func TestPeopleIndexIsExact(t *testing.T) {
	p := newPopulation(3_000, 3)
	p.people = append(p.people,
		Person{ID: 9_001, Kind: access.Service, Number: "svc-1", Name: "Payroll", Email: "PAY@example.com"},
		Person{ID: 9_002, Kind: access.Human, Name: strings.Repeat("x", textSize+1)}, // longer than a text
		Person{ID: 9_003, Kind: access.Human})
	x := indexOf(p.people)
	type key struct {
		kind keyKind
		text string
	}
	want := map[key][]int32{}
	for i := range p.people {
		who := p.people[i]
		if got, plain := x.person(int32(i)); got != who || plain != plainName(who.Name) { //nolint:gosec // a few
			t.Fatalf("%+v came back as %+v, %q", who.ID, got.ID, plain)
		}
		keysOf(&who, plainName(who.Name), func(kind keyKind, text string) {
			if list := want[key{kind, text}]; len(list) == 0 || list[len(list)-1] != int32(i) { //nolint:gosec // a few
				want[key{kind, text}] = append(list, int32(i)) //nolint:gosec // a few
			}
		})
	}
	for k, list := range want {
		if got := x.find(k.kind, k.text); !slices.Equal(got, list) {
			t.Fatalf("%v finds %v, want %v", k, got, list)
		}
	}
	if got := x.find(numberKey, "E999999"); got != nil {
		t.Errorf("nobody's number finds %v", got)
	}
	for k := range x.keys { // everybody has every hash
		for i := range x.keys[k] {
			x.keys[k][i] &= 0xffffffff
		}
		slices.Sort(x.keys[k])
	}
	some := hashed(x.hash("E000007") << 32)
	for i := range x.keys[numberKey] {
		x.keys[numberKey][i] |= some
	}
	if got := x.find(numberKey, "E000007"); !slices.Equal(got, []int32{7}) {
		t.Errorf("among people of one hash it finds %v", got)
	}
}

// benchPopulation is a number of people that WRIT_BENCH_PEOPLE overrides.
func benchPopulation(b *testing.B) *population {
	n := 50_000
	if text := os.Getenv("WRIT_BENCH_PEOPLE"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	return newPopulation(n, 5)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPeopleIndex makes the index, and says how much it holds.
func BenchmarkPeopleIndex(b *testing.B) {
	p := benchPopulation(b)
	for b.Loop() {
		before := heap()
		x := indexOf(p.people)
		b.ReportMetric(float64(heap()-before)/float64(len(x.ids)), "B/person")
		var keys int
		for _, list := range x.keys {
			keys += len(list)
		}
		b.ReportMetric(float64(keys)/float64(len(x.ids)), "keys/person")
	}
}

// BenchmarkMatch looks for accounts of each variation.
func BenchmarkMatch(b *testing.B) {
	p := benchPopulation(b)
	m := newMatcher(indexOf(p.people), nil)
	for _, v := range variations {
		b.Run(strings.ReplaceAll(fmt.Sprint(v.what), " ", "-"), func(b *testing.B) {
			compared, capped, n := 0, 0, 0
			for b.Loop() {
				name, login, said := v.vary(p, &p.people[p.r.IntN(len(p.people))])
				if !said {
					continue
				}
				o := m.match(&Candidate{Kind: access.PersonAccount, Name: name, Login: login}, nil)
				n++
				if compared += o.compared; o.capped {
					capped++
				}
			}
			b.ReportMetric(float64(compared)/float64(max(1, n)), "compared/op")
			b.ReportMetric(100*float64(capped)/float64(max(1, n)), "%capped")
		})
	}
}
