package scim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

var dialects = []testkit.SCIMOptions{{}, {ETags: true}, {NoPatch: true}, {Dialect: testkit.SCIMEntra}, {Dialect: testkit.SCIMOkta}}

// changes are one of each kind, of what is there.
func (c *company) changes() []connector.Change {
	n := newcomer().New
	return []connector.Change{
		give(account(c.ben), idOf(kindGroup, c.ops)).Do, give(account(c.ana), idOf(kindGroup, c.ops)).Undo,
		give(account(c.ben), "role:auditor").Do, give(account(c.ana), "role:auditor").Undo,
		{Kind: connector.DisableAccount, Account: c.ana},
		{Kind: connector.EnableAccount, Account: c.cy},
		{Kind: connector.UpdateAccount, Account: c.ana, Set: map[string]string{"title": "Boss", "email": "boss@example.test", "number": ""}},
		{Kind: connector.DeleteAccount, Account: c.cy},
		{Kind: connector.CreateAccount, New: &n},
	}
}

// A service that answers 200 and does nothing is seen, by Apply and by ReadBack.
func TestLesson16_AServiceThatLies(t *testing.T) {
	for _, o := range dialects {
		c := newCompany(t, o)
		s := opened(t, c.config())
		c.Lie(true)
		for _, x := range c.changes() {
			if err := s.Apply(t.Context(), x); !errors.Is(err, connector.ErrPrivilege) || !strings.Contains(err.Error(), "does not show it") {
				t.Errorf("%+v: %s: %v", o, x.Kind, err)
			}
			if done, err := s.ReadBack(t.Context(), x); done || err != nil {
				t.Errorf("%+v: %s reads back %v, %v", o, x.Kind, done, err)
			}
		}
		c.Lie(false)
		for _, x := range c.changes() {
			if err := s.Apply(t.Context(), x); err != nil {
				t.Errorf("%+v: %s when it tells the truth: %v", o, x.Kind, err)
			}
		}
	}
}

// What was made though the answer was lost is found, and made no second time.
func TestAnswersThatAreLost(t *testing.T) {
	for _, o := range dialects {
		c := newCompany(t, o)
		s := opened(t, c.config())
		for _, x := range c.changes() {
			c.Lose(1)
			if err := s.Apply(t.Context(), x); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%+v: %s: the answer was lost, and it says %v", o, x.Kind, err)
			}
			for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
				c.Calls(method)
			}
			if err := s.Apply(t.Context(), x); err != nil {
				t.Errorf("%+v: %s again: %v", o, x.Kind, err)
			}
			for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
				if n := c.Calls(method); n != 0 {
					t.Errorf("%+v: %s again sent %d %s", o, x.Kind, n, method)
				}
			}
			if done, err := s.ReadBack(t.Context(), x); !done || err != nil {
				t.Errorf("%+v: %s reads back %v, %v", o, x.Kind, done, err)
			}
		}
		if n := len(c.Users()); n != 11 {
			t.Errorf("%+v: there are %d users, want 11", o, n)
		}
	}
}

// Where somebody else gets in between, nothing of theirs is undone.
func TestSomebodyElseInBetween(t *testing.T) {
	for _, o := range []testkit.SCIMOptions{{ETags: true}, {ETags: true, NoPatch: true}, {ETags: true, Dialect: testkit.SCIMOkta}} {
		c := newCompany(t, o)
		s := opened(t, c.config())
		c.Between(func() { c.SetMembers(c.ops, c.ana, c.cy) })
		if err := s.Apply(t.Context(), give(account(c.ben), idOf(kindGroup, c.ops)).Do); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
		if got := c.Members(c.ops); !slices.Equal(got, []string{c.ana, c.cy, c.ben}) {
			t.Errorf("%+v: in the group are %v", o, got)
		}
	}
}

// A busy service is waited for as long as it asks, if that is short, and is an error that
// passes else.
func TestABusyService(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{})
	s := opened(t, with(c.config(), optTimeout, "20"))
	c.Busy(2, "0")
	if _, err := s.Find(t.Context(), "ana@example.test"); err != nil {
		t.Errorf("asked to wait: %v", err)
	}
	for _, after := range []string{"", "3600", "tomorrow"} {
		c.Busy(1, after)
		if _, err := s.Describe(t.Context()); !errors.Is(err, connector.ErrUnreachable) || fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "too much to do (429)") {
			t.Errorf("after %q: %v", after, err)
		}
	}
	c.Busy(100, "0")
	if _, err := s.Describe(t.Context()); !errors.Is(err, connector.ErrUnreachable) {
		t.Errorf("always busy: %v", err)
	}
}

// A mark that the service does not keep would make accounts that nobody knows again.
func TestAServiceWithoutMarks(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{Forgetful: true})
	n := newcomer().New
	before := c.Users()
	err := opened(t, c.config()).Apply(t.Context(), connector.Change{Kind: connector.CreateAccount, New: &n})
	if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "externalId") || !slices.Equal(before, c.Users()) {
		t.Errorf("%v, and %d users became %d", err, len(before), len(c.Users()))
	}
}

