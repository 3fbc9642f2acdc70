package ldap

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// bindLimit is how long one sign-in may take.
const bindLimit = 10 * time.Second

// verdict is what the answer to a bind says of a password.
type verdict uint8

const (
	verdictUnknown verdict = iota // nothing: see the error
	verdictOpens
	verdictWrong
	verdictEnded    // right, and too old
	verdictChange   // right, and to be changed before anything else
	verdictLocked   // too many wrong ones: what this one is cannot be known
	verdictDisabled // right, and the account is shut
	verdictBarred   // right, and not from here, or not now
)

// whyShut says what can be done about a verdict that is neither yes nor no.
var whyShut = map[verdict]string{
	verdictUnknown:  "the server refused the sign-in without saying that the password is wrong, so nothing can be said of it",
	verdictEnded:    "its password has ended by the directory's policy; set another one",
	verdictChange:   "its password must be changed at the next sign-in, and opens nothing until then; set another one",
	verdictLocked:   "it is locked after too many wrong passwords, so nothing can be said of this one; wait, or unlock it",
	verdictDisabled: "it is disabled or has ended; enable it first",
	verdictBarred:   "it may not sign in from here or at this time, or only with a smart card, so nothing can be said of its password",
}

// Opens binds as the account on a line of its own, and leaves. A wrong password counts with
// the directory as one that somebody tried.
func (d *Directory) Opens(ctx context.Context, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	if err := Spec().CheckSecret(d.name, account, kind, value); err != nil {
		return false, err
	}
	s, err := d.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.end()
	e, err := s.kept(account)
	if err != nil {
		return false, err
	}
	k := s.kindOf()
	status := k.account(e, k.id(e), s.now()).Status
	if s.disabled(e) || status == access.Disabled || status == access.Expired {
		return false, s.shut(e, verdictDisabled, nil)
	}
	v, err := d.bind(ctx, e.DN, value, s.root.ad)
	switch {
	case v == verdictUnknown:
		if _, known := errors.AsType[*fault.Error](err); known {
			return false, err
		}
		return false, s.shut(e, v, err)
	case v == verdictWrong && status == access.Locked:
		return false, s.shut(e, verdictLocked, err)
	case v == verdictOpens, v == verdictWrong:
		return v == verdictOpens, nil
	}
	return false, s.shut(e, v, err)
}

func (s *session) shut(e *goldap.Entry, v verdict, cause error) error {
	return connector.ErrUnsupported.With("ldap %q: %q: %s", s.name, clean(e.DN), whyShut[v]).Because(cause)
}

// bind signs in with a password over a line on which nothing else is done.
func (d *Directory) bind(ctx context.Context, dn string, value secret.Secret, ad bool) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, min(bindLimit, d.timeout))
	defer cancel()
	s, err := d.begin(ctx)
	if err != nil {
		return verdictUnknown, err
	}
	defer s.end()
	request := goldap.NewSimpleBindRequest(dn, string(value.Reveal()), nil)
	if !ad {
		request.Controls = []goldap.Control{goldap.NewControlBeheraPasswordPolicy()}
	}
	result, err := s.conn.SimpleBind(request)
	code := codeOf(err)
	switch {
	case ctx.Err() != nil, err != nil && (code >= goldap.ErrorNetwork || code == goldap.LDAPResultUnavailable || code == goldap.LDAPResultBusy):
		return verdictUnknown, d.unreachable(err)
	case ad:
		return adVerdict(err), err
	}
	return policyVerdict(result, err), err
}

// adData is how AD says why it refused ([MS-ERREF] 2.2 as hexadecimal).
var adData = regexp.MustCompile(`\bdata ([0-9a-fA-F]{2,8})\b`)

var adVerdicts = map[string]verdict{
	"52e": verdictWrong, "52f": verdictBarred, "530": verdictBarred, "531": verdictBarred, "532": verdictEnded, "533": verdictDisabled,
	"701": verdictDisabled, "773": verdictChange, "775": verdictLocked,
}

func adVerdict(err error) verdict {
	if err == nil {
		return verdictOpens
	}
	if codeOf(err) != goldap.LDAPResultInvalidCredentials {
		return verdictUnknown
	}
	if said := adData.FindStringSubmatch(err.Error()); said != nil {
		return adVerdicts[strings.ToLower(strings.TrimLeft(said[1], "0"))]
	}
	return verdictUnknown
}

// What the password policy's control says (draft-behera-ldap-password-policy-10, 6.2).
var policyVerdicts = map[int8]verdict{0: verdictEnded, 1: verdictLocked, 2: verdictChange}

func policyVerdict(result *goldap.SimpleBindResult, err error) verdict {
	if err != nil && codeOf(err) != goldap.LDAPResultInvalidCredentials {
		return verdictUnknown
	}
	if result != nil {
		if policy, ok := goldap.FindControl(result.Controls, goldap.ControlTypeBeheraPasswordPolicy).(*goldap.ControlBeheraPasswordPolicy); ok {
			if v, known := policyVerdicts[policy.Error]; known {
				return v
			}
			if err == nil && policy.Grace >= 0 {
				return verdictEnded // it lets in a few more times
			}
		}
	}
	if err != nil {
		return verdictWrong
	}
	return verdictOpens
}
