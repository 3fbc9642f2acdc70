package ldap

import goldap "github.com/go-ldap/ldap/v3"

// numbers are those of entries by their names: a directory names people by the DN,
// Writ by the number.
type numbers map[key]string

// numbersLimit is how many of them are remembered.
const numbersLimit = 10_000

// of is the number of the entry of that name; "" where there is none.
func (n numbers) of(s *session, doing, dn string, attributes []string) (string, error) {
	k := dnKey(dn)
	if number, ok := n[k]; ok {
		return number, nil
	}
	e, err := s.entry(doing, dn, attributes...)
	if err != nil {
		return "", err
	}
	number := ""
	if e != nil {
		number = first(e, attributes...)
	}
	if len(n) < numbersLimit {
		n[k] = number
	}
	return number, nil
}

// ownersLimit is how many owners of one group are looked up. The first who has a
// number answers for it.
const ownersLimit = 10

// ownerOf is the number of whoever answers for a group.
func (s *session) ownerOf(e *goldap.Entry) (string, error) {
	k := s.kindOf()
	for i, dn := range e.GetEqualFoldAttributeValues(k.owner) {
		if i == ownersLimit {
			break
		}
		number, err := s.owners.of(s, "looking the owner of a group up", dn, k.numbers)
		if number != "" || err != nil {
			return number, err
		}
	}
	return "", nil
}
