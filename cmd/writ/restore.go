package main

import (
	"github.com/spf13/cobra"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/store"
)

func (a *app) restoreCommand() *cobra.Command {
	var reference string
	var check bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Fill an empty data directory from a backup",
		Long: `Fills an empty store from a backup, whole or not at all: what was interrupted can be
run again. A backup that a newer Writ wrote is refused. The keys come from the backup
with its passphrase, or lie in the data directory already.`,
		Example: "  writ restore /backup/writ.backup --data /var/lib/writ --passphrase prompt\n  writ restore --check /backup/writ.backup",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if check {
				report, err := store.InspectBackup(args[0])
				if err != nil {
					return err
				}
				return a.print(&backupAnswer{BackupReport: report, verb: "Checked"})
			}
			passphrase, err := a.passphrase(reference)
			if err != nil {
				return err
			}
			defer passphrase.Wipe()
			ctx := audit.WithActor(cmd.Context(), operator())
			report, err := store.Restore(ctx, store.Config{Dir: a.data, Postgres: a.postgres()}, args[0], passphrase)
			if err != nil {
				return err
			}
			return a.print(&backupAnswer{BackupReport: report, verb: "Restored"})
		},
	}
	cmd.Flags().StringVar(&reference, "passphrase", "", "where the passphrase for the keys is: env:VARIABLE, file:PATH or prompt (`reference`)")
	cmd.Flags().BoolVar(&check, "check", false, "only read the file and check it")
	return cmd
}
