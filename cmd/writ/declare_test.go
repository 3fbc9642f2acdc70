package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/declare"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// The schema that editors check documents by follows from the types that they are read
// into.
func TestDocumentsHaveASchema(t *testing.T) {
	e := declare.Engine{Kinds: documented{}.kinds()}
	text, err := e.Schema()
	must(t, err)
	golden(t, "../../docs/schemas/declare-document.json", append(text, '\n'))
}

// declaring is an engine over a server's store, where its gate decides.
func (w *world) declaring() *declare.Engine {
	e := w.app.declare()
	e.Gate = w.node.gate
	return e
}

func (w *world) planned(text string, prune bool) *declare.Plan {
	w.t.Helper()
	list, err := w.declaring().Read("-", strings.NewReader(text))
	must(w.t, err)
	p, err := w.declaring().Plan(w.ctx, list, prune)
	must(w.t, err)
	return p
}

// applied plans and applies as the node's operator.
func (w *world) applied(text string, prune bool) {
	w.t.Helper()
	ctx := policy.WithCaller(w.ctx, policy.Caller{Node: "operator:test"})
	must(w.t, w.declaring().Apply(ctx, w.planned(text, prune), "a test", func(declare.Step) {}))
	must(w.t, w.node.settle(w.ctx))
}

// erp adds a system of that name, and reads it.
func (w *world) erp() {
	w.t.Helper()
	_, files := csvSystem(w.t)
	w.applied("kind: system\nname: erp\nspec: {kind: csv, address: '"+files+"'}\n", false)
	y, err := w.app.inventory().System(w.ctx, "erp")
	must(w.t, err)
	w.reads(func() error {
		_, err := w.app.inventory().SyncSystem(w.ctx, y.ID, inventory.SyncOptions{})
		return err
	})
}

const (
	oldSystem = "kind: system\nname: old\nspec: {kind: postgres, address: 'postgres://reader@db/x', "
	aRule     = "kind: correlation-rule\nname: NAME\nspec: {by: login, expression: account.login, mode: enforce}\n"
	aSystem   = "kind: system\nname: NAME\nspec: {kind: postgres, address: 'postgres://reader@db/x', "
)

// What applying takes is what each change takes by itself: where one step is refused to
// somebody, none is done.
func TestWhoMayApply(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	w.people("number,name,email\n1,Ana,ana@example.com\n2,Ben,ben@example.com\n3,Cleo,cleo@example.com\n4,Dora,dora@example.com\n5,Eve,eve@example.com\n6,Finn,finn@example.com\n")
	w.applied("kind: scope\nname: Asia\nspec: {}\n---\n"+oldSystem+"}\n", false)
	w.erp()
	asia, err := w.app.scopes().Find(w.ctx, "Asia")
	must(t, err)
	everybody := map[string]policy.Caller{"nobody": {}, "requester": {Identity: w.someone("6")}, "operator": {Node: "operator:test"}}
	for number, h := range map[string]policy.Held{
		"1": {Function: access.IAM}, "2": {Function: access.PlatformOwner}, "3": {Function: access.SecurityOperations},
		"4": {Function: access.AuditFunction}, "5": {Function: access.PlatformOwner, Scope: asia.ID},
	} {
		must(t, w.app.db.Policy().Assign(w.ctx, policy.Assignment{Identity: w.someone(number), Held: h, Reason: "a test"}))
		name := string(h.Function)
		if h.Scope != 0 {
			name = "asia"
		}
		everybody[name] = policy.Caller{Identity: w.someone(number), Context: policy.Context{MFA: true}}
	}
	reads := everybody["iam"]
	reads.Limits = []string{"read"}
	everybody["token"] = reads
	must(t, w.node.settle(w.ctx))

	for name, tt := range map[string]struct {
		text string
		may  []string
	}{
		"a scope":                   {"kind: scope\nname: NAME\nspec: {}\n", []string{"iam", "operator"}},
		"a scope in Asia":           {"kind: scope\nname: NAME\nspec: {in: Asia}\n", []string{"iam", "operator"}},
		"a rule":                    {aRule, []string{"iam", "operator"}},
		"a source":                  {"kind: source\nname: NAME\nspec: {kind: csv, address: /srv/more.csv}\n", []string{"iam", "operator"}},
		"a system":                  {aSystem + "}\n", []string{"iam", "operator", "platform_owner"}},
		"a system in Asia":          {aSystem + "scope: Asia}\n", []string{"asia", "iam", "operator", "platform_owner"}},
		"another address":           {strings.Replace(oldSystem, "db/x", "db/y", 1) + "}\n", []string{"operator", "platform_owner"}},
		"another owner":             {oldSystem + "business_owner: '2'}\n", []string{"operator", "platform_owner"}},
		"another scope":             {oldSystem + "scope: Asia}\n", []string{"operator", "platform_owner"}},
		"a role":                    {"kind: role\nname: NAME\nspec: {kind: technical, owner: '1', parts: [{entitlement: erp/Administrator}]}\n", []string{"iam", "operator"}},
		"a mapping":                 {"kind: mapping\nname: erp\nspec: {logins: [identity.login], when: 'identity.unit == \"NAME\"'}\n", []string{"iam", "operator"}},
		"a birthright rule":         {"kind: birthright-rule\nname: NAME\nspec: {when: 'identity.unit == \"x\"', entitlements: [erp/Administrator]}\n", []string{"iam", "operator"}},
		"policies":                  {"kind: policy\nname: NAME\nspec: {text: '@id(\"NAME.x\") @reason(\"x\") forbid (principal, action == Action::\"system.add\", resource in Scope::\"Asia\");'}\n", []string{"iam", "operator"}},
		"a rule and a known system": {aRule + "---\n" + oldSystem + "criticality: low}\n", []string{"operator"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, who := range slices.Sorted(maps.Keys(everybody)) {
				w.applied(oldSystem+"}\n", false)
				own := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(who + " " + name))
				text := strings.ReplaceAll(tt.text, "NAME", own)
				done := 0
				err := w.declaring().Apply(policy.WithCaller(w.ctx, everybody[who]), w.planned(text, false), "a test", func(declare.Step) { done++ })
				if may := slices.Contains(tt.may, who); may != (err == nil) || may != (done > 0) {
					t.Errorf("%s, who may is %v: did %d steps, %v", who, may, done, err)
				}
				must(t, w.node.settle(w.ctx))
			}
		})
	}
}

