package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/iga/role/mine"
)

func (a *app) roleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "role", Short: "Roles: find those that explain who has what", Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.roleMineCommand())
	return cmd
}

// mining is what 'writ role mine' was told.
type mining struct {
	pairs, attributes string
	objective         string
	timeout           time.Duration
	options           mine.Options
}

func (a *app) roleMineCommand() *cobra.Command {
	w := mining{objective: string(mine.FewestRoles), timeout: time.Minute}
	cmd := &cobra.Command{
		Use:   "mine --pairs FILE",
		Short: "The fewest roles that give everybody exactly what they have",
		Long: `Find roles for the pairs of a file: a user and a permission on each line, with blanks
between them; # begins a comment, and - reads the standard input. Nothing is stored.

The roles give everybody exactly what the file says, unless --error allows a share of
differences, and that is checked before they are printed. With them comes the number below
which no set of roles gets, and whether it is reached. When the time is over, the best
roles so far are printed, and "converged" is false.

With --attributes, a CSV file of users and what is known of them, each role gets a name and
a rule where their attributes explain it. docs/how-to/role-mining.md says what all of it
means.`,
		Example: "  writ role mine --pairs pairs.txt --timeout 60s -o json\n  grep -v test pairs.txt | writ role mine --pairs - --objective edges --attributes people.csv",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.mineRoles(cmd, w) },
	}
	f := cmd.Flags()
	f.StringVar(&w.pairs, "pairs", "", "`file` of users and permissions; - is the standard input")
	f.StringVar(&w.attributes, "attributes", "", "CSV `file` of users and their attributes: user,attribute,value, or a column for each attribute")
	f.StringVar(&w.objective, "objective", w.objective, "what is made least: `roles`, and among those the edges; or edges, with any number of roles")
	f.DurationVar(&w.timeout, "timeout", w.timeout, "how `long` to look for something better")
	f.Float64Var(&w.options.Error, "error", 0, "`share` of the assignments that the roles may get wrong; 0 is exact")
	f.Uint64Var(&w.options.Seed, "seed", 1, "the same `seed` finds the same, unless the time is over")
	f.IntVar(&w.options.Stability, "stability", 0, "mine `n` more times with one in a hundred assignments changed, and say how alike the roles are")
	f.Lookup("stability").NoOptDefVal = "3"
	return cmd
}

func (a *app) mineRoles(cmd *cobra.Command, w mining) error {
	if w.pairs == "" {
		return fmt.Errorf("%w: --pairs FILE is needed (see '%s --help')", errUsage, cmd.CommandPath())
	}
	if w.timeout <= 0 {
		return fmt.Errorf("%w: --timeout %s is no time", errUsage, w.timeout)
	}
	began := time.Now()
	// What comes after the search takes time, too: checking, describing, printing.
	ctx, done := context.WithTimeout(cmd.Context(), w.timeout*19/20)
	defer done()
	m, err := readFrom(a.in, w.pairs, mine.ReadPairs)
	if err != nil {
		return err
	}
	if w.attributes != "" {
		if w.options.Attributes, err = readFrom(a.in, w.attributes, mine.ReadAttributes); err != nil {
			return err
		}
	}
	w.options.Objective = mine.Objective(w.objective)
	w.options.Progress = func(phase string) { a.progress.step(phase, 0, 0) }
	r, err := mine.Mine(ctx, m, w.options)
	a.progress.finish()
	if err != nil {
		return err
	}
	return a.print(newRoleAnswer(m, w.options, r, time.Since(began)))
}

// readFrom reads a file, or what is piped in.
func readFrom[T any](in io.Reader, name string, read func(io.Reader) (T, error)) (v T, err error) {
	if name == "-" {
		return read(in)
	}
	f, err := os.Open(name)
	if err != nil {
		return v, err
	}
	defer f.Close() //nolint:errcheck // read only
	if v, err = read(f); err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

func (r *roleAnswer) tables() []table {
	t := table{
		title:  r.sentence(),
		header: []string{"role", "members", "permissions", "support", "near", "rule"},
		right:  []int{1, 2, 3, 4},
	}
	for _, x := range r.Roles {
		rule := ""
		if x.Rule != nil {
			rule = x.Rule.Text
		}
		t.rows = append(t.rows, []string{x.Name, strconv.Itoa(len(x.Members)), strconv.Itoa(len(x.Permissions)), strconv.Itoa(x.Support), strconv.Itoa(len(x.Nearly)), rule})
	}
	t.note = r.remark()
	return []table{t}
}
