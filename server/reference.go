package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// reference shows the API's description to people.
type reference struct {
	api    huma.API
	origin string

	once sync.Once
	tags []*tagView
}

// tagView is the operations of one feature.
type tagView struct {
	Name       string
	Operations []*operationView
}

type operationView struct {
	ID, Method, Path, Summary, Description, Rule string
	Secret                                       bool
	Parameters                                   []fieldView
	Body                                         []fieldView
	BodyExample                                  string
	Answers                                      []answerView
	Curl                                         string
}

// fieldView is one thing that is sent or answered, by its place in dots.
type fieldView struct {
	Name, In, Type, Description string
	Required                    bool
}

type answerView struct {
	Status, Description string
	Fields              []fieldView
	Example             string
}

type referenceView struct {
	Tags []*tagView
	Tag  *tagView
}

func (d *reference) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		d.once.Do(d.build)
		show(w, r, "reference.html", referenceView{Tags: d.tags})
	})
	mux.HandleFunc("GET /docs/{tag}", func(w http.ResponseWriter, r *http.Request) {
		d.once.Do(d.build)
		i := slices.IndexFunc(d.tags, func(t *tagView) bool { return t.Name == r.PathValue("tag") })
		if i < 0 {
			w.WriteHeader(http.StatusNotFound)
			show(w, r, "reference.html", referenceView{Tags: d.tags})
			return
		}
		show(w, r, "reference.html", referenceView{d.tags, d.tags[i]})
	})
}

func (d *reference) build() {
	byName := map[string]*tagView{}
	httpapi.Operations(d.api, func(op *huma.Operation) {
		tag := "other"
		if len(op.Tags) > 0 {
			tag = op.Tags[0]
		}
		if byName[tag] == nil {
			byName[tag] = &tagView{Name: tag}
			d.tags = append(d.tags, byName[tag])
		}
		byName[tag].Operations = append(byName[tag].Operations, d.operation(op))
	})
	slices.SortFunc(d.tags, func(a, b *tagView) int { return strings.Compare(a.Name, b.Name) })
}

func (d *reference) operation(op *huma.Operation) *operationView {
	rule, _ := op.Extensions[httpapi.RuleExtension].(string)
	v := &operationView{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description, Rule: ruleInWords(rule),
	}
	v.Secret, _ = op.Extensions[httpapi.SecretExtension].(bool)
	for _, p := range op.Parameters {
		f := fieldView{Name: p.Name, In: p.In, Description: p.Description, Required: p.Required}
		if p.Schema != nil {
			f.Type = d.typeOf(p.Schema)
		}
		v.Parameters = append(v.Parameters, f)
	}
	if op.RequestBody != nil {
		if m := op.RequestBody.Content["application/json"]; m != nil {
			v.Body, v.BodyExample = d.fields(m.Schema), indented(m.Example)
		}
	}
	for _, status := range sortedKeys(op.Responses) {
		r := op.Responses[status]
		a := answerView{Status: status, Description: r.Description}
		if status == "default" {
			a.Status, a.Description = "else", "A problem document: see the manual's page on problems"
		} else if m := r.Content["application/json"]; m != nil {
			a.Fields, a.Example = d.fields(m.Schema), indented(m.Example)
		}
		v.Answers = append(v.Answers, a)
	}
	v.Curl = d.curl(op, v.BodyExample)
	return v
}

// ruleInWords says who may.
func ruleInWords(rule string) string {
	switch rule {
	case "anybody":
		return "anybody, without signing in"
	case "known":
		return "whoever has signed in, with any token"
	case "signed-in":
		return "whoever has signed in, about themself; not a token with limits"
	}
	for _, a := range policy.Actions {
		if a.Name == rule {
			return fmt.Sprintf("who may %s (%s)", a.Does, rule)
		}
	}
	return rule
}

// fieldDepth ends what holds itself.
const fieldDepth = 4

func (d *reference) fields(s *huma.Schema) []fieldView {
	var list []fieldView
	d.collect("", s, 0, &list)
	return list
}

func (d *reference) collect(prefix string, s *huma.Schema, depth int, list *[]fieldView) {
	s = d.resolve(s)
	if s == nil || depth > fieldDepth {
		return
	}
	if s.Type == huma.TypeArray {
		d.collect(prefix+"[]", s.Items, depth+1, list)
		return
	}
	for _, name := range sortedKeys(s.Properties) {
		if name == "$schema" {
			continue
		}
		p := s.Properties[name]
		full := strings.TrimPrefix(prefix+"."+name, ".")
		*list = append(*list, fieldView{
			Name: full, Type: d.typeOf(p), Description: d.describe(p), Required: slices.Contains(s.Required, name),
		})
		d.collect(full, p, depth+1, list)
	}
}

func (d *reference) resolve(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return d.api.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

func (d *reference) describe(s *huma.Schema) string {
	if s.Description != "" {
		return s.Description
	}
	if r := d.resolve(s); r != nil {
		return r.Description
	}
	return ""
}

// typeOf says what fits in few words.
func (d *reference) typeOf(s *huma.Schema) string {
	s = d.resolve(s)
	if s == nil {
		return ""
	}
	words := []string{s.Type}
	if s.Type == huma.TypeArray && s.Items != nil {
		words = []string{"list of " + d.typeOf(s.Items)}
	}
	if s.Format != "" {
		words = append(words, s.Format)
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		words = append(words, "one of "+strings.Join(values, ", "))
	}
	if s.Minimum != nil {
		words = append(words, "from "+strconv.FormatFloat(*s.Minimum, 'f', -1, 64))
	}
	if s.Maximum != nil {
		words = append(words, "to "+strconv.FormatFloat(*s.Maximum, 'f', -1, 64))
	}
	if s.MaxLength != nil {
		words = append(words, fmt.Sprintf("at most %d characters", *s.MaxLength))
	}
	if s.Default != nil {
		words = append(words, fmt.Sprintf("%v without it", s.Default))
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// curl is a line to try an operation with; the token comes from a file, so that it is
// in no list of processes.
func (d *reference) curl(op *huma.Operation, body string) string {
	var b strings.Builder
	b.WriteString("curl --header @token.txt")
	if op.Method != http.MethodGet {
		b.WriteString(" --request " + op.Method)
	}
	if body != "" {
		b.WriteString(" \\\n  --json '" + strings.ReplaceAll(compact(body), "'", `'\''`) + "'")
	}
	for _, p := range op.Parameters {
		if p.In == "header" && p.Required {
			b.WriteString(" \\\n  --header '" + p.Name + `: "1"'`)
		}
	}
	b.WriteString(" \\\n  '" + d.origin + op.Path + "'")
	return b.String()
}

func compact(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	b, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return string(b)
}

func indented(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
