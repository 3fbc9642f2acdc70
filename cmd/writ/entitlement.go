package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
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
		RunE:    ask(a, &questionFlags{}, a.askEntitlement),
	}
}

func (a *app) askEntitlement(ctx context.Context, names []string, _ graph.Question) (*entitlementAnswer, error) {
	id, err := a.resolveEntitlement(ctx, names[0])
	if err != nil {
		return nil, err
	}
	return a.showEntitlement(ctx, id)
}

func (a *app) showEntitlement(ctx context.Context, id access.EntitlementID) (*entitlementAnswer, error) {
	view := a.graph.View()
	defer view.Close()
	x, err := a.classifier().Explain(ctx, view, id)
	if err != nil {
		return nil, err
	}
	e, _ := view.Entitlement(id)
	owner, inherited := ownerOf(view, e)
	refs := []access.Ref{id.Ref(), owner.Ref()}
	for _, c := range e.Capabilities {
		refs = append(refs, c.On)
	}
	for _, r := range x.Reasons {
		refs = append(refs, r.From)
		for _, s := range r.Path {
			refs = append(refs, s.From, s.To, s.Resource.Ref())
		}
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return nil, err
	}
	ans := &entitlementAnswer{
		Revision: view.Rev(), Entitlement: name(id.Ref()), Kind: e.Kind, Tier: x.Tier, Own: x.Own, Facts: x.Facts,
		Disciplines: classify.Disciplines(x.Tier), Override: overrideOf(x), Controls: requiredOf(x.Tier), Holders: holdersOf(view, id),
		Reasons: []reasonLine{}, Capabilities: []capabilityLine{},
	}
	if owner != 0 {
		who := name(owner.Ref())
		ans.Owner, ans.Inherited = &who, inherited
	}
	for _, c := range e.Capabilities {
		ans.Capabilities = append(ans.Capabilities, capabilityLine{c.Right, name(c.On)})
	}
	for _, r := range x.Reasons {
		ans.Reasons = append(ans.Reasons, reasonOf(r, name))
	}
	return ans, nil
}

// ownerOf is who answers for an entitlement: its own owner, else its system's.
func ownerOf(view *graph.View, e graph.EntitlementNode) (owner access.IdentityID, inherited bool) {
	if e.Owner != 0 {
		return e.Owner, false
	}
	s, _ := view.System(e.System)
	if s.BusinessOwner != 0 {
		return s.BusinessOwner, true
	}
	return s.TechnicalOwner, true
}

func reasonOf(r classify.Reason, name func(access.Ref) named) reasonLine {
	line := reasonLine{Rule: r.Rule, Tier: r.Tier, Text: r.Text}
	if !r.From.IsZero() {
		from := name(r.From)
		line.From = &from
	}
	if len(r.Path) > 0 {
		path := describePath(r.Path, name, nil)
		line.Path = &path
	}
	return line
}

func overrideOf(x classify.Explanation) *overrideLine {
	o := x.Override
	if o == nil {
		return nil
	}
	return &overrideLine{Tier: o.Tier, Facts: o.Facts, Reason: o.Reason, By: o.By, Since: day(o.Since), Until: day(o.Until), Holds: x.Overridden}
}

// holdersOf counts who has an entitlement in each mode: by a grant of their own, and
// with everything that leads to it.
func holdersOf(view *graph.View, id access.EntitlementID) []holdersLine {
	direct := map[access.Mode]map[access.Ref]bool{}
	for _, m := range access.Modes {
		direct[m] = map[access.Ref]bool{}
	}
	for g := range view.DirectHolders(id) {
		direct[g.Mode][g.Holder] = true
	}
	lines := make([]holdersLine, 0, len(access.Modes))
	for _, m := range access.Modes {
		all := view.Members([]access.Ref{id.Ref()}, graph.Question{Modes: 1 << m})
		lines = append(lines, holdersLine{
			Mode: m, Direct: len(direct[m]), Identities: int(all.Identities.GetCardinality()), Orphans: int(all.Orphans.GetCardinality()), //nolint:gosec // far fewer
		})
	}
	return lines
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
		err = a.classifier().ClearOverride(ctx, id, d.reason)
	} else {
		err = a.classifier().Override(ctx, id, access.Tier(d.tier), d.reason, end)
	}
	if err != nil {
		return nil, err
	}
	if _, err := a.refresh(ctx); err != nil {
		return nil, err
	}
	shown, err := a.showEntitlement(ctx, id)
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
