package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

func (a *app) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Policies of your own: write, try and publish them; what one would change, before it counts",
		Long: `Policies of your own, beside those that come with Writ.

They are kept in documents, each with a name for ever. What a document is to become is a
draft; somebody who wrote none of it publishes it as the next version, and from the next
decision on it counts on every node. A policy observes until its text says
@mode("enforce"). No policy takes a guard away: what guards forbid, none can permit.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(
		a.policyListCommand(), a.policyShowCommand(), a.policySetCommand(), a.policySimulateCommand(), a.policyPublishCommand(),
		a.policyRetireCommand(), a.policyDiscardCommand(), a.policyHistoryCommand(), a.policyRescueCommand(),
	)
	return cmd
}

// simulating is what 'writ policy simulate' was told.
type simulating struct {
	name, since string
	draft       bool
	limit       int
}

func (a *app) policySimulateCommand() *cobra.Command {
	f := &simulating{}
	cmd := &cobra.Command{
		Use:   "simulate FILE | --draft NAME",
		Short: "What a policy would change for everybody, and would have refused",
		Long: `What the policies of a file would change, were they enforced beside those in force: which
decisions on everybody and everything there is, in classes that policies cannot tell
apart, and what they would have refused of what people did. - reads the standard input.
A document that is in force and has the file's name, without its ending, is replaced:
'functions' is what comes with Writ. With --draft it is the draft of a document that is
tried, in place of what is published of it. Nothing is kept and nothing changes.`,
		Example: "  writ policy simulate house.cedar --since 90d\n  writ policy simulate --draft house\n  writ policy simulate - --name functions < functions.cedar",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.simulatePolicy(cmd.Context(), args[0], f) },
	}
	cmd.Flags().StringVar(&f.name, "name", "", "`name` of the document, where it is not the file's")
	cmd.Flags().BoolVar(&f.draft, "draft", false, "NAME is a document: its draft is tried")
	cmd.Flags().StringVar(&f.since, "since", "90d", "how many `days` back what was done is looked at, as 90d")
	cmd.Flags().IntVar(&f.limit, "limit", 100, "at most `n` changes and records, 1 to 1000")
	return cmd
}

func (a *app) simulatePolicy(ctx context.Context, file string, f *simulating) error {
	period, err := daysOf(f.since)
	if err != nil {
		return err
	}
	if f.limit < 1 || f.limit > 1000 {
		return fmt.Errorf("%w: --limit must be from 1 to 1000", errUsage)
	}
	var d policy.Document
	if !f.draft {
		if d, err = a.policyFile(file, f.name); err != nil {
			return err
		}
	}
	if ctx, err = a.openGraph(ctx); err != nil {
		return err
	}
	if f.draft {
		if d, err = a.policyDraft(ctx, file); err != nil {
			return err
		}
	}
	s, err := a.simulator(ctx)
	if err != nil {
		return err
	}
	w, err := s.WhatIf(ctx, d)
	if err != nil {
		return err
	}
	now, err := a.db.Now(ctx)
	if err != nil {
		return err
	}
	from := access.TimeOf(now.Time().AddDate(0, 0, -period))
	r, err := s.Replay(ctx, d, policy.ReplayQuestion{From: from, To: now + 1, Most: f.limit})
	if err != nil {
		return err
	}
	replay, err := r.Show(ctx, a.db.Inventory(), true)
	if err != nil {
		return err
	}
	return a.print(&simulateAnswer{w.Show(f.limit), replay})
}

// policyFile reads policies, which are called as their file where nothing else is said.
func (a *app) policyFile(file, name string) (policy.Document, error) {
	text, err := a.policyText(file)
	if err != nil {
		return policy.Document{}, err
	}
	switch {
	case name != "":
	case file == "-":
		name = "stdin"
	default:
		name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	return policy.Document{Name: name, Text: text}, nil
}

// simulateAnswer is the answer of 'writ policy simulate'.
type simulateAnswer struct {
	Now     policy.SimulateShown `json:"now"`
	History policy.ReplayShown   `json:"history"`
}

// whatIfTable lists what policies change.
func whatIfTable(s policy.SimulateShown) table {
	t := table{
		title:  fmt.Sprintf("It would permit what is forbidden in %s and forbid what is permitted in %s; %s with other obligations", plural(s.Permits, "case"), strconv.Itoa(s.Forbids), strconv.Itoa(s.Other)),
		header: []string{"then", "people", "who", "action", "what", "objects", "only", "by"}, right: []int{1, 5},
		note: fmt.Sprintf("  %s tried, on %s", plural(s.Tried, "decision"), orNone(s.Actions)),
	}
	for _, c := range s.Changes {
		objects := "any"
		if c.Objects > 0 {
			objects = count(int64(c.Objects))
		}
		only := c.How
		if c.With != "" {
			only = strings.TrimPrefix(only+"; "+c.With, "; ")
		}
		t.rows = append(t.rows, []string{c.After.Effect, count(int64(c.People)), c.Who, c.Action, c.What, objects, only, deciding(c.After)})
	}
	return t
}

func (s *simulateAnswer) tables() []table {
	t, h := whatIfTable(s.Now), s.History
	past := table{
		title:  fmt.Sprintf("Of %s that people made since %s it would have refused %d", plural(h.Decided, "change"), day(h.From), h.Refused),
		header: []string{"record", "at", "who", "action", "object", "by"}, right: []int{0},
		note: "  only changes are recorded, not what was read",
	}
	if h.Obliged > 0 {
		past.note += fmt.Sprintf("\n  %s would have taken more: a reason, a second factor, an approval", plural(h.Obliged, "change"))
	}
	if h.Unclear > 0 {
		past.note += fmt.Sprintf("\n  of %s it cannot be told: by what is known now, today's policies would not permit them either", plural(h.Unclear, "change"))
	}
	for _, r := range h.Records {
		object := ""
		if r.Object != nil {
			object = r.Object.Type + " " + r.Object.Name
		}
		past.rows = append(past.rows, []string{strconv.FormatInt(r.Record, 10), moment(r.At), r.Actor.Name, r.Action, object, deciding(r.Decision)})
	}
	return []table{t, past}
}

// orNone lists actions; of none it says so.
func orNone(list []string) string {
	if len(list) == 0 {
		return "no action"
	}
	return strings.Join(list, ", ")
}

// deciding are the policies that decided.
func deciding(e policy.EffectShown) string {
	if len(e.Policies) == 0 {
		return "no policy permits it"
	}
	return strings.Join(e.Policies, ", ")
}
