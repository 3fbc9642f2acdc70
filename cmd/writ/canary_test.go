package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit/canary"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// formsOf are the forms that a value may be written in somewhere.
func formsOf(plain string) map[string]string { return canary.Forms(plain) }

// newJournaledWorld is a world, and all that is logged until the test ends.
func newJournaledWorld(t *testing.T) (*world, *journal) {
	logged := &journal{}
	old := slog.Default()
	handler := slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug})
	slog.SetDefault(slog.New(handler))
	t.Cleanup(func() { slog.SetDefault(old) })
	return newLoggedWorld(t, t.TempDir(), handler), logged
}

// A value goes through everything that is done with secrets, what fails among it, and is
// then nowhere but in the one answer that asked to see it: not in the database or its
// write-ahead log, not in what is logged, not in the audit log or its export, and not in
// any error.
func TestLesson13_SecretsAreNowhereElse(t *testing.T) {
	w, logged := newJournaledWorld(t)
	head, _ := w.owner()
	w.people("number,name,email,kind,start\n1,Ana Example,ana@example.com,human,2020-01-01\n2,Ben Example,ben@example.com,human,2020-01-01\n")
	ana, ben := w.comes("ana@example.com"), w.comes("ben@example.com")
	for _, b := range []*browser{head, ana, ben} {
		key := b.addPasskey("mine")
		b.must("POST", "/v1/stepup/finish", b.answer("/v1/stepup", key), nil)
	}
	if _, err := w.app.vault.Init(w.ctx, keys.Request{Kind: keys.File}, "a test"); err != nil {
		t.Fatal(err)
	}
	const canary = `Canary/+7 "q"&=?Zwölf`

	var safe vault.SafeShown
	head.must("POST", "/v1/safes", map[string]any{"name": "ledger", "owner": w.someone("ana@example.com").String(), "terms": map[string]any{"most_minutes": 60}}, &safe)
	in := "/v1/safes/" + safe.ID.String()
	for _, right := range []string{"use", "reveal"} {
		ana.must("POST", in+"/rights", map[string]any{"holder": w.someone("ben@example.com").String(), "right": right, "reason": "a test"}, nil)
	}
	var x vault.SecretShown
	ana.must("POST", in+"/secrets", map[string]any{"name": "root", "kind": "password", "value": canary}, &x)
	one := "/v1/secrets/" + x.ID.String()

	refuseCanary(in, one, canary, head, ana, ben)
	ana.must("POST", one+"/versions", map[string]any{"value": canary, "if_version": 1}, nil)

	// One answer has it, of each that asked to see it.
	var out vault.CheckoutShown
	ben.must("POST", one+"/checkouts", map[string]any{"minutes": 5}, &out)
	for _, body := range []map[string]any{{"reason": "a test"}, {"reason": "a test", "version": 1}, {"reason": "a test", "checkout": out.ID.String()}} {
		var got gotSecret
		ben.must("POST", one+"/reveal", body, &got)
		if got.Value != canary {
			t.Fatalf("he sees %q", got.Value)
		}
	}
	ana.refused("denied", "POST", one+"/reveal", map[string]any{"reason": "a test"})
	ctx := policy.WithCaller(w.ctx, policy.Caller{Identity: w.someone("ben@example.com")})
	_, lent, err := w.node.vault.Lend(ctx, w.someone("ben@example.com"), x.ID, 0, "a gateway")
	if err != nil || string(lent.Reveal()) != canary || strings.Contains(fmt.Sprintf("%v %+v %#v", lent, lent, lent), "Canary") {
		t.Errorf("it is lent as %v: %v", lent, err)
	}
	lent.Wipe()
	if _, _, err := w.node.vault.Lend(ctx, w.someone("ana@example.com"), x.ID, 0, "a gateway"); !errors.Is(err, policy.ErrSomebody) {
		t.Errorf("it is lent in the place of somebody else: %v", err)
	}
	ben.toldOnce(one+"/reveal", map[string]any{"reason": "a test"})
	w.tampers(x.ID)
	ben.refused("vault-tampered", "POST", one+"/reveal", map[string]any{"reason": "a test"})
	ben.must("POST", "/v1/checkouts/"+out.ID.String()+"/checkin", nil, nil)
	ana.must("POST", one+"/delete", map[string]any{"version": 1}, nil)
	ana.must("POST", one+"/undelete", map[string]any{"version": 1}, nil)
	ana.must("POST", one+"/destroy", map[string]any{"version": 1, "reason": "a test"}, nil)
	ben.refused("version-not-found", "POST", one+"/reveal", map[string]any{"reason": "a test", "version": 1})
	ana.must("GET", one, nil, nil)
	ana.must("GET", one+"/seen", nil, nil)
	head.must("GET", "/v1/audit?limit=100", nil, nil)

	head.toldOnce("/v1/tokens", map[string]any{"name": "a program", "limits": []string{"read"}, "days": 1, "networks": []string{"127.0.0.0/8"}})

	w.searched(logged, canary)
}

// toldOnce asks twice under a key for what tells a secret: the second time it is done, and
// what was told is kept nowhere.
func (b *browser) toldOnce(path string, body any) {
	b.w.t.Helper()
	for _, want := range []string{"", "already-done"} {
		r := b.request("POST", path, body)
		r.Header.Set("Idempotency-Key", "once"+path)
		if status, code := b.send(r, nil); code != want {
			b.w.t.Errorf("POST %s under a key: %d %q, not %q", path, status, code, want)
		}
	}
}

