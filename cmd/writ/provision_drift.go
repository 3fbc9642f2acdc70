package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/provision"
)

// settling is what 'writ provision drift' was told.
type settling struct {
	system, except, reason string
	revert, adopt          bool
}

func (a *app) provisionDriftCommand() *cobra.Command {
	var s settling
	cmd := &cobra.Command{
		Use: "drift [OPERATION]", Short: "What was verified and is no longer so: list it, revert, adopt or except it",
		Long: `List what was verified once and is no longer so, because somebody changed it on the system;
or decide on one of them: make it so again (--revert), justify what came back (--adopt), or
leave it as it is until a day (--except).`,
		Example: "  writ provision drift --system erp\n  writ provision drift opn_0000000000001 --revert --reason 'nobody asked for it'\n  writ provision drift opn_0000000000001 --except 2027-03-31 --reason 'the migration needs it'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.listDrift(ctx, s.system)
			}
			id, err := operationID(args[0])
			if err != nil {
				return err
			}
			return a.settleDrift(ctx, id, s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.system, "system", "", "only this `system`'s")
	f.BoolVar(&s.revert, "revert", false, "make it so again")
	f.BoolVar(&s.adopt, "adopt", false, "justify what came back")
	f.StringVar(&s.except, "except", "", "leave it as it is until a `date`")
	f.StringVar(&s.reason, "reason", "", "why (required for a decision)")
	return cmd
}

func (a *app) listDrift(ctx context.Context, system string) error {
	var systems []access.SystemID
	if system != "" {
		y, err := a.inventory().System(ctx, system)
		if err != nil {
			return err
		}
		systems = []access.SystemID{y.ID}
	}
	found, err := a.db.Provision().Drifts(ctx, systems, 1000)
	if err != nil {
		return err
	}
	list := make([]provision.Operation, len(found))
	for i := range found {
		list[i] = found[i].Operation
	}
	lines, err := a.operationLines(ctx, list)
	if err != nil {
		return err
	}
	title := "verified once, and no longer so"
	if len(lines) == 0 {
		title = "everything is as it was verified"
	}
	return a.print(&operationsAnswer{lines, title})
}

func (a *app) settleDrift(ctx context.Context, id access.OperationID, s settling) error {
	chosen := 0
	for _, is := range []bool{s.revert, s.adopt, s.except != ""} {
		if is {
			chosen++
		}
	}
	if chosen != 1 {
		return fmt.Errorf("%w: choose one of --revert, --adopt and --except", errUsage)
	}
	done, err := "", error(nil)
	switch {
	case s.revert:
		done, err = "it is made so again next", a.desk().Revert(ctx, id, s.reason)
	case s.adopt:
		done, err = "adopted", a.desk().Adopt(ctx, id, s.reason)
	default:
		var until time.Time
		if until, err = time.Parse(time.DateOnly, s.except); err != nil {
			return fmt.Errorf("%w: --except %q is not a date such as 2027-03-31", errUsage, s.except)
		}
		done, err = "left as it is until "+s.except, a.desk().Except(ctx, id, s.reason, until)
	}
	if err != nil {
		return err
	}
	return a.print(&doneAnswer{id.Ref(), done})
}
