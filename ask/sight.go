package ask

import (
	"context"
	"sync"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// sight is what the caller sees at a view. Where an answer is about somebody, what they
// hold is seen by whoever may see what they hold: mostly themself.
func (s *Service) sight(ctx context.Context, view *graph.View, about access.IdentityID) Sight {
	held := sync.OnceValue(func() map[access.Ref]bool { return holdings(view, about) })
	known := map[access.Ref]bool{}
	return func(r access.Ref) bool {
		seen, ok := known[r]
		if ok {
			return seen
		}
		o := objectAt(view, r)
		if seen = s.Gate.See(ctx, o) == nil; !seen && about != 0 && held()[r] {
			o.Subjects = []access.Ref{about.Ref()}
			seen = s.Gate.See(ctx, o) == nil
		}
		known[r] = seen
		return seen
	}
}

// objectAt is what a decision needs to know of an object. Of what the graph does not
// know, such as a source, that is its id alone.
func objectAt(view *graph.View, r access.Ref) policy.Object {
	if found, ok := policy.ObjectOf(view, r); ok {
		return policy.Object{Resource: found}
	}
	if r.Kind != access.KindSource {
		return policy.Object{} // gone: nobody sees it
	}
	return policy.Object{Resource: policy.Resource{Ref: r}}
}

// holdings are the entitlements, resources and roles that somebody has without
// becoming anybody else.
func holdings(view *graph.View, id access.IdentityID) map[access.Ref]bool {
	held := map[access.Ref]bool{}
	for _, h := range view.Effective(id.Ref(), graph.Question{}) {
		held[h.Entitlement.Ref()], held[h.Resource.Ref()] = true, true
	}
	for _, a := range view.Assignments(id) {
		held[a.Role.Ref()] = true
	}
	return held
}

// Finding is one about an object of an answer, as the store has it.
type Finding struct {
	policy.Finding
	Title    string
	Severity access.Severity
	Status   string
	Due      access.Time
}

// FindingLine is a finding as answers show it.
type FindingLine struct {
	ID       access.FindingID `json:"id"`
	Rule     string           `json:"rule"`
	Title    string           `json:"title"`
	Subject  Shown            `json:"subject"`
	Severity access.Severity  `json:"severity"`
	Function access.Function  `json:"function"`
	Status   string           `json:"status"`
	Due      access.Time      `json:"due"`
}

// FindingLines are the findings about something that the caller may see, and how many
// more there are.
type FindingLines struct {
	Items  []FindingLine `json:"items"`
	Hidden int           `json:"hidden" doc:"How many more are not yours to see"`
}

// findings reads the findings about objects, those that the caller may see.
func (s *Service) findings(ctx context.Context, view *graph.View, sees Sight, about ...access.Ref) (FindingLines, error) {
	lines := FindingLines{Items: []FindingLine{}}
	all, err := s.Store.Findings(ctx, about)
	if err != nil {
		return lines, err
	}
	var list []Finding
	var refs []access.Ref
	c, _ := policy.CallerOf(ctx)
	for _, f := range all {
		if s.Gate.See(ctx, f.Object(view, c.Identity)) != nil {
			lines.Hidden++
			continue
		}
		list = append(list, f)
		refs = append(refs, f.Subject)
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return lines, err
	}
	for _, f := range list {
		lines.Items = append(lines.Items, FindingLine{f.ID, f.Rule, f.Title, name(f.Subject), f.Severity, f.Function, f.Status, f.Due})
	}
	return lines, nil
}
