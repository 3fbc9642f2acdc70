package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/pam/rotate"
)

// proofsAnswer is how far secrets have come since a restore.
type proofsAnswer struct{ rotate.SecretProofs }

func (s *proofsAnswer) tables() []table {
	if s.Unproven+s.Opened+s.Renewed+s.Put == 0 {
		return []table{{title: "no database was restored here, and nothing is to be verified"}}
	}
	t := table{
		title:  fmt.Sprintf("%s left to sign in with; %d opened as they were, %d were set anew, %d were put by somebody", plural(s.Unproven, "secret"), s.Opened, s.Renewed, s.Put),
		header: []string{"secret", "state", "next", "attempts", "what went wrong"}, right: []int{3},
	}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{x.Named.Name, string(x.Due), minute(x.Next), strconv.Itoa(x.Attempts), x.Error})
	}
	return []table{t}
}

func (a *app) vaultVerifyCommand() *cobra.Command {
	var server, reason string
	var begin bool
	cmd := &cobra.Command{
		Use: "verify [--begin --reason TEXT]", Short: "Which secrets were signed in with since the database was restored",
		Long: `Which secrets were signed in with since the database was restored. Each that opens an account is:
'writ restore' and 'writ vault accept-rollback' begin that. One that opens nothing any more, as it was
changed after the backup, is given another value by the system's own credential. Until then it is
given to nobody. A server does it.

With --begin all of them are signed in with once more.`,
		Example: "  writ vault verify\n  writ vault verify --begin --reason 'the database was copied back by hand'",
		Args:    cobra.NoArgs,
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		const path = "/v1/vault/proofs"
		if begin {
			if strings.TrimSpace(reason) == "" {
				return nil, fmt.Errorf("%w: it needs --reason TEXT", errUsage)
			}
			if err := c.exchange(ctx, http.MethodPost, path, nil, reasonBody{reason}, nil); err != nil {
				return nil, err
			}
		}
		var p proofsAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &p)
		return &p, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&begin, "begin", false, "sign in with all of them once more")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required with --begin)")
	return cmd
}
