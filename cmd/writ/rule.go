package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// rulesOfCorrelation is the answer of 'writ account rule list'.
type rulesOfCorrelation struct {
	Rules inventory.Rules `json:"rules"`
}

func (s *rulesOfCorrelation) tables() []table {
	t := table{header: []string{"rule", "mode", "score", "by", "expression"}, right: []int{2}}
	for _, r := range s.Rules {
		t.rows = append(t.rows, []string{r.Name, r.Mode.String(), count(int64(r.Score)), string(r.By), r.Expression})
	}
	if len(s.Rules) == 0 {
		t.note = "  none of your own; the built-in ones are always asked"
	}
	return []table{t}
}

// effect counts accounts that belong to somebody else, by what becomes of them.
type effect struct {
	Changes  int        `json:"changes"`
	Linked   int        `json:"linked"`
	Unlinked int        `json:"unlinked"`
	Moved    int        `json:"moved"`
	Disputed int        `json:"newly_disputed"`
	Settled  int        `json:"no_longer_disputed"`
	First    []relinked `json:"first"`
}

type relinked struct {
	Account  ask.Shown  `json:"account"`
	Was      *ask.Shown `json:"was"` // null: nobody's
	WasState string     `json:"was_state,omitempty"`
	Now      *ask.Shown `json:"would_be"`
	NowState string     `json:"would_be_state,omitempty"`
	Evidence string     `json:"evidence,omitempty"`
}

func (a *app) effectOf(ctx context.Context, e inventory.Effect) (effect, error) {
	out := effect{Changes: e.All(), Linked: e.Linked, Unlinked: e.Unlinked, Moved: e.Moved, Disputed: e.Disputed, Settled: e.Settled, First: []relinked{}}
	var refs []access.Ref
	for _, d := range e.First {
		refs = append(refs, d.Account.Ref(), d.Was.Identity.Ref(), d.Now.Identity.Ref())
	}
	label, err := a.named(ctx, refs)
	if err != nil {
		return out, err
	}
	who := func(id access.IdentityID) *ask.Shown {
		if id == 0 {
			return nil
		}
		n := label(id.Ref())
		return &n
	}
	for _, d := range e.First {
		out.First = append(out.First, relinked{
			Account: label(d.Account.Ref()), Was: who(d.Was.Identity), WasState: string(d.Was.State),
			Now: who(d.Now.Identity), NowState: string(d.Now.State), Evidence: d.Now.Evidence,
		})
	}
	return out, nil
}

