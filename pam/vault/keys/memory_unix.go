//go:build linux || darwin || freebsd || netbsd || openbsd

package keys

import "golang.org/x/sys/unix"

// newPage returns memory of its own, and whether it stays out of the swap.
func newPage(size int) (page []byte, locked bool) {
	page, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size), false
	}
	undumped(page)
	return page, unix.Mlock(page) == nil
}

// freePage gives it back. What is no mapping is left to the collector.
func freePage(page []byte) {
	_ = unix.Munlock(page)
	_ = unix.Munmap(page)
}

// NoDumps keeps this process from leaving its memory in a file when it crashes, and others
// of the same user from looking into it, as far as the platform goes.
func NoDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	return undumpable()
}
