package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	hashicorp "github.com/hashicorp/vault/api"
	openbao "github.com/openbao/openbao/api/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

// clients is what clients of Vault are tried with: a server with an open vault and a safe "ledger", whose owner may see what is in it.
type clients struct {
	*world
	browser  *browser // of the owner
	owner    access.IdentityID
	safe     access.SafeID
	operator context.Context
}

func newClients(t *testing.T, w *world) *clients {
	t.Helper()
	b, _ := w.owner()
	k := &clients{world: w, browser: b, owner: b.me().Identity, operator: policy.WithCaller(w.ctx, policy.Caller{Node: "operator:0"})}
	if _, err := w.app.vault.Init(w.ctx, keys.Request{Kind: keys.File}, "a test"); err != nil {
		t.Fatal(err)
	}
	k.safe = k.addSafe("ledger", access.Terms{Most: time.Hour}, vault.Shared)
	return k
}

// addSafe adds a safe of the owner's, who may see what is in it.
func (k *clients) addSafe(name string, terms access.Terms, sharing vault.Sharing) access.SafeID {
	k.t.Helper()
	id, err := k.node.vault.AddSafe(k.operator, vault.Safe{Name: name, Owner: k.owner, Terms: terms, Sharing: sharing}, "a test")
	must(k.t, err)
	must(k.t, k.node.vault.Grant(k.operator, vault.Right{Safe: id, Holder: k.owner.Ref(), Level: vault.Reveal, Reason: "a test"}))
	return id
}

// keep keeps a password.
func (k *clients) keep(safe access.SafeID, name, value string) {
	k.t.Helper()
	_, err := k.node.vault.AddSecret(k.operator, vault.Secret{Safe: safe, Name: name, Kind: vault.Password}, secret.New([]byte(value)))
	must(k.t, err)
}

// token makes a token of the owner's.
func (k *clients) token(limits ...string) string {
	return k.tokenOf(k.owner, "127.0.0.0/8", "", limits...)
}

func (k *clients) tokenOf(who access.IdentityID, network, key string, limits ...string) string {
	k.t.Helper()
	ctx := policy.WithCaller(k.ctx, policy.Caller{Identity: who})
	_, text, err := k.node.door.MakeToken(ctx, signin.Token{
		Owner: who, Name: "an application", Limits: limits, Networks: []netip.Prefix{netip.MustParsePrefix(network)}, Key: key,
	}, 7)
	must(k.t, err)
	return string(text.Reveal())
}

// whole are the limits of a token for all that clients do.
var whole = []string{"secret.fetch", "read", "secret.add", "secret.change", "secret.destroy"}

func (k *clients) openbao(token string) *openbao.Client {
	k.t.Helper()
	cfg := openbao.DefaultConfig()
	must(k.t, cfg.Error)
	cfg.Address, cfg.MaxRetries = k.url+"/vault", 0
	c, err := openbao.NewClient(cfg)
	must(k.t, err)
	c.SetToken(token)
	return c
}