// words say what becomes of how many.
func (e *effect) words() string {
	var list []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{e.Linked, "newly linked"},
		{e.Unlinked, "unlinked"},
		{e.Moved, "moved to another person"},
		{e.Disputed, "newly disputed"},
		{e.Settled, "disputed no longer"},
	} {
		if c.n > 0 {
			list = append(list, count(int64(c.n))+" "+c.what)
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// table lists the first of them.
func (e *effect) table(title, now string) table {
	t := table{title: title}
	if e.Changes == 0 {
		return t
	}
	t.header = []string{"account", "was", now, "because"}
	who := func(n *ask.Shown, state string) string {
		switch {
		case n != nil:
			return n.Name
		case state == string(inventory.Disputed):
			return "disputed"
		}
		return "nobody's"
	}
	for _, d := range e.First {
		t.rows = append(t.rows, []string{d.Account.String(), who(d.Was, d.WasState), who(d.Now, d.NowState), d.Evidence})
	}
	if more := e.Changes - len(e.First); more > 0 {
		t.rows = append(t.rows, []string{fmt.Sprintf("and %s more", count(int64(more))), "", "", ""})
	}
	return t
}

// ruleTry is what a rule would change: the answer of 'writ account rule try' and
// of 'writ account rule add'.
type ruleTry struct {
	Rule string      `json:"rule"`
	Mode policy.Mode `json:"mode"` // that it has now
	effect
	// What all accounts come to with the change made.
	Confirmed int `json:"confirmed"`
	Disputed  int `json:"disputed"`
	Unmatched int `json:"unmatched"`
	next      string
}

func (s *ruleTry) tables() []table {
	change := "if rule " + s.Rule + " were enforced"
	if s.Mode == policy.Enforce {
		change = "if rule " + s.Rule + " were not enforced"
	}
	t := s.table(fmt.Sprintf("%s, %s would change (%s): then %s confirmed, %s disputed, %s nobody's", change, plural(s.Changes, "account"), s.words(), count(int64(s.Confirmed)), count(int64(s.Disputed)), count(int64(s.Unmatched))), "would be")
	t.note = s.next
	return []table{t}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return count(int64(n)) + " " + what + "s"
}

func (a *app) ruleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rule", Short: "Your own rules of whose account it is",
		Long: `Your own rules of whose account it is, asked after the exact ones (number, email,
login) and before names that are nearly the same. A rule is a CEL expression over
account.login, account.email, account.number, account.name, account.kind and
account.system that gives the number, email or login of an identity; "" says nothing.

A new rule only observes. 'try' shows what enforcing it would change, and changes nothing.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.ruleAddCommand(), a.ruleTryCommand(), a.ruleModeCommand("enforce", policy.Enforce), a.ruleModeCommand("observe", policy.Observe), a.ruleRemoveCommand(), &cobra.Command{
		Use: "list", Short: "The rules, and whether they are enforced", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.inventory().Rules(ctx)
			if err != nil {
				return err
			}
			if list == nil {
				list = inventory.Rules{}
			}
			return a.print(&rulesOfCorrelation{list})
		},
	})
	return cmd
}

func (a *app) ruleAddCommand() *cobra.Command {
	var o inventory.OwnRule
	cmd := &cobra.Command{
		Use:     "add NAME --by number|email|login --expression CEL",
		Short:   "Keep a rule that only observes, and show what it would do",
		Example: `  writ account rule add contractors --by login --expression 'account.login.startsWith("c_") ? account.login.substring(2) : ""'`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.inventory().AddRule(ctx, o); err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			return a.tryRule(ctx, o.Name, "  next: writ account rule enforce "+o.Name+" --reason TEXT")
		},
	}
	cmd.Flags().StringVar((*string)(&o.By), "by", "", "what of an identity the expression gives: `number, email or login` (required)")
	cmd.Flags().StringVar(&o.Expression, "expression", "", "`CEL` over account.* (required)")
	cmd.Flags().IntVar(&o.Score, "score", 90, "how sure it is, 1 to 100")
	return cmd
}

func (a *app) ruleTryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "try NAME", Short: "What would change if an observing rule were enforced, or an enforced one were not",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			return a.tryRule(ctx, args[0], "")
		},
	}
}

func (a *app) tryRule(ctx context.Context, name, next string) error {
	sum, err := a.inventory().TryRule(ctx, name)
	if err != nil {
		return err
	}
	rules, err := a.inventory().Rules(ctx)
	if err != nil {
		return err
	}
	ans := &ruleTry{Rule: name, Confirmed: sum.Confirmed, Disputed: sum.Disputed, Unmatched: sum.Unmatched, next: next}
	for _, r := range rules {
		if r.Name == name {
			ans.Mode = r.Mode
		}
	}
	if ans.effect, err = a.effectOf(ctx, sum.Effect); err != nil {
		return err
	}
	return a.print(ans)
}

// ruleChanged is the answer of the commands that change a rule.
type ruleChanged struct {
	Revision access.Rev `json:"revision"`
	Rule     string     `json:"rule"`
	Did      string     `json:"did"` // enforce, observe, remove
	Reason   string     `json:"reason"`
	effect
}

func (s *ruleChanged) tables() []table {
	said := map[string]string{"enforce": "links accounts from now on", "observe": "only observes from now on", "remove": "is removed"}
	return []table{s.table(fmt.Sprintf("rule %s %s; %s changed (%s)", s.Rule, said[s.Did], plural(s.Changes, "account"), s.words()), "is now")}
}

func (a *app) ruleModeCommand(verb string, mode policy.Mode) *cobra.Command {
	short := map[policy.Mode]string{policy.Enforce: "Let a rule link accounts", policy.Observe: "Stop a rule from linking accounts, and keep it"}[mode]
	return a.ruleChange(verb, short, func(ctx context.Context, name, reason string) error {
		return a.inventory().SetRuleMode(ctx, name, mode, reason)
	})
}

func (a *app) ruleRemoveCommand() *cobra.Command {
	return a.ruleChange("remove", "Remove a rule; what it linked is unlinked", func(ctx context.Context, name, reason string) error {
		return a.inventory().RemoveRule(ctx, name, 0, reason)
	})
}

func (a *app) ruleChange(verb, short string, change func(ctx context.Context, name, reason string) error) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: verb + " NAME --reason TEXT", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			ans := &ruleChanged{Rule: args[0], Did: verb, Reason: reason}
			if err := a.changeRule(ctx, ans, change); err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

// changeRule correlates before a change of a rule, so that what correlating does
// after it is the change's alone.
func (a *app) changeRule(ctx context.Context, ans *ruleChanged, change func(ctx context.Context, name, reason string) error) error {
	if _, err := a.correlate(ctx); err != nil {
		return err
	}
	if err := change(ctx, ans.Rule, ans.Reason); err != nil {
		return err
	}
	sum, err := a.correlate(ctx)
	if err != nil {
		return err
	}
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	ans.Revision = a.revision()
	ans.effect, err = a.effectOf(ctx, sum.Effect)
	return err
}
