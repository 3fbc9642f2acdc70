package lifecycle

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// Failing is somebody for whom a system's mapping fails now, since when.
type Failing struct {
	Identity access.IdentityID
	Failure
	Since access.Time
}

// FailingPerson is that with names.
type FailingPerson struct {
	Identity access.Named `json:"identity"`
	System   access.Named `json:"system"`
	Problem  string       `json:"problem"`
	Since    access.Time  `json:"since"`
}

// mostFailing are shown of those for whom mappings fail.
const mostFailing = 500

// Failing are those for whom a system's mapping, or any, fails as it is enforced: the first
// of them, and how many they are.
func (s *Service) Failing(ctx context.Context, system access.SystemID) (list []FailingPerson, all int, err error) {
	found, all, err := s.Store.Failing(ctx, system, mostFailing)
	if err != nil {
		return nil, 0, err
	}
	var refs []access.Ref
	for _, f := range found {
		refs = append(refs, f.Identity.Ref(), f.System.Ref())
	}
	name, err := s.namer(ctx, refs)
	list = []FailingPerson{}
	for _, f := range found {
		list = append(list, FailingPerson{name(f.Identity.Ref()), name(f.System.Ref()), f.Text, f.Since})
	}
	return list, all, err
}

func (a *API) registerFailing(api huma.API) {
	httpapi.Register(api, operation("list-mapping-failures", http.MethodGet, "/v1/mappings/{system}/failures", "For whom a mapping fails now, and why; for them nothing changes", http.StatusOK),
		whole[OfMapping](a, readMappings, nil), a.failing)
}

type failingOutput struct {
	Body struct {
		Items []FailingPerson `json:"items" doc:"The first five hundred"`
		Total int             `json:"total"`
	}
}

func (a *API) failing(ctx context.Context, in *OfMapping) (*failingOutput, error) {
	id, err := in.system()
	if err != nil {
		return nil, err
	}
	out := &failingOutput{}
	out.Body.Items, out.Body.Total, err = a.Service.Failing(ctx, id)
	return out, err
}
