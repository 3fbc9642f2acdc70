package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/iga/classify"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/inventory"
)

var errAssess = fault.New(fault.Unavailable, "assessment-incomplete", "not everything could be read")

// plan is what an assessment reads.
type plan struct {
	hr      string
	options []string // of the HR file
	sample  string
	systems systemFlags
	keep    string
}

func (a *app) assessCommand() *cobra.Command {
	var p plan
	cmd := &cobra.Command{
		Use:   "assess --hr FILE --system [NAME=]KIND=ADDRESS ...",
		Short: "Read an HR file and systems, and say who can do what and what is missing",
		Long: `Read an HR file and systems into a temporary store, and print which control each
access needs and has, and the top findings. Nothing is installed or changed on a system.

An address carries no password: --credential says where it comes from.
What Writ cannot read from a system is said with --option NAME.KEY=VALUE, KEY one of
environment, criticality, data_class, business_owner, technical_owner, runs_on; other
keys are the connector's own (docs/how-to).`,
		Example: `  writ assess --hr people.csv --system payroll=postgres=postgres://auditor@db1/postgres \
      --credential payroll=env:PAYROLL_PASSWORD --option payroll.criticality=control
  writ assess --sample ./sample -o html > report.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.assess(cmd.Context(), p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.hr, "hr", "", "HR `file` (CSV): people, services and agents")
	f.StringArrayVar(&p.options, "hr-option", nil, "`KEY=VALUE` for the HR file: encoding, delimiter, column.ATTRIBUTE")
	f.StringVar(&p.sample, "sample", "", "sample `directory` that 'writ sample' made; --system of a name in it reads that system instead")
	p.systems.register(cmd)
	f.StringVar(&p.keep, "keep", "", "keep the store in this `directory` instead of a temporary one")
	return cmd
}

func (f *systemFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.systems, "system", nil, "system to read, as `[NAME=]KIND=ADDRESS`; may be repeated")
	cmd.Flags().StringArrayVar(&f.credentials, "credential", nil, "`NAME=env:VARIABLE`, NAME=file:PATH or NAME=prompt")
	cmd.Flags().StringArrayVar(&f.options, "option", nil, "`NAME.KEY=VALUE`: something to know about a system")
}

func (a *app) assess(ctx context.Context, p plan) (err error) {
	targets, err := p.targets()
	if err != nil {
		return err
	}
	hr := p.hr
	if hr == "" && p.sample != "" {
		hr = filepath.Join(p.sample, "hr.csv")
	}
	if hr == "" && len(targets) == 0 {
		return fmt.Errorf("%w: nothing to read: name --hr FILE and --system KIND=ADDRESS, or --sample DIR", errUsage)
	}
	a.data = p.keep
	if a.data == "" {
		if a.data, err = os.MkdirTemp("", "writ-assess-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close(), os.RemoveAll(a.data)) }()
	}
	if ctx, err = a.open(ctx); err != nil {
		return err
	}
	failed := a.read(ctx, hr, p.options, targets)
	m, err := a.refresh(ctx)
	if err != nil {
		return errors.Join(failed, err)
	}
	result, err := a.result(ctx, m)
	if err != nil {
		return errors.Join(failed, err)
	}
	if a.format == asHTML {
		return errors.Join(result.html(a.out), failed)
	}
	return errors.Join(a.print(result), failed)
}

// read syncs everything; what fails is told at the end, and does not keep the
// rest from being read.
func (a *app) read(ctx context.Context, hr string, options []string, targets []target) error {
	var failed []error
	if hr != "" {
		if err := a.readPeople(ctx, hr, options); err != nil {
			failed = append(failed, err)
		}
	}
	for o := (inventory.SyncOptions{}); len(targets) > 0; o.Again = true {
		targets = inOrder(targets)
		var again []target
		for i, t := range targets {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r, err := a.readSystem(ctx, t, o)
			if err != nil {
				failed = append(failed, err)
			} else if slices.ContainsFunc(targets[i+1:], func(later target) bool { return slices.Contains(r.Waits, later.flag.name) }) {
				again = append(again, t) // it names things of a system that is read now
				continue
			}
			a.report(t.flag.name, r)
		}
		targets = again
	}
	if len(failed) == 0 {
		return nil
	}
	a.progress.finish()
	return errAssess.Because(errors.Join(failed...))
}

func (a *app) readPeople(ctx context.Context, hr string, options []string) error {
	path, err := filepath.Abs(hr)
	if err != nil {
		return err
	}
	config := inventory.Config{Address: path, Options: map[string]string{}}
	err = eachSetting(options, "--hr-option KEY=VALUE", func(key, value string) error {
		config.Options[key] = value
		return nil
	})
	if err != nil {
		return err
	}
	id, err := a.inventory().AddSource(ctx, inventory.Source{Name: "hr", Kind: csv.Kind, Config: config, Precedence: 10})
	if errors.Is(err, inventory.ErrNameTaken) { // --keep of an earlier run
		var s inventory.Source
		s, err = a.inventory().Source(ctx, "hr")
		id = s.ID
	}
	if err != nil {
		return err
	}
	r, err := a.inventory().SyncSource(ctx, id, inventory.SyncOptions{})
	a.report("hr", r)
	return err
}

// report tells what a sync could not use.
func (a *app) report(name string, r inventory.Report) {
	a.progress.finish()
	if r.Counts.Rejected > 0 {
		a.warn("%s: %d rows rejected%s", name, r.Counts.Rejected, strings.TrimSuffix(", see "+r.Rejects, ", see "))
	}
	if n := len(r.Warnings); n > 0 {
		a.warn("%s: %s", name, printable(r.Warnings[0]))
		if n > 1 {
			a.warn("%s: and %d more warnings", name, n-1)
		}
	}
}

func (a *app) readSystem(ctx context.Context, t target, o inventory.SyncOptions) (inventory.Report, error) {
	id, err := a.addTarget(ctx, t)
	if err != nil {
		return inventory.Report{}, fmt.Errorf("system %s: %w", t.flag.name, err)
	}
	return a.inventory().SyncSystem(ctx, id, o)
}

// result puts everything together that an assessment says.
func (a *app) result(ctx context.Context, m coverage.Matrix) (*assessment, error) {
	s := &assessment{Revision: m.Rev, At: access.TimeOf(a.now()), Systems: []systemLine{}, Coverage: []coverageLine{}, Findings: []findingLine{}}
	systems, lines, err := a.systems(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[access.SystemID]string{}
	for i, y := range systems {
		byID[y.ID] = y.Name
		s.Systems = append(s.Systems, lines[i])
		s.Totals.Rejected += y.State.Counts.Rejected
	}
	for _, r := range m.Rows {
		s.Coverage = append(s.Coverage, coverageLine{byID[r.System], r.Tier, r.IdentityKind, r.ThirdParty, r.Control, r.Required, r.InPlace, r.Missing, r.Unknown, r.Excepted})
	}
	if s.Findings, err = a.findingLines(ctx, finding.Filter{}); err != nil {
		return nil, err
	}
	t, err := a.inventory().Totals(ctx)
	if err != nil {
		return nil, err
	}
	s.Totals.Identities, s.Totals.ThirdParties, s.Totals.Accounts, s.Totals.Correlated = t.Identities, t.ThirdParties, t.Accounts, t.Correlated
	s.Totals.Entitlements, s.Totals.Grants = t.Entitlements, t.Grants
	s.Totals.Findings = map[access.Severity]int64{}
	for _, f := range s.Findings {
		s.Totals.Findings[f.Severity]++
	}
	for _, tier := range access.Tiers {
		n := m.Tiers[tier]
		s.Totals.Tiers = append(s.Totals.Tiers, tierLine{tier, classify.Disciplines(tier), n.Entitlements, n.Grants, n.Standing, n.Eligible})
	}
	return s, nil
}

// systems lists every system with how it is shown.
func (a *app) systems(ctx context.Context) ([]inventory.System, []systemLine, error) {
	list, err := a.inventory().Systems(ctx)
	if err != nil {
		return nil, nil, err
	}
	worst, err := a.db.Inventory().WorstTiers(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading tiers: %w", err)
	}
	lines := make([]systemLine, len(list))
	for i, y := range list {
		tier, ok := worst[y.ID]
		if !ok {
			tier = access.Tier3 // it gives nothing yet
		}
		lines[i] = a.systemLine(y, tier)
	}
	return list, lines, nil
}

// systemLine shows one system; tier is the worst that it can give.
func (a *app) systemLine(y inventory.System, tier access.Tier) systemLine {
	l := systemLine{
		Name: y.Name, Kind: y.Kind, Accounts: y.State.Counts.Accounts, Entitlements: y.State.Counts.Entitlements, Grants: y.State.Counts.Grants,
		SyncedAt: y.State.Synced, Stale: y.State.Stale(a.now(), tier.Cycle(y.Cycle)), Errors: []string{}, Warnings: y.State.Warnings,
	}
	if y.State.Failed > y.State.Synced {
		l.Errors = append(l.Errors, y.State.Error)
	}
	return l
}

// findingLines are findings with every name looked up.
func (a *app) findingLines(ctx context.Context, f finding.Filter) ([]findingLine, error) {
	list, err := a.findings().List(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("listing findings: %w", err)
	}
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.Subject, x.System.Ref(), x.Owner.Ref())
		for _, e := range x.Evidence {
			refs = append(refs, e.Refs...)
		}
	}
	labels, err := a.inventory().Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	lines := make([]findingLine, 0, len(list))
	for _, x := range list {
		rule, _ := finding.RuleOf(x.Rule)
		l := findingLine{
			ID: x.ID, Rule: x.Rule, Title: rule.Title, Severity: x.Severity, Function: x.Function, Owner: labels[x.Owner.Ref()].Name, Due: x.Due,
			Status: string(x.Status), Evidence: []string{}, Subject: subjectOf(x, labels),
		}
		for _, e := range x.Evidence {
			l.Evidence = append(l.Evidence, evidenceText(e, labels))
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func subjectOf(x finding.Finding, labels map[access.Ref]access.Label) subjectLine {
	l := labels[x.Subject]
	s := subjectLine{Type: x.Subject.Kind.String(), ID: x.Subject, Name: l.Name, Native: l.Native, System: cmp.Or(l.System, labels[x.System.Ref()].Name)}
	if l.Number != "" {
		s.Name, s.Shown = l.Number, l.Name
	}
	return s
}

// evidenceText fills in the names that a fact refers to.
func evidenceText(e finding.Evidence, labels map[access.Ref]access.Label) string {
	text := e.Text
	for _, r := range e.Refs {
		text = strings.Replace(text, "{}", strings.ReplaceAll(ask.Label(r, labels).String(), "{}", "{ }"), 1)
	}
	return text
}

// inOrder puts a system behind the ones that it runs on and takes accounts from.
func inOrder(targets []target) []target {
	byName, rank := map[string]target{}, map[string]int{}
	for _, t := range targets {
		byName[t.flag.name] = t
	}
	var depth func(name string) int
	depth = func(name string) int {
		if r, known := rank[name]; known {
			return r
		}
		rank[name] = 0 // whoever comes back here goes round in a circle
		t, deepest := byName[name], 0
		for _, on := range []string{t.about.RunsOn, t.flag.options["directory"], t.flag.options["host"]} {
			if _, read := byName[on]; read {
				deepest = max(deepest, 1+depth(on))
			}
		}
		rank[name] = deepest
		return deepest
	}
	for _, t := range targets {
		depth(t.flag.name)
	}
	out := slices.Clone(targets)
	slices.SortStableFunc(out, func(x, y target) int { return cmp.Compare(rank[x.flag.name], rank[y.flag.name]) })
	return out
}
