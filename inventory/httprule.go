package inventory

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

const (
	readRules   = "correlation.read"
	changeRules = "correlation.change"
)

// CorrelationRule is one of the organisation's own rules.
type CorrelationRule struct {
	Name       string `json:"name"`
	By         By     `json:"by" enum:"number,email,login"`
	Expression string `json:"expression"`
	Score      int    `json:"score"`
	Mode       string `json:"mode" enum:"observe,warn,enforce" doc:"It links accounts when it is enforced only"`
}

// CorrelationEffect is what a rule would change.
type CorrelationEffect struct {
	Changes   int                `json:"changes"`
	Linked    int                `json:"linked"`
	Unlinked  int                `json:"unlinked"`
	Moved     int                `json:"moved"`
	Disputed  int                `json:"newly_disputed"`
	Settled   int                `json:"no_longer_disputed"`
	Confirmed int                `json:"confirmed" doc:"What all accounts come to then"`
	Unmatched int                `json:"unmatched"`
	First     []CorrelationMoved `json:"first"`
}

// CorrelationMoved is an account that would be linked otherwise.
type CorrelationMoved struct {
	Account  *Labelled `json:"account"`
	Was      *Labelled `json:"was" doc:"None: nobody's"`
	WasState LinkState `json:"was_state,omitempty"`
	Now      *Labelled `json:"would_be"`
	NowState LinkState `json:"would_be_state,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
}

// OfRule is the part of an input that names a rule.
type OfRule struct {
	Name string `path:"name" maxLength:"64" doc:"The rule's name"`
}

type addRuleInput struct {
	Body struct {
		Name       string `json:"name" minLength:"1" maxLength:"64"`
		By         By     `json:"by" enum:"number,email,login" doc:"What of an identity the expression gives"`
		Expression string `json:"expression" minLength:"1" maxLength:"4000" doc:"CEL over account.login, account.email, account.number, account.name, account.kind and account.system"`
		Score      int    `json:"score,omitempty" minimum:"1" maximum:"100" default:"90" doc:"How sure it is"`
		Reason     string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

type ruleModeInput struct {
	OfRule
	Body struct {
		Mode   string `json:"mode" enum:"observe,enforce"`
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

type removeRuleInput struct {
	OfRule
	Reason string `query:"reason" minLength:"1" maxLength:"2000" required:"true"`
}

type rulesOutput struct{ Body pageOf[CorrelationRule] }

type ruleOutput struct{ Body CorrelationRule }

type effectOutput struct{ Body CorrelationEffect }

func (a *API) registerRules(api huma.API) {
	httpapi.Register(api, operation("list-correlation-rules", get, "/v1/correlation/rules", "Your own rules of whose an account is", http.StatusOK),
		onRules[struct{}](a, readRules, nil), a.listRules)
	httpapi.Register(api, operation("add-correlation-rule", post, "/v1/correlation/rules", "Keep a rule that only observes", http.StatusCreated),
		onRules(a, changeRules, func(in *addRuleInput) string { return in.Body.Reason }), a.addRule)
	httpapi.Register(api, operation("try-correlation-rule", get, "/v1/correlation/rules/{name}/effect", "What enforcing a rule, or no longer enforcing it, would change", http.StatusOK),
		onRules[OfRule](a, readRules, nil), a.tryRule)
	httpapi.Register(api, operation("set-correlation-rule-mode", http.MethodPut, "/v1/correlation/rules/{name}/mode", "Let a rule link accounts, or stop it", http.StatusOK),
		onRules(a, changeRules, func(in *ruleModeInput) string { return in.Body.Reason }), a.setRuleMode)
	httpapi.Register(api, operation("remove-correlation-rule", remove, "/v1/correlation/rules/{name}", "Remove a rule; what it linked is unlinked", http.StatusNoContent),
		onRules(a, changeRules, func(in *removeRuleInput) string { return in.Reason }), a.removeRule)
}

// onRules guards what is about the rules, which are the organisation's as a whole.
func onRules[I any](a *API, action string, reason func(*I) string) policy.Guard[I] {
	return policy.On(a.Gate, action, func(_ context.Context, in *I) (policy.Object, error) {
		if reason == nil {
			return policy.Object{}, nil
		}
		return policy.Object{Reason: reason(in)}, nil
	})
}

func ruleOf(o OwnRule) CorrelationRule {
	return CorrelationRule{o.Name, o.By, o.Expression, o.Score, o.Mode.String()}
}

func (a *API) listRules(ctx context.Context, _ *struct{}) (*rulesOutput, error) {
	list, err := a.Service.Rules(ctx)
	page := pageOf[CorrelationRule]{Items: []CorrelationRule{}, Total: len(list)}
	for _, o := range list {
		page.Items = append(page.Items, ruleOf(o))
	}
	return &rulesOutput{page}, err
}

func (a *API) addRule(ctx context.Context, in *addRuleInput) (*ruleOutput, error) {
	o := OwnRule{Name: in.Body.Name, By: in.Body.By, Expression: in.Body.Expression, Score: in.Body.Score}
	if err := a.Service.AddRule(ctx, o); err != nil {
		return nil, err
	}
	return a.rule(ctx, o.Name)
}

func (a *API) rule(ctx context.Context, name string) (*ruleOutput, error) {
	list, err := a.Service.Rules(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		if o.Name == name {
			return &ruleOutput{ruleOf(o)}, nil
		}
	}
	return nil, policy.ErrNoObject
}

func (a *API) setRuleMode(ctx context.Context, in *ruleModeInput) (*ruleOutput, error) {
	mode := policy.Observe
	if in.Body.Mode == policy.Enforce.String() {
		mode = policy.Enforce
	}
	if err := a.Service.SetRuleMode(ctx, in.Name, mode, in.Body.Reason); err != nil {
		return nil, err
	}
	return a.rule(ctx, in.Name)
}

func (a *API) removeRule(ctx context.Context, in *removeRuleInput) (*struct{}, error) {
	return nil, a.Service.RemoveRule(ctx, in.Name, 0, in.Reason)
}

func (a *API) tryRule(ctx context.Context, in *OfRule) (*effectOutput, error) {
	sum, err := a.Service.TryRule(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	e := sum.Effect
	var refs []access.Ref
	for _, d := range e.First {
		refs = append(refs, d.Account.Ref(), d.Was.Identity.Ref(), d.Now.Identity.Ref())
	}
	label, err := a.labels(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := CorrelationEffect{
		Changes: e.All(), Linked: e.Linked, Unlinked: e.Unlinked, Moved: e.Moved, Disputed: e.Disputed, Settled: e.Settled,
		Confirmed: sum.Confirmed, Unmatched: sum.Unmatched, First: []CorrelationMoved{},
	}
	for _, d := range e.First {
		out.First = append(out.First, CorrelationMoved{
			Account: label(d.Account.Ref()), Was: label(d.Was.Identity.Ref()), WasState: d.Was.State,
			Now: label(d.Now.Identity.Ref()), NowState: d.Now.State, Evidence: d.Now.Evidence,
		})
	}
	return &effectOutput{out}, nil
}
