package policy

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// DocumentAPI is the operations on the organisation's own policies. All of its fields are
// needed.
type DocumentAPI struct {
	DocumentTeller
	Gate *Gate
	// Settle puts in force on this node what was published.
	Settle func(ctx context.Context) error
}

// Register mounts the operations. They translate; they decide nothing.
func (a *DocumentAPI) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"policy"}}
	}
	httpapi.Register(api, op("list-policies", http.MethodGet, "/v1/policies", "The organisation's own policies: their documents, by name"), On(a.Gate, readPolicy, wholly[struct{}]), a.list)
	add := op("add-policy", http.MethodPost, "/v1/policies", "Write the draft of a new document of policies")
	add.DefaultStatus = http.StatusCreated
	httpapi.Register(api, add, On(a.Gate, changePolicy, func(_ context.Context, in *addPolicyInput) (Object, error) {
		return Object{Reason: in.Body.Reason}, nil
	}), a.add)
	httpapi.Register(api, op("show-policy", http.MethodGet, "/v1/policies/{id}", "One document of policies: what is published of it, and what is to become of it"), On(a.Gate, readPolicy, onDocument[PolicyInput](a)), a.show)
	httpapi.Register(api, op("list-policy-versions", http.MethodGet, "/v1/policies/{id}/versions", "A document of policies as it is and was, the newest first"), On(a.Gate, readPolicy, onDocument[policyVersionsInput](a)), a.versions)
	httpapi.Register(api, op("show-policy-impact", http.MethodGet, "/v1/policies/{id}/impact", "What publishing the draft of a document of policies would change for everybody"), On(a.Gate, simulatePolicy, onDocument[policyImpactInput](a)), a.impact)
	httpapi.Register(api, op("edit-policy", http.MethodPut, "/v1/policies/{id}/draft", "Write the draft of a document of policies"), On(a.Gate, changePolicy, onDocument[editPolicyInput](a)), a.edit)
	httpapi.Register(api, op("discard-policy-draft", http.MethodPost, "/v1/policies/{id}/discard", "End the open draft of a document of policies"), On(a.Gate, changePolicy, onDocument[PolicyReasonInput](a)), a.discard)
	httpapi.Register(api, op("retire-policy", http.MethodPost, "/v1/policies/{id}/retire", "Write as its draft that a document of policies is to be in force no longer"), On(a.Gate, changePolicy, onDocument[PolicyReasonInput](a)), a.retire)
	httpapi.Register(api, op("publish-policy", http.MethodPost, "/v1/policies/{id}/publish", "Make the draft that somebody else wrote the document's next version"), On(a.Gate, publishPolicy, onDocument[publishPolicyInput](a)), a.publish)
}

// PolicyInput names a document of policies.
type PolicyInput struct {
	ID httpapi.Text[access.PolicyID] `path:"id" doc:"The document"`
}

func (in *PolicyInput) about() (access.PolicyID, string) { return in.ID.V, "" }

type policyVersionsInput struct {
	PolicyInput
	httpapi.Paging
}

type policyImpactInput struct {
	PolicyInput
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many changes to list"`
}

// PolicyDraftInput is what somebody writes of a document.
type PolicyDraftInput struct {
	Description string `json:"description,omitempty" maxLength:"500" doc:"What it is for"`
	Text        string `json:"text" maxLength:"262144" example:"@id(\"house.no-changes\")\n@reason(\"nobody changes systems\")\nforbid (principal, action == Action::\"system.change\", resource);" doc:"Policies in Cedar; each observes until it says @mode(\"enforce\")"`
	Reason      string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why"`
}

func (in PolicyDraftInput) written() Written { return Written(in) }

type addPolicyInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"40" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" example:"house" doc:"For ever; each policy's @id begins with it"`
		PolicyDraftInput
	}
}

type editPolicyInput struct {
	PolicyInput
	httpapi.Match
	Body PolicyDraftInput
}

func (in *editPolicyInput) about() (access.PolicyID, string) { return in.ID.V, in.Body.Reason }

// PolicyReasonInput names a document of policies, the version of it that the caller has
// seen, and why something is done to it.
type PolicyReasonInput struct {
	PolicyInput
	httpapi.Match
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why"`
	}
}

func (in *PolicyReasonInput) about() (access.PolicyID, string) { return in.ID.V, in.Body.Reason }

type publishPolicyInput struct {
	PolicyReasonInput
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many changes to list"`
}

// onDocument tells which document an operation is about. Whoever wrote some of its draft
// is its creator, who does not decide on it, nor whoever acts for them.
func onDocument[I any, P interface {
	*I
	about() (access.PolicyID, string)
}](a *DocumentAPI) func(context.Context, *I) (Object, error) {
	return func(ctx context.Context, in *I) (Object, error) {
		id, reason := P(in).about()
		k, err := a.kept(ctx, id)
		if err != nil {
			return Object{}, err
		}
		o := a.object(ctx, k)
		o.Reason = reason
		return o, nil
	}
}