// Another client's externalId is not Writ's, and one that another client overwrote is not
// either.
func TestExternalIDsOfOthers(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{})
	s := opened(t, c.config())
	n := newcomer().New
	n.Login = "ben@example.test"
	if err := s.Apply(t.Context(), connector.Change{Kind: connector.CreateAccount, New: &n}); !errors.Is(err, connector.ErrTaken) {
		t.Errorf("another client's: %v", err)
	}
	for _, kind := range []connector.ChangeKind{connector.DisableAccount, connector.DeleteAccount} {
		if err := s.Apply(t.Context(), connector.Change{Kind: kind, Account: c.ben, Mark: n.Mark}); !errors.Is(err, connector.ErrTaken) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if c.User(c.ben)["externalId"] != "hr-7" || c.User(c.ben)["active"] != true {
		t.Errorf("ben is %v", c.User(c.ben))
	}
}

// Of two that get one login at once, where a service allows that, Writ's goes again.
func TestTwoOfOneLogin(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{Lax: true})
	n := newcomer().New
	c.Between(func() { c.AddUser(t, `{"userName": "NEW.\"comer\" \\+é@example.test"}`) })
	err := opened(t, c.config()).Apply(t.Context(), connector.Change{Kind: connector.CreateAccount, New: &n})
	if !errors.Is(err, connector.ErrTaken) {
		t.Error(err)
	}
	for _, id := range c.Users() {
		if c.User(id)["externalId"] == connector.Sign(n.Mark) {
			t.Error("Writ's is still there")
		}
	}
	if n := len(c.Users()); n != 12 {
		t.Errorf("there are %d users, want 12", n)
	}
}

// A whole user that is sent back loses nothing that Writ does not know.
func TestWholeUsersLoseNothing(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{Dialect: testkit.SCIMOkta})
	id := c.AddUser(t, `{"userName": "rich@example.test", "externalId": "other-1", "nickName": "R", "phoneNumbers": [{"value": "tel:+1-201", "type": "work"}], "active": true,
		"emails": [{"value": "a@example.test", "type": "home"}, {"value": "b@example.test", "type": "work"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"division": "East", "employeeNumber": "7"}}`)
	x := connector.Change{Kind: connector.UpdateAccount, Account: id, Set: map[string]string{"email": "c@example.test", "number": "8", "title": "T"}}
	if err := opened(t, c.config()).Apply(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	u := c.User(id)
	ent := u[entURN].(map[string]any)
	emails := u["emails"].([]any)
	if u["nickName"] != "R" || u["externalId"] != "other-1" || len(u["phoneNumbers"].([]any)) != 1 || ent["division"] != "East" || ent["employeeNumber"] != "8" ||
		len(emails) != 2 || emails[0].(map[string]any)["value"] != "a@example.test" || emails[1].(map[string]any)["value"] != "c@example.test" {
		t.Errorf("%v", u)
	}
}

func TestGroupsInGroups(t *testing.T) {
	for _, d := range []testkit.SCIMDialect{testkit.SCIMEntra, testkit.SCIMOkta} {
		c := newCompany(t, testkit.SCIMOptions{Dialect: d})
		err := opened(t, c.config()).Apply(t.Context(), give(inGroup(c.ops), idOf(kindGroup, c.all)).Do)
		if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "no groups in groups") {
			t.Errorf("%s: %v", d, err)
		}
	}
}

// The wrong dialect is an error that says which option to look at, and changes nothing.
func TestTheWrongDialect(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{Dialect: testkit.SCIMEntra})
	before := c.stored()
	for _, dialect := range []string{dialectStrict, dialectOkta} {
		s := opened(t, with(c.config(), optDialect, dialect))
		for _, x := range c.changes()[:7] {
			if err := s.Apply(t.Context(), x); err == nil || !strings.Contains(err.Error(), "option dialect") {
				t.Errorf("%s: %s: %v", dialect, x.Kind, err)
			}
		}
	}
	if !slices.Equal(before, c.stored()) {
		t.Error("something changed")
	}
}

// An access token is had for a client's secret, and again where it is no longer good.
func TestClientCredentials(t *testing.T) {
	c := newCompany(t, testkit.SCIMOptions{})
	cfg := with(c.config(), optTokenURL, c.TokenURL(), optClientID, testkit.SCIMClient, optScope, "scim")
	cfg.Credential = secret.New([]byte(testkit.SCIMClientSecret + "\n"))
	s := opened(t, cfg)
	for range 2 {
		if _, err := s.Describe(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Revoke()
	}
	wrong := cfg
	wrong.Credential = secret.New([]byte("hunter2-canary"))
	for what, cfg := range map[string]connector.Config{"secret": wrong, "client": with(cfg, optClientID, "nobody")} {
		_, err := opened(t, cfg).Describe(t.Context())
		if !errors.Is(err, connector.ErrCredentials) || !strings.Contains(err.Error(), "invalid_client") || strings.Contains(err.Error(), "canary") {
			t.Errorf("another %s: %v", what, err)
		}
	}
	away := with(cfg, optTokenURL, "https://127.0.0.1:1/token")
	if _, err := opened(t, away).Describe(t.Context()); !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), "token_url") {
		t.Errorf("nobody there: %v", err)
	}
}
