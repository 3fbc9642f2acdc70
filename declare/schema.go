package declare

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// SchemaAddress is where editors find the schema of documents.
const SchemaAddress = "https://writhq.github.io/schemas/declare-document.json"

// schemas are what specs must be like, by kind.
type schemas struct {
	registry huma.Registry
	specs    map[string]*huma.Schema
	patterns map[string]*regexp.Regexp
}

const definitions = "#/$defs/"

// named gives a spec's type the name that it has in the schema.
func named(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	return strings.ToLower(name[:1]) + name[1:]
}

func (e *Engine) schemas() schemas {
	s := schemas{huma.NewMapRegistry(definitions, named), map[string]*huma.Schema{}, map[string]*regexp.Regexp{}}
	for _, k := range e.Kinds {
		s.specs[k.name()] = s.registry.Schema(k.spec(), true, k.name())
	}
	for _, x := range s.registry.Map() {
		s.compile(x)
	}
	return s
}

// compile reads the patterns of a schema once.
func (s schemas) compile(x *huma.Schema) {
	if x == nil {
		return
	}
	if x.Pattern != "" && s.patterns[x.Pattern] == nil {
		s.patterns[x.Pattern] = regexp.MustCompile(x.Pattern)
	}
	s.compile(x.Items)
	for _, p := range x.Properties {
		s.compile(p)
	}
	if of, ok := x.AdditionalProperties.(*huma.Schema); ok {
		s.compile(of)
	}
}

// resolved is a schema itself, where it is a reference to one.
func (s schemas) resolved(x *huma.Schema) *huma.Schema {
	for x.Ref != "" {
		x = s.registry.SchemaFromRef(x.Ref)
	}
	return x
}

const (
	maxName  = 200
	kindHelp = "What is declared"
	nameHelp = "What it is called: no two of a kind have one name"
	specHelp = "What it is to be; what is not named is so by default"
)

// Schema is what documents must be like, as a JSON Schema.
func (e *Engine) Schema() ([]byte, error) {
	s := e.schemas()
	type object = map[string]any
	var kinds []object
	for _, k := range e.Kinds {
		kinds = append(kinds, object{
			"if":   object{"properties": object{"kind": object{"const": k.name()}}},
			"then": object{"properties": object{"spec": s.specs[k.name()]}},
		})
	}
	return json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SchemaAddress,
		"title": "A document of 'writ plan', 'writ apply' and 'writ export'",
		"type":  "object", "additionalProperties": false, "required": []string{"kind", "name", "spec"},
		"properties": object{
			"kind": object{"enum": e.names(), "description": kindHelp},
			"name": object{"type": "string", "minLength": 1, "maxLength": maxName, "description": nameHelp},
			"spec": object{"type": "object", "description": specHelp},
		},
		"allOf": kinds,
		"$defs": s.registry.Map(),
	}, "", " ")
}
