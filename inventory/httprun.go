package inventory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// ErrNoPreview is the answer where nothing was looked at yet.
var ErrNoPreview = fault.New(fault.Conflict, "dry-run-required", "make a dry run first: there is nothing to show yet")

type syncSystemInput struct {
	OfSystem
	Body struct {
		ConfirmRemoval bool `json:"confirm_removal,omitempty" doc:"Let the sync remove as much as it finds gone or out of sight"`
		Full           bool `json:"full,omitempty" doc:"Read all, also where the system tells what changed"`
	}
}

// OfRun is the part of an input that names a run.
type OfRun struct {
	ID string `path:"id" maxLength:"64" doc:"The run's id"`
}

type listRunsInput struct {
	httpapi.Paging
	System string  `query:"system" maxLength:"64" doc:"Only this system's"`
	Source string  `query:"source" maxLength:"64" doc:"Only this source's"`
	Kind   RunKind `query:"kind" enum:"test,dry_run,sync"`
}

// RunItem is a run with what it is of.
type RunItem struct {
	Run
	What *Labelled `json:"what"`
}

type startedOutput struct {
	Location string `header:"Location"`
	Body     Run
}

func (a *API) registerRuns(api huma.API) {
	httpapi.Register(api, operation("test-system", post, "/v1/systems/{id}/test", "Sign in to a system, and read nothing", http.StatusAccepted),
		onSystem[OfSystem](a, syncSystem), a.testSystem)
	httpapi.Register(api, operation("dry-run-system", post, "/v1/systems/{id}/dry-run", "Read a system, and change nothing", http.StatusAccepted),
		onSystem[OfSystem](a, syncSystem), a.dryRun)
	httpapi.Register(api, operation("sync-system", post, "/v1/systems/{id}/sync", "Read a system now", http.StatusAccepted),
		onSystem[syncSystemInput](a, syncSystem), a.syncSystem)
	httpapi.Register(api, operation("preview-correlation", get, "/v1/systems/{id}/correlation", "Whose its accounts would be, by the last dry run", http.StatusOK),
		onSystem[OfSystem](a, readSystem), a.previewCorrelation)
	httpapi.Register(api, operation("preview-classification", get, "/v1/systems/{id}/classification", "Which tiers its entitlements have, or would have by the last dry run", http.StatusOK),
		onSystem[OfSystem](a, readSystem), a.previewClassification)
	httpapi.Register(api, operation("list-runs", get, "/v1/runs", "Tests, dry runs and syncs, the newest first", http.StatusOK),
		policy.Within[listRunsInput](a.Gate, readSystem), a.listRuns)
	httpapi.Register(api, operation("show-run", get, "/v1/runs/{id}", "Where a run stands, and what it found", http.StatusOK),
		policy.On(a.Gate, readSystem, a.objectOfRun), a.showRun)
	httpapi.Register(api, operation("stop-run", remove, "/v1/runs/{id}", "Stop a run", http.StatusNoContent),
		policy.On(a.Gate, syncSystem, a.objectOfRun), a.stopRun)
}

func started(run Run, _ <-chan Run, err error) (*startedOutput, error) {
	return &startedOutput{"/v1/runs/" + run.ID.String(), run}, err
}

func (a *API) testSystem(ctx context.Context, in *OfSystem) (*startedOutput, error) {
	y, err := a.systemOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return started(a.Runs.Test(ctx, y.ID))
}

func (a *API) dryRun(ctx context.Context, in *OfSystem) (*startedOutput, error) {
	y, err := a.systemOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return started(a.Runs.Dry(ctx, y.ID))
}

func (a *API) syncSystem(ctx context.Context, in *syncSystemInput) (*startedOutput, error) {
	y, err := a.systemOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := y.readable("system "+y.Name, a.now()); err != nil {
		return nil, err
	}
	return started(a.Runs.Sync(ctx, y.ID.Ref(), SyncOptions{AcceptRemovals: in.Body.ConfirmRemoval, Full: in.Body.Full}))
}

