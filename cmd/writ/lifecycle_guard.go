package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/iga/lifecycle"
)

// guardAnswer is the answer of 'writ lifecycle guard'.
type guardAnswer struct {
	lifecycle.Guard
	History []lifecycle.GuardChange `json:"history"`
}

func (s *guardAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("a step is held that, with what was taken in the hour before it, takes from more than %s and more than %.3g%% of those whom rules are for", people(s.Count), 100*s.Share),
		header: []string{"count", "share", "since", "by", "reason"}, right: []int{0, 1},
	}
	for _, g := range s.History {
		by := g.By
		if g.At == 0 {
			by = "Writ comes with it"
		}
		t.rows = append(t.rows, []string{count(int64(g.Count)), fmt.Sprintf("%.3g%%", 100*g.Share), moment(g.At), by, g.Reason})
	}
	return []table{t}
}

func (a *app) guardCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "guard", Short: "How much one step may take from people before it is held, and who said so",
		Long: `How much one step may take from people before it is held, and who said so. What was taken
within the hour before counts with a step; what somebody released does not.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			return a.showLifecycleGuard(ctx)
		},
	}
	cmd.AddCommand(a.guardSetCommand())
	return cmd
}

func (a *app) showLifecycleGuard(ctx context.Context) error {
	list, err := a.lifecycle().Guards(ctx)
	if err != nil {
		return err
	}
	return a.print(&guardAnswer{list[0].Guard, list})
}

func (a *app) guardSetCommand() *cobra.Command {
	var to lifecycle.Guard
	var reason string
	cmd := &cobra.Command{
		Use: "set --count N --share P --reason TEXT", Short: "Change how much one step may take; what is held stays so",
		Example: "  writ lifecycle guard set --count 50 --share 0.02 --reason 'we have grown'", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("count") && !cmd.Flags().Changed("share") || reason == "" {
				return fmt.Errorf("%w: it needs --count N or --share P, and --reason TEXT", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.lifecycle().Guards(ctx)
			if err != nil {
				return err
			}
			g := list[0].Guard
			if cmd.Flags().Changed("count") {
				g.Count = to.Count
			}
			if cmd.Flags().Changed("share") {
				g.Share = to.Share
			}
			if err := a.lifecycle().SetGuard(ctx, g, reason); err != nil {
				return err
			}
			return a.showLifecycleGuard(ctx)
		},
	}
	cmd.Flags().IntVar(&to.Count, "count", 0, "`people`, whatever share of all they are")
	cmd.Flags().Float64Var(&to.Share, "share", 0, "`share` of those whom rules are for, from 0 to 1")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
