package scim

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// canary is a password in the store; nobody may see it.
const canary = "correct-horse-canary"

// company is a service with people, groups and all that names can hold.
type company struct {
	*testkit.SCIMServer
	ana, ben, cy, odd       string
	ops, all, dangling      string
	seniors, ring, ringBack string // of the strict dialect, which has groups in groups
}

func newCompany(t testing.TB, o testkit.SCIMOptions) *company {
	t.Helper()
	c := &company{SCIMServer: testkit.SCIM(t, o)}
	c.ana = c.AddUser(t, `{"userName": "ana@example.test", "displayName": "Ana Sol", "active": true, "password": "`+canary+`", "title": "Engineer",
		"name": {"givenName": "Ana", "familyName": "Sol"}, "emails": [{"value": "home@example.test", "type": "home", "primary": true}, {"value": "ana@example.test", "type": "work"}],
		"roles": [{"value": "auditor", "display": "Auditor"}, {"value": "auditor"}], "entitlements": [{"value": "export"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "1001", "department": "Platform", "manager": {"value": "u000002", "displayName": "Ben"}}}`)
	c.ben = c.AddUser(t, `{"userName": "ben@example.test", "externalId": "hr-7", "active": true}`)
	c.cy = c.AddUser(t, `{"userName": "cy@example.test", "active": false, "emails": [{"value": "cy@example.test"}], "roles": [{"value": "admin"}]}`)
	c.odd = c.AddUser(t, `{"userName": "O\"dd \\ (name) + é", "displayName": "O'dd, \"x\"", "active": true}`)
	for i := range 7 {
		c.AddUser(t, fmt.Sprintf(`{"userName": "u%02d@example.test", "active": true}`, i))
	}
	group := func(name string, ids ...string) string {
		id := c.AddGroup(t, fmt.Sprintf(`{"displayName": %q}`, name))
		c.SetMembers(id, ids...)
		return id
	}
	c.ops = group("ops", c.ana, c.odd)
	c.all = group("all", append(c.Users()[1:], c.ana)...)
	c.dangling = group("dangling", c.ana)
	for i := range 3 {
		group(fmt.Sprintf("empty %d", i))
	}
	if c.Dialect == testkit.SCIMStrict {
		c.seniors = group("seniors", c.ops, c.ben)
		c.ring = group("ring", c.ana)
		c.ringBack = group("ring-back", c.ring)
		c.SetMembers(c.ring, c.ringBack, c.ana)
	}
	return c
}

func (c *company) config() connector.Config {
	cfg := connector.Config{
		Name: "app", Address: c.URL, Credential: c.Token,
		Options: map[string]string{optCA: c.CA, optPage: "4", optAdmins: "role:admin"},
	}
	if c.Dialect != testkit.SCIMStrict {
		cfg.Options[optDialect] = string(c.Dialect)
	}
	return cfg
}

func with(cfg connector.Config, options ...string) connector.Config {
	cfg.Options = maps.Clone(cfg.Options)
	for pair := range slices.Chunk(options, 2) {
		cfg.Options[pair[0]] = pair[len(pair)-1]
	}
	return cfg
}

func through(cfg connector.Config, addr string) connector.Config {
	u, _ := url.Parse(cfg.Address)
	u.Host = addr
	cfg.Address = u.String()
	return with(cfg, optTimeout, "10")
}

func hasty(cfg connector.Config) connector.Config { return with(cfg, optTimeout, "1") }

func opened(t testing.TB, cfg connector.Config) *Service {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func account(id string) connector.Target { return connector.Target{Kind: connector.OnAccount, ID: id} }

func inGroup(id string) connector.Target {
	return connector.Target{Kind: connector.OnEntitlement, ID: idOf(kindGroup, id)}
}

func give(holder connector.Target, entitlement string) connectortest.Step {
	g := connector.Grant{Holder: holder, Entitlement: entitlement}
	return connectortest.Step{Do: connector.Change{Kind: connector.AddGrant, Grant: g}, Undo: connector.Change{Kind: connector.RemoveGrant, Grant: g}}
}

func newcomer() *connectortest.Accounts {
	return &connectortest.Accounts{
		New: connector.NewAccount{Login: `new."comer" \+é@example.test`, Mark: "mark-1", Values: map[string]string{
			"name": "New Comer", "given_name": "New", "surname": `Com"er`, "email": "new@example.test", "number": "1002", "title": "Analyst", "unit": "Sales", "employer": "Example",
		}},
		Set: map[string]string{
			"login": "renamed@example.test", "name": "Re Named", "given_name": "Re", "surname": "Named", "email": "renamed@example.test", "number": "1003", "title": "Manager", "unit": "Support", "employer": "Example Ltd",
		},
		Taken: "ANA@example.test",
	}
}

func TestConformance(t *testing.T) {
	for name, o := range map[string]testkit.SCIMOptions{
		"strict":              {},
		"strict with ETags":   {ETags: true},
		"strict by cursors":   {Cursor: true},
		"auto without PATCH":  {NoPatch: true, ETags: true},
		"auto without filter": {NoFilter: true},
		"entra":               {Dialect: testkit.SCIMEntra},
		"okta":                {Dialect: testkit.SCIMOkta, ETags: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for a silent server
			c := newCompany(t, o)
			cfg := c.config()
			wrong := cfg
			wrong.Credential = secret.New([]byte("not-the-token"))
			undo := give(account(c.ana), idOf(kindGroup, c.ops))
			steps := []connectortest.Step{
				give(account(c.ben), idOf(kindGroup, c.ops)),
				{Do: undo.Undo, Undo: undo.Do},
				give(account(c.ben), "role:auditor"), give(account(c.ben), `entitlement:"odd" \ value`),
				{Do: connector.Change{Kind: connector.DisableAccount, Account: c.ben}, Undo: connector.Change{Kind: connector.EnableAccount, Account: c.ben}},
			}
			if c.seniors != "" {
				steps = append(steps, give(inGroup(c.seniors), idOf(kindGroup, c.all)))
			}
			connectortest.Run(t, connectortest.Suite{
				Spec: Spec(), Config: cfg, Addr: c.Addr(), Through: through, Hasty: hasty, Wrong: []connector.Config{wrong},
				Canaries: []string{canary, testkit.SCIMClientSecret}, Steps: steps, Accounts: newcomer(),
				Gone: []connector.Change{
					give(account("who-left"), idOf(kindGroup, c.ops)).Undo, give(account(c.ben), "group:no-group").Undo, give(account(c.ben), "role:none").Undo,
					give(account("who-left"), "role:admin").Undo, give(inGroup("no-group"), idOf(kindGroup, c.ops)).Undo, give(account(c.ben), "nothing").Undo,
					{Kind: connector.DisableAccount, Account: "who-left"},
					{Kind: connector.DeleteAccount, Account: "../Users"},
				},
			})
		})
	}
}
