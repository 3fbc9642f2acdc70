package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// failingAnswer is the answer of 'writ mapping failing'.
type failingAnswer struct {
	Failing []lifecycle.FailingPerson `json:"failing"`
	Total   int                       `json:"total"`
}

func (s *failingAnswer) tables() []table {
	if s.Total == 0 {
		return []table{{title: "no mapping fails for anybody"}}
	}
	t := table{title: fmt.Sprintf("a mapping fails for %s, and nothing changes for them there", people(s.Total)), header: []string{"system", "number", "person", "why", "since"}, whole: true}
	for _, f := range s.Failing {
		t.rows = append(t.rows, []string{f.System.Name, f.Identity.Number, f.Identity.Name, f.Problem, moment(f.Since)})
	}
	return []table{t}
}

func (a *app) mappingFailingCommand() *cobra.Command {
	return &cobra.Command{
		Use: "failing [SYSTEM]", Short: "For whom mappings fail now, and why; for them nothing changes", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			var system access.SystemID
			if len(args) > 0 {
				if system, err = a.resolveSystem(ctx, args[0]); err != nil {
					return err
				}
			}
			list, all, err := a.lifecycle().Failing(ctx, system)
			if err != nil {
				return err
			}
			return a.print(&failingAnswer{list, all})
		},
	}
}
