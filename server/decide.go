package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// Decisions answers whether somebody may do something, for programs that ask before
// they act. It opens nothing.
type Decisions struct{ Gate *policy.Gate }

type decideInput struct {
	Body struct {
		Principal string `json:"principal" minLength:"5" maxLength:"40" example:"idn_0000000000001" doc:"Who would do it: the id of an identity"`
		Action    string `json:"action" minLength:"3" maxLength:"60" example:"system.read" doc:"What they would do, as policies name it"`
		Object    string `json:"object,omitempty" maxLength:"40" example:"sys_0000000000001" doc:"To what: the id of an identity, account, entitlement, resource, system or role; nothing is all of a kind"`
		Reason    string `json:"reason,omitempty" maxLength:"2000" example:"incident 4711" doc:"The reason that they would give"`
		MFA       bool   `json:"mfa,omitempty" doc:"Whether they have shown a second factor"`
	}
}

type decideOutput struct{ Body decided }

type decided struct {
	Decision       bool             `json:"decision" doc:"Whether it is permitted, once the obligations are met"`
	Explanation    string           `json:"explanation" doc:"Why, in words"`
	Policies       []decidingPolicy `json:"policies" doc:"Those that decided: the forbids if there were any, else the permits"`
	Cause          string           `json:"cause,omitempty" doc:"Why no policy decided" example:"no-policy"`
	Obligations    obligations      `json:"obligations" doc:"What it takes"`
	GraphRevision  int64            `json:"graph_revision" doc:"Of the facts that it was decided on"`
	PolicyRevision int64            `json:"policy_revision"`
}

type decidingPolicy struct {
	ID     string `json:"id" example:"audit.reads"`
	Effect string `json:"effect" enum:"permit,forbid"`
	Reason string `json:"reason" example:"audit reads everything"`
}

type obligations struct {
	Record     bool     `json:"record,omitempty" doc:"It is recorded"`
	MFA        bool     `json:"mfa,omitempty" doc:"A second factor"`
	Reason     bool     `json:"reason,omitempty" doc:"A reason"`
	Approve    int      `json:"approve,omitempty" doc:"How many others approve it"`
	Mask       []string `json:"mask,omitempty" doc:"What is masked"`
	MaxSeconds int64    `json:"max_seconds,omitempty" doc:"When it ends"`
}

// Register mounts the operation. Whoever may simulate policies may ask about anybody.
func (d *Decisions) Register(api huma.API) {
	whole := func(context.Context, *decideInput) (policy.Object, error) { return policy.Object{}, nil }
	httpapi.Register(api, huma.Operation{
		OperationID: "decide", Method: http.MethodPost, Path: "/v1/decisions", Tags: []string{"policy"},
		Summary:     "Ask whether somebody may do something",
		Description: "One evaluation, as the policies in force and the facts of this moment have it. It is counted, changes nothing, and opens nothing.",
	}, policy.On(d.Gate, "policy.simulate", whole), d.decide)
}

func (d *Decisions) decide(ctx context.Context, in *decideInput) (*decideOutput, error) {
	who, err := access.ParseRef(in.Body.Principal)
	if err != nil {
		return nil, err
	}
	r := policy.Request{
		Principal: who, Action: in.Body.Action,
		Context: policy.Context{Reason: in.Body.Reason, MFA: in.Body.MFA},
	}
	if in.Body.Object != "" {
		ref, err := access.ParseRef(in.Body.Object)
		if err != nil {
			return nil, err
		}
		var ok bool
		if r.Resource, ok = policy.ObjectOf(d.Gate.Graph.View(), ref); !ok {
			return nil, policy.ErrNoObject
		}
	}
	return &decideOutput{told(d.Gate.Engine.Decide(ctx, r))}, nil
}

func told(d policy.Decision) decided {
	t := decided{
		Decision: d.Permitted(), Explanation: d.Explain(), Policies: make([]decidingPolicy, len(d.Policies)), Cause: string(d.Cause),
		Obligations: obligations{
			Record: d.Obligations.Record, MFA: d.Obligations.MFA, Reason: d.Obligations.Reason, Approve: d.Obligations.Approve,
			Mask: d.Obligations.Mask, MaxSeconds: int64(d.Obligations.MaxDuration.Seconds()),
		},
		GraphRevision: int64(d.GraphRevision), PolicyRevision: int64(d.PolicyRevision),
	}
	for i, p := range d.Policies {
		t.Policies[i] = decidingPolicy{p.ID, p.Effect.String(), p.Reason}
	}
	return t
}
