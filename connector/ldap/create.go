package ldap

import (
	"cmp"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// create makes an account, or goes on with one that an earlier attempt began. It is
// disabled until the last step, so that one that is half made lets nobody in.
func (s *session) create(x connector.Change, e *goldap.Entry) (err error) {
	if e == nil {
		if e, err = s.add(x); err != nil {
			return err
		}
	}
	if s.awaitsPassword(e) {
		if err := s.lockOut(e); err != nil {
			return err
		}
		if err := s.firstPassword(e, x.New); err != nil {
			return err
		}
	}
	again := x
	again.Set = withoutEmpty(x.New.Values)
	for _, fixed := range []string{setContainer, setGID, setHome} {
		delete(again.Set, fixed)
	}
	if err := s.update(again, e); err != nil {
		return err
	}
	return s.letIn(x)
}

// add adds the entry, and finds it: it is the only one of its login.
func (s *session) add(x connector.Change) (*goldap.Entry, error) {
	request, err := s.entryOf(x.New)
	if err != nil {
		return nil, err
	}
	s.line.allow(maxAnswer)
	if err := s.conn.Add(request); err != nil && codeOf(err) != goldap.LDAPResultEntryAlreadyExists {
		return nil, err
	}
	e, err := s.lifeState(x)
	switch {
	case e != nil && err == nil && first(e, "uidNumber") != "":
		return s.ownNumber(x, e)
	case err == nil && e == nil:
		return nil, connector.ErrTaken.With("ldap %q: %s is there, and is another entry; choose another login", s.name, clean(request.DN))
	case errors.Is(err, connector.ErrTaken) && e == nil:
		// Somebody else took the login in another container at the same time. Nobody has
		// been let in as ours.
		if own, ask := s.entry("looking at a new entry", request.DN, s.markAttribute()); ask == nil && own != nil && s.markOf(own) == x.New.Mark {
			s.line.allow(maxAnswer)
			err = errors.Join(err, s.conn.Del(goldap.NewDelRequest(request.DN, nil)))
		}
	}
	return e, err
}

// entryOf is the entry of a new account.
func (s *session) entryOf(n *connector.NewAccount) (*goldap.AddRequest, error) {
	at := cmp.Or(n.Values[setContainer], s.users)
	var add *goldap.AddRequest
	if s.root.ad {
		if sameDN(at) == sameDN(s.root.domain) {
			at = "CN=Users," + s.root.domain // where a domain makes its accounts by itself
		}
		add = goldap.NewAddRequest(rdn("CN", n.Login)+","+at, nil)
		add.Attribute("objectClass", []string{"user"})
		add.Attribute("sAMAccountName", []string{n.Login})
		add.Attribute("userPrincipalName", []string{n.Login + "@" + domainName(s.root.domain)})
		add.Attribute("userAccountControl", []string{strconv.Itoa(uacNormal | uacDisabled)})
	} else {
		add = goldap.NewAddRequest(rdn("uid", n.Login)+","+at, nil)
		groups, err := s.naming(add.DN, []string{n.Login})
		if err != nil {
			return nil, err
		}
		if len(groups) > 0 {
			return nil, s.unsupported("a group names that login already, " + groups[0] + ": what is left of somebody is not the next one's; take it out there, or choose another login")
		}
		classes := []string{"inetOrgPerson"}
		if n.Values[setGID] != "" {
			classes = append(classes, "posixAccount")
		}
		if s.lock == lockShadow || n.Expires != 0 {
			classes = append(classes, "shadowAccount")
			add.Attribute("shadowExpire", []string{strconv.Itoa(shadowDisabled)})
		}
		add.Attribute("objectClass", classes)
		add.Attribute("uid", []string{n.Login})
		add.Attribute("cn", []string{cmp.Or(n.Values[setName], strings.TrimSpace(n.Values["given_name"]+" "+n.Values[setSurname]), n.Login)})
	}
	add.Attribute(s.markAttribute(), []string{connector.Sign(n.Mark)})
	for _, p := range plainSettings {
		if v := n.Values[p.name]; v != "" {
			add.Attribute(s.attributeOf(p.name), []string{v})
		}
	}
	if n.Values[setGID] == "" {
		return add, nil
	}
	number, err := s.nextNumber()
	add.Attribute("uidNumber", []string{strconv.FormatInt(number, 10)})
	return add, err
}

// domainName is what the parts of a domain's own entry make: example.com.
func domainName(dn string) string {
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return ""
	}
	var parts []string
	for _, r := range parsed.RDNs {
		for _, a := range r.Attributes {
			if strings.EqualFold(a.Type, "dc") {
				parts = append(parts, a.Value)
			}
		}
	}
	return strings.Join(parts, ".")
}