// What is exported of a whole company plans to nothing, on both databases; what is applied
// elsewhere is exported alike, but for what is sealed and for who owns what there.
func TestWhatIsExportedOfACompanyPlansToNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.people("number,name,email,login\n1,Ana,ana@example.com,2\n2,Ben,ben@example.com,ben\n3,Cleo,,\n")
		w.applied(strings.Join([]string{
			"kind: scope\nname: Europe\nspec: {in: Asia}\n", "kind: scope\nname: Asia\nspec: {}\n",
			"kind: system\nname: 'host: 1'\nspec: {kind: linux, address: 'ssh://reader@h1', credential: 'file:/etc/key', options: {}}\n",
			"kind: system\nname: a/b\nspec: {kind: postgres, address: 'postgres://r@db/x', runs_on: 'host: 1', scope: Europe, business_owner: Ben, technical_owner: '3', cycle: 90m, every: 1h30m, hours: '22:00-06:00 Europe/Berlin', environment: production, criticality: control, data_class: restricted, draft: true}\n",
			"kind: source\nname: other\nspec: {kind: csv, address: /srv/o.csv, precedence: 0, options: {column.number: PERNR}, every: 12h}\n",
			"kind: correlation-rule\nname: lines\nspec:\n  by: login\n  mode: enforce\n  expression: |\n    // two lines\n    account.login\n",
		}, "---\n"), false)
		w.erp()
		w.applied("kind: role\nname: Reader\nspec:\n  kind: business\n  owner: Cleo\n  description: \"a\\tb\"\n  parameters: [{name: region, values: [emea, apac], from: identity.unit}]\n  parts: [{entitlement: erp/Administrator, when: {region: emea}}]\n---\nkind: mapping\nname: erp\nspec: {logins: [identity.login, identity.number], when: 'true', recipient: manager, retention_days: 30}\n---\nkind: birthright-rule\nname: staff\nspec: {when: 'identity.kind == \"human\"', entitlements: [erp/Administrator, erp/admin], grace_days: 3, mode: warn, description: all}\n", false)
		w.applied("kind: policy\nname: house\nspec:\n  description: 'a: b'\n  text: |\n    // Scope::\"Asia\"\n    @id(\"house.a\") @mode(\"enforce\")\n    @reason(\"x\")\n    forbid (principal == Identity::\"Cleo\", action, resource in Scope::\"Asia\") when { resource has system && resource.system == System::\"host: 1\" };\n\n    @id(\"house.b\") @reason(\"x\") permit (principal, action == Action::\"entitlement.read\", resource == Entitlement::\"erp/Administrator\");\n---\nkind: policy\nname: drafted\nspec: {text: ''}\n", false)
		w.publishesDraft("house")
		export := func(a *app) string {
			t.Helper()
			files, err := a.declare().Export(w.ctx, nil)
			must(t, err)
			var b strings.Builder
			for _, f := range files {
				b.WriteString("---\n" + string(f.Text))
			}
			return b.String()
		}
		text := export(w.app)
		if p := w.planned(text, true); !p.Empty() || p.Same != 13 {
			t.Fatalf("%+v\n%s", p.Steps, text)
		}
		for _, want := range []string{"business_owner: Ben", `technical_owner: "3"`, "cycle: 1h30m", "precedence: 0", "draft: true", "runs_on: 'host: 1'", "entitlement: erp/Administrator", "owner: \"3\"", `Identity::"3"`, `Scope::"Asia"`, `System::"host: 1"`, `Entitlement::"erp/Administrator"`} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %q in\n%s", want, text)
			}
		}
		if err := w.app.inventory().ChangeRule(w.ctx, inventory.OwnRule{Name: "lines", By: "login", Expression: "account.login", Score: 90, Version: 1}, "a test"); !errors.Is(err, inventory.ErrRuleChanged) {
			t.Error(err)
		}
		if err := w.app.inventory().RemoveRule(w.ctx, "lines", 1, "a test"); !errors.Is(err, inventory.ErrRuleChanged) {
			t.Error(err)
		}
	})
}

