package ldap

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// refusedPassword turns what the server said to a password into what a user can do.
func (s *session) refusedPassword(e *goldap.Entry, err error) error {
	dn := clean(e.DN)
	switch codeOf(err) {
	case goldap.LDAPResultInsufficientAccessRights:
		return connector.ErrPrivilege.With("ldap %q: %q may not set the password of %q; let it write userPassword below %s (in Active Directory: reset passwords)", s.name, clean(s.bindDN), dn, clean(s.users)).Because(err)
	case goldap.LDAPResultNoSuchObject:
		return s.because("the account "+dn+" went meanwhile", err)
	case goldap.LDAPResultConstraintViolation:
		return s.because("the directory refused the password of "+dn+" by its policy"+s.asks(e), err)
	case goldap.LDAPResultUnwillingToPerform:
		if s.root.ad && strings.Contains(strings.ToUpper(err.Error()), adRestriction) {
			return s.because("the domain refused the password of "+dn+" by its policy"+s.asks(e), err)
		}
		return s.because("the server does not set that password; it may lack TLS, or not keep the account's password", err)
	case goldap.LDAPResultProtocolError:
		return s.because("the server does not know the Password Modify operation (RFC 3062), without which Writ sets no password", err)
	}
	return s.failed("setting a password", err)
}

// adRestriction is ERROR_PASSWORD_RESTRICTION.
const adRestriction = "0000052D"

// rules are what a policy asks of a password.
type rules struct {
	length, history int64
	complex         bool
	age             time.Duration
}

// asks says in words what the directory asks of the account's password, where it shows.
func (s *session) asks(e *goldap.Entry) string {
	r, found := s.rules(e)
	if !found {
		return ", which it does not show"
	}
	var list []string
	if r.length > 0 {
		list = append(list, "at least "+strconv.FormatInt(r.length, 10)+" characters")
	}
	if r.complex {
		list = append(list, "three of capitals, small letters, digits and signs, and nothing of the account's name")
	}
	if r.history > 0 {
		list = append(list, "none of the last "+strconv.FormatInt(r.history, 10))
	}
	if r.age > 0 {
		list = append(list, "no change within "+r.age.String()+" of the last one")
	}
	if len(list) == 0 {
		return ", which asks for more than it shows"
	}
	return ", which asks for " + strings.Join(list, ", ")
}

func (s *session) rules(e *goldap.Entry) (r rules, found bool) {
	const doing = "looking at the password policy"
	if !s.root.ad {
		p := s.policyEntry(e)
		if p == nil {
			return r, false
		}
		seconds := time.Duration(whole(p, "pwdMinAge")) * time.Second
		return rules{length: whole(p, "pwdMinLength"), history: whole(p, "pwdInHistory"), age: seconds}, true
	}
	if own := first(e, "msDS-ResultantPSO"); own != "" {
		p, err := s.entry(doing, own, "msDS-MinimumPasswordLength", "msDS-PasswordHistoryLength", "msDS-PasswordComplexityEnabled", "msDS-MinimumPasswordAge")
		if err != nil || p == nil {
			return r, false
		}
		return rules{
			length: whole(p, "msDS-MinimumPasswordLength"), history: whole(p, "msDS-PasswordHistoryLength"),
			complex: isTrue(p, "msDS-PasswordComplexityEnabled"), age: ticks(whole(p, "msDS-MinimumPasswordAge")),
		}, true
	}
	p, err := s.entry(doing, s.root.domain, "minPwdLength", "pwdHistoryLength", "pwdProperties", "minPwdAge")
	if err != nil || p == nil {
		return r, false
	}
	const domainPasswordComplex = 1
	return rules{
		length: whole(p, "minPwdLength"), history: whole(p, "pwdHistoryLength"),
		complex: whole(p, "pwdProperties")&domainPasswordComplex != 0, age: ticks(whole(p, "minPwdAge")),
	}, true
}

// policyEntry is the policy that an entry names, or the only one of the directory.
func (s *session) policyEntry(e *goldap.Entry) (found *goldap.Entry) {
	attributes := []string{"pwdMinLength", "pwdInHistory", "pwdMinAge"}
	if own := first(e, "pwdPolicySubentry"); own != "" {
		found, _ = s.entry("looking at the password policy", own, attributes...)
		return found
	}
	n := 0
	q := query{doing: "looking for a password policy", base: s.base, scope: goldap.ScopeWholeSubtree, filter: "(objectClass=pwdPolicy)", attributes: attributes}
	err := s.pages(q, nil, func(p *goldap.Entry) error {
		found = p
		n++
		return nil
	})
	if err != nil || n != 1 {
		return nil
	}
	return found
}

func whole(e *goldap.Entry, attribute string) int64 {
	n, _ := strconv.ParseInt(cmp.Or(first(e, attribute), "0"), 10, 64)
	return n
}

// ticks are AD's tenths of microseconds, as negative as what is to come.
func ticks(n int64) time.Duration { return time.Duration(-n) * 100 }

func isTrue(e *goldap.Entry, attribute string) bool {
	return strings.EqualFold(first(e, attribute), "TRUE")
}
