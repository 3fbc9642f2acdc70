package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/elevate"
)

const elevationsPath = "/v1/elevations"

func (a *app) elevateCommand() *cobra.Command {
	var server, ticket, reason, start string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use: "elevate ENTITLEMENT --for DURATION --reason TEXT", Short: "Activate what you are eligible for, for a time",
		Long: `Activate what you are eligible for, at a Writ that is served. It is put on its system at
once, or once others have agreed, and is gone at its end. 'writ eligible list --mine' shows what
you may activate; an entitlement is named by its id, or by its name among those that are yours.

A second factor counts for ten minutes: sign in again with 'writ login' where it is older.`,
		Example: "  writ elevate dba --for 30m --reason 'change 4711'\n  writ elevate dba --for 1h --start 2027-03-01T22:00:00Z --ticket CHG-4711 --reason 'upgrade'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lasts <= 0 {
				return fmt.Errorf("%w: say for how long, as --for 30m", errUsage)
			}
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			body := map[string]any{"for": lasts.String(), "reason": reason, "ticket": ticket}
			if start != "" {
				body["start"] = start
			}
			if body["entitlement"], err = r.mayActivate(cmd.Context(), args[0]); err != nil {
				return err
			}
			var e elevate.Elevation
			if err := r.call(cmd.Context(), http.MethodPost, elevationsPath, body, &e); err != nil {
				return err
			}
			return a.printElevation(cmd.Context(), r, elevationsPath+"/"+e.ID.String())
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&lasts, "for", 0, "how `long` it lasts (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&ticket, "ticket", "", "the `ticket` of the company's tracker that it is for")
	cmd.Flags().StringVar(&start, "start", "", "the `time` at which it starts, within 30 days; without it, now")
	cmd.AddCommand(a.elevateListCommand(), a.elevateShowCommand(), a.elevateExtendCommand(), a.elevateEndCommand(), a.elevateFiguresCommand())
	return cmd
}

// mayActivate finds an entitlement among those that whoever calls may activate.
func (r *remote) mayActivate(ctx context.Context, text string) (string, error) {
	if ref, err := access.ParseRef(text); err == nil && ref.Kind == access.KindEntitlement {
		return ref.String(), nil
	}
	var own struct {
		Items []elevate.Eligibility `json:"items"`
		Names map[string]string     `json:"names"`
	}
	if err := r.call(ctx, http.MethodGet, "/v1/me/eligibilities", nil, &own); err != nil {
		return "", err
	}
	found := map[string]bool{}
	id := ""
	for _, e := range own.Items {
		if strings.EqualFold(own.Names[e.Entitlement.String()], text) {
			id = e.Entitlement.String()
			found[id] = true
		}
	}
	switch len(found) {
	case 0:
		return "", elevate.ErrNotEligible.With("you are not eligible for anything called %q: 'writ eligible list --mine' shows what you may activate", text)
	case 1:
		return id, nil
	}
	return "", fmt.Errorf("%w: you may activate several that are called %q: name one by its id", errUsage, text)
}

// elevationsAnswer is the answer of 'writ elevate' and of what follows it.
type elevationsAnswer struct {
	Items []elevate.Elevation `json:"elevations"`
	Names map[string]string   `json:"names,omitempty"`
}

func (s *elevationsAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "elevation"), header: []string{"id", "who", "what", "state", "until", "reason", "why"}}
	late := 0
	for _, e := range s.Items {
		state := string(e.State)
		if e.Late {
			late++
			state += " (STILL ON THE TARGET)"
		}
		name := func(r access.Ref) string { return cmp.Or(s.Names[r.String()], r.String()) }
		t.rows = append(t.rows, []string{e.ID.String(), name(e.Identity.Ref()), name(e.Entitlement.Ref()), state, moment(e.End), e.Reason, strings.TrimSpace(e.Code + " " + e.Said)})
	}
	if len(s.Items) == 1 && s.Items[0].State == elevate.Waiting {
		t.note = fmt.Sprintf("  it waits until others agree: 'writ approval show %s'", s.Items[0].Approval)
	}
	if late > 0 {
		t.note = fmt.Sprintf("  %s over and still on the target: see 'writ provision list' and the findings", plural(late, "elevation"))
	}
	return []table{t}
}

// oneElevation is a command on one elevation at a server.
func (a *app) oneElevation(cmd *cobra.Command, do func(ctx context.Context, r *remote, path string) error) {
	var server string
	serverFlag(cmd, &server)
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := access.ParseRef(args[0])
		if err != nil || ref.Kind != access.KindElevation {
			return fmt.Errorf("%w: %q is not the id of an elevation, as 'writ elevate list' shows it", errUsage, args[0])
		}
		r, err := a.remote(server)
		if err != nil {
			return err
		}
		path := elevationsPath + "/" + ref.String()
		if err := do(cmd.Context(), r, path); err != nil {
			return err
		}
		return a.printElevation(cmd.Context(), r, path)
	}
}

// printElevation prints where one stands, with what the things in it are called.
func (a *app) printElevation(ctx context.Context, r *remote, path string) error {
	var e elevate.ElevationShown
	if err := r.call(ctx, http.MethodGet, path, nil, &e); err != nil {
		return err
	}
	return a.print(&elevationsAnswer{[]elevate.Elevation{e.Elevation}, e.Names})
}

