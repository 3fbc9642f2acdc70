package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/inventory"
)

// systemsAnswer is the answer of 'writ system list'.
type systemsAnswer struct {
	At      access.Time    `json:"-"` // when it was asked
	Systems []listedSystem `json:"systems"`
}

type listedSystem struct {
	ID access.SystemID `json:"id"`
	systemLine
	Environment access.Environment `json:"environment,omitempty"`
	Criticality access.Criticality `json:"criticality,omitempty"`
	Stage       inventory.Stage    `json:"stage"`
	NextAt      access.Time        `json:"next_at,omitzero"` // when a server reads it
}

func (s *systemsAnswer) tables() []table {
	t := table{header: []string{"system", "kind", "environment", "criticality", "accounts", "grants", "read", "next", "state"}, right: []int{4, 5}}
	for _, y := range s.Systems {
		state := "good"
		switch {
		case y.Stage != inventory.Active:
			state = string(y.Stage)
		case y.SyncedAt == 0 && len(y.Errors) > 0:
			state = "FAILED: " + y.Errors[0]
		case len(y.Errors) > 0:
			state = "stale: " + age(s.At, y.SyncedAt) + " old; FAILED: " + y.Errors[0]
		case y.SyncedAt == 0:
			state = "never read"
		case y.Stale:
			state = "stale: " + age(s.At, y.SyncedAt) + " old"
		}
		t.rows = append(t.rows, []string{y.Name, y.Kind, string(y.Environment), string(y.Criticality), count(y.Accounts), count(y.Grants), moment(y.SyncedAt), moment(y.NextAt), state})
	}
	return []table{t}
}

func moment(t access.Time) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format("2006-01-02 15:04")
}

// age is how long ago something was, in the largest unit that says it.
func age(at, was access.Time) string {
	d := at.Time().Sub(was.Time())
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " hours"
	case d >= 2*time.Minute:
		return strconv.Itoa(int(d/time.Minute)) + " minutes"
	}
	return strconv.Itoa(int(max(d, 0)/time.Second)) + " seconds"
}

func (a *app) systemCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "system", Short: "Systems: add, change, show, test, sync, list", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(a.systemAddCommand(), a.systemSetCommand(), a.systemShowCommand(), a.systemTestCommand(), a.systemDryRunCommand(), a.systemSyncCommand(), a.systemListCommand())
	return cmd
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func (a *app) systemAddCommand() *cobra.Command {
	var f systemFlags
	cmd := &cobra.Command{
		Use:   "add [NAME=]KIND=ADDRESS",
		Short: "Keep a system, to be read by 'writ system sync'",
		Long: `Keep a system, to be read by 'writ system sync'.

A credential that is typed (prompt) or piped in (stdin: its first line, or a whole
key) is kept sealed under the node's key. Of env:VARIABLE and file:PATH only that is
kept, and each sync reads it there.`,
		Example: `  writ system add payroll=postgres=postgres://auditor@db1/postgres \
      --credential payroll=env:PAYROLL_PASSWORD --option payroll.criticality=control`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.systems = args
			targets, err := plan{systems: f}.targets()
			if err != nil {
				return err
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := a.inventory().System(ctx, targets[0].flag.name); err == nil {
				return inventory.ErrNameTaken.With("there is already a system called %q", targets[0].flag.name)
			}
			t := &targets[0].flag
			if t.credential, targets[0].secret, err = a.keptCredential(t.name, t.credential); err != nil {
				return err
			}
			id, err := a.addTarget(ctx, targets[0])
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			return a.print(&addedAnswer{ID: id.Ref(), Name: targets[0].flag.name, Next: "writ system sync " + targets[0].flag.name})
		},
	}
	cmd.Flags().StringArrayVar(&f.credentials, "credential", nil, "`NAME=prompt`, NAME=stdin, NAME=env:VARIABLE or NAME=file:PATH")
	cmd.Flags().StringArrayVar(&f.options, "option", nil, "`NAME.KEY=VALUE`: something to know about the system")
	return cmd
}

