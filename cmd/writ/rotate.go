package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

// rotating is the engine of rotation over the open store.
func (a *app) rotating(ring vault.Ring, y rotate.Systems) *rotate.Service {
	return &rotate.Service{Store: a.db.Rotate(ring), Systems: y, Hooks: a.hooks}
}

// secretObjects is what rotation asks the vault.
type secretObjects struct{ *vault.Service }

// SecretObject implements rotate.Secrets.
func (s secretObjects) SecretObject(ctx context.Context, id access.SecretID, reason string) (policy.Object, error) {
	return s.Service.SecretObject(ctx, id, "", reason)
}

// AccountObject implements rotate.Secrets.
func (s secretObjects) AccountObject(_ context.Context, id access.AccountID) (o policy.Object, err error) {
	if s.Graph == nil {
		o.Ref = id.Ref() // a command on the node, which may all
		return o, nil
	}
	v := s.Graph.View()
	defer v.Close()
	found, ok := policy.ObjectOf(v, id.Ref())
	if !ok {
		return o, policy.ErrNoObject
	}
	return policy.Object{Resource: found}, nil
}

// Works implements rotate.Secrets.
func (s secretObjects) Works(_ context.Context, id access.IdentityID, person bool) error {
	if s.Graph == nil {
		return nil
	}
	v := s.Graph.View()
	defer v.Close()
	n, ok := v.Identity(id)
	if !ok || !n.State.MayHoldAccess() || person && n.Kind != access.Human {
		return policy.ErrNoObject
	}
	return nil
}

func (a *app) rotateAPI(s *rotate.Service, v *vault.Service, gate *policy.Gate) *rotate.API {
	return &rotate.API{Desk: &rotate.Desk{Service: s, Secrets: secretObjects{v}, Gate: gate}, Names: a.db.Inventory()}
}

// rotationsAnswer is what is due.
type rotationsAnswer struct {
	Items []rotate.RotationDue `json:"items"`
}

func (s *rotationsAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "secret") + " due for another value", header: []string{"secret", "cause", "state", "since", "next", "attempts", "what went wrong"}, right: []int{5}}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{x.Named.Name, string(x.Cause), string(x.State), minute(x.Since), minute(x.Next), strconv.Itoa(x.Attempts), x.Error})
	}
	return []table{t}
}

// schedulesAnswer is what is changed by itself.
type schedulesAnswer struct {
	Items []rotate.RotationSchedule `json:"items"`
}

func (s *schedulesAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "secret") + " changed on a schedule", header: []string{"secret", "every", "in", "next"}, right: []int{1}}
	for _, x := range s.Items {
		in := "the whole day"
		if x.From != x.Until {
			in = fmt.Sprintf("%02d:00 to %02d:00 UTC", x.From, x.Until)
		}
		t.rows = append(t.rows, []string{x.Named.Name, hours(x.Hours), in, minute(x.Next)})
	}
	return []table{t}
}

func hours(n int) string {
	if n%24 == 0 {
		return plural(n/24, "day")
	}
	return plural(n, "hour")
}

func (a *app) rotateCommand() *cobra.Command {
	var server, reason string
	var incident bool
	var g groupFlags
	cmd := &cobra.Command{
		Use: "rotate [SECRET...]", Short: "Give secrets another value where they open something",
		Long: `Give secrets another value where they open something. A server does it, as soon as it can: it
keeps the new value, sets it, signs in with it, and only then takes it for the current one. What
goes wrong is in 'writ rotate list'.

With --safe, --system or --seen-by it is all secrets of a safe or a system, or all that somebody
knows; with --finding those that open the account that it is about. What follows is shown, and done
with --apply.`,
		Example: "  writ rotate ledger/root --reason 'asked for by the auditor'\n  writ rotate ledger/root ledger/app --incident --reason 'INC-7: the laptop is gone'\n" +
			"  writ rotate --safe ledger --incident --reason 'INC-8' --apart 10s --apply",
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		switch {
		case reason == "":
			return nil, fmt.Errorf("%w: it needs --reason TEXT", errUsage)
		case len(args) > 0 == (g.given() > 0), g.given() > 1:
			return nil, fmt.Errorf("%w: name secrets, or one of --safe, --system, --seen-by and --finding", errUsage)
		case g.given() == 1:
			return a.rotateGroup(ctx, c, g, incident, reason)
		}
		ids := make([]access.SecretID, len(args))
		for i, text := range args {
			var err error
			if ids[i], err = thereSecret(ctx, c, text); err != nil {
				return nil, err
			}
		}
		err := c.exchange(ctx, http.MethodPost, "/v1/rotations", nil, map[string]any{"secrets": ids, "incident": incident, "reason": reason}, nil)
		if err == nil {
			_, err = fmt.Fprintf(a.err, "%s to be changed by a server: 'writ rotate list' says what is still due\n", plural(len(ids), "secret"))
		}
		return nil, err
	})
	serverFlag(cmd, &server)
	g.register(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Flags().BoolVar(&incident, "incident", false, "before all others: somebody may know them who should not")
	cmd.AddCommand(a.rotateListCommand(), a.rotateScheduleCommand(), a.rotateSchedulesCommand(), a.rotatePairCommand(), a.rotateUnpairCommand())
	return cmd
}

func (a *app) rotateListCommand() *cobra.Command {
	var server, state string
	cmd := &cobra.Command{Use: "list", Short: "List what is due, and what went wrong with it", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		if state != "" && !slices.Contains([]rotate.State{rotate.Due, rotate.Failing, rotate.Waiting, rotate.Planned}, rotate.State(state)) {
			return nil, fmt.Errorf("%w: --state is due, failing, waiting or planned", errUsage)
		}
		path := "/v1/rotations"
		if state != "" {
			path += "?state=" + state
		}
		var list rotationsAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&state, "state", "", "only those that are due, failing, waiting for a person or planned for a day")
	return cmd
}

func (a *app) rotateSchedulesCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "schedules", Short: "List what is changed by itself, and when", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list schedulesAnswer
		err := c.exchange(ctx, http.MethodGet, "/v1/rotations/schedules", nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) rotateScheduleCommand() *cobra.Command {
	var server string
	var every time.Duration
	var from, until int
	var none bool
	cmd := &cobra.Command{
		Use: "schedule SECRET --every TIME", Short: "Say how often a secret is changed by itself, and in which hours",
		Example: "  writ rotate schedule ledger/root --every 720h --from 22 --until 4\n  writ rotate schedule ledger/root --none",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		id, err := thereSecret(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		path := "/v1/secrets/" + id.String() + "/rotation"
		if none {
			return nil, c.exchange(ctx, http.MethodDelete, path, nil, nil, nil)
		}
		if every < time.Hour || every%time.Hour != 0 {
			return nil, fmt.Errorf("%w: --every is whole hours, as 720h for thirty days", errUsage)
		}
		if err := (rotate.Schedule{Every: every, From: from, Until: until}).Validate(); err != nil {
			return nil, err
		}
		var list schedulesAnswer
		err = c.exchange(ctx, http.MethodPut, path, nil, map[string]any{"every_hours": int(every.Hours()), "from": from, "until": until}, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&every, "every", 0, "how often, in whole hours")
	cmd.Flags().IntVar(&from, "from", 0, "the `hour` of the day, by UTC, from which on it is done")
	cmd.Flags().IntVar(&until, "until", 0, "the `hour` until which it is begun; the same as --from is the whole day")
	cmd.Flags().BoolVar(&none, "none", false, "not by itself any more")
	return cmd
}
