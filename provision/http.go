package provision

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/tries"
	"github.com/writhq/writ/policy"
)

// The actions, each on a system.
const (
	readAction    = "provisioning.read"
	operateAction = "provisioning.operate"
	approveAction = "provisioning.approve"
	limitAction   = "provisioning.limit"
)

// API is the operations on provisioning. All of its fields are needed.
type API struct {
	Service *Service
	Gate    *policy.Gate
	// Names labels objects.
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}

	tries tries.Tries // to pick up what is not there, by whoever asks
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	a.tries.Most = 10
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"provision"}}
	}
	const get, post = http.MethodGet, http.MethodPost
	httpapi.Register(api, op("list-provisioning-runs", get, "/v1/provisioning/runs", "What planning brought for each system, the newest first"),
		policy.Within[listRunsInput](a.Gate, readAction), a.listRuns)
	httpapi.Register(api, op("show-provisioning-run", get, "/v1/provisioning/runs/{id}", "One provisioning run, and who it is about"),
		policy.On(a.Gate, readAction, onRun[OfRun](a)), a.showRun)
	httpapi.Register(api, op("approve-provisioning-run", post, "/v1/provisioning/runs/{id}/approve", "Let a run go on that the guard holds"),
		policy.On(a.Gate, approveAction, onRun[approveInput](a)), a.approve)
	httpapi.Register(api, op("list-operations", get, "/v1/provisioning/operations", "What is written to systems, what failed, and what waits for a person"),
		policy.Within[listOperationsInput](a.Gate, readAction), a.listOperations)
	httpapi.Register(api, op("show-operation", get, "/v1/provisioning/operations/{id}", "One write in one system, and where it stands"),
		policy.On(a.Gate, readAction, onOperation[OfOperation](a)), a.showOperation)
	httpapi.Register(api, op("resume-operation", post, "/v1/provisioning/operations/{id}/resume", "Try an operation again, at once"),
		policy.On(a.Gate, operateAction, onOperation[reasonInput](a)), a.resume)
	httpapi.Register(api, op("cancel-operation", post, "/v1/provisioning/operations/{id}/cancel", "End an operation, and perhaps take back what was done of the same change"),
		policy.On(a.Gate, operateAction, onOperation[cancelInput](a)), a.cancel)
	httpapi.Register(api, op("list-drift", get, "/v1/provisioning/drift", "What was verified and is no longer so, and nobody has decided on"),
		policy.Within[listDriftInput](a.Gate, readAction), a.listDrift)
	httpapi.Register(api, op("settle-drift", post, "/v1/provisioning/operations/{id}/drift", "Revert, adopt or except what is no longer as it was verified"),
		policy.On(a.Gate, approveAction, a.onDrift), a.settleDrift)
	httpapi.Register(api, op("plan-provisioning", get, "/v1/provisioning/plan", "What would be done now for what changed, and is not planned yet"),
		policy.Within[struct{}](a.Gate, readAction), a.plan)
	httpapi.Register(api, op("show-provisioning-limits", get, "/v1/systems/{id}/provisioning", "What a system takes at a time, and what is held"),
		policy.On(a.Gate, readAction, onSystem[OfSystem](a)), a.showLimits)
	httpapi.Register(api, op("change-provisioning-limits", http.MethodPut, "/v1/systems/{id}/provisioning", "Change what a system takes at a time, and what is held"),
		policy.On(a.Gate, limitAction, onSystem[limitsInput](a)), a.changeLimits)
	a.registerCredentials(api)
}

// OfRun names a provisioning run.
type OfRun struct {
	ID string `path:"id" maxLength:"64" doc:"The run"`
}

func (in *OfRun) run() (id access.ProvisioningID) {
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return 0
	}
	return id
}

func (in *OfRun) about() (access.ProvisioningID, string) { return in.run(), "" }

type approveInput struct {
	OfRun
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why it may go on"`
	}
}

func (in *approveInput) about() (access.ProvisioningID, string) { return in.run(), in.Body.Reason }

// OfOperation names an operation.
type OfOperation struct {
	ID string `path:"id" maxLength:"64" doc:"The operation"`
}

func (in *OfOperation) operation() (id access.OperationID) {
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return 0
	}
	return id
}

func (in *OfOperation) about() (access.OperationID, string) { return in.operation(), "" }

type reasonInput struct {
	OfOperation
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"What has changed since it failed"`
	}
}

func (in *reasonInput) about() (access.OperationID, string) { return in.operation(), in.Body.Reason }

type cancelInput struct {
	OfOperation
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why it is not to be done"`
		Undo   bool   `json:"undo,omitempty" doc:"End what else the same change brought, in every system, and take back what was done of it"`
	}
}

func (in *cancelInput) about() (access.OperationID, string) { return in.operation(), in.Body.Reason }

// OfSystem names a system.
type OfSystem struct {
	ID string `path:"id" maxLength:"64" doc:"The system"`
}

func (in *OfSystem) system() (id access.SystemID) {
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return 0
	}
	return id
}

type limitsInput struct {
	OfSystem
	Body Limits
}

// object is a system, as decisions about it need it.
func (a *API) object(id access.SystemID, reason string) (policy.Object, error) {
	v := a.Gate.Graph.View()
	defer v.Close()
	r, ok := policy.ObjectOf(v, id.Ref())
	if !ok {
		return policy.Object{}, policy.ErrNoObject
	}
	return policy.Object{Resource: r, Reason: reason}, nil
}

func onSystem[I any, P interface {
	*I
	system() access.SystemID
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(_ context.Context, in *I) (policy.Object, error) { return a.object(P(in).system(), "") }
}

// onRun guards by the system of a run. Whom it is about are its subjects, so that nobody
// approves what is done to their own access.
func onRun[I any, P interface {
	*I
	about() (access.ProvisioningID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		r, err := a.Service.Store.Run(ctx, id)
		if err != nil {
			return policy.Object{}, hidden(err)
		}
		about, _, err := a.Service.Store.Subjects(ctx, id)
		if err != nil {
			return policy.Object{}, err
		}
		o, err := a.object(r.System, reason)
		for _, who := range about {
			o.Subjects = append(o.Subjects, who.Ref())
		}
		return o, err
	}
}

func onOperation[I any, P interface {
	*I
	about() (access.OperationID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		o, err := a.Service.Store.Operation(ctx, id)
		if err != nil {
			return policy.Object{}, hidden(err)
		}
		return a.object(o.System, reason)
	}
}

// hidden answers about what is not there as about what may not be seen.
func hidden(err error) error {
	if isNotFound(err) {
		return policy.ErrNoObject
	}
	return err
}
