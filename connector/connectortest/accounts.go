package connectortest

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// Accounts is what the kit makes, changes and deletes accounts of.
type Accounts struct {
	New   connector.NewAccount // with all that can be set
	Set   map[string]string    // other values of all that is not fixed
	Taken string               // the login of an account that Writ did not make
	// SignIn signs in with a password, where the system lets one be chosen thereby.
	SignIn func(t *testing.T, login, password string) error
	// Session opens one with a password, for kinds that end them, and says whether it
	// is still there.
	Session func(t *testing.T, login, password string) (open func() bool)
}

// maker is the connector and what was said in errors meanwhile.
type maker struct {
	connector.Maker
	Suite
	n connector.NewAccount
}

func (s Suite) maker(t *testing.T, cfg connector.Config) *maker {
	t.Helper()
	m, ok := s.open(t, cfg).(connector.Maker)
	if !ok {
		t.Fatal("the connector makes no accounts")
	}
	return &maker{m, s, s.Accounts.New}
}

func (m *maker) create() connector.Change {
	n := m.n
	return connector.Change{Kind: connector.CreateAccount, New: &n}
}

func (m *maker) about(kind connector.ChangeKind, f *connector.Found) connector.Change {
	return connector.Change{Kind: kind, Account: f.ID, Mark: f.Mark}
}

// find is the account that the suite makes; nil where it is not there.
func (m *maker) find(t *testing.T) *connector.Found {
	t.Helper()
	f, err := m.Find(t.Context(), m.n.Login)
	if err != nil {
		t.Fatalf("looking for %s: %v", m.n.Login, err)
	}
	return f
}

// made makes the account, which is deleted with the test.
func (m *maker) made(t *testing.T) *connector.Found {
	t.Helper()
	t.Cleanup(func() { m.gone(t) })
	apply(t, m, m.create())
	f := m.find(t)
	if f == nil {
		t.Fatal("the account was made, and cannot be found")
	}
	return f
}

// gone deletes the account, whoever's it is by now, also where the test has ended.
func (m *maker) gone(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	c, err := m.Spec.Open(ctx, m.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // others have tested that
	for _, login := range []string{m.Accounts.New.Login, cmp.Or(m.Accounts.Set[connector.SetLogin], m.Accounts.New.Login)} {
		f, err := c.(connector.Maker).Find(ctx, login)
		if err != nil {
			t.Fatal(err)
		}
		if f == nil {
			continue
		}
		if err := c.(connector.Maker).Apply(ctx, connector.Change{Kind: connector.DeleteAccount, Account: f.ID}); err != nil {
			t.Errorf("deleting %s: %v", f.Login, err)
		}
	}
}

// accounts are the tests of what makes accounts.
func (s Suite) accounts(t *testing.T) {
	if s.Accounts == nil {
		t.Fatal("the suite says of no account how one is made")
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *maker)
	}{
		{"Promises", promises},
		{"Life", life},
		{"Taken", taken},
		{"Refused", refused},
		{"Lesson29_EachAttemptItsSecret", credential},
		{"Sessions", sessions},
		{"Race", race},
		{"LostAnswers", lostAnswers},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := set(t, s.all(t))
			t.Run("Run", func(t *testing.T) { test.run(t, s.maker(t, s.Config)) })
			same(t, "after all", before, set(t, s.all(t)))
		})
	}
}

// promises: what the kind says that it can do and set is what is tested here.
func promises(t *testing.T, m *maker) {
	kinds := map[connector.ChangeKind]bool{}
	for _, step := range m.Steps {
		kinds[step.Do.Kind], kinds[step.Undo.Kind] = true, true
	}
	for _, kind := range []connector.ChangeKind{connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.DisableAccount, connector.EnableAccount} {
		kinds[kind] = true // all lives of accounts have these
	}
	if m.Accounts.Session != nil {
		kinds[connector.EndSessions] = true
	}
	for _, kind := range []connector.ChangeKind{
		connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
		connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions,
	} {
		says := slices.Contains(m.Spec.Changes, kind)
		if says != kinds[kind] {
			t.Errorf("that the kind does %s is said to be %v, and tried: %v", kind, says, kinds[kind])
		}
		if !says {
			m.refuses(t, "what is not promised", connector.Change{Kind: kind, Account: m.Accounts.Taken}, connector.ErrUnsupported)
		}
	}
	for _, a := range m.Spec.Settable {
		if m.n.Values[a.Name] == "" && a.Name != connector.SetLogin || !a.Fixed && m.Accounts.Set[a.Name] == "" {
			t.Errorf("attribute %s is not tried", a.Name)
		}
	}
}

