package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/policy"
)

// errNotSent is how 'writ mail test' ends where the mail has not gone out.
var errNotSent = fault.New(fault.Unavailable, "mail-not-sent", "the mail has not gone out yet")

// mailAPI is the operation on the outbox, which lies below the gate: it is of the
// organisation as a whole.
func (a *app) mailAPI(n *node) *notify.API {
	return &notify.API{
		Outbox: a.db.Mail(), On: n.mailer != nil,
		Read: policy.On(n.gate, "mail.read", func(context.Context, *notify.ListInput) (policy.Object, error) {
			return policy.Object{}, nil
		}),
	}
}

func (a *app) mailCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mail", Short: "Mail that waits, was sent, or could not be",
		Long: `Mail that waits, was sent, or could not be.

Mail waits in the store until the server that 'mail' of the configuration names has taken
it. A mail that fails is tried again for about five days; after that, or where the server
refuses its address for good, it is dead, and stays to be seen.`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.mailListCommand(), a.mailTestCommand(), a.mailRetryCommand(), a.mailCancelCommand())
	return cmd
}

// mailAnswer is the answer of 'writ mail list'.
type mailAnswer struct {
	Mails []notify.Kept `json:"mails"`
}

func (s *mailAnswer) tables() []table {
	if len(s.Mails) == 0 {
		return []table{{title: "there is no such mail"}}
	}
	t := table{header: []string{"mail", "state", "to", "subject", "tries", "put there", "next try", "why"}, right: []int{4}}
	for _, m := range s.Mails {
		next := ""
		if !m.Next.IsZero() {
			next = minute(access.TimeOf(m.Next))
		}
		t.rows = append(t.rows, []string{m.ID, string(m.State), m.To.Address, m.Subject, strconv.Itoa(m.Attempts), minute(access.TimeOf(m.At)), next, m.Error})
	}
	return []table{t}
}

func (a *app) mailListCommand() *cobra.Command {
	var f notify.Filter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List mail, the newest first", Args: cobra.NoArgs,
		Example: "  writ mail list --state dead",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.State = notify.State(state); state != "" && !slices.Contains(notify.States, f.State) {
				return fmt.Errorf("%w: --state is one of %v", errUsage, notify.States)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			list, _, err := a.db.Mail().Mails(ctx, f)
			if err != nil {
				return err
			}
			return a.print(&mailAnswer{append([]notify.Kept{}, list...)})
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only mail in this `state`: waiting, failed, sent, dead, cancelled")
	cmd.Flags().IntVar(&f.First, "first", 100, "how many `mails`")
	return cmd
}

// testMail is what 'writ mail test' sends.
var testMail = notify.MustParse[struct{}]("test", "A test of Writ's mail", `
This mail was sent by 'writ mail test'.

That it has arrived says that Writ can send mail to this address. There is nothing to do.`)

func (a *app) mailTestCommand() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "test ADDRESS", Short: "Send a mail to an address, as the server sends all others",
		Long: `Send a mail to an address, as the server sends all others: it is put into the outbox, and
a server that runs on this data directory takes it from there.

It exits with 0 once the mail server has taken it, and else says why not. The mail stays in
the outbox then, and is tried again: 'writ mail cancel' ends that.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notify.CheckAddress(args[0]); err != nil {
				return err
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			m, err := testMail.Message("", "test/"+rand.Text(), notify.Recipient{Address: args[0]}, struct{}{})
			if err != nil {
				return err
			}
			id, err := a.db.Mail().Test(ctx, m)
			if err != nil {
				return err
			}
			return a.watchMail(ctx, id, wait)
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 30*time.Second, "how long to wait until it was sent")
	return cmd
}

// lookAgain is how often a mail that another process sends is looked at.
const lookAgain = 200 * time.Millisecond

// watchMail prints what becomes of a mail, once something has.
func (a *app) watchMail(ctx context.Context, id access.MailID, most time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	m, err := a.db.Mail().One(ctx, id)
	for ; err == nil && m.State == notify.Waiting && waiting.Err() == nil; m, err = a.db.Mail().One(ctx, id) {
		wait(waiting, lookAgain)
	}
	if err != nil {
		return err
	}
	if err := a.print(&mailAnswer{[]notify.Kept{m}}); err != nil {
		return err
	}
	switch {
	case m.State == notify.Sent:
		return nil
	case m.Error != "":
		return errNotSent.With("the mail has not gone out").Because(errors.New(m.Error))
	}
	return errNotSent.With("the mail still waits: is a server running on this data directory, and does its configuration name mail.server?")
}

func (a *app) mailRetryCommand() *cobra.Command {
	return a.mailDecision("retry MAIL", "Have a mail tried again at once", func(ctx context.Context, id access.MailID) error {
		return a.db.Mail().Retry(ctx, id)
	})
}

func (a *app) mailCancelCommand() *cobra.Command {
	return a.mailDecision("cancel MAIL", "Keep a mail from being sent", func(ctx context.Context, id access.MailID) error {
		return a.db.Mail().Cancel(ctx, id)
	})
}

func (a *app) mailDecision(use, short string, do func(context.Context, access.MailID) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := access.ParseRef(args[0])
			if err != nil || ref.Kind != access.KindMail {
				return fmt.Errorf("%w: %q is not the id of a mail, as 'writ mail list' shows it", errUsage, args[0])
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			id := access.MailID(ref.Key)
			if err := do(ctx, id); err != nil {
				return err
			}
			m, err := a.db.Mail().One(ctx, id)
			if err != nil {
				return err
			}
			return a.print(&mailAnswer{[]notify.Kept{m}})
		},
	}
}
