package linux

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// The library reads the end once what is asked for was written, and nothing is asked for
// after that.
func TestTheEndWaitsForWhatIsAskedFor(t *testing.T) {
	here, there := net.Pipe()
	w := newWire(here)
	first := &opened{"first"}
	if !w.begin(first) {
		t.Fatal("nothing may be asked for")
	}
	read := make(chan error, 1)
	go func() { _, err := w.Read(make([]byte, 1)); read <- err }()
	go func() { _, _ = io.ReadFull(there, make([]byte, 4)); _ = there.Close() }()
	select {
	case err := <-read:
		t.Fatalf("it ended before anything was written: %v", err)
	default:
	}
	if _, err := w.Write([]byte("open")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, io.EOF) {
		t.Fatalf("the end is %v", err)
	}
	w.written(first) // as its answer comes, or does not
	if w.begin(&opened{"second"}) {
		t.Error("a channel is asked for of a connection that has ended")
	}
	if _, _, err := (&opener{wire: w}).OpenChannel("session", nil); !errors.Is(err, io.EOF) {
		t.Errorf("it is answered %v", err)
	}
}

// What takes its turn late does not give another's away, and one that is never written holds
// the end up for a while only.
func TestTheEndDoesNotWaitForEver(t *testing.T) {
	here, there := net.Pipe()
	w := newWire(here)
	first, second := &opened{"first"}, &opened{"second"}
	w.begin(first)
	w.written(first)
	w.begin(second)
	w.written(first)
	read := make(chan error, 1)
	began := time.Now()
	_ = there.Close()
	go func() { _, err := w.Read(make([]byte, 1)); read <- err }()
	if err := <-read; !errors.Is(err, io.EOF) || time.Since(began) < endWait/2 {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}
