package ldap

import (
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What can be set of an account beside its login.
const (
	setName      = "name"
	setSurname   = "surname"
	setContainer = "container"
	setGID       = "gid_number"
	setHome      = "home"
	setShell     = "shell"
)

// plainSettings are those that are one attribute of the entry, whatever its class.
var plainSettings = []struct{ name, help, openLDAP, ad string }{
	{setName, "what people call it", "displayName", "displayName"},
	{"given_name", "the given name", "givenName", "givenName"},
	{setSurname, "the surname", "sn", "sn"},
	{"email", "the address for mail", "mail", "mail"},
	{"number", "the employee number", "employeeNumber", "employeeID"},
	{"title", "the title", "title", "title"},
	{"unit", "the department", "departmentNumber", "department"},
	{"employer", "the company", "o", "company"},
	{setGID, "the number of its primary group on hosts, which makes it an account of theirs; with home", "gidNumber", "gidNumber"},
	{setHome, "its home on hosts; with gid_number", "homeDirectory", "unixHomeDirectory"},
	{setShell, "its shell on hosts; with gid_number", "loginShell", "loginShell"},
}

func settables() []connector.Setting {
	list := []connector.Setting{
		{Name: connector.SetLogin, Help: "another login"},
		{Name: setContainer, Help: "the entry below which it is made; without, the one that option users names", Fixed: true},
	}
	for _, p := range plainSettings {
		list = append(list, connector.Setting{
			Name: p.name, Help: p.help, Required: p.name == setSurname, Fixed: p.name == setGID || p.name == setHome,
		})
	}
	return list
}

// attributeOf is the directory's own name of a setting; "" for those that are more than
// an attribute.
func (s *session) attributeOf(setting string) string {
	for _, p := range plainSettings {
		if p.name == setting && s.root.ad {
			return p.ad
		} else if p.name == setting {
			return p.openLDAP
		}
	}
	return ""
}

// markAttribute is where the mark stands: in AD an attribute that every entry may have
// and no address book shows; elsewhere the one text that every class of account may have,
// among whatever people wrote there.
func (s *session) markAttribute() string {
	if s.root.ad {
		return "adminDescription"
	}
	return "description"
}

func (s *session) markOf(e *goldap.Entry) string {
	for _, text := range e.GetEqualFoldAttributeValues(s.markAttribute()) {
		if mark := connector.Signed(text); mark != "" {
			return mark
		}
	}
	return ""
}

func (s *session) loginAttribute() string {
	if s.root.ad {
		return "sAMAccountName"
	}
	return "uid"
}

// lifeAttributes are what is asked of an account that is made or changed.
func (s *session) lifeAttributes() []string {
	list := append([]string{s.markAttribute(), "uidNumber", "isCriticalSystemObject"}, s.kindOf().accountAttributes...)
	for _, p := range plainSettings {
		list = append(list, s.attributeOf(p.name))
	}
	return list
}

// found is an entry as an account that Writ may have made.
func (s *session) found(e *goldap.Entry) *connector.Found {
	k := s.kindOf()
	a := k.account(e, k.id(e), s.now())
	f := &connector.Found{ID: a.ID, Login: a.Login, Mark: s.markOf(e), Status: a.Status, Values: map[string]string{connector.SetLogin: a.Login, setContainer: parent(e.DN)}}
	if f.Status != access.Disabled && s.disabled(e) {
		f.Status = access.Disabled
	}
	for _, p := range plainSettings {
		if v := first(e, s.attributeOf(p.name)); v != "" {
			f.Values[p.name] = v
		}
	}
	return f
}

// parent is the name of the entry above, as the server writes it. A comma that is part of
// a name is escaped.
func parent(dn string) string {
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			return strings.TrimSpace(dn[i+1:])
		}
	}
	return ""
}

// shows reports whether an account has values as they were set. Names of entries and
// logins are the same in whatever capitals.
func shows(f *connector.Found, set map[string]string) bool {
	for name, value := range set {
		switch has := f.Values[name]; {
		case name == setContainer && sameDN(has) != sameDN(value), name != setContainer && has != value:
			return false
		}
	}
	return true
}

// rdn is the first part of a distinguished name, escaped.
func rdn(attribute, value string) string {
	return (&goldap.AttributeTypeAndValue{Type: attribute, Value: value}).String()
}

// namedBy reports whether an entry's own name says its login.
func namedBy(e *goldap.Entry, attribute, login string) bool {
	parsed, err := goldap.ParseDN(e.DN)
	if err != nil || len(parsed.RDNs) == 0 {
		return false
	}
	for _, a := range parsed.RDNs[0].Attributes {
		if strings.EqualFold(a.Type, attribute) && strings.EqualFold(a.Value, login) {
			return true
		}
	}
	return false
}
