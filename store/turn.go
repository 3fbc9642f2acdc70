package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// turns lets the processes that write to one SQLite database take turns. SQLite itself
// only looks again after a while, so that whoever writes much, with short pauses, keeps
// others out for good. Whoever waits here has its turn before the one who writes has
// another: that one must wait outside of the room that the next one has not yet left.
type turns struct {
	room, pen *os.File // the pen is whose turn it is; the room holds who is next
}

const turnFile = "writ.turn"

func openTurns(dir string) (*turns, error) {
	room, err := os.OpenFile(filepath.Join(dir, turnFile+"-next"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	pen, err := os.OpenFile(filepath.Join(dir, turnFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errors.Join(err, room.Close())
	}
	return &turns{room, pen}, nil
}

// take waits for a turn, and returns what ends it. Whoever asks holds the process's one
// connection for writing, so that it is one at a time. The kernel ends the turn of a
// process that dies.
func (t *turns) take() (give func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	if err := lock(t.room, syscall.LOCK_EX); err != nil {
		return nil, err
	}
	err = lock(t.pen, syscall.LOCK_EX)
	if err := errors.Join(err, lock(t.room, syscall.LOCK_UN)); err != nil {
		return nil, err
	}
	return func() { _ = lock(t.pen, syscall.LOCK_UN) }, nil // closing ends it too
}

func (t *turns) close() error {
	if t == nil {
		return nil
	}
	return errors.Join(t.room.Close(), t.pen.Close())
}

func lock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting for a turn to write: %w", err)
		}
		return nil
	}
}
