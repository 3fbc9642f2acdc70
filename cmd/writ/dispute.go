package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/inventory"
)

// disputesAnswer is the answer of 'writ account disputes'.
type disputesAnswer struct {
	Revision access.Rev    `json:"revision"`
	Waiting  int           `json:"waiting"` // in all
	Disputes []disputeLine `json:"disputes"`
}

type disputeLine struct {
	Account    ask.Shown            `json:"account"`
	Since      access.Time          `json:"since"`
	Rule       string               `json:"rule"`
	Evidence   string               `json:"evidence"`
	Name       string               `json:"name,omitempty"`
	Number     string               `json:"number,omitempty"`
	Email      string               `json:"email,omitempty"`
	Login      string               `json:"login"`
	Kind       access.AccountKind   `json:"kind"`
	Status     access.AccountStatus `json:"status"`
	UsageKnown bool                 `json:"usage_known"`
	LastUsed   access.Time          `json:"last_used,omitzero"`
	WorstTier  *access.Tier         `json:"worst_tier"` // null: it can reach nothing
	Contenders []contenderLine      `json:"contenders"`
	More       int                  `json:"more"` // contenders that are not listed
}

type contenderLine struct {
	Identity ask.Shown            `json:"identity"`
	Kind     access.IdentityKind  `json:"kind"`
	State    access.IdentityState `json:"state"`
	Employer string               `json:"employer,omitempty"`
	Unit     string               `json:"unit,omitempty"`
	Title    string               `json:"title,omitempty"`
	Compared []comparedLine       `json:"compared"`
}

type comparedLine struct {
	Attribute string            `json:"attribute"`
	Account   string            `json:"account"`
	Identity  string            `json:"identity"`
	Verdict   inventory.Verdict `json:"verdict"`
	Likeness  float64           `json:"likeness"`
}

// cell is the identity's side with its verdict before it.
func (c *comparedLine) cell() string {
	switch c.Verdict {
	case inventory.Same:
		return "= " + c.Identity
	case inventory.Similar:
		return fmt.Sprintf("~ %s (%.2f)", c.Identity, c.Likeness)
	case inventory.Differs:
		return "≠ " + c.Identity
	case inventory.Unknown:
	}
	if c.Identity == "" {
		return "?"
	}
	return "? " + c.Identity
}

func (s *disputesAnswer) tables() []table {
	if s.Waiting == 0 {
		return []table{{title: "no match is disputed"}}
	}
	head := table{title: fmt.Sprintf("%s; the worst and oldest first: %d", plural(s.Waiting, "disputed account"), len(s.Disputes)), note: "  = same  ~ similar  ≠ differs  ? unknown\n  decide: writ account link ACCOUNT IDENTITY --reason TEXT"}
	list := []table{head}
	for i := range s.Disputes {
		list = append(list, s.Disputes[i].table())
	}
	return list
}

// contendersAside fit into a terminal beside the account.
const contendersAside = 3

func (d *disputeLine) table() table {
	t := table{title: fmt.Sprintf("%s (%s), since %s: %s", d.Account, d.Account.ID, day(d.Since), d.Evidence), header: []string{"", "the account"}}
	shown := d.Contenders[:min(len(d.Contenders), contendersAside)]
	if more := len(d.Contenders) - len(shown) + d.More; more > 0 {
		t.note = fmt.Sprintf("  and %d more: -o json lists them", more)
	}
	for _, c := range shown {
		t.header = append(t.header, c.Identity.Name)
	}
	row := func(what, account string, of func(c *contenderLine) string) {
		cells := []string{what, account}
		for i := range shown {
			cells = append(cells, of(&shown[i]))
		}
		t.rows = append(t.rows, cells)
	}
	for n, what := range []struct{ attribute, account string }{{"name", d.Name}, {"number", d.Number}, {"email", d.Email}, {"login", d.Login}} {
		row(what.attribute, what.account, func(c *contenderLine) string { return c.Compared[n].cell() })
	}
	row("kind", string(d.Kind), func(c *contenderLine) string { return string(c.Kind) })
	row("state", string(d.Status), func(c *contenderLine) string { return string(c.State) })
	used := "unknown"
	switch {
	case d.LastUsed != 0:
		used = day(d.LastUsed)
	case d.UsageKnown:
		used = "never"
	}
	row("last used", used, func(*contenderLine) string { return "" })
	tier := "reaches nothing"
	if d.WorstTier != nil {
		tier = tierName(*d.WorstTier)
	}
	row("worst tier", tier, func(*contenderLine) string { return "" })
	row("employer", "", func(c *contenderLine) string { return c.Employer })
	row("unit", "", func(c *contenderLine) string { return c.Unit })
	row("title", "", func(c *contenderLine) string { return c.Title })
	return t
}

