package connectortest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
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

const stranger = "mark-of-a-stranger"

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

// refuses fails unless a change is refused by a rule.
func (m *maker) refuses(t *testing.T, what string, c connector.Change, rule error) {
	t.Helper()
	m.names(t, what, m.Apply(t.Context(), c), rule)
}

// untouched calls for changes that are refused, and fails if anything shows of them.
func (m *maker) untouched(t *testing.T, refusals func()) {
	t.Helper()
	before := set(t, m.all(t))
	refusals()
	same(t, "after what was refused", before, set(t, m.all(t)))
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

// taken: a login that is somebody else's stays so, whoever they are.
func taken(t *testing.T, m *maker) {
	other := m.create()
	other.New.Login = m.Accounts.Taken
	m.refuses(t, "somebody's login", other, connector.ErrTaken)
	if _, err := m.ReadBack(t.Context(), other); !errors.Is(err, connector.ErrTaken) {
		t.Errorf("somebody's login reads back %v", err)
	}
	theirs, err := m.Find(t.Context(), m.Accounts.Taken)
	if err != nil || theirs == nil {
		t.Fatalf("looking for %s: %v, %v", m.Accounts.Taken, theirs, err)
	}
	f := m.made(t)
	again := m.create()
	again.New.Mark = stranger
	m.untouched(t, func() {
		m.refuses(t, "an account with another mark", again, connector.ErrTaken)
		for _, about := range []*connector.Found{{ID: f.ID, Mark: stranger}, {ID: theirs.ID, Mark: m.n.Mark}} {
			for _, kind := range m.Spec.Changes {
				c := m.about(kind, about)
				if kind == connector.UpdateAccount {
					c.Set = m.Accounts.Set
				}
				if kind != connector.CreateAccount && kind != connector.AddGrant && kind != connector.RemoveGrant {
					m.refuses(t, fmt.Sprintf("%s of another's", kind), c, connector.ErrTaken)
				}
			}
		}
	})
}

// refused: what cannot be is an error that says so, with no account half made and no
// password in it.
func refused(t *testing.T, m *maker) {
	for what, edit := range map[string]func(*connector.NewAccount){
		"an attribute that is none": func(n *connector.NewAccount) { n.Values = plus(n.Values, "never heard of", "x") },
		"a login in two lines":      func(n *connector.NewAccount) { n.Login += "\nroot" },
		"a login that is no text":   func(n *connector.NewAccount) { n.Login += "\xff" },
		"a NUL in the login":        func(n *connector.NewAccount) { n.Login += "\x00" },
		"no login":                  func(n *connector.NewAccount) { n.Login = "" },
		"no mark":                   func(n *connector.NewAccount) { n.Mark = "" },
		"a mark that is none":       func(n *connector.NewAccount) { n.Mark = "a b,c" },
	} {
		c := m.create()
		edit(c.New)
		m.refuses(t, what, c, connector.ErrUnsupported)
		if _, err := m.ReadBack(t.Context(), c); err == nil {
			t.Errorf("%s reads back", what)
		}
	}
	f := m.made(t)
	m.untouched(t, func() {
		for _, a := range m.Spec.Settable {
			c := m.about(connector.UpdateAccount, f)
			if c.Set = map[string]string{a.Name: m.n.Values[a.Name] + "x"}; a.Fixed {
				m.refuses(t, "changing what is fixed", c, connector.ErrUnsupported)
			}
			c.Set = map[string]string{a.Name: "a\nb"}
			m.refuses(t, "a value in two lines", c, connector.ErrUnsupported)
		}
	})
}

func plus(values map[string]string, name, value string) map[string]string {
	values = maps.Clone(values)
	if values == nil {
		values = map[string]string{}
	}
	values[name] = value
	return values
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

// race: of two who make one account at once, one has it and the other is told.
func race(t *testing.T, m *maker) {
	t.Cleanup(func() { m.gone(t) })
	const rounds = 3
	for range rounds {
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			c := m.create()
			c.New.Mark += fmt.Sprint(i)
			other := m.maker(t, m.Config)
			all.Go(func() { errs[i] = other.Apply(t.Context(), c) })
		}
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), connector.ErrTaken) {
			t.Fatalf("two at once: %v", errs)
		}
		f := m.find(t)
		if winner := slices.Index(errs, nil); f == nil || f.Mark != m.n.Mark+fmt.Sprint(winner) {
			t.Errorf("%d had it, and found is %+v", winner, f)
		}
		m.gone(t)
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
