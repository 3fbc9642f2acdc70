package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/provision"
)

// doneAnswer is the answer of commands that change where something stands.
type doneAnswer struct {
	ID   access.Ref `json:"id"`
	Done string     `json:"done"`
}

func (s *doneAnswer) tables() []table {
	return []table{{title: s.Done + " (" + s.ID.String() + ")"}}
}

// provisionRunsAnswer is the answer of 'writ provision show' without a name.
type provisionRunsAnswer struct {
	Runs  []provision.Run   `json:"runs"`
	Names map[string]string `json:"names"`
}

func (s *provisionRunsAnswer) tables() []table {
	t := table{header: []string{"run", "system", "planned", "state", "operations", "verified", "dead", "held because"}, right: []int{4, 5, 6}}
	for _, r := range s.Runs {
		all := int64(0)
		for _, n := range r.Counts {
			all += n
		}
		t.rows = append(t.rows, []string{r.ID.String(), s.Names[r.System.String()], minute(r.Planned), string(r.State), count(all), count(r.Counts[provision.Verified]), count(r.Counts[provision.Dead]), r.HeldBecause})
	}
	if len(s.Runs) == 0 {
		return []table{{title: "there is no provisioning run"}}
	}
	return []table{t}
}

// oneRunAnswer is the answer of 'writ provision show RUN'.
type oneRunAnswer struct {
	Run        provision.Run   `json:"run"`
	CausedBy   []string        `json:"caused_by"`
	Operations []operationLine `json:"operations"`
}

func (s *oneRunAnswer) tables() []table {
	t := (&operationsAnswer{Operations: s.Operations}).tables()[0]
	t.title = fmt.Sprintf("%s, planned %s, is %s", s.Run.ID, minute(s.Run.Planned), s.Run.State)
	if s.Run.HeldBecause != "" {
		t.note = "  held: " + printable(s.Run.HeldBecause)
	}
	if s.Run.ApprovedBy != "" {
		t.note += "\n  approved by " + s.Run.ApprovedBy + ", " + minute(s.Run.ApprovedAt)
	}
	return []table{t}
}

func (a *app) provisionShowCommand() *cobra.Command {
	var held bool
	cmd := &cobra.Command{
		Use: "show [RUN|OPERATION]", Short: "Show the last provisioning runs, or one of them, or one operation",
		Example: "  writ provision show --held\n  writ provision show prv_0000000000001",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.showRuns(ctx, held)
			}
			ref, err := access.ParseRef(args[0])
			switch {
			case err == nil && ref.Kind == access.KindProvisioning:
				return a.showRun(ctx, access.ProvisioningID(ref.Key))
			case err == nil && ref.Kind == access.KindOperation:
				return a.showOperation(ctx, access.OperationID(ref.Key))
			}
			return fmt.Errorf("%w: %q is neither a run's id nor an operation's", errUsage, args[0])
		},
	}
	cmd.Flags().BoolVar(&held, "held", false, "only runs that wait for an approval")
	return cmd
}

func (a *app) showRuns(ctx context.Context, held bool) error {
	q := provision.RunQuery{First: 50}
	if held {
		q.State = provision.RunHeld
	}
	list, err := a.db.Provision().Runs(ctx, q)
	if err != nil {
		return err
	}
	ans := &provisionRunsAnswer{Runs: slices.Concat([]provision.Run{}, list), Names: map[string]string{}}
	var refs []access.Ref
	for _, r := range list {
		refs = append(refs, r.System.Ref())
	}
	labels, err := a.inventory().Names(ctx, refs)
	for r, l := range labels {
		ans.Names[r.String()] = l.Name
	}
	if err != nil {
		return err
	}
	return a.print(ans)
}

func (a *app) showRun(ctx context.Context, id access.ProvisioningID) error {
	r, err := a.db.Provision().Run(ctx, id)
	if err != nil {
		return err
	}
	ans := &oneRunAnswer{Run: r}
	if _, ans.CausedBy, err = a.db.Provision().Subjects(ctx, id); err != nil {
		return err
	}
	list, err := a.db.Provision().Operations(ctx, provision.Query{Run: id, First: 1000})
	if err == nil {
		ans.Operations, err = a.operationLines(ctx, list)
	}
	if err != nil {
		return err
	}
	return a.print(ans)
}

func (a *app) showOperation(ctx context.Context, id access.OperationID) error {
	o, err := a.db.Provision().Operation(ctx, id)
	if err != nil {
		return err
	}
	lines, err := a.operationLines(ctx, []provision.Operation{o})
	if err != nil {
		return err
	}
	return a.print(&operationsAnswer{Operations: lines})
}

