package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// keepSafe puts a safe into the south, which Zoe owns and may use, with a secret that she
// has out.
func (c *company) keepSafe(t *testing.T) {
	t.Helper()
	if _, err := c.app.vault.Init(c.ctx, keys.Request{Kind: keys.File}, "a test"); err != nil {
		t.Fatal(err)
	}
	zoe := c.zoe()
	ctx := policy.WithCaller(c.ctx, policy.Caller{Node: "operator:0"})
	safe, err := c.node.vault.AddSafe(ctx, vault.Safe{Name: "canary", Owner: zoe, Scope: 2, Sharing: vault.Shared, Rotates: true, Terms: access.Terms{Most: time.Hour}}, "a test")
	must(t, err)
	must(t, c.node.vault.Grant(ctx, vault.Right{Safe: safe, Holder: zoe.Ref(), Level: vault.Use, Reason: "a test"}))
	id, err := c.node.vault.AddGenerated(ctx, vault.Secret{Safe: safe, Name: "root", Kind: vault.Password})
	must(t, err)
	_, err = c.node.vault.CheckOut(policy.WithCaller(c.ctx, policy.Caller{Identity: zoe}), vault.Asking{Secret: id})
	must(t, err)
	c.keepShare(t, safe, id)
	c.keepAuthority(t, safe)
}

// keepShare has Zoe give a secret to somebody outside.
func (c *company) keepShare(t *testing.T, safe access.SafeID, id access.SecretID) {
	t.Helper()
	zoe := c.zoe()
	g, err := givenSecrets{c.node.vault}.Giving(c.ctx, zoe, id, "a test")
	must(t, err)
	_, err = c.node.share.Store.Add(policy.WithCaller(c.ctx, policy.Caller{Identity: zoe}), share.Share{
		Secret: id, Safe: safe, Sponsor: zoe, Recipient: share.Recipient{Name: "Canary Rosa", Email: "rosa@canary.example"},
		State: share.Open, Code: true, Reason: "a test", Lasts: time.Hour,
	}, share.Kept{Link: "canary", Code: "canary"}, g.Basis, nil)
	must(t, err)
}

// keepAuthority puts an authority into Zoe's safe, which has signed something for her.
func (c *company) keepAuthority(t *testing.T, safe access.SafeID) {
	t.Helper()
	s, ctx := c.node.authority, policy.WithCaller(c.ctx, policy.Caller{Node: "operator:0"})
	id, err := s.Add(ctx, authority.Authority{Name: "canary", Kind: authority.SSHUser, Safe: safe}, "a test")
	must(t, err)
	must(t, s.PutProfile(ctx, authority.Profile{Authority: id, Name: "canary", Spec: authority.Spec{Principals: []string{"canary"}}}, "a test"))
	must(t, s.Grant(ctx, id, "canary", authority.Right{Holder: c.zoe().Ref(), Reason: "a test"}))
	_, key := testkit.KeyPair(t, "canary")
	_, err = s.SignSSH(policy.WithCaller(audit.WithActor(c.ctx, audit.Actor{Identity: c.zoe()}), policy.Caller{Identity: c.zoe()}), authority.SSHRequest{Asked: authority.Asked{Profile: "canary"}, Key: key})
	must(t, err)
}

func (c *company) zoe() access.IdentityID {
	id, _ := access.ParseRef(c.ids["identity"])
	return access.IdentityID(id.Key)
}

// asks sends one request as somebody and returns the problem's code, or "".
func (c *company) asks(t *testing.T, who policy.Caller, method, path string, body, into any) string {
	t.Helper()
	text, err := json.Marshal(body)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	calledBy(t, r, who)
	w := httptest.NewRecorder()
	c.api.Handler().ServeHTTP(w, r)
	var p struct{ Code string }
	if w.Code >= 400 {
		must(t, json.Unmarshal(w.Body.Bytes(), &p))
		return p.Code
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s may be kept: %q", path, got)
	}
	if into != nil {
		must(t, json.Unmarshal(w.Body.Bytes(), into))
	}
	return ""
}

