//go:build !pkcs11 || !cgo

package keys

// errBuild is what a hardware token is in a build that cannot use one.
var errBuild = ErrSeal.With("this build of Writ cannot use a hardware token: build it with cgo and -tags pkcs11")

// Usable reports why the token cannot be used, or nil.
func (t *Token) Usable() error { return errBuild }

func (t *Token) open(bool) (lock, error) { return nil, errBuild }
