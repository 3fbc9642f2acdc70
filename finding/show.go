package finding

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type findingOutput struct {
	ETag string `header:"ETag"`
	Body findingShown
}

// findingShown is one finding with everything that whoever has to act needs.
type findingShown struct {
	ListedFinding
	Reason   string                    `json:"reason,omitempty" doc:"Why its risk is accepted, or why somebody opened it again"`
	Matters  string                    `json:"why_it_matters"`
	Do       string                    `json:"what_to_do"`
	Evidence []findingFact             `json:"evidence"`
	History  []findingEvent            `json:"history" doc:"What happened to it, the newest first"`
	May      map[string]policy.Verdict `json:"may" doc:"What you may do to it, and if not, why not"`
}

// findingFact is a piece of evidence.
type findingFact struct {
	Text  string         `json:"text" doc:"With names filled in"`
	About []access.Named `json:"about,omitempty" doc:"The objects that it is about"`
	Count int            `json:"count,omitempty" doc:"How many more it stands for"`
}

// findingEvent is something that happened to a finding.
type findingEvent struct {
	What   string        `json:"what" enum:"opened,changed,accepted,reopened,assigned,resolved"`
	At     access.Time   `json:"at"`
	By     string        `json:"by" doc:"An identity's id, or the part of Writ that did it"`
	Person *access.Named `json:"person,omitempty" doc:"Who that is"`
	Until  access.Time   `json:"until,omitzero" doc:"Of an acceptance"`
	Reason string        `json:"reason,omitempty"`
	Owner  *access.Named `json:"owner,omitempty" doc:"Who answers from then on"`
}

// decisions are what can be done to a finding.
var decisions = []string{"finding.accept", "finding.assign"}

// shown answers with a finding as it is after what was done, unless that is an error.
func (a *API) shown(ctx context.Context, id access.FindingID, err error) (*findingOutput, error) {
	if err != nil {
		return nil, err
	}
	versions, err := a.Service.Store.Versions(ctx, id)
	if err != nil {
		return nil, hidden(err)
	}
	last := versions[len(versions)-1]
	f := last.Finding
	if last.Ended != 0 {
		f.Status = Resolved
	}
	refs := []access.Ref{}
	for _, x := range versions {
		refs = append(refs, person(x.Actor), x.AcceptedBy.Ref(), x.Owner.Ref())
	}
	n, err := a.names(ctx, []Finding{f}, refs...)
	if err != nil {
		return nil, err
	}
	v := a.Service.Graph.View()
	defer v.Close()
	c, _ := policy.CallerOf(ctx)
	says := WordsOf(f.Rule)
	out := &findingOutput{ETag: httpapi.Tag(last.Number), Body: findingShown{
		ListedFinding: n.item(f, last.Number), Reason: f.Reason, Matters: says.Why, Do: says.Do, Evidence: []findingFact{}, History: n.history(versions),
		May: a.Gate.Verdicts(ctx, f.Decided().Object(v, c.Identity), decisions...),
	}}
	for _, e := range f.Evidence {
		said := findingFact{Text: n.sentence(e), Count: e.Count}
		for _, r := range e.Refs {
			said.About = append(said.About, n[r].Named(r))
		}
		out.Body.Evidence = append(out.Body.Evidence, said)
	}
	return out, nil
}

// person is whom an actor's name means; zero is a part of Writ.
func person(actor string) access.Ref {
	r, err := access.ParseRef(actor)
	if err != nil {
		return access.Ref{}
	}
	return r
}

// history tells from versions what happened, the newest first.
func (n names) history(versions []Version) []findingEvent {
	list := []findingEvent{}
	add := func(e findingEvent) {
		e.Person = n.of(person(e.By))
		list = append(list, e)
	}
	var was Version
	for i, is := range versions {
		e := findingEvent{At: is.At, By: is.Actor}
		switch {
		case i == 0:
			e.What = "opened"
		case is.Status == Accepted && was.Status != Accepted:
			e.What, e.Until, e.Reason = "accepted", is.AcceptedUntil, is.Reason
		case is.Status == Open && was.Status == Accepted:
			e.What, e.Reason = "reopened", is.Reason
		case is.Owner != was.Owner && slices.EqualFunc(is.Evidence, was.Evidence, sameFact):
			e.What, e.Owner = "assigned", n.of(is.Owner.Ref())
		default:
			e.What = "changed"
		}
		add(e)
		was = is
	}
	if was.Ended != 0 {
		add(findingEvent{What: "resolved", At: was.Ended, By: was.EndedBy})
	}
	slices.Reverse(list)
	return list
}

