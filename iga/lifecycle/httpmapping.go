package lifecycle

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

const (
	readMappings   = "mapping.read"
	changeMappings = "mapping.change"
)

func (a *API) registerMappings(api huma.API) {
	const one = "/v1/mappings/{system}"
	httpapi.Register(api, operation("list-mappings", http.MethodGet, "/v1/mappings", "How people's accounts follow from who they are, by system", http.StatusOK),
		whole[struct{}](a, readMappings, nil), a.listMappings)
	httpapi.Register(api, operation("show-mapping", http.MethodGet, one, "How people's accounts in a system follow from who they are", http.StatusOK),
		whole[OfMapping](a, readMappings, nil), a.showMapping)
	httpapi.Register(api, operation("set-mapping", http.MethodPut, one, "Say how people's accounts in a system follow from who they are", http.StatusOK),
		whole(a, changeMappings, func(in *setMappingInput) string { return in.Body.Reason }), a.setMapping)
	httpapi.Register(api, operation("try-mapping", http.MethodPost, one+"/effect", "Which accounts a mapping would come to, and for whom it fails", http.StatusOK),
		whole[tryMappingInput](a, readMappings, nil), a.tryMapping)
	httpapi.Register(api, operation("remove-mapping", http.MethodDelete, one, "Remove a mapping; the accounts stay as they are", http.StatusNoContent),
		whole(a, changeMappings, func(in *removeMappingInput) string { return in.Reason }), a.removeMapping)
}

// OfMapping is the part of an input that names a mapping.
type OfMapping struct {
	System string `path:"system" maxLength:"64" doc:"The system's id"`
}

func (o OfMapping) system() (id access.SystemID, err error) {
	if id.UnmarshalText([]byte(o.System)) != nil {
		return 0, policy.ErrNoObject
	}
	return id, nil
}

// MappingBody is what a mapping says.
type MappingBody struct {
	When       string            `json:"when,omitempty" maxLength:"4000" doc:"CEL over identity.*: who has an account even without an entitlement; nobody without it"`
	Logins     []string          `json:"logins" minItems:"1" maxItems:"8" doc:"CEL for a login each, tried in order; the last is numbered" example:"[\"identity.name.words().join(\\\".\\\")\"]"`
	Attributes map[string]string `json:"attributes,omitempty" doc:"CEL over identity.* and account.login, by the attributes that the kind of system knows"`
	Recipient  string            `json:"recipient,omitempty" enum:"manager,sponsor,owner" doc:"Who is given a first credential; without it, nobody"`
	Retention  int               `json:"retention_days,omitempty" minimum:"0" maximum:"3650" doc:"After how many days a disabled account is deleted; 0 is never"`
	Renames    bool              `json:"renames,omitempty" doc:"The login follows the name"`
	Mode       string            `json:"mode" enum:"observe,enforce"`
}

func (b MappingBody) mapping(id access.SystemID) (Mapping, error) {
	mode, err := policy.ParseMode(b.Mode)
	return Mapping{System: id, When: b.When, Logins: b.Logins, Attributes: b.Attributes, Recipient: Recipient(b.Recipient), Retention: b.Retention, Renames: b.Renames, Mode: mode}, err
}

// SystemMapping is the mapping of a system.
type SystemMapping struct {
	System access.SystemID `json:"system"`
	MappingBody
	Version int64 `json:"version"`
}

func mappingOf(m Mapping) SystemMapping {
	return SystemMapping{m.System, MappingBody{m.When, m.Logins, m.Attributes, string(m.Recipient), m.Retention, m.Renames, m.Mode.String()}, m.Version}
}

type setMappingInput struct {
	OfMapping
	httpapi.Match
	Body struct {
		MappingBody
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type tryMappingInput struct {
	OfMapping
	Identity httpapi.Text[access.IdentityID] `query:"identity" doc:"Only of this person"`
	Body     MappingBody
}

type removeMappingInput struct {
	OfMapping
	Reason string `query:"reason" minLength:"1" maxLength:"500" required:"true"`
}

type mappingsOutput struct {
	Body struct {
		Items []SystemMapping           `json:"items"`
		Total int                       `json:"total"`
		May   map[string]policy.Verdict `json:"may" doc:"What you may do"`
	}
}

type mappingOutput struct {
	ETag string `header:"ETag"`
	Body SystemMapping
}

type mappedOutput struct{ Body Mapped }

func (a *API) listMappings(ctx context.Context, _ *struct{}) (*mappingsOutput, error) {
	list, err := a.Service.Mappings(ctx)
	out := &mappingsOutput{}
	out.Body.Items, out.Body.Total, out.Body.May = []SystemMapping{}, len(list), a.Gate.Verdicts(ctx, policy.Object{}, changeMappings)
	for _, m := range list {
		out.Body.Items = append(out.Body.Items, mappingOf(m))
	}
	return out, err
}

func (a *API) showMapping(ctx context.Context, in *OfMapping) (*mappingOutput, error) {
	id, err := in.system()
	if err != nil {
		return nil, err
	}
	m, err := a.Service.Mapping(ctx, id)
	return &mappingOutput{httpapi.Tag(m.Version), mappingOf(m)}, err
}

// setMapping replaces the version that was seen; If-Match "0" is that there is none.
func (a *API) setMapping(ctx context.Context, in *setMappingInput) (*mappingOutput, error) {
	id, err := in.system()
	if err != nil {
		return nil, err
	}
	m, err := in.Body.mapping(id)
	if err != nil {
		return nil, err
	}
	if m.Version, err = in.Version(); err != nil {
		return nil, err
	}
	err = a.Service.SetMapping(ctx, m, in.Body.Reason)
	switch {
	case errors.Is(err, ErrMappingStale):
		return nil, httpapi.ErrStale
	case err != nil:
		return nil, err
	}
	return a.showMapping(ctx, &in.OfMapping)
}

func (a *API) tryMapping(ctx context.Context, in *tryMappingInput) (*mappedOutput, error) {
	id, err := in.system()
	if err != nil {
		return nil, err
	}
	m, err := in.Body.mapping(id)
	if err != nil {
		return nil, err
	}
	e, err := a.Service.TryMapping(ctx, m, in.Identity.V)
	return &mappedOutput{e}, err
}

func (a *API) removeMapping(ctx context.Context, in *removeMappingInput) (*struct{}, error) {
	id, err := in.system()
	if err != nil {
		return nil, err
	}
	return nil, a.Service.RemoveMapping(ctx, id, 0, in.Reason)
}