// addedAnswer says what was added and what to do next.
type addedAnswer struct {
	ID   access.Ref `json:"id"`
	Name string     `json:"name"`
	Next string     `json:"next"`
}

func (s *addedAnswer) tables() []table {
	return []table{{title: fmt.Sprintf("added %s %s (%s)", s.ID.Kind, s.Name, s.ID), note: "  next: " + s.Next}}
}

// syncAnswer is what a sync did.
type syncAnswer struct {
	Revision access.Rev `json:"revision"`
	Synced   []syncLine `json:"synced"`
}

type syncLine struct {
	Name string `json:"name"`
	inventory.Report
	Error string `json:"error,omitempty"`
}

func (s *syncAnswer) tables() []table {
	t := table{header: []string{"name", "identities", "accounts", "entitlements", "grants", "changed", "removed", "rejected", "state"}, right: []int{1, 2, 3, 4, 5, 6, 7}}
	for _, l := range s.Synced {
		state := l.reading()
		c := l.Counts
		t.rows = append(t.rows, []string{l.Name, count(c.Identities), count(c.Accounts), count(c.Entitlements), count(c.Grants), count(l.Changed), count(l.Removed), count(c.Rejected), state})
	}
	return []table{t}
}

// reading says how something was read.
func (l syncLine) reading() string {
	text := "read"
	switch {
	case l.Error != "":
		return "FAILED: " + l.Error
	case l.Reading == inventory.Changes:
		text = "changes read"
	case l.Because != "":
		text = "read completely: " + l.Because
	}
	if l.OutOfSight > 0 {
		text += ", " + count(l.OutOfSight) + " out of sight"
	}
	return text
}

