package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

// leaseHere is where commands on leases and templates go that go to no server.
func (a *app) leaseHere(ctx context.Context) (context.Context, caller, error) {
	ctx, err := a.openGraph(ctx)
	if err != nil {
		return ctx, nil, err
	}
	return ctx, newHere(&lease.API{Service: a.leases(&policy.Gate{Graph: a.graph})}), nil
}

func (a *app) leaseRun(server *string, person bool, run calling) func(*cobra.Command, []string) error {
	return a.calls(a.leaseHere, server, person, run)
}

func (a *app) leaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lease", Short: "Accounts that are made for one use, and taken away at its end",
		Long: `Accounts that are made for one use, and taken away at its end with all that they left.

docs/how-to/lease.md says what all of it means.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.leaseGetCommand(), a.leaseListCommand(), a.leaseShowCommand(), a.leaseRenewCommand(), a.leaseReturnCommand(), a.leaseForceCommand(),
		a.leaseRetryCommand(), a.leaseTemplateCommand())
	return cmd
}

// leasesAnswer is the answer of 'writ lease list' and of what follows it.
type leasesAnswer struct {
	Items []lease.Lease     `json:"items"`
	Names map[string]string `json:"names"`
	Next  string            `json:"next,omitempty"`
}

func (s *leasesAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "lease"), header: []string{"lease", "who", "template", "login", "state", "since", "until", "why"}}
	late := 0
	for _, l := range s.Items {
		state := string(l.State)
		if l.Late {
			late++
			state += " (STILL THERE)"
		}
		since := l.Start
		if since == 0 {
			since = l.Asked
		}
		t.rows = append(t.rows, []string{
			l.ID.String(), nameIn(s.Names, l.Identity.String()), nameIn(s.Names, l.Template.String()), l.Name, state, minute(since), minute(l.End),
			strings.TrimSpace(l.Code + " " + l.Said),
		})
	}
	if late > 0 {
		t.note = fmt.Sprintf("  %s over, and not taken away yet: it is tried again until it is gone", plural(late, "lease"))
	}
	return []table{t}
}

// leaseAnswer is the answer of what is done to one.
type leaseAnswer struct{ lease.LeaseShown }

func (s *leaseAnswer) tables() []table {
	t := (&leasesAnswer{Items: []lease.Lease{s.Lease}, Names: s.Names}).tables()
	t[0].title = ""
	if s.State == lease.Waiting && s.Agreed == 0 {
		t[0].note = "  it waits until others agree: " + s.Approval.String()
	}
	return t
}

// leasePath is the path of a lease, by its id.
func leasePath(text string) (string, error) {
	var id access.LeaseID
	if err := id.UnmarshalText([]byte(text)); err != nil || id == 0 {
		return "", fmt.Errorf("%w: %q is not the id of a lease, as 'writ lease list' shows it", errUsage, text)
	}
	return "/v1/leases/" + id.String(), nil
}

func (a *app) leaseGetCommand() *cobra.Command {
	var server, reason, ticket string
	var lasts time.Duration
	var show bool
	cmd := &cobra.Command{
		Use: "get TEMPLATE|LEASE", Short: "Have an account made for a time, or the one that others have agreed to",
		Long: `Have an account made for a time, at a Writ that is served. What it takes the template's terms
say; where others have to agree, name the lease once they have.

