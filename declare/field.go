package declare

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Field is one value that differs. Of a list, what is put in and taken out is shown
// one by one.
type Field struct {
	Field string `json:"field"`
	Was   any    `json:"was,omitempty"`
	Is    any    `json:"is,omitempty"`
}

// differences are the fields that two specs differ in; nil has none.
func differences(was, is any) []Field {
	before, after := flat(was), flat(is)
	names := maps.Clone(before)
	maps.Copy(names, after)
	list := []Field{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b, a := before[name], after[name]
		if same(b, a) {
			continue
		}
		lb, wasList := b.([]any)
		la, isList := a.([]any)
		if !wasList && !isList {
			list = append(list, Field{name, b, a})
			continue
		}
		out, in := without(lb, la), without(la, lb)
		for _, x := range out {
			list = append(list, Field{Field: name, Was: x})
		}
		for _, x := range in {
			list = append(list, Field{Field: name, Is: x})
		}
		if len(out)+len(in) == 0 { // another order, or one more of the same
			list = append(list, Field{name, b, a})
		}
	}
	return list
}

// Same reports whether two specs say the same.
func Same(a, b any) bool { return same(a, b) }

func same(a, b any) bool { return written(a) == written(b) }

func written(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(text)
}

// without is what of one list is not in another.
func without(list, other []any) (rest []any) {
	has := map[string]bool{}
	for _, x := range other {
		has[written(x)] = true
	}
	for _, x := range list {
		if !has[written(x)] {
			rest = append(rest, x)
		}
	}
	return rest
}

// flat is a spec by the names of its fields; those of an object in it are its own with a
// dot between. A list is one value.
func flat(spec any) map[string]any {
	fields := map[string]any{}
	if spec == nil {
		return fields
	}
	var v any
	if err := json.Unmarshal([]byte(written(spec)), &v); err != nil {
		panic(err) // it is JSON
	}
	var into func(at []string, v any)
	into = func(at []string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			fields[strings.Join(at, ".")] = v
			return
		}
		for name, x := range m {
			into(append(slices.Clone(at), name), x)
		}
	}
	into(nil, v)
	delete(fields, "")
	return fields
}
