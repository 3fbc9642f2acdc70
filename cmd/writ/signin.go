package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/server"
	"github.com/writhq/writ/signin"
)

// newDoor wires who is let in.
func (a *app) newDoor(c *serverConfig, n *node) (*signin.Service, error) {
	return signin.New(signin.Config{
		Store: a.db.Signin(), People: a.db.Signin(), Gate: n.gate, Facts: n.live.Facts, Origin: c.Origin, Settle: n.settle,
		Providers: c.providers,
	})
}

// rawOf is what the door serves beside the API.
func rawOf(door *signin.Service) []server.Raw {
	var list []server.Raw
	for pattern, h := range door.Raw() {
		list = append(list, server.Raw{Pattern: pattern, Handler: h})
	}
	return list
}

func (a *app) signinCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "signin", Short: "Let people sign in, and see and end where they are signed in",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.signinLinkCommand(), a.signinListCommand(), a.signinEndCommand(), a.signinSubjectsCommand(), a.signinUnlinkCommand())
	return cmd
}

// openAt opens the store, and finds whom a command is about.
func (a *app) openAt(ctx context.Context, who string) (context.Context, access.IdentityID, error) {
	ctx, err := a.openExisting(ctx)
	if err != nil {
		return ctx, 0, err
	}
	of, err := a.inventory().ResolveIdentity(ctx, who)
	return ctx, of, err
}

func (a *app) signinLinkCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "link IDENTITY", Short: "Make a link that signs somebody in",
		Long: `Make a link that signs somebody in: for who comes new, or has lost what they signed in with.

It is good once, for an hour. Whoever has it is that person, so give it to nobody else.
It is made in the data directory, also while a server runs there; --config names the file that the
server was started with, for where it is.`,
		Example: "  writ signin link ana.sol@example.com",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readServerConfig(path, ownEnviron())
			if err != nil {
				return err
			}
			a.configured(cmd, c)
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			return a.signinLink(ctx, c, args[0])
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the server's configuration `file` (YAML), for its origin")
	return cmd
}

// signinLinkAnswer is the answer of 'writ signin link'. It is the one place where a link is
// shown.
type signinLinkAnswer struct {
	Identity ask.Shown `json:"identity"`
	Link     string    `json:"link"`
}

func (s *signinLinkAnswer) tables() []table {
	return []table{{
		title:  fmt.Sprintf("a link for %s, good once within an hour", s.Identity),
		header: []string{"link"}, rows: [][]string{{s.Link}}, whole: true,
	}}
}

func (a *app) signinLink(ctx context.Context, c *serverConfig, who string) error {
	id, err := a.inventory().ResolveIdentity(ctx, who)
	if err != nil {
		return err
	}
	link, err := (&signin.Service{Config: signin.Config{Store: a.db.Signin(), Origin: c.Origin}}).Link(ctx, id)
	if err != nil {
		return err
	}
	name, err := a.named(ctx, []access.Ref{id.Ref()})
	if err != nil {
		return err
	}
	return a.print(&signinLinkAnswer{Identity: name(id.Ref()), Link: string(link.Reveal())})
}

// signinsAnswer is the answer of 'writ signin list'.
type signinsAnswer struct {
	Signins []signinLine `json:"signins"`
}

type signinLine struct {
	ID       access.SigninID `json:"id"`
	Identity ask.Shown       `json:"identity"`
	Method   signin.Method   `json:"method"`
	Begun    access.Time     `json:"begun"`
	Seen     access.Time     `json:"seen"`
	Ends     access.Time     `json:"ends"`
	MFA      bool            `json:"mfa"`
	Agent    string          `json:"agent,omitempty"`
	Address  string          `json:"address,omitempty"`
}

func (s *signinsAnswer) tables() []table {
	t := table{
		title:  plural(len(s.Signins), "sign-in"),
		header: []string{"id", "identity", "by", "begun", "seen", "ends", "second factor", "address", "client"},
	}
	for _, g := range s.Signins {
		t.rows = append(t.rows, []string{
			g.ID.String(), g.Identity.String(), string(g.Method), moment(g.Begun), moment(g.Seen), moment(g.Ends),
			strconv.FormatBool(g.MFA), g.Address, g.Agent,
		})
	}
	return []table{t}
}

func (a *app) signinListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list [IDENTITY]", Short: "List who is signed in, or where somebody is",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			var of access.IdentityID
			if len(args) == 1 {
				if of, err = a.inventory().ResolveIdentity(ctx, args[0]); err != nil {
					return err
				}
			}
			return a.signinList(ctx, of)
		},
	}
}

func (a *app) signinList(ctx context.Context, of access.IdentityID) error {
	list, err := a.db.Signin().Signins(ctx, of)
	if err != nil {
		return err
	}
	refs := make([]access.Ref, len(list))
	for i, g := range list {
		refs[i] = g.Identity.Ref()
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return err
	}
	ans := &signinsAnswer{Signins: []signinLine{}}
	for _, g := range list {
		ans.Signins = append(ans.Signins, signinLine{
			ID: g.ID, Identity: name(g.Identity.Ref()), Method: g.Method, Begun: g.Begun, Seen: g.Seen, Ends: g.Ends,
			MFA: g.MFAAt != 0, Agent: g.Agent, Address: g.Address,
		})
	}
	return a.print(ans)
}

// signinEndAnswer is the answer of 'writ signin end'.
type signinEndAnswer struct {
	Identity ask.Shown `json:"identity"`
	Ended    int64     `json:"ended"`
}

func (s *signinEndAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("%s of %s ended", plural(int(s.Ended), "sign-in"), s.Identity)}}
}

func (a *app) signinEndCommand() *cobra.Command {
	return &cobra.Command{
		Use: "end IDENTITY [ID]", Short: "End one of somebody's sign-ins, or all of them",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, of, err := a.openAt(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var id access.SigninID
			if len(args) == 2 {
				if err := id.UnmarshalText([]byte(args[1])); err != nil {
					return fmt.Errorf("%w: %w", errUsage, err)
				}
			}
			n, err := a.db.Signin().End(ctx, of, id, signin.Revoked)
			if err != nil {
				return err
			}
			name, err := a.named(ctx, []access.Ref{of.Ref()})
			if err != nil {
				return err
			}
			return a.print(&signinEndAnswer{Identity: name(of.Ref()), Ended: n})
		},
	}
}
