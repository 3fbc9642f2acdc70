package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// systemTestAnswer is the answer of 'writ system test'.
type systemTestAnswer struct {
	ID   access.SystemID `json:"id"`
	Name string          `json:"name"`
	inventory.Tested
}

func (s *systemTestAnswer) tables() []table {
	t := table{title: s.Name + ": " + s.Said}
	var notes []string
	for _, w := range s.Warnings {
		notes = append(notes, "  warning: "+printable(w))
	}
	t.note = strings.Join(notes, "\n")
	return []table{t}
}

func (a *app) systemTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test SYSTEM", Short: "Sign in to a system, and read nothing",
		Example: "  writ system test payroll", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			y, err := a.inventory().System(ctx, args[0])
			if err != nil {
				return err
			}
			said, err := a.inventory().TestSystem(ctx, y.ID)
			if err != nil {
				return err
			}
			a.progress.finish()
			return a.print(&systemTestAnswer{y.ID, y.Name, said})
		},
	}
}

// dryRunAnswer is the answer of 'writ system dry-run'.
type dryRunAnswer struct {
	ID   access.SystemID `json:"id"`
	Name string          `json:"name"`
	inventory.Preview
	People map[string]string `json:"people"` // whom accounts would be linked to, by id
}

func (s *dryRunAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("a sync of %s would change this; nothing was changed", s.Name),
		header: []string{"", "new", "other", "gone", "the first"}, right: []int{1, 2, 3},
	}
	for _, d := range []struct {
		what string
		inventory.PreviewDelta
	}{
		{"resources", s.Resources},
		{"entitlements", s.Entitlements},
		{"accounts", s.Accounts},
		{"grants", s.Grants},
		{"credentials", s.Credentials},
	} {
		var first []string
		for _, x := range d.First[:min(len(d.First), 3)] {
			text := x.Name
			if x.Holder != "" {
				text = x.Holder + " has " + x.Name
			}
			first = append(first, text)
		}
		t.rows = append(t.rows, []string{d.what, count(d.Added), count(d.Changed), count(d.Removed), strings.Join(first, ", ")})
	}
	var notes []string
	if s.Refused != "" {
		notes = append(notes, "  the guard would stop it: "+printable(s.Refused))
	}
	for _, w := range s.Warnings {
		notes = append(notes, "  warning: "+printable(w))
	}
	t.note = strings.Join(notes, "\n")
	return append([]table{t, s.whose()}, s.tiered()...)
}

func (s *dryRunAnswer) whose() table {
	c := s.Correlation
	t := table{title: fmt.Sprintf("whose %s would be: %s somebody's, %s disputed, %s nobody's", plural(int(c.Accounts), "account"), count(c.Linked), count(c.Disputed), count(c.Nobodys))}
	if c.Accounts == 0 {
		return t
	}
	t.header = []string{"account", "would be", "by", "because"}
	for _, m := range c.First {
		who := "nobody's"
		switch {
		case m.State == inventory.Disputed:
			who = "disputed"
		case m.Identity != 0:
			who = s.People[m.Identity.String()]
		}
		t.rows = append(t.rows, []string{m.Login, who, m.Rule, m.Evidence})
	}
	return t
}

func (s *dryRunAnswer) tiered() []table {
	if s.Tiers == nil {
		return nil
	}
	t := table{title: "which tiers its entitlements would have, by what it says alone", header: []string{"entitlement", "tier", "because"}, note: s.Tiers.Said}
	for _, x := range s.Tiers.First {
		t.rows = append(t.rows, []string{x.Name, tierName(x.Tier), x.Reason})
	}
	return []table{t}
}

func (a *app) systemDryRunCommand() *cobra.Command {
	return &cobra.Command{
		Use: "dry-run SYSTEM", Short: "Read a system, and change nothing: what a sync would do",
		Long: `Read a system completely, and change nothing: how much a sync would add, change and
remove, whether the guard would stop it, whose accounts would be, and which tiers the
entitlements of a system that was never read would have.`,
		Example: "  writ system dry-run payroll", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			ans, err := a.dryRun(ctx, args[0])
			if err != nil {
				return err
			}
			a.progress.finish()
			return a.print(ans)
		},
	}
}

func (a *app) dryRun(ctx context.Context, name string) (*dryRunAnswer, error) {
	y, err := a.inventory().System(ctx, name)
	if err != nil {
		return nil, err
	}
	p, err := a.inventory().DrySystem(ctx, y.ID)
	if err != nil {
		return nil, err
	}
	people := map[access.Ref]bool{}
	for _, m := range p.Correlation.First {
		if m.Identity != 0 {
			people[m.Identity.Ref()] = true
		}
	}
	label, err := a.named(ctx, slices.Collect(maps.Keys(people)))
	if err != nil {
		return nil, err
	}
	ans := &dryRunAnswer{ID: y.ID, Name: y.Name, Preview: p, People: map[string]string{}}
	for ref := range people {
		ans.People[ref.String()] = label(ref).Name
	}
	return ans, nil
}
