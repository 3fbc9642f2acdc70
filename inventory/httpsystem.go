package inventory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// The actions on a system.
const (
	readSystem   = "system.read"
	addSystem    = "system.add"
	changeSystem = "system.change"
	ownSystem    = "system.owner"
	syncSystem   = "system.sync"
)

// SystemHealth is how current what is known of a system is.
type SystemHealth struct {
	State    string      `json:"state" enum:"good,stale,failed,never_read,draft,maintenance"`
	Synced   access.Time `json:"synced_at,omitzero" doc:"The last complete sync"`
	Age      int64       `json:"age_seconds,omitempty" doc:"Since then"`
	Cycle    int64       `json:"cycle_seconds" doc:"How old it may be"`
	Failed   access.Time `json:"failed_at,omitzero" doc:"The last try, where that failed"`
	Failures int         `json:"failures" doc:"One after another"`
	Error    string      `json:"error,omitempty"`
	Warnings int         `json:"warnings"`
	Next     access.Time `json:"next_at,omitzero" doc:"When it is read next by itself"`
}

// SystemDrift is what came after the first sync.
type SystemDrift struct {
	Baseline access.Time `json:"baseline_at,omitzero"`
	Late     int64       `json:"late_grants" doc:"Grants that appeared since"`
}

// SystemItem is a system in a list.
type SystemItem struct {
	ID          access.SystemID    `json:"id"`
	Name        string             `json:"name"`
	Kind        string             `json:"kind"`
	Connector   string             `json:"connector" doc:"What reads it"`
	Stage       Stage              `json:"stage" enum:"draft,active,maintenance"`
	Scope       *Labelled          `json:"scope" doc:"None is the organisation"`
	Environment access.Environment `json:"environment,omitempty"`
	Criticality access.Criticality `json:"criticality,omitempty"`
	DataClass   access.DataClass   `json:"data_class,omitempty"`
	Owner       *Labelled          `json:"business_owner"`
	Technical   *Labelled          `json:"technical_owner"`
	RunsOn      *Labelled          `json:"runs_on"`
	WorstTier   *access.Tier       `json:"worst_tier" doc:"Of all that it can give; none while it gives nothing"`
	Counts      Counts             `json:"counts"`
	Health      SystemHealth       `json:"health"`
	Drift       SystemDrift        `json:"drift"`

	PausedUntil  access.Time `json:"paused_until,omitzero" doc:"In maintenance"`
	PausedReason string      `json:"paused_reason,omitempty"`
}

// SystemDetail is all that is kept of a system. It holds no secret.
type SystemDetail struct {
	SystemItem
	Address    string                    `json:"address"`
	Options    map[string]string         `json:"options"`
	Credential SystemCredentialKind      `json:"credential"`
	Every      string                    `json:"every" doc:"How often it is read"`
	EverySet   bool                      `json:"every_set" doc:"By somebody, and not by its cycle"`
	CycleSet   bool                      `json:"cycle_set" doc:"By somebody, and not by its worst tier"`
	Hours      string                    `json:"hours,omitempty" doc:"Of the day in which it is read"`
	Warnings   []string                  `json:"warnings" doc:"What cannot be read, and what would make it readable"`
	Runs       []Run                     `json:"runs" doc:"The last ones, newest first"`
	May        map[string]policy.Verdict `json:"may" doc:"What whoever asks may do"`
}

// SystemCredentialKind is how a credential is kept, never the credential.
type SystemCredentialKind struct {
	Kind string `json:"kind" enum:"none,sealed,vault,named,env,file,prompt"`
	Name string `json:"name,omitempty" doc:"Of one that the node's configuration declares"`
}

func credentialKind(reference string) SystemCredentialKind {
	kind, name, _ := strings.Cut(reference, ":")
	if kind+":" == namedPrefix {
		return SystemCredentialKind{"named", name}
	}
	return SystemCredentialKind{Kind: cmp.Or(kind, "none")}
}

