package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

func (a *app) rekeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rekey", Short: "Change the vault's keys, while it is used",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.rekeyRootCommand(), a.rekeySafeCommand(), a.rekeySealCommand(), a.rekeyConfirmCommand(), a.rekeyCancelCommand())
	return cmd
}

func (o *vaultOp) rekeyed(ctx context.Context, path, what string, body any, do func(r *keys.Ring) (keys.Rekeyed, error)) error {
	a, s := o.app, &rekeyedAnswer{what: what}
	if o.remote() {
		if err := o.call(ctx, http.MethodPost, path, body, s); err != nil {
			return err
		}
		return a.print(s)
	}
	r, err := a.ringOpen(ctx, &o.given)
	if err != nil {
		return err
	}
	done, err := do(r)
	if err != nil {
		return err
	}
	s.RekeyedBody = keys.RekeyedBody(done)
	return a.print(s)
}

func (a *app) rekeyRootCommand() *cobra.Command {
	cmd, o := a.vaultCommandOf("root --reason TEXT", "Change the root key",
		"Change the root key, while the vault is used. Interrupted anywhere, it goes on when it is asked again.", "  writ rekey root --reason 'once a year'", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			return o.rekeyed(ctx, "/v1/vault/rekey/root", "The root key", reasonBody{o.reason}, func(r *keys.Ring) (keys.Rekeyed, error) { return r.RekeyRoot(ctx, o.reason) })
		})
	return withReason(cmd, o)
}

func (a *app) rekeySafeCommand() *cobra.Command {
	cmd, o := a.vaultCommandOf("safe SAFE --reason TEXT", "Change the key of a safe",
		"Change the key of a safe, while it is used. Interrupted anywhere, it goes on when it is asked again.", "  writ rekey safe safe_0000000000001 --reason 'once a year'", cobra.ExactArgs(1),
		func(ctx context.Context, o *vaultOp, args []string) error {
			ref, err := access.ParseRef(args[0])
			if err != nil || ref.Kind != access.KindSafe {
				return fmt.Errorf("%w: %q is not the id of a safe, which 'writ safe list -o json' shows", errUsage, args[0])
			}
			safe := access.SafeID(ref.Key)
			return o.rekeyed(ctx, "/v1/vault/rekey/safe", "The safe's key", keys.RekeySafeBody{Safe: safe, Reason: o.reason}, func(r *keys.Ring) (keys.Rekeyed, error) { return r.RekeySafe(ctx, safe, o.reason) })
		})
	return withReason(cmd, o)
}

func (a *app) rekeySealCommand() *cobra.Command {
	var s sealFlags
	cmd, o := a.vaultCommandOf("seal --seal KIND --reason TEXT", "Seal the vault with something else, or with new shares",
		`Seal the vault with something else, or with the same of new. New shares are shown once, and count
only when enough of them were given to 'writ rekey confirm': until then those before open the vault.
Other nodes stay open; the first change of the root key after it seals those that cannot open by
themselves.`,
		"  writ rekey seal --seal shares --shares 5 --threshold 3 --reason 'somebody has left'", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			if !slices.Contains(keys.Kinds, keys.Kind(s.kind)) {
				return fmt.Errorf("%w: --seal is file, passphrase, shares, pkcs11 or kms", errUsage)
			}
			if !o.remote() {
				if _, err := a.ringOpen(ctx, &o.given); err != nil {
					return err
				}
			}
			b, err := s.body(o)
			if err != nil {
				return err
			}
			return o.sealing(ctx, "/v1/vault/rekey/seal", b, func(q keys.Request) ([]secret.Secret, error) { return a.vault.RekeySeal(ctx, q, o.reason) })
		})
	s.flags(cmd)
	return withReason(cmd, o)
}

func (a *app) rekeyConfirmCommand() *cobra.Command {
	cmd, o := a.vaultCommandOf("confirm --reason TEXT", "Give the new shares, to show that they are kept",
		`Give the new shares, one after the other, to show that they are kept. With enough of them they are in
force, and those before open nothing any more. At a server each is given by itself, by whoever has it.`,
		"  writ rekey confirm --reason 'the new shares'", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			if o.remote() {
				key, err := o.given.next("One of the new shares: ")
				if err != nil {
					return err
				}
				return o.showing(ctx, "/v1/vault/rekey/seal/confirm", keys.UnsealBody{Key: string(key.Reveal()), Reason: o.reason}, nil)
			}
			r, err := a.ringOpen(ctx, &o.given)
			if err != nil {
				return err
			}
			for p := (keys.Progress{}); !p.Open; {
				key, err := o.given.next(fmt.Sprintf("One of the new shares (%d given): ", p.Have))
				if err != nil {
					return err
				}
				if p, err = r.Confirm(ctx, key, o.reason); err != nil && !errors.Is(err, keys.ErrShareThere) {
					return err
				}
			}
			return o.showing(ctx, "", nil, nil)
		})
	return withReason(cmd, o)
}

func (a *app) rekeyCancelCommand() *cobra.Command {
	cmd, o := a.vaultCommandOf("cancel --reason TEXT", "Let go of new shares that were not confirmed",
		"Let go of new shares that were not confirmed: what sealed the vault before stays in force.", "  writ rekey cancel --reason 'one was lost'", cobra.NoArgs,
		func(ctx context.Context, o *vaultOp, _ []string) error {
			if o.remote() {
				return o.showing(ctx, "/v1/vault/rekey/seal/cancel", reasonBody{o.reason}, nil)
			}
			r, err := a.newVault(ctx)
			if err != nil {
				return err
			}
			return o.showing(ctx, "", nil, r.CancelSeal(ctx, o.reason))
		})
	return withReason(cmd, o)
}
