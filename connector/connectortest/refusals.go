package connectortest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/writhq/writ/connector"
)

const stranger = "mark-of-a-stranger"

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
