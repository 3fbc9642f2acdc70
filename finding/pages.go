package finding

import (
	"context"
	"encoding/csv"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// FilterInput narrows findings.
type FilterInput struct {
	Rule       string                          `query:"rule" maxLength:"64" doc:"Only of this rule"`
	Severity   access.Severity                 `query:"severity" enum:"critical,high,medium,low"`
	Function   access.Function                 `query:"function" enum:"iam,security_operations,platform_owner,audit" doc:"Only those that this function answers for"`
	System     httpapi.Text[access.SystemID]   `query:"system" doc:"Only of this system"`
	Status     Status                          `query:"status" enum:"open,accepted" doc:"Without it, both"`
	Owner      httpapi.Text[access.IdentityID] `query:"owner" doc:"Only those that this person answers for"`
	Subject    httpapi.Text[access.Ref]        `query:"subject" doc:"Only about this object"`
	DueBefore  httpapi.Text[access.Time]       `query:"due_before" doc:"Only what is due before then"`
	EndsBefore httpapi.Text[access.Time]       `query:"ends_before" doc:"Only accepted ones, and only those whose acceptance ends before then"`
	Text       string                          `query:"q" maxLength:"200" doc:"Words of a rule, or what a person, account or group is called"`
}

// OrderInput narrows and sorts them.
type OrderInput struct {
	FilterInput
	Sort Order `query:"sort" enum:"worst,due,opened,ends" default:"worst" doc:"Worst and first due first; first due first; last opened first; or, of accepted ones alone, what ends first"`
}

type listInput struct {
	httpapi.Paging
	OrderInput
}

type exportInput struct{ OrderInput }

type findingsOutput struct {
	Body struct {
		Items  []ListedFinding `json:"items"`
		Next   string          `json:"next,omitempty"`
		Total  *int64          `json:"total,omitempty" doc:"How many there are on all pages; said on the first"`
		Totals []Total         `json:"totals,omitempty" doc:"The same by severity and function"`
	}
}

// ListedFinding is a finding as a list shows it.
type ListedFinding struct {
	ID            access.FindingID `json:"id"`
	Rule          string           `json:"rule"`
	Title         string           `json:"title" doc:"The rule in words"`
	Severity      access.Severity  `json:"severity"`
	Function      access.Function  `json:"function" doc:"Who is accountable"`
	Status        Status           `json:"status"`
	Subject       *access.Named    `json:"subject" doc:"What it is about"`
	System        *access.Named    `json:"system,omitempty"`
	Owner         *access.Named    `json:"owner,omitempty" doc:"Who answers; without one, the function itself"`
	Opened        access.Time      `json:"opened"`
	Due           access.Time      `json:"due"`
	AcceptedUntil access.Time      `json:"accepted_until,omitzero"`
	Why           string           `json:"why,omitempty" doc:"The first fact that says so"`
	Version       int64            `json:"version" doc:"As If-Match wants it, without the quotes"`
}

func (n names) item(f Finding, version int64) ListedFinding {
	rule, _ := RuleOf(f.Rule)
	i := ListedFinding{
		ID: f.ID, Rule: f.Rule, Title: rule.Title, Severity: f.Severity, Function: f.Function, Status: f.Status,
		Subject: n.of(f.Subject), System: n.of(f.System.Ref()), Owner: n.of(f.Owner.Ref()),
		Opened: f.Opened, Due: f.Due, AcceptedUntil: f.AcceptedUntil, Version: version,
	}
	if len(f.Evidence) > 0 {
		i.Why = n.sentence(f.Evidence[0])
	}
	return i
}

// query is what an input asks for, within the caller's reach.
func (a *API) query(ctx context.Context, in FilterInput) (Query, error) {
	q := Query{
		Rule: in.Rule, Severity: in.Severity, Function: in.Function, System: in.System.V, Status: in.Status, Owner: in.Owner.V,
		Subject: in.Subject.V, DueBefore: in.DueBefore.V, EndsBefore: in.EndsBefore.V, Reach: policy.ReachOf(ctx),
	}
	if in.Text == "" {
		return q, nil
	}
	refs, err := a.Search(ctx, in.Text)
	if err != nil {
		return q, err
	}
	v := a.Service.Graph.View()
	defer v.Close()
	for _, r := range slices.Clone(refs) {
		if r.Kind == access.KindIdentity { // most that is about a person is about their accounts
			for _, account := range v.AccountsOf(access.IdentityID(r.Key)) {
				refs = append(refs, account.Ref())
			}
		}
	}
	q.Match = &Match{Rules: matching(in.Text), Subjects: refs}
	return q, nil
}

func (a *API) list(ctx context.Context, in *listInput) (*findingsOutput, error) {
	q, err := a.query(ctx, in.FilterInput)
	if err != nil {
		return nil, err
	}
	q.Order, q.Limit = in.Sort, in.Limit+1
	if in.Cursor != "" {
		place, err := httpapi.ParseCursor[Place](in.Cursor)
		if err != nil {
			return nil, err
		}
		q.After = &place
	}
	list, err := a.Service.Store.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &findingsOutput{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = httpapi.Cursor(list[in.Limit-1].Place)
	}
	if out.Body.Items, err = a.items(ctx, list); err != nil || in.Cursor != "" {
		return out, err
	}
	out.Body.Total = new(int64)
	out.Body.Totals, err = a.Service.Store.Totals(ctx, q)
	for _, t := range out.Body.Totals {
		*out.Body.Total += t.Count
	}
	return out, err
}

func (a *API) items(ctx context.Context, list []Listed) ([]ListedFinding, error) {
	findings := make([]Finding, len(list))
	for i, x := range list {
		findings[i] = x.Finding
	}
	n, err := a.names(ctx, findings)
	items := make([]ListedFinding, len(list))
	for i, x := range list {
		items[i] = n.item(x.Finding, x.Version)
	}
	return items, err
}

// exported is how many findings are read at a time for an export.
const exported = 1000

var exportHeader = []string{"id", "severity", "rule", "title", "status", "function", "subject_type", "subject", "subject_id", "system", "owner", "opened", "due", "accepted_until", "why"}

func (a *API) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	q, err := a.query(ctx, in.FilterInput)
	if err != nil {
		return nil, err
	}
	q.Order, q.Limit = in.Sort, exported
	return httpapi.Stream("text/csv; charset=utf-8", "findings.csv", func(w *httpapi.Streamer) error {
		out := csv.NewWriter(w)
		if err := out.Write(exportHeader); err != nil {
			return err
		}
		for {
			list, err := a.Service.Store.Page(ctx, q)
			if err != nil {
				return err
			}
			items, err := a.items(ctx, list)
			if err != nil {
				return err
			}
			for _, i := range items {
				if err := out.Write(i.cells()); err != nil {
					return err
				}
			}
			if len(list) < exported {
				out.Flush()
				return out.Error()
			}
			q.After = &list[len(list)-1].Place
		}
	}), nil
}

func (i ListedFinding) cells() []string {
	called := func(n *access.Named) string {
		if n == nil {
			return ""
		}
		return n.Name
	}
	day := func(t access.Time) string {
		if t == 0 {
			return ""
		}
		return t.Time().UTC().Format("2006-01-02")
	}
	cells := []string{
		i.ID.String(), string(i.Severity), i.Rule, i.Title, string(i.Status), string(i.Function), i.Subject.Type, i.Subject.Name, i.Subject.ID.String(),
		called(i.System), called(i.Owner), day(i.Opened), day(i.Due), day(i.AcceptedUntil), i.Why,
	}
	for n := range cells {
		cells[n] = httpapi.Cell(cells[n])
	}
	return cells
}