// awaitsPassword reports whether the first password is still to be set, or may be set
// anew: the account is half made, its holder has not chosen one, or nobody can say.
func (s *session) awaitsPassword(e *goldap.Entry) bool {
	if s.disabled(e) {
		return true
	}
	if s.root.ad {
		return first(e, "pwdLastSet") == "0"
	}
	return strings.EqualFold(first(e, "pwdReset"), "TRUE") || first(e, "pwdChangedTime") == ""
}

// lockOut disables an account by the password policy until its last step, where that is
// how accounts are disabled there; else it was added so.
func (s *session) lockOut(e *goldap.Entry) error {
	if s.root.ad || s.lock != lockPolicy || s.disabled(e) {
		return nil
	}
	m, err := s.switching(e, true)
	if err != nil {
		return err
	}
	return s.modify(m)
}

// firstPassword sets it, to be changed at the first sign-in where the server knows that.
func (s *session) firstPassword(e *goldap.Entry, n *connector.NewAccount) error {
	if s.root.ad {
		m := goldap.NewModifyRequest(e.DN, nil)
		password := string(n.Credential.Reveal())
		if n.Credential.Empty() {
			password = rand.Text() + "-aA1" // AD enables no account without one, and nobody knows this
		} else {
			m.Replace("pwdLastSet", []string{"0"})
		}
		m.Replace("unicodePwd", []string{quotedUTF16(password)})
		return s.modify(m)
	}
	if n.Credential.Empty() {
		return nil
	}
	// This request has the server hash it, which one that writes userPassword need not.
	s.line.allow(maxAnswer)
	if _, err := s.conn.PasswordModify(goldap.NewPasswordModifyRequest(e.DN, "", string(n.Credential.Reveal()))); err != nil {
		return err
	}
	now, err := s.entry("looking at a new password", e.DN, "pwdChangedTime", "pwdReset")
	if err != nil || now == nil || first(now, "pwdChangedTime") == "" || strings.EqualFold(first(now, "pwdReset"), "TRUE") {
		return err // no policy is kept there, or it demands a change by itself
	}
	m := goldap.NewModifyRequest(e.DN, nil)
	m.Replace("pwdReset", []string{"TRUE"})
	return s.modify(m)
}

// quotedUTF16 is how AD takes a password, which is ASCII ([MS-ADTS] 3.1.1.3.1.5.1).
func quotedUTF16(password string) string {
	var b strings.Builder
	for _, c := range []byte(`"` + password + `"`) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

// letIn is the last step: the account's own end, and enabling it.
func (s *session) letIn(x connector.Change) error {
	e, err := s.lifeState(x)
	if err != nil || e == nil {
		return err
	}
	m := goldap.NewModifyRequest(e.DN, nil)
	end := s.endOf(x.New.Expires)
	if !s.root.ad {
		if s.disabled(e) && s.lock == lockPolicy {
			m.Replace("pwdAccountLockedTime", []string{})
		}
		if hasClass(e, "shadowAccount") && strings.Join(dayValues(end), "") != first(e, "shadowExpire") {
			m.Replace("shadowExpire", dayValues(end))
		}
	} else {
		if s.kindOf().account(e, "", s.now()).Expires != end {
			m.Replace("accountExpires", []string{filetimeOf(end)})
		}
		if s.disabled(e) {
			was := number(first(e, "userAccountControl"))
			m.Delete("userAccountControl", []string{first(e, "userAccountControl")})
			m.Add("userAccountControl", []string{strconv.FormatUint(was&^(uacDisabled|uacNoPassword), 10)})
		}
	}
	if len(m.Changes) == 0 {
		return nil
	}
	return s.modify(m)
}

// endOf is an end as the directory can keep it. Outside AD that is the day that begins
// next.
func (s *session) endOf(at access.Time) access.Time {
	if s.root.ad || at == 0 {
		return at
	}
	const long = int64(day / time.Microsecond)
	return access.Time((int64(at) + long - 1) / long * long)
}

func dayValues(end access.Time) []string {
	if end == 0 {
		return []string{}
	}
	return []string{strconv.FormatInt(int64(end)/int64(day/time.Microsecond), 10)}
}
