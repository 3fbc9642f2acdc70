package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/analytics"
	"github.com/writhq/writ/policy"
)

// analytics says what stands out in who has what.
func (a *app) analytics() *analytics.Service {
	if a.kept.analytics == nil || a.kept.analytics.Graph != a.graph {
		a.kept.analytics = &analytics.Service{
			Store: a.db.Analytics(), Graph: a.graph, Rules: a.lifecycle(),
			Progress: func(step string) { a.progress.step(step, 0, 0) },
		}
	}
	return a.kept.analytics
}

// operatorsReach is what somebody at the data directory may know of.
var operatorsReach = policy.Reach{All: true}

func (a *app) analyticsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "analytics", Short: "What stands out in who has what: outliers, unused access, access kept too long", Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.outliersCommand(), a.unusedCommand(), a.creepCommand(), a.ruleWhatIfCommand())
	return cmd
}

// analyticsFlags narrow what is shown.
type analyticsFlags struct {
	unit, system, tier, since, by string
	limit                         int
}

func (f *analyticsFlags) limited(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.limit, "limit", 50, "at most `n`, the worst first (0 is all)")
}

func (a *app) outliersCommand() *cobra.Command {
	f := &analyticsFlags{}
	cmd := &cobra.Command{
		Use:   "outliers [PERSON]",
		Short: "Access that hardly any peer has, the worst first",
		Long: `Who holds what hardly any of their peers has. Peers are alike in the attributes that
explain best who has what, as far as at least 10 people are; the output says which.
Each line is something to ask about, not a verdict. docs/how-to/analytics.md says how
it is ranked.`,
		Example: "  writ analytics outliers --unit Treasury\n  writ analytics outliers ana.sol@example.com -o json",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.showOutliers(cmd.Context(), args, f) },
	}
	cmd.Flags().StringVar(&f.unit, "unit", "", "only people of this `unit`")
	cmd.Flags().StringVar(&f.system, "system", "", "only this `system`")
	cmd.Flags().StringVar(&f.tier, "tier", "", "only this `tier`: 0, 1, 2 or 3")
	f.limited(cmd)
	return cmd
}

func (a *app) showOutliers(ctx context.Context, args []string, f *analyticsFlags) error {
	tier, err := coverageFlags{tier: f.tier}.filter()
	if err != nil {
		return err
	}
	ctx, err = a.openGraph(ctx)
	if err != nil {
		return err
	}
	filter := analytics.OutlierFilter{Unit: f.unit, Tier: tier.Tier, Reach: operatorsReach, Limit: f.limit}
	if filter.System, err = f.named(ctx, a); err != nil {
		return err
	}
	if len(args) == 1 {
		if filter.Identity, err = a.inventory().ResolveIdentity(ctx, args[0]); err != nil {
			return err
		}
	}
	page, err := a.analytics().Outliers(ctx, filter)
	a.progress.finish()
	if err != nil {
		return err
	}
	list, err := analytics.ShowOutliers(ctx, a.db.Inventory(), page.List)
	if err != nil {
		return err
	}
	return a.print(&outliersAnswer{page.Rev, page.At, page.People, page.Explained, page.Total, analytics.CountTiers(page.Tiers), list})
}

func (a *app) unusedCommand() *cobra.Command {
	f := &analyticsFlags{}
	cmd := &cobra.Command{
		Use:   "unused",
		Short: "Access that is known not to be used, and what taking it away would reduce",
		Long: `How grants are used, by system, entitlement or role. Unused is only what is known not to
have been used in the whole period; where nothing is known of its use, that is said, and
it counts as nothing.`,
		Example: "  writ analytics unused --since 180d --by entitlement",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.showUnused(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.by, "by", string(analytics.BySystem), "what the rows are: `system`, entitlement or role")
	cmd.Flags().StringVar(&f.since, "since", "90d", "how many `days` back the period goes, as 90d")
	cmd.Flags().StringVar(&f.system, "system", "", "only this `system`")
	f.limited(cmd)
	return cmd
}

func (a *app) showUnused(ctx context.Context, f *analyticsFlags) error {
	period, err := daysOf(f.since)
	if err != nil {
		return err
	}
	by := analytics.By(f.by)
	if !slices.Contains([]analytics.By{analytics.BySystem, analytics.ByEntitlement, analytics.ByRole}, by) {
		return fmt.Errorf("%w: --by must be system, entitlement or role", errUsage)
	}
	ctx, err = a.openGraph(ctx)
	if err != nil {
		return err
	}
	system, err := f.named(ctx, a)
	if err != nil {
		return err
	}
	page, err := a.analytics().Usage(ctx, analytics.UsageFilter{By: by, Days: period, System: system, Reach: operatorsReach, Limit: f.limit})
	a.progress.finish()
	if err != nil {
		return err
	}
	rows, err := analytics.ShowUsage(ctx, a.db.Inventory(), page.Rows)
	if err != nil {
		return err
	}
	return a.print(&unusedAnswer{page.Rev, page.Since, by, page.Total.Shown(), page.All, rows})
}

func (a *app) creepCommand() *cobra.Command {
	f := &analyticsFlags{}
	cmd := &cobra.Command{
		Use:   "creep [PERSON]",
		Short: "Access that people kept from earlier units, and how that developed",
		Long: `Who kept most from the units that they were in before, by what is recorded of them. What
at least half of their peers have today is usual there and not counted. Of one person:
their positions, and what came with each.`,
		Example: "  writ analytics creep --unit Treasury\n  writ analytics creep ana.sol@example.com",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.showCreep(cmd.Context(), args, f) },
	}
	cmd.Flags().StringVar(&f.unit, "unit", "", "only people who are in this `unit` now")
	f.limited(cmd)
	return cmd
}

