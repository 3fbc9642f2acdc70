package role

import (
	"context"
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// The actions on a role.
const (
	readRole    = "role.read"
	changeRole  = "role.change"
	reviewRole  = "role.review"
	publishRole = "role.publish"
	ownRole     = "role.owner"
	assignRole  = "role.assign"
)

// API is the operations on roles. All of its fields are needed.
type API struct {
	Teller
	Gate  *policy.Gate
	Miner *Miner
	// Scopes tells which scopes lie within one, itself with them; nil of zero, which is none.
	Scopes func(ctx context.Context, within access.ScopeID) (map[access.ScopeID]bool, error)
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"role"}}
	}
	httpapi.Register(api, op("list-roles", http.MethodGet, "/v1/roles", "The catalog of roles, by name"), policy.Within[rolesInput](a.Gate, readRole), a.list)
	httpapi.Register(api, op("show-role-explosion", http.MethodGet, "/v1/roles/explosion", "Which roles are one too many, what to do, and who answers for it"), policy.Within[explosionInput](a.Gate, readRole), a.explosion)
	httpapi.Register(api, op("show-role", http.MethodGet, "/v1/roles/{id}", "One role: what it contains, who has it, its versions and its draft"), policy.On(a.Gate, readRole, on[RoleInput](a)), a.show)
	httpapi.Register(api, op("list-role-entitlements", http.MethodGet, "/v1/roles/{id}/entitlements", "What a role gives, inherited entitlements with the rest"), policy.On(a.Gate, readRole, on[givenInput](a)), a.entitlements)
	add := op("add-role", http.MethodPost, "/v1/roles", "Write the draft of a new role")
	add.DefaultStatus = http.StatusCreated
	httpapi.Register(api, add, policy.On(a.Gate, changeRole, nothing[addRoleInput]), a.add)
	httpapi.Register(api, op("edit-role", http.MethodPut, "/v1/roles/{id}/draft", "Write the draft of a role; what was approved is so no longer"), policy.On(a.Gate, changeRole, on[editRoleInput](a)), a.edit)
	httpapi.Register(api, op("discard-role-draft", http.MethodDelete, "/v1/roles/{id}/draft", "End the open draft of a role"), policy.On(a.Gate, changeRole, on[VersionInput](a)), a.discard)
	httpapi.Register(api, op("submit-role", http.MethodPost, "/v1/roles/{id}/submit", "Put the draft of a role before somebody else"), policy.On(a.Gate, changeRole, on[VersionInput](a)), a.submit)
	httpapi.Register(api, op("review-role", http.MethodPost, "/v1/roles/{id}/review", "Approve the draft of a role, or send it back"), policy.On(a.Gate, reviewRole, on[reviewRoleInput](a)), a.review)
	httpapi.Register(api, op("show-role-impact", http.MethodGet, "/v1/roles/{id}/impact", "Who gains and loses what if the draft of a role is published"), policy.On(a.Gate, readRole, on[RoleInput](a)), a.impact)
	httpapi.Register(api, op("publish-role", http.MethodPost, "/v1/roles/{id}/publish", "Make the approved draft the role's next version"), policy.On(a.Gate, publishRole, on[VersionInput](a)), a.publish)
	httpapi.Register(api, op("set-role-owner", http.MethodPut, "/v1/roles/{id}/owner", "Say who answers for a role"), policy.On(a.Gate, ownRole, on[ownRoleInput](a)), a.own)
	httpapi.Register(api, op("retire-role", http.MethodPost, "/v1/roles/{id}/retire", "End a role that nobody has"), policy.On(a.Gate, publishRole, on[retireRoleInput](a)), a.retire)
	a.registerAssignments(api, op)
	a.registerMigration(api, op)
	a.registerMining(api, op)
}

// RoleInput names a role.
type RoleInput struct {
	ID httpapi.Text[access.RoleID] `path:"id" doc:"The role"`
}

func (in *RoleInput) about() (access.RoleID, string) { return in.ID.V, "" }

// VersionInput names a role, and the version that the caller has seen.
type VersionInput struct {
	RoleInput
	httpapi.Match
}

type addRoleInput struct{ Body Definition }

type editRoleInput struct {
	VersionInput
	Body Definition
}

