package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// errorsOnce guards huma's own hook, which is one for the whole program.
var errorsOnce sync.Once

// New returns an API on a mux. It serves nothing but its operations.
func New(mux *http.ServeMux, version string) huma.API {
	errorsOnce.Do(func() {
		huma.NewErrorWithContext = fromHuma
		huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
			return fromHuma(nil, status, msg, errs...)
		}
	})
	cfg := huma.DefaultConfig("Writ", version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: Unmarshal}
	cfg.Formats = map[string]huma.Format{"application/json": format, "json": format}
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.CreateHooks = nil // no link to a schema in every answer
	cfg.RejectUnknownQueryParameters = true
	cfg.Info.Description = "Identity governance and privileged access: everything that the console and the commands do."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "An API token, or the short token of 'writ login', which goes with a proof by the client's key (RFC 9449)"},
	}
	return humago.New(mux, cfg)
}

// schemaName names a type in the API's description with its package: two features may
// have a word for a thing of their own.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	home := path.Base(t.PkgPath())
	if home == "." || home == "httpapi" {
		return name
	}
	return strings.ToUpper(home[:1]) + home[1:] + name
}

// WriteProblem answers a request with an error.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(r.Context(), err)
	w.Header().Set("Content-Type", "application/problem+json")
	maps.Copy(w.Header(), p.GetHeaders())
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever hung up needs no answer
}
