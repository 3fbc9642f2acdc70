package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// eventsAnswer is the answer of 'writ lifecycle list' and 'writ lifecycle show'.
type eventsAnswer struct {
	Events []eventLine `json:"events"`
}

type eventLine struct {
	Person access.Named `json:"person"`
	lifecycle.Event
}

func (s *eventsAnswer) tables() []table {
	t := table{header: []string{"when", "person", "number", "what", "state", "ordered", "by", "detail"}}
	for _, e := range s.Events {
		ordered, detail := "", e.Detail
		if e.ID != 0 {
			ordered, detail = e.ID.String(), e.Local+" "+e.Zone+": "+e.Reason
		}
		t.rows = append(t.rows, []string{moment(e.At), e.Person.Name, e.Person.Number, string(e.Kind), string(e.State), ordered, e.By, detail})
	}
	if len(s.Events) == 0 {
		t = table{title: "nothing is planned, and nothing happened"}
	}
	return []table{t}
}

func (a *app) eventCommand(cmd *cobra.Command, args cobra.PositionalArgs) *cobra.Command {
	cmd.Args = args
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, err := a.open(cmd.Context())
		if err != nil {
			return err
		}
		var of access.IdentityID
		if len(args) > 0 {
			if of, err = a.inventory().ResolveIdentity(ctx, args[0]); err != nil {
				return err
			}
		}
		if _, err := a.db.Sequence(ctx); err != nil {
			return err
		}
		list, err := a.lifecycle().Events(ctx, of)
		if err != nil {
			return err
		}
		var refs []access.Ref
		for _, e := range list {
			refs = append(refs, e.Identity.Ref())
		}
		labels, err := a.db.Inventory().Names(ctx, refs)
		if err != nil {
			return err
		}
		ans := &eventsAnswer{Events: []eventLine{}}
		for _, e := range list {
			ans.Events = append(ans.Events, eventLine{labels[e.Identity.Ref()].Named(e.Identity.Ref()), e})
		}
		return a.print(ans)
	}
	return cmd
}

func (a *app) eventCommands() []*cobra.Command {
	return []*cobra.Command{
		a.eventCommand(&cobra.Command{Use: "list", Short: "What is planned and in force, and what happened in the last three months"}, cobra.NoArgs),
		a.eventCommand(&cobra.Command{Use: "show PERSON", Short: "What is planned, and what ever happened, in somebody's life"}, cobra.ExactArgs(1)),
		a.scheduleCommand(), a.terminateCommand(), a.cancelCommand(),
	}
}

// eventOrdered is the answer of the commands that order or cancel something.
type eventOrdered struct {
	ID     access.EventID      `json:"id"`
	Kind   lifecycle.EventKind `json:"kind,omitempty"`
	Local  string              `json:"local,omitempty"`
	Zone   string              `json:"zone,omitempty"`
	Reason string              `json:"reason"`
	said   string
}

func (s *eventOrdered) tables() []table { return []table{{title: s.said}} }

// ordered brings what follows from an order, unless a server does.
func (a *app) ordered(ctx context.Context, ans *eventOrdered) error {
	if _, _, err := a.reconcile(ctx); err != nil {
		return err
	}
	return a.print(ans)
}

