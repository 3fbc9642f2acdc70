package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

const templatesPath = "/v1/lease-templates"

func (a *app) leaseTemplateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "template", Short: "What accounts for one use are given, for how long, and who may have one",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.templateAddCommand(), a.templateListCommand(), a.templateShowCommand(), a.templateChangeCommand(), a.templateRetireCommand(),
		a.leaseRightCommand("grant", "Say that somebody, or whoever holds something, may use a template", ""),
		a.leaseRightCommand("revoke", "Take a right to use a template", "/revoke"))
	return cmd
}

type templateAnswer struct{ lease.TemplateShown }

func (s *templateAnswer) tables() []table {
	t := table{title: "template " + s.Name, header: []string{"", ""}}
	add := func(what, text string) {
		if text != "" {
			t.rows = append(t.rows, []string{what, text})
		}
	}
	add("id", s.ID.String())
	add("for", s.Description)
	add("system", nameIn(s.Names, s.System.String()))
	for _, id := range s.Entitlements {
		add("given", nameIn(s.Names, id.String()))
	}
	add("lasts", fmt.Sprintf("%s usually, %s at most", s.Usual, s.Terms.Most))
	add("takes", takes(s.Terms))
	if s.Inherit {
		add("inherits", "yes")
	}
	add("successor", s.Successor)
	rights := table{title: plural(len(s.Rights), "right"), header: []string{"who may use it", "until", "reason"}}
	for _, r := range s.Rights {
		rights.rows = append(rights.rows, []string{nameIn(s.Names, r.Holder.String()), minute(r.Ends), r.Reason})
	}
	return []table{t, rights}
}

type templateListAnswer struct {
	Items []lease.TemplateShown `json:"items"`
}

func (s *templateListAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "template"), header: []string{"template", "system", "usually", "at most", "takes", "for", "id"}}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{x.Name, nameIn(x.Names, x.System.String()), x.Usual.String(), x.Terms.Most.String(), takes(x.Terms), x.Description, x.ID.String()})
	}
	return []table{t}
}

// findTemplate finds a template by its name or its id.
func findTemplate(ctx context.Context, c caller, text string) (id access.TemplateID, err error) {
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return id, nil
	}
	var list templateListAnswer
	if err := c.exchange(ctx, http.MethodGet, templatesPath+"?name="+url.QueryEscape(text), nil, nil, &list); err != nil {
		return 0, err
	}
	if len(list.Items) == 0 {
		return 0, lease.ErrNoTemplate.With("there is no template called %q, or it is not yours to see", text)
	}
	return list.Items[0].ID, nil
}

func (a *app) templateListCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "list", Short: "List the templates that you may see", Args: cobra.NoArgs}
	cmd.RunE = a.leaseRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list templateListAnswer
		return &list, c.exchange(ctx, http.MethodGet, templatesPath, nil, nil, &list)
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) templateShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show TEMPLATE", Short: "Show a template, and who may use it", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.leaseRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		return shownTemplate(ctx, c, args[0])
	})
	serverFlag(cmd, &server)
	return cmd
}

func shownTemplate(ctx context.Context, c caller, text string) (*templateAnswer, error) {
	id, err := findTemplate(ctx, c, text)
	if err != nil {
		return nil, err
	}
	var s templateAnswer
	return &s, c.exchange(ctx, http.MethodGet, templatesPath+"/"+id.String(), nil, nil, &s)
}

// templateFlags say what a template is.
type templateFlags struct {
	description, successor, reason string
	give, stages                   []string
	usual, most                    time.Duration
	inherit, needs, ticket, mfa    bool
}

func (f *templateFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.give, "give", nil, "an `entitlement` that the account is given: an id, or on the node as SYSTEM/NAME (repeatable)")
	cmd.Flags().DurationVar(&f.usual, "usual", time.Hour, "how long a lease lasts where nothing is said")
	cmd.Flags().DurationVar(&f.most, "most", 8*time.Hour, "how long it lasts at most, renewals included")
	cmd.Flags().BoolVar(&f.inherit, "inherit", false, "the account has what it is given without asking for each")
	cmd.Flags().StringVar(&f.successor, "successor", "", "the native id of who gets what the account owned; without it, Writ's own `login` there")
	cmd.Flags().StringVar(&f.description, "description", "", "what it is for")
	cmd.Flags().BoolVar(&f.needs, "need-reason", false, "using it takes a reason")
	cmd.Flags().BoolVar(&f.ticket, "need-ticket", false, "using it takes a ticket")
	cmd.Flags().BoolVar(&f.mfa, "need-mfa", false, "using it takes a second factor")
	cmd.Flags().StringArrayVar(&f.stages, "stage", nil, "who has to agree, as `WHO,WHO:HOW MANY:WITHIN`; WHO is owner, a function or an id (repeatable)")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why (required)")
}

