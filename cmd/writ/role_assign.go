package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/role"
)

// roleAssigned is the answer of 'writ role assign' and 'writ role unassign'.
type roleAssigned struct {
	Role     access.RoleID       `json:"role"`
	ID       access.AssignmentID `json:"assignment"`
	Identity ask.Shown           `json:"identity"`
	Values   role.Values         `json:"values,omitempty"`
	Has      bool                `json:"has"`
	called   string
}

func (s *roleAssigned) tables() []table {
	verb := "has"
	if !s.Has {
		verb = "no longer has"
	}
	return []table{{title: fmt.Sprintf("%s %s %s", s.Identity, verb, s.called)}}
}

func (a *app) assignedRole(ctx context.Context, x access.Assignment, has bool) (answer, error) {
	name, err := a.named(ctx, []access.Ref{x.Identity.Ref(), x.Role.Ref()})
	if err != nil {
		return nil, err
	}
	return &roleAssigned{x.Role, x.ID, name(x.Identity.Ref()), x.Parameters, has, name(x.Role.Ref()).Name}, nil
}

func (a *app) roleAssignCommand() *cobra.Command {
	var with []string
	var reason, until string
	cmd := &cobra.Command{
		Use: "assign ROLE IDENTITY --reason TEXT [--with NAME=VALUE]", Short: "Give somebody a role",
		Example: "  writ role assign 'Ledger reader' ben.ito@example.com --reason 'closes the books'\n  writ role assign 'Sales office' ben.ito@example.com --with region=emea --until 2027-06-30 --reason 'stands in'",
		Args:    cobra.ExactArgs(2),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, args []string) (answer, error) {
			x := access.Assignment{Role: id, Reason: reason}
			values, err := valuesOf(with)
			if err != nil {
				return nil, err
			}
			x.Parameters = values
			if until != "" {
				t, err := time.Parse(time.DateOnly, until)
				if err != nil {
					return nil, fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, until)
				}
				x.End = access.TimeOf(t)
			}
			if x.Identity, err = a.inventory().ResolveIdentity(ctx, args[0]); err != nil {
				return nil, err
			}
			if x, err = a.roles().Assign(ctx, x); err != nil {
				return nil, err
			}
			return a.assignedRole(ctx, x, true)
		}),
	}
	cmd.Flags().StringArrayVar(&with, "with", nil, "a value of a parameter, as `name=value` (repeatable)")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().StringVar(&until, "until", "", "the `date` on which it ends")
	return cmd
}

func (a *app) roleUnassignCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "unassign ROLE IDENTITY --reason TEXT", Short: "End that somebody has a role",
		Long: "End that somebody has a role by an assignment. A parametric role is named by its variant, such as 'Sales office (region=emea)'.",
		Args: cobra.ExactArgs(2),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, args []string) (answer, error) {
			who, err := a.inventory().ResolveIdentity(ctx, args[0])
			if err != nil {
				return nil, err
			}
			x, err := a.roles().AssignmentOf(ctx, id, who)
			if err != nil {
				return nil, err
			}
			if err := a.roles().Unassign(ctx, x.ID, reason); err != nil {
				return nil, err
			}
			return a.assignedRole(ctx, x, false)
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

// membersAnswer is the answer of 'writ role members'.
type membersAnswer struct {
	Assignments []role.AssignmentLine `json:"assignments"`
	Next        access.AssignmentID   `json:"next,omitzero"`
}

func (s *membersAnswer) tables() []table {
	t := table{header: []string{"identity", "values", "until", "reason"}}
	for _, x := range s.Assignments {
		t.rows = append(t.rows, []string{x.Identity.String(), x.Values.String(), day(x.End), x.Reason})
	}
	if s.Next != 0 {
		t.note = "  more: --after " + s.Next.String()
	}
	if len(t.rows) == 0 {
		return []table{{title: "nobody was assigned it"}}
	}
	return []table{t}
}

func (a *app) roleMembersCommand() *cobra.Command {
	var limit int
	var after string
	cmd := &cobra.Command{
		Use: "members ROLE", Short: "Who was assigned a role, or a variant of it", Args: cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			var from access.AssignmentID
			if err := from.UnmarshalText([]byte(after)); err != nil || limit < 1 || limit > 1000 {
				return nil, fmt.Errorf("%w: --limit must be from 1 to 1000, and --after what the page before said", errUsage)
			}
			lines, err := a.roles().TellAssigned(ctx, id, from, limit+1, ask.Everything)
			s := &membersAnswer{Assignments: lines}
			if len(lines) > limit {
				s.Assignments, s.Next = lines[:limit], lines[limit-1].ID
			}
			return s, err
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "how many to list, 1 to 1000")
	cmd.Flags().StringVar(&after, "after", "", "continue behind this `assignment` of the page before")
	return cmd
}
