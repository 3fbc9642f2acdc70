package httpapi

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const jsonType = "application/json"

// AddExamples gives every body of the API's description that has no example one that
// is made from its schema, so that none is forgotten.
func AddExamples(api huma.API) {
	Operations(api, func(op *huma.Operation) {
		if op.RequestBody != nil {
			addExample(api, op.RequestBody.Content[jsonType], false)
		}
		for _, r := range op.Responses {
			addExample(api, r.Content[jsonType], true)
		}
	})
}

func addExample(api huma.API, m *huma.MediaType, all bool) {
	if m == nil || m.Schema == nil || m.Example != nil || len(m.Examples) > 0 {
		return
	}
	m.Example = exampler{api.OpenAPI().Components.Schemas, all}.of("", m.Schema, 0)
}

// Example is a value that fits a schema: its own example where it has one. All is
// whether what may be missing is there too.
func Example(api huma.API, name string, s *huma.Schema, all bool) any {
	return exampler{api.OpenAPI().Components.Schemas, all}.of(name, s, 0)
}

type exampler struct {
	schemas huma.Registry
	all     bool
}

// exampleDepth ends what holds itself.
const exampleDepth = 6

func (e exampler) of(name string, s *huma.Schema, depth int) any {
	if s.Ref != "" {
		s = e.schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > exampleDepth:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return e.of(name, s.OneOf[0], depth+1)
	case len(s.AnyOf) > 0:
		return e.of(name, s.AnyOf[0], depth+1)
	}
	switch s.Type {
	case huma.TypeObject:
		return e.object(s, depth)
	case huma.TypeArray:
		if s.Items == nil || depth == exampleDepth {
			return []any{}
		}
		return []any{e.of(strings.TrimSuffix(name, "s"), s.Items, depth+1)}
	case huma.TypeBoolean:
		return true
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case huma.TypeString:
		return exampleText(name, s)
	}
	return map[string]any{}
}

func (e exampler) object(s *huma.Schema, depth int) map[string]any {
	o := map[string]any{}
	for name, p := range s.Properties {
		if name == "$schema" || !e.all && !slices.Contains(s.Required, name) && len(p.Examples) == 0 || e.all && p.WriteOnly {
			continue
		}
		o[name] = e.of(name, p, depth+1)
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok && len(s.Properties) == 0 {
		o["name"] = e.of("name", more, depth+1)
	}
	return o
}

// exampleText is text that fits, by the name of what it is for where nothing else says.
func exampleText(name string, s *huma.Schema) string {
	switch s.Format {
	case "date-time":
		return "2026-11-28T09:00:00Z"
	case "date":
		return "2026-11-28"
	case "uri":
		return "https://example.com/"
	case "email":
		return "ana@example.com"
	}
	text := name
	if text == "" {
		text = "text"
	}
	if s.MinLength != nil {
		for len(text) < *s.MinLength {
			text += "x"
		}
	}
	if s.MaxLength != nil && len(text) > *s.MaxLength {
		text = text[:*s.MaxLength]
	}
	return text
}
