package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/provision"
)

func (a *app) provisionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "provision", Short: "What is written to systems: plan, carry out, approve, resume",
		Long: `What is written to systems, so that what is justified becomes so there.

A server plans and carries out by itself. These commands show what it does, and let people
decide where it waits for them. docs/how-to/provision.md says what all of it means.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.provisionListCommand(), a.provisionShowCommand(), a.provisionPlanCommand(), a.provisionRunCommand(), a.provisionApproveCommand(),
		a.provisionResumeCommand(), a.provisionCancelCommand(), a.provisionWorkCommand(), a.provisionGuardCommand(), a.provisionDriftCommand(), a.provisionOrphanCommand(), a.provisionCredentialCommand())
	return cmd
}

// desk is provisioning without a system being reached.
func (a *app) desk() *provision.Service { return a.provisioning(&written{inventory: a.inventory()}) }

// operationsAnswer is the answer of 'writ provision list', 'work' and 'plan'.
type operationsAnswer struct {
	Operations []operationLine `json:"operations"`
	title      string
}

// operationLine is an operation with what the things in it are called.
type operationLine struct {
	provision.Operation
	Names map[string]string `json:"names"`
}

func (l *operationLine) name(r access.Ref) string { return l.Names[r.String()] }

// what is what is done, in words.
func (l *operationLine) what() string {
	text := strings.ReplaceAll(string(l.Kind), "_", " ")
	if l.Entitlement != 0 {
		text += " " + l.name(l.Entitlement.Ref())
	}
	if l.Undo {
		text += " (taking back)"
	}
	if len(l.Set) > 0 && l.State.Open() {
		text += " with " + pairs(l.Set)
	}
	return text
}

func (l *operationLine) why() string {
	switch {
	case l.Error != "":
		return l.Error
	case l.Code == provision.CodeSeen:
		return "it was so already"
	}
	return l.Code
}

func (s *operationsAnswer) tables() []table {
	t := table{title: s.title, header: []string{"operation", "system", "what", "of", "state", "tried", "next", "because"}, right: []int{5}}
	for _, l := range s.Operations {
		next := ""
		if l.State == provision.Failed || l.State == provision.Waiting && l.Due != 0 {
			next = minute(l.Due)
		}
		id := ""
		if l.ID != 0 {
			id = l.ID.String()
		}
		t.rows = append(t.rows, []string{id, l.name(l.System.Ref()), l.what(), l.whose(), string(l.State), count(int64(l.Attempts)), next, l.why()})
	}
	return []table{t}
}

// whose is whom an operation is about.
func (l *operationLine) whose() string {
	who := l.name(l.Identity.Ref())
	if login := cmp.Or(l.name(l.Account.Ref()), l.Login); login != "" && who != "" {
		return who + " (" + login + ")"
	} else if login != "" {
		return login
	}
	return who
}

func (a *app) operationLines(ctx context.Context, list []provision.Operation) ([]operationLine, error) {
	var refs []access.Ref
	for _, o := range list {
		refs = append(refs, o.System.Ref(), o.Identity.Ref(), o.Account.Ref(), o.Entitlement.Ref(), o.Resource.Ref())
	}
	labels, err := a.inventory().Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	lines := make([]operationLine, len(list))
	for i, o := range list {
		lines[i] = operationLine{o, map[string]string{}}
		for _, r := range []access.Ref{o.System.Ref(), o.Identity.Ref(), o.Account.Ref(), o.Entitlement.Ref(), o.Resource.Ref()} {
			if name := labels[r].Name; name != "" {
				lines[i].Names[r.String()] = name
			}
		}
	}
	return lines, nil
}

// operationFilter is which operations a command lists.
type operationFilter struct {
	state, system, identity string
	limit                   int
}

func (f *operationFilter) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.system, "system", "", "only this `system`'s")
	cmd.Flags().StringVar(&f.identity, "identity", "", "only about this `identity`: number, email, login, name or id")
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many to show, 1 to 1000")
}

func (a *app) operationQuery(ctx context.Context, f operationFilter) (q provision.Query, err error) {
	if f.limit < 1 || f.limit > 1000 {
		return q, fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
	}
	q.First = f.limit
	if f.state != "" {
		if q.States = []provision.State{provision.State(f.state)}; !slices.Contains(provision.States, q.States[0]) {
			return q, fmt.Errorf("%w: %q is no state; there are: %s", errUsage, f.state, stateWords(provision.States))
		}
	}
	if f.system != "" {
		y, err := a.inventory().System(ctx, f.system)
		if err != nil {
			return q, err
		}
		q.Systems = []access.SystemID{y.ID}
	}
	if f.identity != "" {
		q.Identity, err = a.inventory().ResolveIdentity(ctx, f.identity)
	}
	return q, err
}

func stateWords[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = string(x)
	}
	return strings.Join(words, ", ")
}

func (a *app) provisionListCommand() *cobra.Command {
	var f operationFilter
	cmd := &cobra.Command{
		Use: "list", Short: "List operations, the newest first",
		Long: `List operations, the newest first: what was written to systems, what is under way, what
failed and will be tried again, and what is dead and waits for somebody to resume it.`,
		Example: "  writ provision list --state dead\n  writ provision list --identity E0000042",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.listOperations(cmd.Context(), f, func(q *provision.Query) string { return "" })
		},
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&f.state, "state", "", "only those in a `state`: "+stateWords(provision.States))
	return cmd
}

func (a *app) provisionWorkCommand() *cobra.Command {
	var f operationFilter
	cmd := &cobra.Command{
		Use: "work", Short: "What waits for a person to do it by hand",
		Long: `What waits for a person to do it by hand, because the system has no interface that Writ
