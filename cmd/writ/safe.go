package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

// safes is safes and secrets over the open store. Without a graph nobody has any right.
func (a *app) safes(ring vault.Ring, gate *policy.Gate, g *graph.Graph) *vault.Service {
	return &vault.Service{Store: a.db.Vault(), Ring: ring, Gate: gate, Graph: g}
}

// vaultHere is where commands on safes and secrets go that go to no server.
func (a *app) vaultHere(ctx context.Context) (context.Context, caller, error) {
	ctx, err := a.openExisting(ctx)
	if err != nil {
		return ctx, nil, err
	}
	ring, err := a.newVault(ctx)
	if err != nil {
		return ctx, nil, err
	}
	gate := &policy.Gate{}
	v := a.safes(ring, gate, nil)
	signs, err := a.authorities(ring, gate, nil)
	if err != nil {
		return ctx, nil, err
	}
	given, err := a.shares(ring, v, gate)
	if err != nil {
		return ctx, nil, err
	}
	return ctx, newHere(&vault.API{Service: v, Names: a.db.Inventory()}, a.rotateAPI(a.rotating(ring, nil), v, gate), a.authorityAPI(signs), a.breakGlassAPI(a.breakGlass(ring, v, gate)), &share.API{Service: given}), nil
}

func (a *app) vaultRun(server *string, person bool, run calling) func(*cobra.Command, []string) error {
	return a.calls(a.vaultHere, server, person, run)
}

