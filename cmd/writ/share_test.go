package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// sharing is a safe of Ana's out of which Ben may give to people outside, who are rosa.
type sharing struct {
	*world
	head, ana, ben, rosa *browser
	safe                 vault.SafeShown
	one                  string // the path of a secret
	later                atomic.Int64
}

const sharedValue = `Given+/7 "q"&=?Zwölf`

func newSharing(t *testing.T, w *world, stages ...map[string]any) *sharing {
	t.Helper()
	s := &sharing{world: w}
	s.head, _ = w.owner()
	w.people("number,name,email,kind,start\n1,Ana Example,ana@example.com,human,2020-01-01\n2,Ben Example,ben@example.com,human,2020-01-01\n")
	s.ana, s.ben, s.rosa = w.comes("ana@example.com"), w.comes("ben@example.com"), w.browser()
	for _, b := range []*browser{s.head, s.ana, s.ben} {
		b.confirms()
	}
	w.node.share.Now = func() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }
	if _, err := w.app.vault.Init(w.ctx, keys.Request{Kind: keys.File}, "a test"); err != nil {
		t.Fatal(err)
	}
	s.head.must("POST", "/v1/safes", map[string]any{
		"name": "ledger", "owner": w.someone("ana@example.com").String(), "outside_minutes": 120,
		"terms": map[string]any{"most_minutes": 60, "stages": stages},
	}, &s.safe)
	s.ana.must("POST", "/v1/safes/"+s.safe.ID.String()+"/rights", map[string]any{"holder": w.someone("ben@example.com").String(), "right": "reveal", "reason": "a test"}, nil)
	var x vault.SecretShown
	s.ana.must("POST", "/v1/safes/"+s.safe.ID.String()+"/secrets", map[string]any{"name": "sftp", "kind": "password", "value": sharedValue}, &x)
	s.one = "/v1/secrets/" + x.ID.String()
	return s
}

// confirms shows a second factor.
func (b *browser) confirms() {
	b.w.t.Helper()
	key := b.addPasskey("mine")
	b.must("POST", "/v1/stepup/finish", b.answer("/v1/stepup", key), nil)
}

func toRosa(more ...any) map[string]any {
	m := map[string]any{"recipient": map[string]any{"name": "Rosa Vidal", "email": "rosa@supplier.example"}, "reason": "she loads the prices"}
	for pair := range slices.Chunk(more, 2) {
		m[pair[0].(string)] = pair[1] //nolint:forcetypeassert // this test's own
	}
	return m
}

// gives is a share by Ben, and what opens it.
func (s *sharing) gives(more ...any) (made share.ShareMade, open map[string]any) {
	s.t.Helper()
	s.ben.must("POST", s.one+"/shares", toRosa(more...), &made)
	u, err := url.Parse(made.Link)
	if err != nil || u.Path != "/share" || len(u.Fragment) != 43 || !strings.HasPrefix(made.Link, testOrigin) {
		s.t.Fatalf("the link is %q: %v", made.Link, err)
	}
	open = map[string]any{"token": u.Fragment}
	if made.Opens != "" {
		open["code"] = made.Opens
	}
	return made, open
}

func (s *sharing) shut(code string, open map[string]any) {
	s.t.Helper()
	s.later.Add(int64(time.Hour)) // whoever failed before is forgiven
	s.rosa.refused(code, "POST", "/v1/shares/open", open)
}

func (s *sharing) state(id access.ShareID) (x share.ShareShown) {
	s.t.Helper()
	s.ben.must("GET", "/v1/shares/"+id.String(), nil, &x)
	return x
}

