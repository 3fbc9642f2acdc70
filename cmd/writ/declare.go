package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// documented are the services whose things documents declare.
type documented struct {
	inventory *inventory.Service
	scopes    policy.Scopes
	roles     *role.Service
	lifecycle *lifecycle.Service
	policies  *policy.Documents
}

// kinds are the kinds of thing that documents declare: a new one is a line here. What
// refers to others comes behind them.
func (d documented) kinds() []declare.Registered {
	tree, roles := scopeDocuments{d.scopes}, roleDocuments{d.inventory, d.roles}
	return []declare.Registered{
		declare.Of("scope", tree),
		declare.Of("source", sourceDocuments{d.inventory}),
		declare.Of("system", systemDocuments{d.inventory, tree}),
		declare.Of("correlation-rule", ruleDocuments{d.inventory}),
		declare.Of("role", roles),
		declare.Of("mapping", mappingDocuments{d.lifecycle, d.inventory}),
		declare.Of("birthright-rule", birthrightDocuments{d.lifecycle, roles}),
		declare.Of("policy", policyDocuments{d.policies, d.inventory, d.scopes, roles}),
	}
}

// declare is the engine over the open store. Whoever may use the data directory may
// apply; the gate lets them, and is asked all the same.
func (a *app) declare() *declare.Engine {
	of := documented{a.inventory(), a.scopes(), a.roles().Service, a.lifecycle(), &policy.Documents{Store: a.db.Policy()}}
	return &declare.Engine{Kinds: of.kinds(), Gate: &policy.Gate{}, Revision: a.revision}
}

// documentFlags say what is planned and applied.
type documentFlags struct {
	path  string
	prune bool
}

func (f *documentFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.path, "file", "f", "", "`PATH` of a folder with documents, or of one file; - is standard input (required)")
	cmd.Flags().BoolVar(&f.prune, "prune", false, "remove what no document declares, of the kinds that the documents are of")
}

// planned reads documents and compares them with what there is.
func (a *app) planned(ctx context.Context, f documentFlags) (context.Context, *declare.Plan, error) {
	if f.path == "" {
		return ctx, nil, fmt.Errorf("%w: -f PATH says where the documents are", errUsage)
	}
	reads := declare.Engine{Kinds: documented{}.kinds()} // nobody waits for the store meanwhile
	list, err := reads.Read(f.path, a.in)
	if err != nil {
		return ctx, nil, err
	}
	if ctx, err = a.openGraph(ctx); err != nil {
		return ctx, nil, err
	}
	ctx = policy.WithCaller(ctx, policy.Caller{Node: operator().Node})
	p, err := a.declare().Plan(ctx, list, f.prune)
	return ctx, p, err
}

// planAnswer is the answer of 'writ plan'.
type planAnswer struct{ *declare.Plan }

func (s planAnswer) tables() []table {
	n := map[declare.Action]int{}
	for _, step := range s.Steps {
		n[step.Action]++
	}
	if s.Empty() {
		list := []table{{title: fmt.Sprintf("nothing differs: %s so already", areSo(s.Same))}}
		return append(list, s.left()...)
	}
	steps := table{
		title: fmt.Sprintf("plan %s: %d to add, %d to change, %d to remove; %s so already",
			s.Fingerprint, n[declare.Add], n[declare.Alter], n[declare.Remove], areSo(s.Same)),
		header: []string{"", "what", "field", "is", "would be"}, whole: true,
	}
	for _, step := range s.Steps {
		where := ""
		if step.File != "" {
			where = "  (" + step.Place.String() + ")"
		}
		steps.rows = append(steps.rows, []string{string(step.Action), step.Kind + " " + step.Name.Name + where, "", "", ""})
		for _, f := range step.Fields {
			steps.rows = append(steps.rows, []string{"", "", f.Field, shownValue(f.Was), shownValue(f.Is)})
		}
	}
	list := []table{steps}
	for _, e := range s.Effects {
		t := table{title: "all that changes of kind " + e.Kind + ", together", header: []string{"what", "how many"}, right: []int{1}}
		for _, c := range e.Counts {
			t.rows = append(t.rows, []string{c.What, count(int64(c.N))})
		}
		list = append(list, t)
	}
	return append(list, s.left()...)
}

// left are what is declared and waits, and what is not declared and stays.
func (s planAnswer) left() (list []table) {
	for _, x := range []struct {
		title string
		what  []declare.Stay
	}{{"these are declared, and do not count yet", s.Waits}, {"no document declares these, and they stay", s.Stays}} {
		if len(x.what) == 0 {
			continue
		}
		t := table{title: x.title, header: []string{"what", "why"}, whole: true}
		for _, y := range x.what {
			t.rows = append(t.rows, []string{y.Kind + " " + y.Name.Name, y.Why})
		}
		list = append(list, t)
	}
	return list
}

func areSo(n int) string {
	if n == 1 {
		return "1 document is"
	}
	return count(int64(n)) + " documents are"
}

