package server

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate and its key in two files. Whoever renews them
// replaces the files; the next connection gets the new one.
type Certificate struct {
	cert, key string

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  [2]time.Time
	looked time.Time
}

// NewCertificate reads both files.
func NewCertificate(cert, key string) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key}
	c.stamp = c.stamps()
	pair, err := tls.LoadX509KeyPair(cert, key)
	c.pair = &pair
	return c, err
}

// TLS is how connections are encrypted with it.
func (c *Certificate) TLS() *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

// lookAgain is how long the files are taken to be what they were.
const lookAgain = time.Second

// get returns what the files hold. Half of a renewal is no pair: until both fit, the
// old one is shown.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.looked) < lookAgain {
		return c.pair, nil
	}
	c.looked = now
	stamp := c.stamps()
	if stamp == c.stamp {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		slog.Warn("the renewed certificate cannot be used yet; the old one is shown", "error", err)
		return c.pair, nil
	}
	c.pair, c.stamp = &pair, stamp
	slog.Info("a renewed certificate is shown from now on")
	return c.pair, nil
}

func (c *Certificate) stamps() (at [2]time.Time) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}
