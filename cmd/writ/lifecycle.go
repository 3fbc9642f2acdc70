package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
)

// lifecycle is the lifecycle over the open store. It keeps what it knows of everybody.
func (a *app) lifecycle() *lifecycle.Service {
	if a.kept.lifecycle == nil {
		a.kept.lifecycle = &lifecycle.Service{Store: a.db.Lifecycle(), Names: a.db.Inventory(), Settings: a.settingsOf, Now: a.now}
	}
	return a.kept.lifecycle
}

// reconciler makes what is kept follow from what should be.
func (a *app) reconciler() *lifecycle.Engine {
	return &lifecycle.Engine{Service: a.lifecycle(), Store: a.db.Lifecycle()}
}

// reconcile compares everybody, unless a server does so anyway.
func (a *app) reconcile(ctx context.Context) (done lifecycle.Done, here bool, err error) {
	if _, err := a.db.Sequence(ctx); err != nil {
		return done, false, err
	}
	if done, here, err = a.reconciler().Once(ctx); err != nil {
		return done, here, err
	}
	_, err = a.db.Sequence(ctx)
	return done, here, err
}

func (a *app) lifecycleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lifecycle", Short: "What follows from who people are: compare it, and decide on what is held",
		Long: `What follows from who people are. A server compares by itself whom changes concern. A
step that would take something from too many is held: it waits until somebody else than
who caused it releases it.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.lifecycleRunCommand(), a.previewCommand(), a.guardCommand(), a.heldCommand(), a.releaseCommand(), a.discardCommand())
	cmd.AddCommand(a.eventCommands()...)
	return cmd
}

// reconciled is the answer of 'writ lifecycle run'.
type reconciled struct {
	Here    bool `json:"here"` // false: a server does it
	People  int  `json:"people"`
	Begun   int  `json:"begun"`
	Ended   int  `json:"ended"`
	Redated int  `json:"redated"`
	Targets int  `json:"targets"`
	Held    int  `json:"held"`
}

func (s *reconciled) tables() []table {
	if !s.Here {
		return []table{{title: "a server compares by itself"}}
	}
	t := table{title: fmt.Sprintf("%s changed: %s begun, %s ended, %s given another end; %s", people(s.People),
		plural(s.Begun, "justification"), count(int64(s.Ended)), count(int64(s.Redated)), plural(s.Targets, "account target"))}
	if s.Held > 0 {
		t.note = fmt.Sprintf("  %s held: see 'writ lifecycle held'", plural(s.Held, "step"))
	}
	return []table{t}
}

func (a *app) lifecycleRunCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Compare everybody with what they should have, now", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := a.db.Sweep(ctx); err != nil {
				return err
			}
			done, here, err := a.reconcile(ctx)
			if err != nil {
				return err
			}
			holds, err := a.lifecycle().Holds(ctx)
			if err != nil {
				return err
			}
			return a.print(&reconciled{here, done.People, done.Begun, done.Ended, done.Redated, done.Targets, len(holds)})
		},
	}
}

// heldAnswer is the answer of 'writ lifecycle held'.
type heldAnswer struct {
	Held []lifecycle.HeldStep `json:"held"`
}

func (s *heldAnswer) tables() []table {
	t := table{header: []string{"id", "since", "would take from", "of", "held still", "caused by", "until", "first"}, right: []int{2, 3, 4}, whole: true}
	for _, h := range s.Held {
		t.rows = append(t.rows, []string{h.ID.String(), moment(h.Since), count(int64(h.People)), count(int64(h.Of)), count(int64(h.Left)), strings.Join(h.By, " "), moment(h.Until), listed(h.First)})
	}
	if len(s.Held) == 0 {
		t = table{title: "nothing is held"}
	}
	return []table{t}
}

func (a *app) heldCommand() *cobra.Command {
	return &cobra.Command{
		Use: "held", Short: "Steps that would take too much from too many, and wait for a person", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.lifecycle().HeldSteps(ctx)
			if err != nil {
				return err
			}
			return a.print(&heldAnswer{list})
		},
	}
}

// holdDecided is the answer of 'writ lifecycle release' and 'writ lifecycle discard'.
type holdDecided struct {
	ID     access.EventID `json:"id"`
	Did    string         `json:"did"` // release, discard
	Until  access.Time    `json:"until,omitzero"`
	Reason string         `json:"reason"`
}

func (s *holdDecided) tables() []table {
	if s.Until != 0 {
		return []table{{title: fmt.Sprintf("%s: everybody in it stays as they are until %s", s.ID, moment(s.Until))}}
	}
	return []table{{title: fmt.Sprintf("%s is released", s.ID)}}
}

func (a *app) releaseCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "release ID --reason TEXT", Short: "Let a held step happen; whoever caused it does not", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideHold(cmd, args[0], reason, "", func(ctx context.Context, id access.EventID, _ access.Time) error {
				return a.lifecycle().Release(ctx, id, reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) discardCommand() *cobra.Command {
	var reason, until string
	cmd := &cobra.Command{
		Use: "discard ID --until DATE --reason TEXT", Short: "Leave everybody in a held step as they are until a day", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideHold(cmd, args[0], reason, until, func(ctx context.Context, id access.EventID, end access.Time) error {
				return a.lifecycle().Discard(ctx, id, end, reason)
			})
		},
	}
	cmd.Flags().StringVar(&until, "until", "", "the `date` on which they are compared again (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) decideHold(cmd *cobra.Command, text, reason, until string, do func(context.Context, access.EventID, access.Time) error) error {
	var id access.EventID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	if reason == "" {
		return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
	}
	ans := &holdDecided{ID: id, Did: cmd.Name(), Reason: reason}
	if cmd.Flags().Lookup("until") != nil {
		end, err := time.Parse(time.DateOnly, until)
		if err != nil {
			return fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, until)
		}
		ans.Until = access.TimeOf(end)
	}
	ctx, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	if err := do(ctx, id, ans.Until); err != nil {
		return err
	}
	if _, _, err := a.reconcile(ctx); err != nil {
		return err
	}
	return a.print(ans)
}