func (a *app) elevateShowCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "show ELEVATION", Short: "Where an elevation stands"}
	a.oneElevation(cmd, func(context.Context, *remote, string) error { return nil })
	return cmd
}

func (a *app) elevateExtendCommand() *cobra.Command {
	var by time.Duration
	var reason string
	cmd := &cobra.Command{
		Use: "extend ELEVATION --for DURATION --reason TEXT", Short: "Have what you activated last longer, within its terms",
		Example: "  writ elevate extend elv_0000000000001 --for 15m --reason 'it takes longer'",
	}
	cmd.Flags().DurationVar(&by, "for", 0, "how much `longer` (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	a.oneElevation(cmd, func(ctx context.Context, r *remote, path string) error {
		return r.call(ctx, http.MethodPost, path+"/extend", map[string]string{"by": by.String(), "reason": reason}, nil)
	})
	return cmd
}

func (a *app) elevateEndCommand() *cobra.Command {
	var force string
	cmd := &cobra.Command{
		Use: "end ELEVATION", Short: "End what you have activated, or with --force what somebody else has",
		Example: "  writ elevate end elv_0000000000001\n  writ elevate end elv_0000000000001 --force 'an alarm'",
	}
	cmd.Flags().StringVar(&force, "force", "", "end what somebody else has activated, for this `reason`")
	a.oneElevation(cmd, func(ctx context.Context, r *remote, path string) error {
		if force != "" {
			return r.call(ctx, http.MethodPost, path+"/force", map[string]string{"reason": force}, nil)
		}
		return r.call(ctx, http.MethodPost, path+"/end", nil, nil)
	})
	return cmd
}

func (a *app) elevateListCommand() *cobra.Command {
	var server string
	var mine, open bool
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "Who has activated what, the newest first",
		Long: `Who has activated what, the newest first. With --mine it asks a Writ that is served what you
have activated yourself; where there is no installation here it asks that, too, as far as you may
know.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
			}
			if mine || a.fromServer(server) {
				return a.elevationsAt(cmd.Context(), server, mine, open, limit)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			q := elevate.Query{First: limit}
			if open {
				q.States = elevate.States[:5]
			}
			list, err := a.db.Elevate().Elevations(ctx, q)
			if err != nil {
				return err
			}
			ans := &elevationsAnswer{append([]elevate.Elevation{}, list...), map[string]string{}}
			var refs []access.Ref
			for _, e := range list {
				refs = append(refs, e.Identity.Ref(), e.Entitlement.Ref())
			}
			name, err := a.named(ctx, refs)
			if err != nil {
				return err
			}
			for _, r := range refs {
				ans.Names[r.String()] = name(r).String()
			}
			return a.print(ans)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&mine, "mine", false, "only yours, as the server of 'writ login' knows them")
	cmd.Flags().BoolVar(&open, "open", false, "only what is not over")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many to list, 1 to 1000")
	return cmd
}

func (a *app) elevationsAt(ctx context.Context, server string, mine, open bool, limit int) error {
	path := fmt.Sprintf("%s?limit=%d", elevationsPath, limit)
	if mine {
		path = fmt.Sprintf("/v1/me/elevations?limit=%d", limit)
	}
	if open {
		for _, s := range elevate.States[:5] {
			path += "&state=" + string(s)
		}
	}
	r, err := a.remote(server)
	if err != nil {
		return err
	}
	var got struct {
		Items []elevate.Elevation `json:"items"`
		Names map[string]string   `json:"names"`
	}
	if err := r.call(ctx, http.MethodGet, path, nil, &got); err != nil {
		return err
	}
	return a.print(&elevationsAnswer{got.Items, got.Names})
}

// elevateFigures is the answer of 'writ elevate figures'.
type elevateFigures struct {
	From  access.Time           `json:"from"`
	Until access.Time           `json:"until"`
	Tiers []elevate.TierFigures `json:"tiers"`
}

func (s *elevateFigures) tables() []table {
	t := table{
		title:  fmt.Sprintf("grant-hours from %s to %s", moment(s.From), moment(s.Until)),
		header: []string{"tier", "standing", "eligible", "active", "elevations"}, right: []int{1, 2, 3, 4},
	}
	for _, f := range s.Tiers {
		t.rows = append(t.rows, []string{tierName(f.Tier), fmt.Sprintf("%.1f", f.Standing), fmt.Sprintf("%.1f", f.Eligible), fmt.Sprintf("%.2f", f.Active), fmt.Sprint(f.Elevations)})
	}
	return []table{t}
}

func (a *app) elevateFiguresCommand() *cobra.Command {
	var days int
	cmd := &cobra.Command{
		Use: "figures", Short: "Privileged access over a period: standing, eligible and active, in grant-hours of tiers 0 and 1",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 || days > 3660 {
				return fmt.Errorf("%w: --days must be from 1 to 3660", errUsage)
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			ans := &elevateFigures{Until: access.TimeOf(a.now())}
			ans.From = ans.Until - access.Time((time.Duration(days) * 24 * time.Hour).Microseconds())
			if ans.Tiers, err = a.elevates().Figures(ctx, ans.From, ans.Until); err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	cmd.Flags().IntVar(&days, "days", 30, "of how many days until now")
	return cmd
}
