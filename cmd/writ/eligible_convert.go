package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/pam/elevate"
)

// convertLine is a standing grant, as a conversion sees it.
type convertLine struct {
	elevate.Convertible
	Who  ask.Shown `json:"who"`
	By   ask.Shown `json:"by"`
	What ask.Shown `json:"what"`
}

// convertAnswer is the answer of 'writ eligible convert'.
type convertAnswer struct {
	ID     access.ChainID `json:"id,omitzero"` // of what was done; none is a preview
	Terms  access.Terms   `json:"terms"`
	Grants []convertLine  `json:"grants"`
}

func (s *convertAnswer) tables() []table {
	t := table{header: []string{"who", "account", "holds", "tier", "last used", "becomes"}}
	n := 0
	for _, x := range s.Grants {
		becomes := "eligible up to " + s.Terms.Most.String() + " (" + takes(s.Terms) + ")"
		if x.Not != "" {
			becomes = "stays: " + x.Not
		} else {
			n++
		}
		used := "not known"
		if x.UsageKnown {
			if used = "never"; x.LastUsed != 0 {
				used = day(x.LastUsed)
			}
		}
		t.rows = append(t.rows, []string{x.Who.String(), x.By.String(), x.What.String(), tierName(x.Tier), used, becomes})
	}
	t.title = fmt.Sprintf("%s would become eligible; nothing was changed (--apply does it)", plural(n, "standing grant"))
	if s.ID != 0 {
		t.title = fmt.Sprintf("%s: %s became eligible, and are taken off; 'writ eligible restore %s' takes that back", s.ID, plural(n, "standing grant"), s.ID)
	}
	if len(t.rows) == 0 {
		t.title = "there is no standing grant of that tier"
	}
	return []table{t}
}

func (a *app) eligibleConvertCommand() *cobra.Command {
	var terms termFlags
	var system, entitlement string
	var only []string
	var apply bool
	tier := 1
	cmd := &cobra.Command{
		Use: "convert [--apply --reason TEXT]", Short: "Make standing privileged grants eligible: who, what, last used; and do it with --apply",
		Long: fmt.Sprintf(`Show which standing grants of tiers 0 and 1 would become eligible, on which terms, when each
was last used, and why others stay: what runs by itself activates nothing, and what a role
or a rule gives is changed there.

With --apply everybody concerned is eligible from then on, and what they held is taken off
by provisioning, whose guard holds it where it is much. No more than %d grants at once.`, elevate.ConvertAtMost),
		Example: "  writ eligible convert --system db --most 4h\n  writ eligible convert --system db --most 4h --apply --reason 'no standing database administrators'",
		Args:    cobra.NoArgs,
	}
	reason := cmd.Flags().String("reason", "", "why (required with --apply)")
	terms.add(cmd)
	cmd.Flags().StringVar(&system, "system", "", "only in this `system`")
	cmd.Flags().StringVar(&entitlement, "of", "", "only this `entitlement`")
	cmd.Flags().StringArrayVar(&only, "identity", nil, "only of this `identity` (repeatable)")
	cmd.Flags().IntVar(&tier, "tier", tier, "this `tier` and the more dangerous ones, 0 to 3")
	cmd.Flags().BoolVar(&apply, "apply", false, "do it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if tier < 0 || tier > 3 {
			return fmt.Errorf("%w: --tier is from 0 to 3", errUsage)
		}
		if apply {
			if err := needsReason(*reason); err != nil {
				return err
			}
		}
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		q := elevate.ConvertQuery{Tier: access.Tier(tier)} //nolint:gosec // it is from 0 to 3
		if system != "" {
			y, err := a.inventory().System(ctx, system)
			if err != nil {
				return err
			}
			q.System = y.ID
		}
		if entitlement != "" {
			if q.Entitlement, err = a.entitlementNamed(ctx, entitlement); err != nil {
				return err
			}
		}
		ids := make([]access.IdentityID, len(only))
		for i, text := range only {
			if ids[i], err = a.inventory().ResolveIdentity(ctx, text); err != nil {
				return err
			}
		}
		ans := &convertAnswer{Grants: []convertLine{}}
		if ans.Terms, err = a.termsOf(ctx, &terms); err != nil {
			return err
		}
		var list []elevate.Convertible
		if apply {
			ans.ID, list, err = a.elevates().Convert(ctx, q, ids, ans.Terms, *reason)
		} else {
			list, err = a.elevates().Convertibles(ctx, q)
		}
		if err != nil {
			return err
		}
		if err := a.convertLines(ctx, ans, list); err != nil {
			return err
		}
		return a.print(ans)
	}
	return cmd
}

func (a *app) convertLines(ctx context.Context, ans *convertAnswer, list []elevate.Convertible) error {
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.Identity.Ref(), x.Account.Ref(), x.Entitlement.Ref())
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return err
	}
	for _, x := range list {
		ans.Grants = append(ans.Grants, convertLine{x, name(x.Identity.Ref()), name(x.Account.Ref()), name(x.Entitlement.Ref())})
	}
	return nil
}

// restoredAnswer is the answer of 'writ eligible restore'.
type restoredAnswer struct {
	ID     access.ChainID `json:"id"`
	Grants int            `json:"grants"`
}

func (s *restoredAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("%s is taken back: %s standing again, as provisioning puts them on", s.ID, plural(s.Grants, "grant"))}}
}

func (a *app) eligibleRestoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore CONVERSION --reason TEXT", Short: "Take a conversion back: what was standing is standing again",
		Args: cobra.ExactArgs(1),
	}
	reason := whyFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var id access.ChainID
		if err := id.UnmarshalText([]byte(args[0])); err != nil {
			return err
		}
		if err := needsReason(*reason); err != nil {
			return err
		}
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		n, err := a.elevates().Restore(ctx, id, *reason)
		if err != nil {
			return err
		}
		return a.print(&restoredAnswer{id, n})
	}
	return cmd
}
