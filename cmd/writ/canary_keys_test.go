package main

import (
	"net/http"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// The vault is made, sealed, opened, and given other keys and another seal; many secrets are
// brought in at once, and a system is given what Writ signs in there with. What was given and
// what was told, among it what is refused, is then searched for, as after each test.
func TestLesson13_KeysAndWhatIsBroughtInAreNowhereElse(t *testing.T) {
	w := newWorld(t)
	head, _ := w.owner()
	w.people("number,name,email,kind,start\n1,Ana Example,ana@example.com,human,2020-01-01\n")
	ana := w.comes("ana@example.com")
	for _, b := range []*browser{head, ana} {
		key := b.addPasskey("mine")
		b.must("POST", "/v1/stepup/finish", b.answer("/v1/stepup", key), nil)
	}
	with := func(more map[string]any) map[string]any {
		more["reason"] = "a test"
		return more
	}
	const pass = "Canary horse, battery 9"
	head.must("POST", "/v1/vault", with(map[string]any{"seal": keys.Passphrase, "passphrase": pass}), nil)
	var safe vault.SafeShown
	head.must("POST", "/v1/safes", map[string]any{"name": "ledger", "owner": w.someone("ana@example.com").String(), "terms": map[string]any{"most_minutes": 60}}, &safe)
	in := "/v1/safes/" + safe.ID.String()
	items := []map[string]any{{"name": "batch", "kind": "password", "value": "Canary-in-a-batch-1"}, {"name": "token", "kind": "api_key", "value": `Canary "in" a batch & 2`}}
	ana.must("POST", in+"/import", map[string]any{"items": items}, nil)
	ana.must("POST", in+"/import", map[string]any{"items": items, "apply": true}, nil)
	if status, _ := ana.do("POST", in+"/import", map[string]any{"items": []map[string]any{{"name": "", "kind": "ssh_key", "value": "Canary that is no key"}}, "apply": true}, nil); status < 400 {
		t.Error("what is no key is kept as one")
	}

	var made keys.SharesBody
	shares := with(map[string]any{"seal": keys.Shares, "shares": 3, "threshold": 2})
	head.must("POST", "/v1/vault/rekey/seal", shares, &made)
	head.must("POST", "/v1/vault/rekey/seal/cancel", with(map[string]any{}), nil)
	head.must("POST", "/v1/vault/rekey/seal", shares, &made)
	for _, share := range made.Made {
		var st keys.Status
		if head.must("POST", "/v1/vault/rekey/seal/confirm", with(map[string]any{"key": share}), &st); st.NextSeal == "" {
			break
		}
	}
	head.must("POST", "/v1/vault/rekey/root", with(map[string]any{}), nil)
	head.must("POST", "/v1/vault/rekey/safe", with(map[string]any{"safe": safe.ID}), nil)
	head.must("POST", "/v1/vault/seal", with(map[string]any{}), nil)
	head.must("POST", "/v1/vault/unseal", with(map[string]any{"key": made.Made[0]}), nil)
	head.must("POST", "/v1/vault/unseal/forget", with(map[string]any{}), nil)
	if status, _ := head.do("POST", "/v1/vault/unseal", with(map[string]any{"key": pass}), nil); status < 400 {
		t.Error("the passphrase of before is taken for a share")
	}
	for _, share := range made.Made[1:] {
		head.must("POST", "/v1/vault/unseal", with(map[string]any{"key": share}), nil)
	}

	system := map[string]any{
		"name": "ledger", "kind": "postgres", "address": "postgres://auditor@127.0.0.1:9/postgres",
		"credential": map[string]any{"secret": "Canary of a system's, 3"},
	}
	var added struct{ ID access.SystemID }
	head.must("POST", "/v1/systems", system, &added)
	one := "/v1/systems/" + added.ID.String()
	seen, err := http.DefaultClient.Do(head.request("GET", one, nil)) //nolint:gosec // our own server
	must(t, err)
	must(t, seen.Body.Close())
	change := head.request("PATCH", one, map[string]any{"credential": map[string]any{"secret": "Canary of a system's, 4"}})
	change.Header.Set("If-Match", seen.Header.Get("ETag"))
	if status, code := head.send(change, nil); status >= 400 {
		t.Errorf("the system's credential is not changed: %s", code)
	}
}
