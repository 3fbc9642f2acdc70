package analytics

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type unusedInput struct {
	httpapi.Paging
	By     By                            `query:"by" enum:"system,entitlement,role" default:"system" doc:"What the rows are; roles lie in no system, and show to who reaches all"`
	Days   int                           `query:"days" minimum:"1" maximum:"3660" default:"90" doc:"The period, back from now"`
	System httpapi.Text[access.SystemID] `query:"system" doc:"Only of this system"`
}

type unusedOutput struct {
	Body struct {
		Revision access.Rev  `json:"revision"`
		Since    access.Time `json:"since" doc:"When the period began"`
		Total    UsageShown  `json:"total"`
		Rows     int         `json:"rows" doc:"How many there are"`
		Items    []UsageRow  `json:"items" doc:"The most to be reduced first"`
		Next     string      `json:"next,omitempty"`
	}
}

// UsageShown is how some grants are used, and what taking the unused away would reduce.
type UsageShown struct {
	UseCounts
	Weight  float64 `json:"weight" doc:"Of all: a grant of tier 0 counts 8, of 1 counts 4, of 2 counts 2, of 3 counts 1"`
	Reduces float64 `json:"reduces" doc:"The weight of the unused"`
}

// UsageRow is one system, entitlement or role. A role's grants are its members.
type UsageRow struct {
	Of     *access.Named `json:"of"`
	System *access.Named `json:"system,omitempty"`
	Tier   *access.Tier  `json:"tier,omitempty" doc:"An entitlement's; of others the worst that is unused"`
	UsageShown
}

// rowSpot is how many rows came before.
type rowSpot struct {
	From int `json:"f"`
}

func fromCursor(text string) (int, error) {
	spot, err := httpapi.ParseCursor[rowSpot](text)
	if err != nil || spot.From < 0 {
		return 0, httpapi.ErrCursor
	}
	return spot.From, nil
}

// nextFrom is the cursor behind some rows; "" at the end.
func nextFrom(from, shown, all int) string {
	if from+shown >= all {
		return ""
	}
	return httpapi.Cursor(rowSpot{from + shown})
}

func (a *API) unused(ctx context.Context, in *unusedInput) (*unusedOutput, error) {
	from, err := fromCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Service.Usage(ctx, UsageFilter{By: in.By, Days: in.Days, System: in.System.V, Reach: policy.ReachOf(ctx), From: from, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &unusedOutput{}
	b := &out.Body
	b.Revision, b.Since, b.Total, b.Rows = page.Rev, page.Since, page.Total.Shown(), page.All
	b.Next = nextFrom(from, len(page.Rows), page.All)
	b.Items, err = ShowUsage(ctx, a.Names, page.Rows)
	return out, err
}

// Shown is how it is told.
func (u UsedBy) Shown() UsageShown { return UsageShown{u.UseCounts, u.Weight, u.Reduces} }

// ShowUsage puts names to rows.
func ShowUsage(ctx context.Context, names Names, rows []UsedBy) ([]UsageRow, error) {
	var refs []access.Ref
	for _, u := range rows {
		refs = append(refs, u.Of, u.System.Ref())
	}
	named, err := labelled(ctx, names, refs)
	if err != nil {
		return nil, err
	}
	list := make([]UsageRow, len(rows))
	for i, u := range rows {
		list[i] = UsageRow{Of: named(u.Of), UsageShown: u.Shown()}
		if u.System != 0 && u.Of.Kind != access.KindSystem {
			list[i].System = named(u.System.Ref())
		}
		if t := u.Tier; t != access.Unclassified {
			list[i].Tier = &t
		}
	}
	return list, nil
}
