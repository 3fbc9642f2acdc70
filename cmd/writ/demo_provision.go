package main

import (
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
)

// demoDrop is the system of the sample that is asked for changes in a folder, and
// demoByHand one that people change by hand.
const (
	demoDrop   = "workplace"
	demoByHand = "code-forge"
)

// demoReason is why the demo decides what it does.
const demoReason = "the demo's company"

// demoRules are the company's birthright rules: what they say at first, and what some of
// them say later, which takes more away than may go on by itself.
var demoRules = []struct {
	name, description, when, gives string
	grace                          int
	enforced                       bool
	later                          string
}{
	{name: "forge-members", description: "Whoever builds is a member of the forge", when: `identity.unit == "Platform"`, gives: "code-forge/Member", enforced: true, later: `identity.unit == "Platform" && !(identity.title in ["Service Desk Analyst", "Security Analyst"])`},
	{name: "people-space", description: "The space of the people department", when: `identity.unit in ["Recruiting", "Payroll"]`, gives: "workplace/Space People", enforced: true, later: `identity.unit == "Payroll"`},
	{name: "strategy-reads-legal", description: "Strategy follows what legal decides", when: `identity.unit == "Strategy"`, gives: "workplace/Space Legal and Compliance", enforced: true},
	{name: "treasury-ledger", description: "Treasury sees the general ledger", when: `identity.unit == "Treasury"`, gives: "erp-finance/role:GL_VIEW", grace: 30},
	{name: "guests", description: "People of other organisations are guests", when: `identity.third_party`, gives: "workplace/Guest", grace: 14},
}

// demoMappings say what accounts are called where the rules give something.
var demoMappings = []struct {
	system string
	lifecycle.Mapping
}{
	{demoDrop, lifecycle.Mapping{Logins: []string{`identity.email`}, Attributes: map[string]string{"email": "identity.email", "display_name": "identity.name"}, Retention: 90, Mode: policy.Enforce}},
	{demoByHand, lifecycle.Mapping{Logins: []string{`identity.name.words().join(".")`}, Attributes: map[string]string{"email": "identity.email"}, Mode: policy.Enforce}},
	{"crm", lifecycle.Mapping{When: `identity.unit == "Field Sales"`, Logins: []string{`identity.login`, `identity.name.words().join(".")`}, Retention: 30, Mode: policy.Observe}},
}

// dropInto names the folder in which the demo's system is asked for changes.
func dropInto(dir string, targets []target) error {
	drop := filepath.Join(dir, demoDrop+"-changes")
	if err := os.MkdirAll(drop, 0o700); err != nil {
		return err
	}
	for _, t := range targets {
		if t.flag.name == demoDrop {
			t.flag.options["drop"] = drop
		}
	}
	return nil
}

// provideDemo gives the company rules and mappings, carries out what follows, and changes
// its mind: what that takes away waits for somebody. What is there already stays.
func (a *app) provideDemo(ctx context.Context, dir string) error {
	if rules, err := a.lifecycle().Rules(ctx); err != nil || len(rules) > 0 {
		return err
	}
	if err := errors.Join(a.demoMap(ctx), a.demoRule(ctx)); err != nil {
		return err
	}
	if err := a.demoCarry(ctx); err != nil {
		return err
	}
	if err := demoExport(filepath.Join(dir, "systems", demoDrop), filepath.Join(dir, demoDrop+"-changes")); err != nil {
		return err
	}
	id, err := a.resolveSystem(ctx, demoDrop)
	if err != nil {
		return err
	}
	if _, err := a.inventory().SyncSystem(ctx, id, inventory.SyncOptions{}); err != nil {
		return err
	}
	if err := a.liveDemo(ctx, filepath.Join(dir, "hr.csv")); err != nil {
		return err
	}
	return a.demoChangeMind(ctx)
}

func (a *app) demoMap(ctx context.Context) (err error) {
	for _, m := range demoMappings {
		if m.System, err = a.resolveSystem(ctx, m.system); err != nil {
			return err
		}
		if err := a.lifecycle().SetMapping(ctx, m.Mapping, demoReason); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) demoRule(ctx context.Context) error {
	for _, x := range demoRules {
		gives, err := a.resolveEntitlement(ctx, x.gives)
		if err != nil {
			return err
		}
		r := lifecycle.Rule{Name: x.name, Description: x.description, When: x.when, Entitlements: []access.EntitlementID{gives}, Grace: x.grace}
		if err := a.lifecycle().AddRule(ctx, r, demoReason); err != nil {
			return err
		}
		if !x.enforced {
			continue
		}
		if err := a.lifecycle().SetMode(ctx, x.name, policy.Enforce, demoReason); err != nil {
			return err
		}
	}
	return nil
}

// demoChangeMind changes rules one by one, so that more is taken away than may be without
// a person: the first holds a run, the second a step.
func (a *app) demoChangeMind(ctx context.Context) error {
	id, err := a.resolveSystem(ctx, demoByHand)
	if err != nil {
		return err
	}
	l := provision.DefaultLimits
	l.Count, l.Share = 2, 0.02
	if err := a.desk().SetLimits(ctx, id, l); err != nil {
		return err
	}
	for _, x := range demoRules {
		if x.later == "" {
			continue
		}
		r, err := a.lifecycle().Rule(ctx, x.name)
		if err != nil {
			return err
		}
		r.When = x.later
		if err := errors.Join(a.lifecycle().SetRule(ctx, r, demoReason), a.demoCarry(ctx)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) demoCarry(ctx context.Context) error {
	if _, _, err := a.reconcile(ctx); err != nil {
		return err
	}
	_, err := a.runProvisioning(ctx)
	return err
}

// demoExport is the program that exports the system's files: it does what it was asked to
// grant, and leaves the rest for later.
func demoExport(dir, drop string) error {
	asked, err := demoTable(filepath.Join(drop, "changes.csv"))
	if err != nil || len(asked) == 0 {
		return err
	}
	path := filepath.Join(dir, "grants.csv")
	grants, err := demoTable(path)
	if err != nil {
		return err
	}
	column := func(row []string, name string) string {
		if i := slices.Index(asked[0], name); i >= 0 {
			return row[i]
		}
		return ""
	}
	for _, row := range asked[1:] {
		if column(row, "change") != "grant" || column(row, "holder") == "" {
			continue
		}
		line := make([]string, len(grants[0]))
		for i, name := range grants[0] {
			line[i] = column(row, name)
		}
		grants = append(grants, line)
	}
	return writeTable(path, grants)
}

func demoTable(path string) ([][]string, error) {
	f, err := os.Open(path) //nolint:gosec // a file of the sample
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return csv.NewReader(f).ReadAll()
}
