package testkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	filter "github.com/scim2/filter-parser/v2"
)

// scimCopy is a deep copy of what JSON can hold.
func scimCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for k, x := range v {
			all[k] = scimCopy(x)
		}
		return all
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = scimCopy(x)
		}
		return list
	}
	return v
}

// scimPatch makes one operation on attributes (RFC 7644 section 3.5.2).
func scimPatch(at map[string]any, o scim.PatchOperation, dialect SCIMDialect) error {
	if o.Path == nil {
		values, ok := o.Value.(map[string]any)
		if !ok {
			return scimerrors.ScimErrorNoTarget
		}
		maps.Copy(at, values)
		return nil
	}
	path := o.Path.AttributePath
	if uri := strings.TrimSuffix(path.URI(), ":"); uri != "" && !strings.Contains(uri, ":core:") {
		at = inner(at, uri)
	}
	name := path.AttributeName
	if sub := path.SubAttributeName(); sub != "" {
		at, name = inner(at, name), sub
	}
	if o.Path.ValueExpression != nil {
		return scimPatchSome(at, name, o, dialect)
	}
	now, many := at[name].([]any)
	added, manyToo := o.Value.([]any)
	switch {
	case o.Op == scim.PatchOperationRemove:
		delete(at, name)
	case o.Op == scim.PatchOperationAdd && manyToo:
		for _, v := range added {
			if !many || !slices.ContainsFunc(now, func(x any) bool { return valueOf(x) == valueOf(v) }) {
				now = append(now, v)
			}
		}
		at[name] = now
	default:
		at[name] = o.Value
	}
	return nil
}

func inner(at map[string]any, name string) map[string]any {
	in, ok := at[name].(map[string]any)
	if !ok {
		in = map[string]any{}
		at[name] = in
	}
	return in
}

func valueOf(v any) any {
	if m, ok := v.(map[string]any); ok {
		return m["value"]
	}
	return v
}

// scimPatchSome makes an operation on those of many values that a filter means.
func scimPatchSome(at map[string]any, name string, o scim.PatchOperation, dialect SCIMDialect) error {
	scimUnescape(o.Path.ValueExpression)
	e, ok := o.Path.ValueExpression.(*filter.AttributeExpression)
	if !ok || e.Operator != filter.EQ {
		return scimerrors.ScimErrorInvalidFilter
	}
	is := func(v any) bool {
		m, _ := v.(map[string]any)
		return fmt.Sprint(m[e.AttributePath.AttributeName]) == fmt.Sprint(e.CompareValue)
	}
	list, _ := at[name].([]any)
	sub := ""
	if o.Path.SubAttribute != nil {
		sub = *o.Path.SubAttribute
	}
	switch {
	case o.Op == scim.PatchOperationRemove && sub == "":
		at[name] = slices.DeleteFunc(slices.Clone(list), is)
		return nil
	case !slices.ContainsFunc(list, is) && dialect == SCIMEntra && sub != "":
		// Entra takes it that what is replaced and not there is added.
		at[name] = append(list, map[string]any{e.AttributePath.AttributeName: e.CompareValue, sub: o.Value})
		return nil
	case !slices.ContainsFunc(list, is):
		return scimerrors.ScimErrorNoTarget
	}
	for _, v := range list {
		if is(v) && sub != "" {
			v.(map[string]any)[sub] = o.Value
		}
	}
	return nil
}

// scimUnescape reads the values of a filter as JSON has them, which the library leaves as
// they were sent.
func scimUnescape(e filter.Expression) {
	switch e := e.(type) {
	case *filter.AttributeExpression:
		var read string
		if text, ok := e.CompareValue.(string); ok && json.Unmarshal([]byte(`"`+text+`"`), &read) == nil {
			e.CompareValue = read
		}
	case *filter.LogicalExpression:
		scimUnescape(e.Left)
		scimUnescape(e.Right)
	case *filter.NotExpression:
		scimUnescape(e.Expression)
	case *filter.ValuePath:
		scimUnescape(e.ValueFilter)
	}
}
