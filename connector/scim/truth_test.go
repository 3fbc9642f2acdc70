package scim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

func discover(t testing.TB, cfg connector.Config) (list []connector.Record) {
	t.Helper()
	for r, err := range opened(t, cfg).Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// grants are HOLDER > ENTITLEMENT.
func grants(list []connector.Record) (out []string) {
	for _, r := range list {
		if r.Grant != nil {
			out = append(out, r.Grant.Holder.ID+" > "+r.Grant.Entitlement)
		}
	}
	slices.Sort(out)
	return out
}

func rejects(list []connector.Record) (out []string) {
	for _, r := range list {
		if r.Reject != nil {
			out = append(out, r.Reject.Where+": "+r.Reject.Reason)
		}
	}
	return out
}

// stored are the grants as the service's own store has them.
func (c *company) stored() (out []string) {
	for _, g := range c.Groups() {
		for _, id := range c.Members(g) {
			switch {
			case c.User(id) != nil:
				out = append(out, id+" > group:"+g)
			case slices.Contains(c.Groups(), id):
				out = append(out, "group:"+id+" > group:"+g)
			}
		}
	}
	for _, id := range c.Users() {
		for _, kind := range []string{"role", "entitlement"} {
			name := map[string]string{"role": "roles", "entitlement": "entitlements"}[kind]
			list, _ := c.User(id)[name].([]any)
			for _, v := range list {
				out = append(out, fmt.Sprintf("%s > %s:%s", id, kind, v.(map[string]any)["value"]))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// What Discover says of who has what is what the service's store has, whatever the pages.
func TestGrantsAreTrue(t *testing.T) {
	for name, o := range map[string]testkit.SCIMOptions{
		"by number": {}, "by cursor": {Cursor: true}, "one on each page": {Page: 1}, "two on each page": {Page: 2}, "entra": {Dialect: testkit.SCIMEntra},
	} {
		c := newCompany(t, o)
		c.SetMembers(c.dangling, c.ana, "who-left", "u000002x")
		want := c.stored()
		if len(want) < 15 {
			t.Fatalf("%s: the store has only %d grants", name, len(want))
		}
		list := discover(t, c.config())
		if got := grants(list); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if said := strings.Join(rejects(list), "\n"); !strings.Contains(said, "group dangling ("+c.dangling+"): 2 of its members are gone") || strings.Count(said, "\n") != 0 {
			t.Errorf("%s: warned\n%s", name, said)
		}
	}
}

// Every row of the table in doc.go.
func TestAccountsAreTrue(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{})
	der := []byte("not a certificate, and one all the same")
	with := c.AddUser(t, `{"userName": "key@example.test", "name": {"formatted": "Key Holder"}, "x509Certificates": [{"value": "`+base64.StdEncoding.EncodeToString(der)+`"}, {"value": "%%"}],
		"emails": [{"value": "first@example.test"}, {"value": "main@example.test", "primary": true}]}`)
	accounts, credentials := map[string]*connector.Account{}, 0
	for _, r := range discover(t, c.config()) {
		switch {
		case r.Account != nil:
			accounts[r.Account.ID] = r.Account
		case r.Credential != nil:
			if credentials++; r.Credential.Account != with || r.Credential.Kind != access.Certificate || !strings.HasPrefix(r.Credential.Fingerprint, "SHA256:") {
				t.Errorf("credential %+v", r.Credential)
			}
		case r.Entitlement != nil && (len(r.Entitlement.Capabilities) > 0) != (r.Entitlement.ID == "role:admin"):
			t.Errorf("what %s can do: %+v", r.Entitlement.ID, r.Entitlement.Capabilities)
		}
	}
	if credentials != 1 || len(accounts) != len(c.Users()) {
		t.Errorf("%d credentials, %d accounts", credentials, len(accounts))
	}
	ana, ben, cy := accounts[c.ana], accounts[c.ben], accounts[c.cy]
	if ana.Login != "ana@example.test" || ana.DisplayName != "Ana Sol" || ana.Email != "ana@example.test" || ana.Number != "1001" || ana.Status != access.Enabled || ana.Created == 0 || ana.UsageKnown {
		t.Errorf("ana is %+v", ana)
	}
	for name, want := range map[string]string{"title": "Engineer", "unit": "Platform", "manager": "u000002", "manager_name": "Ben", "given_name": "Ana", "surname": "Sol"} {
		if ana.Attributes[name] != want {
			t.Errorf("%s of ana is %q", name, ana.Attributes[name])
		}
	}
	if ben.Attributes["external_id"] != "hr-7" || cy.Status != access.Disabled || cy.Email != "cy@example.test" || accounts[c.odd].DisplayName != `O'dd, "x"` {
		t.Errorf("ben is %+v, cy %+v", ben, cy)
	}
	if k := accounts[with]; k.DisplayName != "Key Holder" || k.Email != "main@example.test" || k.Status != access.Enabled {
		t.Errorf("of whom little is said: %+v", k)
	}
}

// What slides between two pages is read again, and each thing is given once.
func TestPagesThatSlide(t *testing.T) {
	for name, between := range map[string]func(*company){
		"one before goes":            func(c *company) { c.Remove(c.ben) },
		"one goes and another comes": func(c *company) { c.Remove(c.ben); c.AddUser(t, `{"userName": "z@example.test"}`) },
	} {
		c := newCompany(t, testkit.SCIMOptions{})
		got, moved := map[string]int{}, false
		for r, err := range opened(t, c.config()).Discover(t.Context(), "") {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if r.Account != nil {
				if got[r.Account.ID]++; len(got) == 4 && !moved {
					moved = true
					between(c)
				}
			}
		}
		for _, id := range c.Users() {
			if got[id] != 1 {
				t.Errorf("%s: %s came %d times", name, id, got[id])
			}
		}
	}
}

func TestWhatDescribeSays(t *testing.T) {
	for name, test := range map[string]struct {
		o    testkit.SCIMOptions
		says []string
	}{
		"all":      {testkit.SCIMOptions{ETags: true, Cursor: true}, []string{"patch, filter, etag, cursor"}},
		"no PATCH": {testkit.SCIMOptions{NoPatch: true}, []string{"whole users only", "filter, read"}},
		"nothing":  {testkit.SCIMOptions{NoPatch: true, NoFilter: true}, []string{"says that it can: read", "no filters"}},
	} {
		c := newCompany(t, test.o)
		d, err := opened(t, with(c.config(), optAdmins, "")).Describe(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		said := d.Version + "\n" + strings.Join(d.Warnings, "\n")
		for _, want := range append(test.says, "last used", "option admins") {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in %s", name, want, said)
			}
		}
	}
}

func TestWhatOpenRefuses(t *testing.T) {
	c := testkit.SCIM(t, testkit.SCIMOptions{})
	good := (&company{SCIMServer: c}).config()
	at := func(address string) connector.Config {
		cfg := good
		cfg.Address = address
		return cfg
	}
	for name, test := range map[string]struct {
		cfg  connector.Config
		says string
	}{
		"a password":        {at("https://me:hunter2@app.example.com/scim"), "credential"},
		"without TLS":       {at("http://app.example.com/scim"), "must look like"},
		"a token behind it": {at("https://app.example.com/scim?token=hunter2"), "every log"},
		"dots":              {at("https://app.example.com/scim/../admin"), "dots"},
		"no host":           {at("https:///scim"), "must look like"},
		"a dialect":         {with(good, optDialect, "ping"), "one of auto, strict, entra, okta"},
		"half of OAuth":     {with(good, optClientID, "x"), "belong together"},
		"token without TLS": {with(good, optClientID, "x", optTokenURL, "http://idp.example.com/token"), "token_url"},
		"admins":            {with(good, optAdmins, "Administrators"), "group:ID"},
		"page":              {with(good, optPage, "1"), "2 to"},
		"unknown":           {with(good, "nonsense", "1"), "not known"},
		"no token":          {connector.Config{Name: "app", Address: good.Address}, "bearer token"},
	} {
		_, err := Open(test.cfg)
		if !errors.Is(err, connector.ErrInput) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), `"app"`) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(at("http://127.0.0.1:1/scim")); err != nil {
		t.Errorf("this machine without TLS: %v", err)
	}
}

// What a member is, is said by its type, else by where it is, else by nobody.
func TestWhatAMemberIs(t *testing.T) {
	for want, list := range map[string][]member{
		ofUser:   {{Type: "User"}, {Type: "user"}, {Ref: "https://app.example.com/v2/Users/1"}, {Type: "User", Ref: "../Groups/1"}},
		ofGroup:  {{Type: "Group"}, {Type: "group"}, {Ref: "../Groups/1"}},
		"Device": {{Type: "Device", Ref: "../Users/1"}},
		"":       {{Value: "1"}, {Ref: "https://app.example.com/v2/1"}},
	} {
		for _, m := range list {
			if m.kind() != want {
				t.Errorf("%+v is %q, not %q", m, m.kind(), want)
			}
		}
	}
}
