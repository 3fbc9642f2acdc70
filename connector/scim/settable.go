package scim

import (
	"strings"

	"github.com/writhq/writ/connector"
)

const setEmail = "email"

// plainSettings are those that are one attribute of a user: its path.
var plainSettings = []struct {
	name, help string
	path       []string
	of         func(*user) text
}{
	{connector.SetLogin, "another login", []string{"userName"}, func(u *user) text { return u.UserName }},
	{"name", "what people call it", []string{"displayName"}, func(u *user) text { return u.DisplayName }},
	{"given_name", "the given name", []string{"name", "givenName"}, func(u *user) text { return u.Name.GivenName }},
	{"surname", "the surname", []string{"name", "familyName"}, func(u *user) text { return u.Name.FamilyName }},
	{"title", "the title", []string{"title"}, func(u *user) text { return u.Title }},
	{"number", "the employee number", []string{entURN, "employeeNumber"}, func(u *user) text { return u.Enterprise.EmployeeNumber }},
	{"unit", "the department", []string{entURN, "department"}, func(u *user) text { return u.Enterprise.Department }},
	{"employer", "the organization", []string{entURN, "organization"}, func(u *user) text { return u.Enterprise.Organization }},
}

func settables() []connector.Setting {
	list := []connector.Setting{{Name: setEmail, Help: "the address for mail, the one of type work"}}
	for _, p := range plainSettings {
		list = append(list, connector.Setting{Name: p.name, Help: p.help})
	}
	return list
}

// pathText is a path as PATCH has it.
func pathText(path []string) string {
	if path[0] == entURN {
		return strings.Join(path, ":")
	}
	return strings.Join(path, ".")
}

// found is a user as an account that Writ may have made.
func (u *user) found() *connector.Found {
	f := &connector.Found{ID: string(u.ID), Login: u.login(), Mark: connector.Signed(string(u.ExternalID)), Status: u.status(), Values: map[string]string{}}
	if v := u.email(); v != "" {
		f.Values[setEmail] = v
	}
	for _, p := range plainSettings {
		if v := p.of(u).clean(); v != "" {
			f.Values[p.name] = v
		}
	}
	return f
}

// edit is one change of a user.
type edit struct {
	path  []string
	value any // nil takes it away
	// among says that value is one of many, to be added or taken out.
	among, out bool
}

// differences are the edits that make a user show values.
func (u *user) differences(set map[string]string) (list []edit) {
	now := u.found().Values
	if v, is := set[setEmail]; is && v != now[setEmail] {
		list = append(list, edit{path: []string{"emails"}, value: orNothing(v)})
	}
	for _, p := range plainSettings {
		if v, is := set[p.name]; is && v != now[p.name] {
			list = append(list, edit{path: p.path, value: orNothing(v)})
		}
	}
	return list
}

func orNothing(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// withoutEmpty are the values that are any.
func withoutEmpty(values map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range values {
		if value != "" {
			all[name] = value
		}
	}
	return all
}
