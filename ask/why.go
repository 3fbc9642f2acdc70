package ask

import (
	"context"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Why is how many shortest paths there are, and the first of them, step by step and
// in words.
type Why struct {
	Revision access.Rev `json:"revision"`
	Identity Shown      `json:"identity"`
	Target   Shown      `json:"target"`
	Length   int        `json:"length"`
	Count    string     `json:"count" doc:"How many shortest paths there are; may exceed any integer"`
	Paths    []Path     `json:"paths"`
}

// Path is one way, as a sentence and step by step.
type Path struct {
	Sentence string `json:"sentence"`
	Steps    []Step `json:"steps"`
}

// Step is one step of a path.
type Step struct {
	How  string      `json:"how"`
	From Shown       `json:"from"`
	To   Shown       `json:"to"`
	Mode access.Mode `json:"mode"`
	On   *Shown      `json:"on,omitempty"`
}

// Why answers why a holder can reach a target.
func (s *Service) Why(ctx context.Context, holder, target access.Ref, q graph.Question, sees Sight) (*Why, error) {
	view := s.Graph.View()
	defer view.Close()
	p := view.Why(holder, target, q)
	keys := keysOf(view, p.First)
	refs := slices.AppendSeq([]access.Ref{holder, target}, maps.Values(keys))
	for _, path := range p.First {
		refs = append(refs, refsOf(path)...)
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return nil, err
	}
	ans := &Why{Revision: p.Rev, Identity: name(holder), Target: name(target), Length: p.Length, Count: "0", Paths: []Path{}}
	if p.Count != nil {
		ans.Count = p.Count.String()
	}
	for _, path := range p.First {
		ans.Paths = append(ans.Paths, describe(path, name, keys))
	}
	return ans, nil
}

// refsOf are the objects that a path passes.
func refsOf(path []graph.Step) []access.Ref {
	refs := make([]access.Ref, 0, 3*len(path))
	for _, s := range path {
		refs = append(refs, s.From, s.To, s.Resource.Ref())
	}
	return refs
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

// describe tells a path step by step and in one sentence.
func describe(path []graph.Step, name Namer, keys map[access.Ref]access.Ref) Path {
	line := Path{Sentence: sentence(path, name, keys), Steps: []Step{}}
	for _, s := range path {
		line.Steps = append(line.Steps, Step{How: s.Kind.String(), From: name(s.From), To: name(s.To), Mode: s.Mode, On: name.Optional(s.Resource.Ref())})
	}
	return line
}
