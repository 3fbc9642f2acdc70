package approval

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on approvals. All of its fields are needed.
type API struct {
	Teller
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"approval"}}
	}
	const get, post = http.MethodGet, http.MethodPost
	httpapi.Register(api, op("list-approvals", get, "/v1/approvals", "What others are asked to agree to, the newest first"),
		policy.Within[listApprovalsInput](a.Gate, readAction), a.list)
	httpapi.Register(api, op("list-my-approvals", get, "/v1/me/approvals", "What waits for you to decide, or what you have asked for"),
		policy.SignedIn[listMineInput](), a.listMine)
	httpapi.Register(api, op("show-approval", get, "/v1/approvals/{id}", "What is asked for, what is shown of it, who said what, and what you may do"),
		policy.On(a.Gate, readAction, func(ctx context.Context, in *OfApproval) (policy.Object, error) {
			return a.onApproval(ctx, in.approval(), true, 0, "")
		}), a.show)
	httpapi.Register(api, op("decide-approval", post, "/v1/approvals/{id}/decision", "Approve or refuse what you are asked, as it was shown to you"),
		policy.On(a.Gate, decideAction, func(ctx context.Context, in *decideApprovalInput) (policy.Object, error) {
			return a.onApproval(ctx, in.approval(), false, in.Body.InsteadOf, in.Body.Comment)
		}), a.decide)
	httpapi.Register(api, op("withdraw-approval", post, "/v1/approvals/{id}/withdraw", "Withdraw what you have asked for"),
		policy.On(a.Gate, withdrawAction, func(ctx context.Context, in *OfApproval) (policy.Object, error) {
			return a.onApproval(ctx, in.approval(), false, 0, "")
		}), a.withdraw)
	httpapi.Register(api, op("list-my-delegations", get, "/v1/me/delegations", "Who decides in your place, and in whose place you decide"),
		policy.SignedIn[struct{}](), a.delegations)
	httpapi.Register(api, op("add-delegation", post, "/v1/me/delegations", "Have somebody else decide in your place for a time"),
		policy.On(a.Gate, delegateAction, func(ctx context.Context, in *delegateInput) (policy.Object, error) {
			return a.onOwn(ctx, in.Body.Reason), nil
		}), a.delegate)
	httpapi.Register(api, op("end-delegation", post, "/v1/me/delegations/{id}/end", "End that somebody decides in your place"),
		policy.On(a.Gate, delegateAction, func(ctx context.Context, in *endDelegationInput) (policy.Object, error) {
			return a.onOwn(ctx, in.Body.Reason), nil
		}), a.undelegate)
	httpapi.Register(api, op("show-chain", get, "/v1/chains/{id}", "All that one request led to, from any of it"),
		policy.On(a.Gate, readAction, func(ctx context.Context, in *ofChain) (policy.Object, error) {
			return a.onChain(ctx, in.object())
		}), a.chain)
}

// OfApproval names a request for approval.
type OfApproval struct {
	ID string `path:"id" maxLength:"64" doc:"The approval"`
}

func (in *OfApproval) approval() (id access.ApprovalID) {
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return 0
	}
	return id
}

type listApprovalsInput struct {
	httpapi.Paging
	State  State                           `query:"state" enum:"waiting,approved,refused,withdrawn,expired"`
	By     httpapi.Text[access.IdentityID] `query:"by" doc:"Only what they asked for"`
	System httpapi.Text[access.SystemID]   `query:"system" doc:"Only about this system"`
	About  httpapi.Text[access.Ref]        `query:"about" doc:"Only about this object"`
}

type listMineInput struct {
	httpapi.Paging
	Which string `query:"which" enum:"waiting,asked" default:"waiting" doc:"waiting: for you to decide; asked: by you"`
}

type approvalPage struct {
	Page
	Next string `json:"next,omitempty" doc:"The cursor of the next page; none is the last"`
}

type approvalsOutput struct{ Body approvalPage }

func pageOf(p Page, err error) (*approvalsOutput, error) {
	out := &approvalsOutput{approvalPage{Page: p}}
	if p.Next != 0 {
		out.Body.Next = httpapi.Cursor(int64(p.Next))
	}
	return out, err
}

