package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/policy"
)

// elevates is eligibility and its conversions over the open store and graph, for whoever
// works on this machine: they activate nothing.
func (a *app) elevates() *elevate.Service {
	return &elevate.Service{Store: a.db.Elevate(), Gate: &policy.Gate{Graph: a.graph}, Names: a.db.Inventory(), Now: a.now}
}

func (a *app) eligibleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "eligible", Short: "Say who may activate which entitlement, for how long and on which terms",
		Long: `Say who may activate which entitlement, for how long and on which terms. Whoever is
eligible holds nothing: they activate it with 'writ elevate', and it is gone at its end.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.eligibleListCommand(), a.eligibleGiveCommand(), a.eligibleTakeCommand(), a.eligibleConvertCommand(), a.eligibleRestoreCommand())
	return cmd
}

// eligibleLine is one eligibility, as it is listed.
type eligibleLine struct {
	elevate.Eligibility
	Who  ask.Shown   `json:"who"`
	What ask.Shown   `json:"what"`
	Tier access.Tier `json:"tier"`
}

// eligibleAnswer is the answer of 'writ eligible list', 'give' and 'take'.
type eligibleAnswer struct {
	Did           string         `json:"did,omitempty"`
	Eligibilities []eligibleLine `json:"eligibilities"`
}

func (s *eligibleAnswer) tables() []table {
	if len(s.Eligibilities) == 0 {
		return []table{{title: "nobody is eligible for anything"}}
	}
	t := table{title: s.Did, header: []string{"id", "who", "may activate", "tier", "up to", "takes", "until", "reason"}}
	for _, e := range s.Eligibilities {
		t.rows = append(t.rows, []string{e.ID.String(), e.Who.String(), e.What.String(), tierName(e.Tier), e.Terms.Most.String(), takes(e.Terms), day(e.End), e.Reason})
	}
	return []table{t}
}

// takes is what terms ask for, in a few words.
func takes(t access.Terms) string {
	var list []string
	for _, x := range []struct {
		is   bool
		word string
	}{{t.Reason, "reason"}, {t.MFA, "mfa"}, {t.Ticket, "ticket"}} {
		if x.is {
			list = append(list, x.word)
		}
	}
	for _, s := range t.Stages {
		var who []string
		for _, p := range s.Approvers {
			switch {
			case p.Owner:
				who = append(who, "owner")
			case p.Identity != 0:
				who = append(who, p.Identity.String())
			default:
				who = append(who, string(p.Function))
			}
		}
		between := "|"
		if s.Distinct {
			between = "+"
		}
		list = append(list, fmt.Sprintf("%d of %s", s.Quorum, strings.Join(who, between)))
	}
	return strings.Join(list, ", ")
}

func (a *app) eligibles(ctx context.Context, did string, list []elevate.Eligibility) (answer, error) {
	var refs []access.Ref
	for _, e := range list {
		refs = append(refs, e.Holder, e.Entitlement.Ref())
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return nil, err
	}
	v := a.graph.View()
	defer v.Close()
	ans := &eligibleAnswer{Did: did, Eligibilities: []eligibleLine{}}
	for _, e := range list {
		n, ok := v.Entitlement(e.Entitlement)
		if !ok {
			n.Tier = access.Unclassified
		}
		ans.Eligibilities = append(ans.Eligibilities, eligibleLine{e, name(e.Holder), name(e.Entitlement.Ref()), n.Tier})
	}
	return ans, nil
}

func (a *app) eligibleListCommand() *cobra.Command {
	var server string
	var mine bool
	cmd := &cobra.Command{
		Use: "list", Short: "List who may activate what",
		Long: `List who may activate what. With --mine it asks a Writ that is served what you may activate
yourself, and on which terms.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if mine || a.fromServer(server) {
				return a.eligibleAt(cmd.Context(), server, mine)
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.db.Elevate().Eligibilities(ctx, elevate.EligibilityQuery{})
			if err != nil {
				return err
			}
			ans, err := a.eligibles(ctx, "", list)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&mine, "mine", false, "only what you may activate, as the server of 'writ login' knows you")
	return cmd
}

// eligibleNamed is the answer of a server about who may activate what.
type eligibleNamed struct {
	Items []elevate.Eligibility `json:"items"`
	Names map[string]string     `json:"names"`
}

func (s *eligibleNamed) tables() []table {
	if len(s.Items) == 0 {
		return []table{{title: "nothing to activate is yours to see"}}
	}
	t := table{header: []string{"id", "who", "may activate", "up to", "takes", "until", "reason"}}
	for _, e := range s.Items {
		t.rows = append(t.rows, []string{e.ID.String(), naming(s.Names, e.Holder), naming(s.Names, e.Entitlement.Ref()), e.Terms.Most.String(), takes(e.Terms), day(e.End), e.Reason})
	}
	return []table{t}
}

func (a *app) eligibleAt(ctx context.Context, server string, mine bool) error {
	path := "/v1/eligibilities?limit=1000"
	if mine {
		path = "/v1/me/eligibilities"
	}
	r, err := a.remote(server)
	if err != nil {
		return err
	}
	var s eligibleNamed
	if err := r.call(ctx, http.MethodGet, path, nil, &s); err != nil {
		return err
	}
	return a.print(&s)
}

// termFlags are terms as they are said on the command line.
type termFlags struct {
	most, within time.Duration
	stages       []string
	noReason     bool
	noMFA        bool
	ticket       bool
}