// Invariants 1, 4 and 8: of fifty who try at once one gets it; to look opens nothing; and what
// was seen is known, and due.
func TestAShareOpensOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := newSharing(t, w)
		made, open := s.gives()
		for _, path := range []string{"/share", "/v1/shares/open", "/v1/shares/open?token=" + fmt.Sprint(open["token"])} {
			s.rosa.do("GET", path, nil, nil)
			s.rosa.do("HEAD", path, nil, nil)
		}
		var got atomic.Int64
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				var opened share.ShareOpened
				b := s.browser()
				switch status, code := b.do("POST", "/v1/shares/open", open, &opened); {
				case status == http.StatusOK && opened.Value == sharedValue && opened.Sponsor == "Ben Example":
					got.Add(1)
				case code != "share-over" && code != "too-many-requests":
					t.Errorf("%d %q", status, code)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Fatalf("%d have it", got.Load())
		}
		if x := s.state(made.ID); x.State != share.Opened || x.Version == 0 || x.Chain == 0 || x.May != nil {
			t.Errorf("%+v", x)
		}
		var seen struct{ Items []vault.Seen }
		s.ana.must("GET", s.one+"/seen", nil, &seen)
		if len(seen.Items) != 2 || seen.Items[0].How != vault.Given || seen.Items[0].Share != made.ID || seen.Items[0].Outsider != "Rosa Vidal" || seen.Items[0].By != 0 {
			t.Errorf("%+v", seen.Items)
		}
		var due struct{ Items []rotate.RotationDue }
		s.ana.must("GET", "/v1/rotations?secret="+made.Secret.String(), nil, &due)
		if len(due.Items) != 1 || due.Items[0].Cause != rotate.OnShare || due.Items[0].Next != made.Ends {
			t.Errorf("%+v, and it ends %d", due.Items, made.Ends)
		}
		var chain approval.ChainTold
		s.head.must("GET", "/v1/chains/"+made.ID.String(), nil, &chain)
		if len(chain.Links) != 1 || chain.ID != made.Chain {
			t.Errorf("%+v", chain)
		}
	})
}

// Invariant 5, and what lets somebody try only a few times.
func TestACodeOpensAShareAndAFewWrongOnesBlockIt(t *testing.T) {
	s := newSharing(t, newWorld(t))
	made, open := s.gives()
	s.shut("share-code-required", map[string]any{"token": open["token"]})
	for range share.MostTries - 1 {
		s.shut("share-code", map[string]any{"token": open["token"], "code": "WRONG1"})
	}
	s.shut("share-over", map[string]any{"token": open["token"], "code": "WRONG1"})
	s.shut("share-over", open)
	if x := s.state(made.ID); x.State != share.Blocked || x.Tries != share.MostTries {
		t.Errorf("%+v", x)
	}
	// A code is read as people type it, and a share may go without one.
	made, open = s.gives()
	typed := strings.ToLower(made.Opens[:3] + " " + made.Opens[3:])
	s.rosa.must("POST", "/v1/shares/open", map[string]any{"token": open["token"], "code": typed}, nil)
	_, open = s.gives("without_code", true)
	s.rosa.must("POST", "/v1/shares/open", open, nil)
	// Whoever guesses at links is stopped, by their address.
	s.later.Add(int64(time.Hour))
	for i := range 11 {
		want := "share-over"
		if i == 10 {
			want = "too-many-requests"
		}
		s.rosa.refused(want, "POST", "/v1/shares/open", map[string]any{"token": strings.Repeat("x", 43)})
	}
	s.shut("invalid-input", map[string]any{"token": strings.Repeat("x", 101)})
	s.shut("request-too-large", map[string]any{"token": strings.Repeat("x", 8<<10)})
}