// raw sends a request as it is written, and returns its status and what is said.
func (k *clients) raw(token, method, path, body string, headers ...string) (status int, said string) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.ctx, method, k.url, strings.NewReader(body))
	must(k.t, err)
	r.URL.Opaque = "/vault/v1/" + path
	if token != "" {
		r.Header.Set("X-Vault-Token", token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	must(k.t, err)
	defer res.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(res.Body)
	must(k.t, err)
	return res.StatusCode, string(text)
}

func TestOpenBaosClientKeepsSecretsInWrit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		k := newClients(t, w)
		ctx, c := t.Context(), k.openbao(k.token(whole...))
		kv := c.KVv2("ledger")
		first, err := kv.Put(ctx, "app/db", map[string]any{"user": "ledger", "password": "hunter2-canary", "port": 5432})
		if err != nil || first.VersionMetadata.Version != 1 || first.VersionMetadata.CreatedTime.IsZero() {
			t.Fatalf("%+v, %v", first, err)
		}
		got, err := kv.Get(ctx, "app/db")
		if err != nil || got.Data["password"] != "hunter2-canary" || got.Data["port"] != json.Number("5432") || got.VersionMetadata.Version != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		_, err = kv.Put(ctx, "app/db", map[string]any{"password": "second-canary"}, openbao.WithCheckAndSet(0))
		if !saysStatus(err, 400, "check-and-set parameter did not match") {
			t.Fatalf("it is there: %v", err)
		}
		if _, err = kv.Put(ctx, "app/db", map[string]any{"password": "second-canary"}, openbao.WithCheckAndSet(1)); err != nil {
			t.Fatal(err)
		}
		if _, err = kv.Put(ctx, "app/db", map[string]any{"password": "x"}, openbao.WithCheckAndSet(1)); !saysStatus(err, 400, "check-and-set") {
			t.Fatalf("the second is the current one: %v", err)
		}
		third, err := kv.Patch(ctx, "app/db", map[string]any{"user": "ben"})
		if err != nil || third.VersionMetadata.Version != 3 {
			t.Fatalf("%+v, %v", third, err)
		}
		if got, err = kv.GetVersion(ctx, "app/db", 3); err != nil || got.Data["user"] != "ben" || got.Data["password"] != "second-canary" {
			t.Fatalf("%v, %v", got, err)
		}
		k.deletes(ctx, c)
		k.describes(ctx, c)

		// Whoever made the token is in the list of those who know it, once for each version, and
		// each reading is in the log.
		seen, _, err := w.node.vault.Store.Seen(w.ctx, vault.SeenQuery{By: k.owner, First: 100})
		must(t, err)
		var fetched []int
		for _, s := range seen {
			if s.How == vault.Fetched {
				fetched = append(fetched, s.Number)
			}
		}
		slices.Sort(fetched)
		if !slices.Equal(fetched, []int{1, 1, 2, 3}) {
			t.Errorf("fetched %v of %+v", fetched, seen)
		}
		n := 0
		for _, r := range w.records() {
			if r.Action == "secret.fetch" {
				n++
			}
		}
		if n < 4 {
			t.Errorf("%d readings are in the log", n)
		}
		w.hides("hunter2-canary", "second-canary")
	})
}

// deletes deletes, brings back and would destroy versions of app/db, of which there are
// three.
func (k *clients) deletes(ctx context.Context, c *openbao.Client) {
	t, kv := k.t, c.KVv2("ledger")
	t.Helper()
	must(t, kv.Delete(ctx, "app/db"))
	got, err := kv.Get(ctx, "app/db")
	if err != nil || got.Data != nil || got.VersionMetadata.Version != 3 || got.VersionMetadata.DeletionTime.IsZero() {
		t.Fatalf("it is deleted: %+v, %v", got, err)
	}
	if got, err = kv.GetVersion(ctx, "app/db", 1); err != nil || got.Data["password"] != "hunter2-canary" {
		t.Fatalf("the first is not: %v, %v", got, err)
	}
	must(t, kv.Delete(ctx, "app/db"))
	must(t, kv.Undelete(ctx, "app/db", []int{3, 9}))
	must(t, kv.DeleteVersions(ctx, "app/db", []int{1}))
	list, err := kv.GetVersionsAsList(ctx, "app/db")
	if err != nil || len(list) != 3 || list[0].DeletionTime.IsZero() || !list[2].DeletionTime.IsZero() {
		t.Fatalf("%+v, %v", list, err)
	}
	must(t, kv.Delete(ctx, "app/db"))
	if _, err = kv.Put(ctx, "app/db", map[string]any{"password": "second-canary"}, openbao.WithCheckAndSet(2)); !saysStatus(err, 400, "check-and-set") {
		t.Fatalf("the third is the newest, though deleted: %v", err)
	}
	must(t, kv.Undelete(ctx, "app/db", []int{3}))
	if _, err = kv.GetVersion(ctx, "app/db", 2); err != nil {
		t.Fatal(err)
	}
	if err := kv.Destroy(ctx, "app/db", []int{1}); !saysStatus(err, 400, "reason-required") {
		t.Fatalf("destroying takes a reason: %v", err)
	}
	c.AddHeader("X-Writ-Reason", "a test")
	if err := kv.Destroy(ctx, "app/db", []int{1}); !saysStatus(err, 403, "step-up-required") {
		t.Fatalf("destroying takes a person: %v", err)
	}
	if _, err = kv.Get(ctx, "app/nothing"); !errors.Is(err, openbao.ErrSecretNotFound) {
		t.Fatalf("%v", err)
	}
}

