package graph

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

// TestSetIsASet changes a set across the size where it turns into a bitmap, over
// several generations, and looks at each generation's copy again at the end.
func TestSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dice{t}
		var s set
		truth := map[uint32]bool{}
		type copied struct {
			set  set
			want []uint32
		}
		var old []copied
		for gen := generation(1); gen < 5; gen++ {
			base, width := uint32(d.upTo(1<<20)), d.upTo(fewIDs+20)
			for i := range uint32(width) {
				s.add(gen, base+i*3)
				truth[base+i*3] = true
			}
			for _, x := range slices.Sorted(maps.Keys(truth)) {
				if d.upTo(3) == 0 {
					s.remove(gen, x)
					delete(truth, x)
				}
			}
			old = append(old, copied{set: s, want: slices.Sorted(maps.Keys(truth))})
		}
		for i, o := range old {
			got := slices.Collect(o.set.each)
			if !slices.Equal(got, o.want) || !slices.Equal(o.set.bitmap().ToArray(), o.want) || o.set.empty() != (len(o.want) == 0) {
				t.Fatalf("generation %d: got %v, want %v", i+1, got, o.want)
			}
		}
	})
}

// TestRelationKeepsGenerations does the same for one-to-many relations.
func TestRelationKeepsGenerations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dice{t}
		var r relation
		truth := map[[2]uint32]bool{}
		type copied struct {
			relation relation
			want     map[[2]uint32]bool
		}
		var old []copied
		for gen := generation(1); gen < 6; gen++ {
			r = r.share()
			for range d.upTo(30) {
				pair := [2]uint32{uint32(d.key(3)), uint32(d.key(5))}
				if d.yes() {
					r.add(gen, pair[0], pair[1])
					truth[pair] = true
				} else {
					r.remove(gen, pair[0], pair[1])
					delete(truth, pair)
				}
			}
			old = append(old, copied{relation: r, want: maps.Clone(truth)})
		}
		for i, o := range old {
			got := map[[2]uint32]bool{}
			for from := range uint32(4) {
				for to := range o.relation.each(from) {
					got[[2]uint32{from, to}] = true
				}
			}
			if !maps.Equal(got, o.want) {
				t.Fatalf("generation %d: got %v, want %v", i+1, got, o.want)
			}
		}
	})
}

// TestGrantsSurviveEncoding writes grants of one holder in parts, compacts, and
// reads them back exactly.
func TestGrantsSurviveEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dice{t}
		var l lists
		var want []heldGrant
		for id := range int64(d.upTo(20)) {
			g := heldGrant{
				id: rapid.Int64Range(1, 1<<40).Draw(t, "id")<<5 | id, entitlement: uint32(d.key(several - 1)), resource: uint32(d.none(several - 1)),
				mode: pick(d, access.Modes), flags: access.GrantFlags(d.upTo(255)), usageKnown: d.yes(), justified: d.yes(),
				end:      access.Time(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "end")),
				lastUsed: access.Time(rapid.Int64Range(-1e9, 1e10).Draw(t, "used") * 1e6),
			}
			want = append(want, g)
			l.append(1, 7, appendGrant(nil, &g))
			l.append(1, uint32(d.upTo(6)), appendGrant(nil, &g)) // somebody else's
		}
		before := l.share()
		l.heads = l.heads.share()
		l.compact(2)
		if len(want) > 1 && l.linked != 0 {
			t.Fatalf("%d blocks are still linked", l.linked)
		}
		for _, l := range []*lists{&before, &l} {
			got := slices.Collect(l.eachGrant(7))
			slices.SortFunc(got, func(a, b heldGrant) int { return int(a.id&31) - int(b.id&31) })
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
		l.drop(2, 7)
		if n := len(slices.Collect(l.eachGrant(7))); n != 0 || l.dead == 0 && len(want) > 0 {
			t.Fatalf("%d grants after dropping, %d bytes dead", n, l.dead)
		}
	})
}

func TestCompactingDropsTheDead(t *testing.T) {
	var l lists
	payload := appendGrant(nil, &heldGrant{id: 1 << 40, entitlement: 1 << 20, flags: 1})
	for id := uint32(1); l.size < 3*lastChunk; id++ {
		l.append(1, id, payload)
	}
	kept := l.heads.limit() / 8
	for id := kept; id < l.heads.limit(); id++ {
		l.drop(1, id)
	}
	l.compact(1)
	if l.dead != 0 || l.size > lastChunk {
		t.Fatalf("%d of %d bytes are dead after compacting", l.dead, l.size)
	}
	for id := range l.heads.limit() {
		if n := len(slices.Collect(l.eachGrant(id))); (n == 1) != (id >= 1 && id < kept) {
			t.Fatalf("holder %d has %d grants", id, n)
		}
	}
}
