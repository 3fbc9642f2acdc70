//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package keys

func newPage(size int) (page []byte, locked bool) { return make([]byte, size), false }

func freePage([]byte) {}

// NoDumps does nothing on this platform.
func NoDumps() error { return nil }
