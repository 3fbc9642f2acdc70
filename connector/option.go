package connector

import (
	"crypto/x509"
	"os"
	"slices"
	"strings"
)

const maxCABytes = 1 << 20

// OneOf says why an option's value is none of those that it may have; "" where it is one.
func OneOf(value string, list ...string) (why string) {
	if slices.Contains(list, value) {
		return ""
	}
	return "it must be one of " + strings.Join(list, ", ")
}

// IsFile reports whether option ca names a file and is not the certificates themselves.
func IsFile(ca string) bool { return !strings.HasPrefix(strings.TrimSpace(ca), "-----BEGIN") }

// Authorities reads option ca, a file or the certificates themselves, and says why it cannot.
func Authorities(ca string) (pool *x509.CertPool, why string) {
	text := []byte(ca)
	if IsFile(ca) {
		info, err := os.Stat(ca)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxCABytes {
			return nil, "it must be certificates as PEM text, or a file of them that Writ can read"
		}
		if text, err = os.ReadFile(ca); err != nil {
			return nil, "its file cannot be read"
		}
	}
	pool = x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, "there is no certificate as PEM text in it"
	}
	return pool, ""
}
