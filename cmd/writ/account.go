package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
)

// linkAnswer is the answer of 'writ account link'.
type linkAnswer struct {
	Revision access.Rev `json:"revision"`
	Account  named      `json:"account"`
	Identity *named     `json:"identity"` // null: it is nobody's
	Reason   string     `json:"reason"`
}

func (s *linkAnswer) tables() []table {
	whose := "nobody's"
	if s.Identity != nil {
		whose = s.Identity.Name + "'s"
	}
	return []table{{title: fmt.Sprintf("%s is %s from now on; no rule changes that", s.Account, whose)}}
}

func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Accounts: decide whose a disputed one is, and by which rules", Args: cobra.NoArgs, RunE: help}
	var reason string
	link := &cobra.Command{
		Use:   "link ACCOUNT IDENTITY|nobody --reason TEXT",
		Short: "Decide whose account it is; rules never override it",
		Long: `Decide whose account it is, where no rule can tell or a rule is wrong. The decision
is remembered, recorded with its reason, and never overridden by a rule.

ACCOUNT is SYSTEM/LOGIN or an id; IDENTITY a number, email, login, name or id.`,
		Example: "  writ findings --rule disputed-match\n  writ account link web1/reed E0000042 --reason 'asked his manager'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return fmt.Errorf("%w: a decision needs --reason TEXT", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			return a.link(ctx, args[0], args[1], reason)
		},
	}
	link.Flags().StringVar(&reason, "reason", "", "how this is known (required)")
	cmd.AddCommand(link, a.ruleCommand())
	return cmd
}

func (a *app) link(ctx context.Context, account, identity, reason string) error {
	acc, err := a.inventory().ResolveAccount(ctx, account)
	if err != nil {
		return err
	}
	var id access.IdentityID
	if identity != "nobody" {
		if id, err = a.inventory().ResolveIdentity(ctx, identity); err != nil {
			return err
		}
	}
	if err := a.inventory().Decide(ctx, acc, id, reason); err != nil {
		return err
	}
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	name, err := a.named(ctx, []access.Ref{acc.Ref(), id.Ref()})
	if err != nil {
		return err
	}
	ans := &linkAnswer{Revision: a.revision(), Account: name(acc.Ref()), Reason: reason}
	if id != 0 {
		who := name(id.Ref())
		ans.Identity = &who
	}
	return a.print(ans)
}