type gotSecret struct{ Value string }

var why = map[string]any{"reason": "a test"}

// Nobody uses or sees a secret without that right in its safe, whatever function they hold:
// not audit, not who owns systems, not who owns the safe, not the node; and whoever is of
// another scope is told of nothing.
func TestLesson14_SecretsAreForThoseWithTheRight(t *testing.T) {
	c := serveTwoScopes(t)
	secret := "/v1/secrets/" + c.ids["secret"]
	zoe := policy.Caller{Identity: c.zoe(), Context: policy.Context{MFA: true}}
	node := policy.Caller{Node: "operator:0"}
	for _, w := range whoCalls {
		for _, op := range []string{"/reveal", "/checkouts"} {
			if code := c.asks(t, c.who[w.name], "POST", secret+op, why, nil); code == "" || code == "invalid-input" {
				t.Errorf("%s may POST %s: %q", w.name, op, code)
			}
		}
	}
	for _, tt := range []struct {
		who  policy.Caller
		op   string
		want string
	}{
		{c.who["platform_owner-elsewhere"], "/reveal", "not-found"},
		{c.who["platform_owner"], "/reveal", "denied"},
		{c.who["audit"], "/reveal", "denied"},
		{c.who["requester"], "/reveal", "not-found"},
		{node, "/reveal", "somebody-required"},
		{node, "/checkouts", "somebody-required"},
		{zoe, "/reveal", "secret-not-yours"}, // she owns the safe, and may use what is in it
		{zoe, "/checkouts", "checkout-open"},
	} {
		if code := c.asks(t, tt.who, "POST", secret+tt.op, why, nil); code != tt.want {
			t.Errorf("%v gets %q for %s, not %q", tt.who, code, tt.op, tt.want)
		}
	}
	// A right is not given to oneself, nor without a second factor and a reason.
	rights := "/v1/safes/" + c.ids["safe"] + "/rights"
	give := func(to access.IdentityID) map[string]any {
		return map[string]any{"holder": to.Ref().String(), "right": "reveal", "reason": "a test"}
	}
	rosa := c.who["requester"]
	if code := c.asks(t, zoe, "POST", rights, give(zoe.Identity), nil); code != "denied" {
		t.Errorf("she gives herself the right: %q", code)
	}
	if code := c.asks(t, policy.Caller{Identity: zoe.Identity}, "POST", rights, give(rosa.Identity), nil); code != "step-up-required" {
		t.Errorf("without a second factor: %q", code)
	}
	if code := c.asks(t, c.who["platform_owner"], "POST", rights, give(rosa.Identity), nil); code != "denied" {
		t.Errorf("a platform owner gives the right: %q", code)
	}
	if code := c.asks(t, zoe, "POST", rights, give(rosa.Identity), nil); code != "" {
		t.Fatalf("she gives Rosa the right: %q", code)
	}
	if code := c.asks(t, policy.Caller{Identity: rosa.Identity}, "POST", secret+"/reveal", why, nil); code != "step-up-required" {
		t.Errorf("she sees it without a second factor: %q", code)
	}
	if code := c.asks(t, rosa, "POST", secret+"/reveal", map[string]any{"reason": " "}, nil); code != "reason-required" {
		t.Errorf("she sees it without a reason: %q", code)
	}
	var got gotSecret
	if code := c.asks(t, rosa, "POST", secret+"/reveal", why, &got); code != "" || len(got.Value) != 24 {
		t.Errorf("she sees %d characters: %q", len(got.Value), code)
	}
	var seen struct{ Items []vault.Seen }
	if code := c.asks(t, c.who["audit"], "GET", "/v1/identities/"+rosa.Identity.String()+"/secrets-seen", nil, &seen); code != "" || len(seen.Items) != 1 || seen.Items[0].How != vault.Revealed {
		t.Errorf("she has seen %+v: %q", seen.Items, code)
	}
	c.app.vault.Wipe()
	if code := c.asks(t, rosa, "POST", secret+"/reveal", why, nil); code != "vault-sealed" {
		t.Errorf("the vault is sealed, and she gets %q", code)
	}
	if code := c.asks(t, zoe, "POST", secret+"/versions", map[string]any{"value": "another"}, nil); code != "vault-sealed" {
		t.Errorf("the vault is sealed, and she keeps %q", code)
	}
}

