package role

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerAssignments(api huma.API, op func(id, method, path, summary string) huma.Operation) {
	httpapi.Register(api, op("list-role-assignments", http.MethodGet, "/v1/roles/{id}/assignments", "Who was assigned a role, or a variant of it"),
		policy.On(a.Gate, readRole, on[assignmentsInput](a)), a.assignments)
	give := op("assign-role", http.MethodPost, "/v1/roles/{id}/assignments", "Give somebody a role")
	give.DefaultStatus = http.StatusCreated
	httpapi.Register(api, give, policy.On(a.Gate, assignRole, a.giving), a.assign)
	httpapi.Register(api, op("unassign-role", http.MethodPost, "/v1/assignments/{id}/end", "End that somebody has a role"),
		policy.On(a.Gate, assignRole, a.taking), a.unassign)
}

type assignmentsInput struct {
	RoleInput
	httpapi.Paging
}

type assignInput struct {
	RoleInput
	Body struct {
		Identity access.IdentityID `json:"identity" doc:"Who is given the role"`
		Values   Values            `json:"values,omitempty" doc:"Of a parametric role: one value for each of its parameters"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"2000"`
		Start    access.Time       `json:"start,omitzero" format:"date-time" doc:"Not before then; without it, now"`
		End      access.Time       `json:"end,omitzero" format:"date-time" doc:"Until then; without it, until somebody ends it"`
	}
}

type unassignInput struct {
	ID   httpapi.Text[access.AssignmentID] `path:"id" doc:"The assignment"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

// giving is the role, about whoever is given it: nobody decides on their own access.
func (a *API) giving(ctx context.Context, in *assignInput) (policy.Object, error) {
	o, err := a.object(ctx, in.ID.V)
	o.Reason, o.Creator = in.Body.Reason, 0 // whoever wrote the role may give it
	o.Subjects = []access.Ref{in.Body.Identity.Ref()}
	return o, err
}

// taking is the role of an assignment, about whoever has it.
func (a *API) taking(ctx context.Context, in *unassignInput) (policy.Object, error) {
	got, err := a.Store.Assignment(ctx, in.ID.V)
	if err == ErrAssignment { //nolint:errorlint // it is returned as it is
		return policy.Object{}, policy.ErrNoObject
	}
	if err != nil {
		return policy.Object{}, err
	}
	o, err := a.object(ctx, got.Role)
	o.Reason, o.Creator, o.Subjects = in.Body.Reason, 0, []access.Ref{got.Identity.Ref()}
	return o, err
}

// AssignmentLine is somebody having a role.
type AssignmentLine struct {
	ID       access.AssignmentID `json:"id"`
	Role     access.RoleID       `json:"role" doc:"The role, or the variant of it"`
	Identity ask.Shown           `json:"identity"`
	Values   Values              `json:"values,omitempty"`
	Reason   string              `json:"reason"`
	Start    access.Time         `json:"start,omitzero"`
	End      access.Time         `json:"end,omitzero"`
}

// TellAssigned pages through who was assigned a role.
func (t *Teller) TellAssigned(ctx context.Context, id access.RoleID, after access.AssignmentID, limit int, sees ask.Sight) ([]AssignmentLine, error) {
	list, err := t.Assigned(ctx, id, after, limit)
	if err != nil {
		return nil, err
	}
	refs := make([]access.Ref, len(list))
	for i, x := range list {
		refs[i] = x.Identity.Ref()
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, err
	}
	lines := make([]AssignmentLine, len(list))
	for i, x := range list {
		lines[i] = AssignmentLine{x.ID, x.Role, name(x.Identity.Ref()), x.Parameters, x.Reason, x.Start, x.End}
		if lines[i].Identity.Hidden {
			lines[i].Reason = "" // it may tell who
		}
	}
	return lines, nil
}

type assignmentsOutput struct {
	Body struct {
		Items []AssignmentLine `json:"items"`
		Next  string           `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
	}
}

func (a *API) assignments(ctx context.Context, in *assignmentsInput) (*assignmentsOutput, error) {
	after, err := httpapi.ParseCursor[access.AssignmentID](in.Cursor)
	if err != nil {
		return nil, err
	}
	lines, err := a.TellAssigned(ctx, in.ID.V, after, in.Limit+1, a.sees(ctx))
	if err != nil {
		return nil, err
	}
	out := &assignmentsOutput{}
	if len(lines) > in.Limit {
		lines = lines[:in.Limit]
		out.Body.Next = httpapi.Cursor(lines[in.Limit-1].ID)
	}
	out.Body.Items = lines
	return out, nil
}

type assignedOutput struct {
	Body struct {
		ID   access.AssignmentID `json:"id"`
		Role access.RoleID       `json:"role" doc:"The role, or the variant of it that was assigned"`
	}
}

func (a *API) assign(ctx context.Context, in *assignInput) (*assignedOutput, error) {
	got, err := a.Assign(ctx, access.Assignment{
		Role: in.ID.V, Identity: in.Body.Identity, Parameters: in.Body.Values, Reason: in.Body.Reason, Start: in.Body.Start, End: in.Body.End,
	})
	if err != nil {
		return nil, err
	}
	out := &assignedOutput{}
	out.Body.ID, out.Body.Role = got.ID, got.Role
	return out, nil
}

func (a *API) unassign(ctx context.Context, in *unassignInput) (*struct{}, error) {
	return nil, a.Unassign(ctx, in.ID.V, in.Body.Reason)
}
