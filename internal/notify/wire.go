package notify

import (
	"errors"
	"net"
	"sync"
)

// maxAnswers is how much a server may say over one connection: a line of an answer has
// up to 512 bytes, and a mail takes a dozen.
const maxAnswers = 64 << 10

var errTalks = errors.New("the server says more than a mail server has to")

// wire is a connection that can be cut off at any time, also before there is one, and
// that hears so much only.
type wire struct {
	net.Conn

	mu   sync.Mutex
	shut bool
	left int
}

func (w *wire) took(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Conn, w.left = c, maxAnswers
	if w.shut {
		_ = c.Close()
	}
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = true
	if w.Conn != nil {
		_ = w.Close()
	}
}

// Read ends where the server has said too much. One goroutine reads.
func (w *wire) Read(b []byte) (int, error) {
	if w.left <= 0 {
		return 0, errTalks
	}
	n, err := w.Conn.Read(b[:min(len(b), w.left)])
	w.left -= n
	return n, err
}
