package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/role"
)

// roles are the use cases of the catalog of roles, over the open store and its index.
func (a *app) roles() *role.Teller {
	return &role.Teller{Service: &role.Service{Store: a.db.Roles(), Graph: a.graph, Duties: role.Declared{}, Birthright: givers{a.lifecycle()}, People: peopleTold{a}}, Names: a.db.Inventory()}
}

// onRole is how a command about one role runs: it opens the graph, finds the role that is
// named, published or not, and prints what fn answers.
func (a *app) onRole(fn func(ctx context.Context, id access.RoleID, args []string) (answer, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		id, err := a.roles().FindAny(ctx, args[0])
		if err != nil {
			return err
		}
		ans, err := fn(ctx, id, args[1:])
		if err != nil {
			return err
		}
		return a.print(ans)
	}
}

// rolesAnswer is the answer of 'writ role list'.
type rolesAnswer struct {
	Roles []role.RoleLine `json:"roles"`
}

func (s *rolesAnswer) tables() []table {
	if len(s.Roles) == 0 {
		return []table{{title: "there is no role: 'writ role new' begins one, and 'writ role mine --from-graph' finds some"}}
	}
	t := table{header: []string{"role", "kind", "version", "draft", "gives", "people", "variants", "owner"}, right: []int{2, 4, 5, 6}}
	for _, r := range s.Roles {
		t.rows = append(t.rows, []string{r.Name, string(r.Kind), number(r.Number), string(r.Draft), number(r.Entitlements), count(int64(r.People)), number(r.Variants), shownOr(r.Owner, "nobody")})
	}
	return []table{t}
}

// number is a count, or nothing where it is none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func shownOr(s *ask.Shown, none string) string {
	if s == nil {
		return none
	}
	return s.String()
}

func (a *app) roleListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the roles: what they give, to how many, and how far their drafts are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.roles().List(ctx, role.Which{}, ask.Everything)
			if err != nil {
				return err
			}
			return a.print(&rolesAnswer{list})
		},
	}
}

// wrote names who wrote or reviewed, as far as they are people.
func (s *roleShown) wrote(by ...string) string {
	names := make([]string, len(by))
	for i, text := range by {
		names[i] = text
		if who, ok := s.Writers[text]; ok {
			names[i] = who.String()
		}
	}
	return strings.Join(names, ", ")
}

// roleShown is the answer of 'writ role show', and of what changes a role.
type roleShown struct {
	*role.Shown
	did string
}

// showRole answers with a role as it is now, unless what was done is an error.
func (a *app) showRole(ctx context.Context, id access.RoleID, did string, err error) (answer, error) {
	if err != nil {
		return nil, err
	}
	if err := a.follow(ctx); err != nil {
		return nil, err
	}
	s, err := a.roles().Show(ctx, id, ask.Everything)
	return &roleShown{s, did}, err
}

func (s *roleShown) tables() []table {
	var list []table
	if s.did != "" {
		list = append(list, table{title: s.did})
	}
	if s.Published != nil {
		list = append(list, toldTable(*s.Published, fmt.Sprintf("version %d: gives %s to %s", s.Versions[0].Number, plural(s.Entitlements, "entitlement"), people(s.People))))
	}
	if d := s.Draft; d != nil {
		t := toldTable(d.Told, fmt.Sprintf("%s, made from version %d by %s", d.State, d.Base, s.wrote(d.Authors...)))
		if d.Base == 0 {
			t.title = strings.Replace(t.title, "made from version 0", "a new role", 1)
		}
		if d.Note != "" {
			t.note += "\n  the reviewer said: " + d.Note
		}
		list = append(list, t)
	}
	if len(s.Variants) > 0 {
		t := table{title: "variants", header: []string{"values", "people", "id"}, right: []int{1}}
		for _, v := range s.Variants {
			t.rows = append(t.rows, []string{v.Values.String(), count(int64(v.People)), v.ID.String()})
		}
		list = append(list, t)
	}
	if len(s.Versions) > 0 {
		t := table{title: "versions", header: []string{"version", "since", "written by", "reviewed by", "parts"}, right: []int{0, 4}}
		for _, v := range s.Versions {
			t.rows = append(t.rows, []string{strconv.Itoa(v.Number), moment(v.Since), s.wrote(v.Authors...), s.wrote(v.Reviewer), strconv.Itoa(v.Parts)})
		}
		list = append(list, t)
	}
	if len(s.ContainedIn)+len(s.Rules) > 0 {
		t := table{header: []string{"given by", "name"}}
		for _, r := range s.ContainedIn {
			t.rows = append(t.rows, []string{"role", r.Name})
		}
		for _, r := range s.Rules {
			t.rows = append(t.rows, []string{"birthright rule", r})
		}
		list = append(list, t)
	}
	return list
}

// people is plural for people.
func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return count(int64(n)) + " people"
}

func toldTable(d role.Told, state string) table {
	t := table{title: fmt.Sprintf("%s (%s role), %s", d.Name, d.Kind, state), header: []string{"part", "name", "when"}}
	for _, p := range d.Parts {
		t.rows = append(t.rows, []string{p.Part.Type, p.Part.String(), p.When.String()})
	}
	t.note = "  answered for by " + shownOr(d.Owner, "nobody")
	for _, p := range d.Parameters {
		t.note += "\n  " + p.Name + " is one of " + strings.Join(p.Values, ", ")
	}
	if d.Description != "" {
		t.note += "\n  " + d.Description
	}
	return t
}

func (a *app) roleShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ROLE", Short: "What a role contains, who answers for it, its variants, versions and draft",
		Args: cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			return a.showRole(ctx, id, "", nil)
		}),
	}
}
