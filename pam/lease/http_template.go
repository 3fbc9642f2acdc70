package lease

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

func (a *API) registerTemplates(api huma.API) {
	const get, post, path, one = http.MethodGet, http.MethodPost, "/v1/lease-templates", "/v1/lease-templates/{id}"
	httpapi.Register(api, operation("list-lease-templates", get, path, "What accounts for one use are made by, as far as you may see it", http.StatusOK), policy.Known[templatesInput](), a.listTemplates)
	httpapi.Register(api, operation("add-lease-template", post, path, "Say what accounts for one use are given in a system", http.StatusCreated), policy.On(a.Gate, changeTemplate, a.adding), a.addTemplate)
	httpapi.Register(api, operation("show-lease-template", get, one, "One template, and who may use it", http.StatusOK), policy.On(a.Gate, readTemplate, a.onTemplate), a.showTemplate)
	httpapi.Register(api, operation("change-lease-template", http.MethodPut, one, "Change what accounts for one use are given, and what that takes", http.StatusOK), policy.On(a.Gate, changeTemplate, a.changing), a.changeTemplate)
	httpapi.Register(api, operation("retire-lease-template", post, one+"/retire", "Retire a template: what was leased by it ends", http.StatusNoContent), policy.On(a.Gate, changeTemplate, a.retiring), a.retireTemplate)
	httpapi.Register(api, operation("grant-lease-right", post, one+"/rights", "Say that somebody, or whoever holds something, may use a template", http.StatusOK), policy.On(a.Gate, grantTemplate, a.onRight), a.grantRight)
	httpapi.Register(api, operation("revoke-lease-right", post, one+"/rights/revoke", "Take a right to use a template", http.StatusOK), policy.On(a.Gate, grantTemplate, a.onRight), a.revokeRight)
}

// OfTemplate names a template.
type OfTemplate struct {
	ID httpapi.Text[access.TemplateID] `path:"id" doc:"The template"`
}

type templatesInput struct {
	Name string `query:"name" maxLength:"64" doc:"Only the one of this name"`
}

