package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func (a *app) auditTailCommand() *cobra.Command {
	var follow bool
	var lines int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "The last entries, and those that follow as they come",
		Long: `Prints the last entries in the order of the log, one a line; -o json prints each as JSON.
With --follow it goes on until it is told to stop, also beside a server that works on
the same data directory or database.`,
		Example: "  writ audit tail --lines 20\n  writ audit tail --follow -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lines < 0 || lines > 10_000 {
				return fmt.Errorf("%w: --lines is from 0 to 10000", errUsage)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			return a.tail(ctx, int64(lines), follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	cmd.Flags().IntVarP(&lines, "lines", "n", 10, "how many `entries` at first")
	return cmd
}

// tailPage is how many entries are read at a time.
const tailPage = 1000

func (a *app) tail(ctx context.Context, lines int64, follow bool) error {
	log := a.db.Audit()
	text, err := log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	c, err := audit.OpenCheckpoint(text, log.Verifier())
	if err != nil {
		return err
	}
	leaf, err := a.tailFrom(ctx, c.Size-1-lines)
	if err != nil || !follow {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.db.RunSequencer(ctx) }) // in case nobody else does
	g.Go(func() error {
		for seen := access.Rev(0); ctx.Err() == nil; {
			if leaf, err = a.tailFrom(ctx, leaf); err == nil {
				seen, err = log.Wait(ctx, seen)
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// tailFrom prints the entries behind a leaf, and returns the last one's.
func (a *app) tailFrom(ctx context.Context, leaf int64) (int64, error) {
	for {
		entries, err := a.db.Audit().Since(ctx, leaf, tailPage)
		if err != nil {
			return leaf, err
		}
		for i, line := range auditLines(audit.Page{Entries: entries}).Entries {
			if err := a.tailLine(line); err != nil {
				return leaf, err
			}
			leaf = entries[i].Leaf
		}
		if len(entries) < tailPage {
			return leaf, nil
		}
	}
}

func (a *app) tailLine(l auditLine) error {
	if a.format == asJSON {
		return json.NewEncoder(a.out).Encode(l)
	}
	about := pairs(l.Personal)
	if l.Erased {
		about = "(erased)"
	}
	_, err := fmt.Fprintln(a.out, printable(fmt.Sprintf("%s  %-6d %s  %s  %s  %s %s", l.At.Time().UTC().Format(time.DateTime), l.Record, l.Actor, l.Action, l.Object, pairs(l.Facts), about)))
	return err
}
