package ldap

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// liar is a server on loopback that says what no real one does. It understands just
// enough of RFC 4511 to be asked.
type liar struct {
	listener net.Listener
	answer   func(asked) []byte // one or more whole messages; nil hangs up
	ended    sync.WaitGroup
}

// asked is a request: of a search, where.
type asked struct {
	id    int64
	op    byte
	base  string
	scope byte
	body  []byte
}

// The requests of RFC 4511, by their tags.
const (
	opUnbind   = 0x42
	opBind     = 0x60
	opSearch   = 0x63
	opModify   = 0x66
	opAdd      = 0x68
	opDelete   = 0x4a
	opExtended = 0x77
)

// newLiar answers what answer has no word for as an empty directory would: sign-ins
// succeed, the root DSE is OpenLDAP's, and nothing is found.
func newLiar(t testing.TB, answer func(asked) []byte) *liar {
	t.Helper()
	l := &liar{answer: answer}
	var err error
	if l.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil { //nolint:noctx // a test's own listener
		t.Fatal(err)
	}
	l.ended.Go(func() {
		for {
			c, err := l.listener.Accept()
			if err != nil {
				return
			}
			l.ended.Go(func() { l.serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.listener.Close(); l.ended.Wait() })
	return l
}

func (l *liar) config(options ...string) connector.Config {
	return with(connector.Config{
		Name: "liar", Address: "ldap://" + l.listener.Addr().String() + "/dc=x", Credential: secret.New([]byte("x")),
		Options: map[string]string{optBindDN: "cn=me", optTLS: "none", optTimeout: "2", optPage: "5"},
	}, options...)
}

func (l *liar) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	for {
		_, body, err := readTLV(c)
		if err != nil {
			return
		}
		q := parseAsked(body)
		reply := l.answer(q)
		if reply == nil {
			reply = usual(q)
		}
		if _, err := c.Write(reply); err != nil || q.op == opUnbind {
			return
		}
		if q.op == opExtended { // what comes now is TLS, to which it has nothing to say
			_, _ = io.Copy(io.Discard, c)
			return
		}
	}
}

// usual is what an empty directory answers.
func usual(q asked) []byte {
	switch q.op {
	case opBind:
		return message(q.id, tlv(0x61, success()))
	case opSearch:
		if q.base == "" {
			return slices.Concat(found(q.id, "", "supportedControl", "1.2.840.113556.1.4.319", "namingContexts", "dc=x"), done(q.id, 0))
		}
		return done(q.id, 0)
	case opExtended:
		return message(q.id, tlv(0x78, success()))
	case opModify:
		return message(q.id, tlv(0x67, success()))
	}
	return []byte{}
}

func success() []byte { return slices.Concat(tlv(0x0a, []byte{0}), tlv(4), tlv(4)) }

// found is an entry; of attributes given as NAME, VALUE, NAME, VALUE those of one name
// are of one attribute.
func found(id int64, dn string, pairs ...string) []byte {
	var names []string
	values := map[string][]byte{}
	for pair := range slices.Chunk(pairs, 2) {
		if _, known := values[pair[0]]; !known {
			names = append(names, pair[0])
		}
		values[pair[0]] = append(values[pair[0]], tlv(4, []byte(pair[1]))...)
	}
	var list []byte
	for _, n := range names {
		list = append(list, tlv(0x30, tlv(4, []byte(n)), tlv(0x31, values[n]))...)
	}
	return message(id, tlv(0x64, tlv(4, []byte(dn)), tlv(0x30, list)))
}

// done ends a search, with a result code and the mark of the next page, if any.
func done(id int64, code byte, cookie ...string) []byte {
	op := tlv(0x65, tlv(0x0a, []byte{code}), tlv(4), tlv(4))
	if len(cookie) == 0 {
		return message(id, op)
	}
	value := tlv(0x30, tlv(2, []byte{0}), tlv(4, []byte(cookie[0])))
	return message(id, op, tlv(0xa0, tlv(0x30, tlv(4, []byte("1.2.840.113556.1.4.319")), tlv(4, value))))
}

func message(id int64, parts ...[]byte) []byte {
	n := binary.BigEndian.AppendUint32(nil, uint32(id)) //nolint:gosec // a test's own numbers
	return tlv(0x30, append([][]byte{tlv(2, n)}, parts...)...)
}

func tlv(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	head := []byte{tag, 0x84}
	return append(binary.BigEndian.AppendUint32(head, uint32(len(body))), body...) //nolint:gosec // a test's own lengths
}

func readTLV(r io.Reader) (tag byte, body []byte, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(r, head); err != nil {
		return 0, nil, err
	}
	n := int(head[1])
	if n >= 0x80 {
		more := make([]byte, n-0x80)
		if _, err = io.ReadFull(r, more); err != nil {
			return 0, nil, err
		}
		n = 0
		for _, b := range more {
			n = n<<8 | int(b)
		}
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r, body)
	return head[0], body, err
}

func parseAsked(message []byte) (q asked) {
	next := func() (tag byte, body []byte) {
		r := &window{message}
		tag, body, _ = readTLV(r)
		message = r.rest
		return tag, body
	}
	_, number := next()
	for _, b := range number {
		q.id = q.id<<8 | int64(b)
	}
	q.op, q.body = next()
	if q.op == opSearch {
		message = q.body
		_, base := next()
		_, scope := next()
		q.base, q.scope = string(base), scope[0]
	}
	return q
}

// window reads from what is left.
type window struct{ rest []byte }

func (w *window) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}