// SystemFilter says which systems, and in which order.
type SystemFilter struct {
	Query       string             `query:"q" maxLength:"200" doc:"Part of the name"`
	Kind        string             `query:"kind" maxLength:"64"`
	Environment access.Environment `query:"environment" maxLength:"32"`
	Criticality access.Criticality `query:"criticality" maxLength:"32"`
	Stage       Stage              `query:"stage" enum:"draft,active,maintenance"`
	State       string             `query:"state" enum:"good,stale,failed,never_read,draft,maintenance"`
	Owner       string             `query:"owner" maxLength:"64" doc:"An identity's id, or none"`
	Sort        string             `query:"sort" enum:"name,-name,state,-state,synced,-synced,late,-late,owner,-owner" default:"name" doc:"state has the worst first, synced the oldest, late the most; a minus turns it round"`
}

type listSystemsInput struct {
	httpapi.Paging
	SystemFilter
}

type exportSystemsInput struct{ SystemFilter }

func (a *API) registerSystems(api huma.API) {
	httpapi.Register(api, operation("list-systems", get, "/v1/systems", "The systems and how current what is known of them is", http.StatusOK),
		policy.Within[listSystemsInput](a.Gate, readSystem), a.listSystems)
	httpapi.Register(api, operation("export-systems", get, "/v1/systems/export", "All systems of a list as CSV", http.StatusOK),
		policy.Within[exportSystemsInput](a.Gate, readSystem), a.exportSystems)
	httpapi.Register(api, operation("show-system", get, "/v1/systems/{id}", "Everything that is kept of a system", http.StatusOK),
		onSystem[OfSystem](a, readSystem), a.showSystem)
	httpapi.Register(api, operation("list-kinds", get, "/v1/kinds", "The kinds of system that can be read, and what each has to be told", http.StatusOK),
		policy.Known[struct{}](), a.listKinds)
}

type listSystemsOutput struct{ Body pageOf[SystemItem] }

func (a *API) listSystems(ctx context.Context, in *listSystemsInput) (*listSystemsOutput, error) {
	found, err := a.find(ctx, &in.SystemFilter)
	if err != nil {
		return nil, err
	}
	page, err := cut(found, in.Paging, in.backwards())
	return &listSystemsOutput{page}, err
}

// find returns the systems that are asked for, of those that the caller may see.
func (a *API) find(ctx context.Context, in *SystemFilter) ([]placed[SystemItem], error) {
	list, err := a.Service.Store.Systems(ctx)
	if err != nil {
		return nil, err
	}
	reach := policy.ReachOf(ctx)
	list = slices.DeleteFunc(list, func(y System) bool { return !reach.Has(y.ID) })
	items, err := a.items(ctx, list)
	var found []placed[SystemItem]
	for _, x := range items {
		if in.wants(&x) {
			found = append(found, placed[SystemItem]{position{in.key(&x), int64(x.ID)}, x})
		}
	}
	return found, err
}

func (in *SystemFilter) backwards() bool { return strings.HasPrefix(in.Sort, "-") }

func (in *SystemFilter) wants(x *SystemItem) bool {
	owned := in.Owner == "" || in.Owner == "none" && x.Owner == nil && x.Technical == nil
	for _, who := range []*Labelled{x.Owner, x.Technical} {
		owned = owned || who != nil && who.ID.String() == in.Owner
	}
	return owned && strings.Contains(strings.ToLower(x.Name), strings.ToLower(in.Query)) &&
		(in.Kind == "" || in.Kind == x.Kind) && (in.Environment == "" || in.Environment == x.Environment) &&
		(in.Criticality == "" || in.Criticality == x.Criticality) && (in.Stage == "" || in.Stage == x.Stage) &&
		(in.State == "" || in.State == x.Health.State)
}

// worstFirst are the states in the order of how much they ask for.
var worstFirst = []string{"failed", "never_read", "stale", "maintenance", "draft", "good"}