func (a *DocumentAPI) kept(ctx context.Context, id access.PolicyID) (Kept, error) {
	list, err := a.List(ctx)
	if err != nil {
		return Kept{}, err
	}
	i := slices.IndexFunc(list, func(k Kept) bool { return k.ID() == id })
	if i < 0 {
		return Kept{}, ErrNoObject
	}
	return list[i], nil
}

func (a *DocumentAPI) object(ctx context.Context, k Kept) Object {
	o := Object{Resource: Resource{Ref: k.ID().Ref()}}
	c, _ := CallerOf(ctx)
	for _, who := range []access.IdentityID{c.Identity, c.Context.OnBehalfOf} {
		if k.Draft != nil && who != 0 && slices.Contains(k.Draft.Authors, who.String()) {
			o.Creator = who
		}
	}
	return o
}

type policiesOutput struct {
	Body struct {
		Items []DocumentLine     `json:"items" doc:"By name"`
		May   map[string]Verdict `json:"may" doc:"What you may do with policies, and if not, why not"`
	}
}

func (a *DocumentAPI) list(ctx context.Context, _ *struct{}) (*policiesOutput, error) {
	lines, err := a.Lines(ctx)
	out := &policiesOutput{}
	out.Body.Items, out.Body.May = lines, a.Gate.Verdicts(ctx, Object{}, changePolicy, simulatePolicy)
	return out, err
}

type policyOutput struct {
	ETag string `header:"ETag"`
	Body *DocumentShown
}

// shown answers with a document as it is now, unless what was done is an error.
func (a *DocumentAPI) shown(ctx context.Context, id access.PolicyID, err error) (*policyOutput, error) {
	if err != nil {
		return nil, err
	}
	k, err := a.kept(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := a.Show(ctx, k, a.Gate.Engine.Set())
	if err != nil {
		return nil, err
	}
	s.May = a.Gate.Verdicts(ctx, a.object(ctx, k), changePolicy, publishPolicy, simulatePolicy)
	return &policyOutput{httpapi.Tag(s.Version), s}, nil
}

func (a *DocumentAPI) show(ctx context.Context, in *PolicyInput) (*policyOutput, error) {
	return a.shown(ctx, in.ID.V, nil)
}

type policyVersionsOutput struct {
	Body struct {
		Items []DocumentVersion `json:"items"`
		Next  string            `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
		Total int               `json:"total"`
	}
}

func (a *DocumentAPI) versions(ctx context.Context, in *policyVersionsInput) (*policyVersionsOutput, error) {
	from, err := httpapi.ParseCursor[int](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := a.Store.Versions(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	out := &policyVersionsOutput{}
	from = min(max(from, 0), len(list))
	end := min(from+in.Limit, len(list))
	if out.Body.Total = len(list); end < len(list) {
		out.Body.Next = httpapi.Cursor(end)
	}
	out.Body.Items, err = a.tell(ctx, list[from:end])
	return out, err
}

func (a *DocumentAPI) impact(ctx context.Context, in *policyImpactInput) (*simulateOutput, error) {
	w, err := a.Impact(ctx, in.ID.V.String())
	if err != nil {
		return nil, err
	}
	return &simulateOutput{w.Show(in.Limit)}, nil
}

func (a *DocumentAPI) add(ctx context.Context, in *addPolicyInput) (*policyOutput, error) {
	id, err := a.Write(ctx, in.Body.Name, Anew, in.Body.written())
	return a.shown(ctx, id, err)
}

// change does something to a document that is there, in the version that was seen.
func (a *DocumentAPI) change(ctx context.Context, in *PolicyInput, seen httpapi.Match, do func(name string, version int64) error) (*policyOutput, error) {
	version, err := seen.Version()
	if err != nil {
		return nil, err
	}
	k, err := a.kept(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	return a.shown(ctx, in.ID.V, do(k.Name(), version))
}

func (a *DocumentAPI) edit(ctx context.Context, in *editPolicyInput) (*policyOutput, error) {
	return a.change(ctx, &in.PolicyInput, in.Match, func(name string, version int64) error {
		_, err := a.Write(ctx, name, version, in.Body.written())
		return err
	})
}

func (a *DocumentAPI) retire(ctx context.Context, in *PolicyReasonInput) (*policyOutput, error) {
	return a.change(ctx, &in.PolicyInput, in.Match, func(name string, version int64) error {
		return a.Retire(ctx, name, version, in.Body.Reason)
	})
}

// discard answers nothing: of a document that was never published, nothing is left.
func (a *DocumentAPI) discard(ctx context.Context, in *PolicyReasonInput) (*struct{}, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	k, err := a.kept(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	return nil, a.Discard(ctx, k.Name(), version, in.Body.Reason)
}

func (a *DocumentAPI) publish(ctx context.Context, in *publishPolicyInput) (*simulateOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	w, err := a.Publish(ctx, in.ID.V.String(), version, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return &simulateOutput{w.Show(in.Limit)}, a.Settle(context.WithoutCancel(ctx))
}
