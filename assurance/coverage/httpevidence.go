package coverage

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type coverageEvidenceInput struct {
	httpapi.Paging
	CellInput
	State access.ControlState `query:"state" enum:"in_place,missing,unknown,excepted" default:"missing" doc:"Only grants whose control counts so"`
}

type coverageEvidenceOutput struct {
	Body struct {
		Revision access.Rev         `json:"revision"`
		Items    []CoverageEvidence `json:"items"`
		Next     string             `json:"next,omitempty"`
		Total    int64              `json:"total" doc:"What the cells count"`
	}
}

// CoverageEvidence is one grant, and why its control counts as it does.
type CoverageEvidence struct {
	Grant       access.GrantID      `json:"grant"`
	Holder      *access.Named       `json:"holder"`
	Identity    *access.Named       `json:"identity,omitempty" doc:"Whose the holder is"`
	Entitlement *access.Named       `json:"entitlement"`
	System      *access.Named       `json:"system"`
	Tier        access.Tier         `json:"tier"`
	Kind        access.IdentityKind `json:"kind,omitempty"`
	ThirdParty  bool                `json:"third_party,omitempty"`
	Mode        access.Mode         `json:"mode"`
	State       access.ControlState `json:"state"`
	Why         string              `json:"why"`
	Function    access.Function     `json:"function" doc:"Whose the control is"`
	Answers     *access.Named       `json:"answers,omitempty" doc:"Who answers for the entitlement; without it, nobody who is known"`
	Findings    []CoverageFinding   `json:"findings" doc:"What is not resolved and says why: list-findings has it by rule and subject"`
}

// CoverageFinding is what a finding is known by.
type CoverageFinding struct {
	Rule    string     `json:"rule"`
	Title   string     `json:"title" doc:"The rule in words"`
	Subject access.Ref `json:"subject" doc:"What it is about"`
}

func findingsOf(behind []Gap) []CoverageFinding {
	list := []CoverageFinding{}
	for _, g := range behind {
		rule, _ := finding.RuleOf(g.Rule)
		list = append(list, CoverageFinding{g.Rule, rule.Title, g.Subject})
	}
	return list
}

func (a *API) evidence(ctx context.Context, in *coverageEvidenceInput) (*coverageEvidenceOutput, error) {
	if in.Control == "" {
		return nil, ErrControl
	}
	ask := Ask{
		Control: in.Control, State: in.State, System: in.System.V, Tier: in.tier(), Kind: in.Kind, ThirdParty: in.third(),
		Within: systemsOf(policy.ReachOf(ctx)), Limit: in.Limit + 1,
	}
	if in.Cursor != "" {
		spot, err := httpapi.ParseCursor[Spot](in.Cursor)
		if err != nil {
			return nil, err
		}
		ask.After = &spot
	}
	p, err := a.Service.Evidence(ctx, ask)
	if err != nil {
		return nil, err
	}
	out := &coverageEvidenceOutput{}
	b := &out.Body
	b.Revision, b.Total, b.Items = p.Rev, p.Total, []CoverageEvidence{}
	if len(p.List) > in.Limit {
		p.List = p.List[:in.Limit]
		b.Next = httpapi.Cursor(p.List[in.Limit-1].Spot)
	}
	var refs []access.Ref
	for _, x := range p.List {
		refs = append(refs, x.Holder, x.Identity.Ref(), x.Entitlement.Ref(), x.System.Ref(), x.Owner.Ref())
	}
	labels, err := a.Names.Names(ctx, refs)
	named := func(r access.Ref) *access.Named {
		if r.IsZero() {
			return nil
		}
		n := labels[r].Named(r)
		return &n
	}
	for _, x := range p.List {
		b.Items = append(b.Items, CoverageEvidence{
			Grant: x.Grant, Holder: named(x.Holder), Identity: named(x.Identity.Ref()), Entitlement: named(x.Entitlement.Ref()), System: named(x.System.Ref()),
			Tier: x.Tier, Kind: x.Kind, ThirdParty: x.ThirdParty, Mode: x.Mode, State: x.State, Why: x.Why,
			Function: functionOf(in.Control), Answers: named(x.Owner.Ref()), Findings: findingsOf(x.Behind),
		})
	}
	return out, err
}
