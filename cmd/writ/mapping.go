package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// settingsOf tells what an account of a system can be given. Its login is not among that:
// a mapping has that anyway.
func (a *app) settingsOf(ctx context.Context, id access.SystemID) (names []string, err error) {
	systems, err := a.inventory().Systems(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(systems, func(y inventory.System) bool { return y.ID == id })
	if i < 0 {
		return nil, inventory.ErrNotFound.With("there is no system %s", id)
	}
	for _, s := range connectors[cmp.Or(systems[i].Connector, systems[i].Kind)].Settable {
		if s.Name != connector.SetLogin {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (a *app) resolveSystem(ctx context.Context, text string) (access.SystemID, error) {
	ref, err := a.inventory().ResolveTarget(ctx, text)
	if err != nil {
		return 0, err
	}
	if ref.Kind != access.KindSystem {
		return 0, access.ErrID.With("%q is a %s, and only systems have a mapping", text, ref.Kind)
	}
	return access.SystemID(ref.Key), nil
}

func (a *app) mappingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mapping", Short: "How people's accounts in a system follow from who they are",
		Long: `How people's accounts in a system follow from who they are: who has one even without an
entitlement there, its login, and its attributes. All are CEL expressions over identity.*,
as conditions of birthright rules are; attributes may use account.login, too. text.words()
gives the words of a text in lower case without accents, text.spelled() writes umlauts as
two letters.

A login that was ever somebody's is not given to somebody else: where all alternatives are
taken, the last one is numbered. It stays when the name changes, unless --renames is said.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.mappingListCommand(), a.mappingShowCommand(), a.mappingTryCommand(), a.mappingFailingCommand(), a.mappingSetCommand(), a.mappingRemoveCommand())
	return cmd
}

// mappingLine is one mapping: the answer of 'writ mapping show' and of 'writ mapping set'.
type mappingLine struct {
	Of   access.Named `json:"of"`
	Mode policy.Mode  `json:"mode"`
	lifecycle.Mapping
}

// mappingsAnswer is the answer of 'writ mapping list'.
type mappingsAnswer struct {
	Mappings []mappingLine `json:"mappings"`
}

func (s *mappingsAnswer) tables() []table {
	t := table{header: []string{"system", "mode", "for", "logins", "attributes", "first credential to", "deleted after days"}, right: []int{6}}
	for _, m := range s.Mappings {
		var attributes []string
		for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
			attributes = append(attributes, name+"="+m.Attributes[name])
		}
		when, after := m.When, ""
		if when == "" {
			when = "who needs one"
		}
		if m.Retention > 0 {
			after = count(int64(m.Retention))
		}
		t.rows = append(t.rows, []string{m.Of.Name, m.Mode.String(), when, strings.Join(m.Logins, "; "), strings.Join(attributes, "; "), string(m.Recipient), after})
	}
	if len(s.Mappings) == 0 {
		t.note = "  none: 'writ mapping set' keeps one"
	}
	return []table{t}
}

func (s *mappingLine) tables() []table { return (&mappingsAnswer{[]mappingLine{*s}}).tables() }

func (a *app) mappingLines(ctx context.Context, list []lifecycle.Mapping) ([]mappingLine, error) {
	var refs []access.Ref
	for _, m := range list {
		refs = append(refs, m.System.Ref())
	}
	labels, err := a.db.Inventory().Names(ctx, refs)
	lines := []mappingLine{}
	for _, m := range list {
		lines = append(lines, mappingLine{labels[m.System.Ref()].Named(m.System.Ref()), m.Mode, m})
	}
	return lines, err
}

func (a *app) mappingListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The mappings, by system", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.lifecycle().Mappings(ctx)
			if err != nil {
				return err
			}
			lines, err := a.mappingLines(ctx, list)
			if err != nil {
				return err
			}
			return a.print(&mappingsAnswer{lines})
		},
	}
}

func (a *app) printMapping(ctx context.Context, id access.SystemID) error {
	m, err := a.lifecycle().Mapping(ctx, id)
	if err != nil {
		return err
	}
	lines, err := a.mappingLines(ctx, []lifecycle.Mapping{m})
	if err != nil {
		return err
	}
	return a.print(&lines[0])
}

func (a *app) mappingShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show SYSTEM", Short: "A system's mapping", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.resolveSystem(ctx, args[0])
			if err != nil {
				return err
			}
			return a.printMapping(ctx, id)
		},
	}
}

// mappingFlags say what a mapping is to be.
type mappingFlags struct {
	when, recipient, mode string
	logins                []string
	attributes            []string
	retention             int
	renames               bool
}

func (f *mappingFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.when, "when", "", "who has an account even without an entitlement: `CEL`")
	flags.StringArrayVar(&f.logins, "login", nil, "a login: `CEL`; again for alternatives, in order")
	flags.StringArrayVar(&f.attributes, "attribute", nil, "an attribute: `NAME=CEL`; again for more")
	flags.StringVar(&f.recipient, "recipient", "", "who is given a first credential: `manager, sponsor or owner`")
	flags.IntVar(&f.retention, "retention", 0, "after how many `days` a disabled account is deleted; 0 is never")
	flags.BoolVar(&f.renames, "renames", false, "the login follows the name")
}

// change is a mapping as the flags change it.
func (f *mappingFlags) change(cmd *cobra.Command, m lifecycle.Mapping) (lifecycle.Mapping, error) {
	given := cmd.Flags().Changed
	if given("when") {
		m.When = f.when
	}
	if given("login") {
		m.Logins = f.logins
	}
	if given("recipient") {
		m.Recipient = lifecycle.Recipient(f.recipient)
	}
	if given("retention") {
		m.Retention = f.retention
	}
	if given("renames") {
		m.Renames = f.renames
	}
	if given("attribute") {
		m.Attributes = map[string]string{}
		for _, text := range f.attributes {
			name, value, ok := strings.Cut(text, "=")
			if !ok {
				return m, fmt.Errorf("%w: --attribute %q is not NAME=CEL", errUsage, text)
			}
			m.Attributes[name] = value
		}
	}
	return m, nil
}

// mappingWas is a system's mapping, or a new one that only observes.
func (a *app) mappingWas(ctx context.Context, id access.SystemID) (lifecycle.Mapping, error) {
	list, err := a.lifecycle().Mappings(ctx)
	if i := slices.IndexFunc(list, func(m lifecycle.Mapping) bool { return m.System == id }); i >= 0 {
		return list[i], err
	}
	return lifecycle.Mapping{System: id}, err
}

// mappedAnswer is the answer of 'writ mapping try'.
type mappedAnswer struct{ lifecycle.Mapped }

func (s *mappedAnswer) tables() []table {
	t := table{
		title: fmt.Sprintf("people who need an account in %s: %s; without one yet: %s; it fails for: %s", s.System.Name,
			count(int64(s.Needing)), count(int64(s.New)), count(int64(s.Failing))),
		header: []string{"person", "login", "attributes", "new", "first credential to"},
	}
	for _, m := range s.First {
		var attributes []string
		for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
			attributes = append(attributes, name+"="+m.Attributes[name])
		}
		fresh, to := "", ""
		if m.New {
			fresh = "new"
		}
		if m.Recipient != nil {
			to = m.Recipient.Name
		}
		t.rows = append(t.rows, []string{m.Identity.Name, m.Login, strings.Join(attributes, "; "), fresh, to})
	}
	if len(t.rows) == 0 {
		t.header = nil
	}
	if len(s.Fails) == 0 {
		return []table{t}
	}
	fails := table{title: "for these it fails, and nothing changes", header: []string{"person", "number", "problem"}}
	for _, f := range s.Fails {
		fails.rows = append(fails.rows, []string{f.Identity.Name, f.Identity.Number, f.Problem})
	}
	return []table{t, fails}
}

func (a *app) mappingTryCommand() *cobra.Command {
	var f mappingFlags
	var who string
	cmd := &cobra.Command{
		Use:     "try SYSTEM [--identity PERSON] [--when CEL] [--login CEL]...",
		Short:   "Which accounts a mapping comes to, as it is or changed like this, and for whom it fails",
		Example: "  writ mapping try directory --identity ana.sol@example.com",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.resolveSystem(ctx, args[0])
			if err != nil {
				return err
			}
			was, err := a.mappingWas(ctx, id)
			if err != nil {
				return err
			}
			m, err := f.change(cmd, was)
			if err != nil {
				return err
			}
			var one access.IdentityID
			if who != "" {
				if one, err = a.inventory().ResolveIdentity(ctx, who); err != nil {
					return err
				}
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			mapped, err := a.lifecycle().TryMapping(ctx, m, one)
			if err != nil {
				return err
			}
			return a.print(&mappedAnswer{mapped})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&who, "identity", "", "only the account of this `person`")
	return cmd
}

func (a *app) mappingSetCommand() *cobra.Command {
	var f mappingFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "set SYSTEM [--login CEL]... [--attribute NAME=CEL]... [--mode observe|enforce] --reason TEXT",
		Short: "Keep a system's mapping, or change it: what is not named stays",
		Example: `  writ mapping set directory --when 'identity.kind == "human"' --login 'identity.name.words().join(".")' --attribute 'mail=account.login + "@example.com"' --recipient manager --retention 90 --reason 'agreed with IT'
  writ mapping set directory --mode enforce --reason 'tried on Monday'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.resolveSystem(ctx, args[0])
			if err != nil {
				return err
			}
			was, err := a.mappingWas(ctx, id)
			if err != nil {
				return err
			}
			m, err := f.change(cmd, was)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("mode") {
				if m.Mode, err = policy.ParseMode(f.mode); err != nil {
					return fmt.Errorf("%w: %w", errUsage, err)
				}
			}
			if err := a.lifecycle().SetMapping(ctx, m, reason); err != nil {
				return err
			}
			if _, _, err := a.reconcile(ctx); err != nil {
				return err
			}
			return a.printMapping(ctx, id)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.mode, "mode", "", "`observe or enforce`; a new one observes")
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

// mappingRemoved is the answer of 'writ mapping remove'.
type mappingRemoved struct {
	System access.SystemID `json:"system"`
	Reason string          `json:"reason"`
	name   string
}

func (s *mappingRemoved) tables() []table {
	return []table{{title: fmt.Sprintf("%s has no mapping any more; the accounts stay as they are", s.name)}}
}

func (a *app) mappingRemoveCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "remove SYSTEM --reason TEXT", Short: "Remove a system's mapping; the accounts stay as they are", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.resolveSystem(ctx, args[0])
			if err != nil {
				return err
			}
			if err := a.lifecycle().RemoveMapping(ctx, id, 0, reason); err != nil {
				return err
			}
			return a.print(&mappingRemoved{id, reason, args[0]})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}