func operationID(text string) (access.OperationID, error) {
	ref, err := access.ParseRef(text)
	if err != nil || ref.Kind != access.KindOperation {
		return 0, fmt.Errorf("%w: %q is not an operation's id", errUsage, text)
	}
	return access.OperationID(ref.Key), nil
}

func (a *app) provisionApproveCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "approve RUN --reason TEXT", Short: "Let a run go on that the guard holds",
		Long: `Let a run go on that the guard holds, because it would take away more than the system's
limits allow. Whoever caused any of it does not approve it.`,
		Example: "  writ provision approve prv_0000000000001 --reason 'the branch was closed'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := access.ParseRef(args[0])
			if err != nil || ref.Kind != access.KindProvisioning {
				return fmt.Errorf("%w: %q is not a run's id", errUsage, args[0])
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.desk().Approve(ctx, access.ProvisioningID(ref.Key), reason); err != nil {
				return err
			}
			return a.print(&doneAnswer{ref, "approved"})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why it may go on (required)")
	return cmd
}

func (a *app) provisionResumeCommand() *cobra.Command {
	var reason, system string
	cmd := &cobra.Command{
		Use: "resume [OPERATION] --reason TEXT", Short: "Try again, at once, what is dead or has failed",
		Example: "  writ provision resume opn_0000000000001 --reason 'the disk is no longer full'\n  writ provision resume --system erp --reason 'the system is back'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) == (system == "") {
				return fmt.Errorf("%w: name an operation, or a system with --system", errUsage)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.resumeAll(ctx, system, reason)
			}
			id, err := operationID(args[0])
			if err != nil {
				return err
			}
			if err := a.desk().Resume(ctx, id, reason); err != nil {
				return err
			}
			return a.print(&doneAnswer{id.Ref(), "resumed"})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "what has changed since it failed (required)")
	cmd.Flags().StringVar(&system, "system", "", "everything that is dead in this `system`")
	return cmd
}

// resumeAll resumes what is dead in a system.
func (a *app) resumeAll(ctx context.Context, system, reason string) error {
	y, err := a.inventory().System(ctx, system)
	if err != nil {
		return err
	}
	s, n := a.desk(), 0
	q := provision.Query{Systems: []access.SystemID{y.ID}, States: []provision.State{provision.Dead}, First: 1000}
	for {
		list, err := a.db.Provision().Operations(ctx, q)
		if err != nil {
			return err
		}
		for _, o := range list {
			if err := s.Resume(ctx, o.ID, reason); err != nil {
				return err
			}
			n++
		}
		if len(list) < q.First {
			return a.print(&doneAnswer{y.ID.Ref(), "resumed " + plural(n, "operation")})
		}
	}
}

