package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vaultapi"
	"github.com/writhq/writ/policy"
)

// vaultSigner signs SSH keys for clients of Vault.
type vaultSigner struct{ authority *authority.Service }

// SignSSH implements vaultapi.Signer.
func (s vaultSigner) SignSSH(ctx context.Context, r vaultapi.Signing) (vaultapi.Signed, error) {
	if err := reaches(ctx, "certificate.sign"); err != nil {
		return vaultapi.Signed{}, err
	}
	c, err := s.authority.SignSSH(ctx, authority.SSHRequest{Key: r.Key, Asked: authority.Asked{
		Profile: r.Profile, Principals: r.Principals, Lasts: r.Lasts, Reason: r.Reason, Ticket: r.Ticket,
	}})
	if err != nil {
		return vaultapi.Signed{}, err
	}
	if c.Text == "" {
		return vaultapi.Signed{}, policy.ErrApprove.With("others are asked to agree to %s: once they have, take it with 'writ sign'", c.ID)
	}
	serial, err := strconv.ParseUint(c.Serial, 10, 64)
	return vaultapi.Signed{Serial: serial, Text: c.Text}, err
}

// TrustedSSH implements vaultapi.Signer. They are public, as at each authority's own address.
func (s vaultSigner) TrustedSSH(ctx context.Context) (lines []string, err error) {
	k, err := s.authority.Store.Kept(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range k.Authorities {
		if a.Kind != authority.SSHUser {
			continue
		}
		p, err := s.authority.Publish(ctx, a.ID, "ca.pub")
		if err != nil {
			return nil, err
		}
		lines = append(lines, strings.Split(strings.TrimSpace(string(p.Bytes)), "\n")...)
	}
	slices.Sort(lines)
	return lines, nil
}
