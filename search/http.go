package search

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// Operations are those of search over HTTP. Search stands beside policy, so that whoever
// wires it gives the guards, and says how far each caller sees.
type Operations struct {
	Index *Index
	// Known guards the search box: whoever is known searches what they see.
	Known httpapi.Guard[SearchInput]
	// Sight is what the caller sees.
	Sight func(ctx context.Context) (Sight, error)
	// The guards of the lists, and of their exports; Within is how far a caller sees
	// whom one of them let in.
	Identities         httpapi.Guard[IdentitiesInput]
	ExportIdentities   httpapi.Guard[ExportIdentitiesInput]
	Accounts           httpapi.Guard[AccountsInput]
	ExportAccounts     httpapi.Guard[ExportAccountsInput]
	Entitlements       httpapi.Guard[EntitlementsInput]
	ExportEntitlements httpapi.Guard[ExportEntitlementsInput]
	Within             func(ctx context.Context) Seen
	// Holders lists who holds one of Writ's functions.
	Holders func(ctx context.Context, f access.Function) ([]access.IdentityID, error)
}

const tag = "search"

// Register adds the operations to an API.
func (o *Operations) Register(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "search", Method: http.MethodGet, Path: "/v1/search", Tags: []string{tag},
		Summary:     "Find identities, accounts, entitlements, systems, resources and findings",
		Description: "All words must be there, whole or as beginnings; where too little is found, a word of four letters may be off by one edit and one of eight by two. " + operatorHelp(),
	}, o.Known, o.search)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-identities", Method: http.MethodGet, Path: "/v1/identities", Tags: []string{tag},
		Summary: "List identities",
	}, o.Identities, o.listIdentities)
	httpapi.Register(api, exported("export-identities", "/v1/identities/export", "Export the list of identities as CSV"), o.ExportIdentities, o.exportIdentities)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-accounts", Method: http.MethodGet, Path: "/v1/accounts", Tags: []string{tag},
		Summary: "List accounts",
	}, o.Accounts, o.listAccounts)
	httpapi.Register(api, exported("export-accounts", "/v1/accounts/export", "Export the list of accounts as CSV"), o.ExportAccounts, o.exportAccounts)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-entitlements", Method: http.MethodGet, Path: "/v1/entitlements", Tags: []string{tag},
		Summary: "List entitlements",
	}, o.Entitlements, o.listEntitlements)
	httpapi.Register(api, exported("export-entitlements", "/v1/entitlements/export", "Export the list of entitlements as CSV"), o.ExportEntitlements, o.exportEntitlements)
}

func operatorHelp() string {
	text := `Words in quotation marks follow one another in a name; a minus before a word or an operator leaves out. The operators:`
	for _, o := range operators {
		text += "\n- `" + o.name + ":` " + o.takes
	}
	return text
}

// SearchInput is what somebody types.
type SearchInput struct {
	Query string `query:"q" maxLength:"1000" doc:"Words and operators"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

// HitBody is something that was found.
type HitBody struct {
	ID     access.Ref              `json:"id"`
	Type   string                  `json:"type" enum:"identity,account,entitlement,system,resource,finding"`
	Name   string                  `json:"name"`
	Kind   string                  `json:"kind,omitempty" doc:"Of what kind it is within its type; of a finding its severity"`
	State  string                  `json:"state,omitempty"`
	Tier   *access.Tier            `json:"tier,omitempty"`
	System *Named[access.SystemID] `json:"system,omitempty"`
	Off    int                     `json:"off,omitempty" doc:"By how many edits its words are off what was typed"`
}

type searchOutput struct {
	Body struct {
		Revision access.Rev     `json:"revision"`
		Items    []HitBody      `json:"items"`
		Total    int            `json:"total" doc:"Of what matches as well as what is shown"`
		Types    map[string]int `json:"types" doc:"The total by type"`
	}
}

func (o *Operations) search(ctx context.Context, in *SearchInput) (*searchOutput, error) {
	sight, err := o.Sight(ctx)
	if err != nil {
		return nil, err
	}
	f, err := o.Index.Find(ctx, in.Query, sight, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &searchOutput{}
	out.Body.Revision, out.Body.Items, out.Body.Total, out.Body.Types = f.Rev, Bodies(f.Hits), f.Total, map[string]int{}
	for kind, n := range f.Of {
		if n > 0 {
			out.Body.Types[kind.String()] = n
		}
	}
	return out, nil
}

// Bodies writes hits as the API does.
func Bodies(hits []Hit) []HitBody {
	list := make([]HitBody, len(hits))
	for i, h := range hits {
		list[i] = HitBody{ID: h.Ref, Type: h.Ref.Kind.String(), Name: h.Name, Kind: h.Kind, State: h.State, Tier: h.Tier, Off: h.Off}
		if h.System.ID != 0 {
			list[i].System = &h.System
		}
	}
	return list
}