// lastPreview is what the last dry run of a system found.
func (a *API) lastPreview(ctx context.Context, id access.SystemID) (*Preview, error) {
	list, err := a.Service.Store.Runs(ctx, RunFilter{On: []access.Ref{id.Ref()}, Kind: DryRun, First: 50})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(r Run) bool { return r.State == Done })
	if i < 0 {
		return nil, ErrNoPreview
	}
	r, err := a.Service.Store.Run(ctx, list[i].ID)
	if err == nil && r.Outcome.Preview == nil {
		err = ErrNoPreview
	}
	return r.Outcome.Preview, err
}

// CorrelationPreview is whose a system's accounts would be.
type CorrelationPreview struct {
	At     access.Time         `json:"at" doc:"Of the dry run"`
	Counts Foretold            `json:"found"`
	People map[string]Labelled `json:"people" doc:"Whom the found are linked to, by id"`
}

type previewCorrelationOutput struct{ Body CorrelationPreview }

func (a *API) previewCorrelation(ctx context.Context, in *OfSystem) (*previewCorrelationOutput, error) {
	y, err := a.systemOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Gate.Permit(ctx, "account.read", insideOf(y)); err != nil {
		return nil, err
	}
	p, err := a.lastPreview(ctx, y.ID)
	if err != nil {
		return nil, err
	}
	var refs []access.Ref
	for _, m := range p.Correlation.First {
		refs = append(refs, m.Identity.Ref())
	}
	label, err := a.labels(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := CorrelationPreview{At: p.At, Counts: p.Correlation, People: map[string]Labelled{}}
	for _, r := range refs {
		if l := label(r); l != nil {
			out.People[r.String()] = *l
		}
	}
	return &previewCorrelationOutput{out}, nil
}

// ClassificationPreview is which tiers a system's entitlements have or would have.
type ClassificationPreview struct {
	At    access.Time `json:"at,omitzero" doc:"Of the dry run"`
	Real  bool        `json:"real" doc:"The system has been read: these are the tiers that it has"`
	Tiers *Tiered     `json:"tiers"`
	Said  string      `json:"said"`
}

type previewClassificationOutput struct{ Body ClassificationPreview }

func (a *API) previewClassification(ctx context.Context, in *OfSystem) (*previewClassificationOutput, error) {
	y, err := a.systemOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Gate.Permit(ctx, "entitlement.read", insideOf(y)); err != nil {
		return nil, err
	}
	if y.State.Synced != 0 {
		t := a.tiersOf(y.ID)
		return &previewClassificationOutput{ClassificationPreview{Real: true, Tiers: t, Said: "the system has been read: these are the tiers that its entitlements have"}}, nil
	}
	p, err := a.lastPreview(ctx, y.ID)
	if err != nil {
		return nil, err
	}
	out := ClassificationPreview{At: p.At, Tiers: p.Tiers, Said: "by what the system alone says: what its entitlements lead to elsewhere is known after the first sync"}
	if p.Tiers != nil && p.Tiers.Said != "" {
		out.Said = p.Tiers.Said
	}
	return &previewClassificationOutput{out}, nil
}

// tiersOf counts the tiers that a system's entitlements have.
func (a *API) tiersOf(id access.SystemID) *Tiered {
	t := &Tiered{Counts: map[access.Tier]int64{}, First: []TierExample{}}
	v := a.Gate.Graph.View()
	defer v.Close()
	for e := range v.Entitlements() {
		if e.System == id {
			t.Counts[e.Tier]++
		}
	}
	return t
}

// objectOfRun is what a run is of. A run of a source is the organisation's.
func (a *API) objectOfRun(ctx context.Context, in *OfRun) (policy.Object, error) {
	r, err := a.runOf(ctx, in.ID)
	if err != nil || r.On.Kind == access.KindSource {
		return policy.Object{}, err
	}
	y, err := a.systemOf(ctx, r.On.String())
	return Protected(y), err
}

func (a *API) runOf(ctx context.Context, text string) (Run, error) {
	var id access.RunID
	if id.UnmarshalText([]byte(text)) != nil {
		return Run{}, policy.ErrNoObject
	}
	r, err := a.Runs.Look(ctx, id)
	if errors.Is(err, ErrNotFound) {
		err = policy.ErrNoObject
	}
	return r, err
}

// maySource asks what the guard, which is on systems, cannot.
func (a *API) maySource(ctx context.Context, action string, r Run) error {
	if r.On.Kind != access.KindSource {
		return nil
	}
	return a.Gate.Permit(ctx, action, policy.Object{Resource: policy.Resource{Ref: r.On}})
}

type showRunOutput struct{ Body RunItem }

func (a *API) showRun(ctx context.Context, in *OfRun) (*showRunOutput, error) {
	r, err := a.runOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.maySource(ctx, readSource, r); err != nil {
		return nil, err
	}
	label, err := a.labels(ctx, []access.Ref{r.On})
	if err != nil {
		return nil, err
	}
	if err := a.withhold(ctx, &r); err != nil {
		return nil, err
	}
	return &showRunOutput{RunItem{r, label(r.On)}}, nil
}

// insideOf is what lies in a system and has no id yet.
func insideOf(y System) policy.Object {
	o := Protected(y)
	o.Ref, o.Subjects = access.Ref{}, nil
	return o
}

// withhold leaves out of what a dry run found what is in the system, for whoever sees
// the system alone; the counts stay.
func (a *API) withhold(ctx context.Context, r *Run) error {
	if r.Outcome.Preview == nil {
		return nil
	}
	y, err := a.systemOf(ctx, r.On.String())
	if err != nil {
		return err
	}
	if a.Gate.Permit(ctx, "account.read", insideOf(y)) == nil && a.Gate.Permit(ctx, "entitlement.read", insideOf(y)) == nil {
		return nil
	}
	p := *r.Outcome.Preview
	for _, d := range []*PreviewDelta{&p.Resources, &p.Entitlements, &p.Accounts, &p.Grants, &p.Credentials} {
		d.First = []PreviewExample{}
	}
	p.Correlation, p.Tiers, p.Warnings = newForetold(), nil, []string{}
	r.Outcome.Preview = &p
	return nil
}

func (a *API) stopRun(ctx context.Context, in *OfRun) (*struct{}, error) {
	r, err := a.runOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.maySource(ctx, syncSource, r); err != nil {
		return nil, err
	}
	return nil, a.Runs.Cancel(ctx, r.ID)
}

type listRunsOutput struct{ Body runsPage }

type runsPage struct {
	Items []RunItem `json:"items"`
	Next  string    `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
}

func (a *API) listRuns(ctx context.Context, in *listRunsInput) (*listRunsOutput, error) {
	before, err := httpapi.ParseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	on, err := a.runsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	list, err := a.Service.Store.Runs(ctx, RunFilter{On: on, Kind: in.Kind, Before: access.RunID(before), First: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	page := runsPage{Items: []RunItem{}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		page.Next = httpapi.Cursor(int64(list[len(list)-1].ID))
	}
	label, err := a.labels(ctx, on)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		page.Items = append(page.Items, RunItem{r, label(r.On)})
	}
	return &listRunsOutput{page}, nil
}

// runsOf are the systems and sources whose runs somebody wants and may see.
func (a *API) runsOf(ctx context.Context, in *listRunsInput) ([]access.Ref, error) {
	list, err := a.Service.Store.Systems(ctx)
	if err != nil {
		return nil, err
	}
	reach, on := policy.ReachOf(ctx), []access.Ref{}
	wanted := func(r access.Ref, given, other string) bool {
		return given == r.String() || given == "" && other == ""
	}
	for _, y := range list {
		if reach.Has(y.ID) && wanted(y.ID.Ref(), in.System, in.Source) {
			on = append(on, y.ID.Ref())
		}
	}
	sources, err := a.Service.Store.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading sources: %w", err)
	}
	for _, s := range sources {
		if wanted(s.ID.Ref(), in.Source, in.System) && a.maySource(ctx, readSource, Run{On: s.ID.Ref()}) == nil {
			on = append(on, s.ID.Ref())
		}
	}
	return on, nil
}
