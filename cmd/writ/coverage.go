package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
)

// coverageAnswer is the answer of 'writ coverage': what was measured last.
type coverageAnswer struct {
	Revision access.Rev     `json:"revision"`
	At       access.Time    `json:"at"`
	Coverage []coverageLine `json:"coverage"`

	cells bool // somebody asked for a part: show its cells
}

// tables shows the sums; of a part only what it requires, and its cells too.
func (s *coverageAnswer) tables() []table {
	m := matrixTable(s.Coverage)
	m.title = fmt.Sprintf("%s (measured at %s, revision %d)", m.title, moment(s.At), s.Revision)
	if s.cells {
		m.rows = slices.DeleteFunc(m.rows, func(row []string) bool {
			return !slices.ContainsFunc(s.Coverage, func(l coverageLine) bool { return string(l.Control) == row[0] })
		})
		return []table{m, s.cellTable()}
	}
	return []table{m, s.systemTable()}
}

var countHeader = []string{"required", "in place", "missing", "unknown", "excepted"}

func (s *coverageAnswer) cellTable() table {
	t := table{
		title:  plural(len(s.Coverage), "cell"),
		header: append([]string{"system", "tier", "kind", "third party", "control"}, countHeader...), right: []int{5, 6, 7, 8, 9},
	}
	for _, l := range s.Coverage {
		third := ""
		if l.ThirdParty {
			third = "yes"
		}
		t.rows = append(t.rows, []string{
			l.System, tierName(l.Tier), string(l.IdentityKind), third, string(l.Control),
			count(l.Required), count(l.InPlace), count(l.Missing), count(l.Unknown), count(l.Excepted),
		})
	}
	return t
}

func (s *coverageAnswer) systemTable() table {
	t := table{
		title:  "By system: all controls of all grants together",
		header: append([]string{"system"}, countHeader...), right: []int{1, 2, 3, 4, 5},
		note: "  --system, --tier and --control show the cells; -o json has all of them",
	}
	var order []string
	sum := map[string]matrixCell{}
	for _, l := range s.Coverage {
		if _, ok := sum[l.System]; !ok {
			order = append(order, l.System)
		}
		sum[l.System] = sum[l.System].plus(l)
	}
	for _, name := range order {
		c := sum[name]
		t.rows = append(t.rows, []string{name, count(c.Required), count(c.InPlace), count(c.Missing), count(c.Unknown), count(c.Excepted)})
	}
	return t
}

// coverageFlags narrow what is shown.
type coverageFlags struct{ system, tier, control, since string }

func (a *app) coverageCommand() *cobra.Command {
	var f coverageFlags
	var trend bool
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Which controls access needs and has, now and over time",
		Long: `Of the grants that need a control, how many have it: by system, tier, kind of identity
and control, as it was measured last. Every 'writ system sync' and 'writ source sync'
measures; this command measures nothing.`,
		Example: "  writ coverage --tier 0 --control owner\n  writ coverage --trend --since 90d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("since") && !trend {
				return fmt.Errorf("%w: --since goes with --trend", errUsage)
			}
			filter, err := f.filter()
			if err != nil {
				return err
			}
			period, err := daysOf(f.since)
			if err != nil {
				return err
			}
			ctx, err := a.open(cmd.Context())
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
			if trend {
				return a.coverageTrend(ctx, filter, period)
			}
			return a.coverageNow(ctx, filter)
		},
	}
	cmd.Flags().StringVar(&f.system, "system", "", "only this `system`")
	cmd.Flags().StringVar(&f.tier, "tier", "", "only this `tier`: 0, 1, 2 or 3")
	cmd.Flags().StringVar(&f.control, "control", "", "only this `control`")
	cmd.Flags().BoolVar(&trend, "trend", false, "by day and control, with the change against the first day")
	cmd.Flags().StringVar(&f.since, "since", "30d", "how many `days` back the trend goes, as 30d")
	return cmd
}

func (f coverageFlags) filter() (coverage.Filter, error) {
	filter := coverage.Filter{Control: access.Control(f.control)}
	if f.control != "" && !slices.Contains(access.Controls, filter.Control) {
		return filter, fmt.Errorf("%w: no control is called %q: they are %s", errUsage, f.control, joined(access.Controls))
	}
	if f.tier != "" {
		n, err := strconv.ParseInt(f.tier, 10, 8)
		if tier := access.Tier(n); err == nil && slices.Contains(access.Tiers, tier) {
			filter.Tier = &tier
		} else {
			return filter, fmt.Errorf("%w: --tier must be 0, 1, 2 or 3", errUsage)
		}
	}
	return filter, nil
}

func joined(controls []access.Control) string {
	names := make([]string, len(controls))
	for i, c := range controls {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

const longestTrend = 3660

// daysOf reads a number of days, such as 30d.
func daysOf(text string) (int, error) {
	number, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > longestTrend {
		return 0, fmt.Errorf("%w: --since %q is not a number of days such as 30d, %dd at most", errUsage, text, longestTrend)
	}
	return n, nil
}

func (a *app) coverageNow(ctx context.Context, f coverage.Filter) error {
	k, err := a.coverage().Last(ctx, f)
	if err != nil {
		return whatToMeasure(err)
	}
	ans := &coverageAnswer{Revision: k.Rev, At: k.At, cells: f != coverage.Filter{}}
	ans.Coverage, err = a.coverageLines(ctx, k.Rows)
	if err != nil {
		return err
	}
	return a.print(ans)
}

// whatToMeasure says what makes a measurement where there is none.
func whatToMeasure(err error) error {
	if errors.Is(err, coverage.ErrNone) {
		return fmt.Errorf("%w: run 'writ system sync' first; 'writ system add' says what to read", coverage.ErrNone)
	}
	return err
}

// coverageLines are cells with their systems' names.
func (a *app) coverageLines(ctx context.Context, rows []coverage.Row) ([]coverageLine, error) {
	refs := make([]access.Ref, len(rows))
	for i, r := range rows {
		refs[i] = r.System.Ref()
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return nil, err
	}
	lines := make([]coverageLine, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, coverageLine{
			name(r.System.Ref()).Name, r.Tier, r.IdentityKind, r.ThirdParty, r.Control,
			r.Required, r.InPlace, r.Missing, r.Unknown, r.Excepted,
		})
	}
	return lines, nil
}

func (a *app) coverageTrend(ctx context.Context, f coverage.Filter, period int) error {
	last, err := a.coverage().Last(ctx, f)
	if err != nil {
		return whatToMeasure(err)
	}
	// Whole days: the first one counts from its midnight, the last one is today.
	since := a.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-period)
	points, err := a.coverage().Trend(ctx, since, f)
	if err != nil {
		return err
	}
	return a.print(trendOf(points, since, last.At))
}
