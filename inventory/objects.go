package inventory

import (
	"encoding/binary"
	"hash/maphash"
	"iter"

	"github.com/writhq/writ/access"
)

// Objects are the things of one kind that a system has or had, by native id. A
// large system has millions, so they lie in blocks without a pointer in them: the
// garbage collector has nothing to look at, and nothing moves when more come.
type Objects struct {
	seed   maphash.Seed
	slots  []uint64 // 32 bits of an id's hash, and one more than where its object is
	blocks [][]object
	n      int
	names  arena
	last   *object // that was found: the same one is mostly asked for again
}

// Object is one known thing of a system. One that is gone keeps its key: should it
// return, it is the same object.
type Object struct {
	Key    int64
	Digest Digest
	Live   bool
	Used   access.Time // when an account was last used; -1 where that is not known
}

// object is an Object as it is kept. Assign caps keys.
type object struct {
	key    uint32 // while it is new, its number among the new ones
	state  objectState
	used   access.Time
	name   place
	digest Digest
}

type objectState uint8

const (
	isLive     objectState = 1 << iota
	isFresh                // key is not yet from the store
	isSeen                 // in this sync
	isCompared             // in this sync
)

func (o *object) is(s objectState) bool { return o.state&s != 0 }

const objectBlock = 1 << 13

// Put keeps what the store knows of a native id.
func (t *Objects) Put(native string, o Object) {
	x := t.add(native)
	x.key, x.digest, x.used, x.state = uint32(o.Key), o.Digest, o.Used, 0 //nolint:gosec // assign capped it
	if o.Live {
		x.state = isLive
	}
}

// At returns what is known of a native id.
func (t *Objects) At(native string) (Object, bool) {
	x := t.find(native)
	if x == nil {
		return Object{}, false
	}
	return Object{Key: int64(x.key), Digest: x.digest, Live: x.is(isLive), Used: x.used}, true
}

// Len is how many there are, gone ones too.
func (t *Objects) Len() int { return t.n }

// find returns the object of a native id, or nil. It stays where it is.
func (t *Objects) find(native string) *object {
	if t.n == 0 {
		return nil
	}
	if t.last != nil && string(t.names.get(t.last.name)) == native {
		return t.last
	}
	_, x := t.slot(native)
	if x != nil {
		t.last = x
	}
	return x
}

// slot returns where an id is, or where it would be.
func (t *Objects) slot(native string) (at int, x *object) {
	h := maphash.String(t.seed, native)
	mask := len(t.slots) - 1
	for at = int(h>>32) & mask; t.slots[at] != 0; at = (at + 1) & mask { //nolint:gosec // masked
		if t.slots[at]>>32 != h&0xffffffff {
			continue
		}
		x = t.at(int(uint32(t.slots[at])) - 1) //nolint:gosec // the lower half
		if string(t.names.get(x.name)) == native {
			return at, x
		}
	}
	return at, nil
}

func (t *Objects) at(i int) *object { return &t.blocks[i/objectBlock][i%objectBlock] }

// add returns the object of a native id, a new one where there is none.
func (t *Objects) add(native string) *object {
	if t.slots == nil {
		t.seed, t.slots = maphash.MakeSeed(), make([]uint64, 64)
	}
	at, x := t.slot(native)
	if x != nil {
		return x
	}
	if t.n%objectBlock == 0 {
		t.blocks = append(t.blocks, make([]object, objectBlock))
	}
	x = t.at(t.n)
	t.n++
	x.name, x.used = t.names.put(native), -1
	t.slots[at] = maphash.String(t.seed, native)<<32 | uint64(t.n)
	if t.n > len(t.slots)/4*3 {
		t.grow()
	}
	return x
}

// grow doubles the slots. Their half of the hash does not say where they belong.
func (t *Objects) grow() {
	t.slots = make([]uint64, 2*len(t.slots))
	mask := len(t.slots) - 1
	for i := range t.n {
		h := maphash.Bytes(t.seed, t.names.get(t.at(i).name))
		at := int(h>>32) & mask //nolint:gosec // masked
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = h<<32 | uint64(i+1) //nolint:gosec // not negative
	}
}

// native is the id of an object.
func (t *Objects) native(o *object) string { return string(t.names.get(o.name)) }

// all yields every object, in the order in which they came.
func (t *Objects) all() iter.Seq[*object] {
	return func(yield func(*object) bool) {
		for i := range t.n {
			if !yield(t.at(i)) {
				return
			}
		}
	}
}

// arena keeps byte strings behind one another. What is longer than a block has one
// of its own.
type arena struct {
	blocks [][]byte
}

// place is where an arena keeps something.
type place struct{ block, at uint32 }

const arenaBlock = 1 << 18

// room returns the block that n more bytes go into.
func (a *arena) room(n int) *[]byte {
	if last := len(a.blocks) - 1; last < 0 || len(a.blocks[last])+n > cap(a.blocks[last]) {
		a.blocks = append(a.blocks, make([]byte, 0, max(arenaBlock, n)))
	}
	return &a.blocks[len(a.blocks)-1]
}

func (a *arena) put(s string) place {
	b := a.room(len(s) + binary.MaxVarintLen32)
	p := place{uint32(len(a.blocks) - 1), uint32(len(*b))} //nolint:gosec // a block is at most a record long
	*b = append(binary.AppendUvarint(*b, uint64(len(s))), s...)
	return p
}

func (a *arena) get(p place) []byte {
	b := a.blocks[p.block][p.at:]
	n, k := binary.Uvarint(b)
	return b[k : k+int(n)] //nolint:gosec // put wrote it
}
