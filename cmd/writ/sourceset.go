package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// sourceSetAnswer is the answer of 'writ source set'.
type sourceSetAnswer struct {
	Revision access.Rev      `json:"revision"`
	ID       access.SourceID `json:"id"`
	Name     string          `json:"name"`
	inventory.Plan
}

func (s *sourceSetAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("source %s is %s", s.Name, s.Stage)}}
}

func (a *app) sourceSetCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "set SOURCE [--every TIME] [--hours HOURS] [--stage active] [--maintenance-until TIME --reason TEXT]",
		Short: "Change when a source is read", Example: "  writ source set hr --every 12h", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.ContainsFunc(planFlagNames, cmd.Flags().Changed) {
				return fmt.Errorf("%w: say what to change: --every, --hours, --stage or --maintenance-until", errUsage)
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			src, err := a.inventory().Source(ctx, args[0])
			if err != nil {
				return err
			}
			if src.Plan, err = f.apply(src.Plan, cmd.Flags().Changed, a.now()); err != nil {
				return err
			}
			if err := a.inventory().UpdateSource(ctx, src); err != nil {
				return err
			}
			if err := a.follow(ctx); err != nil {
				return err
			}
			return a.print(&sourceSetAnswer{a.revision(), src.ID, src.Name, src.Plan})
		},
	}
	f.register(cmd.Flags())
	return cmd
}
