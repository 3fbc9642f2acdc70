package vault

import (
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/vault/keys"
)

// What is known is for one revision, one name and whoever was shown it by the whole way.
func TestMemory(t *testing.T) {
	const ana, ben access.IdentityID = 1, 2
	root := called{"ledger", "root"}
	known := func(at access.Rev, version access.VersionID) Known {
		return Known{At: at, Looked: Looked{Secret: Secret{ID: 7}}, Version: Version{ID: version}}
	}
	var m memory
	if _, ok := m.of(0, root, ana); ok {
		t.Fatal("it knows something")
	}
	if m.Worth(5) {
		t.Fatal("a revision is met for the first time")
	}
	m.keep(known(4, 1), root, ana)
	if _, ok := m.of(5, root, ana); ok {
		t.Fatal("it was of another revision")
	}
	if !m.Worth(5) {
		t.Fatal("a revision is met again")
	}
	m.keep(known(5, 1), root, ana)
	if _, ok := m.of(5, root, ana); !ok {
		t.Fatal("it is not kept")
	}
	for _, c := range []called{{"ledger", "other"}, {"other", "root"}} {
		if _, ok := m.of(5, c, ana); ok {
			t.Fatalf("it knows %v", c)
		}
	}
	for _, at := range []access.Rev{4, 6} {
		if _, ok := m.of(at, root, ana); ok {
			t.Fatalf("it knows what is so at %d", at)
		}
	}
	if _, ok := m.of(5, root, ben); ok {
		t.Fatal("it lets in who was shown nothing yet")
	}
	m.keep(known(5, 2), root, ben)
	if _, ok := m.of(5, root, ana); ok {
		t.Fatal("another version is one that was not shown yet")
	}
	large := known(5, 3)
	large.Sealed = keys.Sealed{Text: make([]byte, knownBytes+1)}
	m.keep(large, called{"ledger", "large"}, ana)
	if _, ok := m.of(5, called{"ledger", "large"}, ana); ok {
		t.Fatal("it keeps what is large")
	}
	if m.Worth(6) {
		t.Fatal("another revision")
	}
	if _, ok := m.of(5, root, ben); ok {
		t.Fatal("it knows what was so")
	}
}
