package main

import (
	"cmp"
	"context"
	"encoding"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

func (a *app) approvalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "approval", Short: "What others are asked to agree to: see it, approve it, refuse it",
		Long: `What others are asked to agree to, before something privileged happens.

Whoever has signed in with 'writ login' sees what waits for them and decides it. On the
node itself, where nobody has signed in, these commands list and show only.
docs/how-to/approval.md says who may decide, and who never does.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.approvalListCommand(), a.approvalShowCommand(), a.approvalDecideCommand(approval.Approve), a.approvalDecideCommand(approval.Refuse),
		a.approvalWithdrawCommand(), a.delegateCommand(), a.delegationsCommand(), a.undelegateCommand())
	return cmd
}

// idIn is the id that an argument is.
func idIn[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](text string,
) (id T, err error) {
	if text == "" {
		return id, access.ErrID
	}
	err = P(&id).UnmarshalText([]byte(text))
	return id, err
}

// approvals tells of requests for approval.
func (a *app) approvals(gate *policy.Gate, live *policy.Live) approval.Teller {
	return approval.Teller{Service: &approval.Service{Store: a.db.Approvals(), Gate: gate, Facts: live.Facts}, Names: a.db.Inventory()}
}

// localApprovals is approvals as the node itself sees them, where no server is asked.
func (a *app) localApprovals(ctx context.Context) (context.Context, approval.Teller, error) {
	if a.postgres() == "" && !store.Exists(a.data) {
		return ctx, approval.Teller{}, store.ErrConfig.With("there is no store in %s: name its data directory with --data, or sign in at a server with 'writ login'", a.data)
	}
	ctx, err := a.openGraph(ctx)
	if err != nil {
		return ctx, approval.Teller{}, err
	}
	ctx = policy.WithCaller(ctx, policy.Caller{Node: operator().Node})
	live := policy.NewLive(a.graph)
	d, err := a.db.Policy().Directory(ctx)
	if err != nil {
		return ctx, approval.Teller{}, err
	}
	live.Put(d)
	set, err := a.policySet(ctx)
	if err != nil {
		return ctx, approval.Teller{}, err
	}
	engine, err := policy.New(policy.Config{Set: set, Facts: live.Facts})
	return ctx, a.approvals(&policy.Gate{Engine: engine, Graph: a.graph}, live), err
}

// fromServer reports whether a command that reads asks a server: the one that is named or,
// where there is no installation here, the one of the login.
func (a *app) fromServer(server string) bool {
	return server != "" || a.postgres() == "" && !store.Exists(a.data)
}

// approvalsAnswer is the answer of 'writ approval list'.
type approvalsAnswer struct {
	approval.Page
}

func (s *approvalsAnswer) tables() []table {
	if len(s.Items) == 0 {
		return []table{{title: "there is no such approval"}}
	}
	t := table{title: plural(len(s.Items), "approval"), header: []string{"approval", "state", "asked by", "what for", "of", "stage", "until", "because"}}
	for _, l := range s.Items {
		until := ""
		if l.State == approval.Waiting {
			until = minute(l.EndsAt)
		}
		t.rows = append(t.rows, []string{
			l.ID.String(), string(l.State), naming(s.Names, l.By.Ref()), l.Action, naming(s.Names, cmpRef(l.Thing, l.About)),
			fmt.Sprintf("%d of %d", l.Stage+1, l.Of), until, l.Reason,
		})
	}
	return []table{t}
}

func cmpRef(a, b access.Ref) access.Ref {
	if a.IsZero() {
		return b
	}
	return a
}

// naming is what a thing is called, or its id.
func naming(names map[string]string, r access.Ref) string {
	return cmp.Or(names[r.String()], r.String())
}

func (a *app) approvalListCommand() *cobra.Command {
	var server, state string
	var asked, all bool
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "What waits for you to decide; or what you have asked for, or all that you may see",
		Example: "  writ approval list\n  writ approval list --asked\n  writ approval list --all --state refused",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
			}
			if a.fromServer(server) {
				r, err := a.remote(server)
				if err != nil {
					return err
				}
				ans := &approvalsAnswer{}
				q := url.Values{"limit": {strconv.Itoa(limit)}}
				path := "/v1/me/approvals?"
				switch {
				case all:
					path = "/v1/approvals?"
					if state != "" {
						q.Set("state", state)
					}
				case asked:
					q.Set("which", "asked")
				}
				if err := r.call(cmd.Context(), http.MethodGet, path+q.Encode(), nil, ans); err != nil {
					return err
				}
				return a.print(ans)
			}
			ctx, t, err := a.localApprovals(cmd.Context())
			if err != nil {
				return err
			}
			page, err := t.List(ctx, approval.Query{State: approval.State(state), First: limit})
			if err != nil {
				return err
			}
			return a.print(&approvalsAnswer{page})
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&asked, "asked", false, "what you have asked for")
	cmd.Flags().BoolVar(&all, "all", false, "all that you may see; on the node itself it always is")
	cmd.Flags().StringVar(&state, "state", "", "with --all, only those in a `state`: "+stateWords(approval.States))
	cmd.Flags().IntVar(&limit, "limit", 50, "how many to show, 1 to 1000")
	return cmd
}

// toldAnswer is the answer of 'writ approval show'.
type toldAnswer struct{ approval.Told }

func (s *toldAnswer) tables() []table {
	name := func(r access.Ref) string { return naming(s.Names, r) }
	line := func(what, is string) []string { return []string{what, is} }
	t := table{title: s.ID.String() + " is " + string(s.State), header: []string{"", ""}, whole: true}
	t.rows = append(t.rows, line("asked by", name(s.By.Ref())), line("to be allowed to", s.Action), line("about", name(cmpRef(s.Thing, s.About))))
	for _, r := range s.For {
		t.rows = append(t.rows, line("for", name(r)))
	}
	for _, x := range [][]string{line("reason", s.Reason), line("ticket", s.Ticket), line("system", name(s.System.Ref())), line("owner", name(s.Owner.Ref()))} {
		if x[1] != "" {
			t.rows = append(t.rows, x)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.Shown)) {
		t.rows = append(t.rows, line(k, s.Shown[k]))
	}
	t.rows = append(t.rows, line("stage", fmt.Sprintf("%d of %d, until %s", s.Stage+1, s.Of, minute(s.EndsAt))), line("shown as", s.Digest), line("chain", s.Chain.String()))
	list := []table{t}
	if len(s.Decisions) > 0 {
		d := table{title: "decisions", header: []string{"stage", "who", "verdict", "when", "shown", "comment"}}
		for _, x := range s.Decisions {
			d.rows = append(d.rows, []string{strconv.Itoa(x.Stage + 1), whoIn(name, x.By, x.InsteadOf), string(x.Verdict), minute(x.At), x.Digest[:shownDigits], x.Comment})
		}
		list = append(list, d)
	}
	if len(s.Deciders) > 0 {
		d := table{title: "who may decide now", header: []string{"who"}}
		for _, x := range s.Deciders {
			d.rows = append(d.rows, []string{whoIn(name, x.Who, x.InsteadOf)})
		}
		list = append(list, d)
	}
	if v := s.May["approval.decide"]; v.Why != "" {
		list = append(list, table{title: "you: " + v.Why})
	}
	return list
}

func whoIn(name func(access.Ref) string, who, insteadOf access.IdentityID) string {
	if insteadOf == 0 {
		return name(who.Ref())
	}
	return name(who.Ref()) + " in the place of " + name(insteadOf.Ref())
}

func (a *app) approvalShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "show ID", Short: "What is asked for, what is shown of it, who said what, and who may decide",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idIn[access.ApprovalID](args[0])
			if err != nil {
				return err
			}
			if a.fromServer(server) {
				r, err := a.remote(server)
				if err != nil {
					return err
				}
				told, err := showApproval(cmd.Context(), r, id)
				if err != nil {
					return err
				}
				return a.print(&toldAnswer{told})
			}
			ctx, t, err := a.localApprovals(cmd.Context())
			if err != nil {
				return err
			}
			told, err := t.Show(ctx, id)
			if err != nil {
				return err
			}
			return a.print(&toldAnswer{told})
		},
	}
	serverFlag(cmd, &server)
	return cmd
}

func showApproval(ctx context.Context, r *remote, id access.ApprovalID) (told approval.Told, err error) {
	err = r.call(ctx, http.MethodGet, "/v1/approvals/"+id.String(), nil, &told)
	return told, err
}
