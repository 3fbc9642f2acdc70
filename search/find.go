package search

import (
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fold"
)

// Hit is something that was found.
type Hit struct {
	Ref    access.Ref
	Name   string
	Kind   string // of what kind it is within its own: human, admin, group, high
	State  string
	Tier   *access.Tier
	System Named[access.SystemID]
	Off    int // by how many edits its words are off what was typed
}

// Found is what a search found.
type Found struct {
	Rev   access.Rev
	Hits  []Hit
	Total int // of what matches as well as what is shown
	Of    map[access.ObjectKind]int
}

// Find answers a query of one who may see so much: what matches best first, then by
// kind, then what is privileged or in use first, then by name. What is off by an edit is
// looked for where too little is found without.
func (x *Index) Find(ctx context.Context, text string, sight Sight, limit int) (Found, error) {
	q, err := Parse(text)
	if err != nil {
		return Found{}, err
	}
	end, err := x.reading()
	if err != nil {
		return Found{}, err
	}
	defer end()
	f := Found{Rev: x.view.Rev(), Of: map[access.ObjectKind]int{}}
	if len(q.Terms) == 0 && len(q.Asks) == 0 {
		return f, nil
	}
	a := &asking{content: &x.content, sight: sight, now: x.now()}
	if ref, err := access.ParseRef(strings.TrimSpace(text)); err == nil {
		a.findRef(&f, ref)
		return f, nil
	}
	rooms := map[access.ObjectKind]*roaring.Bitmap{}
	taken := map[access.ObjectKind]*roaring.Bitmap{}
	for _, kind := range Kinds {
		if room := a.room(kind, q); !room.IsEmpty() {
			rooms[kind], taken[kind] = room, roaring.New()
		}
	}
	for way := exactly; way <= q.ways() && (way <= asBeginning || len(f.Hits) < limit); way++ {
		for _, kind := range Kinds {
			if rooms[kind] == nil {
				continue
			}
			if err := ctx.Err(); err != nil {
				return f, err
			}
			b := a.matching(kind, q, rooms[kind], way)
			b.AndNot(taken[kind])
			taken[kind].Or(b)
			f.Of[kind] += int(b.GetCardinality()) //nolint:gosec // keys are 32 bits
			for _, key := range a.best(kind, b, limit-len(f.Hits)) {
				f.Hits = append(f.Hits, a.hit(kind, key, max(0, way-asBeginning)))
			}
		}
	}
	for _, n := range f.Of {
		f.Total += n
	}
	return f, nil
}

// ways is the last way in which something else may be found than in those before.
func (q *Query) ways() int {
	last := exactly
	for _, t := range q.Terms {
		if !t.Not && !t.Phrase {
			last = max(last, asBeginning+editsFor(t.Words[0]))
		}
	}
	return last
}

func (a *asking) findRef(f *Found, ref access.Ref) {
	if slices.Contains(Kinds, ref.Kind) && ref.Key <= 1<<32-1 && a.seen(ref.Kind, a.sight).Contains(uint32(ref.Key)) { //nolint:gosec // it was compared
		f.Hits, f.Total, f.Of[ref.Kind] = []Hit{a.hit(ref.Kind, uint32(ref.Key), 0)}, 1, 1 //nolint:gosec // it was compared
	}
}

// room is what of a kind may be seen and fits the operators.
func (a *asking) room(kind access.ObjectKind, q Query) *roaring.Bitmap {
	if _, sees := a.sight[kind]; !sees {
		return roaring.New()
	}
	room := a.seen(kind, a.sight)
	for _, k := range q.Asks {
		if room.IsEmpty() {
			break
		}
		a.answer(kind, k).narrow(room, k.Not)
	}
	return room
}

// matching are the objects in a room that have all words in a way or a better one.
func (a *asking) matching(kind access.ObjectKind, q Query, room *roaring.Bitmap, way int) *roaring.Bitmap {
	s, b := a.shelves[kind], room.Clone()
	for _, t := range q.Terms {
		if b.IsEmpty() {
			break
		}
		up := way
		if t.Phrase || t.Not {
			up = exactly
		}
		has := roaring.New()
		for i, word := range t.Words {
			f := a.word(kind, word, up)
			if i == 0 {
				has.Or(f)
			} else {
				has.And(f)
			}
		}
		if t.Phrase {
			has = a.inPhrase(s, has, t.Words)
		}
		set{keys: has}.narrow(b, t.Not)
	}
	return b
}

