package canary

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Search looks for values. The zero value looks for none.
type Search struct {
	known map[string]bool
	marks [1 << 16]bool // the first two bytes of every form
	forms map[uint32][]form
}

// form is one way in which a value is written.
type form struct{ value, name, text string }

// Hit is a place where a value can be read.
type Hit struct{ Where, Value, Form string }

// String names the value, and does not say it.
func (h Hit) String() string { return fmt.Sprintf("%s has %s (%s)", h.Where, h.Value, h.Form) }

// Add has a value looked for from now on, by a name. One that is too short is not.
func (s *Search) Add(name, plain string) {
	if len(plain) < shortest || s.known[plain] {
		return
	}
	if s.known == nil {
		s.known, s.forms = map[string]bool{}, map[uint32][]form{}
	}
	s.known[plain] = true
	there := map[string]bool{}
	all := Forms(plain)
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		text := all[kind]
		if there[text] {
			continue
		}
		there[text] = true
		s.marks[uint16(text[0])<<8|uint16(text[1])] = true
		s.forms[begins(text)] = append(s.forms[begins(text)], form{name, kind, text})
	}
}

// Values tells how many are looked for.
func (s *Search) Values() int { return len(s.known) }

func begins[T string | []byte](text T) uint32 {
	return uint32(text[0])<<24 | uint32(text[1])<<16 | uint32(text[2])<<8 | uint32(text[3])
}

// In looks into what is at a place, and into what is packed there. Each form is told once.
func (s *Search) In(where string, data []byte) []Hit {
	found := map[Hit]bool{}
	s.in(where, data, 0, found)
	return slices.SortedFunc(maps.Keys(found), func(a, b Hit) int {
		return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(a.Value, b.Value), strings.Compare(a.Form, b.Form))
	})
}

func (s *Search) in(where string, data []byte, depth int, found map[Hit]bool) {
	for i := 0; i+shortest <= len(data); i++ {
		if !s.marks[uint16(data[i])<<8|uint16(data[i+1])] {
			continue
		}
		for _, f := range s.forms[begins(data[i:])] {
			if len(data)-i >= len(f.text) && string(data[i:i+len(f.text)]) == f.text {
				found[Hit{where, f.value, f.name}] = true
			}
		}
	}
	if depth < deepest {
		unpack(data, func(member string, inner []byte) { s.in(where+" > "+member, inner, depth+1, found) })
	}
}

// InDir looks into every file below a folder, and into their names, where may says so; nil
// is every one. What goes away meanwhile is passed by.
func (s *Search) InDir(dir string, may func(path string) bool) (hits []Hit, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		hits = append(hits, s.In("the name of "+path, []byte(filepath.Base(path)))...)
		if !d.Type().IsRegular() || may != nil && !may(path) {
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // a test's own
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		hits = append(hits, s.In(path, text)...)
		return err
	})
	return hits, err
}
