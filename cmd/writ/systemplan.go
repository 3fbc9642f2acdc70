package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// planFlags say when something is read; every command that changes it takes the same.
type planFlags struct {
	stage, every, hours, until, reason string
}

var planFlagNames = []string{"stage", "every", "hours", "maintenance-until", "reason"}

func (f *planFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.stage, "stage", "", "`active` ends its being a draft, or its maintenance")
	flags.StringVar(&f.every, "every", "", "`TIME`: how often a server reads it, as in 15m; empty goes by its cycle")
	flags.StringVar(&f.hours, "hours", "", "`HOURS` of the day in which a server reads it, as in '22:00-06:00 Europe/Berlin'; empty is any")
	flags.StringVar(&f.until, "maintenance-until", "", "`TIME` until which it is not read, as in 2026-03-01T18:00:00Z or 4h")
	flags.StringVar(&f.reason, "reason", "", "why it is in maintenance")
}

// apply changes a plan by the flags that were given.
func (f *planFlags) apply(p inventory.Plan, has func(flag string) bool, now time.Time) (inventory.Plan, error) {
	if has("every") {
		if p.Every = 0; f.every != "" {
			if err := p.Every.UnmarshalText([]byte(f.every)); err != nil {
				return p, err
			}
		}
	}
	if has("hours") {
		if err := p.Hours.UnmarshalText([]byte(f.hours)); err != nil {
			return p, err
		}
	}
	switch {
	case has("maintenance-until"):
		until, err := f.end(now)
		if err != nil {
			return p, err
		}
		return p.Paused(until, f.reason), nil
	case has("reason"):
		return p, fmt.Errorf("%w: --reason goes with --maintenance-until", errUsage)
	case has("stage") && f.stage != string(inventory.Active):
		return p, fmt.Errorf("%w: --stage is active; --maintenance-until begins a maintenance", errUsage)
	case has("stage"):
		return p.Resumed(), nil
	}
	return p, nil
}

// end is the end of a maintenance: a time, or one from now on.
func (f *planFlags) end(now time.Time) (access.Time, error) {
	if d, err := time.ParseDuration(f.until); err == nil && d > 0 {
		return access.TimeOf(now.Add(d)), nil
	}
	at, err := time.Parse(time.RFC3339, f.until)
	if err != nil || !at.After(now) {
		return 0, fmt.Errorf("%w: --maintenance-until is a time to come, as in 2026-03-01T18:00:00Z or 4h", errUsage)
	}
	return access.TimeOf(at), nil
}