func (f *termFlags) add(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.most, "most", time.Hour, "how `long` one activation lasts at most, extensions included")
	cmd.Flags().StringArrayVar(&f.stages, "stage", nil, "`who` agrees, stage by stage (repeatable): functions, owner or people; iam|owner is one of them, iam+platform_owner both, each by somebody else")
	cmd.Flags().DurationVar(&f.within, "within", time.Hour, "how `long` each stage waits")
	cmd.Flags().BoolVar(&f.ticket, "ticket", false, "it takes a ticket of the company's tracker")
	cmd.Flags().BoolVar(&f.noReason, "no-reason", false, "it takes no reason")
	cmd.Flags().BoolVar(&f.noMFA, "no-mfa", false, "it takes no second factor of the last minutes")
}

func (a *app) termsOf(ctx context.Context, f *termFlags) (access.Terms, error) {
	t := access.Terms{Reason: !f.noReason, MFA: !f.noMFA, Ticket: f.ticket, Most: f.most}
	for _, text := range f.stages {
		s := access.Stage{Quorum: 1, Within: f.within, Distinct: strings.Contains(text, "+")}
		if s.Distinct && strings.Contains(text, "|") {
			return t, fmt.Errorf("%w: --stage %q has both + and |: make it two stages", errUsage, text)
		}
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == '+' || r == '|' }) {
			p, err := a.approver(ctx, strings.TrimSpace(word))
			if err != nil {
				return t, err
			}
			s.Approvers = append(s.Approvers, p)
		}
		if s.Distinct {
			s.Quorum = len(s.Approvers)
		}
		t.Stages = append(t.Stages, s)
	}
	return t, t.Validate()
}

func (a *app) approver(ctx context.Context, word string) (access.Approver, error) {
	if word == "owner" {
		return access.Approver{Owner: true}, nil
	}
	for _, f := range access.Functions {
		if word == string(f) {
			return access.Approver{Function: f}, nil
		}
	}
	id, err := a.inventory().ResolveIdentity(ctx, word)
	return access.Approver{Identity: id}, err
}

func (a *app) eligibleGiveCommand() *cobra.Command {
	var terms termFlags
	var role, group bool
	var until string
	cmd := &cobra.Command{
		Use: "give WHO ENTITLEMENT --most DURATION --reason TEXT", Short: "Say that somebody may activate an entitlement",
		Long: `Say that somebody may activate an entitlement. WHO is an identity; with --role a role, and
with --entitlement another entitlement, whose holders may, whoever they are then.`,
		Example: "  writ eligible give ana.sol@example.com db/dba --most 4h --stage owner --reason 'on call'\n  writ eligible give --role 'Database administrator' db/dba --most 1h --stage iam+platform_owner --reason 'change 4711'",
		Args:    cobra.ExactArgs(2),
	}
	reason := whyFlag(cmd)
	terms.add(cmd)
	cmd.Flags().BoolVar(&role, "role", false, "WHO is a role")
	cmd.Flags().BoolVar(&group, "entitlement", false, "WHO is an entitlement")
	cmd.Flags().StringVar(&until, "until", "", "the `date` on which they may no longer")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needsReason(*reason); err != nil {
			return err
		}
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		e := elevate.Eligibility{Reason: *reason}
		if e.Terms, err = a.termsOf(ctx, &terms); err != nil {
			return err
		}
		if until != "" {
			at, err := time.Parse(time.DateOnly, until)
			if err != nil {
				return fmt.Errorf("%w: --until %q is not a date such as 2027-03-31", errUsage, until)
			}
			e.End = access.TimeOf(at)
		}
		if e.Holder, err = a.eligibleHolder(ctx, args[0], role, group); err != nil {
			return err
		}
		if e.Entitlement, err = a.entitlementNamed(ctx, args[1]); err != nil {
			return err
		}
		if e, err = a.elevates().Give(ctx, e); err != nil {
			return err
		}
		ans, err := a.eligibles(ctx, "eligible", []elevate.Eligibility{e})
		if err != nil {
			return err
		}
		return a.print(ans)
	}
	return cmd
}

func (a *app) eligibleHolder(ctx context.Context, text string, role, group bool) (access.Ref, error) {
	switch {
	case role && group:
		return access.Ref{}, fmt.Errorf("%w: --role and --entitlement exclude each other", errUsage)
	case group:
		id, err := a.entitlementNamed(ctx, text)
		return id.Ref(), err
	case role:
		id, err := a.roles().FindAny(ctx, text)
		return id.Ref(), err
	}
	id, err := a.inventory().ResolveIdentity(ctx, text)
	return id.Ref(), err
}

// entitlementNamed finds one by its id, or by its system and name.
func (a *app) entitlementNamed(ctx context.Context, text string) (access.EntitlementID, error) {
	ref, err := a.inventory().ResolveTarget(ctx, text)
	if err != nil {
		return 0, err
	}
	if ref.Kind != access.KindEntitlement {
		return 0, elevate.ErrWhat.With("%s is no entitlement", text)
	}
	return access.EntitlementID(ref.Key), nil
}

func (a *app) eligibleTakeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "take ELIGIBILITY --reason TEXT", Short: "Say that somebody may not activate it any more; what is active ends at once",
		Args: cobra.ExactArgs(1),
	}
	reason := whyFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var id access.EligibilityID
		if err := id.UnmarshalText([]byte(args[0])); err != nil {
			return err
		}
		if err := needsReason(*reason); err != nil {
			return err
		}
		ctx, err := a.openGraph(cmd.Context())
		if err != nil {
			return err
		}
		e, err := a.db.Elevate().Eligibility(ctx, id)
		if err != nil {
			return err
		}
		if err := a.elevates().Take(ctx, id, *reason); err != nil {
			return err
		}
		ans, err := a.eligibles(ctx, "no longer eligible", []elevate.Eligibility{e})
		if err != nil {
			return err
		}
		return a.print(ans)
	}
	return cmd
}
