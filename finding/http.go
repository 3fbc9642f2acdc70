package finding

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on findings. All of its fields are needed.
type API struct {
	Service *Service
	Gate    *policy.Gate
	// Names labels objects.
	Names interface {
		Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
	}
	// Search returns the objects that a text names: a person, an account, a group.
	Search func(ctx context.Context, text string) ([]access.Ref, error)
}

const tag = "finding"

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag}}
	}
	httpapi.Register(api, op("list-findings", http.MethodGet, "/v1/findings", "What is wrong, who answers for it, and until when"),
		policy.WithinOrOwn[listInput](a.Gate, "finding.read"), a.list)
	httpapi.Register(api, op("export-findings", http.MethodGet, "/v1/findings/export", "All findings of a list as CSV"),
		policy.WithinOrOwn[exportInput](a.Gate, "finding.read"), a.export)
	httpapi.Register(api, op("show-findings-ageing", http.MethodGet, "/v1/findings/ageing", "How long findings have been open, and what is overdue"),
		policy.WithinOrOwn[FilterInput](a.Gate, "finding.read"), a.ageing)
	httpapi.Register(api, op("list-rules", http.MethodGet, "/v1/rules", "Every rule: what it finds, why it matters, what to do"),
		policy.Known[struct{}](), a.rules)
	httpapi.Register(api, op("show-finding", http.MethodGet, "/v1/findings/{id}", "One finding: its evidence, what to do, and what happened to it"),
		policy.On(a.Gate, "finding.read", object[OneInput](a)), a.show)
	httpapi.Register(api, op("accept-finding", http.MethodPost, "/v1/findings/{id}/accept", "Accept a finding's risk until a date"),
		policy.On(a.Gate, "finding.accept", object[acceptFindingInput](a)), a.accept)
	httpapi.Register(api, op("reopen-finding", http.MethodPost, "/v1/findings/{id}/reopen", "End that a finding's risk is accepted"),
		policy.On(a.Gate, "finding.accept", object[reopenFindingInput](a)), a.reopen)
	httpapi.Register(api, op("assign-finding", http.MethodPut, "/v1/findings/{id}/owner", "Say who answers for a finding"),
		policy.On(a.Gate, "finding.assign", object[assignFindingInput](a)), a.assign)
}

// OneInput names a finding.
type OneInput struct {
	ID string `path:"id" maxLength:"64" doc:"The finding"`
}

// finding is the one that is named. What is no id names none.
func (in *OneInput) finding() (id access.FindingID) {
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return 0
	}
	return id
}

func (in *OneInput) about() (access.FindingID, string) { return in.finding(), "" }

type acceptFindingInput struct {
	OneInput
	httpapi.Match
	Body struct {
		Reason string      `json:"reason" minLength:"1" maxLength:"2000" doc:"Why the risk is acceptable"`
		Until  access.Time `json:"until" format:"date-time" example:"2027-03-01T00:00:00Z" doc:"When it is open again: a year away at most"`
	}
}

func (in *acceptFindingInput) about() (access.FindingID, string) { return in.finding(), in.Body.Reason }

type reopenFindingInput struct {
	OneInput
	httpapi.Match
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why it is accepted no longer"`
	}
}

func (in *reopenFindingInput) about() (access.FindingID, string) { return in.finding(), in.Body.Reason }

type assignFindingInput struct {
	OneInput
	httpapi.Match
	Body struct {
		Owner access.IdentityID `json:"owner" doc:"A person who works here; empty is the function itself"`
	}
}

// object tells which finding an operation is about: it is read from the store, and its
// function and subject with it.
func object[I any, P interface {
	*I
	about() (access.FindingID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		versions, err := a.Service.Store.Versions(ctx, id)
		if err != nil {
			return policy.Object{}, hidden(err)
		}
		v := a.Service.Graph.View()
		defer v.Close()
		c, _ := policy.CallerOf(ctx)
		o := versions[len(versions)-1].Finding.Decided().Object(v, c.Identity)
		o.Reason = reason
		return o, nil
	}
}

// hidden answers about what is not there as about what may not be seen.
func hidden(err error) error {
	if err == ErrNotFound { //nolint:errorlint // it is returned as it is
		return policy.ErrNoObject
	}
	return err
}

func (a *API) accept(ctx context.Context, in *acceptFindingInput) (*findingOutput, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Service.Accept(ctx, in.finding(), version, in.Body.Reason, in.Body.Until.Time())
	}
	return a.shown(ctx, in.finding(), err)
}

func (a *API) reopen(ctx context.Context, in *reopenFindingInput) (*findingOutput, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Service.Reopen(ctx, in.finding(), version, in.Body.Reason)
	}
	return a.shown(ctx, in.finding(), err)
}

func (a *API) assign(ctx context.Context, in *assignFindingInput) (*findingOutput, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Service.Assign(ctx, in.finding(), version, in.Body.Owner)
	}
	return a.shown(ctx, in.finding(), err)
}

func (a *API) show(ctx context.Context, in *OneInput) (*findingOutput, error) {
	return a.shown(ctx, in.finding(), nil)
}
