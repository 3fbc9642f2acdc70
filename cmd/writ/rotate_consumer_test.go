package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/policy"
)

// Who may not change a secret does not say who uses it, and names no program; one who uses it
// confirms with their next read, or says so, of the version that there is.
func TestLesson12_ConsumersOverTheAPI(t *testing.T) {
	c := serveTwoScopes(t)
	consumers, list := "/v1/secrets/"+c.ids["secret"]+"/consumers", "/v1/consumers?secret="+c.ids["secret"]
	zoe := policy.Caller{Identity: c.zoe(), Context: policy.Context{MFA: true}}
	rosa := c.who["requester"]
	api := map[string]any{"name": "api", "reader": rosa.Identity.String(), "owner": zoe.Identity.String()}
	for who, want := range map[string]string{"requester": "not-found", "platform_owner-elsewhere": "not-found", "audit": "denied", "platform_owner": "denied"} {
		if code := c.asks(t, c.who[who], "POST", consumers, api, nil); code != want {
			t.Errorf("%s says who uses it: %q", who, code)
		}
	}
	for _, hook := range []string{"/bin/sh", "../reload", "https://example.com/", "a b"} {
		if code := c.asks(t, zoe, "POST", consumers, map[string]any{"name": "sh", "hook": hook, "owner": zoe.Identity.String()}, nil); code != rotate.ErrConsumer.Code {
			t.Errorf("hook %q is taken: %q", hook, code)
		}
	}
	if code := c.asks(t, zoe, "POST", consumers, map[string]any{"name": "nobody's", "reader": "idn_0zzzzzzzzzzzz", "owner": zoe.Identity.String()}, nil); code != rotate.ErrConsumer.Code {
		t.Errorf("nobody reads it: %q", code)
	}
	var made rotate.ConsumerShown
	if code := c.asks(t, zoe, "POST", consumers, api, &made); code != "" || made.Stage != rotate.ToTell || made.Wants != 1 {
		t.Fatalf("%q: %+v", code, made)
	}
	one, other := "/v1/consumers/"+made.ID.String(), map[string]any{"name": "api-2", "hook": "reload", "reader": rosa.Identity.String(), "owner": zoe.Identity.String(), "place": 3}
	for who, want := range map[string]string{"requester": "not-found", "platform_owner-elsewhere": rotate.ErrNoConsumer.Code, "audit": "denied"} {
		if code := c.asks(t, c.who[who], "PUT", one, other, nil); code != want {
			t.Errorf("%s changes it: %q", who, code)
		}
	}
	if code := c.asks(t, zoe, "PUT", one, other, &made); code != "" || made.Name != "api-2" || made.Hook != "reload" || made.Place != 3 || made.Wants != 1 || made.Reads.Name == "" {
		t.Fatalf("changed it is %q: %+v", code, made)
	}
	if may := made.May; !may["secret.change"].Allowed || !may["consumer.confirm"].Allowed {
		t.Errorf("its owner may %+v", may)
	}
	confirm := "/v1/consumers/" + made.ID.String() + "/confirm"
	for who, want := range map[string]string{"platform_owner-elsewhere": rotate.ErrNoConsumer.Code, "audit": "denied"} {
		if code := c.asks(t, c.who[who], "POST", confirm, map[string]any{"version": 1}, nil); code != want {
			t.Errorf("%s confirms: %q", who, code)
		}
	}
	if code := c.asks(t, rosa, "POST", confirm, map[string]any{"version": 2}, nil); code != rotate.ErrNotCurrent.Code {
		t.Errorf("of a version that is not: %q", code)
	}
	rights := map[string]any{"holder": rosa.Identity.Ref().String(), "right": "reveal", "reason": "a test"}
	if code := c.asks(t, zoe, "POST", "/v1/safes/"+c.ids["safe"]+"/rights", rights, nil); code != "" {
		t.Fatal(code)
	}
	if code := c.asks(t, rosa, "POST", "/v1/secrets/"+c.ids["secret"]+"/reveal", why, nil); code != "" {
		t.Fatal(code)
	}
	must(t, c.app.db.Rotate(c.app.vault).Sweep(audit.WithActor(c.ctx, rotating)))
	var all struct{ Items []rotate.ConsumerShown }
	if code := c.asks(t, c.who["audit"], "GET", list, nil, &all); code != "" || len(all.Items) != 1 || all.Items[0].Stage != rotate.InUse || all.Items[0].Uses != 1 {
		t.Errorf("after a read: %q %+v", code, all.Items)
	}
	all.Items = nil
	if code := c.asks(t, c.who["platform_owner-elsewhere"], "GET", list, nil, &all); code != "" || len(all.Items) != 0 {
		t.Errorf("elsewhere they see %+v: %q", all.Items, code)
	}
}

// Hooks and programs are said in the configuration alone, as what can be run or called.
func TestLesson12_HooksAreTheConfigurations(t *testing.T) {
	dir := t.TempDir()
	program, key, file := filepath.Join(dir, "reload"), filepath.Join(dir, "key"), filepath.Join(dir, "writ.yaml")
	must(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700)) //nolint:gosec // it is one
	must(t, os.WriteFile(key, []byte("a key that is long enough\n"), 0o600))
	read := func(text string) (*serverConfig, error) {
		must(t, os.WriteFile(file, []byte(text), 0o600))
		return readServerConfig(file, nil)
	}
	for text, says := range map[string]string{
		"hooks: {a: {run: [reload]}}":                                                       "whole path",
		"hooks: {a: {run: ['" + dir + "']}}":                                                "no program",
		"hooks: {a: {url: 'https://a.example.com/', key: plain}}":                           "env:VARIABLE or file:PATH",
		"hooks: {a: {url: 'https://a.example.com/'}}":                                       "its key has",
		"hooks: {a: {url: 'http://a.example.com/', key: 'file:" + key + "'}}":               "https",
		"hooks: {a: {url: 'https://a.example.com/', key: 'file:" + key + "', value: true}}": "program alone",
		"programs: {a: reload}":                                                             "whole path",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
	c, err := read("hooks:\n  a: {run: ['" + program + "', --quiet], value: true}\n  b: {url: 'https://a.example.com/', key: 'file:" + key + "'}\nprograms: {erp: '" + program + "'}\n")
	if err != nil || len(c.hooks) != 2 || !c.hooks["a"].Value || c.declared().Programs["erp"] != program {
		t.Errorf("%+v: %v", c, err)
	}
}
