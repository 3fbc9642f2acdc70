package access

import (
	"slices"
	"strings"
)

// PersonAttributes are what is known of a person in the model's own words, as rules name it.
var PersonAttributes = []string{
	"identity.kind", "identity.state", "identity.number", "identity.name", "identity.email", "identity.login",
	"identity.employer", "identity.unit", "identity.title", "identity.manager", "identity.organisation",
}

// SourceAttributes begins the name of what only sources have a word for.
const SourceAttributes = "identity.attributes."

// IsAttribute reports whether a name is that of something that is known of a person.
func IsAttribute(name string) bool {
	of, own := strings.CutPrefix(name, SourceAttributes)
	return own && strings.TrimSpace(of) == of && of != "" && len(name) <= 100 || slices.Contains(PersonAttributes, name)
}

// ListOf are the values of an attribute: sources separate several by semicolons.
func ListOf(text string) (list []string) {
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
