package main

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/pam/vaultapi"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/server"
	"github.com/writhq/writ/signin"
)

// vaultAPI is what clients of Vault and OpenBao are served.
func (a *app) vaultAPI(n *node) map[string]server.Foreign {
	return map[string]server.Foreign{vaultapi.Prefix: &vaultapi.API{
		Safes:  &kvSafes{vault: n.vault, gate: n.gate, names: a.db.Inventory()},
		Tokens: shownToken{n.door}, Seal: ringSeal{a.vault}, Version: vaultVersion,
		Lender: vaultLeases{n.lease, a.now}, Signer: vaultSigner{n.authority},
	}}
}

// vaultVersion is the Vault that this is like: clients compare it with what they need, and
// take nothing that is not written as a version.
const vaultVersion = "1.13.0+writ"

// ringSeal tells clients how the vault of this node is.
type ringSeal struct{ ring *keys.Ring }

// State implements vaultapi.Seal.
func (s ringSeal) State(ctx context.Context) (there, open bool, err error) {
	if s.ring.Usable() == nil {
		return true, true, nil
	}
	there, err = s.ring.There(ctx)
	return there, false, err
}

// shownToken is the token that a client shows.
type shownToken struct{ door *signin.Service }

// Token implements vaultapi.Tokens.
func (s shownToken) Token(ctx context.Context) (k vaultapi.Token, err error) {
	c, _ := policy.CallerOf(ctx)
	if c.Via.Kind != access.KindToken {
		return k, vaultapi.ErrToken
	}
	list, err := s.door.Store.Tokens(ctx, c.Identity)
	if err != nil {
		return k, err
	}
	i := slices.IndexFunc(list, func(t signin.Token) bool { return t.ID.Ref() == c.Via })
	if i < 0 {
		return k, vaultapi.ErrToken
	}
	t := list[i]
	return vaultapi.Token{ID: t.ID, Owner: t.Owner, Name: t.Name, Limits: t.Limits, Made: t.Made, Ends: t.Ends, Left: t.Ends.Time().Sub(s.door.Now())}, nil
}

// End implements vaultapi.Tokens.
func (s shownToken) End(ctx context.Context) error {
	c, _ := policy.CallerOf(ctx)
	if c.Via.Kind != access.KindToken {
		return vaultapi.ErrToken
	}
	return s.door.EndToken(ctx, c.Identity, access.TokenID(c.Via.Key))
}
