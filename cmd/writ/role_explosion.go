package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/role"
)

// roleExplosion is the answer of 'writ role explosion'.
type roleExplosion struct{ *role.ExplosionShown }

func (s roleExplosion) tables() []table {
	t := table{title: s.sentence(), header: []string{"trouble", "role", "other", "alike", "same people", "answered for by", "what to do"}, right: []int{3, 4}}
	for _, x := range s.Items {
		row := []string{strings.ReplaceAll(string(x.Trouble), "_", " "), x.Role.Name, "", "", "", shownOr(x.Owner, "identity and access management"), x.Advice}
		if x.Other != nil {
			row[2], row[3], row[4] = x.Other.Name, percent(x.Entitlements), percent(x.People)
		}
		t.rows = append(t.rows, row)
	}
	return []table{t}
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func (s roleExplosion) sentence() string {
	var words []string
	for _, t := range role.Troubles {
		if n := s.Counts[t]; n > 0 {
			words = append(words, fmt.Sprintf("%s %d", strings.ReplaceAll(string(t), "_", " "), n))
		}
	}
	if len(words) == 0 {
		return plural(s.Roles, "role") + ", and none is one too many"
	}
	return plural(s.Roles, "role") + ": " + strings.Join(words, ", ")
}

func (a *app) roleExplosionCommand() *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use: "explosion", Short: "Which roles are one too many, what to do, and who answers for it",
		Long: `Which roles are one too many: that give the same as another or nearly so, that nobody has
or uses, that one person has, that give nothing any more, that nobody answers for, and that
contain each other deeply. Each line says what to do and who answers for it.`,
		Example: "  writ role explosion\n  writ role explosion --trouble duplicate --trouble subset -o csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var troubles []role.Trouble
			for _, text := range only {
				t := role.Trouble(text)
				if t.Advice() == "" {
					return fmt.Errorf("%w: --trouble %q is none that a role can have", errUsage, text)
				}
				troubles = append(troubles, t)
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			x, err := a.roles().TellExplosion(ctx, troubles, ask.Everything)
			if err != nil {
				return err
			}
			return a.print(roleExplosion{x})
		},
	}
	cmd.Flags().StringArrayVar(&only, "trouble", nil, "only this `trouble`: duplicate, gone, no_owner, unassigned, unused, one_person, subset, overlap, same_people, deep (repeatable)")
	return cmd
}