// word are the objects that have a word in a way. It is looked for twice at most: as
// it is and as a beginning, and then with edits.
func (a *asking) word(kind access.ObjectKind, word string, way int) *roaring.Bitmap {
	key := foundKey{kind, word, max(way, asBeginning) > asBeginning}
	f, ok := a.found[key]
	if !ok {
		up := asBeginning
		if key.edited {
			up = offByTwo
		}
		f = a.shelves[kind].words.find(word, up)
		if a.found == nil {
			a.found = map[foundKey]found{}
		}
		a.found[key] = f
	}
	return f[way]
}

// foundKey is a word that was looked for in a kind.
type foundKey struct {
	kind   access.ObjectKind
	word   string
	edited bool
}

// inPhrase leaves those whose name has words one behind the other.
func (a *asking) inPhrase(s *shelf, of *roaring.Bitmap, phrase []string) *roaring.Bitmap {
	var list []uint32
	text := " " + strings.Join(phrase, " ") + " "
	each(of, func(key uint32) {
		name := s.names.of(key)
		if strings.Contains(" "+strings.Join(fold.Words(name), " ")+" ", text) {
			list = append(list, key)
			return
		}
		if spelled, has := fold.Spelled(name); has && strings.Contains(" "+strings.Join(fold.Words(spelled), " ")+" ", text) {
			list = append(list, key)
		}
	})
	return roaring.BitmapOf(list...)
}

// favoured are, for each kind, the facts of what is shown first: what is privileged,
// then what is in use.
var favoured = map[access.ObjectKind][][]fact{
	access.KindIdentity: {{{aboutState, string(access.Active)}}},
	access.KindAccount: {
		{{aboutKind, string(access.AdminAccount)}, {aboutState, string(access.Enabled)}},
		{{aboutKind, string(access.BreakGlassAccount)}, {aboutState, string(access.Enabled)}},
		{{aboutState, string(access.Enabled)}},
	},
	access.KindEntitlement: {{{aboutTier, none}}, {{aboutTier, "0"}}, {{aboutTier, "1"}}, {{aboutTier, "2"}}},
	access.KindFinding:     {{{aboutSeverity, "critical"}}, {{aboutSeverity, "high"}}, {{aboutSeverity, "medium"}}},
}

// best lists up to limit keys of a set, what is favoured first, else by name.
func (a *asking) best(kind access.ObjectKind, of *roaring.Bitmap, limit int) (list []uint32) {
	s, rest := a.shelves[kind], of.Clone()
	take := func(b *roaring.Bitmap) {
		if room := limit - len(list); room > 0 && !b.IsEmpty() {
			list = append(list, s.names.walk(b, nil, false, room)...)
		}
	}
	for _, facts := range favoured[kind] {
		if limit <= len(list) {
			return list
		}
		b := rest.Clone()
		for _, f := range facts {
			b.And(s.with(f.about, f.is))
		}
		rest.AndNot(b)
		take(b)
	}
	take(rest)
	return list
}

func (a *asking) hit(kind access.ObjectKind, key uint32, off int) Hit {
	ref := access.Ref{Kind: kind, Key: int64(key)}
	h := Hit{Ref: ref, Name: a.nameOf(ref), Off: off}
	switch kind {
	case access.KindIdentity:
		n, _ := a.view.Identity(access.IdentityID(key))
		h.Kind, h.State = string(n.Kind), string(n.State)
	case access.KindAccount:
		n, _ := a.view.Account(access.AccountID(key))
		h.Kind, h.State, h.System = string(n.Kind), string(n.Status), a.systemNamed(n.System)
	case access.KindEntitlement:
		n, _ := a.view.Entitlement(access.EntitlementID(key))
		h.Kind, h.System = n.Kind, a.systemNamed(n.System)
		h.Tier = &n.Tier
	case access.KindSystem:
		n, _ := a.view.System(access.SystemID(key))
		h.Kind = string(n.Environment)
	case access.KindResource:
		n, _ := a.view.Resource(access.ResourceID(key))
		h.Kind, h.System = string(n.DataClass), a.systemNamed(n.System)
	case access.KindFinding:
		if f := a.findings[access.FindingID(key)]; f != nil {
			h.Kind, h.State, h.System = string(f.Severity), f.Status, a.systemNamed(f.System)
		}
	default:
	}
	return h
}
