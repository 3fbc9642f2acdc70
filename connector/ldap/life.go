package ldap

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// isLife reports whether a change makes, changes or ends an account as a whole.
func isLife(kind connector.ChangeKind) bool {
	return kind == connector.CreateAccount || kind == connector.UpdateAccount || kind == connector.DeleteAccount
}

// Find is the account of a login, wherever below the address's base it lies.
func (d *Directory) Find(ctx context.Context, login string) (*connector.Found, error) {
	s, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	e, err := s.byLogin(login)
	if e == nil || err != nil {
		return nil, err
	}
	return s.found(e), nil
}

// byLogin is the entry of a login; nil where there is none. In AD groups and computers
// have logins of the same kind.
func (s *session) byLogin(login string) (found *goldap.Entry, err error) {
	filter := "(" + s.loginAttribute() + "=" + goldap.EscapeFilter(login) + ")"
	if !s.root.ad {
		filter = "(&" + s.kindOf().accounts + filter + ")"
	}
	q := query{doing: "looking for a login", base: cmp.Or(s.root.domain, s.base), scope: goldap.ScopeWholeSubtree, filter: filter, attributes: s.lifeAttributes()}
	n := 0
	err = s.pages(q, nil, func(e *goldap.Entry) error {
		found = e
		n++
		return nil
	})
	if err == nil && n > 1 {
		return nil, connector.ErrTaken.With("ldap %q: %d accounts have the login %s; look whose they are", s.name, n, strconv.Quote(clean(login)))
	}
	if found != nil && s.kindOf().id(found) == "" {
		return nil, s.noID(found)
	}
	return found, err
}

// lifeState is the entry of the account that is meant; nil where there is none.
func (s *session) lifeState(x connector.Change) (e *goldap.Entry, err error) {
	if x.Kind == connector.CreateAccount {
		e, err = s.byLogin(x.New.Login)
	} else {
		e, err = s.sought(s.users, s.kindOf().accounts, x.Account, s.lifeAttributes())
	}
	if e == nil || err != nil {
		return nil, err
	}
	return e, x.Owned(Kind, s.name, s.markOf(e))
}

// lived reports whether the change is so. A first password cannot be seen.
func (s *session) lived(x connector.Change, e *goldap.Entry) bool {
	switch {
	case x.Kind == connector.DeleteAccount:
		return e == nil
	case e == nil:
		return false
	case x.Kind == connector.UpdateAccount:
		return shows(s.found(e), x.Set)
	}
	f, want := s.found(e), withoutEmpty(x.New.Values)
	end := s.kindOf().account(e, "", s.now()).Expires
	return f.Status != access.Disabled && shows(f, want) && end == s.endOf(x.New.Expires)
}

