package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/pam/vault/keys"
)

// errSealUnused is returned where a node names a hardware token and the vault is sealed with
// something else: what is configured as protection protects.
var errSealUnused = fault.New(fault.Invalid, "vault-token-unused", "the configuration names a hardware token, and the vault is sealed with something else: change that with 'writ rekey seal --seal pkcs11', or take vault.pkcs11 out of the configuration")

// errServiceUnused is the same of a key service.
var errServiceUnused = fault.New(fault.Invalid, "vault-kms-unused", "the configuration names a key service, and the vault is sealed with something else: change that with 'writ rekey seal --seal kms', or take vault.kms out of the configuration")

// vaultConfig is what opens the vault of a node. Nothing of it can be said over the API.
type vaultConfig struct {
	PKCS11 struct {
		Module string `koanf:"module"`
		Token  string `koanf:"token"`
		Key    string `koanf:"key"`
		PIN    string `koanf:"pin"`
	} `koanf:"pkcs11"`
	KMS string `koanf:"kms"` // the URL of a key in a key service

	token   *keys.Token
	service *keys.KeyService
}

// read looks at what is configured.
func (c *vaultConfig) read() (err error) {
	if c.KMS != "" {
		if c.service, err = keys.NewKeyService(c.KMS); err != nil {
			return err
		}
	}
	return c.readToken()
}

// readToken reads the PIN that is referred to: a configuration holds none.
func (c *vaultConfig) readToken() error {
	p := c.PKCS11
	if p.Module == "" && p.Token == "" && p.Key == "" && p.PIN == "" {
		return nil
	}
	switch {
	case !filepath.IsAbs(p.Module):
		return errors.New("pkcs11.module is the whole path of the token's library")
	case p.Token == "" || p.Key == "":
		return errors.New("pkcs11.token and pkcs11.key are the labels of the token and of the key in it")
	case !strings.HasPrefix(p.PIN, "env:") && !strings.HasPrefix(p.PIN, "file:"):
		return errors.New("pkcs11.pin must be env:VARIABLE or file:PATH")
	}
	pin, err := new(app).credential(systemFlag{name: "the token", credential: p.PIN})
	if err != nil {
		return err
	}
	c.token = &keys.Token{Module: p.Module, Label: p.Token, Key: p.Key, PIN: pin}
	return c.token.Usable()
}

// startVault opens the vault where it opens by itself. A seal that is configured and cannot
// be used, or is not in force, refuses to start.
func (a *app) startVault(ctx context.Context, c *serverConfig) error {
	a.token, a.kms = c.Vault.token, c.Vault.service
	r, err := a.newVault(ctx)
	if err != nil {
		return err
	}
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.token != nil && s.State != keys.NoVault && s.Seal != keys.PKCS11:
		return errSealUnused
	case a.kms != nil && s.State != keys.NoVault && s.Seal != keys.KMS:
		return errServiceUnused
	case s.RolledBack:
		slog.ErrorContext(ctx, "the database is older than what this node has seen: the vault lends nothing until somebody runs 'writ vault accept-rollback'")
	case s.Away != "":
		slog.ErrorContext(ctx, "the vault is sealed until its key service opens it, which is asked again by itself", "error", s.Away)
	case s.State == keys.VaultSealed:
		slog.WarnContext(ctx, "the vault is sealed: open it with 'writ unseal'", "seal", s.Seal)
	case s.Development:
		slog.WarnContext(ctx, "the vault's key lies in a file beside the database: for development alone")
	}
	return nil
}
