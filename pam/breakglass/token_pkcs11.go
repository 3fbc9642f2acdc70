//go:build pkcs11 && cgo

package breakglass

import (
	"crypto/ecdh"
	"encoding/asn1"

	"github.com/miekg/pkcs11"
)

// p256 names the curve to a token.
var p256 = []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}

// tokenKey is a key that never leaves its token.
type tokenKey struct {
	ctx     *pkcs11.Ctx
	session pkcs11.SessionHandle
	key     pkcs11.ObjectHandle
	public  *ecdh.PublicKey
}

// Open finds the key in the token, or makes it; end gives the token back.
func (h Hardware) Open(create bool) (_ ecdh.KeyExchanger, _ func(), err error) {
	fail := func(what string, cause error) error {
		return ErrToken.With("the hardware token %q: %s", h.Label, what).Because(cause)
	}
	ctx := pkcs11.New(h.Module)
	if ctx == nil {
		return nil, nil, fail("its library cannot be loaded", nil)
	}
	if err := ctx.Initialize(); err != nil && err != pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) { //nolint:errorlint // the library compares so
		return nil, nil, fail("it cannot be reached", err)
	}
	k := &tokenKey{ctx: ctx}
	if k.session, err = h.session(ctx); err != nil {
		return nil, nil, fail("it is not there, or opens no session", err)
	}
	end := func() { _ = ctx.CloseSession(k.session) } // it ends with the process anyway
	defer func() {
		if err != nil {
			end()
		}
	}()
	if err := ctx.Login(k.session, pkcs11.CKU_USER, string(h.PIN.Reveal())); err != nil && err != pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN) { //nolint:errorlint // the library compares so
		return nil, nil, fail("it does not take the PIN", err)
	}
	there, err := k.find(h.Key)
	if err == nil && !there && create {
		if err = k.make(h.Key); err == nil {
			there, err = k.find(h.Key)
		}
	}
	switch {
	case err != nil:
		return nil, nil, fail("its keys cannot be read, or made", err)
	case !there:
		return nil, nil, fail("the key "+h.Key+" is not in it", nil)
	}
	return k, end, nil
}

func (h Hardware) session(ctx *pkcs11.Ctx) (pkcs11.SessionHandle, error) {
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return 0, err
	}
	for _, s := range slots {
		if info, err := ctx.GetTokenInfo(s); err == nil && info.Label == h.Label {
			return ctx.OpenSession(s, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		}
	}
	return 0, pkcs11.Error(pkcs11.CKR_TOKEN_NOT_PRESENT)
}

// object finds the one object of a class and a label; zero is none.
func (k *tokenKey) object(class uint, label string) (pkcs11.ObjectHandle, error) {
	err := k.ctx.FindObjectsInit(k.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	})
	if err != nil {
		return 0, err
	}
	list, _, err := k.ctx.FindObjects(k.session, 2)
	if end := k.ctx.FindObjectsFinal(k.session); err == nil {
		err = end
	}
	switch {
	case err != nil || len(list) == 0:
		return 0, err
	case len(list) > 1:
		return 0, ErrToken.With("it has several keys of that label")
	}
	return list[0], nil
}

func (k *tokenKey) find(label string) (bool, error) {
	var err error
	if k.key, err = k.object(pkcs11.CKO_PRIVATE_KEY, label); err != nil || k.key == 0 {
		return false, err
	}
	public, err := k.object(pkcs11.CKO_PUBLIC_KEY, label)
	if err != nil || public == 0 {
		return false, err
	}
	got, err := k.ctx.GetAttributeValue(k.session, public, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil)})
	if err != nil {
		return false, err
	}
	var point []byte
	if _, err := asn1.Unmarshal(got[0].Value, &point); err != nil {
		return false, err
	}
	k.public, err = ecdh.P256().NewPublicKey(point)
	return err == nil, err
}

// make makes a key that cannot be taken out.
func (k *tokenKey) make(label string) error {
	_, _, err := k.ctx.GenerateKeyPair(k.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, p256),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
	}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_DERIVE, true),
	})
	return err
}

// PublicKey implements ecdh.KeyExchanger.
func (k *tokenKey) PublicKey() *ecdh.PublicKey { return k.public }

// Curve implements ecdh.KeyExchanger.
func (k *tokenKey) Curve() ecdh.Curve { return ecdh.P256() }

// ECDH implements ecdh.KeyExchanger, in the token.
func (k *tokenKey) ECDH(remote *ecdh.PublicKey) ([]byte, error) {
	how := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDH1_DERIVE, pkcs11.NewECDH1DeriveParams(pkcs11.CKD_NULL, nil, remote.Bytes()))}
	derived, err := k.ctx.DeriveKey(k.session, how, k.key, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
	})
	if err != nil {
		return nil, err
	}
	defer k.ctx.DestroyObject(k.session, derived) //nolint:errcheck // it ends with the session
	got, err := k.ctx.GetAttributeValue(k.session, derived, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
	if err != nil {
		return nil, err
	}
	return got[0].Value, nil
}
