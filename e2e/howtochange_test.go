package e2e

import (
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// liveThrough makes an account, changes, disables and deletes it, with all that its kind
// says that it can do: what a page tells to allow is enough for that.
func liveThrough(t *testing.T, spec connector.Spec, cfg connector.Config, values map[string]string) {
	t.Helper()
	c, err := spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	m, ok := c.(connector.Maker)
	if !ok {
		t.Fatalf("%s makes no accounts", spec.Kind)
	}
	do := func(x connector.Change) {
		t.Helper()
		if err := m.Apply(t.Context(), x); err != nil {
			t.Fatalf("%s: %v", x.Kind, err)
		}
		if done, err := m.ReadBack(t.Context(), x); err != nil || !done {
			t.Fatalf("%s reads back %v, %v", x.Kind, done, err)
		}
	}
	do(connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: "newcomer", Mark: "acc_1", Values: values, Credential: secret.New([]byte("First-Password-9"))}})
	f, err := m.Find(t.Context(), "newcomer")
	if err != nil || f == nil {
		t.Fatalf("found %+v, %v", f, err)
	}
	for _, kind := range spec.Changes {
		x := connector.Change{Kind: kind, Account: f.ID, Mark: f.Mark}
		switch kind {
		case connector.DisableAccount, connector.EnableAccount, connector.EndSessions:
		case connector.UpdateAccount:
			x.Set = values
		case connector.AddGrant, connector.RemoveGrant, connector.CreateAccount, connector.DeleteAccount:
			continue
		}
		do(x)
	}
	for _, err := range m.Discover(t.Context(), "") {
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
	}
	do(connector.Change{Kind: connector.DeleteAccount, Account: f.ID, Mark: f.Mark})
}