func sameFact(a, b Evidence) bool {
	return a.Text == b.Text && a.Count == b.Count && slices.Equal(a.Refs, b.Refs)
}

type findingRulesOutput struct {
	Body struct {
		Items []findingRule `json:"items"`
	}
}

type findingRule struct {
	Rule     string          `json:"rule"`
	Title    string          `json:"title"`
	Severity access.Severity `json:"severity" doc:"Where a finding does not say otherwise"`
	Function access.Function `json:"function" doc:"Who is accountable for what it finds"`
	Days     int             `json:"days" doc:"Until what it finds is due"`
	Matters  string          `json:"why_it_matters"`
	Do       string          `json:"what_to_do"`
}

func (a *API) rules(context.Context, *struct{}) (*findingRulesOutput, error) {
	out := &findingRulesOutput{}
	for _, r := range Rules() {
		says := WordsOf(r.ID)
		out.Body.Items = append(out.Body.Items, findingRule{r.ID, r.Title, r.Severity, r.Function, r.Days, says.Why, says.Do})
	}
	return out, nil
}

type findingsAgeingOutput struct {
	Body struct {
		At         access.Time       `json:"at" doc:"What the ages are measured from"`
		ByAge      []findingAge      `json:"by_age" doc:"Open findings by how long they have been open, and severity"`
		ByFunction []findingDue      `json:"by_function" doc:"Open findings by who answers, and how soon they are due"`
		Ages       []Age             `json:"ages"`
		Dues       []Age             `json:"dues"`
		Severities []access.Severity `json:"severities"`
	}
}

type findingAge struct {
	Age      Age             `json:"age" enum:"week,month,quarter,older"`
	Severity access.Severity `json:"severity"`
	Count    int64           `json:"count"`
}

type findingDue struct {
	Function access.Function `json:"function"`
	Due      Age             `json:"due" enum:"overdue,this_week,later"`
	Count    int64           `json:"count"`
}

func (a *API) ageing(ctx context.Context, in *FilterInput) (*findingsAgeingOutput, error) {
	q, err := a.query(ctx, *in)
	if err != nil {
		return nil, err
	}
	out := &findingsAgeingOutput{}
	b := &out.Body
	b.At, b.Ages, b.Dues, b.Severities = access.TimeOf(a.Service.now()), OpenAges, DueAges, access.Severities
	list, err := a.Service.Store.Ageing(ctx, q, b.At)
	if err != nil {
		return nil, err
	}
	ages, functions := map[findingAge]int64{}, map[findingDue]int64{}
	for _, x := range list {
		for i, n := range x.Open {
			ages[findingAge{Age: OpenAges[i], Severity: x.Severity}] += n
		}
		for i, n := range x.Due {
			functions[findingDue{Function: x.Function, Due: DueAges[i]}] += n
		}
	}
	for k, n := range ages {
		k.Count = n
		b.ByAge = append(b.ByAge, k)
	}
	for k, n := range functions {
		k.Count = n
		b.ByFunction = append(b.ByFunction, k)
	}
	slices.SortFunc(b.ByAge, func(x, y findingAge) int {
		return cmp.Or(slices.Index(OpenAges, x.Age)-slices.Index(OpenAges, y.Age), slices.Index(access.Severities, x.Severity)-slices.Index(access.Severities, y.Severity))
	})
	slices.SortFunc(b.ByFunction, func(x, y findingDue) int {
		return cmp.Or(slices.Index(access.Functions, x.Function)-slices.Index(access.Functions, y.Function), slices.Index(DueAges, x.Due)-slices.Index(DueAges, y.Due))
	})
	return out, nil
}