// What lists say that one may do is what one may do.
func TestListsOfTheVaultSayWhatOneMayDo(t *testing.T) {
	c := serveTwoScopes(t)
	secret := c.ids["secret"]
	zoe := policy.Caller{Identity: c.zoe(), Context: policy.Context{MFA: true}}
	var outs struct{ Items []vault.CheckoutListed }
	if code := c.asks(t, zoe, "GET", "/v1/checkouts?mine=true", nil, &outs); code != "" || len(outs.Items) != 1 {
		t.Fatalf("she has out %+v: %q", outs.Items, code)
	}
	checkout := "/v1/checkouts/" + outs.Items[0].ID.String()
	for _, tt := range []struct {
		name                    string
		who                     policy.Caller
		use, rotate, end, force bool
	}{
		{"audit", c.who["audit"], false, false, false, false},
		{"platform_owner", c.who["platform_owner"], false, true, false, true},
		{"security_operations", c.who["security_operations"], false, true, false, true},
		{"the operator of the node", policy.Caller{Node: "operator:0"}, false, true, false, true},
		{"who has it, and owns the safe", zoe, true, true, true, true},
	} {
		var secrets struct{ Items []vault.SecretShown }
		outs.Items = nil
		if code := c.asks(t, tt.who, "GET", "/v1/secrets", nil, &secrets); code != "" || len(secrets.Items) != 1 {
			t.Fatalf("%s sees %d secrets: %q", tt.name, len(secrets.Items), code)
		}
		if code := c.asks(t, tt.who, "GET", "/v1/checkouts", nil, &outs); code != "" || len(outs.Items) != 1 {
			t.Fatalf("%s sees %d check-outs: %q", tt.name, len(outs.Items), code)
		}
		for action, want := range map[string]bool{"secret.use": tt.use, "secret.rotate": tt.rotate} {
			if got := secrets.Items[0].May[action]; got.Allowed != want || !want && got.Why == "" {
				t.Errorf("%s is told of %s: %+v", tt.name, action, got)
			}
		}
		for action, want := range map[string]bool{"checkout.end": tt.end, "checkout.force": tt.force} {
			if got := outs.Items[0].May[action]; got.Allowed != want || !want && got.Why == "" {
				t.Errorf("%s is told of %s: %+v", tt.name, action, got)
			}
		}
		if code := c.asks(t, tt.who, "POST", "/v1/rotations", map[string]any{"secrets": []string{secret}, "reason": "a test"}, nil); (code == "") != tt.rotate {
			t.Errorf("%s rotates: %q", tt.name, code)
		}
		var due struct{ Items []rotate.RotationDue }
		if code := c.asks(t, tt.who, "GET", "/v1/rotations?secret="+secret, nil, &due); code != "" || tt.rotate && !due.Items[0].May["secret.rotate"].Allowed {
			t.Errorf("%s is told of %+v: %q", tt.name, due.Items, code)
		}
	}
	if code := c.asks(t, c.who["security_operations"], "POST", checkout+"/force", why, nil); code != "" {
		t.Errorf("it is not taken back: %q", code)
	}
	outs.Items = nil
	if code := c.asks(t, zoe, "GET", "/v1/checkouts?all=true", nil, &outs); code != "" || len(outs.Items) != 1 || outs.Items[0].May != nil {
		t.Errorf("of what has ended nothing is to be done: %+v, %q", outs.Items, code)
	}
}

