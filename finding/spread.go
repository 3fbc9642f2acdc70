package finding

import (
	"iter"

	"github.com/writhq/writ/access"
)

// workers is how many look at once; more gain little beside one who writes.
const workers = 2

// chunkBits is how many objects are looked at in a row, as a power of two.
const chunkBits = 12

// chunk is what was found at neighbouring objects.
type chunk struct {
	number int64
	found  []found
}

// spread looks at objects beside each other and yields what is found in the order
// of their keys. It reports whether the caller wants more.
func spread(keys iter.Seq[access.Ref], checker func() *checker, yield func(found) bool) bool {
	stop := make(chan struct{})
	defer close(stop)
	var heads [workers]chunk
	var more [workers]bool
	var from [workers]chan chunk
	for w := range workers {
		from[w] = make(chan chunk, 1)
		go lookAt(keys, checker(), int64(w), from[w], stop)
		heads[w], more[w] = receive(from[w])
	}
	for {
		next := -1
		for w := range workers {
			if more[w] && (next < 0 || heads[w].number < heads[next].number) {
				next = w
			}
		}
		if next < 0 {
			return true
		}
		for _, f := range heads[next].found {
			if !yield(f) {
				return false
			}
		}
		heads[next], more[next] = receive(from[next])
	}
}

func receive(from chan chunk) (chunk, bool) {
	c, ok := <-from
	return c, ok
}

// lookAt looks at every chunk whose turn is worker's.
func lookAt(keys iter.Seq[access.Ref], c *checker, worker int64, to chan<- chunk, stop <-chan struct{}) {
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
	for ref := range keys {
		number := ref.Key >> chunkBits
		if number%workers != worker {
			continue
		}
		if number != now.number {
			if !send() {
				return
			}
			now.number = number
		}
		now.found = append(now.found, c.look(ref))
	}
	send()
}
