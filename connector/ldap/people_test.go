package ldap

import (
	"errors"
	"testing"

	"github.com/writhq/writ/connector"
)

func TestOpenLDAPPeople(t *testing.T) {
	s := openLDAPServer(t)
	s.Modify(t, "dn: uid=dee,ou=people,dc=example,dc=test\nchangetype: modify\nadd: employeeNumber\nemployeeNumber: 1002\n")
	p, err := OpenPeople(with(config(s), "attribute.title", "sn"))
	if err != nil {
		t.Fatal(err)
	}
	all, rejected := map[string]map[string]string{}, 0
	for r, err := range p.People(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Person != nil {
			all[r.Person.ID] = r.Person.Attributes
		}
		if r.Reject != nil {
			rejected++
		}
	}
	if a := all["1001"]; a["name"] != "Ana Example" || a["email"] != "ana@example.test" || a["login"] != "ana" || a["title"] != "x" {
		t.Errorf("ana: %v", a)
	}
	if a := all["1002"]; a["manager"] != "1001" {
		t.Errorf("dee: %v", a)
	}
	if len(all) != 2 || rejected != 3 {
		t.Errorf("%d people, %d rejected", len(all), rejected)
	}
	if _, err := OpenPeople(with(config(s), "attribute.title", "userPassword")); !errors.Is(err, connector.ErrInput) {
		t.Errorf("a password as a title: %v", err)
	}
}
