package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/store"
)

// backupAnswer is the answer of 'writ backup' and 'writ restore'.
type backupAnswer struct {
	store.BackupReport
	verb string
}

func (s *backupAnswer) tables() []table {
	keys := "not in it: keep node.key and log.key of the data directory elsewhere"
	if s.Keys {
		keys = "in it, encrypted with the passphrase"
	}
	return []table{{title: s.verb + " " + s.Path, header: []string{"what", ""}, rows: [][]string{
		{"rows", strconv.FormatInt(s.Rows, 10)},
		{"revision", strconv.FormatInt(int64(s.Revision), 10)},
		{"schema", strconv.FormatInt(s.Schema, 10)},
		{"sha256", s.Digest},
		{"keys", keys},
	}}}
}

// passphrase reads what --passphrase refers to.
func (a *app) passphrase(reference string) (secret.Secret, error) {
	if reference == "prompt" {
		return a.prompt("Passphrase of the backup: ")
	}
	return a.credential(systemFlag{name: "the backup", credential: reference})
}

func (a *app) backupCommand() *cobra.Command {
	var reference string
	var without bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write everything to one file, while Writ goes on working",
		Long: `Writes everything that the store holds at one instant to a new file, also beside a
server that works on it. It comes back into SQLite or PostgreSQL, whichever it came from.

The two keys of the data directory (node.key, log.key) are part of it, encrypted with
a passphrase. With --without-keys they are left out: then the backup is of use only
together with copies of the two files, and without them it cannot be opened again.
The rest of the file is not encrypted: keep it as you would keep the store.`,
		Example: "  writ backup /backup/writ.backup --passphrase file:/root/writ.pass",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if without == (reference != "") {
				return fmt.Errorf("%w: say either --passphrase env:VARIABLE, file:PATH or prompt, or --without-keys", errUsage)
			}
			passphrase, err := a.passphrase(reference)
			if err != nil {
				return err
			}
			defer passphrase.Wipe()
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			report, err := a.db.Backup(ctx, args[0], passphrase)
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			return a.print(&backupAnswer{BackupReport: report, verb: "Wrote"})
		},
	}
	cmd.Flags().StringVar(&reference, "passphrase", "", "where the passphrase for the keys is: env:VARIABLE, file:PATH or prompt (`reference`)")
	cmd.Flags().BoolVar(&without, "without-keys", false, "leave the keys out")
	return cmd
}
