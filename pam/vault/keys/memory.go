package keys

import (
	"crypto/rand"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// keySize is that of every key here.
const keySize = 32

// pageKeys is how many keys are taken room for at a time.
const pageKeys = 128

// memory is where keys lie: pages that are not swapped out and not dumped where the
// platform has such. Whoever uses it holds the ring's lock.
type memory struct {
	pages [][]byte
	free  [][]byte
	loose bool // a page could not be locked
}

// key is one key in memory.
type key []byte

// room returns a place for a key.
func (m *memory) room() key {
	if len(m.free) == 0 {
		page, locked := newPage(pageKeys * keySize)
		m.loose = m.loose || !locked
		m.pages = append(m.pages, page)
		for i := range pageKeys {
			m.free = append(m.free, page[i*keySize:(i+1)*keySize:(i+1)*keySize])
		}
	}
	k := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	return k
}

// keep moves a key in and overwrites what it was in.
func (m *memory) keep(b []byte) (key, error) {
	if len(b) != keySize {
		clear(b)
		return nil, ErrTampered
	}
	k := m.room()
	copy(k, b)
	clear(b)
	return k, nil
}

// random makes a key.
func (m *memory) random() key {
	k := m.room()
	_, _ = rand.Read(k) // it never fails
	return k
}

// forget overwrites a key.
func (m *memory) forget(k key) {
	if k == nil {
		return
	}
	clear(k)
	m.free = append(m.free, k)
}

// wipe overwrites everything and gives the pages back.
func (m *memory) wipe() {
	for _, p := range m.pages {
		clear(p)
		freePage(p)
	}
	m.pages, m.free = nil, nil
}

// wrap encrypts under k for a place.
func (k key) wrap(plain, place []byte) ([]byte, error) {
	a, err := subtle.NewXChaCha20Poly1305(k)
	if err != nil {
		return nil, err
	}
	return a.Encrypt(plain, place)
}

// unwrap decrypts what wrap made for the same place.
func (k key) unwrap(wrapped, place []byte) ([]byte, error) {
	a, err := subtle.NewXChaCha20Poly1305(k)
	if err != nil {
		return nil, err
	}
	plain, err := a.Decrypt(wrapped, place)
	if err != nil {
		return nil, ErrTampered.Because(err)
	}
	return plain, nil
}
