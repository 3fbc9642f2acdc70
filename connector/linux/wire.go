package linux

import (
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// wire is a connection whose end the library learns of only when no channel is on its way.
// It gives up the channels that it knows once it has read the end; one that it comes to know
// right after that would wait for its answer for ever (x/crypto/ssh, loop and openChannel of
// mux.go), and whoever opened it with it.
type wire struct {
	net.Conn
	opening chan struct{} // held from before a channel is asked for until that was written
	ended   chan struct{} // closed before the library reads the end
	end     sync.Once

	mu  sync.Mutex
	now *opened // by which opening is held; nil where it is not, or by the end
}

// opened is one channel that is asked for.
type opened struct{ name string }

func newWire(conn net.Conn) *wire {
	return &wire{Conn: conn, opening: make(chan struct{}, 1), ended: make(chan struct{})}
}

// endWait is how long the end waits for a channel that is being asked for: it may be stuck in
// an exchange of keys that does not end either.
const endWait = time.Second

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err != nil {
		w.end.Do(func() {
			defer close(w.ended)
			select {
			case w.opening <- struct{}{}:
			case <-time.After(endWait):
			}
		})
	}
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.mu.Lock()
	now := w.now
	w.mu.Unlock()
	w.written(now)
	return n, err
}

// begin waits for its turn to ask for a channel, and reports whether there is one.
func (w *wire) begin(c *opened) bool {
	select {
	case w.opening <- struct{}{}:
	case <-w.ended:
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = c
	return true
}

// written lets the next channel, or the end, come, unless that was done for this one.
func (w *wire) written(c *opened) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c != nil && w.now == c {
		w.now = nil
		<-w.opening
	}
}

// opener is a connection that asks for one channel after the other, and for none at its end.
type opener struct {
	ssh.Conn
	wire *wire
}

func (o *opener) OpenChannel(name string, data []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	c := &opened{name}
	if !o.wire.begin(c) {
		return nil, nil, io.EOF
	}
	defer o.wire.written(c)
	return o.Conn.OpenChannel(name, data)
}