func (a *app) scheduleCommand() *cobra.Command {
	var e lifecycle.Event
	cmd := &cobra.Command{
		Use:   "schedule PERSON hire|leave|suspend|return|terminate|rehire --at TIME --zone ZONE --reason TEXT",
		Short: "Order that something happens in somebody's life, now or later",
		Long: `Order that something happens in somebody's life, at a time by the clocks of a zone. From
then on it counts above what sources say, until they agree or it is cancelled.`,
		Example: "  writ lifecycle schedule ana.sol@example.com terminate --at 2027-01-31T18:00 --zone Europe/Zurich --reason 'gave notice'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if e.Identity, err = a.inventory().ResolveIdentity(ctx, args[0]); err != nil {
				return err
			}
			e.Kind = lifecycle.EventKind(args[1])
			id, err := a.lifecycle().Schedule(ctx, e)
			if err != nil {
				return err
			}
			return a.ordered(ctx, &eventOrdered{id, e.Kind, e.Local, e.Zone, e.Reason, fmt.Sprintf("%s: %s at %s %s", id, e.Kind, e.Local, e.Zone)})
		},
	}
	cmd.Flags().StringVar(&e.Local, "at", "", "when: a `time` such as 2027-01-31T18:00 (required)")
	cmd.Flags().StringVar(&e.Zone, "zone", "UTC", "by the clocks of which `zone`, such as Europe/Zurich")
	cmd.Flags().StringVar(&e.Reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) terminateCommand() *cobra.Command {
	var reason string
	var urgent bool
	cmd := &cobra.Command{
		Use:   "terminate --emergency PERSON --reason TEXT",
		Short: "Terminate somebody at once: everything is cut first, past every guard, and tidied after",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !urgent {
				return fmt.Errorf("%w: say --emergency, or order it with 'writ lifecycle schedule'", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			who, err := a.inventory().ResolveIdentity(ctx, args[0])
			if err != nil {
				return err
			}
			id, err := a.lifecycle().Emergency(ctx, who, reason)
			if err != nil {
				return err
			}
			return a.ordered(ctx, &eventOrdered{ID: id, Kind: lifecycle.Terminate, Reason: reason, said: fmt.Sprintf("%s: %s is terminated", id, args[0])})
		},
	}
	cmd.Flags().BoolVar(&urgent, "emergency", false, "past every guard (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) cancelCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel ID --reason TEXT", Short: "Take back what was ordered: what sources say counts again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id access.EventID
			if err := id.UnmarshalText([]byte(args[0])); err != nil {
				return err
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.lifecycle().CancelEvent(ctx, id, reason); err != nil {
				return err
			}
			return a.ordered(ctx, &eventOrdered{ID: id, Reason: reason, said: fmt.Sprintf("%s is cancelled: what sources say counts again", id)})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) exceptionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "exception", Short: "Who keeps what no rule gives them, or goes without what one does, until a day",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.exceptionListCommand(), a.exceptionAddCommand(), a.exceptionRemoveCommand())
	return cmd
}

// exceptionsAnswer is the answer of 'writ exception list'.
type exceptionsAnswer struct {
	Exceptions []exceptionLine `json:"exceptions"`
}

type exceptionLine struct {
	ID          access.ExceptionID `json:"id"`
	Person      access.Named       `json:"person"`
	Effect      access.Effect      `json:"effect"`
	Entitlement access.Named       `json:"entitlement"`
	Until       access.Time        `json:"until"`
	Reason      string             `json:"reason"`
}

func (s *exceptionsAnswer) tables() []table {
	t := table{header: []string{"id", "person", "effect", "entitlement", "until", "reason"}}
	for _, x := range s.Exceptions {
		t.rows = append(t.rows, []string{x.ID.String(), x.Person.Name, string(x.Effect), pathOf(x.Entitlement), day(x.Until), x.Reason})
	}
	if len(s.Exceptions) == 0 {
		t = table{title: "there are no exceptions"}
	}
	return []table{t}
}

func (a *app) exceptionListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The exceptions in force", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.lifecycle().Exceptions(ctx, 0)
			if err != nil {
				return err
			}
			var refs []access.Ref
			for _, x := range list {
				refs = append(refs, x.Identity.Ref(), x.Entitlement.Ref())
			}
			labels, err := a.db.Inventory().Names(ctx, refs)
			if err != nil {
				return err
			}
			ans := &exceptionsAnswer{Exceptions: []exceptionLine{}}
			for _, x := range list {
				ans.Exceptions = append(ans.Exceptions, exceptionLine{x.ID, labels[x.Identity.Ref()].Named(x.Identity.Ref()), x.Effect, labels[x.Entitlement.Ref()].Named(x.Entitlement.Ref()), x.End, x.Reason})
			}
			return a.print(ans)
		},
	}
}

// exceptionAnswer is the answer of 'writ exception add' and 'writ exception remove'.
type exceptionAnswer struct {
	ID     access.ExceptionID `json:"id"`
	Did    string             `json:"did"`
	Reason string             `json:"reason"`
}

func (s *exceptionAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("%s: %s", s.ID, map[string]string{"add": "is kept", "remove": "has ended"}[s.Did])}}
}

func (a *app) exceptionAddCommand() *cobra.Command {
	var until string
	var x access.Exception
	cmd := &cobra.Command{
		Use:     "add PERSON keep|without SYSTEM/NAME --until DATE --reason TEXT",
		Short:   "Let somebody keep an entitlement that no rule gives them any more, or go without one",
		Example: "  writ exception add ana.sol@example.com keep erp/Clerk --until 2027-03-31 --reason 'hands over until then'",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := time.Parse(time.DateOnly, until)
			if err != nil {
				return fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, until)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			x.Effect, x.End = access.Effect(args[1]), access.TimeOf(end)
			if x.Identity, err = a.inventory().ResolveIdentity(ctx, args[0]); err != nil {
				return err
			}
			if x.Entitlement, err = a.resolveEntitlement(ctx, args[2]); err != nil {
				return err
			}
			id, err := a.lifecycle().AddException(ctx, x)
			if err != nil {
				return err
			}
			if _, _, err := a.reconcile(ctx); err != nil {
				return err
			}
			return a.print(&exceptionAnswer{id, "add", x.Reason})
		},
	}
	cmd.Flags().StringVar(&until, "until", "", "the `date` on which it ends (required)")
	cmd.Flags().StringVar(&x.Reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) exceptionRemoveCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "remove ID --reason TEXT", Short: "End an exception: what rules say counts again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id access.ExceptionID
			if err := id.UnmarshalText([]byte(args[0])); err != nil {
				return err
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.lifecycle().RemoveException(ctx, id, reason); err != nil {
				return err
			}
			if _, _, err := a.reconcile(ctx); err != nil {
				return err
			}
			return a.print(&exceptionAnswer{id, "remove", reason})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