func (in *SystemFilter) key(x *SystemItem) string {
	switch strings.TrimPrefix(in.Sort, "-") {
	case "state":
		return fmt.Sprintf("%d %s", slices.Index(worstFirst, x.Health.State), x.Name)
	case "synced":
		return fmt.Sprintf("%020d", x.Health.Synced)
	case "late":
		return fmt.Sprintf("%020d", 1<<62-x.Drift.Late)
	case "owner":
		return strings.ToLower(called(x.answers()))
	}
	return strings.ToLower(x.Name)
}

// answers is who is asked first about a system.
func (x *SystemItem) answers() *Labelled { return cmp.Or(x.Owner, x.Technical) }

func called(l *Labelled) string {
	if l == nil {
		return ""
	}
	return l.Name
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.Key, q.Key), cmp.Compare(p.ID, q.ID))
}

// items are systems as lists show them.
func (a *API) items(ctx context.Context, list []System) ([]SystemItem, error) {
	worst, err := a.Service.Store.WorstTiers(ctx)
	if err != nil {
		return nil, err
	}
	late, err := a.Service.Store.LateGrants(ctx)
	if err != nil {
		return nil, err
	}
	var refs []access.Ref
	for _, y := range list {
		refs = append(refs, y.Scope.Ref(), y.BusinessOwner.Ref(), y.TechnicalOwner.Ref(), y.RunsOn.Ref())
	}
	label, err := a.labels(ctx, refs)
	if err != nil {
		return nil, err
	}
	items := make([]SystemItem, 0, len(list))
	for _, y := range list {
		x := SystemItem{
			ID: y.ID, Name: y.Name, Kind: y.Kind, Connector: y.connector(), Stage: y.StageAt(a.now()), Scope: label(y.Scope.Ref()),
			Environment: y.Environment, Criticality: y.Criticality, DataClass: y.DataClass,
			Owner: label(y.BusinessOwner.Ref()), Technical: label(y.TechnicalOwner.Ref()), RunsOn: label(y.RunsOn.Ref()), Counts: y.State.Counts,
			Drift: SystemDrift{y.State.Baseline, late[y.ID]},
		}
		if x.Stage == Maintenance {
			x.PausedUntil, x.PausedReason = y.PausedUntil, y.PausedReason
		}
		tier := access.Tier3 // while it gives nothing
		if t, ok := worst[y.ID]; ok {
			tier, x.WorstTier = t, &t
		}
		x.Health = healthOf(y.ID.Ref(), y.Plan, y.State, tier.Cycle(y.Cycle), a.now())
		items = append(items, x)
	}
	return items, nil
}

func healthOf(id access.Ref, p Plan, s State, cycle time.Duration, now time.Time) SystemHealth {
	h := SystemHealth{State: p.Health(s, cycle, now), Synced: s.Synced, Cycle: int64(cycle / time.Second), Failures: s.Failures, Warnings: len(s.Warnings)}
	if s.Synced != 0 {
		h.Age = max(0, int64(now.Sub(s.Synced.Time())/time.Second))
	}
	if s.Failed > s.Synced {
		h.Failed, h.Error = s.Failed, sentence(s.Error)
	}
	if at, ok := p.DueAt(id, s, cycle, now); ok {
		h.Next = access.TimeOf(at)
	}
	return h
}

type showSystemOutput struct {
	ETag string `header:"ETag"`
	Body SystemDetail
}

// lastRuns are shown with a system.
const lastRuns = 5

func (a *API) showSystem(ctx context.Context, in *OfSystem) (*showSystemOutput, error) {
	y, err := a.systemOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.detail(ctx, y)
}

