package scim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/writhq/writ/connector"
)

// grantState is whether a holder has a group, a role or an entitlement.
func (c *session) grantState(g connector.Grant) (n state, err error) {
	kind, of := splitID(g.Entitlement)
	if kind != kindGroup {
		n.user, err = c.person(g.Holder.ID)
		n.held = n.user != nil && n.user.has(kind, of)
		return n, err
	}
	id, is := g.Holder.ID, ofUser
	if g.Holder.Kind == connector.OnEntitlement {
		_, id = splitID(g.Holder.ID)
		is = ofGroup
	}
	n.group, n.held, err = c.membership(of, id, is)
	return n, err
}

// membership reads one group, and whether somebody is in it.
func (c *session) membership(of, id, is string) (found *group, held bool, err error) {
	if !isID(of) {
		return nil, false, nil
	}
	query, err := c.membersAsked()
	if err != nil {
		return nil, false, err
	}
	const doing = "reading a group"
	got, err := c.ask(request{doing: doing, method: http.MethodGet, path: groupsAt + "/" + url.PathEscape(of), query: query})
	if statusOf(err) == http.StatusNotFound {
		return nil, false, c.gone(groupsAt)
	}
	if err != nil {
		return nil, false, c.refused(doing, err)
	}
	defer got.Close() //nolint:errcheck // read only
	m := &metered{Reader: got, left: maxElement}
	e := &element{json.NewDecoder(m), m}
	g, err := e.group(func(one member) {
		kind := one.kind()
		held = held || string(one.Value) == id && (kind == is || kind == "")
	})
	if err != nil {
		return nil, false, c.half(doing, err)
	}
	if string(g.ID) != of {
		return nil, false, connector.ErrIncomplete.With("scim %q: %s: the service answers with another one", c.name, doing)
	}
	if got.version != "" {
		g.Version = text(got.version)
	}
	return &g, held, nil
}

// regrant gives or takes a group, a role or an entitlement.
func (c *session) regrant(doing string, x connector.Change, now state) error {
	g, out := x.Grant, x.Kind == connector.RemoveGrant
	kind, of := splitID(g.Entitlement)
	if kind != kindGroup {
		if now.user == nil {
			return c.unsupported("the service has no such user")
		}
		if !isID(of) || kind == "" {
			return c.unsupported("the service has no such group, role or entitlement")
		}
		attribute := map[string]string{kindRole: "roles", kindEntitlement: "entitlements"}[kind]
		return c.edit(doing, now.user, []edit{{path: []string{attribute}, value: of, among: true, out: out}})
	}
	if now.group == nil {
		return c.unsupported("the service has no such group")
	}
	one, err := c.memberOf(g.Holder, out)
	if err != nil {
		return err
	}
	path := groupsAt + "/" + url.PathEscape(of)
	switch {
	case c.speaks.putGroups:
		return c.putMember(doing, path, one, out)
	case out:
		return c.patch(doing, path, string(now.group.Version), []operation{{Op: c.speaks.remove, Path: "members[value eq " + quoted(one["value"].(string)) + "]"}})
	}
	return c.patch(doing, path, string(now.group.Version), []operation{{Op: c.speaks.add, Path: "members", Value: []any{one}}})
}

// memberOf is a holder as a group's member. Who is taken out need not be there any more.
func (c *session) memberOf(holder connector.Target, out bool) (map[string]any, error) {
	one := map[string]any{"value": holder.ID}
	switch {
	case holder.Kind == connector.OnEntitlement:
		_, id := splitID(holder.ID)
		if there, _, err := c.membership(id, "", ""); !out && (err != nil || there == nil) {
			return nil, c.orNone(err, "group to be put into it")
		}
		one["value"], one["type"] = id, ofGroup
	case !out:
		p, err := c.person(holder.ID)
		if err != nil || p == nil {
			return nil, c.orNone(err, "user")
		}
		one["type"] = ofUser
		if c.speaks.name == dialectOkta {
			one["display"] = string(p.UserName)
		}
	}
	if !c.speaks.typed {
		delete(one, "type")
	}
	return one, nil
}

func (c *session) orNone(err error, what string) error {
	if err != nil {
		return err
	}
	return c.unsupported("the service has no such " + what)
}

// putMember sends a whole group, for a service that has no PATCH.
func (c *session) putMember(doing, path string, one map[string]any, out bool) error {
	query, err := c.membersAsked()
	if err != nil {
		return err
	}
	var whole map[string]any
	version, there, err := c.read(doing, path, query, &whole)
	if err != nil || !there {
		return c.orNone(err, "group")
	}
	if m, ok := whole["meta"].(map[string]any); ok && version == "" {
		version, _ = m["version"].(string)
	}
	whole = maps.Clone(whole)
	delete(whole, "meta")
	list, _ := whole["members"].([]any)
	list = slices.DeleteFunc(slices.Clone(list), func(v any) bool {
		m, _ := v.(map[string]any)
		return m["value"] == one["value"]
	})
	if !out {
		list = append(list, one)
	}
	whole["members"] = list
	return c.change(request{doing: doing, method: http.MethodPut, path: path, match: version, body: whole})
}