type addTemplateInput struct {
	Body struct {
		Template
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type changeTemplateInput struct {
	OfTemplate
	httpapi.Match
	Body struct {
		Template
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type retireTemplateInput struct {
	OfTemplate
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type leaseRightInput struct {
	OfTemplate
	Body struct {
		Holder access.Ref  `json:"holder" example:"idn_0000000000001" doc:"Somebody, an entitlement or a role"`
		Ends   access.Time `json:"ends,omitzero" doc:"When it ends; without it, once somebody takes it"`
		Reason string      `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (in *leaseRightInput) right() Right {
	return Right{Template: in.ID.V, Holder: in.Body.Holder, Ends: in.Body.Ends, Reason: in.Body.Reason}
}

// onTemplate tells which template an operation is about.
func (a *API) onTemplate(ctx context.Context, in *OfTemplate) (policy.Object, error) {
	return a.object(ctx, in.ID.V, "")
}

func (a *API) object(ctx context.Context, id access.TemplateID, reason string) (policy.Object, error) {
	o, err := a.TemplateObject(ctx, id, reason)
	if errors.Is(err, ErrNoTemplate) {
		err = policy.ErrNoObject
	}
	return o, err
}

// adding is a template that is to be: it belongs where its system does.
func (a *API) adding(_ context.Context, in *addTemplateInput) (policy.Object, error) {
	v := a.Gate.Graph.View()
	defer v.Close()
	o := policy.Object{Reason: in.Body.Reason}
	var ok bool
	if o.Resource, ok = policy.ObjectOf(v, in.Body.System.Ref()); !ok {
		return o, policy.ErrNoObject
	}
	o.Ref, o.System, o.Subjects = access.Ref{}, in.Body.System, []access.Ref{in.Body.System.Ref()}
	return o, nil
}

// changing is about the access of everybody who may use the template: nobody widens their
// own.
func (a *API) changing(ctx context.Context, in *changeTemplateInput) (policy.Object, error) {
	of, err := a.Store.Offer(ctx, in.ID.V)
	if errors.Is(err, ErrNoTemplate) {
		err = policy.ErrNoObject
	}
	if err != nil {
		return policy.Object{}, err
	}
	return a.whole(ctx, of, in.Body.Reason), nil
}

func (a *API) whole(ctx context.Context, of Offer, reason string) policy.Object {
	o := a.objectFor(ctx, of, reason)
	o.Subjects = []access.Ref{of.System.Ref()}
	for _, r := range of.Rights {
		o.Subjects = append(o.Subjects, r.Holder)
	}
	return o
}

// retiring is about nobody's access: it only takes.
func (a *API) retiring(ctx context.Context, in *retireTemplateInput) (policy.Object, error) {
	o, err := a.object(ctx, in.ID.V, in.Body.Reason)
	o.Subjects = []access.Ref{o.System.Ref()}
	return o, err
}

// onRight is about the access of its holder.
func (a *API) onRight(ctx context.Context, in *leaseRightInput) (policy.Object, error) {
	o, err := a.object(ctx, in.ID.V, in.Body.Reason)
	o.Subjects = []access.Ref{in.Body.Holder}
	return o, err
}

// TemplateShown is a template as it is answered.
type TemplateShown struct {
	Template
	Rights []Right                   `json:"rights,omitempty" doc:"Who may use it, where one template is asked for"`
	Names  map[string]string         `json:"names" doc:"What the things in it are called, by id, as far as you may see it"`
	May    map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do; in a list, whether you may use it"`
}

type (
	templatesOutput struct {
		Body struct {
			Items []TemplateShown `json:"items"`
		}
	}
	templateOutput struct {
		ETag string `header:"ETag"`
		Body TemplateShown
	}
)

func (of *Offer) refs() []access.Ref {
	refs := []access.Ref{of.System.Ref()}
	for _, id := range of.Entitlements {
		refs = append(refs, id.Ref())
	}
	for _, r := range of.Rights {
		refs = append(refs, r.Holder)
	}
	return refs
}

func (a *API) listTemplates(ctx context.Context, in *templatesInput) (*templatesOutput, error) {
	list, err := a.Templates(ctx)
	if err != nil {
		return nil, err
	}
	out := &templatesOutput{}
	out.Body.Items = []TemplateShown{}
	for _, of := range list {
		if in.Name != "" && of.Name != in.Name {
			continue
		}
		x := TemplateShown{Template: of.Template}
		if x.Names, err = a.named(ctx, of.refs()); err != nil {
			return nil, err
		}
		x.May = a.Gate.Verdicts(ctx, a.objectFor(ctx, of, ""), issueAction)
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

func (a *API) showTemplate(ctx context.Context, in *OfTemplate) (*templateOutput, error) {
	of, err := a.Store.Offer(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	x := TemplateShown{Template: of.Template, Rights: append([]Right{}, of.Rights...)}
	if x.Names, err = a.named(ctx, of.refs()); err != nil {
		return nil, err
	}
	x.May = a.Gate.Verdicts(ctx, a.whole(ctx, of, ""), changeTemplate, issueAction)
	return &templateOutput{httpapi.Tag(of.Version), x}, nil
}

// shownTemplate is a template after something was done, whether or not whoever did it may
// look into it.
func (a *API) shownTemplate(ctx context.Context, id access.TemplateID) (*templateOutput, error) {
	return a.showTemplate(ctx, &OfTemplate{httpapi.Text[access.TemplateID]{V: id}})
}

func (a *API) addTemplate(ctx context.Context, in *addTemplateInput) (*templateOutput, error) {
	t := in.Body.Template
	t.ID, t.Version = 0, 0
	id, err := a.AddTemplate(ctx, t, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return a.shownTemplate(ctx, id)
}

func (a *API) changeTemplate(ctx context.Context, in *changeTemplateInput) (*templateOutput, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	t := in.Body.Template
	t.ID, t.Version = in.ID.V, version
	err = a.ChangeTemplate(ctx, t, in.Body.Reason)
	if errors.Is(err, ErrTemplateStale) {
		err = httpapi.ErrStale
	}
	if err != nil {
		return nil, err
	}
	return a.shownTemplate(ctx, in.ID.V)
}

func (a *API) retireTemplate(ctx context.Context, in *retireTemplateInput) (*struct{}, error) {
	return nil, a.Store.RetireTemplate(ctx, in.ID.V, in.Body.Reason)
}

func (a *API) grantRight(ctx context.Context, in *leaseRightInput) (*templateOutput, error) {
	if err := a.Grant(ctx, in.right()); err != nil {
		return nil, err
	}
	return a.shownTemplate(ctx, in.ID.V)
}

func (a *API) revokeRight(ctx context.Context, in *leaseRightInput) (*templateOutput, error) {
	if err := a.Store.Revoke(ctx, in.right(), in.Body.Reason); err != nil {
		return nil, err
	}
	return a.shownTemplate(ctx, in.ID.V)
}