// hers is who holds what lies in the south: by her account, Zoe has the entitlement.
func TestLesson03_RightsFollowMembershipAtOnce(t *testing.T) {
	c := serveTwoScopes(t)
	secret := "/v1/secrets/" + c.ids["secret"]
	zoe := policy.Caller{Identity: c.zoe(), Context: policy.Context{MFA: true}}
	ctx := policy.WithCaller(c.ctx, policy.Caller{Node: "operator:0"})
	safe, err := c.node.vault.Store.Safes(ctx)
	must(t, err)
	var root access.EntitlementID
	must(t, root.UnmarshalText([]byte(c.ids["entitlement"])))
	must(t, c.node.vault.Revoke(ctx, vault.Right{Safe: safe[0].ID, Holder: zoe.Identity.Ref(), Level: vault.Use}, "a test"))
	if code := c.asks(t, zoe, "POST", secret+"/reveal", why, nil); code != "denied" {
		t.Fatalf("she sees it by no right: %q", code)
	}
	must(t, c.node.vault.Grant(ctx, vault.Right{Safe: safe[0].ID, Holder: root.Ref(), Level: vault.Reveal}))
	if code := c.asks(t, zoe, "POST", secret+"/reveal", why, nil); code != "" {
		t.Fatalf("she holds what has the right, and gets %q", code)
	}
	must(t, c.node.vault.Recheck(audit.WithActor(c.ctx, deriving)))
	out := func() string {
		x, err := c.node.vault.Checkout(c.ctx, 1)
		must(t, err)
		return string(x.State) + " " + x.EndReason
	}
	if got := out(); got != "out " {
		t.Fatalf("her check-out is %q", got)
	}

	// One transaction: her account is nobody's any more. No follower runs here.
	account, err := c.app.inventory().ResolveAccount(c.ctx, "canaryzoe")
	must(t, err)
	must(t, c.app.inventory().Decide(c.ctx, inventory.Decision{Account: account, Reason: "a test", Replace: true}))
	if code := c.asks(t, zoe, "POST", secret+"/reveal", why, nil); code != "denied" {
		t.Errorf("what she held has ended, and she gets %q", code)
	}
	if code := c.asks(t, zoe, "POST", secret+"/checkouts", why, nil); code != "denied" {
		t.Errorf("what she held has ended, and she has it out: %q", code)
	}
	must(t, c.node.vault.Recheck(audit.WithActor(c.ctx, deriving)))
	if got := out(); got != "forced the right that it was made by has ended" {
		t.Errorf("her check-out is %q", got)
	}
	x, err := c.node.vault.Store.Secrets(c.ctx, vault.Query{ID: 1})
	must(t, err)
	if x[0].Due == 0 {
		t.Error("what she had out is not due for another value")
	}

	// Whoever has left has left, whatever they hold.
	must(t, c.node.vault.Grant(ctx, vault.Right{Safe: safe[0].ID, Holder: zoe.Identity.Ref(), Level: vault.Reveal}))
	if code := c.asks(t, zoe, "POST", secret+"/reveal", why, nil); code != "" {
		t.Fatalf("she has the right, and gets %q", code)
	}
	db, err := sqliteOf(c.app.data)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `update identity set state = 'left' where id = ?`, int64(zoe.Identity))
	must(t, errors.Join(err, db.Close()))
	if code := c.asks(t, zoe, "POST", secret+"/reveal", why, nil); code != "denied" {
		t.Errorf("she has left, and gets %q", code)
	}
}

