package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/inventory"
)

// named is an object as answers show it: its id for programs, its name for people.
type named struct {
	Type   string     `json:"type"`
	ID     access.Ref `json:"id"`
	Name   string     `json:"name"`
	System string     `json:"system,omitempty"`

	// For sentences.
	native     string // what its system calls it
	systemKind string // of its system, or of the system that it is
}

func (n named) String() string {
	if n.System == "" {
		return n.Name
	}
	return n.System + "/" + n.Name
}

func (a *app) named(ctx context.Context, refs []access.Ref) (func(access.Ref) named, error) {
	labels, err := a.inventory().Names(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("looking up names: %w", err)
	}
	systems, err := a.inventory().Systems(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking up systems: %w", err)
	}
	kinds := make(map[string]string, len(systems))
	for _, y := range systems {
		kinds[y.Name] = y.Kind
	}
	return func(r access.Ref) named {
		n := label(r, labels)
		n.native, n.systemKind = labels[r].Native, kinds[n.System]
		if r.Kind == access.KindSystem {
			n.systemKind = kinds[n.Name]
		}
		return n
	}, nil
}

func label(r access.Ref, labels map[access.Ref]inventory.Label) named {
	if r.IsZero() {
		return named{}
	}
	n := named{Type: r.Kind.String(), ID: r, Name: labels[r].Name, System: labels[r].System}
	if n.Name == "" {
		n.Name = r.String()
	}
	return n
}

// questionFlags narrow who-can, access and why.
type questionFlags struct {
	modes      []string
	escalation bool
	limit      int
	after      int64
}

func (f *questionFlags) register(cmd *cobra.Command, paged bool) {
	cmd.Flags().StringSliceVar(&f.modes, "mode", nil, "only these access `modes`: standing, eligible, active (default all)")
	cmd.Flags().BoolVar(&f.escalation, "escalation", false, "also follow what a holder could become: impersonation, granting, control of the host")
	if paged {
		cmd.Flags().IntVar(&f.limit, "limit", 100, "how many to list, 1 to 1000")
		cmd.Flags().Int64Var(&f.after, "after", 0, "continue behind this `cursor` of the page before")
	}
}

func (f *questionFlags) question() (graph.Question, error) {
	q := graph.Question{Escalation: f.escalation, After: f.after, First: f.limit}
	if f.limit < 0 || f.limit > 1000 {
		return q, fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
	}
	for _, text := range f.modes {
		var m access.Mode
		if err := m.UnmarshalText([]byte(text)); err != nil {
			return q, fmt.Errorf("%w: %w", errUsage, err)
		}
		q.Modes |= 1 << m
	}
	return q, nil
}

// ask is how a command that asks a question runs: it parses the question, opens the
// graph, lets fn resolve the names and answer, and prints that.
func ask[T answer](a *app, flags *questionFlags, fn func(ctx context.Context, names []string, q graph.Question) (T, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, names []string) error {
		q, err := flags.question()
		if err != nil {
			return err
		}
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		ans, err := fn(ctx, names, q)
		if err != nil {
			return err
		}
		return a.print(ans)
	}
}

// whoCanAnswer is the answer of 'writ who-can'.
type whoCanAnswer struct {
	Revision   access.Rev `json:"revision"`
	Target     named      `json:"target"`
	Count      int        `json:"count"`
	Identities []named    `json:"identities"`
	Orphans    int        `json:"orphans"`
	Accounts   []named    `json:"accounts"`
	Next       int64      `json:"next,omitempty"`
}

func (w *whoCanAnswer) tables() []table {
	t := table{
		title:  fmt.Sprintf("%s identities can reach %s %s", count(int64(w.Count)), w.Target.Type, w.Target),
		header: []string{"identity", "id"},
	}
	for _, i := range w.Identities {
		t.rows = append(t.rows, []string{i.Name, i.ID.String()})
	}
	if w.Next != 0 {
		t.note = fmt.Sprintf("  more: --after %d", w.Next)
	}
	if w.Orphans == 0 {
		return []table{t}
	}
	o := table{title: fmt.Sprintf("and %d accounts that belong to nobody", w.Orphans), header: []string{"account", "system", "id"}}
	for _, acc := range w.Accounts {
		o.rows = append(o.rows, []string{acc.Name, acc.System, acc.ID.String()})
	}
	return []table{t, o}
}

func (a *app) whoCanCommand() *cobra.Command {
	var flags questionFlags
	cmd := &cobra.Command{
		Use:   "who-can TARGET",
		Short: "Who can reach an entitlement, a resource or a system",
		Long: `Who can reach an entitlement, a resource (anything on it or inside it) or a system.

TARGET is an id, a system's name, or SYSTEM/NAME, where NAME is an entitlement's or a
resource's name or native id.`,
		Example: "  writ who-can payroll-db/role:dba\n  writ who-can payroll-db --escalation",
		Args:    cobra.ExactArgs(1),
		RunE:    ask(a, &flags, a.askWhoCan),
	}
	flags.register(cmd, true)
	return cmd
}

func (a *app) askWhoCan(ctx context.Context, names []string, q graph.Question) (*whoCanAnswer, error) {
	target, err := a.inventory().ResolveTarget(ctx, names[0])
	if err != nil {
		return nil, err
	}
	return a.whoCan(ctx, target, q)
}

