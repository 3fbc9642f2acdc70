package scim

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// accountOf is a user as an account.
func accountOf(u *user) *connector.Account {
	a := &connector.Account{
		ID: string(u.ID), Login: u.login(), DisplayName: u.called(), Email: u.email(), Number: u.Enterprise.EmployeeNumber.clean(),
		Status: u.status(), Interactive: true, Created: timestamp(string(u.Meta.Created)), Attributes: map[string]string{},
	}
	for name, value := range map[string]text{
		"external_id": u.ExternalID, "title": u.Title, "type": u.UserType, "given_name": u.Name.GivenName, "surname": u.Name.FamilyName,
		"unit": u.Enterprise.Department, "employer": u.Enterprise.Organization, "division": u.Enterprise.Division, "cost_centre": u.Enterprise.CostCenter,
		"manager": u.Enterprise.Manager.Value, "manager_name": u.Enterprise.Manager.DisplayName,
	} {
		if v := value.clean(); v != "" {
			a.Attributes[name] = v
		}
	}
	return a
}

// login is never empty: a user without a name goes by its id.
func (u *user) login() string { return cmp.Or(u.UserName.clean(), clean(string(u.ID))) }

func (u *user) called() string {
	return cmp.Or(u.DisplayName.clean(), u.Name.Formatted.clean(), strings.TrimSpace(u.Name.GivenName.clean()+" "+u.Name.FamilyName.clean()))
}

// email is the address that Writ reads and writes: the one for work, else the primary
// one, else the first.
func (u *user) email() string {
	if i := chosen(u.Emails); i >= 0 {
		return u.Emails[i].Value.clean()
	}
	return ""
}

func chosen(emails []valued) int {
	if i := slices.IndexFunc(emails, func(v valued) bool { return strings.EqualFold(string(v.Type), "work") && v.Value != "" }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(emails, func(v valued) bool { return bool(v.Primary) && v.Value != "" }); i >= 0 {
		return i
	}
	return slices.IndexFunc(emails, func(v valued) bool { return v.Value != "" })
}

// status is active's; where a service does not say, the account is usable.
func (u *user) status() access.AccountStatus {
	if u.Active != nil && !bool(*u.Active) {
		return access.Disabled
	}
	return access.Enabled
}

// timestamp reads a time as RFC 7643 has it; 0 for what is none.
func timestamp(s string) access.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return access.TimeOf(t)
		}
	}
	return 0
}

// held is a role or an entitlement that a user has.
type held struct{ kind, of, name string }

// values are a user's roles and entitlements, each once, and how many are none.
func (u *user) values() (list []held, strays int) {
	seen := map[string]bool{}
	for _, from := range []struct {
		kind   string
		values []valued
	}{{kindRole, u.Roles}, {kindEntitlement, u.Entitlements}} {
		for i, v := range from.values {
			id := idOf(from.kind, string(v.Value))
			switch {
			case seen[id]:
			case i >= maxMany || !isID(string(v.Value)):
				strays++
			default:
				seen[id] = true
				list = append(list, held{from.kind, string(v.Value), cmp.Or(v.Display.clean(), clean(string(v.Value)))})
			}
		}
	}
	return list, strays
}

// has reports whether a user has a role or an entitlement.
func (u *user) has(kind, of string) bool {
	list, _ := u.values()
	return slices.ContainsFunc(list, func(h held) bool { return h.kind == kind && h.of == of })
}

// certificates are those that an account accepts, each once. What is none is passed over:
// it lets nobody in.
func certificates(u *user) (list []*connector.Credential) {
	seen := map[string]bool{}
	for i, v := range u.X509Certificates {
		der, err := base64.StdEncoding.DecodeString(string(v.Value))
		if i >= maxMany || err != nil || len(der) == 0 {
			continue
		}
		sum := sha256.Sum256(der)
		c := &connector.Credential{Account: string(u.ID), Kind: access.Certificate, Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])}
		if seen[c.Fingerprint] {
			continue
		}
		seen[c.Fingerprint] = true
		if certificate, err := x509.ParseCertificate(der); err == nil {
			c.Algorithm, c.Changed = certificate.PublicKeyAlgorithm.String(), access.TimeOf(certificate.NotBefore)
		}
		list = append(list, c)
	}
	return list
}

// allOfIt is what somebody can do who administers the service: whoever decides who has
// which group there, and who is active, can become everybody.
var allOfIt = []access.Right{access.GrantAccess, access.Impersonate, access.ChangeConfig, access.ReadSensitive, access.BypassControls}

// capabilities are those of what option admins names. Names of groups do not count:
// anybody who may rename one could hide it.
func (s *settings) capabilities(id string) (list []connector.Capability) {
	if !slices.Contains(s.admins, id) {
		return nil
	}
	for _, r := range allOfIt {
		list = append(list, connector.Capability{Right: r, On: connector.Target{Kind: connector.OnSystem}})
	}
	return list
}
