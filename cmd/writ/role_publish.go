package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/role"
)

func (a *app) roleSubmitCommand() *cobra.Command {
	return &cobra.Command{
		Use: "submit ROLE", Short: "Put the draft of a role before somebody else", Args: cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			return a.showRole(ctx, id, "in review: somebody who wrote none of it approves it", a.roles().Submit(ctx, id, 0))
		}),
	}
}

func (a *app) roleReviewCommand() *cobra.Command {
	var approve, back bool
	var note string
	cmd := &cobra.Command{
		Use: "review ROLE --approve | --return --note TEXT", Short: "Approve the draft of a role, or send it back",
		Long: `Approve the draft of a role, or send it back to who wrote it. Nobody reviews what they
have written, nor what would give access to them or to a service that they answer for.
Whoever works on this machine counts as one person, whatever they call themself.`,
		Example: "  writ role review 'Ledger reader' --approve\n  writ role review 'Ledger reader' --return --note 'export is not needed for this'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if approve == back {
				return fmt.Errorf("%w: say either --approve or --return", errUsage)
			}
			return a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
				did := "approved: 'writ role publish' makes it the next version"
				if back {
					did = "sent back"
				}
				return a.showRole(ctx, id, did, a.roles().Review(ctx, id, 0, approve, note))
			})(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&approve, "approve", false, "it may be published")
	cmd.Flags().BoolVar(&back, "return", false, "it goes back to who wrote it")
	cmd.Flags().StringVar(&note, "note", "", "what whoever wrote it should know")
	return cmd
}

// roleImpact is the answer of 'writ role impact' and 'writ role publish'.
type roleImpact struct {
	*role.ImpactShown
	did string
}

func (s *roleImpact) tables() []table {
	verb := "would gain"
	if s.did != "" {
		verb = "gain"
	}
	t := table{
		title:  fmt.Sprintf("%s%s: %s have it; %s %s something, %s lose something", s.did, s.Role.Name, people(s.People), people(s.Gain.Count), verb, people(s.Lose.Count)),
		header: []string{"entitlement", "tier", "gain", "new", "lose", "the first of them"}, right: []int{1, 2, 3, 4},
	}
	for _, x := range s.Entitlements {
		first := x.Gain
		if first.Count == 0 {
			first = x.Lose
		}
		t.rows = append(t.rows, []string{x.Entitlement.String(), fmt.Sprint(int(x.Tier)), count(int64(x.Gain.Count)), count(int64(x.New)), count(int64(x.Lose.Count)), firstNames(first)})
	}
	list := []table{t}
	if len(s.Conflicts) > 0 {
		c := table{title: plural(len(s.Conflicts), "new conflict"), header: []string{"entitlement", "nobody should have beside it", "people", "in the role itself", "the first of them"}, right: []int{2}}
		for _, x := range s.Conflicts {
			within := ""
			if x.Within {
				within = "yes"
			}
			c.rows = append(c.rows, []string{x.Entitlements[0].String(), x.Entitlements[1].String(), count(int64(x.Holders.Count)), within, firstNames(x.Holders)})
		}
		list = append(list, c)
	}
	for _, r := range s.Rises {
		list = append(list, table{title: fmt.Sprintf("%s reach tier %d for the first time: %s", people(r.People.Count), int(r.Tier), firstNames(r.People))})
	}
	for _, rule := range s.Rules {
		list = append(list, table{title: "the birthright rule " + rule + " gives it"})
	}
	for _, name := range s.Retires {
		list = append(list, table{title: name + " ends with it"})
	}
	return list
}

// firstNames names the first three of a group.
func firstNames(g role.Group) string {
	const most = 3
	text := ""
	for i, n := range g.First {
		if i == most {
			break
		}
		if i > 0 {
			text += ", "
		}
		text += n.String()
	}
	if g.Count > most {
		text += ", …"
	}
	return text
}

func (a *app) roleImpactCommand() *cobra.Command {
	return &cobra.Command{
		Use: "impact ROLE", Short: "Who gains and loses what if the draft of a role is published",
		Long: `Who gains and loses what if the draft of a role is published: by what people were
assigned, by roles that contain it, and by birthright rules. With it come the conflicts
that it would make real, and who would reach tier 0 or 1 for the first time. "new" is how
many of those who gain an entitlement do not hold it yet.`,
		Example: "  writ role impact 'Ledger reader'",
		Args:    cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			s, err := a.roles().TellImpact(ctx, id, ask.Everything)
			return &roleImpact{ImpactShown: s}, err
		}),
	}
}

func (a *app) rolePublishCommand() *cobra.Command {
	return &cobra.Command{
		Use: "publish ROLE", Short: "Make the approved draft the role's next version", Args: cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			d, err := a.definitionOf(ctx, id)
			if err != nil {
				return nil, err
			}
			im, err := a.roles().Publish(ctx, id, 0)
			if err != nil {
				return nil, err
			}
			s, err := a.roles().Tell(ctx, id, d.Name, im, ask.Everything)
			return &roleImpact{s, "published "}, err
		}),
	}
}

// roleDone is the answer of what ends something of a role.
type roleDone struct {
	Role access.RoleID `json:"role"`
	Did  string        `json:"did"`
}

func (s *roleDone) tables() []table { return []table{{title: s.Did + " " + s.Role.String()}} }

func (a *app) roleDiscardCommand() *cobra.Command {
	return &cobra.Command{
		Use: "discard ROLE", Short: "End the open draft of a role", Args: cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			return &roleDone{id, "discarded the draft of"}, a.roles().Discard(ctx, id, 0)
		}),
	}
}

func (a *app) roleRetireCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "retire ROLE --reason TEXT", Short: "End a role that nobody has", Args: cobra.ExactArgs(1),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, _ []string) (answer, error) {
			return &roleDone{id, "retired"}, a.roles().Retire(ctx, id, 0, reason)
		}),
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) roleOwnerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "owner ROLE PERSON", Short: "Say who answers for a published role", Args: cobra.ExactArgs(2),
		RunE: a.onRole(func(ctx context.Context, id access.RoleID, args []string) (answer, error) {
			owner, err := a.inventory().ResolveIdentity(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return a.showRole(ctx, id, "changed who answers for it", a.roles().Own(ctx, id, 0, owner))
		}),
	}
}