func (a *API) detail(ctx context.Context, y System) (*showSystemOutput, error) {
	items, err := a.items(ctx, []System{y})
	if err != nil {
		return nil, err
	}
	x := items[0]
	d := SystemDetail{
		SystemItem: x, Address: y.Config.Address, Options: orEmpty(y.Config.Options), Credential: credentialKind(y.Config.Credential),
		Every: Period(y.Period(time.Duration(x.Health.Cycle) * time.Second)).String(), EverySet: y.Every != 0, CycleSet: y.Cycle != 0, Hours: y.Hours.String(),
		Warnings: orNone(y.State.Warnings), May: a.mayDo(ctx, y),
	}
	d.Runs, err = a.Service.Store.Runs(ctx, RunFilter{On: []access.Ref{y.ID.Ref()}, First: lastRuns})
	d.Runs = orNone(d.Runs)
	return &showSystemOutput{httpapi.Tag(y.Version), d}, err
}

// mayDo is what whoever asks may do to a system as it stands.
func (a *API) mayDo(ctx context.Context, y System) map[string]policy.Verdict {
	may := a.Gate.Verdicts(ctx, Protected(y), changeSystem, addSystem, ownSystem, syncSystem)
	for _, action := range []string{changeSystem, ownSystem} {
		may[action] = may[ofDraft(y, action)]
	}
	return may
}

// SystemKind is a kind of system with what a form asks for.
type SystemKind struct {
	Kind        string             `json:"kind"`
	Title       string             `json:"title"`
	Address     string             `json:"address" doc:"An example"`
	Declared    bool               `json:"address_declared" doc:"The address is one of the names under paths"`
	Paths       []string           `json:"paths" doc:"What the node's configuration declares"`
	Credentials []SystemCredential `json:"credentials" doc:"What the node's configuration declares"`
	Options     []SystemKindOption `json:"options"`
	Manual      string             `json:"manual"`
}

// SystemCredential is a credential that the node's configuration declares, and what it
// goes with.
type SystemCredential struct {
	Name    string            `json:"name"`
	Address string            `json:"address"`
	Options map[string]string `json:"options"`
}

// SystemKindOption is one thing that a kind of system may be told.
type SystemKindOption struct {
	Name     string `json:"name"`
	Help     string `json:"help"`
	Default  string `json:"default,omitempty"`
	Required bool   `json:"required"`
	Family   bool   `json:"family" doc:"What the name has in capitals stands for something of the system's"`
	Text     bool   `json:"text" doc:"Its text is given, or one of the names under paths"`
}

type listKindsOutput struct{ Body pageOf[SystemKind] }

func (a *API) listKinds(ctx context.Context, _ *struct{}) (*listKindsOutput, error) {
	declared := a.Service.Declared
	// What the node declares is for whoever adds systems somewhere.
	if reach, err := a.Gate.Reach(ctx, addSystem); err != nil || reach.None() {
		declared = Declared{}
	}
	credentials := []SystemCredential{}
	for _, name := range slices.Sorted(maps.Keys(declared.Credentials)) {
		c := declared.Credentials[name]
		credentials = append(credentials, SystemCredential{name, c.Address, orEmpty(c.Options)})
	}
	page := pageOf[SystemKind]{Items: []SystemKind{}}
	for _, kind := range slices.Sorted(maps.Keys(a.Service.Connectors)) {
		spec := a.Service.Connectors[kind]
		paths, _ := declared.addresses(spec)
		k := SystemKind{
			Kind: kind, Title: spec.Title, Address: spec.Address, Declared: spec.Local, Paths: orNone(slices.Sorted(maps.Keys(paths))),
			Credentials: credentials, Options: []SystemKindOption{}, Manual: "/manual/how-to/" + kind,
		}
		for _, o := range spec.Options {
			k.Options = append(k.Options, SystemKindOption{o.Name, o.Help, o.Default, o.Required, o.Name != strings.ToLower(o.Name), o.Path != nil})
		}
		page.Items = append(page.Items, k)
	}
	page.Total = len(page.Items)
	return &listKindsOutput{page}, nil
}