// life: made twice is made once, and what is changed, taken away, disabled, enabled and
// deleted shows, each again and again.
func life(t *testing.T, m *maker) {
	before := len(accounts(m.all(t)))
	if m.find(t) != nil {
		t.Fatal("it is there before it is made")
	}
	if done, err := m.ReadBack(t.Context(), m.create()); err != nil || done {
		t.Fatalf("before: %v, %v", done, err)
	}
	f := m.made(t)
	if f.Mark != m.n.Mark || f.Login != m.n.Login || f.Status != access.Enabled || !f.Shows(m.n.Values) {
		t.Errorf("made %+v, found %+v", m.n, f)
	}
	list := accounts(m.all(t))
	if len(list) != before+1 || list[f.ID] == nil || list[f.ID].Login != f.Login || list[f.ID].Status != access.Enabled {
		t.Errorf("%d accounts became %d, and %s is %+v", before, len(list), f.ID, list[f.ID])
	}
	update := m.about(connector.UpdateAccount, f)
	update.Set = m.Accounts.Set
	m.step(t, update)
	m.renamed()
	if now := m.find(t); now == nil || now.ID != f.ID || now.Mark != f.Mark || !now.Shows(m.Accounts.Set) {
		t.Errorf("set %v, found %+v", m.Accounts.Set, now)
	}
	without := m.about(connector.UpdateAccount, f)
	without.Set = map[string]string{}
	for _, a := range m.Spec.Settable {
		if !a.Fixed && !a.Required && a.Name != connector.SetLogin {
			without.Set[a.Name] = ""
		}
	}
	if len(without.Set) > 0 {
		m.step(t, without)
	}
	for _, kind := range []connector.ChangeKind{connector.DisableAccount, connector.EnableAccount} {
		m.step(t, m.about(kind, f))
		if now := m.find(t); now == nil || (now.Status == access.Enabled) != (kind == connector.EnableAccount) {
			t.Errorf("after %s it is %+v", kind, now)
		}
	}
	m.step(t, m.about(connector.DeleteAccount, f))
	if now := m.find(t); now != nil {
		t.Errorf("deleted, and still found: %+v", now)
	}
	for _, kind := range []connector.ChangeKind{connector.DisableAccount, connector.DeleteAccount} {
		apply(t, m, m.about(kind, f)) // gone is disabled, too
	}
	for _, c := range []connector.Change{m.about(connector.EnableAccount, f), update} {
		m.refuses(t, "changing who is gone", c, connector.ErrUnsupported)
	}
}

// step is a change that does not show before and shows behind.
func (m *maker) step(t *testing.T, c connector.Change) {
	t.Helper()
	before := m.all(t)
	if done, err := m.ReadBack(t.Context(), c); err != nil || done {
		t.Fatalf("before %s: %v, %v", c.Kind, done, err)
	}
	apply(t, m, c)
	if c.Kind != connector.UpdateAccount && reflect.DeepEqual(set(t, before), set(t, m.all(t))) {
		t.Errorf("nothing shows of %s", c.Kind)
	}
}

// credential: the first password lets its holder in, shows nowhere, and a later attempt
// brings another.
func credential(t *testing.T, m *maker) {
	if m.Accounts.SignIn == nil {
		t.Skip("the suite has no way to sign in")
	}
	first := string(m.n.Credential.Reveal())
	f := m.made(t)
	if err := m.Accounts.SignIn(t, m.n.Login, first); err != nil {
		t.Errorf("the first password: %v", err)
	}
	said := fmt.Sprintf("%+v %+v", f, m.create())
	for _, r := range m.all(t) {
		said += text(t, r)
	}
	if strings.Contains(said, first) {
		t.Error("the first password shows")
	}
	again := m.create()
	again.New.Credential = secret.New([]byte(first + "-2"))
	apply(t, m, again)
	if err := m.Accounts.SignIn(t, m.n.Login, first); err == nil {
		t.Error("the password of an earlier attempt lets in")
	}
	if err := m.Accounts.SignIn(t, m.n.Login, first+"-2"); err != nil {
		t.Errorf("the password of the last attempt: %v", err)
	}
}

// sessions: what the account has open ends, and what others have does not.
func sessions(t *testing.T, m *maker) {
	if m.Accounts.Session == nil {
		t.Skip("the kind ends none")
	}
	f := m.made(t)
	end := m.about(connector.EndSessions, f)
	apply(t, m, end) // of none that is open
	password := string(m.n.Credential.Reveal())
	open := []func() bool{m.Accounts.Session(t, m.n.Login, password), m.Accounts.Session(t, m.n.Login, password)}
	for _, is := range open {
		if !is() {
			t.Fatal("a session that was opened is not there")
		}
	}
	if done, err := m.ReadBack(t.Context(), end); err != nil || done {
		t.Errorf("with sessions open: %v, %v", done, err)
	}
	apply(t, m, end)
	for _, is := range open {
		if is() {
			t.Error("a session is still open")
		}
	}
}

func accounts(list []connector.Record) map[string]*connector.Account {
	all := map[string]*connector.Account{}
	for _, r := range list {
		if r.Account != nil {
			all[r.Account.ID] = r.Account
		}
	}
	return all
}

// renamed notes that the account has the login that Set gave it.
func (m *maker) renamed() { m.n.Login = cmp.Or(m.Accounts.Set[connector.SetLogin], m.n.Login) }
