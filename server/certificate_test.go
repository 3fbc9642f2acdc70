package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pair writes a certificate and its key, of which each try has another number.
func pair(t *testing.T, cert, key string, number int64) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "writ.example.com"}, DNSNames: []string{"writ.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), number)
	write(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), number)
}

func write(t *testing.T, name string, b []byte, number int64) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Duration(number) * time.Minute) // another time, however coarse the file system's
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestRenewedCertificateIsShownWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key")
	pair(t, cert, key, 1)
	c, err := NewCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := run(t, try(t, func(cfg *Config) { cfg.TLS = c.TLS() }))
	shown := func() int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	again := func() { // time passes
		c.mu.Lock()
		defer c.mu.Unlock()
		c.looked = time.Time{}
	}
	if n := shown(); n != 1 {
		t.Fatalf("number %d", n)
	}
	pair(t, cert, key, 2)
	again()
	if n := shown(); n != 2 {
		t.Errorf("after the renewal number %d", n)
	}
	write(t, cert, []byte("half of it"), 3)
	again()
	if n := shown(); n != 2 {
		t.Errorf("amid a renewal number %d", n)
	}
	pair(t, cert, key, 4)
	again()
	if n := shown(); n != 4 {
		t.Errorf("after it number %d", n)
	}
	if _, err := NewCertificate(cert, filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a key that is not there")
	}
	old, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11})
	if err == nil {
		_ = old.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
