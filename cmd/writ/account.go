package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/inventory"
)

// linkAnswer is the answer of 'writ account link'.
type linkAnswer struct {
	Revision access.Rev `json:"revision"`
	Account  ask.Shown  `json:"account"`
	Identity *ask.Shown `json:"identity"` // null: it is nobody's
	Reason   string     `json:"reason"`
	Waiting  int        `json:"waiting"` // disputed accounts that are left
}

func (s *linkAnswer) tables() []table {
	whose := "nobody's"
	if s.Identity != nil {
		whose = s.Identity.Name + "'s"
	}
	left := "nothing is left to decide"
	if s.Waiting > 0 {
		left = plural(s.Waiting, "disputed account") + " left: 'writ account disputes'"
	}
	return []table{{title: fmt.Sprintf("%s is %s from now on; no rule changes that", s.Account, whose), note: "  " + left}}
}

func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Accounts: decide whose a disputed one is, and by which rules", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(a.linkCommand(), a.disputesCommand(), a.ruleCommand())
	return cmd
}

func (a *app) linkCommand() *cobra.Command {
	var d inventory.Decision
	var nobody bool
	cmd := &cobra.Command{
		Use:   "link ACCOUNT IDENTITY|nobody --reason TEXT",
		Short: "Decide whose account it is; rules never override it",
		Long: `Decide whose account it is, where no rule can tell or a rule is wrong. The decision
is remembered, recorded with its reason, and never overridden by a rule.

ACCOUNT is SYSTEM/LOGIN or an id; IDENTITY a number, email, login, name or id. Of
"nobody" it is nobody's, unless an identity is called so: then say --nobody, or the
identity's number. A decision that stands, and what a rule is sure of, are decided
otherwise only with --replace.`,
		Example: "  writ account disputes\n  writ account link web1/reed E0000042 --reason 'asked his manager'",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case d.Reason == "":
				return fmt.Errorf("%w: a decision needs --reason TEXT", errUsage)
			case nobody == (len(args) == 2):
				return fmt.Errorf("%w: say whose it is: IDENTITY, or --nobody", errUsage)
			case nobody:
				args = append(args, "")
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			return a.link(ctx, args[0], args[1], d)
		},
	}
	cmd.Flags().StringVar(&d.Reason, "reason", "", "how this is known (required)")
	cmd.Flags().BoolVar(&nobody, "nobody", false, "it is nobody's")
	cmd.Flags().BoolVar(&d.Replace, "replace", false, "decide otherwise than what stands")
	return cmd
}

// whose finds the identity that is meant; none is nobody.
func (a *app) whose(ctx context.Context, identity string) (access.IdentityID, error) {
	if identity == "" {
		return 0, nil
	}
	id, err := a.inventory().ResolveIdentity(ctx, identity)
	switch {
	case identity != "nobody":
		return id, err
	case errors.Is(err, inventory.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return 0, fmt.Errorf("%w: %s is called nobody: say --nobody, or %s if you mean that one", errUsage, id, id)
}

// link decides whose an account is: nobody's where identity is empty.
func (a *app) link(ctx context.Context, account, identity string, d inventory.Decision) (err error) {
	if d.Account, err = a.inventory().ResolveAccount(ctx, account); err != nil {
		return err
	}
	if d.Identity, err = a.whose(ctx, identity); err != nil {
		return err
	}
	if err := a.inventory().Decide(ctx, d); err != nil {
		return fmt.Errorf("deciding about %s: %w", account, err)
	}
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	name, err := a.named(ctx, []access.Ref{d.Account.Ref(), d.Identity.Ref()})
	if err != nil {
		return err
	}
	waiting, err := a.inventory().Waiting(ctx)
	if err != nil {
		return err
	}
	ans := &linkAnswer{Revision: a.revision(), Account: name(d.Account.Ref()), Reason: d.Reason, Waiting: len(waiting)}
	if d.Identity != 0 {
		who := name(d.Identity.Ref())
		ans.Identity = &who
	}
	return a.print(ans)
}