// A check-out with stages waits for those who agree, is looked at again when they have, and
// is one chain with its approval.
func TestCheckoutsWaitForOthers(t *testing.T) {
	c := serveTwoScopes(t)
	zoe := policy.Caller{Identity: c.zoe(), Context: policy.Context{MFA: true}}
	ctx := policy.WithCaller(c.ctx, policy.Caller{Node: "operator:0"})
	rosa, sol := c.who["requester"], c.who["security_operations"]
	stage := access.Stage{Approvers: []access.Approver{{Function: access.SecurityOperations}}, Quorum: 1, Within: time.Hour}
	safe, err := c.node.vault.AddSafe(ctx, vault.Safe{Name: "guarded", Owner: zoe.Identity, Scope: 2, Sharing: vault.Exclusive, Terms: access.Terms{Most: time.Hour, Ticket: true, MFA: true, Stages: []access.Stage{stage}}}, "a test")
	must(t, err)
	for _, who := range []access.IdentityID{rosa.Identity, zoe.Identity} {
		must(t, c.node.vault.Grant(ctx, vault.Right{Safe: safe, Holder: who.Ref(), Level: vault.Reveal}))
	}
	id, err := c.node.vault.AddGenerated(ctx, vault.Secret{Safe: safe, Name: "root", Kind: vault.Password})
	must(t, err)
	secret := "/v1/secrets/" + id.String()
	if code := c.asks(t, rosa, "POST", secret+"/reveal", why, nil); code != "checkout-required" {
		t.Fatalf("she sees it though nobody has agreed: %q", code)
	}
	ask := map[string]any{"reason": "a test", "ticket": "INC-7"}
	if code := c.asks(t, rosa, "POST", secret+"/checkouts", why, nil); code != "ticket-required" {
		t.Errorf("she has it out without a ticket: %q", code)
	}
	if code := c.asks(t, policy.Caller{Identity: rosa.Identity}, "POST", secret+"/checkouts", ask, nil); code != "step-up-required" {
		t.Errorf("she has it out without a second factor: %q", code)
	}
	var hers, other vault.Checkout
	if code := c.asks(t, rosa, "POST", secret+"/checkouts", ask, &hers); code != "" || hers.State != vault.Waiting || hers.Approval == 0 || hers.Chain == 0 {
		t.Fatalf("she asks for it: %+v, %q", hers, code)
	}
	if code := c.asks(t, zoe, "POST", secret+"/checkouts", ask, &other); code != "" {
		t.Fatalf("Zoe asks for it: %q", code)
	}
	reveal := map[string]any{"reason": "a test", "checkout": hers.ID.String()}
	if code := c.asks(t, rosa, "POST", secret+"/reveal", reveal, nil); code != "checkout-ended" {
		t.Errorf("she sees it before anybody has agreed: %q", code)
	}
	must(t, c.agree(sol, hers))
	must(t, c.node.vault.Recheck(audit.WithActor(c.ctx, deriving)))
	if code := c.asks(t, rosa, "GET", "/v1/checkouts/"+hers.ID.String(), nil, &hers); code != "" || hers.State != vault.Out {
		t.Fatalf("it is %+v: %q", hers, code)
	}
	if code := c.asks(t, rosa, "POST", secret+"/reveal", reveal, nil); code != "" {
		t.Errorf("she has it out, and gets %q", code)
	}
	reveal["checkout"] = hers.ID.String()
	if code := c.asks(t, zoe, "POST", secret+"/reveal", reveal, nil); code != "checkout-not-found" {
		t.Errorf("Zoe sees it in Rosa's check-out: %q", code)
	}
	if code := c.asks(t, zoe, "POST", "/v1/checkouts/"+hers.ID.String()+"/checkin", nil, nil); code != "denied" {
		t.Errorf("Zoe gives back what Rosa has: %q", code)
	}
	must(t, c.agree(sol, other)) // while Rosa has it out: one at a time
	must(t, c.node.vault.Recheck(audit.WithActor(c.ctx, deriving)))
	if code := c.asks(t, zoe, "GET", "/v1/checkouts/"+other.ID.String(), nil, &other); code != "" || other.State != vault.Refused {
		t.Errorf("Zoe's is %+v: %q", other, code)
	}
	if code := c.asks(t, zoe, "POST", secret+"/checkouts", ask, nil); code != "secret-out" {
		t.Errorf("Zoe asks for what Rosa has out: %q", code)
	}
	if code := c.asks(t, rosa, "POST", "/v1/checkouts/"+hers.ID.String()+"/checkin", nil, &hers); code != "" || hers.State != vault.Returned {
		t.Errorf("it is %+v: %q", hers, code)
	}
	chain, err := c.app.db.Approvals().Chain(c.ctx, hers.ID.Ref(), 10)
	if err != nil || chain.ID != hers.Chain || len(chain.Links) != 2 {
		t.Errorf("the chain is %+v: %v", chain, err)
	}

	// Somebody whose right ends while it waits does not get it, though all agree.
	var last vault.Checkout
	if code := c.asks(t, rosa, "POST", secret+"/checkouts", ask, &last); code != "" {
		t.Fatalf("she asks again: %q", code)
	}
	must(t, c.agree(sol, last))
	must(t, c.node.vault.Revoke(ctx, vault.Right{Safe: safe, Holder: rosa.Identity.Ref(), Level: vault.Reveal}, "moved"))
	must(t, c.node.vault.Recheck(audit.WithActor(c.ctx, deriving)))
	got, err := c.node.vault.Checkout(c.ctx, last.ID)
	if err != nil || got.State != vault.Refused {
		t.Errorf("it is %+v: %v", got, err)
	}
}