func (a *app) showCreep(ctx context.Context, args []string, f *analyticsFlags) error {
	if f.limit < 0 {
		return errLimit
	}
	ctx, err := a.openGraph(ctx)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		return a.creepOf(ctx, args[0])
	}
	page, err := a.analytics().Creep(ctx, analytics.CreepFilter{Unit: f.unit, Reach: operatorsReach, Limit: f.limit})
	a.progress.finish()
	if err != nil {
		return err
	}
	people, err := analytics.ShowCreep(ctx, a.db.Inventory(), page.People, operatorsReach, false)
	if err != nil {
		return err
	}
	return a.print(&creepAnswer{Revision: page.Rev, Moved: page.Moved, Number: page.All, People: people, Trend: page.Trend})
}

func (a *app) creepOf(ctx context.Context, who string) error {
	id, err := a.inventory().ResolveIdentity(ctx, who)
	if err != nil {
		return err
	}
	x, rev, err := a.analytics().CreepOf(ctx, id, operatorsReach)
	a.progress.finish()
	if err != nil {
		return err
	}
	shown, err := analytics.ShowCreep(ctx, a.db.Inventory(), []analytics.Counted{x}, operatorsReach, true)
	if err != nil {
		return err
	}
	return a.print(&creepOneAnswer{rev, shown[0]})
}

var errLimit = fmt.Errorf("%w: --limit must be 0 or more", errUsage)

// named is the system that the flags name, once the limit is one.
func (f *analyticsFlags) named(ctx context.Context, a *app) (access.SystemID, error) {
	switch {
	case f.limit < 0:
		return 0, errLimit
	case f.system == "":
		return 0, nil
	}
	y, err := a.inventory().System(ctx, f.system)
	return y.ID, err
}

// ruleFlags are what 'writ analytics rule' was told.
type ruleFlags struct {
	condition, since string
	targets          []string
}

func (a *app) ruleWhatIfCommand() *cobra.Command {
	q := &ruleFlags{}
	cmd := &cobra.Command{
		Use:   "rule --when CONDITION --entitlement NAME",
		Short: "What a rule would have taken, and from whom who used it",
		Long: `Were a rule the only reason to have some entitlements: who has them now and would lose
them, and who of those used them in the period. Nothing is kept and nothing changes.`,
		Example: "  writ analytics rule --when 'identity.unit == \"Treasury\"' --entitlement erp/payments --since 90d",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.ruleWhatIf(cmd.Context(), q) },
	}
	cmd.Flags().StringVar(&q.condition, "when", "", "`condition` of whom the rule would be for, in CEL")
	cmd.Flags().StringSliceVar(&q.targets, "entitlement", nil, "`entitlement` that it would be the only reason to have; may be given again")
	cmd.Flags().StringVar(&q.since, "since", "90d", "how many `days` back use is looked at, as 90d")
	return cmd
}

func (a *app) ruleWhatIf(ctx context.Context, f *ruleFlags) error {
	if f.condition == "" || len(f.targets) == 0 {
		return fmt.Errorf("%w: --when and --entitlement are needed (see 'writ analytics rule --help')", errUsage)
	}
	period, err := daysOf(f.since)
	if err != nil {
		return err
	}
	ctx, err = a.openGraph(ctx)
	if err != nil {
		return err
	}
	q := analytics.RuleQuestion{Condition: f.condition, Days: period}
	if q.Entitlements, err = a.entitlementsCalled(ctx, f.targets); err != nil {
		return err
	}
	answers, rev, err := a.analytics().RuleWhatIf(ctx, q)
	a.progress.finish()
	if err != nil {
		return err
	}
	shown, err := analytics.ShowRule(ctx, a.db.Inventory(), answers)
	if err != nil {
		return err
	}
	return a.print(&ruleWhatIfAnswer{rev, period, shown})
}

// entitlementsCalled are the entitlements of some names.
func (a *app) entitlementsCalled(ctx context.Context, names []string) (list []access.EntitlementID, err error) {
	for _, name := range names {
		ref, err := a.inventory().ResolveTarget(ctx, name)
		if err != nil {
			return nil, err
		}
		if ref.Kind != access.KindEntitlement {
			return nil, fmt.Errorf("%w: %q is a %s, not an entitlement", errUsage, name, ref.Kind)
		}
		list = append(list, access.EntitlementID(ref.Key))
	}
	return list, nil
}