type reviewRoleInput struct {
	VersionInput
	Body struct {
		Approve bool   `json:"approve" doc:"Without it, the draft goes back to who wrote it"`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"Needed where it goes back"`
	}
}

func (in *reviewRoleInput) about() (access.RoleID, string) { return in.ID.V, in.Body.Note }

type ownRoleInput struct {
	VersionInput
	Body struct {
		Owner access.IdentityID `json:"owner" doc:"A person who works here"`
	}
}

type retireRoleInput struct {
	VersionInput
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

func (in *retireRoleInput) about() (access.RoleID, string) { return in.ID.V, in.Body.Reason }

// nothing is what adding to the organisation as a whole is about.
func nothing[I any](context.Context, *I) (policy.Object, error) { return policy.Object{}, nil }

// on tells which role an operation is about. Of one that is not published yet that is its
// id and the owner that its draft proposes; whoever wrote the draft is its creator, who
// does not decide on it.
func on[I any, P interface {
	*I
	about() (access.RoleID, string)
}](a *API) func(context.Context, *I) (policy.Object, error) {
	return func(ctx context.Context, in *I) (policy.Object, error) {
		id, reason := P(in).about()
		o, err := a.object(ctx, id)
		o.Reason = reason
		return o, err
	}
}

func (a *API) object(ctx context.Context, id access.RoleID) (policy.Object, error) {
	v := a.Graph.View()
	defer v.Close()
	o := policy.Object{}
	found, published := policy.ObjectOf(v, id.Ref())
	o.Resource = found
	drafts, err := a.Store.Drafts(ctx, id)
	if err != nil {
		return o, err
	}
	if len(drafts) == 0 && !published {
		return o, policy.ErrNoObject
	}
	c, _ := policy.CallerOf(ctx)
	for _, d := range drafts {
		for _, by := range d.Authors {
			if by == c.Identity.String() && c.Identity != 0 {
				o.Creator = c.Identity
			}
		}
	}
	return o, nil
}

// sees is what the caller may see, of what the graph knows and of drafts of roles.
func (a *API) sees(ctx context.Context) ask.Sight {
	known := map[access.Ref]bool{}
	return func(r access.Ref) bool {
		seen, ok := known[r]
		if ok {
			return seen
		}
		v := a.Graph.View()
		defer v.Close()
		found, there := policy.ObjectOf(v, r)
		if there || r.Kind == access.KindRole {
			seen = a.Gate.See(ctx, policy.Object{Resource: found}) == nil
		}
		known[r] = seen
		return seen
	}
}

type roleOutput struct {
	ETag string `header:"ETag"`
	Body *Shown
}

// shown answers with a role as it is now, unless what was done is an error.
func (a *API) shown(ctx context.Context, id access.RoleID, err error) (*roleOutput, error) {
	if err != nil {
		return nil, err
	}
	s, err := a.Show(ctx, id, a.sees(ctx))
	if err != nil {
		return nil, err
	}
	o, err := a.object(ctx, id)
	if err != nil && err != policy.ErrNoObject { //nolint:errorlint // it is returned as it is
		return nil, err
	}
	s.May = a.Gate.Verdicts(ctx, o, changeRole, reviewRole, publishRole, ownRole)
	o.Creator = 0 // whoever wrote the role may give it
	maps.Copy(s.May, a.Gate.Verdicts(ctx, o, assignRole))
	return &roleOutput{httpapi.Tag(s.Version), s}, nil
}

func (a *API) show(ctx context.Context, in *RoleInput) (*roleOutput, error) {
	return a.shown(ctx, in.ID.V, nil)
}

func (a *API) add(ctx context.Context, in *addRoleInput) (*roleOutput, error) {
	id, err := a.Edit(ctx, 0, 0, in.Body)
	return a.shown(ctx, id, err)
}

func (a *API) edit(ctx context.Context, in *editRoleInput) (*roleOutput, error) {
	version, err := in.Version()
	if err == nil {
		_, err = a.Edit(ctx, in.ID.V, version, in.Body)
	}
	return a.shown(ctx, in.ID.V, err)
}

func (a *API) discard(ctx context.Context, in *VersionInput) (*struct{}, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Discard(ctx, in.ID.V, version)
	}
	return nil, err
}

func (a *API) submit(ctx context.Context, in *VersionInput) (*roleOutput, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Submit(ctx, in.ID.V, version)
	}
	return a.shown(ctx, in.ID.V, err)
}

func (a *API) review(ctx context.Context, in *reviewRoleInput) (*roleOutput, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Review(ctx, in.ID.V, version, in.Body.Approve, in.Body.Note)
	}
	return a.shown(ctx, in.ID.V, err)
}

type impactOutput struct{ Body *ImpactShown }

func (a *API) impact(ctx context.Context, in *RoleInput) (*impactOutput, error) {
	s, err := a.TellImpact(ctx, in.ID.V, a.sees(ctx))
	return &impactOutput{s}, err
}

func (a *API) publish(ctx context.Context, in *VersionInput) (*impactOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	called, err := a.open(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	im, err := a.Publish(ctx, in.ID.V, version)
	if err != nil {
		return nil, err
	}
	s, err := a.Tell(ctx, in.ID.V, called.Name, im, a.sees(ctx))
	return &impactOutput{s}, err
}

func (a *API) own(ctx context.Context, in *ownRoleInput) (*roleOutput, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Own(ctx, in.ID.V, version, in.Body.Owner)
	}
	return a.shown(ctx, in.ID.V, err)
}

func (a *API) retire(ctx context.Context, in *retireRoleInput) (*struct{}, error) {
	version, err := in.Version()
	if err == nil {
		err = a.Retire(ctx, in.ID.V, version, in.Body.Reason)
	}
	return nil, err
}
