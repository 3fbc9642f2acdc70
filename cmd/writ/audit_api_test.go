package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

type auditPage struct {
	Items []auditRow `json:"items"`
	Next  string     `json:"next"`
}

type auditRow struct {
	Record   int64             `json:"record"`
	Leaf     *int64            `json:"leaf"`
	Action   string            `json:"action"`
	Actor    string            `json:"actor"`
	Person   *access.Named     `json:"person"`
	Object   *access.Named     `json:"object"`
	Personal map[string]string `json:"personal"`
	Text     string            `json:"text"`
	Proof    *struct {
		Leaf       int64    `json:"leaf"`
		Size       int64    `json:"size"`
		Hashes     []string `json:"hashes"`
		Checkpoint string   `json:"checkpoint"`
		Verifier   string   `json:"verifier"`
	} `json:"proof"`
}

func TestAuditOverHTTP(t *testing.T) {
	s := serve(t)
	s.settle()
	t.Run("list", func(t *testing.T) { auditList(t, s) })
	t.Run("proofs", func(t *testing.T) { auditProofs(t, s) })
	t.Run("export", func(t *testing.T) {
		body := s.as(inAudit).want(http.StatusOK, "GET", "/v1/audit/export", nil, nil).body
		evidence, key, err := audit.ReadExport(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := audit.Verify(evidence, key, nil); err != nil || r.Err() != nil || r.Leaves == 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("verify", func(t *testing.T) {
		var state struct {
			Running bool  `json:"running"`
			Intact  *bool `json:"intact"`
			Last    *struct {
				audit.Verified
				Person *access.Named `json:"person"`
			} `json:"last"`
		}
		s.as(inSecurity).want(http.StatusAccepted, "POST", "/v1/audit/verify", nil, nil)
		for s.as(inAudit).get("/v1/audit/verify", &state); state.Running; s.as(inAudit).get("/v1/audit/verify", &state) {
		}
		if state.Intact == nil || !*state.Intact || state.Last == nil || state.Last.By != s.identity(inSecurity).String() || state.Last.Defects != 0 ||
			state.Last.Person == nil || state.Last.Person.Name == "" {
			t.Errorf("%+v", state)
		}
	})
	// Refusals: who may not read the log learns nothing from it.
	for _, path := range []string{"/v1/audit", "/v1/audit/records/1", "/v1/audit/checkpoint", "/v1/audit/export", "/v1/audit/stream", "/v1/audit/verify", "/v1/audit/proof?from=1&to=2"} {
		for _, who := range []string{inIAM, ownsPlatform, employee} {
			s.as(who).want(http.StatusForbidden, "GET", path, nil, nil)
		}
		s.as("").want(http.StatusUnauthorized, "GET", path, nil, nil)
		limited := policy.Caller{Identity: s.identity(inAudit), Limits: []string{"finding.read"}}
		s.caller(limited).want(http.StatusForbidden, "GET", path, nil, nil)
	}
	s.as(inIAM).want(http.StatusForbidden, "POST", "/v1/audit/verify", nil, nil)
	s.as(inAudit).want(http.StatusNotFound, "GET", "/v1/audit/records/99999999", nil, nil)
}

func auditList(t *testing.T, s *served) {
	seen := map[int64]bool{}
	for cursor := ""; ; {
		var p auditPage
		s.as(inAudit).get("/v1/audit?limit=20"+cursor, &p)
		for _, x := range p.Items {
			if seen[x.Record] {
				t.Fatalf("record %d twice", x.Record)
			}
			seen[x.Record] = true
		}
		if p.Next == "" {
			break
		}
		cursor = "&cursor=" + p.Next
	}
	all, err := s.app.db.Audit().List(s.ctx, audit.Filter{First: 100_000})
	if err != nil || len(all.Entries) < len(seen) || len(seen) < 20 {
		t.Fatalf("%d of %d records, %v", len(seen), len(all.Entries), err)
	}
	var p auditPage
	s.as(inAudit).get("/v1/audit?action=function.&subject="+s.identity(inIAM).String(), &p)
	if len(p.Items) != 1 || p.Items[0].Object.ID != s.identity(inIAM).Ref() || p.Items[0].Personal["reason"] == "" {
		t.Errorf("what tells about one person: %+v", p.Items)
	}
	want := 0
	for _, e := range all.Entries {
		if e.Action == "function.assign" || strings.HasPrefix(e.Action, "classify.") {
			want++
		}
	}
	s.as(inAudit).get("/v1/audit?limit=1000&action=function.assign&action=classify.", &p)
	if len(p.Items) != want || want < 5 {
		t.Errorf("%d records of an action and a feature, not %d", len(p.Items), want)
	}
	newest := all.Entries[0]
	s.as(inAudit).get("/v1/audit?to="+newest.At.Time().UTC().Format("2006-01-02T15:04:05.000000Z"), &p)
	for _, x := range p.Items {
		if x.Record == newest.ID {
			t.Error("what is before a time holds what is of it")
		}
	}
	s.as(inAudit).want(http.StatusUnprocessableEntity, "GET", "/v1/audit?object=nobody", nil, nil)
}

func auditProofs(t *testing.T, s *served) {
	var r auditRow
	s.as(inAudit).get("/v1/audit/records/3", &r)
	if r.Proof == nil {
		t.Fatalf("no proof: %+v", r)
	}
	c, err := audit.OpenCheckpoint(r.Proof.Checkpoint, r.Proof.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	var proof tlog.RecordProof
	for _, text := range r.Proof.Hashes {
		h, err := tlog.ParseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		proof = append(proof, h)
	}
	if err := tlog.CheckRecord(proof, r.Proof.Size, c.Root, r.Proof.Leaf, tlog.RecordHash([]byte(r.Text))); err != nil {
		t.Errorf("the record is not in the tree that the checkpoint signs: %v", err)
	}
	var k struct {
		Size int64 `json:"size"`
	}
	s.as(inAudit).get("/v1/audit/checkpoint", &k)
	var p struct {
		Hashes []string `json:"hashes"`
	}
	s.as(inAudit).get(fmt.Sprintf("/v1/audit/proof?from=3&to=%d", k.Size), &p)
	if len(p.Hashes) == 0 {
		t.Error("no proof of consistency")
	}
	s.as(inAudit).want(http.StatusUnprocessableEntity, "GET", "/v1/audit/proof?from=9&to=3", nil, nil)
}

// events reads what a stream says, event by event.
func (a *asker) events(ctx context.Context, path string, headers ...string) (next func() (event, data string, ok bool)) {
	a.s.t.Helper()
	r := a.request(ctx, "GET", path, nil, headers...)
	res, err := a.s.server.Client().Do(r)
	if err != nil {
		a.s.t.Fatal(err)
	}
	a.s.t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("X-Accel-Buffering") != "no" || res.Header.Get("Content-Type") != "text/event-stream" {
		a.s.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	return func() (event, data string, ok bool) {
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); {
			case name == "event":
				event = value
			case name == "data":
				data = value
			case lines.Text() == "" && event != "":
				return event, data, true
			}
		}
		return "", "", false
	}
}

// TestLesson03_StreamEnds: a stream shows what comes, goes on where it was left, and
// ends when whoever follows may not read the log any more.
func TestLesson03_StreamEnds(t *testing.T) {
	s := serve(t)
	s.settle()
	next := s.as(inSecurity).events(t.Context(), "/v1/audit/stream")
	s.holds(s.identity(employee), access.PlatformOwner)
	var row auditRow
	for row.Action != "function.assign" {
		event, data, ok := next()
		if !ok || event != "record" {
			t.Fatalf("%q %q", event, data)
		}
		if err := json.Unmarshal([]byte(data), &row); err != nil {
			t.Fatal(err)
		}
	}
	if row.Object == nil || row.Object.ID != s.identity(employee).Ref() {
		t.Errorf("%+v", row)
	}
	again := s.as(inAudit).events(t.Context(), "/v1/audit/stream", "Last-Event-ID", fmt.Sprint(*row.Leaf-1))
	var same auditRow
	if _, data, ok := again(); !ok || json.Unmarshal([]byte(data), &same) != nil || same.Record != row.Record {
		t.Errorf("it goes on at %s, not at record %d", data, row.Record)
	}
	if err := s.app.db.Policy().Unassign(s.ctx, s.identity(inSecurity), policy.Held{Function: access.SecurityOperations}, "they have left"); err != nil {
		t.Fatal(err)
	}
	for {
		event, data, ok := next()
		if !ok {
			t.Fatal("it broke off, and did not say why it ends")
		}
		if event == "end" {
			break
		}
		if strings.Contains(data, "function.unassign") && s.node.settled.Load() == 0 {
			t.Error(data)
		}
	}
	if _, _, more := next(); more {
		t.Error("it goes on behind its end")
	}
	s.as(inSecurity).want(http.StatusForbidden, "GET", "/v1/audit/stream", nil, nil)
}

func TestAuditTail(t *testing.T) {
	data, _ := keep(t)
	out, _ := writ(t, exitOK, "--data", data, "audit", "tail", "--lines", "2")
	if n := strings.Count(out, "\n"); n != 2 {
		t.Errorf("%d lines: %s", n, out)
	}
	out, _ = writ(t, exitOK, "--data", data, "audit", "tail", "-n", "1", "-o", "json")
	var line auditLine
	if err := json.Unmarshal([]byte(out), &line); err != nil || line.Action == "" {
		t.Errorf("%v: %s", err, out)
	}
	writ(t, exitUsage, "--data", data, "audit", "tail", "--lines", "-1")
}
