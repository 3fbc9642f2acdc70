package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// whyAnswer is the answer of 'writ why': how many shortest paths there are, and
// the first of them, step by step and in words.
type whyAnswer struct {
	Revision access.Rev `json:"revision"`
	Identity named      `json:"identity"`
	Target   named      `json:"target"`
	Length   int        `json:"length"`
	Count    string     `json:"count"` // may exceed any integer
	Paths    []pathLine `json:"paths"`
}

type pathLine struct {
	Sentence string     `json:"sentence"`
	Steps    []stepLine `json:"steps"`
}

type stepLine struct {
	How  string      `json:"how"`
	From named       `json:"from"`
	To   named       `json:"to"`
	Mode access.Mode `json:"mode"`
	On   *named      `json:"on,omitempty"`
}

func (w *whyAnswer) tables() []table {
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
		RunE:    ask(a, &flags, a.askWhy),
	}
	flags.register(cmd, false)
	return cmd
}

func (a *app) askWhy(ctx context.Context, names []string, q graph.Question) (*whyAnswer, error) {
	id, err := a.inventory().ResolveIdentity(ctx, names[0])
	if err != nil {
		return nil, err
	}
	target, err := a.inventory().ResolveTarget(ctx, names[1])
	if err != nil {
		return nil, err
	}
	return a.why(ctx, id.Ref(), target, q)
}

func (a *app) why(ctx context.Context, holder, target access.Ref, q graph.Question) (*whyAnswer, error) {
	view := a.graph.View()
	p := view.Why(holder, target, q)
	keys := keysOf(view, p.First)
	view.Close()
	refs := slices.AppendSeq([]access.Ref{holder, target}, maps.Values(keys))
	for _, path := range p.First {
		for _, s := range path {
			refs = append(refs, s.From, s.To, s.Resource.Ref())
		}
	}
	name, err := a.named(ctx, refs)
	if err != nil {
		return nil, err
	}
	ans := &whyAnswer{Revision: p.Rev, Identity: name(holder), Target: name(target), Length: p.Length, Count: "0", Paths: []pathLine{}}
	if p.Count != nil {
		ans.Count = p.Count.String()
	}
	for _, path := range p.First {
		ans.Paths = append(ans.Paths, describePath(path, name, keys))
	}
	return ans, nil
}

// keysOf finds, for the account that a path begins with, the one of the same
// identity that opens it and that none of theirs opens. The shortest path passes it
// by, but it is what the person signs in with.
func keysOf(view *graph.View, paths [][]graph.Step) map[access.Ref]access.Ref {
	keys := map[access.Ref]access.Ref{}
	for _, path := range paths {
		first := path[0]
		if first.Kind != graph.ByAccount {
			continue
		}
		own := view.AccountsOf(access.IdentityID(first.From.Key))
		isOwn := func(a access.AccountID) bool { return slices.Contains(own, a) }
		for _, by := range view.OpenedBy(access.AccountID(first.To.Key)) {
			_, found := keys[first.To]
			if isOwn(by) && !found && !slices.ContainsFunc(view.OpenedBy(by), isOwn) {
				keys[first.To] = by.Ref()
			}
		}
	}
	return keys
}

// describePath tells a path step by step and in one sentence.
func describePath(path []graph.Step, name func(access.Ref) named, keys map[access.Ref]access.Ref) pathLine {
	line := pathLine{Sentence: sentence(path, name, keys)}
	for _, s := range path {
		step := stepLine{How: s.Kind.String(), From: name(s.From), To: name(s.To), Mode: s.Mode}
		if s.Resource != 0 {
			on := name(s.Resource.Ref())
			step.On = &on
		}
		line.Steps = append(line.Steps, step)
	}
	return line
}
