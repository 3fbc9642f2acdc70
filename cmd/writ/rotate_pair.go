package main

import (
	"context"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// pairAnswer is two accounts that take turns.
type pairAnswer struct{ rotate.PairShown }

func (s *pairAnswer) tables() []table {
	t := table{title: "Two accounts take turns", header: []string{"account", "is"}}
	for _, id := range []access.AccountID{s.First, s.Other} {
		is := "idle"
		switch {
		case id == s.Live:
			is = "live"
		case s.Former != 0:
			is = "left as it is until " + minute(s.Former) + ", or until all consumers have confirmed"
		}
		t.rows = append(t.rows, []string{s.Names[id.String()].Name, is})
	}
	return []table{t}
}

func (a *app) rotatePairCommand() *cobra.Command {
	var server, with string
	var grace time.Duration
	cmd := &cobra.Command{
		Use: "pair SECRET [--with ACCOUNT]", Short: "Have two accounts take turns under one secret, or show them",
		Long: `Have two accounts take turns under one secret, for services that cannot stand still while theirs
is changed: the one that is not in use is given another value, the services are told, and the
other one follows once all of them have confirmed, or when the grace is over.`,
		Example: "  writ rotate pair ledger/app --with acc_0000000000002 --grace 24h\n  writ rotate pair ledger/app",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		id, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		path, p := "/v1/secrets/"+id.String(), &pairAnswer{}
		if with == "" {
			return p, c.exchange(ctx, http.MethodGet, path+"/pair", nil, nil, p)
		}
		other, err := a.accountID(ctx, with)
		if err != nil {
			return nil, err
		}
		var x vault.SecretShown
		if err := c.exchange(ctx, http.MethodGet, path, nil, nil, &x); err != nil {
			return nil, err
		}
		err = c.exchange(ctx, http.MethodPut, path+"/pair", nil, map[string]any{"account": x.Account, "other": other, "grace_minutes": int(grace.Minutes())}, p)
		return p, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&with, "with", "", "the `account` that takes turns with the one that the secret opens: an id, or on the node as SYSTEM/LOGIN")
	cmd.Flags().DurationVar(&grace, "grace", rotate.UsualGrace, "for how long the account that was live before is left as it is at most")
	return cmd
}

func (a *app) rotateUnpairCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "unpair SECRET", Short: "Leave a secret with the account that is live", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		id, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		return nil, c.exchange(ctx, http.MethodDelete, "/v1/secrets/"+id.String()+"/pair", nil, nil, nil)
	})
	serverFlag(cmd, &server)
	return cmd
}
