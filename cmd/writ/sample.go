package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/inventory/sample"
)

// sampleAnswer is the answer of 'writ sample'.
type sampleAnswer struct {
	Dir string `json:"dir"`
	sample.Summary
}

func (s *sampleAnswer) tables() []table {
	return []table{{
		title: fmt.Sprintf("%s is in %s: %s identities, %s systems, %s accounts, %s grants, %s planted problems", sample.Company, s.Dir,
			count(s.Identities), count(s.Systems), count(s.Accounts), count(s.Grants), count(s.Planted)),
		note: "  next: writ assess --sample " + s.Dir,
	}}
}

func (a *app) sampleCommand() *cobra.Command {
	var size, out string
	var seed uint64
	cmd := &cobra.Command{
		Use:     "sample --out DIR",
		Short:   "Make a sample company: an HR file, systems, and the key of what is wrong in it",
		Example: "  writ sample --size small --seed 1 --out ./sample && writ assess --sample ./sample",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return fmt.Errorf("%w: --out DIR is needed", errUsage)
			}
			sum, err := sample.Generate(cmd.Context(), sample.Options{Size: sample.Size(size), Seed: seed, Progress: func(what string) { a.progress.step(what, 0, 0) }}, out)
			a.progress.finish()
			if err != nil {
				return err
			}
			return a.print(&sampleAnswer{out, sum})
		},
	}
	cmd.Flags().StringVar(&size, "size", "small", "`size`: small (300 identities), medium (20,000), large (1,000,000)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "the same `seed` makes the same company")
	cmd.Flags().StringVar(&out, "out", "", "the `directory` to write, new or empty")
	return cmd
}