func (a *app) safeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "safe", Short: "What holds secrets: its owner, its terms, and who may use or see what is in it",
		Long: `What holds secrets: its owner, its terms, and who may use or see what is in it.

docs/how-to/secret.md says what all of it means.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.safeAddCommand(), a.safeListCommand(), a.safeShowCommand(), a.safeChangeCommand(), a.rightCommand("grant", "Give somebody, or whoever holds something, a right in a safe", ""),
		a.rightCommand("revoke", "Take a right in a safe", "/revoke"))
	return cmd
}

type safeAnswer struct{ vault.SafeShown }

func (s *safeAnswer) name(id string) string { return nameIn(s.Names, id) }

func nameIn(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

func (s *safeAnswer) tables() []table {
	t := table{title: "safe " + s.Name, header: []string{"", ""}}
	add := func(what, text string) {
		if text != "" {
			t.rows = append(t.rows, []string{what, text})
		}
	}
	add("id", s.ID.String())
	add("for", s.Description)
	add("owner", s.name(s.Owner.String()))
	add("deputy", s.name(s.Deputy.String()))
	add("scope", s.name(s.Scope.String()))
	add("sharing", string(s.Sharing))
	add("lasts", (time.Duration(s.Terms.Most)*time.Minute).String()+" at most")
	if s.Outside > 0 {
		add("outside", "given for "+(time.Duration(s.Outside)*time.Minute).String()+" at most")
	}
	var needs []string
	for word, is := range map[string]bool{"a reason": s.Terms.Reason, "a second factor": s.Terms.MFA, "a ticket": s.Terms.Ticket} {
		if is {
			needs = append(needs, word)
		}
	}
	slices.Sort(needs)
	add("takes", strings.Join(needs, ", "))
	for i, stage := range s.Terms.Stages {
		var who []string
		for _, by := range stage.Approvers {
			switch {
			case by.Owner:
				who = append(who, "the owner")
			case by.Function != "":
				who = append(who, string(by.Function))
			default:
				who = append(who, s.name(by.Identity.String()))
			}
		}
		add(fmt.Sprintf("stage %d", i+1), fmt.Sprintf("%d of %s, within %s", stage.Quorum, strings.Join(who, ", "), time.Duration(stage.Within)*time.Minute))
	}
	rights := table{title: plural(len(s.Rights), "right"), header: []string{"who", "may", "until", "reason"}}
	for _, r := range s.Rights {
		rights.rows = append(rights.rows, []string{s.name(r.Holder.String()), string(r.Level), minute(r.Ends), r.Reason})
	}
	return []table{t, rights}
}

type safeListAnswer struct {
	Items []vault.SafeShown `json:"items"`
}

func (s *safeListAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "safe"), header: []string{"safe", "owner", "scope", "sharing", "for", "id"}}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{x.Name, nameIn(x.Names, x.Owner.String()), nameIn(x.Names, x.Scope.String()), string(x.Sharing), x.Description, x.ID.String()})
	}
	return []table{t}
}

func (a *app) safeListCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "list", Short: "List the safes that you may see", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list safeListAnswer
		err := c.exchange(ctx, http.MethodGet, "/v1/safes", nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	return cmd
}

// findSafe finds a safe by its name or its id.
func findSafe(ctx context.Context, c caller, text string) (id access.SafeID, err error) {
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return id, nil
	}
	var list safeListAnswer
	if err := c.exchange(ctx, http.MethodGet, "/v1/safes?name="+url.QueryEscape(text), nil, nil, &list); err != nil {
		return 0, err
	}
	if len(list.Items) == 0 {
		return 0, vault.ErrNoSafe.With("there is no safe called %q, or it is not yours to see", text)
	}
	return list.Items[0].ID, nil
}

func (a *app) safeShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show SAFE", Short: "Show a safe, and who has which right in it", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		id, err := findSafe(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		var s safeAnswer
		err = c.exchange(ctx, http.MethodGet, "/v1/safes/"+id.String(), nil, nil, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	return cmd
}

// safeFlags say what a safe is.
type safeFlags struct {
	description, owner, deputy, scope, reason string
	most, outside                             time.Duration
	exclusive, rotate, needs, ticket, mfa     bool
	stages                                    []string
}

func (f *safeFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.owner, "owner", "", "who answers for it: an id, or on the node a number, email, login or name")
	cmd.Flags().StringVar(&f.deputy, "deputy", "", "who answers for it where the owner has left")
	cmd.Flags().StringVar(&f.scope, "scope", "", "the id of the `scope` that it belongs to")
	cmd.Flags().StringVar(&f.description, "description", "", "what it is for")
	cmd.Flags().DurationVar(&f.most, "most", 8*time.Hour, "how long a secret may be out at most")
	cmd.Flags().DurationVar(&f.outside, "outside", 0, "for how long at most a secret may be given to somebody outside by a link; 0 is not at all")
	cmd.Flags().BoolVar(&f.exclusive, "exclusive", false, "one at a time has a secret out")
	cmd.Flags().BoolVar(&f.rotate, "rotate", false, "what is checked in is due for another value")
	cmd.Flags().BoolVar(&f.needs, "need-reason", false, "using what is in it takes a reason")
	cmd.Flags().BoolVar(&f.ticket, "need-ticket", false, "using what is in it takes a ticket")
	cmd.Flags().BoolVar(&f.mfa, "need-mfa", false, "using what is in it takes a second factor")
	cmd.Flags().StringArrayVar(&f.stages, "stage", nil, "who has to agree, as `WHO,WHO:HOW MANY:WITHIN`; WHO is owner, a function or an id (repeatable)")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why")
}

// into puts what was given into what a safe is; of a new one everything is given.
func (f *safeFlags) into(ctx context.Context, a *app, cmd *cobra.Command, b *vault.SafeBody) (err error) {
	given := func(name string) bool { return cmd.Name() == "add" || cmd.Flags().Changed(name) }
	if given("owner") {
		if b.Owner, err = a.personID(ctx, f.owner); err != nil {
			return err
		}
	}
	if given("deputy") {
		if b.Deputy, err = a.personID(ctx, f.deputy); err != nil {
			return err
		}
	}
	if given("scope") {
		if err := b.Scope.UnmarshalText([]byte(f.scope)); err != nil {
			return err
		}
	}
	if given("description") {
		b.Description = f.description
	}
	if given("most") {
		b.Terms.Most = int(f.most / time.Minute)
	}
	if given("outside") {
		b.Outside = minutesOf(f.outside)
	}
	if given("exclusive") {
		if b.Sharing = vault.Shared; f.exclusive {
			b.Sharing = vault.Exclusive
		}
	}
	for name, to := range map[string]*bool{"rotate": &b.Rotates, "need-reason": &b.Terms.Reason, "need-ticket": &b.Terms.Ticket, "need-mfa": &b.Terms.MFA} {
		if given(name) {
			*to = cmd.Flags().Lookup(name).Value.String() == "true"
		}
	}
	if given("stage") {
		b.Terms.Stages, err = stagesOf(f.stages)
	}
	return err
}

// stagesOf reads stages such as owner,iam:1:4h.
func stagesOf(list []string) (stages []vault.StageBody, err error) {
	for _, text := range list {
		parts := strings.Split(text, ":")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%w: --stage %q is not WHO,WHO:HOW MANY:WITHIN, such as owner,iam:1:4h", errUsage, text)
		}
		var s vault.StageBody
		if s.Quorum, err = strconv.Atoi(parts[1]); err != nil {
			return nil, fmt.Errorf("%w: --stage %q does not say how many have to agree", errUsage, text)
		}
		within, err := time.ParseDuration(parts[2])
		if err != nil {
			return nil, fmt.Errorf("%w: --stage %q does not say within which time, such as 4h", errUsage, text)
		}
		s.Within = int(within / time.Minute)
		for _, who := range strings.Split(parts[0], ",") {
			var by access.Approver
			switch {
			case who == "owner":
				by.Owner = true
			case strings.HasPrefix(who, "idn_"):
				if err := by.Identity.UnmarshalText([]byte(who)); err != nil {
					return nil, err
				}
			default:
				by.Function = access.Function(who)
			}
			s.Approvers = append(s.Approvers, by)
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// personID is who a text names: an id, or on the node whatever people are called by.
func (a *app) personID(ctx context.Context, text string) (id access.IdentityID, err error) {
	if text == "" || strings.HasPrefix(text, "idn_") {
		return id, id.UnmarshalText([]byte(text))
	}
	if a.db == nil {
		return 0, fmt.Errorf("%w: at a server somebody is named by their id, not %q", errUsage, text)
	}
	return a.inventory().ResolveIdentity(ctx, text)
}

// holderRef is who or what a text names that may have a right.
func (a *app) holderRef(ctx context.Context, text string) (access.Ref, error) {
	if r, err := access.ParseRef(text); err == nil {
		return r, nil
	}
	id, err := a.personID(ctx, text)
	return id.Ref(), err
}

func (a *app) safeAddCommand() *cobra.Command {
	var server string
	f := &safeFlags{}
	cmd := &cobra.Command{
		Use: "add NAME --owner WHO", Short: "Keep a new safe",
		Example: "  writ safe add ledger --owner ana.sol@example.com --most 4h --exclusive --rotate --need-reason\n  writ safe add root --owner idn_0000000000001 --need-mfa --stage owner:1:4h --stage security_operations:1:8h",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		body := struct {
			vault.SafeBody
			Reason string `json:"reason,omitempty"`
		}{vault.SafeBody{Name: args[0]}, f.reason}
		if err := f.into(ctx, a, cmd, &body.SafeBody); err != nil {
			return nil, err
		}
		var s safeAnswer
		err := c.exchange(ctx, http.MethodPost, "/v1/safes", nil, body, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	f.flags(cmd)
	return cmd
}

func (a *app) safeChangeCommand() *cobra.Command {
	var server, name string
	f := &safeFlags{}
	cmd := &cobra.Command{
		Use: "change SAFE", Short: "Change a safe, and what using what is in it takes; what is not given stays",
		Example: "  writ safe change ledger --most 2h --need-mfa",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		id, err := findSafe(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		var s safeAnswer
		if err := c.exchange(ctx, http.MethodGet, "/v1/safes/"+id.String(), nil, nil, &s); err != nil {
			return nil, err
		}
		body := struct {
			vault.SafeBody
			Reason string `json:"reason,omitempty"`
		}{s.SafeBody, f.reason}
		if err := f.into(ctx, a, cmd, &body.SafeBody); err != nil {
			return nil, err
		}
		if name != "" {
			body.Name = name
		}
		var next safeAnswer
		err = c.exchange(ctx, http.MethodPut, "/v1/safes/"+id.String(), http.Header{"If-Match": {httpapi.Tag(s.Version)}}, body, &next)
		return &next, err
	})
	serverFlag(cmd, &server)
	f.flags(cmd)
	cmd.Flags().StringVar(&name, "name", "", "what it is to be called")
	return cmd
}

func (a *app) rightCommand(verb, short, path string) *cobra.Command {
	var f rightFlags
	cmd := &cobra.Command{
		Use: verb + " SAFE HOLDER use|reveal --reason TEXT", Short: short, Long: short + holderHelp, Args: cobra.ExactArgs(3),
	}
	cmd.RunE = a.vaultRun(&f.server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		body, err := f.of(ctx, a, args[1])
		if err != nil {
			return nil, err
		}
		body.Right = args[2]
		id, err := findSafe(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		var s safeAnswer
		err = c.exchange(ctx, http.MethodPost, "/v1/safes/"+id.String()+"/rights"+path, nil, body, &s)
		return &s, err
	})
	f.flags(cmd, path == "")
	return cmd
}
