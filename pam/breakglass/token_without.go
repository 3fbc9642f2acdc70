//go:build !pkcs11 || !cgo

package breakglass

import "crypto/ecdh"

// Open finds the key in the token, or makes it. This build cannot.
func (Hardware) Open(bool) (ecdh.KeyExchanger, func(), error) {
	return nil, nil, ErrToken.With("this build of Writ cannot use a hardware token: build it with cgo and -tags pkcs11")
}
