package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir makes this process the one owner of a data directory. The kernel drops
// the lock with the process, so a kill leaves nothing to clean up.
func lockDir(dir string) (func() error, error) {
	f, err := os.OpenFile(filepath.Join(dir, "writ.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, ErrConfig.With("the data directory %s cannot be written", dir).Because(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked.With("another process owns the data directory %s; end it, or name another with --data", dir)
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return func() error {
		// Said outright: a program that is being started at this moment has a copy of
		// the descriptor until it is running, and would keep the lock until then.
		return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
	}, nil
}
