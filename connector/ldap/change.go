package ldap

import (
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// mark is the directory's own count of its changes: highestCommittedUSN, or the
// contextCSN of the tree. "" where it keeps none.
func (s *session) mark() (string, error) {
	if s.root.ad {
		e, err := s.entry("asking for the number of the last change", "", "highestCommittedUSN")
		if err != nil || e == nil {
			return "", err
		}
		return e.GetEqualFoldAttributeValue("highestCommittedUSN"), nil
	}
	for _, context := range s.root.contexts {
		if !below(s.base, context) {
			continue
		}
		e, err := s.entry("asking for the number of the last change", context, "contextCSN")
		if err != nil || e == nil {
			return "", err
		}
		return strings.Join(e.GetEqualFoldAttributeValues("contextCSN"), " "), nil
	}
	return "", nil
}

var _ goldap.Control

func (r *reading) catchUp(before string) error { return nil }
