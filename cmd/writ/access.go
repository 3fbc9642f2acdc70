package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
)

// questionFlags narrow who-can, access and why.
type questionFlags struct {
	modes      []string
	escalation bool
	limit      int
	after      int64
}

func (f *questionFlags) register(cmd *cobra.Command, paged bool) {
	cmd.Flags().StringSliceVar(&f.modes, "mode", nil, "only these access `modes`: standing, eligible, active (default all)")
	cmd.Flags().BoolVar(&f.escalation, "escalation", false, "also follow what a holder could become: impersonation, granting, control of the host")
	if paged {
		cmd.Flags().IntVar(&f.limit, "limit", 100, "how many to list, 1 to 1000")
		cmd.Flags().Int64Var(&f.after, "after", 0, "continue behind this `cursor` of the page before")
	}
}

func (f *questionFlags) question() (graph.Question, error) {
	q := graph.Question{Escalation: f.escalation, After: f.after, First: f.limit}
	if f.limit < 0 || f.limit > 1000 {
		return q, fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
	}
	for _, text := range f.modes {
		var m access.Mode
		if err := m.UnmarshalText([]byte(text)); err != nil {
			return q, fmt.Errorf("%w: %w", errUsage, err)
		}
		q.Modes |= 1 << m
	}
	return q, nil
}

// asking is how a command that asks a question runs: it parses the question, opens the
// graph, lets fn resolve the names and answer, and prints that.
func asking[T answer](a *app, flags *questionFlags, fn func(ctx context.Context, names []string, q graph.Question) (T, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, names []string) error {
		q, err := flags.question()
		if err != nil {
			return err
		}
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		ans, err := fn(ctx, names, q)
		if err != nil {
			return err
		}
		return a.print(ans)
	}
}

// whoCanAnswer is the answer of 'writ who-can'.
type whoCanAnswer struct{ *ask.WhoCan }

func (w whoCanAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s identities can reach %s %s", count(int64(w.Count)), w.Target.Type, w.Target),
		header: []string{"identity", "id"},
	}
	for _, i := range w.Identities {
		t.rows = append(t.rows, []string{i.Name, i.ID.String()})
	}
	if w.Next != 0 {
		t.note = fmt.Sprintf("  more: --after %d", w.Next)
	}
	if w.Orphans == 0 {
		return []table{t}
	}
	o := table{title: fmt.Sprintf("and %d accounts that belong to nobody", w.Orphans), header: []string{"account", "system", "id"}}
	for _, acc := range w.Accounts {
		o.rows = append(o.rows, []string{acc.Name, acc.System, acc.ID.String()})
	}
	return []table{t, o}
}

func (a *app) whoCanCommand() *cobra.Command {
	var flags questionFlags
	cmd := &cobra.Command{
		Use:   "who-can TARGET",
		Short: "Who can reach an entitlement, a resource or a system",
		Long: `Who can reach an entitlement, a resource (anything on it or inside it) or a system.

TARGET is an id, a system's name, or SYSTEM/NAME, where NAME is an entitlement's or a
resource's name or native id.`,
		Example: "  writ who-can payroll-db/role:dba\n  writ who-can payroll-db --escalation",
		Args:    cobra.ExactArgs(1),
		RunE:    asking(a, &flags, a.askWhoCan),
	}
	flags.register(cmd, true)
	return cmd
}

func (a *app) askWhoCan(ctx context.Context, names []string, q graph.Question) (whoCanAnswer, error) {
	target, err := a.inventory().ResolveTarget(ctx, names[0])
	if err != nil {
		return whoCanAnswer{}, err
	}
	ans, err := a.ask().WhoCan(ctx, target, q, ask.Everything)
	return whoCanAnswer{ans}, err
}

// accessAnswer is the answer of 'writ access'.
type accessAnswer struct{ *ask.Access }

func (s accessAnswer) tables() []table {
	accounts := make([]string, len(s.Accounts))
	for i, acc := range s.Accounts {
		accounts[i] = acc.String()
	}
	t := table{
		title:  fmt.Sprintf("%s holds %d entitlements through %d accounts: %s", s.Identity.Name, len(s.Access.Access), len(accounts), cmp.Or(strings.Join(accounts, ", "), "none")),
		header: []string{"tier", "system", "entitlement", "mode", "how"}, right: []int{0},
	}
	for _, l := range s.Access.Access {
		how := "nested"
		switch {
		case l.Escalated:
			how = "could become"
		case l.Direct:
			how = "direct"
		}
		name := l.Entitlement.Name
		if l.Resource != nil {
			name += " on " + l.Resource.Name
		}
		t.rows = append(t.rows, []string{tierName(l.Tier), l.Entitlement.System, name, strings.Join(l.Modes, ", "), how})
	}
	return []table{t}
}

func (a *app) accessCommand() *cobra.Command {
	var flags questionFlags
	cmd := &cobra.Command{
		Use:     "access IDENTITY",
		Short:   "What an identity effectively has, nested groups and roles followed",
		Long:    "What an identity effectively has, nested groups and roles followed.\n\nIDENTITY is an id, an employee number, an email, a login, or a name that only one has.",
		Example: "  writ access ana.sol@example.com --mode standing",
		Args:    cobra.ExactArgs(1),
		RunE:    asking(a, &flags, a.askAccess),
	}
	flags.register(cmd, false)
	return cmd
}

func (a *app) askAccess(ctx context.Context, names []string, q graph.Question) (accessAnswer, error) {
	id, err := a.inventory().ResolveIdentity(ctx, names[0])
	if err != nil {
		return accessAnswer{}, err
	}
	ans, err := a.ask().Access(ctx, id, q, ask.Everything)
	return accessAnswer{ans}, err
}
