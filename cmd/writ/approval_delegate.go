package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// delegationsAnswer is the answer of 'writ approval delegations'.
type delegationsAnswer struct {
	Items []approval.Delegation `json:"items"`
	Names map[string]string     `json:"names"`
}

func (s *delegationsAnswer) tables() []table {
	if len(s.Items) == 0 {
		return []table{{title: "nobody decides in your place, and you decide in nobody's"}}
	}
	t := table{title: plural(len(s.Items), "delegation"), header: []string{"delegation", "in the place of", "decides", "from", "until", "because"}}
	for _, d := range s.Items {
		t.rows = append(t.rows, []string{d.ID.String(), naming(s.Names, d.From.Ref()), naming(s.Names, d.To.Ref()), minute(d.Start), minute(d.End), d.Reason})
	}
	return []table{t}
}

// dayOrTime reads a day, which begins at midnight UTC, or a time.
func dayOrTime(text string) (access.Time, error) {
	for _, form := range []string{time.DateOnly, "2006-01-02T15:04", time.RFC3339} {
		if at, err := time.Parse(form, text); err == nil {
			return access.TimeOf(at), nil
		}
	}
	return 0, fmt.Errorf("%w: %q is no day or time, such as 2026-12-24 or 2026-12-24T18:00", errUsage, text)
}

func (a *app) delegateCommand() *cobra.Command {
	var server, from, until, reason string
	cmd := &cobra.Command{
		Use: "delegate IDENTITY --until DAY --reason TEXT", Short: "Have somebody else decide in your place for a time",
		Long: `Have somebody else decide in your place, for 90 days at most. They decide what you might
decide yourself at that moment, and their decision shows both names. What was delegated to
you, you cannot pass on. You must have shown a second factor within ten minutes.`,
		Example: "  writ approval delegate idn_0000000000007 --from 2026-12-20 --until 2027-01-04 --reason 'on leave'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := struct {
				To     access.IdentityID `json:"identity"`
				Start  access.Time       `json:"start,omitzero"`
				End    access.Time       `json:"end"`
				Reason string            `json:"reason"`
			}{Reason: reason}
			var err error
			if body.To, err = idIn[access.IdentityID](args[0]); err != nil {
				return err
			}
			if until == "" || reason == "" {
				return fmt.Errorf("%w: say until when (--until) and why (--reason)", errUsage)
			}
			if body.End, err = dayOrTime(until); err != nil {
				return err
			}
			if from != "" {
				if body.Start, err = dayOrTime(from); err != nil {
					return err
				}
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			var made struct {
				ID access.DelegationID `json:"id"`
			}
			if err := r.call(cmd.Context(), http.MethodPost, "/v1/me/delegations", body, &made); err != nil {
				return err
			}
			return a.print(&doneAnswer{ID: made.ID.Ref(), Done: args[0] + " decides in your place until " + minute(body.End)})
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&from, "from", "", "the `day` or time from which they do, in UTC; now without it")
	cmd.Flags().StringVar(&until, "until", "", "the `day` or time until which they do, in UTC (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) delegationsCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "delegations", Short: "Who decides in your place, and in whose place you decide",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			ans := &delegationsAnswer{}
			if err := r.call(cmd.Context(), http.MethodGet, "/v1/me/delegations", nil, ans); err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) undelegateCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{
		Use: "undelegate ID --reason TEXT", Short: "End that somebody decides in your place",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idIn[access.DelegationID](args[0])
			if err != nil {
				return err
			}
			if reason == "" {
				return fmt.Errorf("%w: say why (--reason)", errUsage)
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			body := map[string]string{"reason": reason}
			if err := r.call(cmd.Context(), http.MethodPost, "/v1/me/delegations/"+id.String()+"/end", body, nil); err != nil {
				return err
			}
			return a.print(&doneAnswer{ID: id.Ref(), Done: "nobody decides in your place by it any more"})
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
