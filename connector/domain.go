package connector

import (
	"slices"
	"strings"
)

// Domains are the names of a directory's own domain, as systems write them with the
// names of its people: example.com, EXAMPLE. Names of any other domain are another
// directory's, whoever they look like without it: a domain that is trusted has its
// own people, and its administrators choose their names.
type Domains []string

// ParseDomains reads a list with commas between.
func ParseDomains(text string) (d Domains) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			d = append(d, name)
		}
	}
	return d
}

// Own returns a name without the domain, where it has none or one of these. Otherwise
// it returns the other domain.
func (d Domains) Own(name string) (own, other string) {
	domain, local, found := strings.Cut(name, `\`)
	if !found {
		if local, domain, found = strings.Cut(name, "@"); !found {
			return name, ""
		}
	}
	if !slices.ContainsFunc(d, func(of string) bool { return strings.EqualFold(of, domain) }) {
		return "", domain
	}
	return local, ""
}
