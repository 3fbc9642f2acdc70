package ldap

import (
	"crypto/sha256"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"

	"github.com/writhq/writ/connector"
)

// What the directory says is capped: a text longer than this is cut, and of an
// attribute with many values so many are looked at.
const (
	maxText   = 1024
	maxValues = 100
)

// clean makes what the directory said fit to show.
func clean(s string) string { return connector.Text(s, maxText) }

// key stands for a name in tables that hold one for every member of every group:
// short, and nobody can make two names with the same one.
type key [16]byte

func keyOf(kind, name string) (k key) {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	copy(k[:], sum[:])
	return k
}

func dnKey(dn string) key { return keyOf("dn", sameDN(dn)) }

// memberUid is compared exactly, as RFC 2307 has it.
func uidKey(uid string) key { return keyOf("uid", uid) }

// sameDN is one text for all the ways to write a distinguished name. Values are
// compared without case, as cn, uid, ou and dc are, and whichever way Unicode writes
// their letters (RFC 4518 2.2 and 2.3).
func sameDN(dn string) string {
	if isPlain(dn) {
		return strings.ToLower(dn) // which is what the rest would make of it
	}
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			a.Value = strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(a.Value)), " "))
		}
	}
	return parsed.String()
}

// isPlain reports whether a distinguished name has nothing that can be written in
// two ways but for its case. Most have, and there may be millions of them.
func isPlain(dn string) bool {
	for _, c := range []byte(dn) {
		switch c {
		case '\\', '"', '+', '#', ';', '<', '>':
			return false
		default:
			if c <= ' ' || c >= 0x7f {
				return false
			}
		}
	}
	return true
}

// below reports whether an entry lies in the tree under base. A comma that is part
// of a name is escaped, and parts nothing.
func below(dn, base string) bool {
	dn, base = sameDN(dn), sameDN(base)
	rest, ok := strings.CutSuffix(dn, ","+base)
	escapes := len(rest) - len(strings.TrimRight(rest, "\\"))
	return dn == base || ok && escapes%2 == 0
}

// withoutUID takes the optional bit string from a uniqueMember (RFC 4517 3.3.21).
func withoutUID(value string) string {
	if i := strings.LastIndex(value, "#'"); i > 0 && strings.HasSuffix(value, "'B") {
		return value[:i]
	}
	return value
}

// first is the first value of an attribute, fit to show.
func first(e *goldap.Entry, names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(clean(e.GetEqualFoldAttributeValue(name))); v != "" {
			return v
		}
	}
	return ""
}

// values are those of an attribute, fit to show, in one order.
func values(e *goldap.Entry, name string) (list []string) {
	for i, v := range e.GetEqualFoldAttributeValues(name) {
		if i < maxValues {
			list = append(list, clean(v))
		}
	}
	slices.Sort(list)
	return list
}

// raw are the values of an attribute as they came.
func raw(e *goldap.Entry, name string) [][]byte {
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a.ByteValues
		}
	}
	return nil
}

func rawFirst(e *goldap.Entry, name string) []byte {
	if list := raw(e, name); len(list) > 0 {
		return list[0]
	}
	return nil
}

func hasClass(e *goldap.Entry, classes ...string) bool {
	for _, have := range e.GetEqualFoldAttributeValues("objectClass") {
		for _, c := range classes {
			if strings.EqualFold(have, c) {
				return true
			}
		}
	}
	return false
}
