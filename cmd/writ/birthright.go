package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// birthrightsAnswer is the answer of 'writ birthright list'.
type birthrightsAnswer struct {
	Rules []birthrightLine `json:"rules"`
}

// birthrightLine is one rule, with what it gives by name.
type birthrightLine struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Mode        policy.Mode    `json:"mode"`
	When        string         `json:"when"`
	Gives       []access.Named `json:"gives"`
	Chooses     []chosenRole   `json:"chooses"`
	Grace       int            `json:"grace_days"`
}

func (s *birthrightsAnswer) tables() []table {
	t := table{header: []string{"rule", "mode", "when", "gives", "grace days"}, right: []int{4}}
	for _, r := range s.Rules {
		t.rows = append(t.rows, []string{r.Name, r.Mode.String(), r.When, r.given(), count(int64(r.Grace))})
	}
	if len(s.Rules) == 0 {
		t.note = "  none: 'writ birthright add' keeps one"
	}
	return []table{t}
}

// given is what a rule gives, in words.
func (r birthrightLine) given() string {
	var words []string
	for _, c := range r.Chooses {
		words = append(words, c.words())
	}
	if len(r.Gives) > 0 {
		words = append(words, listed(r.Gives))
	}
	return strings.Join(words, "; ")
}

// chosenRole is a parametric role of which a rule gives everybody the variants that fit them.
type chosenRole struct {
	Role access.Named      `json:"role"`
	With map[string]string `json:"with,omitempty"`
	From map[string]string `json:"from,omitempty"`
}

