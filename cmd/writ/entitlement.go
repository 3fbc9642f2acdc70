package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/classify"
)

func (a *app) entitlementCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "entitlement", Short: "Entitlements: governance or privilege, and why; decide otherwise", Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.entitlementShowCommand(), a.classifyCommand())
	return cmd
}

func (a *app) resolveEntitlement(ctx context.Context, text string) (access.EntitlementID, error) {
	ref, err := a.inventory().ResolveTarget(ctx, text)
	if err != nil {
		return 0, err
	}
	if ref.Kind != access.KindEntitlement {
		return 0, access.ErrID.With("%q is a %s, and only entitlements have a tier", text, ref.Kind)
	}
	return access.EntitlementID(ref.Key), nil
}

func (a *app) entitlementShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [SYSTEM/]NAME",
		Short: "What an entitlement can do, its tier and why, the controls it needs, who has it",
		Long: `What an entitlement can do, which tier that gives, why, and which controls the tier
requires. Reasons are the facts, what the entitlement leads to, and a person's
decision, where there is one.`,
		Example: "  writ entitlement show payroll-db/role:dba",
		Args:    cobra.ExactArgs(1),
		RunE:    asking(a, &questionFlags{}, a.askEntitlement),
	}
}

func (a *app) askEntitlement(ctx context.Context, names []string, _ graph.Question) (entitlementAnswer, error) {
	id, err := a.resolveEntitlement(ctx, names[0])
	if err != nil {
		return entitlementAnswer{}, err
	}
	ans, err := a.ask().Entitlement(ctx, id, ask.Everything)
	return entitlementAnswer{ans}, err
}

// decision is what 'writ entitlement classify' was told.
type decision struct {
	tier          int8
	clear         bool
	reason, until string
}

// check reports what is wrong with how it was told, and the end as a time.
func (d decision) check(tierGiven bool) (end access.Time, err error) {
	switch {
	case tierGiven == d.clear:
		return 0, fmt.Errorf("%w: say either --tier N or --clear", errUsage)
	case d.tier < int8(access.Tier0) || d.tier > int8(access.Tier3):
		return 0, fmt.Errorf("%w: --tier must be 0, 1, 2 or 3", errUsage)
	case d.reason == "":
		return 0, fmt.Errorf("%w: a decision needs --reason TEXT", errUsage)
	case d.until == "":
		return 0, nil
	case d.clear:
		return 0, fmt.Errorf("%w: --until goes with --tier", errUsage)
	}
	t, err := time.Parse(time.DateOnly, d.until)
	if err != nil {
		return 0, fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, d.until)
	}
	return access.TimeOf(t), nil
}

func (a *app) classifyCommand() *cobra.Command {
	var d decision
	cmd := &cobra.Command{
		Use:   "classify [SYSTEM/]NAME --tier N --reason TEXT [--until DATE] | --clear --reason TEXT",
		Short: "Decide an entitlement's own tier, or let the facts decide again",
		Long: `Decide an entitlement's own tier: 0 is worst, 3 ordinary. It counts at once, also for
everything that leads to the entitlement, and never hides what the entitlement itself
leads to. A tier better than the facts give needs an end, a year away at most, and no
longer holds when the facts get worse.`,
		Example: "  writ entitlement classify erp/Approver --tier 1 --reason 'it releases payments'\n  writ entitlement classify erp/Approver --clear --reason 'payments moved'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := d.check(cmd.Flags().Changed("tier"))
			if err != nil {
				return err
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.resolveEntitlement(ctx, args[0])
			if err != nil {
				return err
			}
			ans, err := a.classify(ctx, id, d, end)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	cmd.Flags().Int8Var(&d.tier, "tier", 0, "its own `tier`: 0, 1, 2 or 3")
	cmd.Flags().BoolVar(&d.clear, "clear", false, "no longer decide: the facts do")
	cmd.Flags().StringVar(&d.reason, "reason", "", "why (required)")
	cmd.Flags().StringVar(&d.until, "until", "", "the `date` on which the facts decide again; a better tier needs one")
	return cmd
}

func (a *app) classify(ctx context.Context, id access.EntitlementID, d decision, end access.Time) (*classifyAnswer, error) {
	ans := &classifyAnswer{Did: "override", Before: a.tierOf(id), Reason: d.reason, Until: day(end)}
	var err error
	if d.clear {
		ans.Did = "clear"
		err = a.classifier().ClearOverride(ctx, id, classify.Any, d.reason)
	} else {
		err = a.classifier().Override(ctx, id, classify.Any, access.Tier(d.tier), d.reason, end)
	}
	if err != nil {
		return nil, err
	}
	if _, err := a.refresh(ctx); err != nil {
		return nil, err
	}
	shown, err := a.ask().Entitlement(ctx, id, ask.Everything)
	if err != nil {
		return nil, err
	}
	ans.Revision, ans.Entitlement, ans.Tier, ans.Own, ans.Disciplines = shown.Revision, shown.Entitlement, shown.Tier, shown.Own, shown.Disciplines
	return ans, nil
}

func (a *app) tierOf(id access.EntitlementID) access.Tier {
	view := a.graph.View()
	defer view.Close()
	if e, ok := view.Entitlement(id); ok {
		return e.Tier
	}
	return access.Unclassified
}
