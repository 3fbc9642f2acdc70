package ldap

import (
	"context"
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// Kind is the name of this kind of system.
const Kind = "ldap"

// Spec describes it.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: Kind, Title: "LDAP directory (OpenLDAP, Active Directory)", Address: "ldaps://directory.example.com/dc=example,dc=com",
		Options: []connector.Option{
			{Name: optBindDN, Help: "who Writ signs in as, a distinguished name or NAME@DOMAIN; its password is the credential"},
			{Name: optCA, Help: "the authority that the server's certificate is from: a PEM file, or the text itself", Path: connector.IsFile},
			{Name: optServerName, Help: "the name that the server's certificate is for, where it is not the address's"},
			{Name: optTLS, Help: "verify, or none for ldap:// without TLS, over which the password and all that is read go in the clear", Default: "verify"},
			{Name: optSchema, Help: "auto, openldap or ad", Default: schemaAuto},
			{Name: optUsers, Help: "the entry below which accounts are, where it is not the address's"},
			{Name: optUserFilter, Help: "a filter that accounts must pass as well"},
			{Name: optGroups, Help: "the entry below which groups are, where it is not the address's"},
			{Name: optGroupFilter, Help: "a filter that groups must pass as well"},
			{Name: optAdmins, Help: "the group whose members administer the directory, where the directory does not say"},
			{Name: optLock, Help: "how accounts outside AD are disabled: shadow (shadowExpire) or ppolicy (pwdAccountLockedTime, needs the overlay)", Default: lockShadow},
			{Name: optTimeout, Help: "seconds that the server may take for one page", Default: "30"},
			{Name: optPage, Help: "entries of one page", Default: "500"},
		},
		Changes: []connector.ChangeKind{
			connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
			connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount,
		},
		Settable:      settables(),
		FirstPassword: true,
		Keeps:         []connector.SecretKind{connector.Password},
		SignsInAs:     optBindDN,
		Takes:         connector.SecretPolicy{Most: maxPassword, Without: connector.NotPrintable},
		Open:          func(_ context.Context, cfg connector.Config) (connector.Connector, error) { return Open(cfg) },
	}
}

// Directory is one directory.
type Directory struct {
	*settings
	credential secret.Secret
	now        func() time.Time
}

var (
	_ connector.Maker  = (*Directory)(nil)
	_ connector.Keeper = (*Directory)(nil)
)

// Open checks the configuration. It connects to nothing yet.
func Open(cfg connector.Config) (*Directory, error) {
	s, err := newSettings(cfg)
	if err != nil {
		return nil, err
	}
	d := &Directory{settings: s, credential: cfg.Credential, now: cfg.Now}
	if d.now == nil {
		d.now = time.Now
	}
	return d, nil
}

// Close does nothing: no connection outlives what it was opened for.
func (d *Directory) Close() error { return nil }

// Describe connects and says what the directory is and what cannot be read there.
func (d *Directory) Describe(ctx context.Context) (connector.Description, error) {
	s, err := d.connect(ctx)
	if err != nil {
		return connector.Description{}, err
	}
	defer s.end()
	out := connector.Description{Kind: Kind, Version: "LDAP directory"}
	if s.root.vendor != "" {
		out.Version = s.root.vendor
	}
	if s.root.ad {
		out.Version = strings.TrimSpace("Active Directory " + s.root.vendor)
	}
	for _, base := range []string{s.base, s.users, s.groups} {
		e, err := s.entry("looking at the base", base, s.kindOf().idAttribute)
		if err != nil {
			return connector.Description{}, err
		}
		if e == nil {
			return connector.Description{}, connector.ErrPrivilege.With("ldap %q: there is no %q, or %q may not see it; check the address and options users and groups", s.name, clean(base), clean(s.bindDN))
		}
		if s.kindOf().id(e) == "" {
			return connector.Description{}, s.noID(e)
		}
	}
	if out.Warnings, err = s.warnings(); err != nil {
		return connector.Description{}, err
	}
	return out, nil
}

func (s *session) warnings() (list []string, err error) {
	if s.root.ad {
		list = append(list,
			"lastLogonTimestamp is up to 14 days old: an account may have been used since",
			"rights that access lists give on single objects (who may reset a password or change a group) are not read: only the well-known groups are known to administer")
	} else {
		if s.admins == "" {
			list = append(list, "who administers the directory itself (rootdn, olcAccess in cn=config) cannot be seen; name the group with option admins")
		}
		list = append(list, "when an account was last used is known only where the server keeps authTimestamp or pwdLastSuccess (lastbind)")
	}
	if s.plain {
		list = append(list, "the connection is not encrypted (tls=none): the password and all that is read can be seen on the way")
	}
	elsewhere, err := s.elsewhere()
	return append(list, elsewhere...), err
}

const referralLimit = 20 // named one by one

// elsewhere names the parts of the tree that other servers keep. They are not
// followed: the server that they name could be anybody's.
func (s *session) elsewhere() (list []string, err error) {
	seen := map[string]bool{}
	refer := func(url string) {
		if url = clean(url); !seen[url] && !s.knownContext(url) {
			if seen[url] = true; len(list) < referralLimit {
				list = append(list, fmt.Sprintf("a part of the tree is kept at %s, which is not followed: add it as a system of its own", url))
			}
		}
	}
	q := query{doing: "looking for referrals", base: s.base, scope: goldap.ScopeWholeSubtree, filter: "(objectClass=referral)", attributes: []string{"ref"}}
	if !s.root.ad {
		q.controls = []goldap.Control{goldap.NewControlManageDsaIT(false)}
	}
	err = s.pages(q, refer, func(e *goldap.Entry) error {
		for _, url := range e.GetEqualFoldAttributeValues("ref") {
			refer(url)
		}
		return nil
	})
	if more := len(seen) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%d more parts of the tree are kept elsewhere", more))
	}
	return list, err
}

// knownContext reports whether a reference is to one of the server's own naming
// contexts, as AD gives for its schema and its name service.
func (s *session) knownContext(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	_, dn, _ := strings.Cut(rest, "/")
	dn, _, _ = strings.Cut(dn, "?")
	for _, c := range s.root.contexts {
		if dn != "" && sameDN(dn) == sameDN(c) && s.root.ad {
			return true
		}
	}
	return false
}
