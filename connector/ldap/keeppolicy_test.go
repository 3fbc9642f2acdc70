package ldap

import (
	"errors"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const (
	keeperDN       = "cn=writ-keep,ou=services,dc=example,dc=test"
	keeperPassword = "of the keeper"
	keeperAccess   = `access to dn.subtree="ou=people,dc=example,dc=test" attrs=userPassword by dn.exact="` + keeperDN + `" =w by * break
access to dn.subtree="ou=people,dc=example,dc=test" attrs=pwdReset,pwdAccountLockedTime by dn.exact="` + keeperDN + `" write by * break
`
	keeperPolicy = `dn: cn=policy,dc=example,dc=test
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdAllowUserChange: TRUE
pwdCheckQuality: 2
pwdMinLength: 9
pwdInHistory: 3
pwdMustChange: TRUE
pwdLockout: TRUE
pwdMaxFailure: 4

`
	keeperEntry = "dn: " + keeperDN + "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: writ-keep\nuserPassword: " + keeperPassword + "\n\n"
)

// policyServer is a directory with a password policy, which binds Writ's account too: it is
// no rootdn.
func policyServer(t *testing.T) (*testkit.SlapdServer, connector.Config) {
	t.Helper()
	s := testkit.NewSlapd(t, testkit.SlapdConfig{
		NoMemberOf: true, Lines: lpk + "overlay ppolicy\nppolicy_default cn=policy,dc=example,dc=test\n" + keeperAccess, LDIF: strings.NewReader(tree(t) + keeperEntry + keeperPolicy),
	})
	cfg := with(config(s), optBindDN, keeperDN, optLock, lockPolicy)
	cfg.Credential = secret.New([]byte(keeperPassword))
	return s, cfg
}

// With a policy and the least privileges, too, a secret opens at once: not after a change
// that nobody makes, and a lock by hand stays. What the policy remembers is set again.
func TestOpenLDAPPolicyKeeps(t *testing.T) {
	s, cfg := policyServer(t)
	kept := keptOpenLDAP(t, s, cfg)[0]
	kept.Idle, kept.Without = false, nil
	dn := "uid=kept,ou=people," + s.BaseDN()
	d := opened(t, cfg)
	set := func(value string) error {
		return d.SetSecret(t.Context(), connector.NewSecret{Account: kept.Account, Kind: connector.Password, Value: secret.New([]byte(value))})
	}
	opens := func(value, says string) {
		t.Helper()
		is, err := d.Opens(t.Context(), kept.Account, connector.Password, secret.New([]byte(value)))
		if is || !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), value) {
			t.Errorf("it opens as %v, %v; want an error that says %q", is, err, says)
		}
	}
	if err := set("short-1"); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "at least 9 characters, none of the last 3") || strings.Contains(err.Error(), "short-1") {
		t.Errorf("too short: %v", err)
	}
	for _, value := range []string{"long enough 1", "long enough 2", "long enough 2"} {
		if err := set(value); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
	}
	if err := set("long enough 1"); !errors.Is(err, connector.ErrUnsupported) {
		t.Errorf("one that it had before: %v", err)
	}
	s.Modify(t, "dn: "+dn+"\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n")
	opens("long enough 2", "must be changed")
	if err := set("long enough 3"); err != nil {
		t.Error(err)
	}
	for range 4 {
		_, _ = d.Opens(t.Context(), kept.Account, connector.Password, secret.New([]byte("wrong and wrong again")))
	}
	opens("long enough 3", "locked")
	opens("wrong again", "locked")
	if err := set("long enough 4"); err != nil || !kept.SignsIn(t, secret.New([]byte("long enough 4"))) {
		t.Errorf("after a lock: %v", err)
	}
}

// The kit over a directory with a policy, where a lock is what disables accounts.
func TestOpenLDAPPolicyConformance(t *testing.T) {
	s, cfg := policyServer(t)
	s.Modify(t, "dn: cn=policy,dc=example,dc=test\nchangetype: modify\nreplace: pwdMaxFailure\npwdMaxFailure: 0\n")
	suite := connectortest.Suite{Spec: Spec(), Config: cfg, Addr: strings.TrimPrefix(s.TLSURL(), "ldaps://"), Through: through}
	kept := keptOpenLDAP(t, s, cfg)
	kept[0].Idle, kept[0].Without = false, nil
	suite.Keeps = kept
	connectortest.Keep(t, suite)
}

// What a bind is answered with, and what that says of the password.
func TestVerdicts(t *testing.T) {
	refused := func(code uint16, text string) error { return goldap.NewError(code, errors.New(text)) }
	ad := func(data string) error {
		return refused(goldap.LDAPResultInvalidCredentials, "80090308: LdapErr: DSID-0C090449, comment: AcceptSecurityContext error, data "+data+", v4f7c")
	}
	for _, tt := range []struct {
		err  error
		want verdict
	}{
		{nil, verdictOpens},
		{ad("52e"), verdictWrong},
		{ad("52E"), verdictWrong},
		{ad("525"), verdictUnknown},
		{ad("532"), verdictEnded},
		{ad("533"), verdictDisabled},
		{ad("701"), verdictDisabled},
		{ad("773"), verdictChange},
		{ad("775"), verdictLocked},
		{ad("530"), verdictBarred},
		{ad("531"), verdictBarred},
		{ad("52f"), verdictBarred},
		{ad("57"), verdictUnknown},
		{refused(goldap.LDAPResultInvalidCredentials, "no"), verdictUnknown},
		{refused(goldap.LDAPResultBusy, "data 52e"), verdictUnknown},
		{refused(goldap.LDAPResultUnwillingToPerform, "data 52e"), verdictUnknown},
	} {
		if got := adVerdict(tt.err); got != tt.want {
			t.Errorf("%v: got %d, want %d", tt.err, got, tt.want)
		}
	}
	wrong := refused(goldap.LDAPResultInvalidCredentials, "")
	for _, tt := range []struct {
		said, grace int64
		err         error
		want        verdict
	}{
		{-1, -1, nil, verdictOpens},
		{-1, -1, wrong, verdictWrong},
		{0, -1, wrong, verdictEnded},
		{1, -1, wrong, verdictLocked},
		{2, -1, nil, verdictChange},
		{-1, 3, nil, verdictEnded},
		{-1, -1, refused(goldap.LDAPResultInappropriateAuthentication, ""), verdictUnknown},
	} {
		policy := goldap.NewControlBeheraPasswordPolicy()
		policy.Error, policy.Grace = int8(tt.said), tt.grace //nolint:gosec // small
		if got := policyVerdict(&goldap.SimpleBindResult{Controls: []goldap.Control{policy}}, tt.err); got != tt.want {
			t.Errorf("%d %d %v: got %d, want %d", tt.said, tt.grace, tt.err, got, tt.want)
		}
	}
}
