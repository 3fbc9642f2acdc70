package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

func (a *app) scopes() policy.Scopes { return policy.Scopes{Store: a.db.Scopes()} }

func (a *app) scopeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scope", Short: "The organisation's tree, which functions and systems lie in",
		Long: `The organisation's tree, which functions and systems lie in.

Whoever holds a function within a scope holds it over the systems that belong to the scope,
and to those that lie in it. Without a scope it is held over the organisation as a whole.`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.scopeListCommand(), a.scopeAddCommand(), a.scopeRenameCommand())
	return cmd
}

// scopesAnswer is the answer of 'writ scope list'.
type scopesAnswer struct {
	Scopes []scopeLine `json:"scopes"` // each behind what it lies in
}

type scopeLine struct {
	ID     access.ScopeID `json:"id"`
	Name   string         `json:"name"`
	Parent access.ScopeID `json:"parent,omitzero"` // none is the organisation as a whole
	depth  int
}

func (s *scopesAnswer) tables() []table {
	if len(s.Scopes) == 0 {
		return []table{{title: "there is no scope: all that there is belongs to the organisation as a whole"}}
	}
	t := table{header: []string{"scope", "id"}}
	for _, x := range s.Scopes {
		t.rows = append(t.rows, []string{strings.Repeat("  ", x.depth) + x.Name, x.ID.String()})
	}
	return []table{t}
}

// treeOf puts each scope behind what it lies in, those that lie together by name.
func treeOf(list []policy.Scope) []scopeLine {
	below := map[access.ScopeID][]policy.Scope{}
	for _, x := range list {
		below[x.Parent] = append(below[x.Parent], x)
	}
	lines := []scopeLine{}
	var grow func(in access.ScopeID, depth int)
	grow = func(in access.ScopeID, depth int) {
		children := below[in]
		slices.SortFunc(children, func(x, y policy.Scope) int { return cmp.Compare(x.Name, y.Name) })
		for _, x := range children {
			lines = append(lines, scopeLine{x.ID, x.Name, x.Parent, depth})
			grow(x.ID, depth+1)
		}
	}
	grow(0, 0)
	return lines
}

func (a *app) scopeListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the scopes, each below what it lies in", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.db.Scopes().Scopes(ctx)
			if err != nil {
				return err
			}
			return a.print(&scopesAnswer{treeOf(list)})
		},
	}
}

// scopeAnswer is the answer of 'writ scope add' and 'writ scope rename'.
type scopeAnswer struct {
	scopeLine
	verb string
}

func (s *scopeAnswer) tables() []table {
	return []table{{title: s.verb + " scope " + s.Name + " (" + s.ID.String() + ")"}}
}

// scopeID is the scope that a text names; none is the organisation as a whole.
func (a *app) scopeID(ctx context.Context, text string) (access.ScopeID, error) {
	if text == "" {
		return 0, nil
	}
	s, err := a.scopes().Find(ctx, text)
	return s.ID, err
}

func (a *app) scopeAddCommand() *cobra.Command {
	var in string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a scope",
		Example: "  writ scope add Europe\n  writ scope add 'Europe, sales' --in Europe",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			parent, err := a.scopeID(ctx, in)
			if err != nil {
				return err
			}
			id, err := a.scopes().Add(ctx, policy.Scope{Name: args[0], Parent: parent})
			return a.printScope(ctx, id, "added", err)
		},
	}
	cmd.Flags().StringVar(&in, "in", "", "the `scope` that it lies in; without it, the organisation as a whole")
	return cmd
}

func (a *app) scopeRenameCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rename SCOPE NAME", Short: "Give a scope another name",
		Example: "  writ scope rename Europe EMEA",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			s, err := a.scopes().Find(ctx, args[0])
			if err != nil {
				return err
			}
			s.Name = args[1]
			return a.printScope(ctx, s.ID, "renamed", a.scopes().Rename(ctx, s))
		},
	}
}

// printScope prints a scope as it is after what was done, unless that is an error.
func (a *app) printScope(ctx context.Context, id access.ScopeID, verb string, err error) error {
	if err != nil {
		return err
	}
	if _, err := a.db.Sequence(ctx); err != nil {
		return err
	}
	s, err := a.scopes().Find(ctx, id.String())
	if err != nil {
		return err
	}
	return a.print(&scopeAnswer{scopeLine{ID: s.ID, Name: s.Name, Parent: s.Parent}, verb})
}
