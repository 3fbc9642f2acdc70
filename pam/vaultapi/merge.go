package vaultapi

import (
	"bytes"
	"encoding/json"
)

// merged is an object after a merge patch (RFC 7396): what is null is taken out, objects are
// merged, all else takes the place of what was there. Numbers stay as they are written.
func merged(was, change json.RawMessage) (json.RawMessage, error) {
	if !isObject(change) {
		return nil, ErrBody.With("no data provided: data is an object of fields")
	}
	var into, from any
	if numbers(was, &into) != nil || numbers(change, &from) != nil {
		return nil, ErrBody
	}
	return json.Marshal(merge(into, from))
}

func numbers(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}

func merge(into, from any) any {
	changes, ok := from.(map[string]any)
	if !ok {
		return from
	}
	fields, ok := into.(map[string]any)
	if !ok {
		fields = map[string]any{}
	}
	for name, v := range changes {
		if v == nil {
			delete(fields, name)
			continue
		}
		fields[name] = merge(fields[name], v)
	}
	return fields
}
