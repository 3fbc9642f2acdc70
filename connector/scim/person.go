package scim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/writhq/writ/connector"
)

// person is a user as it is now: what Writ reads of it, and all that the service said.
type person struct {
	user
	raw     map[string]any
	version string
}

// person reads one user; nil where there is none.
func (c *session) person(id string) (*person, error) {
	if !isID(id) {
		return nil, nil //nolint:nilnil // nothing there is an answer
	}
	var all json.RawMessage
	version, there, err := c.read("looking a user up", usersAt+"/"+url.PathEscape(id), nil, &all)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, c.gone(usersAt)
	}
	p, err := c.personOf(all)
	if err == nil && string(p.ID) != id {
		return nil, connector.ErrIncomplete.With("scim %q: looking a user up: the service answers with another one", c.name)
	}
	if err == nil && version != "" {
		p.version = version
	}
	return p, err
}

func (c *session) personOf(all json.RawMessage) (*person, error) {
	p := &person{}
	if err := json.Unmarshal(all, &p.user); err != nil {
		return nil, c.half("looking a user up", err)
	}
	d := json.NewDecoder(strings.NewReader(string(all)))
	d.UseNumber()
	if err := d.Decode(&p.raw); err != nil {
		return nil, c.half("looking a user up", err)
	}
	p.version = string(p.Meta.Version)
	return p, nil
}

// gone checks that the service itself is still there, where it says that something is
// not: an address that has changed has nothing, and of that nothing is done.
func (c *session) gone(at string) error {
	return c.look(at, func(e *element) (thing, error) {
		g, err := e.group(func(member) {}) // a user is passed over in the same way
		return thing{id: string(g.ID)}, err
	})
}

// byLogin are the users of a login. userName is compared without capitals (RFC 7643
// section 4.1.1), and what the service gives beside what was asked for does not count.
func (c *session) byLogin(login string) (list []*person, err error) {
	var query url.Values
	if c.speaks.filter {
		query = url.Values{"filter": {`userName eq ` + quoted(login)}}
	}
	err = c.walkAll("looking for a login", usersAt, query, func(e *element) (thing, error) {
		var all json.RawMessage
		if err := e.Decode(&all); err != nil {
			return thing{}, err
		}
		p, err := c.personOf(all)
		if err != nil {
			return thing{}, err
		}
		return thing{string(p.ID), func() error {
			if strings.EqualFold(string(p.UserName), login) {
				list = append(list, p)
			}
			return nil
		}}, nil
	})
	return list, err
}

// quoted is a text as filters have it: as JSON does.
func quoted(s string) string {
	b := &strings.Builder{}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

// edit changes a user as the service's dialect has it.
func (c *session) edit(doing string, p *person, list []edit) error {
	path := usersAt + "/" + url.PathEscape(string(p.ID))
	if !c.speaks.put {
		return c.patch(doing, path, p.version, c.operations(p, list))
	}
	if c.speaks.bareActive && len(list) == 1 && list[0].path[0] == "active" {
		return c.patch(doing, path, p.version, []operation{{Op: c.speaks.replace, Value: map[string]any{"active": list[0].value}}})
	}
	whole := maps.Clone(p.raw)
	for _, x := range list {
		x.in(p, whole)
	}
	for _, own := range []string{"meta", "groups", "password"} { // the service's own, and what is nobody's to send back
		delete(whole, own)
	}
	return c.change(request{doing: doing, method: http.MethodPut, path: path, match: p.version, body: whole})
}

// operations are edits as PATCH has them.
func (c *session) operations(p *person, list []edit) (out []operation) {
	for _, x := range list {
		path := pathText(x.path)
		switch on, isBool := x.value.(bool); {
		case x.among && x.out:
			out = append(out, operation{Op: c.speaks.remove, Path: path + "[value eq " + quoted(x.value.(string)) + "]"})
		case x.among:
			out = append(out, operation{Op: c.speaks.add, Path: path, Value: []any{map[string]any{"value": x.value}}})
		case x.value == nil:
			out = append(out, operation{Op: c.speaks.remove, Path: path})
		case path == "emails" && c.speaks.workEmail:
			out = append(out, operation{Op: c.speaks.replace, Path: `emails[type eq "work"].value`, Value: x.value})
		case path == "emails":
			out = append(out, operation{Op: c.speaks.replace, Path: path, Value: p.withEmail(x.value)})
		case isBool && c.speaks.textBooleans:
			text := "False"
			if on {
				text = "True"
			}
			out = append(out, operation{Op: c.speaks.replace, Path: path, Value: text})
		default:
			out = append(out, operation{Op: c.speaks.replace, Path: path, Value: x.value})
		}
	}
	return out
}

// withEmail are a user's addresses with another one for work.
func (p *person) withEmail(value any) []any {
	all, _ := p.raw["emails"].([]any)
	all = slices.Clone(all)
	i := chosen(p.Emails)
	if i >= 0 && i < len(all) {
		if one, ok := all[i].(map[string]any); ok {
			one = maps.Clone(one)
			one["value"] = value
			all[i] = one
			return all
		}
	}
	return append(all, map[string]any{"value": value, "type": "work", "primary": len(all) == 0})
}

// in makes an edit in a whole user.
func (x edit) in(p *person, whole map[string]any) {
	at, last := whole, x.path[len(x.path)-1]
	if len(x.path) > 1 {
		inner, _ := whole[x.path[0]].(map[string]any)
		inner = maps.Clone(inner)
		if inner == nil {
			inner = map[string]any{}
		}
		whole[x.path[0]], at = inner, inner
		if x.path[0] == entURN {
			whole["schemas"] = withSchema(whole["schemas"])
		}
	}
	switch {
	case x.among:
		at[last] = amongst(at[last], x)
	case x.value == nil:
		delete(at, last)
	case last == "emails":
		at[last] = p.withEmail(x.value)
	default:
		at[last] = x.value
	}
}

func withSchema(now any) []any {
	list, _ := now.([]any)
	if !slices.Contains(list, any(entURN)) {
		list = append(slices.Clone(list), entURN)
	}
	return list
}

// amongst are values with one added or taken out.
func amongst(now any, x edit) []any {
	list, _ := now.([]any)
	list = slices.DeleteFunc(slices.Clone(list), func(v any) bool {
		if m, ok := v.(map[string]any); ok {
			v = m["value"]
		}
		return v == x.value
	})
	if !x.out {
		list = append(list, map[string]any{"value": x.value})
	}
	return list
}

const rounds = 4 // of a change that others get in between

// again makes a change again from what the service shows, as long as somebody else gets
// in between.
func (c *session) again(doing string, change func() error) error {
	var err error
	for range rounds {
		if err = change(); statusOf(err) != http.StatusPreconditionFailed {
			return err
		}
	}
	return connector.ErrIncomplete.With("scim %q: %s: others change it all the time; try again", c.name, doing).Because(err)
}
