package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// birthrightEffect is what a rule would change: the answer of 'writ birthright try', and of
// the commands that change one.
type birthrightEffect struct {
	Did string `json:"did"` // try, add, set, mode, remove
	lifecycle.Effect
	next string
}

func (s *birthrightEffect) tables() []table {
	did := map[string]string{
		"try": "if rule %s were %s like this", "add": "rule %s is kept; if it were %s", "set": "rule %s is changed, and is %s", "mode": "rule %s is %s now",
		"remove": "rule %s is removed, as if it were %s",
	}[s.Did]
	mode := map[string]string{"observe": "only observing", "warn": "only warning", "enforce": "enforced"}[s.Mode]
	all := table{
		title: fmt.Sprintf(did+": %s meet it (%s anew, %s no more, %s in doubt); %s gain something, %s lose something", s.Rule, mode,
			count(int64(s.Members)), count(int64(s.Joining)), count(int64(s.Leaving)), count(int64(s.Doubtful)), count(int64(s.Gaining)), count(int64(s.Losing))),
		header: []string{"entitlement", "gain", "lose"}, right: []int{1, 2},
	}
	for _, g := range s.Gives {
		all.rows = append(all.rows, []string{pathOf(g.Entitlement), count(int64(g.Gain)), count(int64(g.Lose))})
	}
	if len(all.rows) == 0 {
		all.header = nil
	}
	each := table{header: []string{"person", "number", "gains", "loses"}, note: s.next}
	for _, p := range s.First {
		each.rows = append(each.rows, []string{p.Identity.Name, p.Identity.Number, listed(p.Gains), listed(p.Loses)})
	}
	if more := max(s.Gaining, s.Losing) - len(s.First); more > 0 {
		each.rows = append(each.rows, []string{fmt.Sprintf("and at least %s more", count(int64(more)))})
	}
	if len(each.rows) == 0 {
		each.header = nil
	}
	tables := []table{all, each}
	for _, d := range []struct {
		title string
		who   []access.Named
	}{{"would meet it anew", s.Joins}, {"would meet it no more", s.Leaves}, {"in doubt: nothing is given to them and nothing taken", s.Doubts}} {
		if len(d.who) == 0 {
			continue
		}
		t := table{title: d.title, header: []string{"person", "number"}}
		for _, n := range d.who {
			t.rows = append(t.rows, []string{n.Name, n.Number})
		}
		tables = append(tables, t)
	}
	return append(tables, withoutTable(s.Without)...)
}

// withoutTable says which values no variant is for.
func withoutTable(list []lifecycle.WithoutShown) []table {
	if len(list) == 0 {
		return nil
	}
	t := table{title: "no variant is for these values: they give nothing", header: []string{"role", "parameter", "from", "value", "people", "such as"}, right: []int{4}}
	for _, w := range list {
		value := cmp.Or(w.Value, "(none)")
		if w.Why != "" {
			value = w.Why
		}
		t.rows = append(t.rows, []string{w.Role.Name, w.Parameter, w.From, value, count(int64(w.People)), listed(w.First)})
	}
	return []table{t}
}

// birthrightEffect is what a rule would change.
func (a *app) birthrightEffect(ctx context.Context, did string, r lifecycle.Rule, next string) (*birthrightEffect, error) {
	if _, err := a.db.Sequence(ctx); err != nil {
		return nil, err
	}
	e, err := a.lifecycle().Try(ctx, r)
	return &birthrightEffect{did, e, next}, err
}

func (a *app) birthrightShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "A rule, and whom it is for now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			r, err := a.lifecycle().Rule(ctx, args[0])
			if err != nil {
				return err
			}
			lines, err := a.birthrightLines(ctx, []lifecycle.Rule{r})
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			m, err := a.lifecycle().Members(ctx, r.Name)
			if err != nil {
				return err
			}
			return a.print(&birthrightAnswer{lines[0], m})
		},
	}
}

// birthrightAnswer is the answer of 'writ birthright show'.
type birthrightAnswer struct {
	birthrightLine
	lifecycle.Membership
}

func (s *birthrightAnswer) tables() []table {
	t := (&birthrightsAnswer{[]birthrightLine{s.birthrightLine}}).tables()[0]
	t.title = s.Description
	who := table{title: fmt.Sprintf("%s meet it, and for %s it cannot be told", count(int64(s.Members)), count(int64(s.Doubtful))), header: []string{"person", "number", "it cannot be told"}}
	for _, n := range s.First {
		who.rows = append(who.rows, []string{n.Name, n.Number, ""})
	}
	for _, n := range s.Doubts {
		who.rows = append(who.rows, []string{n.Name, n.Number, "yes"})
	}
	return append([]table{t, who}, withoutTable(s.Without)...)
}