func withoutEmpty(values map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range values {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

func (s *session) readBackLife(x connector.Change) (bool, error) {
	if err := s.possibleLife(x); err != nil {
		return false, err
	}
	e, err := s.lifeState(x)
	return err == nil && s.lived(x, e), err
}

// applyLife makes a change; what the server took is read back before it counts.
func (s *session) applyLife(x connector.Change) error {
	if err := s.possibleLife(x); err != nil {
		return err
	}
	e, err := s.lifeState(x)
	if err != nil || x.Kind != connector.CreateAccount && s.lived(x, e) {
		return err
	}
	switch {
	case x.Kind == connector.CreateAccount:
		err = s.create(x, e)
	case e == nil:
		return s.unsupported("the directory has no such account")
	case x.Kind == connector.UpdateAccount:
		err = s.update(x, e)
	default:
		err = s.delete(e)
	}
	if err != nil {
		return s.refusedLife(err)
	}
	if e, err = s.lifeState(x); err == nil && !s.lived(x, e) {
		return connector.ErrPrivilege.With("ldap %q: the server took the change and does not show it; check that %q may read what it may write, and that a replica is not asked", s.name, clean(s.bindDN))
	}
	return err
}

const maxSAMAccountName = 20

// possibleLife refuses what the directory cannot have.
func (s *session) possibleLife(x connector.Change) error {
	login := x.Set[connector.SetLogin]
	if x.Kind == connector.CreateAccount {
		login = x.New.Login
		gid, home, shell := x.New.Values[setGID], x.New.Values[setHome], x.New.Values[setShell]
		if (gid == "") != (home == "") || gid == "" && shell != "" {
			return s.unsupported("gid_number and home belong together, and shell to them")
		}
		if n, err := strconv.ParseUint(gid, 10, 31); gid != "" && (err != nil || strconv.FormatUint(n, 10) != gid) {
			return s.unsupported("gid_number must be a number")
		}
		if at := x.New.Values[setContainer]; at != "" {
			if _, err := goldap.ParseDN(at); err != nil || !below(at, s.users) {
				return s.unsupported("the container must be the name of an entry below " + clean(s.users) + " (option users)")
			}
		}
		if s.root.ad && s.plain && !x.New.Credential.Empty() {
			return s.unsupported("Active Directory takes passwords over TLS only; take option tls=none away")
		}
	}
	if s.root.ad && (len(login) > maxSAMAccountName || strings.ContainsAny(login, `"/\[]:;|=,+*?<>@`) || strings.HasSuffix(login, ".")) {
		return s.unsupported(`a login has at most 20 characters here, none of "/\[]:;|=,+*?<>@, and does not end in a dot`)
	}
	return nil
}

// update changes attributes, and then the login, which may be the entry's own name.
func (s *session) update(x connector.Change, e *goldap.Entry) error {
	m := goldap.NewModifyRequest(e.DN, nil)
	for _, p := range plainSettings {
		value, is := x.Set[p.name]
		if !is || first(e, s.attributeOf(p.name)) == value {
			continue
		}
		if p.name == setShell && value != "" && first(e, "uidNumber") == "" {
			return s.unsupported("the account is none of hosts: it has no uidNumber")
		}
		m.Replace(s.attributeOf(p.name), valuesOf(value))
		if p.name == setName && value != "" && !s.root.ad && !namedBy(e, "cn", first(e, "cn")) {
			m.Replace("cn", []string{value})
		}
	}
	if len(m.Changes) > 0 {
		if err := s.modify(m); err != nil {
			return err
		}
	}
	if login := x.Set[connector.SetLogin]; login != "" && login != s.found(e).Login {
		return s.rename(e, login)
	}
	return nil
}

func valuesOf(value string) []string {
	if value == "" {
		return []string{}
	}
	return []string{value}
}

// delete takes an entry away that no group names: what groups go on saying would be the
// next one's who gets its name.
func (s *session) delete(e *goldap.Entry) error {
	k := s.kindOf()
	switch a := k.account(e, k.id(e), s.now()); {
	case s.isMe(e):
		return s.unsupported("Writ itself signs in as that account and would lock itself out")
	case a.Kind == access.BuiltInAccount, strings.EqualFold(first(e, "isCriticalSystemObject"), "TRUE"):
		return s.unsupported("the account is the directory's own")
	}
	if err := s.nameless(e, "deleted"); err != nil {
		return err
	}
	s.line.allow(maxAnswer)
	return s.conn.Del(goldap.NewDelRequest(e.DN, nil))
}

// refusedLife turns what the server said into what a user can do.
func (s *session) refusedLife(err error) error {
	switch codeOf(err) {
	case goldap.LDAPResultInsufficientAccessRights:
		return connector.ErrPrivilege.With("ldap %q: %q may not make this change; let it add, write and delete entries below %s, and set their passwords", s.name, clean(s.bindDN), clean(s.users)).Because(err)
	case goldap.LDAPResultNotAllowedOnNonLeaf:
		return s.because("the account has entries below it; move or delete those first", err)
	case goldap.LDAPResultNoSuchObject:
		return s.because("there is no such container, or the account went meanwhile", err)
	case goldap.LDAPResultConstraintViolation:
		return s.because("the server refused a value: a password that its policy does not allow, or what has to be unique", err)
	case goldap.LDAPResultUnwillingToPerform, goldap.LDAPResultUndefinedAttributeType, goldap.LDAPResultInvalidAttributeSyntax, goldap.LDAPResultObjectClassViolation,
		goldap.LDAPResultNamingViolation, goldap.LDAPResultInvalidDNSyntax, goldap.LDAPResultNotAllowedOnRDN, goldap.LDAPResultEntryAlreadyExists:
		return s.because("the server does not make this change", err)
	}
	return s.failed("changing an account", err)
}

func (s *session) because(why string, err error) error {
	return connector.ErrUnsupported.With("ldap %q: %s", s.name, why).Because(err)
}
