package ldap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// rename gives an account another login. Groups outside AD name people by what changes
// thereby, and not every server goes after them.
func (s *session) rename(e *goldap.Entry, login string) error {
	other, err := s.byLogin(login)
	if err != nil {
		return err
	}
	if other != nil && sameDN(other.DN) != sameDN(e.DN) {
		return connector.ErrTaken.With("ldap %q: %s is there, and somebody else's; choose another login", s.name, strconv.Quote(clean(login)))
	}
	attribute, was := s.loginAttribute(), s.found(e).Login
	if err := s.nameless(e, "given another login"); err != nil {
		return err
	}
	if s.root.ad {
		return s.renameAD(e, was, login)
	}
	if namedBy(e, attribute, was) {
		s.line.allow(maxAnswer)
		return s.conn.ModifyDN(goldap.NewModifyDNRequest(e.DN, rdn(attribute, login), true, ""))
	}
	m := goldap.NewModifyRequest(e.DN, nil)
	m.Delete(attribute, []string{was})
	m.Add(attribute, []string{login})
	return s.modify(m)
}

func (s *session) renameAD(e *goldap.Entry, was, login string) error {
	m := goldap.NewModifyRequest(e.DN, nil)
	m.Replace("sAMAccountName", []string{login})
	if local, domain, found := strings.Cut(first(e, "userPrincipalName"), "@"); found && strings.EqualFold(local, was) {
		m.Replace("userPrincipalName", []string{login + "@" + domain})
	}
	// The entry's own name first: where that breaks, the login still is the old one.
	if namedBy(e, "cn", was) {
		s.line.allow(maxAnswer)
		if err := s.conn.ModifyDN(goldap.NewModifyDNRequest(e.DN, rdn("CN", login), true, "")); err != nil {
			return err
		}
		m.DN = rdn("CN", login) + "," + parent(e.DN)
	}
	return s.modify(m)
}

const maxGroups = 10 // that are named

// nameless refuses while groups name an entry. AD goes after its groups itself.
func (s *session) nameless(e *goldap.Entry, what string) error {
	if s.root.ad {
		return nil
	}
	groups, err := s.naming(e.DN, e.GetEqualFoldAttributeValues("uid"))
	if err != nil || len(groups) == 0 {
		return err
	}
	more := ""
	if n := len(groups) - maxGroups; n > 0 {
		groups, more = groups[:maxGroups], fmt.Sprintf(" and %d more", n)
	}
	return s.unsupported("the account cannot be " + what + " while groups name it: " + strings.Join(groups, ", ") + more + "; take it out of them first")
}

// naming are the groups that name an entry or a uid.
func (s *session) naming(dn string, uids []string) (groups []string, err error) {
	filter := "(member=" + goldap.EscapeFilter(dn) + ")(uniqueMember=" + goldap.EscapeFilter(dn) + ")"
	for _, uid := range uids {
		filter += "(memberUid=" + goldap.EscapeFilter(uid) + ")"
	}
	q := query{doing: "asking for the groups of an account", base: s.base, scope: goldap.ScopeWholeSubtree, filter: "(|" + filter + ")", attributes: []string{"cn"}}
	err = s.pages(q, nil, func(e *goldap.Entry) error {
		groups = append(groups, clean(e.DN))
		return nil
	})
	slices.Sort(groups)
	return groups, err
}
