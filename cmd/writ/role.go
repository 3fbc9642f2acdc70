package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/iga/role/mine"
)

func (a *app) roleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "role", Short: "Roles: the catalog, what a change means, who has them; find those that explain who has what",
		Long: `Roles: named sets of entitlements that people are assigned.

What a role is to become is a draft. Somebody else than who wrote it reviews it, and then it
is published as the role's next version; 'writ role impact' says before what that changes
for people. A role is named by its name or its id.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(
		a.roleListCommand(), a.roleShowCommand(), a.roleNewCommand(), a.roleEditCommand(), a.roleDiscardCommand(), a.roleSubmitCommand(),
		a.roleReviewCommand(), a.roleImpactCommand(), a.rolePublishCommand(), a.roleOwnerCommand(), a.roleRetireCommand(),
		a.roleAssignCommand(), a.roleUnassignCommand(), a.roleMembersCommand(), a.roleExplosionCommand(), a.roleMineCommand(), a.roleAdoptCommand(), a.roleMigrateCommand(),
	)
	return cmd
}

// mining is what 'writ role mine' was told.
type mining struct {
	pairs, attributes string
	live              bool
	systems           []string
	scope             string
	objective         string
	timeout           time.Duration
	options           mine.Options
}

func (a *app) roleMineCommand() *cobra.Command {
	w := mining{objective: string(mine.FewestRoles), timeout: time.Minute}
	cmd := &cobra.Command{
		Use:   "mine --pairs FILE | --from-graph [--system SYSTEM]...",
		Short: "The fewest roles that give everybody exactly what they have",
		Long: `Find roles for the pairs of a file: a user and a permission on each line, with a space, a
tab, a comma or a semicolon between them; # begins a comment, and - reads the standard
input. Nothing is stored.

With --from-graph the pairs are who holds what now, in all systems or in some, and the
attributes are what is known of people. Each role that is found is a candidate: 'writ role
adopt' makes it a draft, or rejects it so that it is not proposed again.

The roles give everybody exactly what the file says, unless --error allows a share of
differences, and that is checked before they are printed. With them comes the number below
which no set of roles gets, and whether it is reached. When the time is over, the best
roles so far are printed, and "converged" is false.

With --attributes, a CSV file of users and what is known of them, each role gets a name and
a rule where their attributes explain it, and of several ways to give everybody the same
the one is taken that they explain more of. docs/how-to/role-mining.md says what all of it
means.`,
		Example: "  writ role mine --pairs pairs.txt --timeout 60s -o json\n  grep -v test pairs.txt | writ role mine --pairs - --objective edges --attributes people.csv",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.mineRoles(cmd, w) },
	}
	f := cmd.Flags()
	f.StringVar(&w.pairs, "pairs", "", "`file` of users and permissions; - is the standard input")
	f.BoolVar(&w.live, "from-graph", false, "the pairs are who holds what now")
	f.StringArrayVar(&w.systems, "system", nil, "with --from-graph: only in this `system` (repeatable)")
	f.StringVar(&w.scope, "scope", "", "with --from-graph: only in systems within this `scope`")
	f.StringVar(&w.attributes, "attributes", "", "CSV `file` of users and their attributes: user,attribute,value, or a column for each attribute")
	f.Float64Var(&w.options.Prefer, "prefer-explained", 0.01, "`share` of the complexity that roles which the attributes explain may cost beyond others; 0 prefers them where they cost nothing")
	f.StringVar(&w.objective, "objective", w.objective, "what is made least: `roles`, and among those the edges; or edges, with any number of roles")
	f.DurationVar(&w.timeout, "timeout", w.timeout, "how `long` to look for something better")
	f.Float64Var(&w.options.Error, "error", 0, "`share` of the assignments that the roles may get wrong; 0 is exact")
	f.Uint64Var(&w.options.Seed, "seed", 1, "the same `seed` finds the same, unless the time is over")
	f.IntVar(&w.options.Stability, "stability", 0, "mine `n` more times with one in a hundred assignments changed, and say how alike the roles are")
	f.Lookup("stability").NoOptDefVal = "3"
	return cmd
}

// check reports what is wrong with how it was told.
func (w mining) check(path string) error {
	switch {
	case w.live && (w.pairs != "" || w.attributes != ""):
		return fmt.Errorf("%w: --from-graph reads both pairs and attributes: leave the files out", errUsage)
	case !w.live && w.pairs == "":
		return fmt.Errorf("%w: --pairs FILE is needed, or --from-graph (see '%s --help')", errUsage, path)
	case !w.live && (len(w.systems) > 0 || w.scope != ""):
		return fmt.Errorf("%w: --system and --scope go with --from-graph", errUsage)
	case w.timeout <= 0:
		return fmt.Errorf("%w: --timeout %s is no time", errUsage, w.timeout)
	}
	return nil
}

func (a *app) mineRoles(cmd *cobra.Command, w mining) error {
	if err := w.check(cmd.CommandPath()); err != nil {
		return err
	}
	began := time.Now()
	// What comes after the search takes time, too: checking, describing, printing.
	ctx, done := context.WithTimeout(cmd.Context(), w.timeout*19/20)
	defer done()
	m, live, err := a.mined(cmd.Context(), &w)
	if err != nil {
		return err
	}
	w.options.Objective = mine.Objective(w.objective)
	w.options.Progress = func(phase string) { a.progress.step(phase, 0, 0) }
	r, err := mine.Mine(ctx, m, w.options)
	a.progress.finish()
	if err != nil {
		return err
	}
	ans := newRoleAnswer(m, w.options, r, time.Since(began))
	if live != nil {
		if err := a.candidates(cmd.Context(), ans, live, r); err != nil {
			return err
		}
	}
	return a.print(ans)
}

// mined is what is mined: a file of pairs, or live data.
func (a *app) mined(ctx context.Context, w *mining) (m mine.Matrix, live *role.Ground, err error) {
	if w.live {
		if ctx, err = a.openGraph(ctx); err != nil {
			return m, nil, err
		}
		if live, err = a.ground(ctx, w.systems, w.scope); err != nil {
			return m, nil, err
		}
		w.options.Attributes = live.Attributes
		return live.Matrix, live, nil
	}
	if m, err = readFrom(a.in, w.pairs, mine.ReadPairs); err != nil || w.attributes == "" {
		return m, nil, err
	}
	w.options.Attributes, err = readFrom(a.in, w.attributes, mine.ReadAttributes)
	return m, nil, err
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
	rejected, live := 0, false
	for _, x := range r.Roles {
		rule := ""
		if x.Rule != nil {
			rule = x.Rule.Text
		}
		row := []string{x.Name, strconv.Itoa(len(x.Members)), strconv.Itoa(len(x.Permissions)), strconv.Itoa(x.Support), strconv.Itoa(len(x.Nearly)), rule}
		if c := x.Candidate; c != nil {
			if live = true; c.Rejected != "" {
				rejected++
				continue
			}
			row = append(row, strconv.Itoa(x.Redundant), c.ID[:2*shortest], c.Same)
		}
		t.rows = append(t.rows, row)
	}
	t.note = r.remark()
	if live {
		t.header = append(t.header, "redundant", "candidate", "there already as")
		t.right = append(t.right, 6)
	}
	if rejected > 0 {
		t.note += fmt.Sprintf("\n%s that somebody has rejected left out; -o json has them", plural(rejected, "candidate"))
	}
	return []table{t}
}
