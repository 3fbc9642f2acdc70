package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/policy"
)

func (a *app) functionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "function", Short: "Say who holds which of Writ's functions",
		Long: `Say who holds which of Writ's functions.

iam governs access, security_operations watches its use, platform_owner runs systems,
and audit verifies all of them, so that whoever holds it holds nothing else.`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.functionListCommand(), a.functionAssignCommand(), a.functionEndCommand())
	return cmd
}

// functionsAnswer is the answer of 'writ function list'.
type functionsAnswer struct {
	Functions []heldLine `json:"functions"`
}

type heldLine struct {
	Identity ask.Shown       `json:"identity"`
	Function access.Function `json:"function"`
	Scope    access.ScopeID  `json:"scope,omitzero"` // none is the organisation as a whole
	Since    access.Time     `json:"since,omitzero"`
	Reason   string          `json:"reason"`
	where    string
}

func (s *functionsAnswer) tables() []table {
	if len(s.Functions) == 0 {
		return []table{{title: "nobody holds a function: 'writ server' prints a link for the first owner"}}
	}
	t := table{title: plural(len(s.Functions), "assignment"), header: []string{"identity", "function", "scope", "since", "reason"}}
	for _, f := range s.Functions {
		t.rows = append(t.rows, []string{f.Identity.String(), string(f.Function), f.where, moment(f.Since), f.Reason})
	}
	return []table{t}
}

// whereOf says within which scope, in words.
func whereOf(id access.ScopeID, name ask.Namer) string {
	if id == 0 {
		return "everywhere"
	}
	return "in " + name(id.Ref()).String()
}

func (a *app) functionListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List who holds which function", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.db.Policy().Functions(ctx)
			if err != nil {
				return err
			}
			var refs []access.Ref
			for _, f := range list {
				refs = append(refs, f.Identity.Ref(), f.Scope.Ref())
			}
			name, err := a.named(ctx, refs)
			if err != nil {
				return err
			}
			ans := &functionsAnswer{Functions: []heldLine{}}
			for _, f := range list {
				ans.Functions = append(ans.Functions, heldLine{name(f.Identity.Ref()), f.Function, f.Scope, f.Since, f.Reason, whereOf(f.Scope, name)})
			}
			return a.print(ans)
		},
	}
}

// functionAnswer is the answer of 'writ function assign' and 'writ function end'.
type functionAnswer struct {
	Identity ask.Shown       `json:"identity"`
	Function access.Function `json:"function"`
	Scope    access.ScopeID  `json:"scope,omitzero"`
	Held     bool            `json:"held"`
	where    string
}

func (s *functionAnswer) tables() []table {
	verb := "holds"
	if !s.Held {
		verb = "no longer holds"
	}
	return []table{{title: fmt.Sprintf("%s %s %s, %s", s.Identity, verb, s.Function, s.where)}}
}

func (a *app) functionAssignCommand() *cobra.Command {
	return a.functionChange(&cobra.Command{
		Use: "assign IDENTITY FUNCTION --reason TEXT", Short: "Give somebody a function",
		Example: "  writ function assign ana.sol@example.com iam --reason 'leads identity management'",
	}, true, func(ctx context.Context, id access.IdentityID, h policy.Held, reason string) error {
		return a.db.Policy().Assign(ctx, policy.Assignment{Identity: id, Held: h, Reason: reason})
	})
}

func (a *app) functionEndCommand() *cobra.Command {
	return a.functionChange(&cobra.Command{
		Use: "end IDENTITY FUNCTION --reason TEXT", Short: "End that somebody holds a function",
	}, false, func(ctx context.Context, id access.IdentityID, h policy.Held, reason string) error {
		return a.db.Policy().Unassign(ctx, id, h, reason)
	})
}

func (a *app) functionChange(cmd *cobra.Command, held bool, change func(context.Context, access.IdentityID, policy.Held, string) error) *cobra.Command {
	var scope, reason string
	cmd.Args = cobra.ExactArgs(2)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		h := policy.Held{Function: access.Function(args[1])}
		ctx, err := a.openExisting(cmd.Context())
		if err != nil {
			return err
		}
		if h.Scope, err = a.scopeID(ctx, scope); err != nil {
			return err
		}
		id, err := a.inventory().ResolveIdentity(ctx, args[0])
		if err != nil {
			return err
		}
		if reason == "" {
			return policy.ErrReason
		}
		if err := change(ctx, id, h, reason); err != nil {
			return err
		}
		name, err := a.named(ctx, []access.Ref{id.Ref(), h.Scope.Ref()})
		if err != nil {
			return err
		}
		return a.print(&functionAnswer{name(id.Ref()), h.Function, h.Scope, held, whereOf(h.Scope, name)})
	}
	cmd.Flags().StringVar(&scope, "scope", "", "within this `scope` only, as 'writ scope list' shows it")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