// Invariants 2 and 6: whatever has changed since keeps it shut, and is told to nobody outside.
func TestWhatKeepsAShareShut(t *testing.T) {
	s := newSharing(t, newWorld(t))
	in := "/v1/safes/" + s.safe.ID.String()
	made, open := s.gives()
	s.app.vault.Wipe()
	s.shut("share-not-now", open)
	s.ben.refused("vault-sealed", "POST", s.one+"/shares", toRosa())
	if _, err := s.app.vault.Unseal(s.ctx, secret.Secret{}, "a test"); err != nil {
		t.Fatal(err)
	}
	right := map[string]any{"holder": s.someone("ben@example.com").String(), "right": "reveal", "reason": "a test"}
	s.ana.must("POST", in+"/rights/revoke", right, nil)
	s.shut("share-not-now", open)
	s.ana.must("POST", in+"/rights", right, nil)
	s.outside(0)
	s.shut("share-not-now", open)
	s.ben.refused("share-not-allowed", "POST", s.one+"/shares", toRosa())
	s.outside(60)
	s.ana.must("POST", s.one+"/delete", map[string]any{"version": 1}, nil)
	s.shut("share-not-now", open)
	s.ana.must("POST", s.one+"/undelete", map[string]any{"version": 1}, nil)
	s.rosa.refused("sign-in-required", "POST", "/v1/shares/"+made.ID.String()+"/withdraw", map[string]any{})
	s.ana.refused("reason-required", "POST", "/v1/shares/"+made.ID.String()+"/withdraw", map[string]any{})
	s.ana.must("POST", "/v1/shares/"+made.ID.String()+"/withdraw", map[string]any{"reason": "a mistake"}, nil)
	s.shut("share-over", open)
	s.ben.refused("share-ended", "POST", "/v1/shares/"+made.ID.String()+"/withdraw", map[string]any{})
	_, open = s.gives()
	s.people("number,name,email,kind,start,end\n1,Ana Example,ana@example.com,human,2020-01-01,\n2,Ben Example,ben@example.com,human,2020-01-01,2021-01-01\n")
	s.shut("share-not-now", open)
	why := ""
	for _, r := range s.records() {
		if r.Action == "share.refuse" {
			why += r.Facts
		}
	}
	for _, code := range []string{"vault-sealed", "denied", "share-not-allowed", "version-not-found", "withdrawn"} {
		if !strings.Contains(why, `"why":"`+code+`"`) {
			t.Errorf("no record says %s: %s", code, why)
		}
	}
}

// outside says for how long the safe lets anything be given.
func (s *sharing) outside(minutes int) {
	s.t.Helper()
	var shown vault.SafeShown
	s.ana.must("GET", "/v1/safes/"+s.safe.ID.String(), nil, &shown)
	body := shown.SafeBody
	body.Outside = minutes
	text, err := json.Marshal(body)
	must(s.t, err)
	if code := s.ana.does("PUT", "/v1/safes/"+s.safe.ID.String(), shown.Version, string(text), nil); code != "" {
		s.t.Fatal(code)
	}
}

// Invariant 9: who gives what.
func TestOnlyWhoMaySeeASecretGivesItOutside(t *testing.T) {
	s := newSharing(t, newWorld(t))
	path := s.one + "/shares"
	s.ana.refused("denied", "POST", path, toRosa()) // she owns the safe, and has no right in it
	s.head.refused("denied", "POST", path, toRosa())
	s.rosa.refused("sign-in-required", "POST", path, toRosa())
	s.comes("ben@example.com").refused("step-up-required", "POST", path, toRosa())
	s.ben.refused("reason-required", "POST", path, toRosa("reason", " "))
	s.ben.refused("share-lasts", "POST", path, toRosa("minutes", 121))
	s.ben.refused("share-field", "POST", path, toRosa("field", "user"))
	s.ben.refused("share-mail", "POST", path, toRosa("mail", true))
	s.ben.refused("share-recipient", "POST", path, toRosa("recipient", map[string]any{"name": "Rosa", "email": "no address"}))
	var list struct{ Items []share.ShareShown }
	_, _ = s.gives()
	for who, sees := range map[*browser]int{s.ben: 1, s.ana: 1, s.head: 1} {
		who.must("GET", "/v1/shares", nil, &list)
		if len(list.Items) != sees {
			t.Errorf("%+v", list.Items)
		}
	}
	// One field of what is written in JSON.
	var x vault.SecretShown
	s.ana.must("POST", "/v1/safes/"+s.safe.ID.String()+"/secrets", map[string]any{"name": "portal", "kind": "json", "value": `{"user":"rosa","password":"pa\"ss","port":22}`}, &x)
	s.one = "/v1/secrets/" + x.ID.String()
	for field, want := range map[string]string{"password": `pa"ss`, "port": "22"} {
		var opened share.ShareOpened
		_, open := s.gives("field", field)
		s.rosa.must("POST", "/v1/shares/open", open, &opened)
		if opened.Value != want || opened.Field != field {
			t.Errorf("%+v", opened)
		}
	}
}

