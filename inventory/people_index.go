package inventory

import (
	"encoding/binary"
	"hash/maphash"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/writhq/writ/access"
)

// keyKind is what of an identity a key is.
type keyKind byte

const (
	numberKey keyKind = iota
	emailKey
	loginKey
	normalKey    // a login in normal form
	nameLoginKey // a login such as people of the name have
	blockKey     // see blocksOf
	outerKey     // the outer parts of a name, see outerOf
	keyKinds
)

// keysOf calls fn with every key that an identity can be found by.
func keysOf(p *Person, plain string, fn func(keyKind, string)) {
	add := func(k keyKind, key string) {
		if key != "" {
			fn(k, key)
		}
	}
	add(numberKey, p.Number)
	add(emailKey, strings.ToLower(p.Email))
	add(loginKey, strings.ToLower(p.Login))
	normal := normalLogin(p.Login)
	add(normalKey, normal)
	if p.Kind != access.Human {
		add(loginKey, strings.ToLower(p.Number))
		add(loginKey, strings.ToLower(p.Name))
		return
	}
	local, _, _ := strings.Cut(p.Email, "@")
	if other := normalLogin(local); other != normal {
		add(normalKey, other)
	}
	for _, login := range loginsOf(plain) {
		add(nameLoginKey, login)
	}
	blocksOf(plain, func(key string) { add(blockKey, key) })
	if p := partsOf(plain); p.n > 1 {
		add(outerKey, outerOf(p.of[0], p.of[p.n-1]))
	}
}

// peopleIndex finds people by what an account may say of them, all people of a key,
// so that a second one is seen. It is made for a million: what they are called lies
// in few large texts, and a key is eight bytes. Keys are found by a hash under a
// seed of this index and held against the person, so that nothing depends on hashes
// being different.
type peopleIndex struct {
	seed  maphash.Seed
	ids   []access.IdentityID // in their order
	kinds []byte              // places in named
	named []access.IdentityKind
	at    []uint64 // where their text begins: number of the text, then the place in it
	texts []string
	last  strings.Builder // the text that is being filled
	keys  [keyKinds][]hashed
}

// hashed is half of a key's hash, then whose key it is.
type hashed uint64

func (h hashed) person() int32 { return int32(h & 0xffffffff) } //nolint:gosec // fewer people than that

const textSize = 1 << 20

func newPeopleIndex() *peopleIndex { return &peopleIndex{seed: maphash.MakeSeed()} }

// indexOf is an index that is ready.
func indexOf(people []Person) *peopleIndex {
	x := newPeopleIndex()
	for _, p := range people {
		x.add(&p)
	}
	x.ready()
	return x
}

// add takes a person in; they come in the order of their ids.
func (x *peopleIndex) add(p *Person) {
	i := uint64(len(x.ids))
	plain := plainName(p.Name)
	var head [5 * binary.MaxVarintLen64]byte
	b := head[:0]
	fields := [...]string{p.Number, p.Email, p.Login, p.Name, plain}
	size := 0
	for _, f := range fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		size += len(f)
	}
	if size += len(b); x.last.Len() > 0 && x.last.Len()+size > textSize {
		x.seal()
	}
	if x.last.Len() == 0 {
		x.last.Grow(max(textSize, size))
	}
	x.ids, x.kinds = append(x.ids, p.ID), append(x.kinds, x.kindOf(p.Kind))
	x.at = append(x.at, uint64(len(x.texts))<<32|uint64(x.last.Len())) //nolint:gosec // lengths
	x.last.Write(b)
	for _, f := range fields {
		x.last.WriteString(f)
	}
	keysOf(p, plain, func(k keyKind, key string) {
		x.keys[k] = append(x.keys[k], hashed(x.hash(key)<<32|i))
	})
}

func (x *peopleIndex) kindOf(k access.IdentityKind) byte {
	i := slices.Index(x.named, k)
	if i < 0 {
		i = len(x.named)
		x.named = append(x.named, k)
	}
	return byte(i) //nolint:gosec // there are three
}

func (x *peopleIndex) human(i int32) bool { return x.named[x.kinds[i]] == access.Human }

func (x *peopleIndex) hash(key string) uint64 { return maphash.String(x.seed, key) }

func (x *peopleIndex) seal() {
	x.texts = append(x.texts, x.last.String())
	x.last = strings.Builder{}
}

// ready sorts the keys, the kinds of them at once.
func (x *peopleIndex) ready() {
	if x.last.Len() > 0 {
		x.seal()
	}
	var all sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for k := range x.keys {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			slices.Sort(x.keys[k])
			x.keys[k] = slices.Clone(slices.Compact(x.keys[k])) // without the room to grow
		})
	}
	all.Wait()
}

// person reads one back, and their plain name.
func (x *peopleIndex) person(i int32) (p Person, plain string) {
	text := x.texts[x.at[i]>>32][x.at[i]&0xffffffff:]
	var lengths [5]int
	for n := range lengths {
		for shift := 0; ; shift += 7 {
			c := text[0]
			text = text[1:]
			lengths[n] |= int(c&0x7f) << shift
			if c < 0x80 {
				break
			}
		}
	}
	take := func(n int) (s string) {
		s, text = text[:n], text[n:]
		return s
	}
	p = Person{ID: x.ids[i], Kind: x.named[x.kinds[i]], Number: take(lengths[0]), Email: take(lengths[1]), Login: take(lengths[2]), Name: take(lengths[3])}
	return p, take(lengths[4])
}

// byID finds a person; ok is false where there is none.
func (x *peopleIndex) byID(id access.IdentityID) (i int32, ok bool) {
	n, ok := slices.BinarySearch(x.ids, id)
	return int32(n), ok //nolint:gosec // fewer people than that
}

// hits are the people who have a key, and a few who have one of the same hash.
func (x *peopleIndex) hits(k keyKind, key string) []hashed {
	list := x.keys[k]
	h := hashed(x.hash(key) << 32)
	from, _ := slices.BinarySearch(list, h)
	to := from
	for to < len(list) && list[to]>>32 == h>>32 {
		to++
	}
	return list[from:to]
}

// find returns the people who have a key, in the order of their ids.
func (x *peopleIndex) find(k keyKind, key string) (found []int32) {
	if key == "" {
		return nil
	}
	for _, h := range x.hits(k, key) {
		if i := h.person(); x.has(i, k, key) {
			found = append(found, i)
		}
	}
	return found
}

// has holds a key against the person.
func (x *peopleIndex) has(i int32, k keyKind, key string) (ok bool) {
	p, plain := x.person(i)
	if k == numberKey {
		return p.Number == key
	}
	if k == emailKey {
		return strings.ToLower(p.Email) == key
	}
	keysOf(&p, plain, func(kind keyKind, has string) { ok = ok || kind == k && has == key })
	return ok
}
