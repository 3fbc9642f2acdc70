package ldap

import (
	"crypto/rand"
	"strconv"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// What a uidNumber is: above those of hosts' own accounts, below where programs take a
// number for a negative one, and not one that stands for nobody.
const (
	firstNumber = 10_000
	lastNumber  = 1<<31 - 2
	nobody      = 65_534
)

// nextNumber is above all that are in use.
func (s *session) nextNumber() (int64, error) {
	next := int64(firstNumber)
	q := query{doing: "looking for a free uidNumber", base: s.base, scope: goldap.ScopeWholeSubtree, filter: "(uidNumber=*)", attributes: []string{"uidNumber"}}
	err := s.pages(q, nil, func(e *goldap.Entry) error {
		if n, err := strconv.ParseInt(first(e, "uidNumber"), 10, 64); err == nil && n >= next && n <= lastNumber && n != nobody {
			next = n + 1
		}
		return nil
	})
	if err == nil && next > lastNumber {
		return 0, s.unsupported("there is no uidNumber left above those in use")
	}
	if next == nobody || next == nobody+1 {
		next = nobody + 2
	}
	return next, err
}

const numberRounds = 20

// ownNumber gives an account another uidNumber as long as somebody has the same: of two
// that took one at the same time, whoever took it later sees the other. Where both see
// each other, both go, and not the same way again. No host lets anybody in yet.
func (s *session) ownNumber(x connector.Change, e *goldap.Entry) (*goldap.Entry, error) {
	k := s.kindOf()
	for range numberRounds {
		number, shared := first(e, "uidNumber"), false
		q := query{doing: "looking who has a uidNumber", base: s.base, scope: goldap.ScopeWholeSubtree, filter: "(uidNumber=" + goldap.EscapeFilter(number) + ")", attributes: []string{k.idAttribute}}
		err := s.pages(q, nil, func(other *goldap.Entry) error {
			shared = shared || k.id(other) != k.id(e)
			return nil
		})
		if err != nil || !shared {
			return e, err
		}
		next, err := s.nextNumber()
		if err != nil {
			return nil, err
		}
		apart := make([]byte, 1)
		_, _ = rand.Read(apart) // it never fails
		next += int64(apart[0] % numberRounds)
		m := goldap.NewModifyRequest(e.DN, nil)
		m.Delete("uidNumber", []string{number})
		m.Add("uidNumber", []string{strconv.FormatInt(next, 10)})
		if err := s.modify(m); err != nil {
			return nil, err
		}
		if e, err = s.lifeState(x); err != nil || e == nil {
			return nil, err
		}
	}
	return nil, connector.ErrIncomplete.With("ldap %q: others take every uidNumber at the same time; try again", s.name)
}