func (a *app) provisionCancelCommand() *cobra.Command {
	var reason string
	var undo bool
	cmd := &cobra.Command{
		Use: "cancel OPERATION --reason TEXT", Short: "End an operation, and perhaps take back its whole change",
		Long: `End an operation that is not under way. What it was to bring about then is not so: planning
does not try it again by itself.

With --undo the rest of the same change ends too, in every system, and what of it was done is
taken back: for a change that is of no use if a part of it fails.`,
		Example: "  writ provision cancel opn_0000000000001 --undo --reason 'the licence for it was refused'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := operationID(args[0])
			if err != nil {
				return err
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			undone, err := a.desk().Cancel(ctx, id, reason, undo)
			if err != nil {
				return err
			}
			done := "cancelled"
			if undo {
				done += ", and " + plural(undone, "operation") + " planned that take back what was done"
			}
			return a.print(&doneAnswer{id.Ref(), done})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why it is not to be done (required)")
	cmd.Flags().BoolVar(&undo, "undo", false, "take back the whole change that it is a part of")
	return cmd
}

// limitsAnswer is the answer of 'writ provision guard'.
type limitsAnswer struct {
	System access.SystemID `json:"system"`
	Name   string          `json:"name"`
	provision.Limits
}

func (s *limitsAnswer) tables() []table {
	return []table{{title: s.Name, header: []string{"what", "limit"}, rows: [][]string{
		{"operations in an hour that take something away, before they are held", count(s.Count)},
		{"and that share of the accounts", fmt.Sprintf("%.3g%%", 100*s.Share)},
		{"operations at once", count(int64(s.AtOnce))},
		{"operations a minute", count(int64(s.PerMinute))},
	}}}
}

func (a *app) provisionGuardCommand() *cobra.Command {
	var system string
	var l provision.Limits
	cmd := &cobra.Command{
		Use: "guard --system SYSTEM", Short: "Show or change what a system takes at a time, and what is held",
		Long: `Show or change what a system takes at a time, and what is held for an approval: a run that,
with what was planned in the hour before it, takes away more than --count and more than
--share of the accounts. What is urgent is not held.`,
		Example: "  writ provision guard --system erp\n  writ provision guard --system erp --share 0.05 --count 10 --at-once 2 --per-minute 60",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if system == "" {
				return fmt.Errorf("%w: --system is needed", errUsage)
			}
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			y, err := a.inventory().System(ctx, system)
			if err != nil {
				return err
			}
			is, err := a.db.Provision().LimitsOf(ctx, y.ID)
			if err != nil {
				return err
			}
			if changed := overlay(cmd, &is, l); changed {
				if err := a.desk().SetLimits(ctx, y.ID, is); err != nil {
					return err
				}
			}
			return a.print(&limitsAnswer{y.ID, y.Name, is})
		},
	}
	f := cmd.Flags()
	f.StringVar(&system, "system", "", "the `system` (required)")
	f.Float64Var(&l.Share, "share", 0, "`share` of the accounts, from 0 to 1")
	f.Int64Var(&l.Count, "count", 0, "`operations` that take something away")
	f.IntVar(&l.AtOnce, "at-once", 0, "`operations` under way at the same time, from 1 to 64")
	f.IntVar(&l.PerMinute, "per-minute", 0, "`operations` begun in a minute")
	return cmd
}

// overlay takes over the limits that were given.
func overlay(cmd *cobra.Command, is *provision.Limits, l provision.Limits) (changed bool) {
	for name, take := range map[string]func(){
		"share": func() { is.Share = l.Share }, "count": func() { is.Count = l.Count },
		"at-once": func() { is.AtOnce = l.AtOnce }, "per-minute": func() { is.PerMinute = l.PerMinute },
	} {
		if cmd.Flags().Changed(name) {
			take()
			changed = true
		}
	}
	return changed
}

// credentialsAnswer is the answer of 'writ provision credential' without a name.
type credentialsAnswer struct {
	Items []provision.FirstCredential `json:"items"`
	Names map[string]string           `json:"names"`
}

func (s *credentialsAnswer) tables() []table {
	if len(s.Items) == 0 {
		return []table{{title: "no first credential waits for you"}}
	}
	t := table{header: []string{"account", "system", "login", "of", "ends"}}
	for _, c := range s.Items {
		t.rows = append(t.rows, []string{c.Target.String(), s.Names[c.System.String()], c.Login, s.Names[c.Identity.String()], minute(c.Ends)})
	}
	return []table{t}
}

// pickedUpAnswer is a first credential, which is shown this once.
type pickedUpAnswer struct {
	provision.FirstCredential
	Password string `json:"password"`
}

func (s *pickedUpAnswer) tables() []table {
	return []table{{title: "The first password of " + s.Login + ", which is shown this once, and asks for another at the first sign-in:", whole: true, rows: [][]string{{s.Password}}}}
}

func (a *app) provisionCredentialCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "credential [ACCOUNT]", Short: "Pick up a first password that waits for you, once",
		Long: `List the first passwords that wait for you at a Writ that is served, or pick one up: it is
shown once, and destroyed with that. Picking one up needs a passkey of the last ten minutes:
the one that you approve 'writ login' with.`,
		Example: "  writ provision credential\n  writ provision credential tgt_0000000000001",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.remote(server)
			if err != nil {
				return err
			}
			const path = "/v1/me/first-credentials"
			if len(args) == 0 {
				var list credentialsAnswer
				if err := r.call(cmd.Context(), http.MethodGet, path, nil, &list); err != nil {
					return err
				}
				return a.print(&list)
			}
			ref, err := access.ParseRef(args[0])
			if err != nil || ref.Kind != access.KindTarget {
				return fmt.Errorf("%w: %q is not one of the accounts that 'writ provision credential' lists", errUsage, args[0])
			}
			var got pickedUpAnswer
			if err := r.call(cmd.Context(), http.MethodPost, path+"/"+ref.String(), nil, &got); err != nil {
				return err
			}
			return a.print(&got)
		},
	}
	serverFlag(cmd, &server)
	return cmd
}