// Invariants 3 and 10 on systems: a document holds no secret, and one that says nothing
// of a credential leaves what is sealed, which never goes to another address.
func TestASealedCredentialIsNotDeclared(t *testing.T) {
	data, files := csvSystem(t)
	const plain = "canary-three"
	pipe(t, plain+"\n", "--data", data, "system", "add", "erp=csv="+files, "--credential", "erp=stdin")
	out, _ := writ(t, exitOK, "--data", data, "export")
	if strings.Contains(out, plain) || strings.Contains(out, "credential") {
		t.Fatal(out)
	}
	folder := filepath.Join(t.TempDir(), "policy")
	writ(t, exitOK, "--data", data, "export", "-f", folder)
	if out, _ = writ(t, exitOK, "--data", data, "plan", "-f", folder); !strings.Contains(out, "nothing differs") {
		t.Fatal(out)
	}
	path := filepath.Join(folder, "system.yaml")
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, append(text, "  criticality: low\n"...), 0o600))
	writ(t, exitOK, "--data", data, "apply", "-f", folder, "--reason", "a test", "--yes")
	if out, _ = writ(t, exitOK, "--data", data, "system", "show", "erp", "-o", "json"); !strings.Contains(out, `"credential": "sealed"`) {
		t.Fatal(out)
	}
	must(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(files), []byte("/srv/other")), 0o600))
	if _, errs := writ(t, exitFailed, "--data", data, "plan", "-f", folder); !strings.Contains(errs, "its sealed credential was given for its old address") {
		t.Fatal(errs)
	}
}

// What somebody is writing is not written over by documents, and not taken for theirs.
func TestADraftThatSomebodyWritesIsTheirs(t *testing.T) {
	t.Setenv("WRIT_DATABASE", "")
	w := newWorld(t)
	w.people("number,name,email\n1,Ana,ana@example.com\n2,Ben,ben@example.com\n")
	w.erp()
	const reader = "kind: role\nname: Reader\nspec: {kind: technical, owner: '1', parts: [{entitlement: erp/Administrator}]}\n"
	admin, err := w.app.resolveEntitlement(w.ctx, "erp/Administrator")
	must(t, err)
	ana := policy.WithCaller(w.ctx, policy.Caller{Identity: w.someone("1")})
	_, err = w.app.roles().Edit(ana, 0, 0, role.Definition{Name: "Reader", Kind: role.Technical, Owner: w.someone("2"), Parts: []role.Part{{Entitlement: admin}}})
	must(t, err)
	files, err := w.app.declare().Export(w.ctx, []string{"role"})
	if must(t, err); len(files) > 0 {
		t.Fatalf("a draft of somebody's is exported: %s", files[0].Text)
	}
	p := w.planned(reader, true)
	if !p.Empty() || len(p.Waits) != 1 || !strings.Contains(p.Waits[0].Why, "somebody has an open draft") {
		t.Fatalf("%+v %+v", p.Steps, p.Waits)
	}
	drafts, err := w.app.db.Roles().Drafts(w.ctx, 0)
	must(t, err)
	must(t, w.app.roles().Discard(ana, drafts[0].Role, 0))
	w.applied(reader, false)
	if drafts, err = w.app.db.Roles().Drafts(w.ctx, 0); err != nil || len(drafts) != 1 || drafts[0].State != role.InReview || !slices.Equal(drafts[0].Authors, []string{"operator:test"}) {
		t.Fatalf("%+v, %v", drafts, err)
	}
	if p = w.planned(reader, true); !p.Empty() || len(p.Waits) != 1 {
		t.Fatalf("%+v", p)
	}

	// Interrupted before it was put before somebody, it is put again.
	operator := policy.WithCaller(w.ctx, policy.Caller{Node: "operator:test"})
	_, err = w.app.roles().Edit(operator, drafts[0].Role, 0, drafts[0].Definition)
	must(t, err)
	w.applied(reader, false)
	if drafts, err = w.app.db.Roles().Drafts(w.ctx, 0); err != nil || drafts[0].State != role.InReview {
		t.Fatalf("%+v, %v", drafts, err)
	}

	// What no document declares any more is a draft that goes.
	w.applied(strings.ReplaceAll(reader, "Reader", "Other"), true)
	if drafts, err = w.app.db.Roles().Drafts(w.ctx, 0); err != nil || len(drafts) != 1 || drafts[0].Name != "Other" {
		t.Fatalf("%+v, %v", drafts, err)
	}
}
