package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/inventory"
)

func (a *app) doubtCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doubt", Short: "Rows of sources of which nobody can say whose they are",
		Long: `Rows of sources of which nobody can say whose they are: somebody comes with the number of
who has left and by another name, or two people have one number. Such a row does not count,
so that nobody gains anything by it, until it is mended in the source or somebody decides.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.doubtListCommand(), a.doubtDecideCommand())
	return cmd
}

// doubtsAnswer is the answer of 'writ doubt list'.
type doubtsAnswer struct {
	Doubts []inventory.DoubtItem `json:"doubts"`
}

func (s *doubtsAnswer) tables() []table {
	t := table{header: []string{"source", "row", "name", "email", "what is in doubt", "since", "decided"}, whole: true}
	for _, d := range s.Doubts {
		what, decided := "two people have number "+d.Number, ""
		switch {
		case d.Kind == inventory.DoubtRehire:
			what = fmt.Sprintf("number %s was that of %s, who has left", d.Number, d.Left.Name)
		case d.Left != nil:
			what = fmt.Sprintf("number %s is that of %s", d.Number, d.Left.Name)
		}
		if d.Decided != "" {
			decided = d.Decided + " person, from the next sync on: " + d.Reason
		}
		t.rows = append(t.rows, []string{d.SourceName, d.Row, d.Name, d.Email, what, moment(d.Since), decided})
	}
	if len(s.Doubts) == 0 {
		t = table{title: "nothing is in doubt"}
	}
	return []table{t}
}

func (a *app) doubtListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Rows of which nobody can say whose they are, as the last sync of each source found them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.inventory().DoubtItems(ctx)
			if err != nil {
				return err
			}
			return a.print(&doubtsAnswer{list})
		},
	}
}

func (a *app) doubtDecideCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "decide SOURCE ROW same|another --reason TEXT", Short: "Say whether a row is the person who has left, or another; the next sync goes by it",
		Example: "  writ doubt decide hr E0000042 another --reason 'HR gave the number again by mistake'", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" || !slices.Contains([]string{inventory.SamePerson, inventory.AnotherPerson}, args[2]) {
				return fmt.Errorf("%w: it needs 'same' or 'another', and --reason TEXT", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			src, err := a.inventory().Source(ctx, args[0])
			if err != nil {
				return err
			}
			if err := a.inventory().DecideDoubt(ctx, src.ID, args[1], "", args[2] == inventory.SamePerson, reason, 0); err != nil {
				return err
			}
			list, err := a.inventory().DoubtItems(ctx)
			if err != nil {
				return err
			}
			return a.print(&doubtsAnswer{list})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
