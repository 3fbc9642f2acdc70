package coverage

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on coverage. All of its fields are needed.
type API struct {
	Service *Service
	Gate    *policy.Gate
	// Names labels systems, holders and entitlements.
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"coverage"}}
	}
	httpapi.Register(api, op("show-coverage", "/v1/coverage", "Which controls access needs, and which it has"), policy.Within[coverageInput](a.Gate, "coverage.read"), a.show)
	httpapi.Register(api, op("show-coverage-trend", "/v1/coverage/trend", "How coverage and standing privilege developed, by day"), policy.Within[coverageTrendInput](a.Gate, "coverage.read"), a.trend)
	httpapi.Register(api, op("list-coverage-evidence", "/v1/coverage/evidence", "The grants that cells count, and why each control counts so"), policy.Within[coverageEvidenceInput](a.Gate, "coverage.read"), a.evidence)
	httpapi.Register(api, op("list-controls", "/v1/controls", "Every control: what it is, whose it is, where it is required, how it is known"), policy.Known[struct{}](), a.controls)
}

// systemsOf is the caller's reach as a filter has it.
func systemsOf(r policy.Reach) *Systems {
	if r.All {
		return nil
	}
	list := Systems{}
	for id, has := range r.Systems {
		if has {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return &list
}

// CellInput narrows cells.
type CellInput struct {
	System     httpapi.Text[access.SystemID] `query:"system" doc:"Only of this system"`
	Tier       int                           `query:"tier" minimum:"-1" maximum:"3" default:"-1" doc:"Only of this tier; -1 is all"`
	Control    access.Control                `query:"control" enum:"owner,review,sod,expiry,vault,rotate,elevate,isolate,record,enforce"`
	Kind       access.IdentityKind           `query:"kind" enum:"human,service,agent" doc:"Only of holders of this kind"`
	ThirdParty string                        `query:"third_party" enum:"true,false" doc:"Only of third parties, or only of others"`
}

func (in CellInput) tier() *access.Tier {
	if in.Tier < 0 {
		return nil
	}
	t := access.Tier(in.Tier)
	return &t
}

func (in CellInput) third() *bool {
	if in.ThirdParty == "" {
		return nil
	}
	is := in.ThirdParty == "true"
	return &is
}

func (in CellInput) filter(ctx context.Context) Filter {
	return Filter{System: in.System.V, Tier: in.tier(), Control: in.Control, Within: systemsOf(policy.ReachOf(ctx))}
}

type coverageInput struct {
	CellInput
	By string `query:"by" enum:"system,tier,control,kind" default:"control" doc:"What the rows are; the columns are controls, or tiers where the rows are controls"`
}

type coverageOutput struct {
	Body struct {
		Revision access.Rev      `json:"revision" doc:"That it was measured at"`
		At       access.Time     `json:"at"`
		Items    []CoverageRow   `json:"items"`
		Total    CoverageCounts  `json:"total"`
		Stale    []CoverageStale `json:"stale" doc:"Systems of which what is known is too old: their controls count as unknown"`
	}
}

// CoverageCounts are how many grants need a control, and how many have it.
type CoverageCounts struct {
	Required int64 `json:"required"`
	InPlace  int64 `json:"in_place"`
	Missing  int64 `json:"missing"`
	Unknown  int64 `json:"unknown"`
	Excepted int64 `json:"excepted"`
}

func (c *CoverageCounts) plus(n Counts) {
	c.Required += n.Required
	c.InPlace += n.InPlace
	c.Missing += n.Missing
	c.Unknown += n.Unknown
	c.Excepted += n.Excepted
}

// CoverageRow is one row of the matrix.
type CoverageRow struct {
	Key    string                     `json:"key" doc:"The system's id, the tier, the control or the kind"`
	System *access.Named              `json:"system,omitempty"`
	Total  CoverageCounts             `json:"total"`
	Cells  map[string]*CoverageCounts `json:"cells" doc:"By control, or by tier where the row is a control"`
}

// CoverageStale is a system of which what is known is too old.
type CoverageStale struct {
	System *access.Named `json:"system"`
	Synced access.Time   `json:"synced,omitzero" doc:"The last complete sync; without it, never"`
	Tiers  []access.Tier `json:"tiers" doc:"For access of these tiers"`
}

func (a *API) show(ctx context.Context, in *coverageInput) (*coverageOutput, error) {
	k, err := a.Service.Last(ctx, in.filter(ctx))
	if err != nil {
		return nil, err
	}
	out := &coverageOutput{}
	b := &out.Body
	b.Revision, b.At, b.Items, b.Stale = k.Rev, k.At, []CoverageRow{}, []CoverageStale{}
	at := map[string]int{}
	third := in.third()
	var refs []access.Ref
	for _, r := range k.Rows {
		if in.Kind != "" && in.Kind != r.IdentityKind || third != nil && *third != r.ThirdParty {
			continue
		}
		row, column := keysOf(in.By, r.Cell)
		i, known := at[row]
		if !known {
			i = len(b.Items)
			at[row] = i
			b.Items = append(b.Items, CoverageRow{Key: row, Cells: map[string]*CoverageCounts{}})
			refs = append(refs, r.System.Ref())
		}
		if b.Items[i].Cells[column] == nil {
			b.Items[i].Cells[column] = &CoverageCounts{}
		}
		b.Items[i].Cells[column].plus(r.Counts)
		b.Items[i].Total.plus(r.Counts)
		b.Total.plus(r.Counts)
	}
	return out, a.name(ctx, in.By, refs, out)
}

// keysOf are the row and the column that a cell counts in.
func keysOf(by string, c Cell) (row, column string) {
	tier := string(rune('0' + c.Tier))
	switch by {
	case "system":
		return c.System.String(), string(c.Control)
	case "tier":
		return tier, string(c.Control)
	case "kind":
		if c.IdentityKind == "" {
			return "unknown", string(c.Control)
		}
		return string(c.IdentityKind), string(c.Control)
	}
	return string(c.Control), tier
}

// name fills in systems' names, puts rows in order and says what is stale.
func (a *API) name(ctx context.Context, by string, refs []access.Ref, out *coverageOutput) error {
	v := a.Service.Graph.View()
	defer v.Close()
	now, reach := access.TimeOf(a.Service.now()), policy.ReachOf(ctx)
	for s := range v.Systems() {
		if !reach.Has(s.ID) {
			continue
		}
		old := CoverageStale{System: &access.Named{ID: s.ID.Ref()}, Synced: s.Synced}
		for _, t := range access.Tiers {
			if isStale(s, t, now) {
				old.Tiers = append(old.Tiers, t)
			}
		}
		if len(old.Tiers) > 0 {
			out.Body.Stale = append(out.Body.Stale, old)
			refs = append(refs, s.ID.Ref())
		}
	}
	labels, err := a.Names.Names(ctx, refs)
	for i := range out.Body.Stale {
		n := labels[out.Body.Stale[i].System.ID].Named(out.Body.Stale[i].System.ID)
		out.Body.Stale[i].System = &n
	}
	if by == "system" {
		for i := range out.Body.Items {
			n := labels[refs[i]].Named(refs[i])
			out.Body.Items[i].System = &n
		}
	}
	if by == "control" {
		slices.SortFunc(out.Body.Items, func(x, y CoverageRow) int { return inDisplay(access.Control(x.Key), access.Control(y.Key)) })
	}
	if by == "tier" {
		slices.SortFunc(out.Body.Items, func(x, y CoverageRow) int { return int(x.Key[0]) - int(y.Key[0]) })
	}
	return err
}

type coverageTrendInput struct {
	CellInput
	Days int `query:"days" minimum:"1" maximum:"3660" default:"30" doc:"How many days back, today included"`
}

type coverageTrendOutput struct {
	Body struct {
		Items    []CoveragePoint `json:"items" doc:"By day and control"`
		Standing []StandingPoint `json:"standing" doc:"By day: privileged access, of tiers 0 and 1, held all the time and held only when needed"`
	}
}

// CoveragePoint is one control on a day.
type CoveragePoint struct {
	At      access.Time    `json:"at" doc:"The last measurement of the day"`
	Control access.Control `json:"control"`
	CoverageCounts
}

// StandingPoint is how privileged access of one tier was held on a day.
type StandingPoint struct {
	At       access.Time `json:"at"`
	Tier     access.Tier `json:"tier"`
	Standing int64       `json:"standing"`
	Eligible int64       `json:"eligible" doc:"Eligible or active: it ends by itself"`
}

func (a *API) trend(ctx context.Context, in *coverageTrendInput) (*coverageTrendOutput, error) {
	since := a.Service.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-in.Days)
	points, err := a.Service.Trend(ctx, since, in.filter(ctx))
	if err != nil {
		return nil, err
	}
	out := &coverageTrendOutput{}
	out.Body.Items, out.Body.Standing = []CoveragePoint{}, []StandingPoint{}
	for _, p := range points {
		x := CoveragePoint{At: p.At, Control: p.Control}
		x.plus(p.Counts)
		out.Body.Items = append(out.Body.Items, x)
	}
	held, err := a.Service.Store.Standing(ctx, access.TimeOf(since), in.filter(ctx))
	for _, h := range held {
		if h.Tier.Privileged() {
			out.Body.Standing = append(out.Body.Standing, StandingPoint{h.At, h.Tier, h.Standing, h.Eligible})
		}
	}
	return out, err
}

type controlsOutput struct {
	Body struct {
		Items []ControlAbout `json:"items"`
	}
}

// ControlAbout explains a control.
type ControlAbout struct {
	Control    access.Control    `json:"control"`
	Title      string            `json:"title"`
	What       string            `json:"what"`
	Discipline access.Discipline `json:"discipline" enum:"governance,privilege"`
	Function   access.Function   `json:"function" doc:"Whose it is"`
	Known      string            `json:"known" doc:"How it is known whether it is there"`
	Required   []ControlNeed     `json:"required"`
}

// ControlNeed is where a control is required.
type ControlNeed struct {
	Tier       access.Tier         `json:"tier"`
	Kind       access.IdentityKind `json:"kind"`
	ThirdParty bool                `json:"third_party" doc:"Of third parties; of others too, where that is said"`
	Days       int                 `json:"days,omitempty" doc:"Between reviews"`
}

func (a *API) controls(context.Context, *struct{}) (*controlsOutput, error) {
	out := &controlsOutput{}
	for _, c := range Controls {
		x := ControlAbout{Control: c.Control, Title: c.Title, What: c.What, Discipline: c.Control.Discipline(), Function: c.Function, Known: c.Known, Required: []ControlNeed{}}
		for _, tier := range access.Tiers {
			for _, kind := range access.IdentityKinds {
				for _, third := range []bool{false, true} {
					for _, need := range access.RequiredControls(tier, kind, third) {
						if need.Control == c.Control {
							x.Required = append(x.Required, ControlNeed{tier, kind, third, need.Days})
						}
					}
				}
			}
		}
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}
