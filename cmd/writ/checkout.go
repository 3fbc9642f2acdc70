package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/vault"
)

// checkoutsAnswer is the answer of 'writ checkout list'.
type checkoutsAnswer struct {
	Items []vault.Checkout  `json:"items"`
	Next  string            `json:"next,omitempty"`
	Names map[string]string `json:"names"`
}

func (s *checkoutsAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "check-out"), header: []string{"check-out", "secret", "who", "state", "since", "until", "ended", "reason"}}
	for _, c := range s.Items {
		since := c.Started
		if since == 0 {
			since = c.Asked
		}
		t.rows = append(t.rows, []string{c.ID.String(), nameIn(s.Names, c.Secret.String()), nameIn(s.Names, c.Identity.String()), string(c.State), minute(since), minute(c.Ends), minute(c.Ended), c.Reason})
	}
	return []table{t}
}

// checkoutAnswer is the answer of what is done to one.
type checkoutAnswer struct{ vault.CheckoutShown }

func (s *checkoutAnswer) tables() []table {
	t := (&checkoutsAnswer{Items: []vault.Checkout{s.Checkout}, Names: s.Names}).tables()[0]
	t.title = ""
	switch s.State {
	case vault.Waiting:
		t.note = "  it waits until others agree: " + s.Approval.String()
	case vault.Out:
		t.note = fmt.Sprintf("  give it back with 'writ checkin %s'", s.ID)
	case vault.Returned, vault.Expired, vault.Refused, vault.Forced, vault.Withdrawn:
	}
	return []table{t}
}

func minutesOf(d time.Duration) int { return int(d / time.Minute) }

func (a *app) checkoutCommand() *cobra.Command {
	var server, reason, ticket string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use: "checkout SAFE/NAME", Short: "Have a secret for a time, or ask those who have to agree",
		Long: `Have a secret for a time, at a Writ that is served, or ask those who have to agree.

What having it takes the safe's terms say. It ends by itself; 'writ secret get --checkout'
shows it meanwhile, to who may see it.`,
		Example: "  writ checkout ledger/root --for 1h --reason 'the disk is full'\n  writ checkout list --mine",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.onSecret(&server, true, func(ctx context.Context, c caller, path string) (answer, error) {
		var s checkoutAnswer
		err := c.exchange(ctx, http.MethodPost, path+"/checkouts", nil, map[string]any{"minutes": minutesOf(lasts), "reason": reason, "ticket": ticket}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&lasts, "for", 0, "how long; without it, as long as the terms let you")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&ticket, "ticket", "", "the name of a ticket, where the terms ask for one")
	cmd.AddCommand(a.checkoutListCommand(), a.checkoutExtendCommand())
	return cmd
}

func (a *app) checkoutListCommand() *cobra.Command {
	var server string
	var mine, all bool
	cmd := &cobra.Command{Use: "list", Short: "List who has which secret out, as far as you may know", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list checkoutsAnswer
		err := c.exchange(ctx, http.MethodGet, fmt.Sprintf("/v1/checkouts?limit=1000&mine=%t&all=%t", mine, all), nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&mine, "mine", false, "only yours")
	cmd.Flags().BoolVar(&all, "all", false, "those that have ended with the rest")
	return cmd
}

func checkoutPath(text string) (string, error) {
	var id access.CheckoutID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return "", err
	}
	return "/v1/checkouts/" + id.String(), nil
}

func (a *app) checkoutExtendCommand() *cobra.Command {
	var server, reason string
	var by time.Duration
	cmd := &cobra.Command{Use: "extend CHECKOUT --by TIME", Short: "Have a secret longer, within its terms", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.vaultRun(&server, true, func(ctx context.Context, c caller, args []string) (answer, error) {
		path, err := checkoutPath(args[0])
		if err != nil {
			return nil, err
		}
		var s checkoutAnswer
		err = c.exchange(ctx, http.MethodPost, path+"/extend", nil, map[string]any{"minutes": minutesOf(by), "reason": reason}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&by, "by", 30*time.Minute, "by how much longer")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (a *app) checkinCommand() *cobra.Command {
	var server, reason string
	var force bool
	cmd := &cobra.Command{
		Use: "checkin CHECKOUT", Short: "Give back a secret that you have out, or take one back",
		Long: `Give back a secret that you have out, or withdraw that you asked for one. With --force take back
what somebody else has out; the node's operator may, too.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.vaultRun(&server, !force, func(ctx context.Context, c caller, args []string) (answer, error) {
			path, err := checkoutPath(args[0])
			if err != nil {
				return nil, err
			}
			var s checkoutAnswer
			if force {
				err = c.exchange(ctx, http.MethodPost, path+"/force", nil, map[string]any{"reason": reason}, &s)
			} else {
				err = c.exchange(ctx, http.MethodPost, path+"/checkin", nil, nil, &s)
			}
			return &s, err
		})(cmd, args)
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&force, "force", false, "take back what somebody else has out")
	cmd.Flags().StringVar(&reason, "reason", "", "why, where it is taken back")
	return cmd
}
