package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/signin"
)

// signinSubjectsAnswer is the answer of 'writ signin subjects'.
type signinSubjectsAnswer struct {
	Identity ask.Shown       `json:"identity"`
	Subjects []signin.Linked `json:"subjects"`
}

func (s *signinSubjectsAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s of providers that %s is known by", plural(len(s.Subjects), "subject"), s.Identity),
		header: []string{"issuer", "subject", "since"},
	}
	for _, l := range s.Subjects {
		t.rows = append(t.rows, []string{l.Issuer, l.Subject, moment(l.Since)})
	}
	return []table{t}
}

func (a *app) signinSubjectsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "subjects IDENTITY", Short: "List as whom providers know somebody",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, of, err := a.openAt(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			list, err := a.db.Signin().Linked(ctx, of)
			if err != nil {
				return err
			}
			name, err := a.named(ctx, []access.Ref{of.Ref()})
			if err != nil {
				return err
			}
			return a.print(&signinSubjectsAnswer{Identity: name(of.Ref()), Subjects: append([]signin.Linked{}, list...)})
		},
	}
}

// signinUnlinkAnswer is the answer of 'writ signin unlink'.
type signinUnlinkAnswer struct {
	Identity ask.Shown `json:"identity"`
	Unlinked int64     `json:"unlinked"`
	Ended    int64     `json:"ended"`
}

func (s *signinUnlinkAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("%s of %s unlinked, %s ended", plural(int(s.Unlinked), "subject"), s.Identity, plural(int(s.Ended), "sign-in"))}}
}

func (a *app) signinUnlinkCommand() *cobra.Command {
	var issuer string
	cmd := &cobra.Command{
		Use: "unlink IDENTITY", Short: "Forget as whom providers know somebody",
		Long: `Forget as whom providers know somebody, for an account there that was given to the wrong
person or is somebody else's now. What was begun by a provider ends with it.

The next time, the email that the provider vouches for decides again who it is: correct
that first, there or in the source of people.`,
		Example: "  writ signin unlink ana.sol@example.com --issuer https://login.example.com",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, of, err := a.openAt(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			subjects, ended, err := a.db.Signin().Unlink(ctx, of, issuer)
			if err != nil {
				return err
			}
			name, err := a.named(ctx, []access.Ref{of.Ref()})
			if err != nil {
				return err
			}
			return a.print(&signinUnlinkAnswer{Identity: name(of.Ref()), Unlinked: subjects, Ended: ended})
		},
	}
	cmd.Flags().StringVar(&issuer, "issuer", "", "of this provider only, by the `URL` of its issuer")
	return cmd
}