// agree has somebody approve a check-out.
func (c *company) agree(who policy.Caller, x vault.Checkout) error {
	ctx := policy.WithCaller(c.ctx, who)
	s := &approval.Service{Store: c.app.db.Approvals(), Gate: c.node.gate, Facts: c.node.live.Facts}
	r, err := s.Store.Approval(ctx, x.Approval)
	if err != nil {
		return err
	}
	_, err = s.Decide(ctx, r.ID, approval.Said{Verdict: "approve", Version: r.Now.Version, Digest: r.Now.Digest})
	if err != nil {
		return fmt.Errorf("agreeing to %s: %w", x.ID, err)
	}
	return nil
}

// A person sees a secret, and has it out, from the command line of a machine that has
// nothing but a login, confirmed with a passkey.
func TestSecretsFromTheCommandLine(t *testing.T) {
	s := newServed(t)
	ctx := policy.WithCaller(t.Context(), policy.Caller{Node: "operator:0"})
	_, err := s.app.vault.Init(ctx, keys.Request{Kind: keys.File}, "a test")
	must(t, err)
	w := &world{t: t, app: s.app, node: s.node, ctx: t.Context()}
	olga := w.someone("olga@example.com")
	safe, err := s.node.vault.AddSafe(ctx, vault.Safe{Name: "ledger", Owner: olga, Sharing: vault.Exclusive, Terms: access.Terms{Most: time.Hour}}, "a test")
	must(t, err)
	must(t, s.node.vault.Grant(ctx, vault.Right{Safe: safe, Holder: olga.Ref(), Level: vault.Reveal}))
	_, err = s.node.vault.AddGenerated(ctx, vault.Secret{Safe: safe, Name: "root", Kind: vault.Password})
	must(t, err)
	s.confirms()
	if code := s.logIn("approve"); code != exitOK {
		t.Fatalf("login: exit %d", code)
	}
	s.run(exitFailed, "secret", "get", "ledger/root", "--reason", "a test")
	if said := s.said.String(); !strings.Contains(said, "have it out first: 'writ checkout ledger/root'") {
		t.Errorf("it says:\n%s", said)
	}
	var out vault.CheckoutShown
	must(t, json.Unmarshal([]byte(s.run(exitOK, "checkout", "ledger/root", "--for", "10m", "--reason", "a test", "-o", "json")), &out))
	if got := s.run(exitOK, "secret", "get", "ledger/root", "--checkout", out.ID.String(), "--reason", "a test"); len(got) != 24 {
		t.Errorf("it prints %d bytes", len(got))
	}
	if list := s.run(exitOK, "checkout", "list", "--mine"); !strings.Contains(list, "root") || !strings.Contains(list, "Olga Orlova") {
		t.Errorf("she has out:\n%s", list)
	}
	s.run(exitOK, "checkout", "extend", out.ID.String(), "--by", "5m")
	s.run(exitFailed, "checkout", "extend", out.ID.String(), "--by", "2h")
	s.run(exitOK, "checkin", out.ID.String())
	s.run(exitFailed, "checkin", out.ID.String())
	if seen := s.run(exitOK, "secret", "seen", "ledger/root"); !strings.Contains(seen, "Olga Orlova") || !strings.Contains(seen, out.ID.String()) {
		t.Errorf("it was seen by:\n%s", seen)
	}
}
