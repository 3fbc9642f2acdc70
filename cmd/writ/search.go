package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/search"
)

// searchAnswer is the answer of 'writ search'.
type searchAnswer struct {
	Revision access.Rev       `json:"revision"`
	Items    []search.HitBody `json:"items"`
	Total    int              `json:"total"`
}

func (s *searchAnswer) tables() []table {
	t := table{title: plural(s.Total, "hit"), header: []string{"type", "name", "kind", "state", "system", "tier", "id"}}
	for _, h := range s.Items {
		system, tier := "", ""
		if h.System != nil {
			system = h.System.Name
		}
		if h.Tier != nil {
			tier = tierName(*h.Tier)
		}
		t.rows = append(t.rows, []string{h.Type, h.Name, h.Kind, h.State, system, tier, h.ID.String()})
	}
	if s.Total > len(s.Items) {
		t.note = "shown are the best " + strconv.Itoa(len(s.Items)) + "; --limit shows more"
	}
	return []table{t}
}

func (a *app) searchCommand() *cobra.Command {
	limit := 20
	cmd := &cobra.Command{
		Use:     "search TEXT",
		Short:   "Find identities, accounts, entitlements, systems, resources and findings",
		Long:    "Find identities, accounts, entitlements, systems, resources and findings. All words must be\nthere, whole or as beginnings; a long word may be mistyped.\n\n" + operatorHelp(),
		Example: "  writ search 'ana sol'\n  writ search kind:service owner:none tier:0\n  writ search 'system:payroll state:enabled orphan'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			if _, err := search.Parse(text); err != nil {
				return err
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			x := search.New(a.graph, a.db.Search())
			if err := x.Follow(ctx); err != nil {
				return err
			}
			f, err := x.Find(ctx, text, search.Everything(), max(1, limit))
			if err != nil {
				return err
			}
			return a.print(&searchAnswer{Revision: f.Rev, Items: search.Bodies(f.Hits), Total: f.Total})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "at most `n`, best first")
	return cmd
}

func operatorHelp() string {
	text := `Words in quotation marks follow one another; a minus leaves out. Operators:`
	for _, o := range search.Operators() {
		text += "\n  " + o[0] + ":  " + o[1]
	}
	return text
}

// searchOperations are search's, with the guards of the gate.
func (n *node) searchOperations() *search.Operations {
	return &search.Operations{
		Index: n.search, Known: policy.Known[search.SearchInput](), Sight: n.sight,
		Identities:         policy.Within[search.IdentitiesInput](n.gate, "identity.read"),
		ExportIdentities:   policy.Within[search.ExportIdentitiesInput](n.gate, "identity.read"),
		Accounts:           policy.Within[search.AccountsInput](n.gate, "account.read"),
		ExportAccounts:     policy.Within[search.ExportAccountsInput](n.gate, "account.read"),
		Entitlements:       policy.Within[search.EntitlementsInput](n.gate, "entitlement.read"),
		ExportEntitlements: policy.Within[search.ExportEntitlementsInput](n.gate, "entitlement.read"),
		Within:             func(ctx context.Context) search.Seen { return seen(policy.ReachOf(ctx)) },
		Holders:            n.holders,
	}
}

func seen(r policy.Reach) search.Seen { return search.Seen{All: r.All, Systems: r.Systems} }

// holders lists who holds a function, within whatever scope.
func (n *node) holders(ctx context.Context, f access.Function) ([]access.IdentityID, error) {
	d, err := n.app.db.Policy().Directory(ctx)
	if err != nil {
		return nil, err
	}
	var list []access.IdentityID
	for id, held := range d.Functions {
		for _, h := range held {
			if h.Function == f {
				list = append(list, id)
				break
			}
		}
	}
	return list, nil
}

// readActions say what it takes to find a thing of a kind.
var readActions = map[access.ObjectKind]string{
	access.KindIdentity: "identity.read", access.KindAccount: "account.read", access.KindEntitlement: "entitlement.read",
	access.KindSystem: "system.read", access.KindResource: "resource.read", access.KindFinding: "finding.read",
}

// sight is what the caller finds: of each kind what they may read, and of what is their
// own what the gate lets them.
func (n *node) sight(ctx context.Context) (search.Sight, error) {
	c, ok := policy.CallerOf(ctx)
	if !ok {
		return nil, policy.ErrSignIn
	}
	s, all := search.Sight{}, true
	for kind, action := range readActions {
		r, err := n.gate.Reach(ctx, action)
		if err != nil && fault.KindOf(err) != fault.Denied {
			return nil, err
		}
		if err == nil {
			s[kind] = seen(r)
		}
		all = all && r.All
	}
	if all {
		return s, nil
	}
	own, err := n.search.Own(c.Identity)
	if err != nil {
		return nil, err
	}
	for _, ref := range own {
		may := s[ref.Kind]
		if !may.All && n.mayRead(ctx, ref) {
			may.Also = append(may.Also, ref.Key)
			s[ref.Kind] = may
		}
	}
	return s, nil
}

func (n *node) mayRead(ctx context.Context, ref access.Ref) bool {
	o, known := policy.ObjectOf(n.app.graph.View(), ref)
	return known && n.gate.Permit(ctx, readActions[ref.Kind], policy.Object{Resource: o}) == nil
}