// Where others have to agree, the link opens nothing before they have.
func TestAShareWaitsForOthers(t *testing.T) {
	s := newSharing(t, newWorld(t), map[string]any{"approvers": []map[string]any{{"owner": true}}, "quorum": 1, "within_minutes": 60})
	made, open := s.gives()
	if made.State != share.Waiting || made.Approval == 0 || made.Ends != 0 {
		t.Fatalf("%+v", made)
	}
	s.shut("share-not-now", open)
	decide := func(id access.ApprovalID, verdict string) {
		t.Helper()
		var r approval.Told
		path := "/v1/approvals/" + id.String()
		s.ana.must("GET", path, nil, &r)
		s.ana.must("POST", path+"/decision", map[string]any{"verdict": verdict, "comment": "a test", "version": r.Version, "digest": r.Digest}, nil)
	}
	decide(made.Approval, "approve")
	var opened share.ShareOpened
	s.rosa.must("POST", "/v1/shares/open", open, &opened)
	if opened.Value != sharedValue {
		t.Errorf("%+v", opened)
	}
	made, open = s.gives()
	decide(made.Approval, "refuse")
	s.shut("share-over", open)
	if x := s.state(made.ID); x.State != share.Refused {
		t.Errorf("%+v", x)
	}
}

// The link is mailed, and the code never.
func TestTheLinkOfAShareIsMailed(t *testing.T) {
	t.Setenv("TEST_MAIL_PASSWORD", testkit.MailPassword)
	mail := testkit.Mail(t)
	s := newSharing(t, newWorld(t))
	sender, err := mailConfig{Server: mail.Starting, From: "writ@example.com", User: testkit.MailUser, Password: "env:TEST_MAIL_PASSWORD", TLS: "starttls", CA: mail.CA}.sender(testOrigin)
	must(t, err)
	s.node.share.Mailer = sender
	made, open := s.gives("mail", true)
	got := mail.Await(t, 1)[0]
	text := strings.ReplaceAll(string(got.Raw), "=\r\n", "")
	if !made.Mailed || got.To != "rosa@supplier.example" || !strings.Contains(text, fmt.Sprint(open["token"])) || strings.Contains(text, made.Opens) {
		t.Errorf("%t, to %s: %s", made.Mailed, got.To, text)
	}
	mail.Fail(testkit.MailFaults{Refuse: "rosa@supplier.example"})
	if made, _ = s.gives("mail", true); made.Mailed || made.Unmailed == "" {
		t.Errorf("%+v", made)
	}
	if list, _, err := s.app.db.Mail().Mails(s.ctx, notify.Filter{First: 10}); err != nil || len(list) != 0 {
		t.Errorf("the outbox has %+v: %v", list, err)
	}
}

// Invariant 3: neither the value nor what opens it is in any log, in the database, in the
// audit log or in its export.
func TestLesson13_WhatOpensAShareIsNowhereElse(t *testing.T) {
	w, logged := newJournaledWorld(t)
	s := newSharing(t, w)
	made, open := s.gives()
	s.shut("share-code", map[string]any{"token": open["token"], "code": "WRONG1"})
	s.shut("invalid-input", map[string]any{"token": open["token"], "code": made.Opens, "surprise": open["token"]})
	s.rosa.must("POST", "/v1/shares/open", open, nil)
	s.shut("share-over", open)
	places := map[string]string{"the log": logged.all(), "the export": w.exported()}
	for _, name := range []string{"writ.db", "writ.db-wal"} {
		text, err := os.ReadFile(filepath.Join(w.app.data, name))
		must(t, err)
		places[name] = string(bytes.ToValidUTF8(text, nil))
	}
	for where, text := range places {
		for what, plain := range map[string]string{"the value": sharedValue, "the token": fmt.Sprint(open["token"])} {
			for form, value := range formsOf(plain) {
				if strings.Contains(text, value) {
					t.Errorf("%s has %s (%s)", where, what, form)
				}
			}
		}
		if strings.Contains(text, `"`+made.Opens+`"`) {
			t.Errorf("%s has the code", where)
		}
	}
	if !strings.Contains(places["the export"], "share.open") || !strings.Contains(places["the log"], "/v1/shares/open") {
		t.Error("the logs have nothing of it being opened, so that they were not looked at")
	}
}
