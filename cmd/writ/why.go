package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
)

// whyAnswer is the answer of 'writ why'.
type whyAnswer struct{ *ask.Why }

func (w whyAnswer) tables() []table {
	if len(w.Paths) == 0 {
		return []table{{title: fmt.Sprintf("%s cannot reach %s (revision %d).", w.Identity.Name, w.Target, w.Revision)}}
	}
	t := table{title: fmt.Sprintf("%s can reach %s: %s shortest paths of %d steps", w.Identity.Name, w.Target, w.Count, w.Length)}
	if w.Count == "1" {
		t.title = fmt.Sprintf("%s can reach %s: one shortest path of %d steps", w.Identity.Name, w.Target, w.Length)
	}
	for _, p := range w.Paths {
		t.note += "  " + printable(p.Sentence) + "\n"
	}
	t.note = strings.TrimSuffix(t.note, "\n")
	return []table{t}
}

func (a *app) whyCommand() *cobra.Command {
	var flags questionFlags
	cmd := &cobra.Command{
		Use:     "why IDENTITY TARGET",
		Short:   "Why an identity can reach an entitlement, a resource or a system",
		Long:    "Why an identity can reach an entitlement, a resource or a system: the number of\nshortest paths and the first 20, each in one sentence. What can be reached only by becoming\nsomebody else is followed with --escalation.",
		Example: "  writ why ana.sol@example.com payroll-db/role:dba",
		Args:    cobra.ExactArgs(2),
		RunE:    asking(a, &flags, a.askWhy),
	}
	flags.register(cmd, false)
	return cmd
}

func (a *app) askWhy(ctx context.Context, names []string, q graph.Question) (whyAnswer, error) {
	id, err := a.inventory().ResolveIdentity(ctx, names[0])
	if err != nil {
		return whyAnswer{}, err
	}
	target, err := a.inventory().ResolveTarget(ctx, names[1])
	if err != nil {
		return whyAnswer{}, err
	}
	ans, err := a.ask().Why(ctx, id.Ref(), target, q, ask.Everything)
	return whyAnswer{ans}, err
}
