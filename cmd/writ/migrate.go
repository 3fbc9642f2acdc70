package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// schemaAnswer is the answer of 'writ migrate'.
type schemaAnswer struct {
	Schema int64 `json:"schema"`
}

func (s *schemaAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("The store has schema %d, the newest that this binary knows.", s.Schema)}}
}

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the store's schema up to this binary's",
		Long:  "Brings the store's schema up to this binary's. Every command does that by itself;\nthis one does nothing else, for upgrades that are done step by step. A store that a\nnewer Writ wrote is refused and left as it is.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			has, _, err := a.db.SchemaVersion(ctx)
			if err != nil {
				return err
			}
			return a.print(&schemaAnswer{Schema: has})
		},
	}
}
