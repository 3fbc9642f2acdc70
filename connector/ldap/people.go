package ldap

import (
	"context"
	"errors"
	"iter"
	"maps"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// optAttribute begins the options that say which attribute of an entry is which
// of Writ's.
const optAttribute = "attribute."

// people is a directory as a source of identities.
type people struct {
	*Directory
	attributes map[string][]string // Writ's name: the directory's, the first that has a value counts
}

// OpenPeople opens a directory as a source of identities. Its options are those of
// the system, and attribute.X=NAME, as in attribute.number=employeeNumber.
func OpenPeople(cfg connector.Config) (connector.PeopleReader, error) {
	p := &people{attributes: map[string][]string{
		"number": {"employeeNumber", "employeeID"}, "name": {"displayName", "cn"}, "email": {"mail"}, "login": {"uid", "sAMAccountName"},
		"title": {"title"}, "unit": {"departmentNumber", "department", "ou"}, "employer": {"o", "company"}, "manager": {"manager"},
	}}
	rest := maps.Clone(cfg.Options)
	for name, value := range cfg.Options {
		if ours, ok := strings.CutPrefix(name, optAttribute); ok {
			delete(rest, name)
			if ours == "" || value == "" || strings.EqualFold(value, "userPassword") || strings.EqualFold(value, "unicodePwd") {
				return nil, connector.ErrInput.With("source %q: option %s must name an attribute of the directory that is no password", cfg.Name, name)
			}
			p.attributes[ours] = []string{value}
		}
	}
	cfg.Options = rest
	d, err := Open(cfg)
	p.Directory = d
	return p, err
}

// People yields every person. It always starts over: marks between pages do not
// outlive a connection.
func (p *people) People(ctx context.Context, _ string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		s, err := p.connect(ctx)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		defer s.end()
		q := s.accountQuery()
		q.doing, q.attributes = "reading people", []string{s.kindOf().idAttribute, "objectClass"}
		q.filter = "(&(objectClass=person)" + q.filter + ")"
		if s.root.ad { // elsewhere the class is not known, and a filter with it finds nothing
			q.filter = "(&" + q.filter + "(!(objectClass=computer)))"
		}
		for _, list := range p.attributes {
			q.attributes = append(q.attributes, list...)
		}
		managers := numbers{}
		err = s.pages(q, nil, func(e *goldap.Entry) error {
			rec, err := p.person(s, e, managers)
			if err == nil && !yield(rec, nil) {
				err = errEnough
			}
			return err
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(connector.Record{}, err)
		}
	}
}

func (p *people) person(s *session, e *goldap.Entry, managers numbers) (connector.Record, error) {
	a := map[string]string{}
	for ours, list := range p.attributes {
		if v := first(e, list...); v != "" {
			a[ours] = v
		}
	}
	if a["number"] == "" {
		return connector.Record{Reject: &connector.Reject{Where: clean(e.DN), Reason: "the entry has no number (" + strings.Join(p.attributes["number"], ", ") + ")"}}, nil
	}
	if dn := a["manager"]; strings.Contains(dn, "=") {
		number, err := managers.of(s, "looking a manager up", dn, p.attributes["number"])
		if err != nil {
			return connector.Record{}, err
		}
		if a["manager"] = number; number == "" {
			delete(a, "manager")
		}
	}
	return connector.Record{Person: &connector.Person{ID: a["number"], Attributes: a}}, nil
}
