package lifecycle

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on lifecycle. All of its fields are needed.
type API struct {
	Service   *Service
	Previewer *Previewer
	Gate      *policy.Gate
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	a.registerRules(api)
	a.registerHolds(api)
	a.registerMappings(api)
	a.registerEvents(api)
	a.registerLife(api)
	a.registerPreviews(api)
	a.registerGuard(api)
	a.registerFailing(api)
}

const (
	readRules   = "birthright.read"
	changeRules = "birthright.change"
)

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"lifecycle"}, DefaultStatus: status}
}

// whole guards what is about the organisation as a whole.
func whole[I any](a *API, action string, reason func(*I) string) policy.Guard[I] {
	return policy.On(a.Gate, action, func(_ context.Context, in *I) (policy.Object, error) {
		if reason == nil {
			return policy.Object{}, nil
		}
		return policy.Object{Reason: reason(in)}, nil
	})
}

func (a *API) registerRules(api huma.API) {
	const path, one = "/v1/birthrights", "/v1/birthrights/{name}"
	httpapi.Register(api, operation("list-birthrights", http.MethodGet, path, "Birthright rules", http.StatusOK),
		whole[struct{}](a, readRules, nil), a.listRules)
	httpapi.Register(api, operation("add-birthright", http.MethodPost, path, "Keep a birthright rule that only observes", http.StatusCreated),
		whole(a, changeRules, func(in *addBirthrightInput) string { return in.Body.Reason }), a.addRule)
	httpapi.Register(api, operation("try-birthright", http.MethodPost, "/v1/birthrights/effect", "Who would gain and who lose if a rule were enforced like this", http.StatusOK),
		whole[tryBirthrightInput](a, readRules, nil), a.tryRule)
	httpapi.Register(api, operation("show-birthright", http.MethodGet, one, "One birthright rule", http.StatusOK),
		whole[OfRule](a, readRules, nil), a.showRule)
	httpapi.Register(api, operation("show-birthright-members", http.MethodGet, one+"/members", "Whom a birthright rule is for now", http.StatusOK),
		whole[OfRule](a, readRules, nil), a.showMembers)
	httpapi.Register(api, operation("set-birthright", http.MethodPut, one, "Change a birthright rule", http.StatusOK),
		whole(a, changeRules, func(in *setBirthrightInput) string { return in.Body.Reason }), a.setRule)
	httpapi.Register(api, operation("set-birthright-mode", http.MethodPut, one+"/mode", "Let a birthright rule give, or only observe", http.StatusOK),
		whole(a, changeRules, func(in *birthrightModeInput) string { return in.Body.Reason }), a.setRuleMode)
	httpapi.Register(api, operation("remove-birthright", http.MethodDelete, one, "Remove a birthright rule: what it alone gives ends", http.StatusNoContent),
		whole(a, changeRules, func(in *removeBirthrightInput) string { return in.Reason }), a.removeRule)
}

// OfRule is the part of an input that names a rule.
type OfRule struct {
	Name string `path:"name" maxLength:"64" doc:"The rule's name"`
}

// RuleBody is what a rule says.
type RuleBody struct {
	Description  string                 `json:"description,omitempty" maxLength:"500"`
	When         string                 `json:"when" minLength:"1" maxLength:"4000" example:"identity.unit == \"Treasury\"" doc:"CEL over identity.*: true of whom it is for"`
	Roles        []access.RoleID        `json:"roles,omitempty" maxItems:"100"`
	Entitlements []access.EntitlementID `json:"entitlements,omitempty" maxItems:"100"`
	Choices      []access.Choice        `json:"choices,omitempty" maxItems:"100" doc:"Parametric roles: everybody has the variants that fit them"`
	Grace        int                    `json:"grace_days,omitempty" minimum:"0" maximum:"365" doc:"For how many days somebody keeps what it gave after they no longer meet it"`
}

func (b RuleBody) rule(name string) Rule {
	return Rule{Name: name, Description: b.Description, When: b.When, Roles: b.Roles, Entitlements: b.Entitlements, Choices: b.Choices, Grace: b.Grace}
}

// Birthright is a birthright rule.
type Birthright struct {
	Name string `json:"name"`
	RuleBody
	Gives   []access.Named `json:"gives" doc:"The roles and entitlements, by name"`
	Chooses []access.Named `json:"chooses" doc:"The roles that it chooses variants of, by name, in the order of its choices"`
	Mode    string         `json:"mode" enum:"observe,warn,enforce" doc:"It gives when it is enforced only"`
	Version int64          `json:"version"`
}