func (a *app) demoCommand() *cobra.Command {
	var serve bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A sample company, assessed: the matrix, the findings, three questions",
		Long: `Make a sample company, read it into the store at --data (./demo by default), and show
what an assessment says. Nothing else is touched.

With --serve, serve the company instead, on this machine alone, and print a URL that
signs you in. Started again, it goes on with what it has.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("data") {
				a.data = "demo"
			}
			if serve {
				return a.serveDemo(cmd.Context())
			}
			return a.demo(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&serve, "serve", false, "serve the console and the API over the company")
	return cmd
}

func (a *app) demo(ctx context.Context) error {
	dir := filepath.Join(a.data, "sample")
	if err := os.MkdirAll(a.data, 0o700); err != nil {
		return err
	}
	if _, err := sample.Generate(ctx, sample.Options{Size: sample.Small, Seed: 1}, dir); errors.Is(err, sample.ErrFolder) {
		return sample.ErrFolder.With("%s holds something else already: name another folder with --data, or go on with a company that was served there by --serve", a.data).Because(err)
	} else if err != nil {
		return err
	}
	targets, err := sampleTargets(dir)
	if err != nil {
		return err
	}
	if ctx, err = a.open(ctx); err != nil {
		return err
	}
	failed := a.read(ctx, filepath.Join(dir, "hr.csv"), nil, targets)
	m, err := a.refresh(ctx)
	if err != nil {
		return errors.Join(failed, err)
	}
	if err := a.follow(ctx); err != nil {
		return errors.Join(failed, err)
	}
	result, err := a.result(ctx, m)
	if err != nil {
		return errors.Join(failed, err)
	}
	if result.Answers, err = a.exampleAnswers(ctx, dir); err != nil {
		return errors.Join(failed, err)
	}
	page := filepath.Join(a.data, "report.html")
	if err := writeReport(page, result); err != nil {
		return errors.Join(failed, err)
	}
	if err := a.print(result); err != nil || a.format == asJSON || a.format == asCSV {
		return errors.Join(failed, err)
	}
	a.next(page, result)
	return failed
}

func writeReport(path string, result *assessment) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return result.html(f)
}

// next says where everything is and what to try.
func (a *app) next(page string, result *assessment) {
	say := func(text string, args ...any) { _, _ = fmt.Fprintf(a.out, text+"\n", args...) }
	say("\nThree questions")
	for _, q := range result.Answers {
		say("\n  %s\n    %s", printable(q.Question), printable(q.Answer))
		for _, because := range q.Because {
			say("    - %s", printable(because))
		}
	}
	if full, err := filepath.Abs(page); err == nil {
		page = full
	}
	say("\nThe report, made to be read and printed: %s", page)
	say("\nTry next:")
	for _, q := range result.Answers {
		say("  bin/writ %s --data %s", q.Command, a.data)
	}
	say("  bin/writ findings --severity critical --data %s", a.data)
	say("  bin/writ audit verify --data %s", a.data)
	say("  bin/writ assess --help        your own HR file and systems")
}

// exampleAnswers asks the sample's own questions and answers them from the graph.
func (a *app) exampleAnswers(ctx context.Context, dir string) ([]exampleLine, error) {
	text, err := os.ReadFile(filepath.Join(dir, sample.AnswersFile)) //nolint:gosec // the sample that was just made
	if err != nil {
		return nil, err
	}
	var key struct {
		Questions []struct {
			Question string   `json:"question"`
			Command  []string `json:"command"`
		} `json:"questions"`
	}
	if err := json.Unmarshal(text, &key); err != nil {
		return nil, err
	}
	var list []exampleLine
	for _, q := range key.Questions {
		l := exampleLine{Question: q.Question, Command: strings.Join(q.Command, " ")}
		if err := a.answer(ctx, q.Command, &l); err != nil {
			return nil, fmt.Errorf("answering %q: %w", q.Question, err)
		}
		list = append(list, l)
	}
	return list, nil
}

const reasonsShown = 3

// answer asks one question, as its command line would.
func (a *app) answer(ctx context.Context, command []string, l *exampleLine) error {
	switch command[0] {
	case "who-can":
		return a.answerWhoCan(ctx, command[1], l)
	case "why":
		w, err := a.askWhy(ctx, command[1:], graph.Question{})
		if err != nil {
			return err
		}
		l.Answer = strings.TrimSuffix(w.tables()[0].title, ".") + "."
		for _, p := range w.Paths[:min(reasonsShown, len(w.Paths))] {
			l.Because = append(l.Because, p.Sentence)
		}
	case "access":
		s, err := a.askAccess(ctx, command[1:], graph.Question{})
		if err != nil {
			return err
		}
		l.Answer = s.tables()[0].title + "."
		if s.Owner != nil {
			l.Because = append(l.Because, s.Owner.Name+" answers for it")
		}
		for _, e := range s.Access.Access[:min(reasonsShown, len(s.Access.Access))] {
			l.Because = append(l.Because, fmt.Sprintf("%s, tier %s, %s", e.Entitlement, tierName(e.Tier), strings.Join(e.Modes, ", ")))
		}
	}
	return nil
}

func (a *app) answerWhoCan(ctx context.Context, text string, l *exampleLine) error {
	target, err := a.inventory().ResolveTarget(ctx, text)
	if err != nil {
		return err
	}
	has, err := a.ask().WhoCan(ctx, target, graph.Question{}, ask.Everything)
	if err != nil {
		return err
	}
	could, err := a.ask().WhoCan(ctx, target, graph.Question{Escalation: true}, ask.Everything)
	if err != nil {
		return err
	}
	l.Answer = fmt.Sprintf("%d identities have access to %s; %d more could take it by becoming somebody else.", has.Count, has.Target, could.Count-has.Count)
	if has.Orphans > 0 {
		l.Answer += " So has " + has.Accounts[0].String() + ", which belongs to nobody."
	}
	seen := map[access.Ref]bool{}
	for _, who := range has.Identities[:min(reasonsShown-1, len(has.Identities))] {
		seen[who.ID] = true
		if err := a.because(ctx, who.ID, target, graph.Question{}, l); err != nil {
			return err
		}
	}
	for _, who := range could.Identities {
		if !holds(has, who) && !seen[who.ID] {
			return a.because(ctx, who.ID, target, graph.Question{Escalation: true}, l)
		}
	}
	return nil
}

func holds(w *ask.WhoCan, who ask.Shown) bool {
	for _, i := range w.Identities {
		if i.ID == who.ID {
			return true
		}
	}
	return false
}

func (a *app) because(ctx context.Context, who, target access.Ref, q graph.Question, l *exampleLine) error {
	w, err := a.ask().Why(ctx, who, target, q, ask.Everything)
	if err == nil && len(w.Paths) > 0 {
		l.Because = append(l.Because, w.Paths[0].Sentence)
	}
	return err
}
