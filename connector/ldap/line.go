package ldap

import (
	"errors"
	"net"
	"sync/atomic"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// What a server may send. A group of a million members is one answer of about 100 MB
// where the server has no ranges.
const (
	maxGreeting = 1 << 20   // in all, until Writ is signed in: certificates and two short answers
	maxAnswer   = 512 << 20 // to one request
)

var errFlood = errors.New("more than the server may send")

// line is the connection as the network has it, below TLS, which counts what comes
// in: the library takes in an answer of any length, from whoever has the address.
type line struct {
	net.Conn
	left  atomic.Int64
	flood atomic.Bool
}

func newLine(c net.Conn) *line {
	l := &line{Conn: c}
	l.allow(maxGreeting)
	return l
}

// allow is how much may come from now on.
func (l *line) allow(n int64) { l.left.Store(n) }

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if l.left.Add(-int64(n)) < 0 {
		l.flood.Store(true)
		return 0, errFlood
	}
	return n, err
}

// flooded is the error of a line that ended because too much came; nil if it did not.
func (s *session) flooded() error {
	switch {
	case !s.line.flood.Load():
		return nil
	case !s.open:
		return connector.ErrUnreachable.With("ldap %q: %s sent more than %d MiB before the sign-in was through, and was hung up on; check that the address is a directory's", s.name, s.addr(), maxGreeting>>20)
	}
	return connector.ErrIncomplete.With("ldap %q: %s sent more than %d MiB in one answer, and was hung up on; lower option page, or leave out what is so large with option user_filter or group_filter", s.name, s.addr(), maxAnswer>>20)
}

// search asks once. What comes counts anew for each request.
func (s *session) search(request *goldap.SearchRequest) (*goldap.SearchResult, error) {
	s.line.allow(maxAnswer)
	return s.conn.Search(request)
}

// modify makes one change.
func (s *session) modify(request *goldap.ModifyRequest) error {
	s.line.allow(maxAnswer)
	return s.conn.Modify(request)
}
