package postgres

import (
	"strings"

	"github.com/writhq/writ/connector"
)

// What the server says is capped. Names are at most 63 bytes there; only comments
// and the arguments of functions are longer.
const maxText = 4096

// publicRole is the name of what every role is part of. A role may bear it too,
// in quotes; its id is then escaped, so that it is never taken for the real one.
const publicRole = "PUBLIC"

// clean makes what the server said fit to show.
func clean(s string) string { return connector.Text(s, maxText) }

// roleName writes a role's name as a native id, which restore reads back.
func roleName(s string) string {
	if s == publicRole {
		return `\x50UBLIC`
	}
	return escape(s, "")
}

// escape writes a name as a native id.
func escape(s, also string) string { return connector.CapID(connector.EscapeID(s, also)) }

// restore is the name that an id's part was made of; there is none without a name.
func restore(id string) (name string, ok bool) {
	name, ok = connector.RestoreID(id)
	return name, ok && name != ""
}

// part writes a name that stands between dots and colons.
func part(s string) string { return escape(s, ".:") }

// restoreAll restores parts that dots divide.
func restoreAll(id string) (names []string, ok bool) {
	for p := range strings.SplitSeq(id, ".") {
		name, ok := restore(p)
		if !ok {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}
