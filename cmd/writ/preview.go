package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/provision"
)

// previewer says what loading a file would do. A node looks at one file at a time.
func (a *app) previewer() *lifecycle.Previewer {
	if a.kept.previewer == nil {
		a.kept.previewer = &lifecycle.Previewer{
			Service: a.lifecycle(), Store: a.db.Lifecycle(), Inventory: a.inventory(), Provision: a.desk(),
		}
	}
	return a.kept.previewer
}

func (a *app) previewCommand() *cobra.Command {
	var source, file string
	var first int
	cmd := &cobra.Command{
		Use: "preview --source SOURCE --file FILE", Short: "What loading a new file of a source would do, before it is loaded",
		Long: `What loading a new file of a source would do: which rows would not count, to whom what
happens, who would gain and lose what, what the guard would hold, and what provisioning
would have to do. Nothing is written. Whose accounts are whose is not told anew.`,
		Example: "  writ lifecycle preview --source hr --file hr-2027.csv", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if source == "" || file == "" {
				return fmt.Errorf("%w: it needs --source SOURCE and --file FILE", errUsage)
			}
			if first < 0 {
				return fmt.Errorf("%w: --first is a number of people", errUsage)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			r, err := a.previewer().Preview(ctx, source, file, first)
			if err != nil {
				return err
			}
			return a.print(&previewAnswer{r})
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "the source whose file it is (required)")
	cmd.Flags().StringVar(&file, "file", "", "the `file` to look at (required)")
	cmd.Flags().IntVar(&first, "first", 100, "how many people are shown")
	return cmd
}

// previewAnswer is the answer of 'writ lifecycle preview'.
type previewAnswer struct{ lifecycle.Reorganisation }

// happenings are the kinds of event in the order of a life.
var happenings = []lifecycle.EventKind{
	lifecycle.Hire, lifecycle.Rehire, lifecycle.Return, lifecycle.Move, lifecycle.Convert, lifecycle.Leave, lifecycle.Suspend, lifecycle.Terminate,
}

func (s *previewAnswer) tables() []table {
	guard := fmt.Sprintf("the guard would hold nothing: %s would lose something in one step", people(s.Guard.Losing))
	if s.Guard.Holds {
		guard = fmt.Sprintf("THE GUARD WOULD HOLD %s, who would lose something in one step: they stay as they are until somebody releases it", people(s.Guard.Losing))
	}
	if s.Guard.Before > 0 {
		guard += fmt.Sprintf("; within the hour before, %s lost something, which counts with it", people(s.Guard.Before))
	}
	whole := table{
		title: fmt.Sprintf("%s: %s, %s new or other, %s no more, %s that do not count", s.Source, plural(int(s.File.Counts.Identities), "row"), count(s.File.Changed), count(s.File.Removed), count(s.File.Counts.Rejected)),
		note:  "  " + guard, header: []string{"what happens", "people"}, right: []int{1},
	}
	if s.File.Refused != "" {
		whole.title = "IT WOULD BE REFUSED: " + s.File.Refused + "\n" + whole.title
	}
	for _, k := range happenings {
		if n := s.Happens[k]; n > 0 {
			whole.rows = append(whole.rows, []string{string(k), count(int64(n))})
		}
	}
	for _, line := range []struct {
		what string
		n    int
	}{{"gain something", s.Gaining}, {"lose something", s.Losing}, {"are held already", s.Waiting}, {"a mapping fails for them", s.Failing}} {
		if line.n > 0 {
			whole.rows = append(whole.rows, []string{line.what, count(int64(line.n))})
		}
	}
	list := []table{whole}
	for _, t := range []table{s.rejected(), s.attributes(), s.rules(), s.roles(), s.entitlements(), s.departments(), s.systems(), s.first()} {
		if len(t.rows) > 0 {
			list = append(list, t)
		}
	}
	return list
}

func (s *previewAnswer) rejected() table {
	t := table{title: "rows that would not count", header: []string{"where", "reason"}, whole: true}
	for _, r := range s.File.Rejected {
		t.rows = append(t.rows, []string{r.Where, r.Reason})
	}
	return t
}

func (s *previewAnswer) attributes() table {
	t := table{title: "attributes that become others", header: []string{"attribute", "people"}, right: []int{1}}
	for _, e := range s.Attributes {
		t.rows = append(t.rows, []string{e.Name, count(int64(e.People))})
	}
	return t
}

func (s *previewAnswer) rules() table {
	t := table{title: "birthright rules", header: []string{"rule", "mode", "join", "leave", "doubtful"}, right: []int{2, 3, 4}}
	for _, e := range s.Rules {
		t.rows = append(t.rows, []string{e.Rule, e.Mode, count(int64(e.Joining)), count(int64(e.Leaving)), count(int64(e.Doubtful))})
	}
	return t
}

func (s *previewAnswer) roles() table {
	t := table{title: "roles", header: []string{"role", "gain", "lose"}, right: []int{1, 2}}
	for _, e := range s.Roles {
		t.rows = append(t.rows, []string{e.Role.Name, count(int64(e.Gain)), count(int64(e.Lose))})
	}
	return t
}

func (s *previewAnswer) entitlements() table {
	t := table{title: "entitlements", header: []string{"entitlement", "gain", "lose"}, right: []int{1, 2}}
	for _, e := range s.Entitlements {
		t.rows = append(t.rows, []string{pathOf(e.Entitlement), count(int64(e.Gain)), count(int64(e.Lose))})
	}
	return t
}

func (s *previewAnswer) departments() table {
	t := table{title: "departments", header: []string{"unit", "people", "gain", "lose"}, right: []int{1, 2, 3}}
	for _, e := range s.Departments {
		unit := e.Unit
		if unit == "" {
			unit = "(none)"
		}
		t.rows = append(t.rows, []string{unit, count(int64(e.People)), count(int64(e.Gaining)), count(int64(e.Losing))})
	}
	return t
}

func (s *previewAnswer) systems() table {
	t := table{title: "systems", header: []string{"system", "gain", "lose", "provisioning would have to", "and once released"}, right: []int{1, 2}}
	for _, e := range s.Systems {
		t.rows = append(t.rows, []string{e.System.Name, count(int64(e.Gaining)), count(int64(e.Losing)), operationCounts(e.Operations), operationCounts(e.Held)})
	}
	return t
}

// operationCounts are kinds of operation in the order in which they are done.
func operationCounts(n map[connector.ChangeKind]int) string {
	var list []string
	for _, k := range slices.SortedFunc(maps.Keys(n), func(a, b connector.ChangeKind) int { return provision.Rank(a) - provision.Rank(b) }) {
		list = append(list, fmt.Sprintf("%s %s", count(int64(n[k])), strings.ReplaceAll(string(k), "_", " ")))
	}
	return strings.Join(list, ", ")
}

func (s *previewAnswer) first() table {
	t := table{
		title:  fmt.Sprintf("people: the first %s of %s", count(int64(len(s.First))), count(int64(s.People))),
		header: []string{"number", "name", "what happens", "gains", "loses", "held"},
	}
	for _, p := range s.First {
		var happens []string
		for _, k := range p.Happens {
			happens = append(happens, string(k))
		}
		held := ""
		if p.Held {
			held = "held"
		}
		t.rows = append(t.rows, []string{p.Number, p.Name, strings.Join(happens, ", "), listed(p.Gains), listed(p.Loses), held})
	}
	return t
}