The password is there once. It is printed after the login, a line each, to a program or a
file; on a screen only with --show. Lost, give the lease back and ask for another.`,
		Example: "  writ lease get reporting --for 1h --reason 'the monthly figures' --show\n  writ lease get lse_0000000000001 > login.txt",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !show {
			return errShow
		}
		r, err := a.remote(server)
		if err != nil {
			return err
		}
		body := map[string]any{"template": args[0], "reason": reason, "ticket": ticket}
		if lasts > 0 {
			body["for"] = lasts.String()
		}
		path := "/v1/leases"
		if taken, err := leasePath(args[0]); err == nil {
			path, body = taken+"/take", nil
		}
		var got lease.LeaseGiven
		var in any
		if body != nil {
			in = body
		}
		if err := r.exchange(cmd.Context(), http.MethodPost, path, nil, in, &got); err != nil {
			return err
		}
		return a.leased(&got)
	}
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&lasts, "for", 0, "how `long`; without it, as long as the template says")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&ticket, "ticket", "", "the name of a ticket, where the terms ask for one")
	cmd.Flags().BoolVar(&show, "show", false, "print it on a screen, too")
	return cmd
}

// leased prints what opens an account, or where the lease stands that has none yet.
func (a *app) leased(got *lease.LeaseGiven) error {
	if got.Password == "" {
		return a.print(&leaseAnswer{got.LeaseShown})
	}
	_, _ = fmt.Fprintf(a.err, "%s until %s; give it back with 'writ lease return %s'\n", got.ID, minute(got.End), got.ID)
	_, err := fmt.Fprintf(a.out, "%s\n%s\n", got.Name, got.Password)
	return err
}

func (a *app) leaseListCommand() *cobra.Command {
	var server, template string
	var mine, all bool
	cmd := &cobra.Command{Use: "list", Short: "List who has leased what, as far as you may know, the newest first", Args: cobra.NoArgs}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.leaseRun(&server, mine, func(ctx context.Context, c caller, _ []string) (answer, error) {
			path := "/v1/leases"
			if mine {
				path = "/v1/me/leases"
			}
			q := url.Values{"limit": {"200"}, "open": {fmt.Sprint(!all)}}
			if template != "" {
				x, err := findTemplate(ctx, c, template)
				if err != nil {
					return nil, err
				}
				q.Set("template", x.String())
			}
			var list leasesAnswer
			err := c.exchange(ctx, http.MethodGet, path+"?"+q.Encode(), nil, nil, &list)
			return &list, err
		})(cmd, args)
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&mine, "mine", false, "only yours")
	cmd.Flags().BoolVar(&all, "all", false, "those that are over with the rest")
	cmd.Flags().StringVar(&template, "template", "", "only by this `template`")
	return cmd
}

// oneLease is a command on one lease.
func (a *app) oneLease(cmd *cobra.Command, person bool, do func(ctx context.Context, c caller, path string) (*leaseAnswer, error)) *cobra.Command {
	var server string
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = a.leaseRun(&server, person, func(ctx context.Context, c caller, args []string) (answer, error) {
		path, err := leasePath(args[0])
		if err != nil {
			return nil, err
		}
		return do(ctx, c, path)
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) leaseShowCommand() *cobra.Command {
	return a.oneLease(&cobra.Command{Use: "show LEASE", Short: "Where a lease stands"}, false, func(ctx context.Context, c caller, path string) (*leaseAnswer, error) {
		var s leaseAnswer
		return &s, c.exchange(ctx, http.MethodGet, path, nil, nil, &s)
	})
}

func (a *app) leaseRenewCommand() *cobra.Command {
	var lasts time.Duration
	cmd := a.oneLease(&cobra.Command{
		Use: "renew LEASE", Short: "Have what you leased last longer, within its terms",
		Example: "  writ lease renew lse_0000000000001 --for 30m",
	}, true, func(ctx context.Context, c caller, path string) (*leaseAnswer, error) {
		body := map[string]any{}
		if lasts > 0 {
			body["for"] = lasts.String()
		}
		var s leaseAnswer
		return &s, c.exchange(ctx, http.MethodPost, path+"/renew", nil, body, &s)
	})
	cmd.Flags().DurationVar(&lasts, "for", 0, "how `long` from now on; without it, as long as you asked for")
	return cmd
}

func (a *app) leaseReturnCommand() *cobra.Command {
	return a.oneLease(&cobra.Command{Use: "return LEASE", Short: "Give back what you have leased, or withdraw what you asked for"}, true,
		func(ctx context.Context, c caller, path string) (*leaseAnswer, error) {
			var s leaseAnswer
			return &s, c.exchange(ctx, http.MethodPost, path+"/return", nil, nil, &s)
		})
}

func (a *app) leaseForceCommand() *cobra.Command {
	return a.reasonedLease(&cobra.Command{
		Use: "force LEASE --reason TEXT", Short: "Take back what somebody else has leased; the node's operator may, too",
		Example: "  writ lease force lse_0000000000001 --reason 'an alarm'",
	}, "/force")
}

func (a *app) leaseRetryCommand() *cobra.Command {
	return a.reasonedLease(&cobra.Command{
		Use: "retry LEASE --reason TEXT", Short: "Have what is over and still there taken away now",
		Example: "  writ lease retry lse_0000000000001 --reason 'the cluster is back'",
	}, "/retry")
}

// reasonedLease does something to a lease that takes a reason.
func (a *app) reasonedLease(of *cobra.Command, verb string) *cobra.Command {
	var reason string
	cmd := a.oneLease(of, false, func(ctx context.Context, c caller, path string) (*leaseAnswer, error) {
		if strings.TrimSpace(reason) == "" {
			return nil, policy.ErrReason
		}
		var s leaseAnswer
		return &s, c.exchange(ctx, http.MethodPost, path+verb, nil, map[string]any{"reason": reason}, &s)
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
