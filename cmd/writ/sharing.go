package main

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

// givenSecrets is what shares ask the vault.
type givenSecrets struct{ vault *vault.Service }

// Giving implements share.Vault.
func (s givenSecrets) Giving(ctx context.Context, who access.IdentityID, id access.SecretID, reason string) (share.Giving, error) {
	g, err := s.vault.Giving(ctx, who, id, reason)
	if err != nil {
		return share.Giving{}, err
	}
	return share.Giving{
		Basis: share.Basis{
			By: who, Right: g.Right.Holder, Level: string(g.Right.Level),
			Safe: g.Safe.ID, SafeVersion: g.Safe.Version, Secret: g.Secret.ID, SecretVersion: g.Secret.Version,
		},
		Name: g.Secret.Name, Kind: string(g.Secret.Kind), SafeName: g.Safe.Name,
		Terms: g.Safe.Terms, Most: g.Safe.Outside, Object: g.Object, Inside: g.Inside,
	}, nil
}

// About implements share.Vault.
func (s givenSecrets) About(ctx context.Context, x share.Share, reason string) (a share.About, err error) {
	a.Object, a.Name, a.SafeName, err = s.vault.About(ctx, x.Secret, x.ID, x.Sponsor, reason)
	return a, err
}

// shares is what is given outside, over the open store.
func (a *app) shares(ring vault.Ring, v *vault.Service, gate *policy.Gate) (*share.Service, error) {
	return share.New(share.Config{Store: a.db.Share(ring), Vault: givenSecrets{v}, Gate: gate, Names: a.db.Inventory()})
}
