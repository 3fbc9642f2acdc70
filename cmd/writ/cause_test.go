package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
)

// Lifecycle writes down what follows from a rule; whoever changed the rule has caused it,
// and approves nothing of what it brings.
func TestWhoChangedARuleCausedWhatItBrings(t *testing.T) {
	p := newPlant(t, 3)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"accounts.csv": "id,login,number,status\np1,p1,E1,enabled\np2,p2,E2,enabled\n", "entitlements.csv": "id,kind,name\nledger,group,ledger\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.system("erp", "csv", inventory.Config{Address: dir}, secret.Secret{})
	if _, here, err := p.app.reconcile(p.ctx); err != nil || !here {
		t.Fatal(here, err)
	}
	changer := p.person(3)
	as := audit.WithActor(p.ctx, audit.Actor{Identity: changer})
	rule := lifecycle.Rule{Name: "ledger", When: `identity.number != "E3"`, Entitlements: []access.EntitlementID{p.entitlement("erp/ledger")}, Mode: policy.Enforce}
	p.must(p.app.db.Lifecycle().AddRule(as, rule, "a test"))
	if _, here, err := p.app.reconcile(p.ctx); err != nil || !here {
		t.Fatal(here, err)
	}
	p.carry()
	runs, err := p.app.db.Provision().Runs(p.ctx, provision.RunQuery{First: 10})
	if err != nil || len(runs) == 0 {
		t.Fatalf("%+v, %v", runs, err)
	}
	_, causes, err := p.app.db.Provision().Subjects(p.ctx, runs[0].ID)
	if err != nil || !slices.Contains(causes, changer.String()) {
		t.Errorf("caused by %v, %v; %s changed the rule", causes, err, changer)
	}
	if err := p.s.Approve(as, runs[0].ID, "it is fine"); !errors.Is(err, provision.ErrOwnRun) {
		t.Errorf("whoever changed the rule approves what it brings: %v", err)
	}
}
