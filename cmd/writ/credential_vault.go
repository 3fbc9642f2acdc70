package main

import (
	"context"
	"errors"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// vaultReference is the reference of a secret that Writ is to sign in to a system with. It is
// that of an account of that very system: nothing else of the vault is sent there.
func (a *app) vaultReference(ctx context.Context, y inventory.System, form string) (string, error) {
	x, err := a.keptSecret(ctx, strings.TrimPrefix(form, inventory.Vaulted))
	if err != nil {
		return "", err
	}
	if x.System != y.ID || x.Account == 0 || x.State != vault.Live {
		return "", errSystemFlag.With("%s signs in with a secret of an account of its own: say which account it is with 'writ secret put --system --account'", y.Name)
	}
	if _, err := a.db.Rotate(nil).Pair(ctx, x.ID); !errors.Is(err, rotate.ErrNoPair) {
		return "", errors.Join(err, errSystemFlag.With("Writ signs in to %s as one account: a pair takes turns", y.Name))
	}
	return inventory.Vaulted + x.ID.String(), nil
}

// keptSecret finds a secret by SAFE/NAME or its id, for who runs the node.
func (a *app) keptSecret(ctx context.Context, text string) (x vault.Secret, err error) {
	q := vault.Query{}
	if q.ID.UnmarshalText([]byte(text)) != nil || q.ID == 0 {
		safe, name, _ := strings.Cut(text, "/")
		safes, err := a.db.Vault().Safes(ctx)
		if err != nil {
			return x, err
		}
		for _, s := range safes {
			if s.Name == safe {
				q.Safe, q.Name = s.ID, name
			}
		}
		if q.Safe == 0 || q.Name == "" {
			return x, vault.ErrNoSecret.With("there is no secret %q: write vault:SAFE/SECRET", text)
		}
	}
	list, err := a.db.Vault().Secrets(ctx, q)
	if err == nil && len(list) == 0 {
		err = vault.ErrNoSecret.With("there is no secret %q", text)
	}
	if err != nil {
		return x, err
	}
	return list[0], nil
}

// vaultCredential is what Writ signs in to a system with, where the vault has that. While it
// is being changed, nobody knows for sure which value opens: the system is asked, so that
// Writ never shuts itself out.
func (a *app) vaultCredential(ctx context.Context, system, reference string) (secret.Secret, error) {
	var id access.SecretID
	if err := id.UnmarshalText([]byte(strings.TrimPrefix(reference, inventory.Vaulted))); err != nil {
		return secret.Secret{}, err
	}
	ring, err := a.newVault(ctx)
	if err != nil {
		return secret.Secret{}, err
	}
	held, err := a.db.Rotate(ring).SystemSecret(ctx, id, system)
	if err != nil {
		return secret.Secret{}, err
	}
	i := 0
	if len(held) > 1 {
		if i, err = a.opening(ctx, system, held); err != nil {
			i = 0 // what opens the connector says what is wrong
		}
	}
	for n := range held {
		if n != i {
			held[n].Value.Wipe()
		}
	}
	return held[i].Value, nil
}

// opening is which of some values opens a system.
func (a *app) opening(ctx context.Context, system string, held []rotate.Held) (int, error) {
	y, err := a.inventory().System(ctx, system)
	if err != nil {
		return 0, err
	}
	spec := connectors[connectorOf(y)]
	for i, h := range held {
		cfg := connector.Config{Name: y.Name, Address: y.Config.Address, Options: y.Config.Options, Credential: h.Value, Now: a.now}
		c, err := spec.Open(ctx, cfg)
		if err != nil {
			return 0, err
		}
		_, err = c.Describe(ctx)
		if err = errors.Join(err, c.Close()); !errors.Is(err, connector.ErrCredentials) {
			return i, err
		}
	}
	return 0, connector.ErrCredentials
}