func (a *app) whoCan(ctx context.Context, target access.Ref, q graph.Question) (*whoCanAnswer, error) {
	view := a.graph.View()
	h := view.WhoCan(target, q)
	view.Close()
	refs := []access.Ref{target}
	for _, id := range h.Identities {
		refs = append(refs, id.Ref())
	}
	for _, id := range h.Accounts {
		refs = append(refs, id.Ref())
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return nil, err
	}
	ans := &whoCanAnswer{Revision: h.Rev, Target: name(target), Count: h.Count, Orphans: h.Orphans, Next: h.Next, Identities: []named{}, Accounts: []named{}}
	for _, id := range h.Identities {
		ans.Identities = append(ans.Identities, name(id.Ref()))
	}
	for _, id := range h.Accounts {
		ans.Accounts = append(ans.Accounts, name(id.Ref()))
	}
	return ans, nil
}

// accessAnswer is the answer of 'writ access'.
type accessAnswer struct {
	Revision access.Rev   `json:"revision"`
	Identity named        `json:"identity"`
	Owner    *named       `json:"owner,omitempty"` // of a service or agent
	Accounts []named      `json:"accounts"`
	Access   []accessLine `json:"access"`
}

type accessLine struct {
	Entitlement named       `json:"entitlement"`
	Resource    *named      `json:"resource,omitempty"`
	Tier        access.Tier `json:"tier"`
	Modes       []string    `json:"modes"`
	Direct      bool        `json:"direct"`
	Escalated   bool        `json:"escalated,omitempty"`
}

func (s *accessAnswer) tables() []table {
	accounts := make([]string, len(s.Accounts))
	for i, acc := range s.Accounts {
		accounts[i] = acc.String()
	}
	t := table{
		title:  fmt.Sprintf("%s holds %d entitlements through %d accounts: %s", s.Identity.Name, len(s.Access), len(accounts), cmp.Or(strings.Join(accounts, ", "), "none")),
		header: []string{"tier", "system", "entitlement", "mode", "how"}, right: []int{0},
	}
	for _, l := range s.Access {
		how := "nested"
		switch {
		case l.Escalated:
			how = "could become"
		case l.Direct:
			how = "direct"
		}
		name := l.Entitlement.Name
		if l.Resource != nil {
			name += " on " + l.Resource.Name
		}
		t.rows = append(t.rows, []string{tierName(l.Tier), l.Entitlement.System, name, strings.Join(l.Modes, ", "), how})
	}
	return []table{t}
}

func (a *app) accessCommand() *cobra.Command {
	var flags questionFlags
	cmd := &cobra.Command{
		Use:     "access IDENTITY",
		Short:   "What an identity effectively has, nested groups and roles followed",
		Long:    "What an identity effectively has, nested groups and roles followed.\n\nIDENTITY is an id, an employee number, an email, a login, or a name that only one has.",
		Example: "  writ access ana.sol@example.com --mode standing",
		Args:    cobra.ExactArgs(1),
		RunE:    ask(a, &flags, a.askAccess),
	}
	flags.register(cmd, false)
	return cmd
}

func (a *app) askAccess(ctx context.Context, names []string, q graph.Question) (*accessAnswer, error) {
	id, err := a.inventory().ResolveIdentity(ctx, names[0])
	if err != nil {
		return nil, err
	}
	return a.access(ctx, id, q)
}

func (a *app) access(ctx context.Context, id access.IdentityID, q graph.Question) (*accessAnswer, error) {
	view := a.graph.View()
	held := view.Effective(id.Ref(), q)
	accounts := slices.Clone(view.AccountsOf(id))
	tiers := make([]access.Tier, len(held))
	refs := []access.Ref{id.Ref()}
	for i, h := range held {
		e, _ := view.Entitlement(h.Entitlement)
		tiers[i] = e.Tier
		refs = append(refs, h.Entitlement.Ref(), h.Resource.Ref())
	}
	who, _ := view.Identity(id)
	refs = append(refs, who.Owner.Ref())
	rev := view.Rev()
	view.Close()
	for _, acc := range accounts {
		refs = append(refs, acc.Ref())
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return nil, err
	}
	ans := &accessAnswer{Revision: rev, Identity: name(id.Ref()), Accounts: []named{}, Access: []accessLine{}}
	if who.Owner != 0 {
		owner := name(who.Owner.Ref())
		ans.Owner = &owner
	}
	for _, acc := range accounts {
		ans.Accounts = append(ans.Accounts, name(acc.Ref()))
	}
	for i, h := range held {
		l := accessLine{Entitlement: name(h.Entitlement.Ref()), Tier: tiers[i], Direct: h.Direct, Escalated: h.Escalated}
		if h.Resource != 0 {
			r := name(h.Resource.Ref())
			l.Resource = &r
		}
		for _, m := range access.Modes {
			if h.Modes&(1<<m) != 0 {
				l.Modes = append(l.Modes, m.String())
			}
		}
		ans.Access = append(ans.Access, l)
	}
	slices.SortStableFunc(ans.Access, func(x, y accessLine) int {
		return cmp.Or(cmp.Compare(x.Tier, y.Tier), strings.Compare(x.Entitlement.String(), y.Entitlement.String()))
	})
	return ans, nil
}
