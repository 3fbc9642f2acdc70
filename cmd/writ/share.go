package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/share"
)

// shareListAnswer is the answer of 'writ share list'.
type shareListAnswer struct {
	Items []share.ShareShown `json:"items"`
	Next  string             `json:"next,omitempty"`
}

func (s *shareListAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "share"), header: []string{"share", "secret", "for", "by", "state", "since", "until", "ended", "reason"}}
	for _, x := range s.Items {
		since := x.Started
		if since == 0 {
			since = x.Asked
		}
		t.rows = append(t.rows, []string{
			x.ID.String(), nameIn(x.Names, x.Secret.String()), x.Recipient.Name, nameIn(x.Names, x.Sponsor.String()),
			string(x.State), minute(since), minute(x.Ends), minute(x.Ended), x.Reason,
		})
	}
	return []table{t}
}

// shareShownAnswer is one share.
type shareShownAnswer struct{ share.ShareShown }

func (s *shareShownAnswer) tables() []table {
	t := table{title: "share " + s.ID.String(), header: []string{"", ""}}
	add := func(what, text string) {
		if text != "" {
			t.rows = append(t.rows, []string{what, text})
		}
	}
	add("secret", nameIn(s.Names, s.Safe.String())+"/"+nameIn(s.Names, s.Secret.String()))
	add("field", s.Field)
	add("for", s.Recipient.Name+" <"+s.Recipient.Email+">")
	add("by", nameIn(s.Names, s.Sponsor.String()))
	add("state", string(s.State))
	add("asked", minute(s.Asked))
	add("until", minute(s.Ends))
	add("ended", minute(s.Ended))
	add("because", s.EndReason)
	if s.Tries > 0 {
		add("wrong codes", fmt.Sprint(s.Tries))
	}
	add("reason", s.Reason)
	add("ticket", s.Ticket)
	if s.State == share.Waiting {
		t.note = "  it waits until others agree: " + s.Approval.String()
	}
	return []table{t}
}

// shareMadeAnswer is a share with what opens it. It is the one place where that is shown.
type shareMadeAnswer struct{ share.ShareMade }

func (s *shareMadeAnswer) tables() []table {
	t := table{title: fmt.Sprintf("%s opens once, for %s. This is shown this once:", s.ID, s.Recipient.Name), header: []string{"", ""}, whole: true}
	t.rows = append(t.rows, []string{"link", s.Link})
	if s.Opens != "" {
		t.rows = append(t.rows, []string{"code", s.Opens})
		t.note = "  tell the code by another way than the link: by telephone, for one"
	}
	switch {
	case s.State == share.Waiting:
		t.note += "\n  the link opens nothing until others agree: " + s.Approval.String()
	case s.Mailed:
		t.note += "\n  the link was mailed to " + s.Recipient.Email
	case s.Unmailed != "":
		t.note += "\n  the link was NOT mailed: " + s.Unmailed
	}
	return []table{t}
}

func (a *app) shareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "share", Short: "Give a secret to somebody outside, by a link that opens once",
		Long: `Give a secret to somebody outside who cannot sign in, by a link that opens once, until a time.

docs/how-to/share.md says what all of it means.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.shareCreateCommand(), a.shareListCommand(), a.shareShowCommand(), a.shareWithdrawCommand())
	return cmd
}

func (a *app) shareCreateCommand() *cobra.Command {
	var server, reason, ticket, field string
	var to share.Recipient
	var lasts time.Duration
	var bare, mail bool
	cmd := &cobra.Command{
		Use: "create SAFE/NAME --to NAME --email ADDRESS --reason WHY", Short: "Give a secret to somebody outside, or ask those who have to agree",
		Long: `Give a secret to somebody outside, at a Writ that is served, or ask those who have to agree.

The safe says whether one may, and for how long: 'writ safe change SAFE --outside 72h'. The link
and the code are printed this once. The value is changed by the end of the share, where Writ can.`,
		Example: "  writ share create ledger/sftp --to 'Rosa Vidal' --email rosa@supplier.example --for 24h --reason 'she loads the prices'",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.onSecret(&server, true, func(ctx context.Context, c caller, path string) (answer, error) {
		var s shareMadeAnswer
		err := c.exchange(ctx, http.MethodPost, path+"/shares", nil, map[string]any{
			"recipient": to, "field": field, "minutes": minutesOf(lasts), "without_code": bare, "mail": mail, "reason": reason, "ticket": ticket,
		}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&to.Name, "to", "", "the `name` of whom it is for")
	cmd.Flags().StringVar(&to.Email, "email", "", "their mail `address`")
	cmd.Flags().DurationVar(&lasts, "for", 0, "how long; without it a day, or less where the safe says so")
	cmd.Flags().StringVar(&field, "field", "", "of a secret that is written in JSON, the one `field` that is given")
	cmd.Flags().BoolVar(&bare, "without-code", false, "no code goes with the link: whoever has it opens it")
	cmd.Flags().BoolVar(&mail, "mail", false, "mail the link to them; the code never is")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&ticket, "ticket", "", "the name of a ticket, where the terms ask for one")
	return cmd
}

func (a *app) shareListCommand() *cobra.Command {
	var server string
	var mine, all bool
	cmd := &cobra.Command{Use: "list", Short: "List what was given to whom outside, as far as you may know", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list shareListAnswer
		err := c.exchange(ctx, http.MethodGet, fmt.Sprintf("/v1/shares?limit=1000&mine=%t&all=%t", mine, all), nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&mine, "mine", false, "only yours")
	cmd.Flags().BoolVar(&all, "all", false, "those that have ended with the rest")
	return cmd
}

func sharePath(text string) (string, error) {
	var id access.ShareID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return "", err
	}
	return "/v1/shares/" + id.String(), nil
}

func (a *app) shareShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show SHARE", Short: "Show a share, never what opens it", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		path, err := sharePath(args[0])
		if err != nil {
			return nil, err
		}
		var s shareShownAnswer
		err = c.exchange(ctx, http.MethodGet, path, nil, nil, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) shareWithdrawCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{
		Use: "withdraw SHARE", Short: "Withdraw a share: yours, or somebody else's with a reason",
		Long: `Withdraw a share, so that its link opens nothing any more: yours, or somebody else's with a reason. The
node's operator may, too. What was opened already is known: rotate the secret, if it has to be now.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		path, err := sharePath(args[0])
		if err != nil {
			return nil, err
		}
		var s shareShownAnswer
		err = c.exchange(ctx, http.MethodPost, path+"/withdraw", nil, map[string]any{"reason": reason}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why, where it is somebody else's")
	return cmd
}