// birthrights are rules with what they give by name.
func (a *API) birthrights(ctx context.Context, rules []Rule) ([]Birthright, error) {
	var refs []access.Ref
	for _, r := range rules {
		refs = slices.Concat(refs, refsOf(r.Roles), refsOf(r.Entitlements), refsOf(r.chosen()))
	}
	name, err := a.Service.namer(ctx, refs)
	list := []Birthright{}
	for _, r := range rules {
		gives := slices.Concat(namedAll(name, r.Roles), namedAll(name, r.Entitlements))
		list = append(list, Birthright{r.Name, RuleBody{r.Description, r.When, r.Roles, r.Entitlements, r.Choices, r.Grace}, gives, namedAll(name, r.chosen()), r.Mode.String(), r.Version})
	}
	return list, err
}

type addBirthrightInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"64" example:"treasury"`
		RuleBody
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type setBirthrightInput struct {
	OfRule
	httpapi.Match
	Body struct {
		RuleBody
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type tryBirthrightInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"64" example:"treasury" doc:"Of a rule that is kept: as if it were changed to this"`
		RuleBody
		Mode string `json:"mode,omitempty" enum:"observe,warn,enforce" default:"enforce" doc:"In which it is looked at"`
	}
}

type birthrightModeInput struct {
	OfRule
	Body struct {
		Mode   string `json:"mode" enum:"observe,warn,enforce"`
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type removeBirthrightInput struct {
	OfRule
	Reason string `query:"reason" minLength:"1" maxLength:"500" required:"true"`
}

type birthrightsOutput struct {
	Body struct {
		Items []Birthright              `json:"items"`
		Total int                       `json:"total"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

type birthrightOutput struct {
	ETag string `header:"ETag"`
	Body Birthright
}

type birthrightMembersOutput struct{ Body Membership }

type birthrightEffectOutput struct{ Body Effect }

func (a *API) listRules(ctx context.Context, _ *struct{}) (*birthrightsOutput, error) {
	rules, err := a.Service.Rules(ctx)
	if err != nil {
		return nil, err
	}
	list, err := a.birthrights(ctx, rules)
	out := &birthrightsOutput{}
	out.Body.Items, out.Body.Total, out.Body.May = list, len(list), a.Gate.Verdicts(ctx, policy.Object{}, changeRules)
	return out, err
}

func (a *API) showRule(ctx context.Context, in *OfRule) (*birthrightOutput, error) {
	r, err := a.Service.Rule(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	list, err := a.birthrights(ctx, []Rule{r})
	if err != nil {
		return nil, err
	}
	return &birthrightOutput{httpapi.Tag(r.Version), list[0]}, nil
}

func (a *API) showMembers(ctx context.Context, in *OfRule) (*birthrightMembersOutput, error) {
	if _, err := a.Service.Rule(ctx, in.Name); err != nil {
		return nil, err
	}
	m, err := a.Service.Members(ctx, in.Name)
	return &birthrightMembersOutput{m}, err
}

func (a *API) addRule(ctx context.Context, in *addBirthrightInput) (*birthrightOutput, error) {
	if err := a.Service.AddRule(ctx, in.Body.rule(in.Body.Name), in.Body.Reason); err != nil {
		return nil, err
	}
	return a.showRule(ctx, &OfRule{in.Body.Name})
}

func (a *API) setRule(ctx context.Context, in *setBirthrightInput) (*birthrightOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	r := in.Body.rule(in.Name)
	r.Version = version
	if err := a.Service.SetRule(ctx, r, in.Body.Reason); err != nil {
		return nil, stale(err)
	}
	return a.showRule(ctx, &in.OfRule)
}

func (a *API) setRuleMode(ctx context.Context, in *birthrightModeInput) (*birthrightOutput, error) {
	mode, err := policy.ParseMode(in.Body.Mode)
	if err != nil {
		return nil, err
	}
	if err := a.Service.SetMode(ctx, in.Name, mode, in.Body.Reason); err != nil {
		return nil, err
	}
	return a.showRule(ctx, &in.OfRule)
}

func (a *API) removeRule(ctx context.Context, in *removeBirthrightInput) (*struct{}, error) {
	return nil, a.Service.RemoveRule(ctx, in.Name, 0, in.Reason)
}

// stale says in HTTP's way that the version is not the one that stands.
func stale(err error) error {
	if errors.Is(err, ErrRuleStale) {
		return httpapi.ErrStale
	}
	return err
}

func (a *API) tryRule(ctx context.Context, in *tryBirthrightInput) (*birthrightEffectOutput, error) {
	mode, err := policy.ParseMode(in.Body.Mode)
	if err != nil {
		return nil, err
	}
	r := in.Body.rule(in.Body.Name)
	r.Mode = mode
	e, err := a.Service.Try(ctx, r)
	return &birthrightEffectOutput{e}, err
}
