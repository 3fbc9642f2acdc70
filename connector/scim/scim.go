package scim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/outbound"
)

// Kind is the name of this kind of system.
const Kind = "scim"

// Spec describes it.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: Kind, Title: "SCIM 2.0 service", Address: "https://app.example.com/scim/v2",
		Options: []connector.Option{
			{Name: optDialect, Help: "whose requests the service was built for: auto (RFC 7644, as far as ServiceProviderConfig says), strict, entra or okta", Default: dialectAuto},
			{Name: optTokenURL, Help: "where an access token is had for a client's secret (OAuth client credentials); without it the credential is the bearer token itself"},
			{Name: optClientID, Help: "the client whose secret the credential is; with token_url"},
			{Name: optScope, Help: "the scope to ask for, where the authorization server wants one; with token_url"},
			{Name: optCA, Help: "the authority that the server's certificate is from: a PEM file, or the text itself", Path: connector.IsFile},
			{Name: optGroups, Help: "auto, or none for a service that has no groups", Default: groupsAuto},
			{Name: optAdmins, Help: "what gives power over the service itself, by native id (group:ID, role:VALUE, entitlement:VALUE), with commas between"},
			{Name: optTimeout, Help: "seconds that the service may take for one page", Default: "30"},
			{Name: optPage, Help: "users or groups of one page", Default: "100"},
		},
		Changes: []connector.ChangeKind{
			connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
			connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount,
		},
		Settable: settables(),
		Open:     func(_ context.Context, cfg connector.Config) (connector.Connector, error) { return Open(cfg) },
	}
}

// Service is one SCIM service.
type Service struct {
	*settings
	http  *outbound.Client
	token tokens
}

var _ connector.Maker = (*Service)(nil)

// maxAnswer is how much of one answer is read. It passes through; what is held of it at
// once is maxElement.
const maxAnswer = 512 << 20

// Open checks the configuration. It connects to nothing yet.
func Open(cfg connector.Config) (*Service, error) {
	set, err := newSettings(cfg)
	if err != nil {
		return nil, err
	}
	s := &Service{settings: set}
	s.http, err = outbound.New(outbound.Config{URL: set.base, MaxBody: maxAnswer, Timeout: set.timeout, System: true, Trust: set.trust})
	if err != nil {
		return nil, connector.ErrInput.With("scim %q: the address must look like %s", cfg.Name, Spec().Address).Because(err)
	}
	s.token, err = newTokens(set, cfg.Credential)
	return s, err
}

// Close hangs up.
func (s *Service) Close() error {
	s.http.Close()
	s.token.close()
	return nil
}

// Describe connects and says what the service is and what cannot be read there.
func (s *Service) Describe(ctx context.Context) (connector.Description, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return connector.Description{}, err
	}
	out := connector.Description{Kind: Kind, Version: "SCIM 2.0 service (" + c.says.String() + ")"}
	if err := c.readTypes(); err != nil {
		return out, err
	}
	shown := 0
	err = c.look(usersAt, func(e *element) (thing, error) {
		u, err := e.user()
		if err == nil && bool(u.Password) {
			shown++
		}
		return thing{id: string(u.ID)}, err
	})
	if err == nil && c.types.groups {
		err = c.look(groupsAt, func(e *element) (thing, error) {
			g, err := e.group(func(member) {})
			return thing{id: string(g.ID)}, err
		})
	}
	if err == nil {
		_, err = c.membersAsked()
	}
	out.Warnings = c.warnings(shown)
	return out, err
}

func (c *session) warnings(shown int) []string {
	list := []string{"when an account was last used is not known: SCIM does not tell"}
	if !c.says.known {
		list = append(list, "the service has no ServiceProviderConfig, so what it can do is assumed; set option dialect where changes are refused")
	}
	if !c.types.known {
		list = append(list, "the service has no ResourceTypes, so that it has users and groups is assumed; set option groups=none where it has no groups")
	}
	if c.types.known && !c.types.groups {
		list = append(list, "the service says that it has no groups, or option groups says so: only roles and entitlements of users are read")
	}
	if c.speaks.put && !c.says.etag {
		list = append(list, "the service takes whole users only and keeps no versions: a change that somebody else makes at the same moment can be undone by one of Writ's")
	}
	if !c.speaks.filter {
		list = append(list, "the service has no filters: looking for a login reads all users")
	}
	if len(c.admins) == 0 {
		list = append(list, "who administers the service cannot be seen; name it with option admins")
	}
	if shown > 0 {
		list = append(list, passwordsShown)
	}
	return list
}

const passwordsShown = "the service shows passwords, which must never be returned (RFC 7643 section 7); Writ keeps none of them, but whoever reads users can have them: tell its vendor"

// String lists what a service says that it can do.
func (f features) String() string {
	var list []string
	for _, x := range []struct {
		name string
		has  bool
	}{{"patch", f.patch}, {"filter", f.filter}, {"etag", f.etag}, {"cursor", f.cursor}} {
		if x.has {
			list = append(list, x.name)
		}
	}
	if !f.known {
		return "which does not say what it can do"
	}
	return fmt.Sprintf("says that it can: %s", strings.Join(append(list, "read"), ", "))
}

const defaultWait = 30 * time.Second