func (a *app) birthrightTryCommand() *cobra.Command {
	var f birthrightFlags
	cmd := &cobra.Command{
		Use:   "try NAME [--when CEL] [--role ROLE]... [--entitlement SYSTEM/NAME]...",
		Short: "Who would gain and who would lose if a rule were enforced, changed like this, or made",
		Long: `Who would gain and who would lose if a rule were enforced as it is, changed as the flags
say, or made, where there is none of that name. Of an enforced rule without flags: if it
only observed. Nothing is kept.`,
		Example: "  writ birthright try treasury\n  writ birthright try treasury --when 'identity.unit == \"Treasury\" && !identity.third_party'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			was, err := a.lifecycle().Rule(ctx, args[0])
			if err != nil && !cmd.Flags().Changed("when") {
				return err
			}
			was.Name = args[0]
			r, err := a.ruleOf(ctx, cmd, &f, was)
			if err != nil {
				return err
			}
			if was.Mode == policy.Enforce && !f.given(cmd) {
				r.Mode = policy.Observe
			} else {
				r.Mode = policy.Enforce
			}
			ans, err := a.birthrightEffect(ctx, "try", r, "")
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	f.register(cmd)
	return cmd
}

func (a *app) birthrightAddCommand() *cobra.Command {
	var f birthrightFlags
	cmd := &cobra.Command{
		Use:     "add NAME --when CEL (--role ROLE | --entitlement SYSTEM/NAME)... --reason TEXT",
		Short:   "Keep a rule that only observes, and show what it would do",
		Example: `  writ birthright add treasury --when 'identity.unit == "Treasury"' --entitlement erp/Clerk --grace 14 --reason 'agreed with Finance'`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeBirthright(cmd, "add", f.reason, func(ctx context.Context) (lifecycle.Rule, error) {
				return a.ruleOf(ctx, cmd, &f, lifecycle.Rule{Name: args[0]})
			}, func(ctx context.Context, r lifecycle.Rule) error {
				return a.lifecycle().AddRule(ctx, r, f.reason)
			})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) birthrightSetCommand() *cobra.Command {
	var f birthrightFlags
	cmd := &cobra.Command{
		Use:     "set NAME [--when CEL] [--role ROLE]... [--entitlement SYSTEM/NAME]... --reason TEXT",
		Short:   "Change a rule: what is not named stays",
		Example: `  writ birthright set treasury --grace 30 --reason 'handing over takes a month'`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeBirthright(cmd, "set", f.reason, func(ctx context.Context) (lifecycle.Rule, error) {
				was, err := a.lifecycle().Rule(ctx, args[0])
				if err != nil {
					return was, err
				}
				return a.ruleOf(ctx, cmd, &f, was)
			}, func(ctx context.Context, r lifecycle.Rule) error {
				return a.lifecycle().SetRule(ctx, r, f.reason)
			})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) birthrightModeCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:     "mode NAME observe|warn|enforce --reason TEXT",
		Short:   "Let a rule give from now on, or only observe",
		Example: `  writ birthright mode treasury enforce --reason 'tried on Monday'`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			mode, err := policy.ParseMode(args[1])
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			return a.changeBirthright(cmd, "mode", reason, func(ctx context.Context) (lifecycle.Rule, error) {
				r, err := a.lifecycle().Rule(ctx, args[0])
				r.Mode = mode
				return r, err
			}, func(ctx context.Context, r lifecycle.Rule) error {
				return a.lifecycle().SetMode(ctx, r.Name, mode, reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) birthrightRemoveCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "remove NAME --reason TEXT", Short: "Remove a rule: what it alone gives ends", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeBirthright(cmd, "remove", reason, func(ctx context.Context) (lifecycle.Rule, error) {
				r, err := a.lifecycle().Rule(ctx, args[0])
				r.Mode = policy.Observe
				return r, err
			}, func(ctx context.Context, r lifecycle.Rule) error {
				return a.lifecycle().RemoveRule(ctx, r.Name, 0, reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

// changeBirthright looks at what a change means before it is made: afterwards nothing is
// left to change.
func (a *app) changeBirthright(cmd *cobra.Command, did, reason string, plan func(context.Context) (lifecycle.Rule, error), do func(context.Context, lifecycle.Rule) error) error {
	if reason == "" {
		return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
	}
	ctx, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	r, err := plan(ctx)
	if err != nil {
		return err
	}
	looked, next := r, ""
	if did == "add" {
		looked.Mode, next = policy.Enforce, "  next: writ birthright mode "+r.Name+" enforce --reason TEXT"
	}
	ans, err := a.birthrightEffect(ctx, did, looked, next)
	if err != nil {
		return err
	}
	if err := do(ctx, r); err != nil {
		return err
	}
	if _, _, err := a.reconcile(ctx); err != nil {
		return err
	}
	return a.print(ans)
}