// within are the systems that a list is of: the one asked for, as far as it may be seen.
func within(ctx context.Context, one access.SystemID) []access.SystemID {
	r := policy.ReachOf(ctx)
	list := []access.SystemID{}
	switch {
	case one != 0 && r.Has(one):
		return []access.SystemID{one}
	case one != 0:
		return list
	case r.All:
		return nil
	}
	for id := range r.Systems {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func (a *API) list(ctx context.Context, in *listApprovalsInput) (*approvalsOutput, error) {
	before, err := httpapi.ParseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	return pageOf(a.List(ctx, Query{
		State: in.State, By: in.By.V, About: in.About.V, System: within(ctx, in.System.V), Before: access.ApprovalID(before), First: in.Limit,
	}))
}

func (a *API) listMine(ctx context.Context, in *listMineInput) (*approvalsOutput, error) {
	before, err := httpapi.ParseCursor[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	c, _ := policy.CallerOf(ctx)
	switch {
	case c.Identity == 0:
		return nil, policy.ErrSomebody
	case in.Which == "asked":
		return pageOf(a.List(ctx, Query{By: c.Identity, Before: access.ApprovalID(before), First: in.Limit}))
	}
	return pageOf(a.WaitingForMe(ctx, access.ApprovalID(before), in.Limit))
}

type toldOutput struct{ Body Told }

func (a *API) show(ctx context.Context, in *OfApproval) (*toldOutput, error) {
	told, err := a.Show(ctx, in.approval())
	return &toldOutput{told}, err
}

type decideApprovalInput struct {
	OfApproval
	Body struct {
		Verdict   Verdict           `json:"verdict" enum:"approve,refuse"`
		Comment   string            `json:"comment,omitempty" maxLength:"1000" doc:"Why; a refusal needs one"`
		Version   int               `json:"version" minimum:"1" doc:"Of what you were shown"`
		Digest    string            `json:"digest" minLength:"64" maxLength:"64" doc:"Of what you were shown"`
		InsteadOf access.IdentityID `json:"instead_of,omitzero" doc:"In whose place, where several have delegated it to you"`
	}
}

type settledOutput struct {
	Body struct {
		State State `json:"state" enum:"waiting,approved,refused" doc:"What has become of it"`
	}
}

func (a *API) decide(ctx context.Context, in *decideApprovalInput) (*settledOutput, error) {
	b := in.Body
	state, err := a.Decide(ctx, in.approval(), Said{b.Verdict, b.Comment, b.Version, b.Digest, b.InsteadOf})
	out := &settledOutput{}
	out.Body.State = state
	return out, err
}

func (a *API) withdraw(ctx context.Context, in *OfApproval) (*struct{}, error) {
	return nil, a.Withdraw(ctx, in.approval())
}

type delegationsOutput struct {
	Body struct {
		Items []Delegation      `json:"items" doc:"Yours, then those to you"`
		Names map[string]string `json:"names" doc:"What people are called, by id"`
	}
}

func (a *API) delegations(ctx context.Context, _ *struct{}) (*delegationsOutput, error) {
	c, _ := policy.CallerOf(ctx)
	list, err := a.Store.Delegations(ctx, c.Identity)
	if err != nil {
		return nil, err
	}
	out := &delegationsOutput{}
	out.Body.Items = append([]Delegation{}, list...)
	var refs []access.Ref
	for _, d := range list {
		refs = append(refs, d.From.Ref(), d.To.Ref())
	}
	out.Body.Names, err = a.named(ctx, refs)
	return out, err
}

type delegateInput struct {
	Body struct {
		Identity access.IdentityID `json:"identity" doc:"Who decides: a person who works here"`
		Start    access.Time       `json:"start,omitzero" format:"date-time" doc:"From when; now where it is left out"`
		End      access.Time       `json:"end" format:"date-time" doc:"Until when, 90 days later at most"`
		Reason   string            `json:"reason" minLength:"1" maxLength:"1000" doc:"Why"`
	}
}

type delegationOutput struct {
	Body struct {
		ID access.DelegationID `json:"id"`
	}
}

func (a *API) delegate(ctx context.Context, in *delegateInput) (*delegationOutput, error) {
	b := in.Body
	id, err := a.Delegate(ctx, Delegation{To: b.Identity, Start: b.Start, End: b.End, Reason: b.Reason})
	out := &delegationOutput{}
	out.Body.ID = id
	return out, err
}

type endDelegationInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The delegation"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why"`
	}
}

func (a *API) undelegate(ctx context.Context, in *endDelegationInput) (*struct{}, error) {
	var id access.DelegationID
	if id.UnmarshalText([]byte(in.ID)) != nil {
		return nil, policy.ErrNoObject
	}
	return nil, a.Undelegate(ctx, id, in.Body.Reason)
}

type ofChain struct {
	ID string `path:"id" maxLength:"64" doc:"The chain, or anything that is in it"`
}

func (in *ofChain) object() (r access.Ref) {
	if r.UnmarshalText([]byte(in.ID)) != nil {
		return access.Ref{}
	}
	return r
}

type chainOutput struct{ Body ChainTold }

func (a *API) chain(ctx context.Context, in *ofChain) (*chainOutput, error) {
	told, err := a.Follow(ctx, in.object())
	return &chainOutput{told}, err
}
