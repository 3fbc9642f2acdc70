package search

import (
	"hash/fnv"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fold"
)

// shelf is what is known of the objects of one kind: that they are there, their words,
// their names, and which facts are true of them.
type shelf struct {
	here  *roaring.Bitmap
	words *words
	names *names
	facts map[fact]*roaring.Bitmap
	used  []uint32 // of accounts, by key: see useOf
	texts []uint32 // by key: a hash of the text that words and names are of
}

// fact is one that is true of an object or not: what it is about, and a value.
type fact struct{ about, is string }

// What facts are about.
const (
	aboutKind       = "kind"
	aboutState      = "state"
	aboutTier       = "tier"
	aboutSystem     = "system"
	aboutThirdParty = "third-party"
	aboutOwner      = "owner" // none where there is no field for one filled in
	aboutLink       = "link"  // orphan, disputed
	aboutUse        = "use"   // never, known
	aboutSeverity   = "severity"
	aboutFunction   = "function"
	aboutRule       = "rule"
)

func newShelf() *shelf {
	return &shelf{here: roaring.New(), words: newWords(), names: newNames(), facts: map[fact]*roaring.Bitmap{}}
}

// with are the objects that a fact is true of. It is not to be changed.
func (s *shelf) with(about, is string) *roaring.Bitmap {
	if b := s.facts[fact{about, is}]; b != nil {
		return b
	}
	return roaring.New()
}

// setFacts makes these the facts of an object, and no others.
func (s *shelf) setFacts(key uint32, list []fact) {
	for _, b := range s.facts {
		b.Remove(key)
	}
	s.addFacts(key, list)
}

func (s *shelf) addFacts(key uint32, list []fact) {
	for _, f := range list {
		b := s.facts[f]
		if b == nil {
			b = roaring.New()
			s.facts[f] = b
		}
		b.Add(key)
	}
}

func (s *shelf) setUse(key, use uint32) {
	s.used = room(s.used, key)
	s.used[key] = use
}

// put takes in an object that is new or has changed. Most changes are of facts: its
// words are left as they are where its text is the same.
func (s *shelf) put(key uint32, t Text, list []fact) {
	if s.here.CheckedAdd(key) || s.isOther(key, t) {
		s.words.put(key, wordsOf(t))
		s.names.put(key, t.Name)
		s.keepText(key, t)
	}
	s.setFacts(key, list)
}

// keepText keeps the hash of an object's text.
func (s *shelf) keepText(key uint32, t Text) {
	s.texts = room(s.texts, key)
	s.texts[key] = t.hash()
}

func (s *shelf) isOther(key uint32, t Text) bool {
	return int(key) >= len(s.texts) || s.texts[key] != t.hash() || s.names.of(key) != t.Name
}

// hash is one of 32 bits: of so many changes one goes by unseen, until the next one of
// that object, or of everything.
func (t *Text) hash() uint32 {
	h := fnv.New32a()
	for _, s := range t.More {
		_, _ = h.Write([]byte(s)) // it cannot fail
		_, _ = h.Write([]byte{0})
	}
	return h.Sum32()
}

// room returns a list that has a key.
func room(list []uint32, key uint32) []uint32 {
	if int(key) < len(list) {
		return list
	}
	return slices.Grow(list, int(key)+1-len(list))[:key+1]
}

func (s *shelf) remove(key uint32) {
	if !s.here.CheckedRemove(key) {
		return
	}
	s.words.remove(key)
	s.names.remove(key)
	s.setFacts(key, nil)
}

// From so many changes on, what changed is merged with the rest.
const lateAtMost = 1 << 14

func (s *shelf) isLate() bool { return len(s.words.late) > lateAtMost }

// useOf writes when an account was last used in whole seconds: 0 is not known, and 1 is
// never.
func useOf(known bool, at access.Time) uint32 {
	switch {
	case !known:
		return useUnknown
	case at <= 0:
		return useNever
	}
	return uint32(min(max(int64(at)/1_000_000, useNever+1), 1<<32-1)) //nolint:gosec // within its range
}

const (
	useUnknown = 0
	useNever   = 1
)

// wordsOf are the words that an object is found by, each once.
func wordsOf(t Text) []string {
	var list []string
	add := func(s string) {
		if s == "" {
			return
		}
		for _, word := range fold.Words(s) {
			list = appendNew(list, shorten(word))
		}
		if spelled, has := fold.Spelled(s); has {
			for _, word := range fold.Words(spelled) {
				list = appendNew(list, shorten(word))
			}
		}
	}
	add(t.Name)
	for _, s := range t.More {
		add(s)
	}
	return list
}

func appendNew(list []string, word string) []string {
	for _, w := range list {
		if w == word {
			return list
		}
	}
	return append(list, word)
}
