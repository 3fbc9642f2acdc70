package search

import (
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
	for uint32(len(s.used)) <= key { //nolint:gosec // keys are dense
		s.used = append(s.used, 0)
	}
	s.used[key] = use
}

// put takes in an object that is new or has changed.
func (s *shelf) put(key uint32, t Text, list []fact) {
	s.here.Add(key)
	s.words.put(key, wordsOf(t))
	s.names.put(key, t.Name)
	s.setFacts(key, list)
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