// into puts what was given into what a template is; of a new one everything is given.
func (f *templateFlags) into(ctx context.Context, a *app, cmd *cobra.Command, t *lease.Template) (err error) {
	given := func(name string) bool { return cmd.Name() == "add" || cmd.Flags().Changed(name) }
	if given("give") {
		t.Entitlements = []access.EntitlementID{}
		for _, text := range f.give {
			id, err := a.entitlementID(ctx, text)
			if err != nil {
				return err
			}
			t.Entitlements = append(t.Entitlements, id)
		}
	}
	for name, to := range map[string]*time.Duration{"usual": &t.Usual, "most": &t.Terms.Most} {
		if given(name) {
			if *to, err = cmd.Flags().GetDuration(name); err != nil {
				return err
			}
		}
	}
	for name, to := range map[string]*bool{"inherit": &t.Inherit, "need-reason": &t.Terms.Reason, "need-ticket": &t.Terms.Ticket, "need-mfa": &t.Terms.MFA} {
		if given(name) {
			if *to, err = cmd.Flags().GetBool(name); err != nil {
				return err
			}
		}
	}
	for name, to := range map[string]*string{"successor": &t.Successor, "description": &t.Description} {
		if given(name) {
			*to = cmd.Flags().Lookup(name).Value.String()
		}
	}
	if given("stage") {
		bodies, err := stagesOf(f.stages)
		if err != nil {
			return err
		}
		t.Terms.Stages = nil
		for _, b := range bodies {
			t.Terms.Stages = append(t.Terms.Stages, access.Stage{Approvers: b.Approvers, Quorum: b.Quorum, Within: time.Duration(b.Within) * time.Minute, Distinct: b.Distinct})
		}
	}
	return nil
}

// entitlementID is what a text names that an account is given.
func (a *app) entitlementID(ctx context.Context, text string) (id access.EntitlementID, err error) {
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return id, nil
	}
	if a.db == nil {
		return 0, fmt.Errorf("%w: at a server an entitlement is named by its id, not %q", errUsage, text)
	}
	ref, err := a.inventory().ResolveTarget(ctx, text)
	if err == nil && ref.Kind != access.KindEntitlement {
		err = fmt.Errorf("%w: %q is not an entitlement", errUsage, text)
	}
	return access.EntitlementID(ref.Key), err
}

// templateBody is what a template is to be, and why.
type templateBody struct {
	lease.Template
	Reason string `json:"reason"`
}

func (a *app) templateAddCommand() *cobra.Command {
	var server, system string
	f := &templateFlags{}
	cmd := &cobra.Command{
		Use: "add NAME --system SYSTEM --reason TEXT", Short: "Say what accounts for one use are given in a system",
		Example: "  writ lease template add reporting --system ledger --give ledger/readers --inherit --most 4h --need-reason --reason 'figures'",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.leaseRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		if strings.TrimSpace(f.reason) == "" {
			return nil, policy.ErrReason
		}
		body := templateBody{lease.Template{Name: args[0]}, f.reason}
		if err := f.into(ctx, a, cmd, &body.Template); err != nil {
			return nil, err
		}
		var err error
		if body.System, err = a.systemID(ctx, system); err != nil {
			return nil, err
		}
		var s templateAnswer
		return &s, c.exchange(ctx, http.MethodPost, templatesPath, nil, body, &s)
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&system, "system", "", "in which the accounts are: an id, or on the node a `name` (required)")
	f.flags(cmd)
	return cmd
}

// systemID is the system that a text names.
func (a *app) systemID(ctx context.Context, text string) (id access.SystemID, err error) {
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return id, nil
	}
	if a.db == nil || text == "" {
		return 0, fmt.Errorf("%w: name the system by --system, at a server by its id", errUsage)
	}
	y, err := a.inventory().System(ctx, text)
	return y.ID, err
}

func (a *app) templateChangeCommand() *cobra.Command {
	var server, name string
	f := &templateFlags{}
	cmd := &cobra.Command{
		Use: "change TEMPLATE --reason TEXT", Short: "Change what accounts for one use are given, and what that takes; what is not given stays",
		Example: "  writ lease template change reporting --most 2h --need-mfa --reason 'less'",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.leaseRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		if strings.TrimSpace(f.reason) == "" {
			return nil, policy.ErrReason
		}
		was, err := shownTemplate(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		body := templateBody{was.Template, f.reason}
		if err := f.into(ctx, a, cmd, &body.Template); err != nil {
			return nil, err
		}
		if name != "" {
			body.Name = name
		}
		var s templateAnswer
		return &s, c.exchange(ctx, http.MethodPut, templatesPath+"/"+was.ID.String(), http.Header{"If-Match": {httpapi.Tag(was.Version)}}, body, &s)
	})
	serverFlag(cmd, &server)
	f.flags(cmd)
	cmd.Flags().StringVar(&name, "name", "", "what it is to be called")
	return cmd
}

func (a *app) templateRetireCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{Use: "retire TEMPLATE --reason TEXT", Short: "Retire a template: what was leased by it ends", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.leaseRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		if strings.TrimSpace(reason) == "" {
			return nil, policy.ErrReason
		}
		id, err := findTemplate(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		return nil, c.exchange(ctx, http.MethodPost, templatesPath+"/"+id.String()+"/retire", nil, map[string]any{"reason": reason}, nil)
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

func (a *app) leaseRightCommand(verb, short, path string) *cobra.Command {
	var f rightFlags
	cmd := &cobra.Command{
		Use: verb + " TEMPLATE HOLDER --reason TEXT", Short: short, Long: short + holderHelp, Args: cobra.ExactArgs(2),
	}
	cmd.RunE = a.leaseRun(&f.server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		body, err := f.of(ctx, a, args[1])
		if err != nil {
			return nil, err
		}
		id, err := findTemplate(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		var s templateAnswer
		return &s, c.exchange(ctx, http.MethodPost, templatesPath+"/"+id.String()+"/rights"+path, nil, body, &s)
	})
	f.flags(cmd, path == "")
	return cmd
}
