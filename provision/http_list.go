package provision

import (
	"context"
	"errors"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

type listRunsInput struct {
	httpapi.Paging
	State  RunState `query:"state" enum:"open,held,done"`
	System string   `query:"system" maxLength:"64" doc:"Only this system's"`
}

type listOperationsInput struct {
	httpapi.Paging
	State    []State                   `query:"state" maxItems:"8" enum:"planned,held,waiting,running,failed,dead,verified,cancelled" doc:"Only in one of these"`
	System   string                    `query:"system" maxLength:"64" doc:"Only this system's"`
	Run      string                    `query:"run" maxLength:"64" doc:"Only of this run"`
	Identity string                    `query:"identity" maxLength:"64" doc:"Only about this identity"`
	ByHand   bool                      `query:"by_hand" doc:"Only what people carry out"`
	From     httpapi.Text[access.Time] `query:"from" doc:"Only what was planned since"`
	Until    httpapi.Text[access.Time] `query:"until" doc:"Only what was planned before"`
}

// page is a page of a list, with what the things in it are called.
type page[T any] struct {
	Items []T               `json:"items"`
	Names map[string]string `json:"names" doc:"What the things in it are called, by id, as far as you may see it"`
	Next  string            `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
}

type (
	runsOutput       struct{ Body page[Run] }
	operationsOutput struct{ Body page[Operation] }
	runOutput        struct{ Body RunShown }
	operationOutput  struct{ Body OperationShown }
)

// RunShown is a run with what may be done about it.
type RunShown struct {
	Run
	By    []string                  `json:"caused_by" doc:"Who made the changes that brought it: an id, or a part of a node"`
	Names map[string]string         `json:"names"`
	May   map[string]policy.Verdict `json:"may"`
}

// OperationShown is an operation with what may be done about it.
type OperationShown struct {
	Operation
	Names map[string]string         `json:"names"`
	May   map[string]policy.Verdict `json:"may"`
}

// within are the systems that a list is of: those asked for, as far as they may be seen.
func within(ctx context.Context, text string) ([]access.SystemID, error) {
	r := policy.ReachOf(ctx)
	if text != "" {
		var id access.SystemID
		if err := id.UnmarshalText([]byte(text)); err != nil {
			return nil, err
		}
		if !r.Has(id) {
			return []access.SystemID{}, nil
		}
		return []access.SystemID{id}, nil
	}
	if r.All {
		return nil, nil
	}
	list := []access.SystemID{}
	for id := range r.Systems {
		list = append(list, id)
	}
	slices.Sort(list)
	return list, nil
}

// named says what things are called. Whose accounts they are, only to whoever may see that
// everywhere.
func (a *API) named(ctx context.Context, refs []access.Ref) (map[string]string, error) {
	if a.Gate.Permit(ctx, "identity.read", policy.Object{}) != nil {
		refs = slices.DeleteFunc(refs, func(r access.Ref) bool { return r.Kind == access.KindIdentity })
	}
	labels, err := a.Names.Names(ctx, refs)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for r, l := range labels {
		if l.Name != "" {
			names[r.String()] = l.Name
		}
	}
	return names, nil
}

func (o *Operation) refs() (list []access.Ref) {
	for _, r := range []access.Ref{o.System.Ref(), o.Identity.Ref(), o.Account.Ref(), o.Entitlement.Ref(), o.Resource.Ref()} {
		if !r.IsZero() {
			list = append(list, r)
		}
	}
	return list
}

func (a *API) listRuns(ctx context.Context, in *listRunsInput) (*runsOutput, error) {
	systems, err := within(ctx, in.System)
	if err != nil {
		return nil, err
	}
	before, err := httpapi.ParseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := a.Service.Store.Runs(ctx, RunQuery{State: in.State, Systems: systems, Before: access.ProvisioningID(before), First: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	p := page[Run]{Items: []Run{}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		p.Next = httpapi.Cursor(int64(list[len(list)-1].ID))
	}
	var refs []access.Ref
	for i := range list {
		refs = append(refs, list[i].System.Ref())
		list[i].ApprovedBy = ""
	}
	p.Items = append(p.Items, list...)
	p.Names, err = a.named(ctx, refs)
	return &runsOutput{p}, err
}

func (a *API) listOperations(ctx context.Context, in *listOperationsInput) (*operationsOutput, error) {
	q := Query{States: in.State, ByHand: in.ByHand, From: in.From.V, Until: in.Until.V, First: in.Limit + 1}
	var err error
	if q.Systems, err = within(ctx, in.System); err != nil {
		return nil, err
	}
	if err := errors.Join(q.Run.UnmarshalText([]byte(in.Run)), q.Identity.UnmarshalText([]byte(in.Identity))); err != nil {
		return nil, access.ErrID.Because(err)
	}
	before, err := httpapi.ParseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	q.Before = access.OperationID(before)
	list, err := a.Service.Store.Operations(ctx, q)
	if err != nil {
		return nil, err
	}
	p := page[Operation]{Items: []Operation{}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		p.Next = httpapi.Cursor(int64(list[len(list)-1].ID))
	}
	var refs []access.Ref
	for i := range list {
		refs = append(refs, list[i].refs()...)
	}
	p.Items = append(p.Items, list...)
	p.Names, err = a.named(ctx, refs)
	return &operationsOutput{p}, err
}

func (a *API) showRun(ctx context.Context, in *OfRun) (*runOutput, error) {
	r, err := a.Service.Store.Run(ctx, in.run())
	if err != nil {
		return nil, hidden(err)
	}
	o, err := onRun[OfRun](a)(ctx, in)
	if err != nil {
		return nil, err
	}
	_, by, err := a.Service.Store.Subjects(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	names, err := a.named(ctx, append(people(append(by, r.ApprovedBy)), r.System.Ref()))
	return &runOutput{RunShown{r, append([]string{}, by...), names, a.Gate.Verdicts(ctx, o, approveAction)}}, err
}

// people are those of who acted that are somebody, and no part of a node.
func people(actors []string) (list []access.Ref) {
	for _, actor := range actors {
		if r, err := access.ParseRef(actor); err == nil && r.Kind == access.KindIdentity {
			list = append(list, r)
		}
	}
	return list
}

func (a *API) showOperation(ctx context.Context, in *OfOperation) (*operationOutput, error) {
	o, err := a.Service.Store.Operation(ctx, in.operation())
	if err != nil {
		return nil, hidden(err)
	}
	object, err := a.object(o.System, "")
	if err != nil {
		return nil, err
	}
	names, err := a.named(ctx, o.refs())
	return &operationOutput{OperationShown{o, names, a.Gate.Verdicts(ctx, object, operateAction)}}, err
}

func (a *API) approve(ctx context.Context, in *approveInput) (*runOutput, error) {
	if err := a.Service.Approve(ctx, in.run(), in.Body.Reason); err != nil {
		return nil, err
	}
	return a.showRun(ctx, &in.OfRun)
}

func (a *API) resume(ctx context.Context, in *reasonInput) (*operationOutput, error) {
	if err := a.Service.Resume(ctx, in.operation(), in.Body.Reason); err != nil {
		return nil, err
	}
	return a.showOperation(ctx, &in.OfOperation)
}

func (a *API) cancel(ctx context.Context, in *cancelInput) (*operationOutput, error) {
	if in.Body.Undo && !policy.ReachOf(a.everywhere(ctx)).All {
		return nil, ErrUndoReach
	}
	if _, err := a.Service.Cancel(ctx, in.operation(), in.Body.Reason, in.Body.Undo); err != nil {
		return nil, err
	}
	return a.showOperation(ctx, &in.OfOperation)
}

// everywhere is a context with how far the caller may operate.
func (a *API) everywhere(ctx context.Context) context.Context {
	within, err := policy.Within[struct{}](a.Gate, operateAction).Check(ctx, nil)
	if err != nil {
		return ctx
	}
	return within
}

type planOutput struct {
	Body struct {
		Items []Operation       `json:"items" doc:"What would be planned, without ids"`
		Names map[string]string `json:"names"`
	}
}

func (a *API) plan(ctx context.Context, _ *struct{}) (*planOutput, error) {
	list, err := a.Service.Preview(ctx)
	if err != nil {
		return nil, err
	}
	reach := policy.ReachOf(ctx)
	var out planOutput
	out.Body.Items = []Operation{}
	var refs []access.Ref
	for i := range list {
		if reach.Has(list[i].System) {
			out.Body.Items = append(out.Body.Items, list[i])
			refs = append(refs, list[i].refs()...)
		}
	}
	out.Body.Names, err = a.named(ctx, refs)
	return &out, err
}

type limitsOutput struct{ Body Limits }

func (a *API) showLimits(ctx context.Context, in *OfSystem) (*limitsOutput, error) {
	l, err := a.Service.Store.LimitsOf(ctx, in.system())
	return &limitsOutput{l}, err
}

func (a *API) changeLimits(ctx context.Context, in *limitsInput) (*limitsOutput, error) {
	if err := a.Service.SetLimits(ctx, in.system(), in.Body); err != nil {
		return nil, err
	}
	return a.showLimits(ctx, &in.OfSystem)
}