// shownValue is a value as documents have it.
func shownValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if printable(v) == v {
			return v
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

const documentsHelp = `A document declares one thing by its kind and name: scope, source, system,
correlation-rule, role, mapping, birthright-rule, policy. A folder may hold any number of
files with any number of documents, between lines that are ---; what the folder does not name is left alone.
'writ export' writes what there is as such documents.`

func (a *app) planCommand() *cobra.Command {
	var f documentFlags
	cmd := &cobra.Command{
		Use: "plan -f PATH [--prune]", Short: "Show what documents in YAML would change",
		Long: `Show what documents in YAML would change, and change nothing.

` + documentsHelp,
		Example: "  writ plan -f policy/\n  writ plan -f policy/ --prune -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, p, err := a.planned(cmd.Context(), f)
			if err != nil {
				return err
			}
			return a.print(planAnswer{p})
		},
	}
	f.register(cmd)
	return cmd
}

// applyAnswer is the answer of 'writ apply'.
type applyAnswer struct {
	Revision    access.Rev     `json:"revision"`
	Fingerprint string         `json:"fingerprint"`
	Steps       []declare.Step `json:"steps"` // that were done
}

func (s *applyAnswer) tables() []table {
	if len(s.Steps) == 0 {
		return []table{{title: "nothing differed: nothing was changed"}}
	}
	return []table{{title: fmt.Sprintf("did all of plan %s: %s", s.Fingerprint, plural(len(s.Steps), "step"))}}
}

// applyFlags say how a plan is applied.
type applyFlags struct {
	documentFlags
	reason, expect string
	yes            bool
}

func (a *app) applyCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use: "apply -f PATH --reason TEXT [--prune] [--yes] [--expect FINGERPRINT]", Short: "Make what documents in YAML declare so",
		Long: `Show what documents in YAML would change, ask, and do it.

` + documentsHelp + `

Each step is what the command for it would do, with its record. Where it is interrupted,
what is done stays, and applying again does the rest. A new rule observes unless its
document says otherwise. What somebody changes after it was shown is not overwritten.`,
		Example: "  writ apply -f policy/ --reason 'change 4711'\n  writ apply -f policy/ --reason 'change 4711' --yes --expect 0f6c2a7be4d19c3355aa90be17c2d841",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(a); err != nil {
				return err
			}
			ctx, p, err := a.planned(cmd.Context(), f.documentFlags)
			if err != nil {
				return err
			}
			return a.apply(ctx, p, f)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why (required)")
	cmd.Flags().StringVar(&f.expect, "expect", "", "the `FINGERPRINT` of the plan that was looked at: another one is not applied")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	return cmd
}

func (f *applyFlags) check(a *app) error {
	switch {
	case strings.TrimSpace(f.reason) == "":
		return fmt.Errorf("%w: it needs --reason TEXT", errUsage)
	case f.yes:
		return nil
	case a.format == asJSON || f.path == "-":
		return fmt.Errorf("%w: with -o json or -f - nobody can be asked: look at 'writ plan' first, then give --yes", errUsage)
	}
	if in, ok := a.in.(*os.File); !ok || !term.IsTerminal(int(in.Fd())) {
		return fmt.Errorf("%w: there is no terminal to ask at: look at 'writ plan' first, then give --yes", errUsage)
	}
	return nil
}

var errNotSaid = errors.New("it was not confirmed: nothing was changed")

// apply shows a plan, asks, and does its steps.
func (a *app) apply(ctx context.Context, p *declare.Plan, f applyFlags) error {
	if f.expect != "" && f.expect != p.Fingerprint {
		return declare.ErrMoved.With("the plan is %s now, and not %s: look at it again", p.Fingerprint, f.expect)
	}
	ans := &applyAnswer{Revision: p.Revision, Fingerprint: p.Fingerprint, Steps: []declare.Step{}}
	if p.Empty() {
		return a.print(ans)
	}
	if !f.yes {
		if err := a.print(planAnswer{p}); err != nil {
			return err
		}
		if err := a.confirmed("Do this? Only yes does: "); err != nil {
			return err
		}
	}
	err := a.declare().Apply(ctx, p, f.reason, func(s declare.Step) {
		ans.Steps = append(ans.Steps, s)
		a.warn("%s %s", s.Action, s.Name)
	})
	if len(ans.Steps) > 0 { // what was done counts, whatever became of the rest
		err = errors.Join(err, a.settle(context.WithoutCancel(ctx)))
	}
	if err != nil {
		return err
	}
	ans.Revision = a.revision()
	return a.print(ans)
}

// settle computes what follows from what was applied.
func (a *app) settle(ctx context.Context) error {
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	if _, _, err := a.reconcile(ctx); err != nil {
		return err
	}
	return a.follow(ctx)
}

// confirmed asks a person at the terminal.
func (a *app) confirmed(question string) error {
	_, _ = fmt.Fprint(a.err, question)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "yes" {
		return errNotSaid
	}
	return nil
}
