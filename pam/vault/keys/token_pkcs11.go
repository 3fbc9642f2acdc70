//go:build pkcs11 && cgo

package keys

import (
	"crypto/rand"
	"os"
	"sync"

	"github.com/miekg/pkcs11"
)

const (
	gcmNonce   = 12
	gcmTagBits = 128
)

// tokenLock locks with an AES key that never leaves the token, in its own AES-GCM.
type tokenLock struct {
	mu      sync.Mutex
	ctx     *pkcs11.Ctx
	session pkcs11.SessionHandle
	key     pkcs11.ObjectHandle
}

// Usable reports why the token cannot be used, or nil: its library is there.
func (t *Token) Usable() error {
	if info, err := os.Stat(t.Module); err != nil || !info.Mode().IsRegular() {
		return ErrSeal.With("the token's library %s is not there", t.Module).Because(err)
	}
	return nil
}

// open signs in to the token and finds the key in it, or makes it.
func (t *Token) open(create bool) (_ lock, err error) {
	fail := func(what string, cause error) error {
		return ErrSeal.With("the hardware token %q: %s", t.Label, what).Because(cause)
	}
	ctx := pkcs11.New(t.Module)
	if ctx == nil {
		return nil, fail("its library cannot be loaded", nil)
	}
	if err := ctx.Initialize(); err != nil && err != pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) { //nolint:errorlint // the library compares so
		return nil, fail("it cannot be reached", err)
	}
	l := &tokenLock{ctx: ctx}
	slot, err := t.slot(ctx)
	if err != nil {
		return nil, fail("it is not there", err)
	}
	if l.session, err = ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION); err != nil {
		return nil, fail("it opens no session", err)
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if err := ctx.Login(l.session, pkcs11.CKU_USER, string(t.PIN.Reveal())); err != nil && err != pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN) { //nolint:errorlint // the library compares so
		return nil, fail("it does not take the PIN", err)
	}
	there, err := l.find(t.Key)
	if err != nil {
		return nil, fail("its keys cannot be read", err)
	}
	if !there && create {
		if there, err = l.make(t.Key); err != nil {
			return nil, fail("it makes no key", err)
		}
	}
	if !there {
		return nil, fail("the vault's key "+t.Key+" is not in it", nil)
	}
	return l, nil
}

func (t *Token) slot(ctx *pkcs11.Ctx) (uint, error) {
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return 0, err
	}
	for _, s := range slots {
		if info, err := ctx.GetTokenInfo(s); err == nil && info.Label == t.Label {
			return s, nil
		}
	}
	return 0, pkcs11.Error(pkcs11.CKR_TOKEN_NOT_PRESENT)
}

func (l *tokenLock) find(label string) (bool, error) {
	err := l.ctx.FindObjectsInit(l.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	})
	if err != nil {
		return false, err
	}
	list, _, err := l.ctx.FindObjects(l.session, 2)
	if end := l.ctx.FindObjectsFinal(l.session); err == nil {
		err = end
	}
	if err != nil || len(list) == 0 {
		return false, err
	}
	if len(list) > 1 {
		return false, ErrSeal.With("it has several keys of that label")
	}
	l.key = list[0]
	return true, nil
}

// make makes a key that cannot be taken out.
func (l *tokenLock) make(label string) (bool, error) {
	var err error
	l.key, err = l.ctx.GenerateKey(l.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, keySize),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
	})
	return err == nil, err
}

func (l *tokenLock) seal(plain, place []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	nonce := make([]byte, gcmNonce)
	_, _ = rand.Read(nonce) // it never fails
	p := pkcs11.NewGCMParams(nonce, place, gcmTagBits)
	defer p.Free()
	if err := l.ctx.EncryptInit(l.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, p)}, l.key); err != nil {
		return nil, ErrSeal.Because(err)
	}
	sealed, err := l.ctx.Encrypt(l.session, plain)
	if err != nil {
		return nil, ErrSeal.Because(err)
	}
	if iv := p.IV(); len(iv) == gcmNonce { // some tokens make their own
		nonce = iv
	}
	return append(nonce, sealed...), nil
}

func (l *tokenLock) open(sealed, place []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(sealed) < gcmNonce {
		return nil, ErrTampered
	}
	p := pkcs11.NewGCMParams(sealed[:gcmNonce], place, gcmTagBits)
	defer p.Free()
	if err := l.ctx.DecryptInit(l.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, p)}, l.key); err != nil {
		return nil, ErrSeal.Because(err)
	}
	plain, err := l.ctx.Decrypt(l.session, sealed[gcmNonce:])
	if err != nil {
		return nil, ErrTampered.Because(err)
	}
	return plain, nil
}

// close ends the session. The library stays loaded: another lock may use it.
func (l *tokenLock) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.ctx.CloseSession(l.session) // it ends with the process anyway
}
