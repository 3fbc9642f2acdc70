package ldap

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"
)

// What the directory says is capped: a text longer than this is cut, and of an
// attribute with many values so many are looked at.
const (
	maxText   = 1024
	maxValues = 100
)

// clean makes what the directory said fit to show: valid UTF-8, no control
// characters, capped.
func clean(s string) string {
	if len(s) > 4*maxText {
		s = s[:4*maxText]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

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
// compared without case: so do cn, uid, ou and dc.
func sameDN(dn string) string {
	if !strings.ContainsAny(dn, "\\\"+#; ") {
		return strings.ToLower(dn)
	}
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			a.Value = strings.ToLower(strings.Join(strings.Fields(a.Value), " "))
		}
	}
	return parsed.String()
}

// below reports whether an entry lies in the tree under base.
func below(dn, base string) bool {
	dn, base = sameDN(dn), sameDN(base)
	return dn == base || strings.HasSuffix(dn, ","+base)
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
