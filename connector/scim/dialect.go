package scim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/writhq/writ/connector"
)

// The dialects: whose requests a service was built for.
const (
	dialectAuto   = "auto"
	dialectStrict = "strict"
	dialectEntra  = "entra"
	dialectOkta   = "okta"
)

// dialect is how a service wants to be spoken to.
type dialect struct {
	name                 string
	add, replace, remove string // the names of PATCH's operations
	put                  bool   // users are changed as a whole
	putGroups            bool   // groups too
	bareActive           bool   // active is changed by PATCH, in an operation without a path
	textBooleans         bool   // booleans are texts in PATCH
	workEmail            bool   // the address is changed by a path with a filter
	nested               bool   // a group may be in a group
	typed                bool   // a member says what it is
	filter               bool
}

// dialectOf is the dialect that an option names, or the RFC's, as far as the service says
// that it has it.
func dialectOf(option string, says features) dialect {
	d := dialect{name: option, add: "add", replace: "replace", remove: "remove", nested: true, typed: true, filter: true}
	switch option {
	case dialectEntra:
		d.add, d.replace, d.remove = "Add", "Replace", "Remove"
		d.textBooleans, d.workEmail, d.nested, d.typed = true, true, false, false
	case dialectOkta:
		d.put, d.bareActive, d.nested, d.typed = true, true, false, false
	case dialectAuto:
		d.put, d.putGroups, d.filter = !says.patch, !says.patch, says.filter
	}
	return d
}

// features are what a service says of itself (RFC 7643 section 5, RFC 9865).
type features struct {
	known                       bool
	patch, filter, etag, cursor bool
}

type supported struct {
	Supported truth `json:"supported"`
}

// readFeatures asks what the service can do. One that does not say is taken to do what
// everybody's does.
func (c *session) readFeatures() error {
	var said struct {
		Schemas             []text
		Patch, Filter, ETag supported
		Pagination          struct{ Cursor, Index truth }
	}
	_, there, err := c.read("asking what the service can do", "/ServiceProviderConfig", nil, &said)
	if err != nil {
		return err
	}
	if !there {
		c.says = features{patch: true, filter: true}
		return nil
	}
	c.says = features{known: true, patch: bool(said.Patch.Supported), filter: bool(said.Filter.Supported), etag: bool(said.ETag.Supported), cursor: bool(said.Pagination.Cursor)}
	return nil
}

// types are what a service says that it has.
type types struct {
	known, groups, enterprise bool
}

// readTypes asks which kinds of thing the service has.
func (c *session) readTypes() error {
	c.types = types{groups: c.groups != groupsNone, enterprise: true}
	var said struct {
		TotalResults int
		Resources    []struct {
			Endpoint, Schema, Name text
			SchemaExtensions       []struct{ Schema text }
		}
	}
	_, there, err := c.read("asking what the service has", "/ResourceTypes", nil, &said)
	if err != nil || !there || len(said.Resources) == 0 || len(said.Resources) < said.TotalResults {
		return err // a list in part, which no service should give of these, tells of nothing that is not there
	}
	has := types{known: true}
	for _, r := range said.Resources {
		switch {
		case strings.EqualFold(string(r.Schema), groupURN) || r.Endpoint == groupsAt:
			has.groups = c.groups != groupsNone
		case strings.EqualFold(string(r.Schema), userURN) || r.Endpoint == usersAt:
			for _, x := range r.SchemaExtensions {
				has.enterprise = has.enterprise || strings.EqualFold(string(x.Schema), entURN)
			}
		}
	}
	c.types = has
	return nil
}

// membersAsked is the query that has a group's members shown, where the service's schema
// says that they are shown only when they are asked for.
func (c *session) membersAsked() (url.Values, error) {
	if c.asked == nil {
		returned, err := c.membersReturned()
		if err != nil {
			return nil, err
		}
		if returned == "never" {
			return nil, connector.ErrUnsupported.With("scim %q: the service never shows who is in a group (its schema says so), so nothing can be known of them; set option groups=none to read users alone", c.name)
		}
		request := returned == "request"
		c.asked = &request
	}
	if *c.asked {
		return url.Values{"attributes": {"displayName,members"}}, nil
	}
	return nil, nil
}

func (c *session) membersReturned() (returned string, err error) {
	var said struct {
		Resources []struct {
			ID         text
			Attributes []struct{ Name, Returned text }
		}
	}
	if _, _, err := c.read("reading the schemas", "/Schemas", nil, &said); err != nil {
		return "", err
	}
	for _, s := range said.Resources {
		for _, a := range s.Attributes {
			if strings.EqualFold(string(s.ID), groupURN) && strings.EqualFold(string(a.Name), "members") {
				returned = strings.ToLower(string(a.Returned))
			}
		}
	}
	return returned, nil
}

// operation is one of PATCH (RFC 7644 section 3.5.2).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// patch sends operations, which are meant for one version of what they change.
func (c *session) patch(doing, path, version string, list []operation) error {
	return c.change(request{doing: doing, method: http.MethodPatch, path: path, match: version, body: map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": list,
	}})
}

// change sends a change. What the service answers to it proves nothing and is not read.
func (c *session) change(r request) error {
	if !c.says.etag {
		r.match = ""
	}
	got, err := c.ask(r)
	if err != nil {
		return err
	}
	return got.Close()
}
