package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
)

// findingsAnswer is the answer of 'writ findings'.
type findingsAnswer struct {
	Revision access.Rev    `json:"revision"`
	Findings []findingLine `json:"findings"`
}

func (s *findingsAnswer) tables() []table {
	t := table{
		title:  plural(len(s.Findings), "finding"),
		header: []string{"id", "severity", "rule", "subject", "system", "answers", "due", "why"},
	}
	for _, f := range s.Findings {
		why := ""
		if len(f.Evidence) > 0 {
			why = f.Evidence[0]
		}
		t.rows = append(t.rows, []string{f.ID.String(), string(f.Severity), f.Rule, f.Subject.Type + " " + f.Subject.String(), f.Subject.System, functionName(f.Function), day(f.Due), why})
	}
	return []table{t}
}

func (a *app) findingsCommand() *cobra.Command {
	var f struct{ rule, severity, function, system, status string }
	var limit int
	cmd := &cobra.Command{
		Use:     "findings",
		Short:   "What is wrong, who answers for it, and until when",
		Example: "  writ findings --function iam --severity critical\n  writ findings accept fnd_0000000000007 --reason 'migration until March' --until 2027-03-31",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter := finding.Filter{Rule: f.rule, Severity: access.Severity(f.severity), Function: access.Function(f.function), Status: finding.Status(f.status), Limit: limit}
			if _, ok := finding.RuleOf(f.rule); f.rule != "" && !ok {
				return fmt.Errorf("%w: no rule is called %q: 'writ findings rules' lists them", errUsage, f.rule)
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			if f.system != "" {
				y, err := a.inventory().System(ctx, f.system)
				if err != nil {
					return err
				}
				filter.System = y.ID
			}
			lines, err := a.findingLines(ctx, filter)
			if err != nil {
				return err
			}
			return a.print(&findingsAnswer{Revision: a.revision(), Findings: lines})
		},
	}
	cmd.Flags().StringVar(&f.rule, "rule", "", "only findings of this `rule`")
	cmd.Flags().StringVar(&f.severity, "severity", "", "only this `severity`: critical, high, medium, low")
	cmd.Flags().StringVar(&f.function, "function", "", "only those this `function` answers for: iam, security_operations, platform_owner, audit")
	cmd.Flags().StringVar(&f.system, "system", "", "only those of this `system`")
	cmd.Flags().StringVar(&f.status, "status", "", "only this `status`: open, accepted")
	cmd.Flags().IntVar(&limit, "limit", 0, "at most `n`, worst first (0 is all)")
	cmd.AddCommand(a.acceptCommand(), a.rulesCommand())
	return cmd
}

func (a *app) revision() access.Rev {
	view := a.graph.View()
	defer view.Close()
	return view.Rev()
}

func (a *app) acceptCommand() *cobra.Command {
	var reason, until string
	cmd := &cobra.Command{
		Use:   "accept FINDING --reason TEXT --until DATE",
		Short: "Accept a risk until a date",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := access.ParseRef(args[0])
			if err != nil || ref.Kind != access.KindFinding {
				return fmt.Errorf("%w: %q is not a finding's id", errUsage, args[0])
			}
			end, err := time.Parse(time.DateOnly, until)
			if err != nil {
				return fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, until)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			return a.accept(ctx, access.FindingID(ref.Key), reason, end)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why the risk is acceptable (required)")
	cmd.Flags().StringVar(&until, "until", "", "the `date` on which it is open again (required)")
	return cmd
}

// acceptAnswer is the answer of 'writ findings accept'.
type acceptAnswer struct {
	Revision access.Rev       `json:"revision"`
	Finding  access.FindingID `json:"finding"`
	Until    access.Time      `json:"until"`
	Reason   string           `json:"reason"`
}

func (s *acceptAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("%s is accepted until %s; it is open again then, or when it grows", s.Finding, day(s.Until))}}
}

// accept keeps it and measures anew: what is accepted is an exception.
func (a *app) accept(ctx context.Context, id access.FindingID, reason string, until time.Time) error {
	if err := a.findings().Accept(ctx, id, 0, reason, until); err != nil {
		return fmt.Errorf("accepting %s: %w", id, err)
	}
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	return a.print(&acceptAnswer{Revision: a.revision(), Finding: id, Until: access.TimeOf(until), Reason: reason})
}

type rulesAnswer struct {
	Rules []ruleLine `json:"rules"`
}

type ruleLine struct {
	Rule     string          `json:"rule"`
	Title    string          `json:"title"`
	Severity access.Severity `json:"severity"`
	Function access.Function `json:"function"`
	Days     int             `json:"days"`
}

func (s *rulesAnswer) tables() []table {
	t := table{header: []string{"rule", "severity", "answers", "days", "what it finds"}, right: []int{3}}
	for _, r := range s.Rules {
		t.rows = append(t.rows, []string{r.Rule, string(r.Severity), functionName(r.Function), strconv.Itoa(r.Days), r.Title})
	}
	return []table{t}
}

func (a *app) rulesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "The rules, who answers for what they find, and how many days they have",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ans := &rulesAnswer{}
			for _, r := range finding.Rules() {
				ans.Rules = append(ans.Rules, ruleLine{r.ID, r.Title, r.Severity, r.Function, r.Days})
			}
			return a.print(ans)
		},
	}
}