// describes reads and changes what is known of app/db.
func (k *clients) describes(ctx context.Context, c *openbao.Client) {
	t := k.t
	t.Helper()
	kv := c.KVv2("ledger")
	must(t, kv.PutMetadata(ctx, "app/db", openbao.KVMetadataPutInput{CustomMetadata: map[string]any{"team": "south", "env": "prod"}}))
	must(t, kv.PatchMetadata(ctx, "app/db", openbao.KVMetadataPatchInput{CustomMetadata: map[string]any{"env": "test"}}))
	m, err := kv.GetMetadata(ctx, "app/db")
	if err != nil || m.CurrentVersion != 3 || len(m.Versions) != 3 || m.CustomMetadata["team"] != "south" || m.CustomMetadata["env"] != "test" {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := kv.PutMetadata(ctx, "app/db", openbao.KVMetadataPutInput{CASRequired: true}); !saysStatus(err, 405, "cas_required") {
		t.Fatalf("it is taken and not kept: %v", err)
	}
	k.keep(k.safe, "root", "third-canary")
	list, err := c.Logical().ListWithContext(ctx, "ledger/metadata/")
	if err != nil || len(list.Data["keys"].([]any)) != 2 || list.Data["keys"].([]any)[0] != "app/" {
		t.Fatalf("%+v, %v", list, err)
	}
	if list, err = c.Logical().ListWithContext(ctx, "ledger/metadata/none/"); err != nil || list != nil {
		t.Fatalf("%+v, %v", list, err)
	}
	got, err := kv.Get(ctx, "root")
	if err != nil || got.Data["password"] != "third-canary" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err = kv.Put(ctx, "root", map[string]any{"any": "thing"}); !saysStatus(err, 400, "of the kind password") {
		t.Fatalf("%v", err)
	}
	if _, err = kv.Put(ctx, "root", map[string]any{"password": "fourth-canary"}); err != nil {
		t.Fatal(err)
	}
	can, err := c.Sys().CapabilitiesSelf("ledger/data/app/db")
	if err != nil || !slices.Equal(can, []string{"create", "delete", "patch", "read", "update"}) && len(can) != 5 {
		t.Fatalf("%v, %v", can, err)
	}
	if can, err = c.Sys().CapabilitiesSelf("nowhere/data/x"); err != nil || !slices.Equal(can, []string{"deny"}) {
		t.Fatalf("%v, %v", can, err)
	}
	mounts, err := c.Sys().ListMounts()
	if err != nil || mounts["ledger/"] == nil || mounts["ledger/"].Options["version"] != "2" {
		t.Fatalf("%+v, %v", mounts, err)
	}
	must(t, kv.DeleteMetadata(ctx, "root"))
	if _, err = kv.Get(ctx, "root"); !errors.Is(err, openbao.ErrSecretNotFound) {
		t.Fatalf("%v", err)
	}
}

// saysStatus reports whether a client was answered with a status, and told something.
func saysStatus(err error, status int, text string) bool {
	if b, ok := errors.AsType[*openbao.ResponseError](err); ok {
		return b.StatusCode == status && strings.Contains(err.Error(), text)
	}
	if h, ok := errors.AsType[*hashicorp.ResponseError](err); ok {
		return h.StatusCode == status && strings.Contains(err.Error(), text)
	}
	return false
}

func TestVaultsClientKeepsSecretsInWrit(t *testing.T) {
	k := newClients(t, newWorld(t))
	cfg := hashicorp.DefaultConfig()
	must(t, cfg.Error)
	cfg.Address, cfg.MaxRetries = k.url+"/vault", 0
	c, err := hashicorp.NewClient(cfg)
	must(t, err)
	health, err := c.Sys().Health()
	if err != nil || !health.Initialized || health.Sealed || health.Standby { //nolint:misspell // the API's word
		t.Fatalf("%+v, %v", health, err)
	}
	c.SetToken(k.token(whole...))
	me, err := c.Auth().Token().LookupSelf()
	must(t, err)
	left, err := me.TokenTTL()
	if id, _ := me.TokenID(); err != nil || left <= 6*24*time.Hour || left > 7*24*time.Hour || id != c.Token() || me.Data["display_name"] != "an application" {
		t.Fatalf("%+v, %s, %v", me, left, err)
	}
	if able, err := me.TokenIsRenewable(); err != nil || able {
		t.Fatalf("%t, %v", able, err)
	}
	if _, err := c.Auth().Token().RenewSelf(3600); !saysStatus(err, 400, "not renewable") {
		t.Fatalf("%v", err)
	}
	kv, ctx := c.KVv2("ledger"), t.Context()
	if _, err := kv.Put(ctx, "a b/größe", map[string]any{"x": map[string]any{"y": "z"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Patch(ctx, "a b/größe", map[string]any{"x": map[string]any{"w": true}}); err != nil {
		t.Fatal(err)
	}
	got, err := kv.Get(ctx, "a b/größe")
	if x, _ := got.Data["x"].(map[string]any); err != nil || x["y"] != "z" || x["w"] != true {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := kv.Rollback(ctx, "a b/größe", 1); err != nil {
		t.Fatal(err)
	}
	// What 'vault kv' and 'bao kv' ask first: the mount, and that it is of the second version.
	mount, err := c.Logical().Read("sys/internal/ui/mounts/ledger/a b")
	if err != nil || mount.Data["path"] != "ledger/" || mount.Data["options"].(map[string]any)["version"] != "2" {
		t.Fatalf("%+v, %v", mount, err)
	}
	if _, err := c.Logical().Read("cubbyhole/x"); !saysStatus(err, 405, "") {
		t.Fatalf("%v", err)
	}
	c.SetWrappingLookupFunc(func(string, string) string { return "1m" })
	if _, err := kv.Get(ctx, "a b/größe"); !saysStatus(err, 405, "wraps no answers") {
		t.Fatalf("%v", err)
	}
	c.SetWrappingLookupFunc(nil)
	must(t, c.Auth().Token().RevokeSelf(""))
	if _, err := kv.Get(ctx, "a b/größe"); !saysStatus(err, 403, "") {
		t.Fatalf("the token has ended: %v", err)
	}
	k.app.vault.Wipe()
	if health, err = c.Sys().Health(); err != nil || !health.Sealed {
		t.Fatalf("%+v, %v", health, err)
	}
	if status, err := c.Sys().SealStatus(); err != nil || !status.Sealed || !status.Initialized { //nolint:misspell // the API's word
		t.Fatalf("%+v, %v", status, err)
	}
}

// safes fills safes that are to be read by nobody, or on terms.
func (k *clients) safes() {
	t := k.t
	t.Helper()
	k.keep(k.safe, "db", "hunter2-canary")
	careful := k.addSafe("careful", access.Terms{Most: time.Hour, MFA: true}, vault.Shared)
	k.keep(careful, "db", "hunter2-canary")
	k.keep(k.addSafe("alone", access.Terms{Most: time.Hour}, vault.Exclusive), "db", "hunter2-canary")
	k.keep(k.addSafe("why", access.Terms{Most: time.Hour, Reason: true, Ticket: true}, vault.Shared), "db", "hunter2-canary")
	foreign, err := k.node.vault.AddSafe(k.operator, vault.Safe{Name: "foreign", Owner: k.owner, Terms: access.Terms{Most: time.Hour}, Sharing: vault.Shared}, "a test")
	must(t, err)
	k.keep(foreign, "db", "hunter2-canary")
}

// refusal is a request that is answered with a status, and never a value.
type refusal struct {
	name, token, method, path string
	status                    int
	headers                   []string
}

// refusals are who must not, by whichever spelling.
func (k *clients) refusals(fetch string) []refusal {
	k.t.Helper()
	ben := k.tokenOf(k.someone("ben@example.com"), "127.0.0.0/8", "", whole...)
	key, err := signin.NewKey()
	must(k.t, err)
	return []refusal{
		{"nobody", "", "GET", "ledger/data/db", 403, nil},
		{"no token", "writ_nonsense", "GET", "ledger/data/db", 403, nil},
		{"a group is no name", k.token("operate", "read"), "GET", "ledger/data/db", 403, nil},
		{"to see is not to fetch", k.token("secret.reveal"), "GET", "ledger/data/db", 403, nil},
		{"not for this, there or not", k.token("read"), "GET", "ledger/data/none", 403, nil},
		{"of another network", k.tokenOf(k.owner, "10.0.0.0/8", "", "secret.fetch"), "GET", "ledger/data/db", 403, nil},
		{"bound to a key", k.tokenOf(k.owner, "127.0.0.0/8", key.Thumbprint(), "secret.fetch"), "GET", "ledger/data/db", 403, nil},
		{"of another case", fetch, "GET", "Ledger/data/db", 404, nil},
		{"of another case", fetch, "GET", "ledger/data/DB", 404, nil},
		{"of another case", fetch, "GET", "ledger/DATA/db", 405, nil},
		{"owned, and no right", fetch, "GET", "foreign/data/db", 403, nil},
		{"no right", ben, "GET", "foreign/data/db", 404, nil},
		{"no right, nor there", ben, "GET", "foreign/data/none", 404, nil},
		{"no right, nor a safe", ben, "GET", "nowhere/data/none", 404, nil},
		{"no right to write", ben, "POST", "foreign/data/db", 404, nil},
		{"no right to write, nor there", ben, "POST", "foreign/data/none", 404, nil},
		{"no right to write, nor a safe", ben, "POST", "nowhere/data/none", 404, nil},
		{"no right to delete", ben, "DELETE", "foreign/metadata/db", 204, nil},
		{"no right to delete, nor there", ben, "DELETE", "foreign/metadata/none", 204, nil},
		{"no right to describe", ben, "GET", "foreign/metadata/db", 404, nil},
		{"no right to list", ben, "LIST", "foreign/metadata/", 404, nil},
		{"no right to know the mount", ben, "GET", "sys/internal/ui/mounts/foreign/db", 403, nil},
		{"not for safes", k.token("lease.issue"), "GET", "sys/internal/ui/mounts/ledger/db", 403, nil},
		{"not for safes, nor there", k.token("lease.issue"), "GET", "sys/internal/ui/mounts/nowhere/db", 403, nil},
		{"not for safes, nor how they are", k.token("lease.issue"), "GET", "ledger/config", 403, nil},
		{"no mount", ben, "GET", "sys/internal/ui/mounts/nowhere/db", 403, nil},
		{"a second factor", fetch, "GET", "careful/data/db", 403, nil},
		{"out alone", fetch, "GET", "alone/data/db", 403, nil},
		{"without why", fetch, "GET", "why/data/db", 400, nil},
		{"without a ticket", fetch, "GET", "why/data/db", 400, []string{"X-Writ-Reason", "a test"}},
		{"looking away", fetch, "HEAD", "ledger/data/db", 405, nil},
		{"dots", fetch, "GET", "sys/../ledger/data/db", 404, nil},
		{"dots", fetch, "GET", "foreign/data/../../ledger/data/db", 404, nil},
		{"dots in disguise", fetch, "GET", "foreign/data/%2e%2e/%2e%2e/ledger/data/db", 404, nil},
		{"two slashes", fetch, "GET", "ledger//data/db", 404, nil},
		{"a slash in disguise", fetch, "GET", "ledger/data%2fdb", 404, nil},
		{"a backslash", fetch, "GET", `ledger/data/%5cdb`, 404, nil},
		{"NUL", fetch, "GET", "ledger/data/db%00", 404, nil},
		{"a space that is none", fetch, "GET", "ledger/data/%C2%A0db", 404, nil},
		{"its metadata", fetch, "GET", "ledger/metadata/db", 403, nil},
		{"what there is", fetch, "LIST", "ledger/metadata/", 403, nil},
		{"writing", fetch, "POST", "ledger/data/db", 403, nil},
		{"writing elsewhere", k.token("secret.add"), "POST", "ledger/data/db", 403, nil},
		{"deleting", fetch, "DELETE", "ledger/data/db", 403, nil},
		{"unsealing", fetch, "PUT", "sys/unseal", 405, nil},
		{"making tokens", fetch, "POST", "auth/token/create", 405, nil},
		{"wrapped", fetch, "GET", "ledger/data/db", 405, []string{"X-Vault-Wrap-TTL", "60"}},
		{"in a namespace", fetch, "GET", "ledger/data/db", 405, []string{"X-Vault-Namespace", "a"}},
	}
}

// Lessons 10, 14, 19 and 25.
func TestLesson25_WhatATokenMayNotReadThroughTheVaultAPI(t *testing.T) {
	k := newClients(t, newWorld(t))
	k.people("number,name,email\n1,Ben,ben@example.com\n")
	k.safes()
	fetch := k.token("secret.fetch")
	for _, tt := range k.refusals(fetch) {
		status, said := k.raw(tt.token, tt.method, tt.path, `{"data":{"password":"x"}}`, tt.headers...)
		var p struct {
			Errors []string
			Data   any
		}
		if tt.method != "HEAD" && tt.status != 204 {
			if err := json.Unmarshal([]byte(said), &p); err != nil {
				t.Errorf("%s: %v in %s", tt.name, err, said)
			}
		}
		if status != tt.status || strings.Contains(said, "canary") || p.Data != nil {
			t.Errorf("%s: %s %s: %d %s", tt.name, tt.method, tt.path, status, said)
		}
	}
	if status, said := k.raw(fetch, "GET", "ledger/data/db", ""); status != 200 || !strings.Contains(said, "hunter2-canary") {
		t.Errorf("who may: %d %s", status, said)
	}
	if status, said := k.raw(fetch, "GET", "why/data/db", "", "X-Writ-Reason", "a test", "X-Writ-Ticket", "INC-7"); status != 200 {
		t.Errorf("who says why: %d %s", status, said)
	}
	// The cookie of a browser counts for nothing.
	if status, _ := k.browser.do("GET", "/vault/v1/ledger/data/db", nil, nil); status != 403 {
		t.Errorf("a browser: %d", status)
	}
	k.app.vault.Wipe()
	if status, said := k.raw(fetch, "GET", "ledger/data/db", ""); status != 503 || !strings.Contains(said, "vault-sealed") {
		t.Errorf("sealed: %d %s", status, said)
	}
	for path, want := range map[string]int{"sys/health": 503, "sys/health?sealedcode=299": 299, "sys/health?sealedcode=99999": 400, "sys/seal-status": 200} {
		if status, said := k.raw("", "GET", path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, said)
		}
	}
}