func (a *app) disputesCommand() *cobra.Command {
	var system string
	var limit int
	cmd := &cobra.Command{
		Use:   "disputes",
		Short: "The accounts that a person has to decide about, with the evidence side by side",
		Long: `The accounts that could belong to several people, or to one who is not alike enough:
what can do most damage first, then what waits longest. What an account says stands
beside what is known of each whose it may be.`,
		Example: "  writ account disputes --system corp-directory --limit 5\n  writ account link corp-directory/reed E0000042 --reason 'asked his manager'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			ans, err := a.disputes(ctx, system, limit)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "only this `system`'s")
	cmd.Flags().IntVar(&limit, "limit", 10, "how many to show, 1 to 1000")
	return cmd
}

func (a *app) disputes(ctx context.Context, system string, limit int) (*disputesAnswer, error) {
	all := system == ""
	var only access.SystemID
	if !all {
		y, err := a.inventory().System(ctx, system)
		if err != nil {
			return nil, err
		}
		only = y.ID
	}
	view := a.graph.View()
	defer view.Close()
	queue, err := a.inventory().Queue(ctx, view, func(w inventory.Waiting) bool { return all || w.System == only })
	if err != nil {
		return nil, err
	}
	ans := &disputesAnswer{Revision: view.Rev(), Waiting: len(queue), Disputes: []disputeLine{}}
	queue = queue[:min(len(queue), limit)]
	ids := make([]access.AccountID, 0, len(queue))
	queued := make(map[access.AccountID]inventory.Queued, len(queue))
	for _, q := range queue {
		ids = append(ids, q.Account)
		queued[q.Account] = q
	}
	list, err := a.inventory().Disputes(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		line, q := disputeLineOf(&list[i]), queued[list[i].Account.ID]
		line.Since = q.Since
		if q.Known {
			line.WorstTier = &q.Tier
		}
		ans.Disputes = append(ans.Disputes, line)
	}
	return ans, nil
}

func disputeLineOf(d *inventory.Dispute) disputeLine {
	acc := &d.Account
	line := disputeLine{
		Account: ask.Shown{Type: access.KindAccount.String(), ID: acc.ID.Ref(), Name: acc.Login, System: acc.System},
		Rule:    acc.Link.Rule, Evidence: acc.Link.Evidence, Name: acc.Name, Number: acc.Number, Email: acc.Email, Login: acc.Login,
		Kind: acc.Kind, Status: d.Facts.Status, UsageKnown: d.Facts.UsageKnown, LastUsed: d.Facts.LastUsed,
		Contenders: []contenderLine{}, More: d.More,
	}
	for _, c := range d.Contenders {
		p := contenderLine{
			Identity: ask.Shown{Type: access.KindIdentity.String(), ID: c.Person.ID.Ref(), Name: c.Person.Name},
			Kind:     c.Person.Kind, State: c.Facts.State, Employer: c.Facts.Employer, Unit: c.Facts.Unit, Title: c.Facts.Title,
		}
		for _, x := range c.Compared {
			p.Compared = append(p.Compared, comparedLine{x.Attribute, x.Account, x.Person, x.Verdict, math.Round(100*x.Likeness) / 100})
		}
		line.Contenders = append(line.Contenders, p)
	}
	return line
}