func (a *app) systemSyncCommand() *cobra.Command {
	var o inventory.SyncOptions
	cmd := &cobra.Command{
		Use:   "sync [SYSTEM...]",
		Short: "Read systems, all of them without a name, and compute what follows",
		Long: `Read systems, all of them without a name, and compute what follows.

Of a system that tells what changed since the last sync only that is read, and all of
it once a week. What still is, but not where the sync looks, stays as it was known
until it is deleted, or until a sync with --accept-removals lets go of it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			var list []inventory.System
			if len(args) == 0 {
				if list, err = a.inventory().Systems(ctx); err != nil {
					return err
				}
				list = slices.DeleteFunc(list, func(y inventory.System) bool { return y.StageAt(a.now()) != inventory.Active })
			}
			for _, name := range args {
				y, err := a.inventory().System(ctx, name)
				if err != nil {
					return err
				}
				list = append(list, y)
			}
			ans := &syncAnswer{Synced: []syncLine{}}
			var failed []error
			for _, y := range list {
				r, err := a.inventory().SyncSystem(ctx, y.ID, o)
				failed = append(failed, ans.add(y.Name, r, err))
				a.report(y.Name, r)
			}
			return a.synced(ctx, ans, failed)
		},
	}
	cmd.Flags().BoolVar(&o.AcceptRemovals, "accept-removals", false, "let the sync remove as much as it finds gone or out of sight")
	cmd.Flags().BoolVar(&o.Full, "full", false, "read all, also where the system tells what changed")
	return cmd
}

func (s *syncAnswer) add(name string, r inventory.Report, err error) error {
	l := syncLine{Name: name, Report: r}
	if err != nil {
		l.Error = err.Error()
	}
	s.Synced = append(s.Synced, l)
	return err
}

func (a *app) synced(ctx context.Context, ans *syncAnswer, failed []error) error {
	if _, err := a.refresh(ctx); err != nil {
		return errors.Join(append(failed, err)...)
	}
	ans.Revision = a.revision()
	return errors.Join(a.print(ans), errors.Join(failed...))
}

func (a *app) systemListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The systems, when they were read, and how it went",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, lines, err := a.systems(ctx)
			if err != nil {
				return err
			}
			ans := &systemsAnswer{At: access.TimeOf(a.now()), Systems: []listedSystem{}}
			due, err := a.inventory().DueList(ctx)
			if err != nil {
				return err
			}
			next := map[access.Ref]access.Time{}
			for _, d := range due {
				next[d.On] = access.TimeOf(d.At)
			}
			for i, y := range list {
				ans.Systems = append(ans.Systems, listedSystem{y.ID, lines[i], y.Environment, y.Criticality, y.StageAt(a.now()), next[y.ID.Ref()]})
			}
			return a.print(ans)
		},
	}
}

// sourcesAnswer is the answer of 'writ source list'.
type sourcesAnswer struct {
	Sources []inventory.Source `json:"sources"`
}

func (s *sourcesAnswer) tables() []table {
	t := table{header: []string{"source", "kind", "precedence", "identities", "rejected", "read", "state"}, right: []int{2, 3, 4}}
	for _, y := range s.Sources {
		state := "good"
		switch {
		case y.State.Failed > y.State.Synced:
			state = "FAILED: " + y.State.Error
		case y.State.Synced == 0:
			state = "never read"
		}
		t.rows = append(t.rows, []string{y.Name, y.Kind, count(int64(y.Precedence)), count(y.State.Counts.Identities), count(y.State.Counts.Rejected), moment(y.State.Synced), state})
	}
	return []table{t}
}

func (a *app) sourceCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "source", Short: "Sources of identities: add, change, sync, list", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(a.sourceAddCommand(), a.sourceSetCommand(), a.sourceSyncCommand(), &cobra.Command{
		Use: "list", Short: "The sources, when they were read, and how it went", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			list, err := a.inventory().Sources(ctx)
			if err != nil {
				return err
			}
			if list == nil {
				list = []inventory.Source{}
			}
			return a.print(&sourcesAnswer{list})
		},
	})
	return cmd
}

func (a *app) sourceAddCommand() *cobra.Command {
	var options []string
	var precedence int
	cmd := &cobra.Command{
		Use:     "add NAME FILE",
		Short:   "Keep an HR file as a source, to be read by 'writ source sync'",
		Example: "  writ source add hr people.csv --option column.number=PERNR --option encoding=windows-1252",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := absolute(csv.Kind, args[1])
			if err != nil {
				return err
			}
			src := inventory.Source{Name: args[0], Kind: csv.Kind, Precedence: precedence, Config: inventory.Config{Address: address, Options: map[string]string{}}}
			if err := eachSetting(options, "--option KEY=VALUE", func(k, v string) error { src.Config.Options[k] = v; return nil }); err != nil {
				return err
			}
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.inventory().AddSource(ctx, src)
			if err != nil {
				return err
			}
			if _, err := a.db.Sequence(ctx); err != nil {
				return err
			}
			return a.print(&addedAnswer{ID: id.Ref(), Name: src.Name, Next: "writ source sync " + src.Name})
		},
	}
	cmd.Flags().StringArrayVar(&options, "option", nil, "`KEY=VALUE`: encoding, delimiter, column.ATTRIBUTE")
	cmd.Flags().IntVar(&precedence, "precedence", 100, "the lowest wins, attribute by attribute")
	return cmd
}

func (a *app) sourceSyncCommand() *cobra.Command {
	var o inventory.SyncOptions
	cmd := &cobra.Command{
		Use:   "sync [SOURCE...]",
		Short: "Read sources, all of them without a name, and compute what follows",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			var list []inventory.Source
			if len(args) == 0 {
				if list, err = a.inventory().Sources(ctx); err != nil {
					return err
				}
				list = slices.DeleteFunc(list, func(x inventory.Source) bool { return x.StageAt(a.now()) != inventory.Active })
			}
			for _, name := range args {
				src, err := a.inventory().Source(ctx, name)
				if err != nil {
					return err
				}
				list = append(list, src)
			}
			ans := &syncAnswer{Synced: []syncLine{}}
			var failed []error
			for _, src := range list {
				r, err := a.inventory().SyncSource(ctx, src.ID, o)
				failed = append(failed, ans.add(src.Name, r, err))
				a.report(src.Name, r)
			}
			return a.synced(ctx, ans, failed)
		},
	}
	cmd.Flags().BoolVar(&o.AcceptRemovals, "accept-removals", false, "let the sync end as many people as it finds gone")
	return cmd
}
