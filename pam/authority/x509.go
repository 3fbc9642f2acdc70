package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// The times of X.509: how long an authority's own certificate lasts, and how long a list
// of what is revoked is good.
const (
	rootLasts = 10 * 365 * 24 * time.Hour
	listLasts = 24 * time.Hour
)

// public reads the public half of a key.
func (k Key) public() (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return nil, fmt.Errorf("the public half of an authority's key: %w", err)
	}
	return key, nil
}

// serialOf is a serial number that nobody can guess, and that is unique by an id in it.
func serialOf(id int64) (*big.Int, error) {
	low := make([]byte, 8)
	if _, err := rand.Read(low); err != nil {
		return nil, err
	}
	n := new(big.Int).Lsh(big.NewInt(id), 64)
	return n.Or(n, new(big.Int).SetBytes(low)), nil
}

// root makes an authority's own certificate, by itself: it signs certificates of clients
// and lists of what is revoked, and no other authority.
func root(id access.AuthorityID, number int, private secret.Secret, at access.Time) ([]byte, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(private.Reveal())
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, ErrKeyDiffers
	}
	defer wipe(key)
	serial, err := serialOf(int64(number))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id.String() + " " + strconv.Itoa(number), Organization: []string{"Writ"}},
		NotBefore: (at - skew).Time(), NotAfter: at.Time().Add(rootLasts),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	return x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
}

// signX509 makes a client's certificate for a key. Its common name is the principal, and
// the serial number in its subject says which issue it is of.
func signX509(o *opened, m *making, key crypto.PublicKey, list string) (text string, err error) {
	if len(m.principals) != 1 {
		return "", ErrNobody.With("a client's certificate is for one principal: name one")
	}
	ca, err := x509.ParseCertificate(m.key.Certificate)
	if err != nil {
		return "", err
	}
	serial, err := serialOf(int64(m.id))
	if err != nil {
		return "", err
	}
	m.serial = serial.String()
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: m.principals[0], SerialNumber: m.id.String()},
		NotBefore: m.starts.Time(), NotAfter: m.ends.Time(),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	if list != "" {
		c.CRLDistributionPoints = []string{list}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, ca, key, o.Signer)
	if err != nil {
		return "", fmt.Errorf("signing %s: %w", m.id, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// roots are an authority's own certificates, as PEM.
func (a *Authority) roots(at access.Time) (text []byte) {
	for _, k := range a.Trusted(at) {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate})...)
	}
	return text
}

// crl is a list of what is revoked of what one key signed.
func crl(o *opened, k Key, list []RevokedCertificate, at access.Time) ([]byte, error) {
	ca, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return nil, err
	}
	x := &x509.RevocationList{Number: big.NewInt(int64(at)), ThisUpdate: (at - skew).Time(), NextUpdate: at.Time().Add(listLasts)}
	for _, r := range list {
		serial, ok := new(big.Int).SetString(r.Serial, 10)
		if !ok {
			return nil, fmt.Errorf("%s has no serial number", r.ID)
		}
		x.RevokedCertificateEntries = append(x.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: r.At.Time()})
	}
	return x509.CreateRevocationList(rand.Reader, x, ca, o.Signer)
}
