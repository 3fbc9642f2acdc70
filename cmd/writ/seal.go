package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

func (a *app) sealCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{
		Use: "seal --reason TEXT", Short: "Seal the vault of a Writ that is served: it opens nothing for anybody",
		Long: `Seal the vault on the node that answers: its keys are overwritten, and it opens nothing for anybody
until somebody opens it with 'writ unseal'. Each node is sealed by itself.`,
		Example: "  writ seal --reason 'somebody is in the machine'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(reason) == "" {
				return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			var s vaultAnswer
			if err := r.call(cmd.Context(), http.MethodPost, "/v1/vault/seal", reasonBody{reason}, &s); err != nil {
				return err
			}
			return a.print(&s)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) unsealCommand() *cobra.Command {
	var server, reason string
	var forget bool
	cmd := &cobra.Command{
		Use: "unseal --reason TEXT", Short: "Open the vault of a Writ that is served, with a passphrase or a share",
		Long: `Open the vault on the node that answers. A passphrase, or one share, is asked for at the terminal or
read from one line of standard input; it is never an argument. Shares come from one person after the
other, within ten minutes; a wrong one is told at once and spoils nothing.`,
		Example: "  writ unseal --reason 'the node was started'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(reason) == "" {
				return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			var s vaultAnswer
			if forget {
				err = r.call(cmd.Context(), http.MethodPost, "/v1/vault/unseal/forget", reasonBody{reason}, &s)
			} else if err = r.call(cmd.Context(), http.MethodGet, "/v1/vault", nil, &s); err == nil {
				s.Status, err = a.unsealOnce(cmd.Context(), &given{app: a}, s.Status, func(key secret.Secret) (now keys.Status, err error) {
					err = r.call(cmd.Context(), http.MethodPost, "/v1/vault/unseal", keys.UnsealBody{Key: string(key.Reveal()), Reason: reason}, &now)
					return now, err
				})
			}
			if err != nil {
				return err
			}
			return a.print(&s)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().BoolVar(&forget, "forget", false, "forget the shares that were given")
	return cmd
}