// words say where the values of its parameters come from.
func (c chosenRole) words() string {
	var said []string
	for _, name := range slices.Sorted(maps.Keys(c.With)) {
		said = append(said, name+"="+c.With[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.From)) {
		said = append(said, name+" from "+c.From[name])
	}
	if len(said) == 0 {
		return c.Role.Name + ", as the role says"
	}
	return c.Role.Name + " with " + strings.Join(said, ", ")
}

// listed names the first few of a list.
func listed(list []access.Named) string {
	const most = 4
	var words []string
	for _, n := range list[:min(len(list), most)] {
		words = append(words, pathOf(n))
	}
	if more := len(list) - most; more > 0 {
		words = append(words, fmt.Sprintf("%s more", count(int64(more))))
	}
	return strings.Join(words, ", ")
}

// pathOf is how a command names an object.
func pathOf(n access.Named) string {
	if n.System != "" && n.Type != access.KindSystem.String() {
		return n.System + "/" + n.Name
	}
	return n.Name
}

func (a *app) birthrightLines(ctx context.Context, rules []lifecycle.Rule) ([]birthrightLine, error) {
	var refs []access.Ref
	for _, r := range rules {
		refs = append(refs, givenBy(r)...)
		for _, c := range r.Choices {
			refs = append(refs, c.Role.Ref())
		}
	}
	labels, err := a.db.Inventory().Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	lines := []birthrightLine{}
	for _, r := range rules {
		line := birthrightLine{Name: r.Name, Description: r.Description, Mode: r.Mode, When: r.When, Grace: r.Grace, Gives: []access.Named{}, Chooses: []chosenRole{}}
		for _, c := range r.Choices {
			line.Chooses = append(line.Chooses, chosenRole{labels[c.Role.Ref()].Named(c.Role.Ref()), c.With, c.From})
		}
		for _, ref := range givenBy(r) {
			line.Gives = append(line.Gives, labels[ref].Named(ref))
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func givenBy(r lifecycle.Rule) (refs []access.Ref) {
	for _, id := range r.Roles {
		refs = append(refs, id.Ref())
	}
	for _, id := range r.Entitlements {
		refs = append(refs, id.Ref())
	}
	return refs
}

func (a *app) birthrightCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "birthright", Short: "Rules by which everybody who is alike has the same access",
		Long: `Rules by which everybody who is alike has the same access. The condition of a rule is a
CEL expression over identity.kind, .state, .number, .name, .email, .login, .employer,
.unit, .title, .manager (their number), .organisation, .third_party, and what else the
sources say as identity.attributes.NAME.

A parametric role is given in the variants that fit each person: the values of its
parameters are taken from an attribute, in which semicolons separate several, or are the
same for everybody. A value that the role has no variant for gives nothing, and is shown.

A new rule only observes. 'try' shows who would gain and who would lose, and changes
nothing. Where it cannot be told whether somebody meets a rule, nothing is given to them
and nothing taken.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(
		a.birthrightListCommand(), a.birthrightShowCommand(), a.birthrightTryCommand(), a.birthrightAddCommand(),
		a.birthrightSetCommand(), a.birthrightModeCommand(), a.birthrightRemoveCommand(),
	)
	return cmd
}

func (a *app) birthrightListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The rules, what they give and whether they are enforced", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			rules, err := a.lifecycle().Rules(ctx)
			if err != nil {
				return err
			}
			lines, err := a.birthrightLines(ctx, rules)
			if err != nil {
				return err
			}
			return a.print(&birthrightsAnswer{lines})
		},
	}
}

// birthrightFlags say what a rule is to be.
type birthrightFlags struct {
	when, description   string
	roles, entitlements []string
	grace               int
	reason              string
}

func (f *birthrightFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.when, "when", "", "whom it is for: `CEL` over identity.*")
	flags.StringVar(&f.description, "description", "", "what it is for, in words")
	flags.StringArrayVar(&f.roles, "role", nil, "a `role` that it gives, by name or id, of a parametric one perhaps with its values, as 'NAME: region=identity.attributes.region, project=apollo'; again for more")
	flags.StringArrayVar(&f.entitlements, "entitlement", nil, "an `entitlement` that it gives, as SYSTEM/NAME or id; again for more")
	flags.IntVar(&f.grace, "grace", 0, "for how many `days` somebody keeps what it gave after they no longer meet it")
}

// given reports whether any of them was.
func (f *birthrightFlags) given(cmd *cobra.Command) bool {
	return slices.ContainsFunc([]string{"when", "description", "role", "entitlement", "grace"}, cmd.Flags().Changed)
}

// ruleOf is a rule as the flags change it.
func (a *app) ruleOf(ctx context.Context, cmd *cobra.Command, f *birthrightFlags, r lifecycle.Rule) (lifecycle.Rule, error) {
	given := cmd.Flags().Changed
	if given("when") {
		r.When = f.when
	}
	if given("description") {
		r.Description = f.description
	}
	if given("grace") {
		r.Grace = f.grace
	}
	if given("role") {
		if err := a.giveRoles(ctx, &r, f.roles); err != nil {
			return r, err
		}
	}
	if given("entitlement") {
		r.Entitlements = nil
		for _, text := range f.entitlements {
			id, err := a.resolveEntitlement(ctx, text)
			if err != nil {
				return r, err
			}
			r.Entitlements = append(r.Entitlements, id)
		}
	}
	return r, nil
}

// giveRoles has a rule give some roles, and variants of those that are parametric.
func (a *app) giveRoles(ctx context.Context, r *lifecycle.Rule, texts []string) error {
	roles, err := a.db.Lifecycle().Roles(ctx)
	if err != nil {
		return err
	}
	find := func(text string) (access.Role, bool) {
		i := slices.IndexFunc(roles, func(y access.Role) bool { return y.Name == text || y.ID.String() == text })
		if i < 0 {
			return access.Role{}, false
		}
		return roles[i], true
	}
	r.Roles, r.Choices = nil, nil
	for _, text := range texts {
		y, there := find(text)
		c := access.Choice{}
		if name, values, said := parametersOf(text); !there && said {
			if y, there = find(name); there {
				if c, err = choiceOf(values); err != nil {
					return err
				}
			}
		}
		switch c.Role = y.ID; {
		case !there:
			return lifecycle.ErrRuleGives.With("there is no role called %q", text)
		case len(y.Parameters) == 0 && len(c.With)+len(c.From) == 0:
			r.Roles = append(r.Roles, y.ID)
		default:
			r.Choices = append(r.Choices, c)
		}
	}
	return nil
}

// parametersOf divides "NAME: parameter=value, …".
func parametersOf(text string) (name, values string, ok bool) {
	head, _, ok := strings.Cut(text, "=")
	at := strings.LastIndex(head, ":")
	if !ok || at < 0 {
		return "", "", false
	}
	return strings.TrimSpace(text[:at]), text[at+1:], true
}

// choiceOf reads values: what is called as an attribute is one.
func choiceOf(text string) (access.Choice, error) {
	c := access.Choice{With: map[string]string{}, From: map[string]string{}}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !ok || name == "" || value == "":
			return c, fmt.Errorf("%w: %q is not PARAMETER=VALUE or PARAMETER=identity.ATTRIBUTE", errUsage, strings.TrimSpace(part))
		case strings.HasPrefix(value, "identity."):
			c.From[name] = value
		default:
			c.With[name] = value
		}
	}
	return c, nil
}
