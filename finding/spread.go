package finding

import (
	"iter"
	"sync"

	"github.com/writhq/writ/access"
)

// workers is how many look at once; more gain little beside one who writes.
const workers = 2

// How many objects one of them looks at in a row: of all that there are, and of the
// few that a step concerns.
const (
	manyInARow = 4096
	fewInARow  = 64
)

// ahead is how many rows one of them may be ahead of who writes. Rows differ: few
// objects take long.
const ahead = 16

// chunk is what was found at objects in a row.
type chunk struct {
	number int
	found  []found
}

// stream is what one worker finds, chunk by chunk.
type stream struct {
	from chan chunk
	head chunk
	more bool
}

func (s *stream) next() { s.head, s.more = <-s.from }

// spread looks at objects beside each other and yields what is found in the order
// that they come in. It reports whether the caller wants more.
func spread(refs iter.Seq[access.Ref], inARow int, checker func() *checker, yield func(found) bool) bool {
	stop := make(chan struct{})
	var all sync.WaitGroup
	defer func() { // whoever looks still may read what the caller changes next
		close(stop)
		all.Wait()
	}()
	streams := make([]*stream, workers)
	for w := range streams {
		streams[w] = &stream{from: make(chan chunk, ahead)}
		c := checker()
		all.Go(func() { lookAt(refs, c, turnsOf(w, inARow), streams[w].from, stop) })
	}
	for _, s := range streams {
		s.next()
	}
	for {
		var first *stream
		for _, s := range streams {
			if s.more && (first == nil || s.head.number < first.head.number) {
				first = s
			}
		}
		if first == nil {
			return true
		}
		for _, f := range first.head.found {
			if !yield(f) {
				return false
			}
		}
		first.next()
	}
}

// turnsOf says of which row the object in a place is, and whether it is worker's.
func turnsOf(worker, inARow int) func(place int) (row int, mine bool) {
	return func(place int) (int, bool) {
		row := place / inARow
		return row, row%workers == worker
	}
}

// lookAt looks at the objects whose rows are its own.
func lookAt(refs iter.Seq[access.Ref], c *checker, rowOf func(int) (int, bool), to chan<- chunk, stop <-chan struct{}) {
	defer close(to)
	var now chunk
	send := func() bool {
		if len(now.found) == 0 {
			return true
		}
		select {
		case to <- now:
			now.found = nil
			return true
		case <-stop:
			return false
		}
	}
	place := 0
	for ref := range refs {
		row, mine := rowOf(place)
		if place++; !mine {
			continue
		}
		if row != now.number {
			if !send() {
				return
			}
			now.number = row
		}
		now.found = append(now.found, c.look(ref))
	}
	send()
}
