package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

const (
	passes    = 3 // how often a list that changes meanwhile is read
	maxEmpty  = 8 // pages in a row without anything
	maxCursor = 4096
	// maxThings is how many users, or groups, one service may have.
	maxThings = 20_000_000
)

// errSlid says that a list is not what it was when its reading began.
var errSlid = errors.New("the list changed while it was read")

// thing is what a list has, and what is done with it.
type thing struct {
	id   string
	give func() error
}

// walk is the reading of one list, of which each thing is given once.
//
// Pages by number slide when something before them goes or comes. So each begins with
// the last thing of the page before, and all must be as many as the service says: else
// the list is read again, and what was given is passed over.
type walk struct {
	*session
	doing, at string
	query     url.Values
	next      func(*element) (thing, error)

	seed maphash.Seed
	seen map[uint64]uint8 // by the hash of its id: the pass that saw it last
	pass uint8

	// of this pass:
	total  int // -1 is not known
	count  int
	last   string
	cursor string
	empty  int
}

// page is what an answer says of itself.
type page struct {
	total *int
	next  string
	got   int
}

// walkAll reads a list as a whole.
func (c *session) walkAll(doing, at string, query url.Values, next func(*element) (thing, error)) error {
	w := &walk{session: c, doing: doing, at: at, query: query, next: next, seed: maphash.MakeSeed(), seen: map[uint64]uint8{}}
	for w.pass = 1; w.pass <= passes; w.pass++ {
		w.total, w.count, w.last, w.cursor, w.empty = -1, 0, "", "", 0
		err := w.read()
		if !errors.Is(err, errSlid) {
			return err
		}
	}
	return w.astray("it changes faster than it is read, or the service's pages do not fit together; try again when less happens there")
}

func (w *walk) astray(why string) error {
	return connector.ErrIncomplete.With("scim %q: %s: %s, nothing of it counts", w.name, w.doing, why)
}

func (w *walk) read() error {
	for start, first := 1, true; ; first = false {
		again := start <= w.count
		p, err := w.fetch(start, again, first)
		if err != nil {
			return err
		}
		if w.says.cursor {
			done, err := w.turn(p)
			if err != nil || done {
				return err
			}
			continue
		}
		fresh := p.got
		if again {
			fresh--
		}
		switch {
		case p.total == nil:
			return w.astray("the service does not say how many there are (totalResults)")
		case w.total >= 0 && *p.total != w.total:
			return errSlid
		case w.count > *p.total:
			return w.astray(fmt.Sprintf("the service says that there are %d, and gives more", *p.total))
		case w.count == *p.total:
			return nil
		case fresh <= 0:
			return w.astray(fmt.Sprintf("the service says that there are %d, and gives %d", *p.total, w.count))
		}
		w.total = *p.total
		if start = w.count; p.got < minPage {
			start = w.count + 1
		}
	}
}

// turn goes on to the next page by the service's own mark (RFC 9865).
func (w *walk) turn(p page) (done bool, err error) {
	if w.empty++; p.got > 0 {
		w.empty = 0
	}
	switch {
	case p.next == "" && p.total != nil && w.count < *p.total:
		return false, errSlid // or a service that takes no cursors, though it says so
	case p.next == "":
		return true, nil
	case len(p.next) > maxCursor:
		return false, w.astray("the service's mark between pages is too long")
	case p.next == w.cursor:
		return false, w.astray("a page leads to itself")
	case w.empty >= maxEmpty:
		return false, w.astray("one empty page follows another")
	}
	w.cursor = p.next
	return false, nil
}

// fetch reads one page. Where it begins again with the last thing of the page before, that
// one is passed over.
func (w *walk) fetch(start int, again, first bool) (p page, err error) {
	q := url.Values{"count": {strconv.Itoa(w.pageSize)}}
	for k, v := range w.query {
		q[k] = v
	}
	if w.says.cursor {
		again = false
		q.Set("cursor", w.cursor)
	} else {
		q.Set("startIndex", strconv.Itoa(start))
	}
	got, err := w.ask(request{doing: w.doing, method: http.MethodGet, path: w.at, query: q})
	if no, ok := errors.AsType[*refusal](err); ok && !first && (no.kind == "invalidCursor" || no.kind == "expiredCursor") {
		return p, errSlid
	}
	if err != nil {
		return p, w.refused(w.doing, err)
	}
	defer got.Close() //nolint:errcheck // read only
	p, err = w.list(got, func(e *element) error {
		t, err := w.next(e)
		if err != nil {
			return err
		}
		if again {
			if again = false; t.id != w.last {
				return errSlid
			}
			return nil
		}
		return w.take(t)
	})
	if err != nil && !errors.Is(err, errSlid) && !errors.Is(err, errEnough) {
		err = w.half(w.doing, err)
	}
	return p, err
}

// take gives a thing, unless an earlier pass has.
func (w *walk) take(t thing) error {
	if !isID(t.id) {
		return w.astray("there is one without an id, or with one that cannot be")
	}
	if w.count++; w.count > maxThings {
		return w.astray(fmt.Sprintf("there are more than %d", maxThings))
	}
	key := maphash.String(w.seed, t.id)
	before := w.seen[key]
	w.seen[key], w.last = w.pass, t.id
	switch before {
	case 0:
		return t.give()
	case w.pass:
		return w.astray("two have one id, " + strconv.Quote(clean(t.id)))
	}
	return nil
}

// list reads a ListResponse (RFC 7644 section 3.4.2), one thing at a time.
func (c *session) list(got *answer, each func(*element) error) (p page, err error) {
	m := &metered{Reader: got, left: maxElement}
	e := &element{json.NewDecoder(m), m}
	err = e.object(func(key string) error {
		switch {
		case strings.EqualFold(key, "Resources"):
			return e.array(func() error {
				p.got++
				return each(e)
			})
		case strings.EqualFold(key, "totalResults"):
			return e.Decode(&p.total)
		case strings.EqualFold(key, "nextCursor"):
			return e.Decode((*text)(&p.next))
		}
		return e.skip()
	})
	return p, err
}

// look reads one thing of a list, to see whether it may be read.
func (c *session) look(at string, next func(*element) (thing, error)) error {
	doing := "looking at " + at
	q := url.Values{"count": {"1"}}
	if c.says.cursor {
		q.Set("cursor", "")
	} else {
		q.Set("startIndex", "1")
	}
	got, err := c.ask(request{doing: doing, method: http.MethodGet, path: at, query: q})
	if err != nil {
		return c.refused(doing, err)
	}
	defer got.Close() //nolint:errcheck // read only
	p, err := c.list(got, func(e *element) error {
		t, err := next(e)
		if err == nil && !isID(t.id) {
			err = connector.ErrInput.With("scim %q: %s: one has no id, or one that cannot be", c.name, doing)
		}
		return err
	})
	if err != nil {
		return c.half(doing, err)
	}
	if p.total == nil && !c.says.cursor {
		return connector.ErrInput.With("scim %q: %s: the answer is no list of SCIM's; check the address", c.name, doing)
	}
	return nil
}
