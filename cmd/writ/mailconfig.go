package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/writhq/writ/internal/notify"
)

// mailConfig is the server that mail is given to.
type mailConfig struct {
	Server   string `koanf:"server"`
	From     string `koanf:"from"`
	User     string `koanf:"user"`
	Password string `koanf:"password"`
	TLS      string `koanf:"tls"`
	CA       string `koanf:"ca"`
}

// sender is what sends mail; nil where nothing of it is configured. The password that is
// referred to is read: a configuration holds none.
func (c mailConfig) sender(origin string) (*notify.Sender, error) {
	if c == (mailConfig{}) {
		return nil, nil
	}
	cfg := notify.Config{Server: c.Server, Security: notify.Security(c.TLS), From: c.From, User: c.User, Origin: origin}
	if c.Password != "" && !strings.HasPrefix(c.Password, "env:") && !strings.HasPrefix(c.Password, "file:") {
		return nil, errors.New("password must be env:VARIABLE or file:PATH")
	}
	var err error
	if cfg.Password, err = new(app).credential(systemFlag{name: "the mail server", credential: c.Password}); err != nil {
		return nil, err
	}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		cfg.Roots = x509.NewCertPool()
		if !cfg.Roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca: %s has no certificate in PEM", c.CA)
		}
	}
	return notify.New(cfg)
}
