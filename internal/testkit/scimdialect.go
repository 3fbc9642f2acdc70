package testkit

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// scimOperation is one of PATCH, as it was sent.
type scimOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

var (
	scimOneMember = regexp.MustCompile(`^members\[value eq "[^"]+"\]$`)
	scimEquals    = regexp.MustCompile(`^(userName|externalId|displayName|id) eq "(?:[^"\\]|\\.)*"$`)
)

// accepts refuses what whoever the service was built for would not send, and brings the
// rest into the RFC's form, which the library has.
func (s *SCIMServer) accepts(w http.ResponseWriter, r *http.Request) bool {
	refuse := func(status int, kind, why string) bool {
		scimRefuse(w, status, kind, why)
		return false
	}
	if filter := r.URL.Query().Get("filter"); filter != "" {
		if s.NoFilter || s.Dialect != SCIMStrict && !scimEquals.MatchString(filter) {
			return refuse(http.StatusBadRequest, "invalidFilter", "this filter is not known here")
		}
	}
	body := r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch
	if body && r.Header.Get("Content-Type") != "application/scim+json" {
		return refuse(http.StatusUnsupportedMediaType, "", "the type must be application/scim+json")
	}
	switch {
	case r.Method == http.MethodPut && s.Dialect == SCIMEntra:
		return refuse(http.StatusMethodNotAllowed, "", "Entra changes by PATCH alone")
	case r.Method != http.MethodPatch:
		return true
	case s.NoPatch:
		return refuse(http.StatusNotImplemented, "", "there is no PATCH")
	}
	var sent struct {
		Schemas    []string        `json:"schemas"`
		Operations []scimOperation `json:"Operations"`
	}
	text, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(text, &sent) != nil {
		return refuse(http.StatusBadRequest, "invalidSyntax", "no PATCH")
	}
	for i := range sent.Operations {
		if why := s.spoken(r.URL.Path, &sent.Operations[i]); why != "" {
			return refuse(http.StatusBadRequest, "invalidValue", why)
		}
	}
	if text, err = json.Marshal(sent); err != nil {
		return refuse(http.StatusInternalServerError, "", err.Error())
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return true
}

// spoken says why an operation is not one of the dialect.
func (s *SCIMServer) spoken(path string, o *scimOperation) (why string) {
	switch s.Dialect {
	case SCIMEntra:
		if !slices.Contains([]string{"Add", "Replace", "Remove"}, o.Op) {
			return "op must be Add, Replace or Remove"
		}
		if o.Path == "" {
			return "path must be there"
		}
		if strings.HasPrefix(o.Path, "members") && o.Op == "Remove" && !scimOneMember.MatchString(o.Path) {
			return "a member goes by a path with a filter"
		}
		if o.Path == "active" {
			text, ok := o.Value.(string)
			if !ok || text != "True" && text != "False" {
				return `active must be "True" or "False"`
			}
			o.Value = text == "True"
		}
		o.Op = strings.ToLower(o.Op)
		return ""
	case SCIMOkta:
		value, _ := o.Value.(map[string]any)
		_, active := value["active"].(bool)
		switch {
		case strings.HasPrefix(path, "/Users/") && (o.Op != "replace" || o.Path != "" || len(value) != 1 || !active):
			return "Okta patches active of users alone, without a path"
		case strings.HasPrefix(path, "/Groups/") && (o.Op != "add" || o.Path != "members") && (o.Op != "remove" || !scimOneMember.MatchString(o.Path)) && o.Op != "replace":
			return "Okta adds members, removes one by a path with a filter, and replaces"
		}
		return ""
	case SCIMStrict:
		if o.Op != strings.ToLower(o.Op) {
			return "op must be add, replace or remove"
		}
	}
	return ""
}