could use. Nobody ticks it off: the next sync of the system that began later shows whether
it was done.`,
		Example: "  writ provision work --system mainframe",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.listOperations(cmd.Context(), f, func(q *provision.Query) string {
				q.ByHand, q.States = true, []provision.State{provision.Waiting}
				return "to be done by hand; the next sync of the system tells whether it was"
			})
		},
	}
	f.flags(cmd)
	return cmd
}

func (a *app) listOperations(ctx context.Context, f operationFilter, narrow func(*provision.Query) string) error {
	ctx, err := a.openExisting(ctx)
	if err != nil {
		return err
	}
	q, err := a.operationQuery(ctx, f)
	if err != nil {
		return err
	}
	title := narrow(&q)
	list, err := a.db.Provision().Operations(ctx, q)
	if err != nil {
		return err
	}
	lines, err := a.operationLines(ctx, list)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		title = "there is no such operation"
	}
	return a.print(&operationsAnswer{lines, title})
}

func (a *app) provisionPlanCommand() *cobra.Command {
	return &cobra.Command{
		Use: "plan", Short: "What would be done now, without doing it",
		Long: `What would be done now for what has changed since the last planning, without planning it:
nothing is kept, and no system is reached.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.desk().Preview(ctx)
			if err != nil {
				return err
			}
			lines, err := a.operationLines(ctx, list)
			if err != nil {
				return err
			}
			title := plural(len(lines), "operation") + " would be planned"
			return a.print(&operationsAnswer{lines, title})
		},
	}
}

// runAnswer is the answer of 'writ provision run'.
type runAnswer struct {
	Planned  int `json:"planned"`
	Held     int `json:"held"`
	Verified int `json:"verified"`
	Failed   int `json:"failed"`
	Dead     int `json:"dead"`
	Waiting  int `json:"waiting"`
}

func (s *runAnswer) tables() []table {
	title := fmt.Sprintf("planned %s, verified %d", plural(s.Planned, "operation"), s.Verified)
	for _, x := range []struct {
		n    int
		what string
	}{{s.Held, "held"}, {s.Failed, "to be tried again"}, {s.Dead, "dead"}, {s.Waiting, "waiting"}} {
		if x.n > 0 {
			title += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	return []table{{title: title}}
}

func (a *app) provisionRunCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Plan and carry out now what is due, where no server does",
		Long: `Plan for what changed, and carry out what is due, until nothing is. What failed is tried
again later. Where a server runs it does that by itself, and this command leaves alone what
the server is at.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			ans, err := a.runProvisioning(ctx)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
}

// roundsAtMost bounds how often one operation brings on another: an account, what it is
// given, what is taken.
const roundsAtMost = 10

func (a *app) runProvisioning(ctx context.Context) (*runAnswer, error) {
	ans := &runAnswer{}
	began, err := a.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	s, at := a.desk(), map[access.SystemID]bool{}
	for range roundsAtMost {
		busy, err := a.provisionOnce(ctx, s, ans)
		if err != nil {
			return nil, err
		}
		if len(busy) == 0 {
			break
		}
		for _, id := range busy {
			at[id] = true
		}
	}
	if len(at) == 0 {
		return ans, nil
	}
	list, err := a.db.Provision().Operations(ctx, provision.Query{Systems: slices.Sorted(maps.Keys(at)), First: 1000})
	for _, o := range list {
		if o.Tried >= began {
			ans.count(o.State)
		}
	}
	return ans, err
}

// provisionOnce plans, carries out what is due, and returns where there was any.
func (a *app) provisionOnce(ctx context.Context, s *provision.Service, ans *runAnswer) ([]access.SystemID, error) {
	if _, err := a.db.Sequence(ctx); err != nil {
		return nil, err
	}
	kept, err := s.Step(ctx)
	if err != nil {
		return nil, err
	}
	ans.Planned, ans.Held = ans.Planned+kept.Operations, ans.Held+kept.Held
	busy, err := a.db.Provision().Busy(ctx)
	for _, id := range busy {
		s.Work(ctx, id)
	}
	return busy, err
}

func (s *runAnswer) count(state provision.State) {
	switch state {
	case provision.Verified:
		s.Verified++
	case provision.Failed:
		s.Failed++
	case provision.Dead:
		s.Dead++
	case provision.Waiting:
		s.Waiting++
	case provision.Planned, provision.Held, provision.Running, provision.Cancelled:
	}
}

// orphanFlags is what 'writ provision orphan' was told.
type orphanFlags struct {
	quarantine time.Duration
	reason     string
}

func (a *app) provisionOrphanCommand() *cobra.Command {
	var f orphanFlags
	cmd := &cobra.Command{
		Use: "orphan ACCOUNT", Short: "Disable an account that is nobody's, and delete it after a quarantine",
		Long: `Disable an account that is nobody's and, after a quarantine, delete it. To make it somebody's
instead, which ends this, use 'writ account link'.`,
		Example: "  writ provision orphan erp/jdoe --delete-after 720h --reason 'nobody knows whose it was'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.openExisting(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.inventory().ResolveAccount(ctx, args[0])
			if err != nil {
				return err
			}
			target, err := a.desk().Orphan(ctx, id, f.quarantine, f.reason)
			if err != nil {
				return err
			}
			return a.print(&doneAnswer{ID: target.Ref(), Done: "disabling " + args[0] + " is planned next"})
		},
	}
	cmd.Flags().DurationVar(&f.quarantine, "delete-after", 0, "how `long` it stays disabled before it is deleted, such as 720h; 0 is for good")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why (required)")
	return cmd
}
