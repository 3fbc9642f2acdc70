package graph

import (
	"encoding/binary"
	"iter"
)

const (
	firstChunk = 512
	lastChunk  = 1 << 20
)

// lists keeps, for each dense id, the edges that start there as bytes: written
// once, linked where they arrive in parts, dropped as a whole. Snapshots share
// the chunks, because nobody writes below a published end.
type lists struct {
	heads  column[uint64] // place of the newest block + 1
	chunks [][]byte
	end    int // used of the last chunk
	size   int // bytes written
	dead   int // bytes of blocks that nothing leads to any more
	blocks int
	linked int // blocks that continue another
}

func (l *lists) share() lists {
	next := *l
	next.heads = l.heads.share()
	return next
}

// append adds a block of encoded edges to an id.
func (l *lists) append(gen generation, id uint32, payload []byte) {
	if len(payload) == 0 {
		return
	}
	head := l.heads.edit(gen, id)
	if *head != 0 {
		l.linked++
	}
	l.blocks++
	*head = l.write(*head, payload)
}

func (l *lists) write(prev uint64, payload []byte) uint64 {
	var buf [2 * binary.MaxVarintLen64]byte
	n := binary.PutUvarint(buf[:], prev)
	n += binary.PutUvarint(buf[n:], uint64(len(payload)))
	need := n + len(payload)
	if len(l.chunks) == 0 || len(l.chunks[len(l.chunks)-1])-l.end < need {
		grown := firstChunk
		if len(l.chunks) > 0 {
			grown = min(2*len(l.chunks[len(l.chunks)-1]), lastChunk)
		}
		l.chunks = append(l.chunks, make([]byte, max(grown, need)))
		l.end = 0
	}
	chunk := l.chunks[len(l.chunks)-1][l.end:]
	copy(chunk, buf[:n])
	copy(chunk[n:], payload)
	place := uint64(len(l.chunks)-1)<<32 | uint64(l.end)
	l.end += need
	l.size += need
	return place + 1
}

// block returns one block's payload, the place of the one before and its size.
func (l *lists) block(place uint64) (payload []byte, prev uint64, size int) {
	place--
	b := l.chunks[place>>32][uint32(place):]
	prev, n := binary.Uvarint(b)
	length, m := binary.Uvarint(b[n:])
	size = n + m + int(length)
	return b[n+m : size : size], prev, size
}

// each yields the payloads of an id, newest first.
func (l *lists) each(id uint32) iter.Seq[[]byte] { return l.payloads(l.heads.at(id)) }

// payloads yields those that begin at a place.
func (l *lists) payloads(place uint64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for place := place; place != 0; {
			payload, prev, _ := l.block(place)
			if !yield(payload) {
				return
			}
			place = prev
		}
	}
}

// drop forgets the edges of an id.
func (l *lists) drop(gen generation, id uint32) {
	place := l.heads.at(id)
	if place == 0 {
		return
	}
	*l.heads.edit(gen, id) = 0
	for place != 0 {
		_, prev, size := l.block(place)
		l.dead += size
		l.blocks--
		if prev != 0 {
			l.linked--
		}
		place = prev
	}
}

// compact rewrites the lists, one block an id, where half is dead or much is
// scattered over linked blocks.
func (l *lists) compact(gen generation) {
	if l.dead < max(l.size/2, lastChunk) && l.linked <= l.blocks/8 {
		return
	}
	fresh := lists{heads: l.heads.share()}
	var joined []byte
	for id, head := range l.heads.all {
		if *head == 0 {
			continue
		}
		joined = joined[:0]
		for payload := range l.each(id) {
			joined = append(joined, payload...)
		}
		fresh.blocks++
		*fresh.heads.edit(gen, id) = fresh.write(0, joined)
	}
	*l = fresh
}

// The encodings below keep no state from one edge to the next, so that blocks
// join by concatenation.

// appendTime writes whole seconds in five bytes and exact microseconds in eight.
func appendTime(b []byte, t int64) []byte {
	if t%1_000_000 == 0 {
		return binary.AppendVarint(b, t/1_000_000<<1)
	}
	return binary.AppendVarint(b, t<<1|1)
}

func readTime(b []byte) (int64, int) {
	v, n := binary.Varint(b)
	if v&1 == 1 {
		return v >> 1, n
	}
	return v >> 1 * 1_000_000, n
}