// refuseCanary has it refused in every way: what fails says nothing of it either.
func refuseCanary(in, one, canary string, head, ana, ben *browser) {
	keep := func(name, kind string) map[string]any {
		return map[string]any{"name": name, "kind": kind, "value": canary}
	}
	with := func(m map[string]any, k string, v any) map[string]any { m[k] = v; return m }
	ana.refused("secret-name-taken", "POST", in+"/secrets", keep("root", "password"))
	ana.refused("bad-secret", "POST", in+"/secrets", keep("key", "ssh_key"))
	ana.refused("bad-secret", "POST", in+"/secrets", keep("json", "json"))
	ana.refused("bad-secret", "POST", in+"/secrets", with(keep("file", "file"), "base64", true))
	ana.refused("bad-secret", "POST", in+"/secrets", with(keep("both", "password"), "generate", true))
	ana.refused("invalid-input", "POST", in+"/secrets", with(keep("more", "password"), "surprise", canary))
	ana.refused("invalid-input", "POST", in+"/secrets", map[string]any{"name": "number", "kind": "password", "value": []string{canary}})
	ana.refused("secret-changed", "POST", one+"/versions", map[string]any{"value": canary, "if_version": 7})
	ben.refused("denied", "POST", one+"/versions", map[string]any{"value": canary})
	head.refused("denied", "POST", one+"/versions", map[string]any{"value": canary})
}

// searched looks for it everywhere, in every form.
func (w *world) searched(logged *journal, canary string) {
	t := w.t
	t.Helper()
	places := map[string]string{"the log": logged.all(), "the export": w.exported()}
	w.mu.Lock()
	saw := 0
	for i, body := range w.seen {
		if strings.Contains(body, `"value":"Canary`) {
			saw++
			continue
		}
		places[fmt.Sprint("answer ", i)] = body
	}
	w.mu.Unlock()
	if saw != 4 {
		t.Errorf("it is in %d answers, not in four", saw)
	}
	for _, name := range []string{"writ.db", "writ.db-wal"} {
		text, err := os.ReadFile(filepath.Join(w.app.data, name))
		must(t, err)
		places[name] = string(text)
	}
	for where, text := range places {
		for form, value := range formsOf(canary) {
			if strings.Contains(text, value) {
				t.Errorf("%s has it (%s)", where, form)
			}
		}
	}
	if !strings.Contains(places["the log"], "/reveal") || !strings.Contains(places["the export"], "secret.reveal") {
		t.Error("the logs have nothing of it being seen, so that they were not looked at")
	}
}

func (j *journal) all() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// exported is the audit log as it leaves.
func (w *world) exported() string {
	w.t.Helper()
	if _, err := w.app.db.Sequence(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	text, err := w.ears.exported(w.ctx, w.app)
	must(w.t, err)
	return string(text)
}

// What is searched after each test is looked at: a secret that lies in any of the places is
// found there, on either database.
func TestLesson13_WhatLiesSomewhereIsFound(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, _ := w.owner()
		const planted = "Canary: put there, 7"
		w.ears.knows("it", planted)
		db, err := openAnyway(w.app)
		must(t, err)
		_, err = db.ExecContext(w.ctx, fmt.Sprintf(`insert into idempotency (key, who, request, at, status, body) values ('k', 1, 'r', 1, 200, %s)`, bytesOf(w.app, planted)))
		must(t, errors.Join(err, db.Close()))
		must(t, os.WriteFile(filepath.Join(w.app.data, "left"), []byte(planted), 0o600))
		slog.New(w.ears.logs(slog.DiscardHandler)).Debug("it", "value", planted)
		head.refused("invalid-input", "POST", "/v1/safes", map[string]any{planted: 1}) // which repeats what it does not know
		hits, err := w.ears.found(w.ctx, w.app)
		must(t, err)
		for _, part := range []string{"left", "the log", "database|writ.db", "answer"} {
			if !slices.ContainsFunc(hits, func(h canary.Hit) bool { return regexp.MustCompile(part).MatchString(h.Where) }) {
				t.Errorf("it is not found in %s: %v", part, hits)
			}
		}
		w.ears.search = canary.Search{} // it was put there
	})
}

// bytesOf writes bytes as a database has them.
func bytesOf(a *app, text string) string {
	if a.postgres() != "" {
		return `'\x` + fmt.Sprintf("%x", text) + `'`
	}
	return fmt.Sprintf("x'%x'", text)
}

// tampers has one version of a secret say what another one is.
func (w *world) tampers(id access.SecretID) {
	w.t.Helper()
	db, err := sqliteOf(w.app.data)
	must(w.t, err)
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	const old = `(select o.%[1]s from vault_sealed o join secret_version v on v.id = o.version where v.number = 1 and v.secret_id = ?1)`
	_, err = db.ExecContext(ctx, fmt.Sprintf(`update vault_sealed set ciphertext = `+old+` where version = (select id from secret_version where number = 2 and secret_id = ?1)`, "ciphertext"), int64(id))
	must(w.t, errors.Join(err, db.Close()))
}
