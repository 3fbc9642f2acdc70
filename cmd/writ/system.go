package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
)

// systemChange is what 'writ system set' was told.
type systemChange struct {
	options             []string
	credential, address string
	scope               string
	cycle               time.Duration
	plan                planFlags
	has                 func(flag string) bool
}

// systemSetAnswer is the answer of 'writ system set'.
type systemSetAnswer struct {
	Revision access.Rev      `json:"revision"`
	ID       access.SystemID `json:"id"`
	Name     string          `json:"name"`
	Changed  []string        `json:"changed"` // keys, never values
	Next     string          `json:"next,omitempty"`
}

func (s *systemSetAnswer) tables() []table {
	if len(s.Changed) == 0 {
		return []table{{title: fmt.Sprintf("system %s is so already: nothing was changed", s.Name)}}
	}
	return []table{{title: fmt.Sprintf("changed %s of system %s", strings.Join(s.Changed, ", "), s.Name), note: "  next: " + s.Next}}
}

func (a *app) systemSetCommand() *cobra.Command {
	var c systemChange
	cmd := &cobra.Command{
		Use:   "set SYSTEM [--option KEY=VALUE]... [--credential FORM] [--address ADDRESS] [--cycle TIME] [--every TIME]",
		Short: "Change what is kept about a system",
		Long: `Change what is kept about a system; what is not named stays.

Options are those of 'writ system add': ` + strings.Join(slices.Sorted(maps.Keys(aboutOptions)), ", ") + `,
and the connector's own. An empty value takes one back. A sealed credential is never
sent to a new address, nor with other options of the connector: give it again with them.`,
		Example: `  writ system set payroll --option criticality=control --option business_owner=1017
  writ system set payroll --address postgres://auditor@db2/postgres --credential prompt
  writ system set payroll --maintenance-until 4h --reason 'the cluster is upgraded'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.has = cmd.Flags().Changed
			if err := c.check(); err != nil {
				return err
			}
			ctx, err := a.openGraph(cmd.Context())
			if err != nil {
				return err
			}
			ans, err := a.setSystem(ctx, args[0], c)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
	cmd.Flags().StringArrayVar(&c.options, "option", nil, "`KEY=VALUE`: something to know about the system")
	cmd.Flags().StringVar(&c.credential, "credential", "", "`FORM`: "+keptForms+", or vault:SAFE/SECRET, a secret of an account there; empty for none")
	cmd.Flags().StringVar(&c.address, "address", "", "where it is now")
	cmd.Flags().StringVar(&c.scope, "scope", "", "the `scope` that it belongs to, as 'writ scope list' shows it; empty is the organisation as a whole")
	cmd.Flags().DurationVar(&c.cycle, "cycle", 0, "how old what is known of it may be, as in 15m; 0 goes by its worst tier")
	c.plan.register(cmd.Flags())
	return cmd
}

// check refuses what no system could be changed to.
func (c systemChange) check() error {
	switch {
	case !slices.ContainsFunc(append([]string{"option", "credential", "address", "scope", "cycle"}, planFlagNames...), c.has):
		return fmt.Errorf("%w: say what to change: --option, --credential, --address, --scope, --cycle, --every, --hours, --stage or --maintenance-until", errUsage)
	case c.has("address") && c.address == "":
		return fmt.Errorf("%w: --address needs an address", errUsage)
	case c.cycle < 0:
		return fmt.Errorf("%w: --cycle is a time such as 15m", errUsage)
	}
	return refusePassword(c.address)
}

func (a *app) setSystem(ctx context.Context, name string, c systemChange) (*systemSetAnswer, error) {
	was, err := a.inventory().System(ctx, name)
	if err != nil {
		return nil, err
	}
	is := was
	is.Config.Options = maps.Clone(was.Config.Options)
	if err := a.setOptions(ctx, &is, c.options); err != nil {
		return nil, err
	}
	if c.has("address") {
		if is.Config.Address, err = absolute(connectorOf(is), c.address); err != nil {
			return nil, err
		}
	}
	if c.has("scope") {
		if is.Scope, err = a.scopeID(ctx, c.scope); err != nil {
			return nil, err
		}
	}
	if c.has("cycle") {
		is.Cycle = c.cycle
	}
	if is.Plan, err = c.plan.apply(is.Plan, c.has, a.now()); err != nil {
		return nil, err
	}
	var sealed *secret.Secret
	if c.has("credential") {
		if strings.HasPrefix(c.credential, inventory.Vaulted) {
			is.Config.Credential, err = a.vaultReference(ctx, was, c.credential)
		} else {
			is.Config.Credential, sealed, err = a.keptCredential(was.Name, c.credential)
		}
		if err != nil {
			return nil, err
		}
	}
	ans := &systemSetAnswer{ID: was.ID, Name: was.Name, Changed: differences(was, is, sealed != nil)}
	if len(ans.Changed) > 0 {
		if err := a.inventory().UpdateSystem(ctx, is, sealed); err != nil {
			return nil, err
		}
		if ans.Next = "writ system sync " + ans.Name; is.StageAt(a.now()) != inventory.Active {
			ans.Next = "writ system set " + ans.Name + " --stage active, when it may be read again"
		}
		if _, err := a.refresh(ctx); err != nil {
			return nil, err
		}
	}
	ans.Revision = a.revision()
	return ans, nil
}

// setOptions applies KEY=VALUE settings: what Writ knows about a system, else what
// its connector is told.
func (a *app) setOptions(ctx context.Context, y *inventory.System, settings []string) error {
	spec, ok := connectors[connectorOf(*y)]
	if !ok {
		return inventory.ErrUnknownKind.With("this Writ cannot read systems of kind %q", connectorOf(*y))
	}
	return eachSetting(settings, "--option KEY=VALUE", func(key, value string) error {
		if _, about := aboutOptions[key]; about {
			return a.setAbout(ctx, y, key, value)
		}
		if !slices.ContainsFunc(spec.Options, func(o connector.Option) bool { return o.Fits(key) }) {
			return errSystemFlag.With("--option %s is not known for %s; there are: %s", key, y.Name, strings.Join(optionsOf(spec), ", "))
		}
		if y.Config.Options == nil {
			y.Config.Options = map[string]string{}
		}
		if y.Config.Options[key] = value; value == "" {
			delete(y.Config.Options, key)
		}
		return nil
	})
}

// setAbout sets what the system cannot say itself. Owners are named by number or
// id, a host by name or id.
func (a *app) setAbout(ctx context.Context, y *inventory.System, key, value string) (err error) {
	switch key {
	case "environment":
		y.Environment = access.Environment(value)
	case "criticality":
		y.Criticality = access.Criticality(value)
	case "data_class":
		y.DataClass = access.DataClass(value)
	case "business_owner", "technical_owner":
		owner := &y.BusinessOwner
		if key == "technical_owner" {
			owner = &y.TechnicalOwner
		}
		if *owner = 0; value != "" {
			*owner, err = a.inventory().ResolveIdentity(ctx, value)
		}
	case "runs_on":
		if y.RunsOn = 0; value != "" {
			var host inventory.System
			host, err = a.inventory().System(ctx, value)
			y.RunsOn = host.ID
		}
	}
	if err != nil {
		return fmt.Errorf("%s of %s: %w", key, y.Name, err)
	}
	return nil
}

func optionsOf(spec connector.Spec) []string {
	list := slices.Collect(maps.Keys(aboutOptions))
	for _, o := range spec.Options {
		list = append(list, o.Name)
	}
	slices.Sort(list)
	return list
}

func connectorOf(y inventory.System) string {
	if y.Connector != "" {
		return y.Connector
	}
	return y.Kind
}

// differences are the keys that two versions of a system differ in; a credential
// that was given anew counts.
func differences(was, is inventory.System, sealed bool) []string {
	before, after := settingsOf(was), settingsOf(is)
	changed := []string{}
	for key := range after {
		if _, had := before[key]; !had {
			before[key] = ""
		}
	}
	for key, value := range before {
		if after[key] != value || (key == "credential" && sealed) {
			changed = append(changed, key)
		}
	}
	slices.Sort(changed)
	return changed
}

func settingsOf(y inventory.System) map[string]string {
	m := map[string]string{
		"environment": string(y.Environment), "criticality": string(y.Criticality), "data_class": string(y.DataClass),
		"business_owner": y.BusinessOwner.String(), "technical_owner": y.TechnicalOwner.String(), "runs_on": y.RunsOn.String(), "scope": y.Scope.String(),
		"address": y.Config.Address, "credential": y.Config.Credential, "cycle": y.Cycle.String(),
		"stage": string(y.Stage), "every": y.Every.String(), "hours": y.Hours.String(), "maintenance": fmt.Sprint(y.PausedUntil, y.PausedReason),
	}
	maps.Copy(m, y.Config.Options)
	return m
}
