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
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/inventory"
)

// systemShowAnswer is the answer of 'writ system show'. It holds no secret: a
// credential is how it is kept.
type systemShowAnswer struct {
	ID             access.SystemID    `json:"id"`
	Name           string             `json:"name"`
	Kind           string             `json:"kind"`
	Connector      string             `json:"connector"`
	Address        string             `json:"address"`
	Options        map[string]string  `json:"options"`
	Credential     string             `json:"credential,omitempty"`
	Scope          *ask.Shown         `json:"scope,omitempty"` // none is the organisation as a whole
	Environment    access.Environment `json:"environment,omitempty"`
	Criticality    access.Criticality `json:"criticality,omitempty"`
	DataClass      access.DataClass   `json:"data_class,omitempty"`
	BusinessOwner  *ask.Shown         `json:"business_owner"`
	TechnicalOwner *ask.Shown         `json:"technical_owner"`
	RunsOn         *ask.Shown         `json:"runs_on"`
	WorstTier      access.Tier        `json:"worst_tier"`
	Cycle          string             `json:"cycle"`     // in force
	CycleSet       bool               `json:"cycle_set"` // by somebody, not by the worst tier
	Stage          inventory.Stage    `json:"stage"`
	Every          string             `json:"every"`     // how often a server reads it
	EverySet       bool               `json:"every_set"` // by somebody, not by the cycle
	Hours          string             `json:"hours,omitempty"`
	PausedUntil    access.Time        `json:"paused_until,omitzero"`
	PausedReason   string             `json:"paused_reason,omitempty"`
	SyncedAt       access.Time        `json:"synced_at,omitzero"`
	FailedAt       access.Time        `json:"failed_at,omitzero"`
	BaselineAt     access.Time        `json:"baseline_at,omitzero"`
	Stale          bool               `json:"stale"`
	State          string             `json:"state"`
	Error          string             `json:"error,omitempty"`
	Warnings       []string           `json:"warnings"`
	Counts         inventory.Counts   `json:"counts"`
}

func (a *app) systemShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show SYSTEM",
		Short:   "Everything that is kept about a system, and how its last sync went",
		Example: "  writ system show payroll",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			y, err := a.inventory().System(ctx, args[0])
			if err != nil {
				return err
			}
			ans, err := a.showSystem(ctx, y)
			if err != nil {
				return err
			}
			return a.print(ans)
		},
	}
}

func (a *app) showSystem(ctx context.Context, y inventory.System) (*systemShowAnswer, error) {
	worst, err := a.db.Inventory().WorstTiers(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading tiers: %w", err)
	}
	tier, ok := worst[y.ID]
	if !ok {
		tier = access.Tier3 // it gives nothing yet
	}
	owner, technical, host, scope := y.BusinessOwner.Ref(), y.TechnicalOwner.Ref(), y.RunsOn.Ref(), y.Scope.Ref()
	name, err := a.named(ctx, []access.Ref{owner, technical, host, scope})
	if err != nil {
		return nil, err
	}
	who := func(r access.Ref) *ask.Shown {
		if r.Key == 0 {
			return nil
		}
		n := name(r)
		return &n
	}
	ans := &systemShowAnswer{
		ID: y.ID, Name: y.Name, Kind: y.Kind, Connector: connectorOf(y), Address: y.Config.Address, Options: y.Config.Options, Credential: y.Config.Credential,
		Scope: who(scope), Environment: y.Environment, Criticality: y.Criticality, DataClass: y.DataClass, BusinessOwner: who(owner), TechnicalOwner: who(technical), RunsOn: who(host),
		WorstTier: tier, Cycle: plainDuration(tier.Cycle(y.Cycle)), CycleSet: y.Cycle != 0,
		SyncedAt: y.State.Synced, FailedAt: y.State.Failed, BaselineAt: y.State.Baseline, Error: y.State.Error, Warnings: y.State.Warnings, Counts: y.State.Counts,
		Stale: y.State.Stale(a.now(), tier.Cycle(y.Cycle)),
	}
	ans.Stage, ans.Every, ans.EverySet, ans.Hours = y.StageAt(a.now()), plainDuration(y.Period(tier.Cycle(y.Cycle))), y.Every != 0, y.Hours.String()
	if ans.State = stateOf(y.State, ans.Stale); ans.Stage != inventory.Active {
		ans.State = string(ans.Stage)
	}
	if ans.Stage == inventory.Maintenance {
		ans.PausedUntil, ans.PausedReason = y.PausedUntil, y.PausedReason
	}
	if ans.Options == nil {
		ans.Options = map[string]string{}
	}
	if ans.Warnings == nil {
		ans.Warnings = []string{}
	}
	return ans, nil
}

func stateOf(s inventory.State, stale bool) string {
	switch {
	case s.Failed > s.Synced:
		return "failed"
	case s.Synced == 0:
		return "never read"
	case stale:
		return "stale"
	}
	return "good"
}

// plainDuration writes 15m0s as 15m and 24h0m0s as 24h.
func plainDuration(d time.Duration) string { return inventory.Period(d).String() }

func (s *systemShowAnswer) tables() []table {
	t := table{title: fmt.Sprintf("system %s (%s)", s.Name, s.ID), header: []string{"what", "value"}}
	add := func(what, value string) {
		if value != "" {
			t.rows = append(t.rows, []string{what, value})
		}
	}
	who := func(n *ask.Shown) string {
		if n == nil {
			return ""
		}
		return n.Name
	}
	cycle := s.Cycle + " (by its worst tier, " + tierName(s.WorstTier) + ")"
	if s.CycleSet {
		cycle = s.Cycle
	}
	add("kind", s.Kind)
	if s.Connector != s.Kind {
		add("connector", s.Connector)
	}
	add("address", s.Address)
	add("credential", s.Credential)
	add("scope", who(s.Scope))
	add("environment", string(s.Environment))
	add("criticality", string(s.Criticality))
	add("data class", string(s.DataClass))
	add("business owner", who(s.BusinessOwner))
	add("technical owner", who(s.TechnicalOwner))
	add("runs on", who(s.RunsOn))
	for _, key := range slices.Sorted(maps.Keys(s.Options)) {
		add("option "+key, s.Options[key])
	}
	add("cycle", cycle)
	every := s.Every + " (by its cycle)"
	if s.EverySet {
		every = s.Every
	}
	add("every", every)
	add("hours", s.Hours)
	add("state", s.State)
	if s.PausedUntil != 0 {
		add("until", moment(s.PausedUntil)+": "+s.PausedReason)
	}
	add("read", moment(s.SyncedAt))
	add("baseline", moment(s.BaselineAt))
	add("failed", moment(s.FailedAt))
	add("accounts", count(s.Counts.Accounts))
	add("entitlements", count(s.Counts.Entitlements))
	add("grants", count(s.Counts.Grants))
	add("rejected rows", count(s.Counts.Rejected))
	var notes []string
	if s.Error != "" {
		notes = append(notes, "  last error: "+printable(s.Error))
	}
	for _, w := range s.Warnings {
		notes = append(notes, "  warning: "+printable(w))
	}
	t.note = strings.Join(notes, "\n")
	return []table{t}
}
