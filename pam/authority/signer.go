package authority

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// generated makes a key: the private half as PKCS #8, the public one as PKIX.
func (a Algorithm) generated() (private secret.Secret, public []byte, err error) {
	var key crypto.Signer
	switch a {
	case Ed25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case P256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		return private, nil, ErrAuthority.With("%q is nothing to sign with", a)
	}
	if err != nil {
		return private, nil, err
	}
	defer wipe(key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return private, nil, err
	}
	defer clear(der)
	public, err = x509.MarshalPKIXPublicKey(key.Public())
	return secret.New(der), public, err
}

// opened is a private key in memory.
type opened struct {
	crypto.Signer
	ssh ssh.Signer // nil where the authority signs nothing of SSH
}

// open reads what the vault kept. A key that is not the published one signs nothing.
func open(private secret.Secret, k Key, forSSH bool) (*opened, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(private.Reveal())
	if err != nil {
		return nil, ErrKeyDiffers.Because(err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, ErrKeyDiffers
	}
	o := &opened{Signer: key}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil && !bytes.Equal(public, k.Public) {
		err = ErrKeyDiffers
	}
	if err == nil && forSSH {
		o.ssh, err = ssh.NewSignerFromSigner(key)
	}
	if err != nil {
		wipe(key)
		return nil, err
	}
	return o, nil
}

// wipe overwrites a private key as far as its library lets go of it.
func wipe(key crypto.Signer) {
	switch k := key.(type) {
	case ed25519.PrivateKey:
		clear(k)
	case *ecdsa.PrivateKey:
		clear(k.D.Bits()) //nolint:staticcheck // it is overwritten, and never used again
	}
}

// ring holds the private keys that are open in this process.
type ring struct {
	mu     sync.RWMutex // held for reading while something is signed, so that no key is wiped meanwhile
	keys   map[access.VersionID]*opened
	wipes  int
	fetch  func(ctx context.Context, a *Authority, k Key) (secret.Secret, error)
	usable func() error
}

// with calls fn with a key, which is good until it returns. fn asks nothing of the vault.
func (r *ring) with(ctx context.Context, a *Authority, k Key, fn func(*opened) error) error {
	if err := r.usable(); err != nil {
		return err
	}
	if done, err := r.held(k, fn); done {
		return err
	}
	r.mu.RLock()
	wipes := r.wipes
	r.mu.RUnlock()
	private, err := r.fetch(ctx, a, k)
	if err != nil {
		return err
	}
	defer private.Wipe()
	o, err := open(private, k, a.Kind.ssh())
	if err != nil {
		return err
	}
	if !r.keep(k, o, wipes) {
		wipe(o.Signer)
	}
	if done, err := r.held(k, fn); done {
		return err
	}
	return ErrChanged.With("the vault was sealed just now: ask again")
}

// keep holds a key that was opened, unless somebody was first or the vault was sealed since.
func (r *ring) keep(k Key, o *opened, wipes int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.keys[k.ID]; there || r.wipes != wipes {
		return false
	}
	r.keys[k.ID] = o
	return true
}

func (r *ring) held(k Key, fn func(*opened) error) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	o, ok := r.keys[k.ID]
	if !ok {
		return false, nil
	}
	return true, fn(o)
}

// wipe overwrites all keys. What is being signed ends first.
func (r *ring) wipe() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.keys {
		wipe(o.Signer)
	}
	clear(r.keys)
	r.wipes++
}
