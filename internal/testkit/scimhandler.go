package testkit

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
)

// scimHandler is one kind of thing, for the library.
type scimHandler struct {
	server *SCIMServer
	*scimTable
}

var _ scim.ResourceHandler = scimHandler{}

// meant is the thing that a change is meant for, in the version that it is meant for.
func (h scimHandler) meant(r *http.Request, id string) (*scimThing, error) {
	x := h.by[id]
	if x == nil {
		return nil, scimerrors.ScimErrorResourceNotFound(id)
	}
	if match := r.Header.Get("If-Match"); match != "" && h.store.etags && match != `W/"`+strconv.Itoa(x.version)+`"` {
		return nil, scimerrors.ScimError{Status: http.StatusPreconditionFailed, Detail: "it is another version by now"}
	}
	return x, nil
}

// Create implements scim.ResourceHandler.
func (h scimHandler) Create(_ *http.Request, attributes scim.ResourceAttributes) (scim.Resource, error) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	name, _ := attributes["userName"].(string)
	if h.prefix == "u" && !h.store.lax && h.names[strings.ToLower(name)] > 0 {
		return scim.Resource{}, scimerrors.ScimErrorUniqueness
	}
	if err := h.valid(attributes); err != nil {
		return scim.Resource{}, err
	}
	return h.insert(attributes).resource(h.store.etags), nil
}

// valid refuses members that are none.
func (h scimHandler) valid(attributes map[string]any) error {
	for _, id := range membersOf(&scimThing{attributes: attributes}) {
		if h.store.users.by[id] == nil && (!h.store.nested || h.store.groups.by[id] == nil) {
			return scimerrors.ScimErrorInvalidValue
		}
	}
	return nil
}

// Get implements scim.ResourceHandler.
func (h scimHandler) Get(_ *http.Request, id string) (scim.Resource, error) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	x := h.by[id]
	if x == nil {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	return x.resource(h.store.etags), nil
}

// GetAll implements scim.ResourceHandler.
func (h scimHandler) GetAll(_ *http.Request, p scim.ListRequestParams) (scim.Page, error) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	page := scim.Page{Resources: []scim.Resource{}}
	if p.FilterValidator != nil {
		scimUnescape(p.FilterValidator.GetFilter())
	}
	for i, id := range h.ids {
		if p.FilterValidator == nil && (i+1 < p.StartIndex || len(page.Resources) >= p.Count) {
			page.TotalResults++
			continue
		}
		r := h.by[id].resource(h.store.etags)
		if p.FilterValidator != nil {
			all := maps.Clone(map[string]any(r.Attributes))
			all["id"], all["externalId"] = r.ID, r.ExternalID.Value()
			if p.FilterValidator.PassesFilter(all) != nil {
				continue
			}
		}
		if page.TotalResults++; page.TotalResults >= p.StartIndex && len(page.Resources) < p.Count {
			page.Resources = append(page.Resources, r)
		}
	}
	return page, nil
}

// Replace implements scim.ResourceHandler.
func (h scimHandler) Replace(r *http.Request, id string, attributes scim.ResourceAttributes) (scim.Resource, error) {
	return h.update(r, id, func(x *scimThing) error {
		x.put(attributes, h.store.forgetful)
		return nil
	})
}

// Patch implements scim.ResourceHandler.
func (h scimHandler) Patch(r *http.Request, id string, list []scim.PatchOperation) (scim.Resource, error) {
	return h.update(r, id, func(x *scimThing) error {
		for _, o := range list {
			if err := scimPatch(x.attributes, o, h.server.Dialect); err != nil {
				return err
			}
		}
		return nil
	})
}

// update changes a copy, which counts if it may be.
func (h scimHandler) update(r *http.Request, id string, change func(*scimThing) error) (scim.Resource, error) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	x, err := h.meant(r, id)
	if err != nil {
		return scim.Resource{}, err
	}
	next := *x
	next.attributes = scimCopy(x.attributes).(map[string]any)
	if err := change(&next); err != nil {
		return scim.Resource{}, err
	}
	if err := h.valid(next.attributes); err != nil {
		return scim.Resource{}, err
	}
	if next.name() != x.name() && h.prefix == "u" && !h.store.lax && h.names[next.name()] > 0 {
		return scim.Resource{}, scimerrors.ScimErrorUniqueness
	}
	h.names[x.name()]--
	h.names[next.name()]++
	next.version++
	*x = next
	return x.resource(h.store.etags), nil
}

// Delete implements scim.ResourceHandler. Who is deleted is in no group any more.
func (h scimHandler) Delete(r *http.Request, id string) error {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	if _, err := h.meant(r, id); err != nil {
		return err
	}
	h.remove(id)
	for _, g := range h.store.groups.by {
		if list, ok := g.attributes["members"].([]any); ok {
			g.attributes["members"] = slices.DeleteFunc(slices.Clone(list), func(m any) bool { return m.(map[string]any)["value"] == id })
		}
	}
	return nil
}
